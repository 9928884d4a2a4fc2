"""Answers in the words of what a mistake is about."""

import pytest

import cnndsl
from cnndsl.fixes import edited

RECIPE = "optimizer sgd(momentum = 0.9)\n batch 8\n epochs 9\n "


def model(body: str, image: str = "8x8x3", head: str = "") -> str:
    return f"{head}model Net(classes = 2) {{\n  input {image}\n  {body}\n}}\n"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (
            model(
                "conv(2, 3) as t\n train {"
                f"{RECIPE}schedule step(peak = 0.1, at = [1, t], factor = 0.1) }}"
            ),
            "E201",
            "a recipe is the same for every image",
        ),
        (
            model("b(2)", head="block b(f) {\n  x = conv(f, 3)\n  return [ x, x ]\n}\n"),
            "E101",
            "not in a list: return x, y",
        ),
        (model("conv(2, 3, pad = causal)", "100"), "E304", "make a feature map of it before"),
        (
            model(
                "a = conv(4, 1)\n conv(4, 3) -> gate(a) -> unit",
                head="block unit(w) { conv(w, 3) }\nblock gate(x) { mul [ here, x -> sigmoid ] }\n",
            ),
            "E105",
            "say it, as in unit(w = …)",
        ),
        (model("max_pool(3, pad = causal)"), "E102", "`causal` pads convolutions along a signal"),
        (
            model(f"conv(2, 3)\n train {{ {RECIPE}base_lr 0.01\n gamma 0.1 }}"),
            "E116",
            "schedule step(peak = 0.01, every = …, factor = 0.1)",
        ),
        (
            model("a = conv(2, 3, left)", head="").replace("input 8x8x3", "input left 8x8x3"),
            "E132",
            "a = left -> conv(2, 3)",
        ),
    ],
)
def test_the_help_is_about_what_is_written(text, code, says):
    found = [each for each in cnndsl.check(text) if each.code == code]
    assert found
    assert any(says in (each.help or "") for each in found)


def test_a_word_of_an_argument_means_itself_beside_a_value_of_that_name():
    text = model("pad(1, mode = zero) -> conv(2, 3)").replace("(classes", "(zero = none, classes")
    assert not cnndsl.check(text)


def test_a_network_of_another_notation_whose_image_nobody_says_has_no_edit():
    (found,) = cnndsl.check("layers:\n  - conv: {filters: 4, kernel: 3}\n  - relu\n")
    assert found.fix is None
    assert found.help == "write this in place of lines 1 to 3, with the size of your images"
    assert "conv(4, 3) -> relu" in (found.table or "")


@pytest.mark.parametrize(
    ("sum", "written"),
    [("torch.cat([b, a], 1)", "concat [ b, a ]"), ("a + b", "add [ a, b ]")],
)
def test_tensors_that_a_body_has_named_keep_their_names_in_lines_of_another_notation(sum, written):
    body = f"a = conv(2, 3)\n  b = a -> gelu\n  c = {sum}\n  nn.Sequential(nn.Conv2d(4, 4, 1))"
    first, _ = cnndsl.check(model(f"{body}\n  other(3)"))
    assert (first.table or "").startswith(written)


YOLO = """backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 3, C3, [8]]
  - [[-1, 0], 1, Concat, [1]]
"""
DARKNET = """[net]
width=32
height=32
channels=3
[convolutional]
batch_normalize=1
filters=8
size=3
stride=1
pad=1
activation=leaky
[convolutional]
filters=8
size=3
stride=1
pad=1
activation=linear
[shortcut]
from=-2
activation=linear
[route]
layers=-1,0
"""


def test_layers_that_are_listed_by_number_have_names_here():
    (found,) = cnndsl.check(DARKNET)
    assert found.fix is not None
    assert not cnndsl.check(found.fix.text)
    assert "leaky_relu(0.1) as layer0\n" in found.fix.text
    assert "add [ here, layer0 ]\n  concat [ here, layer0 ]" in found.fix.text


def test_a_layer_of_the_authors_own_stays_and_is_for_them_to_declare():
    (found,) = cnndsl.check(YOLO)
    assert found.fix is None
    assert found.help is not None
    assert found.help.endswith("and declare what is yours: block C3")
    assert "C3(8, n = 3)\n  concat [ here, layer0 ]" in (found.table or "")


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("y = F.relu(x)\n  y = torch.add(y, x)", "start = here\nrelu\nadd [ here, start ]"),
        ("global_avg_pool -> Dense(2)", "write this"),
        ("x = torch.cat([here, in], 1)", "concat [ here, in ]"),
    ],
)
def test_what_flows_is_neither_what_came_in_nor_a_layer(line, written):
    first, *_ = cnndsl.check(model(f"conv(3, 3)\n  {line}\n  let x 3"))
    assert written in (first.table or "") + (first.help or "")


def test_what_a_used_file_defines_is_no_layer_of_another_library():
    text = 'use "own.cnn"\n' + model("conv_bn(4, 3)\n  x = F.relu(x)\n  conv_bn(4, 3)\n  let x 3")
    helps = [each.help for each in cnndsl.check(text)]
    assert helps == ["write relu", None]


def test_layers_that_are_listed_with_labels_follow_each_other():
    layers = "layer c1: Conv2D(4, 3, padding='same')\n  layer p1: MaxPool(size=2x2)"
    (found,) = cnndsl.check(model(f"{layers}\n  layer fc: Dense(2)\n  output: softmax(fc)"))
    assert found.fix is not None
    assert found.fix.text == "conv(4, 3) -> max_pool(2)\n  flatten -> dense(2) -> softmax"


def test_a_record_of_an_unknown_type_stays_in_its_place():
    records = ['{ type: "ReLU" }', '{ type: "PSROIPooling" }', '{ type: "TanH" }']
    (found,) = cnndsl.check(model("\n  ".join(f"layer {each}" for each in records)))
    assert (found.table, found.fix) == ("relu\nPSROIPooling -> tanh", None)


@pytest.mark.parametrize(
    ("merge", "written"),
    [
        ("add(x)", "add [ here, x ]"),
        ("concat(xs)", "concat xs"),
        ("add(x, here)", "add [ x, here ]"),
    ],
)
def test_a_merge_of_one_tensor_is_of_what_arrives_too(merge, written):
    body = f"x = conv(3, 3)\n  xs = [ x, here ]\n  conv(3, 3)\n  {merge}"
    (found,) = cnndsl.check(model(body))
    assert found.help == f"give it branches: {written}"


def test_what_is_evident_is_told_beside_mistakes():
    body = "x = here\n  conv(3, 3) -> relu * 2\n  add [ x ]\n  dense(0)"
    assert [each.code for each in cnndsl.check(model(body))] == ["W309", "W311", "E205"]
    held = cnndsl.check(model(body.replace("dense(0)", "relu")), warnings=True)
    assert {each.code for each in held} >= {"W309", "W311"}


def told(text: str) -> list[tuple[str, str | None]]:
    return [(each.code, each.help) for each in cnndsl.check(text)]


@pytest.mark.parametrize(
    ("body", "code", "help"),
    [
        ("conv(3x3, 4)", "E205", "(filters, kernel): conv(4, 3x3)"),
        (
            "max_pool(2, 3x3, 1) : 4x4x3",
            "E305",
            "(window, stride, pad): max_pool(3x3, 2, 1) : 4x4x3",
        ),
        ("global_avg_pool -> dense(classes, 3)", "E205", "global_avg_pool -> dense(classes)"),
        (
            "flatten -> dense(num_classes)",
            "E102",
            "the model calls them `classes`: flatten -> dense(classes)",
        ),
        ("conv(6, 1) -> conv(9, 3, groups = 2)", "E304", None),
        ("conv(6, 1) : 8x8x6\n  conv(8, 3, groups = 4)", "E304", "conv(8, 3, groups = 2)"),
        ("unit(4, output = 9)", "E106", "did you mean `out`?"),
        ("scaled(4)", "E102", "has to be one: block scaled(f, classes) { conv(f * classes, 1) }"),
    ],
)
def test_the_edit_for_arguments_and_names(body, code, help):
    head = "block unit(mid, out) { conv(mid, 1) -> conv(out, 1) }\n"
    head += "block scaled(f) { conv(f * classes, 1) }\n"
    found = [
        each for each in told(model(body, head=head if "(4" in body else "")) if each[0] == code
    ]
    assert found
    assert any(
        help is None or (each[1] or "").partition(" (and")[0].endswith(help) for each in found
    )


def test_a_gate_becomes_a_map_in_one_step():
    gate = "block se(f) {\n  s = %s -> dense(f // 4) -> dense(f) -> sigmoid\n  mul [ here, s ]\n}\n"
    for pool in ("global_avg_pool", "global_avg_pool(keep = true)"):
        text = model("conv(8, 3) -> se(8)", head=gate % pool)
        (found,) = cnndsl.check(text)
        assert "(keep = true) -> conv(f // 4, 1) -> conv(f, 1)" in (found.help or "")


def test_an_odd_size_comes_back_by_the_tensor_it_was_halved_from():
    body = "conv(4, 3) as s\n  max_pool(2) : 4x4x4\n  upsample(2) -> concat [ here, s ] : 8x8x8"
    found = told(model(body, image="9x9x3"))
    assert [code for code, _ in found] == ["E302", "E305"]
    assert "resize(s) -> concat" in (found[0][1] or "")


def test_convolutions_that_are_all_meant_without_padding_are_one_mistake():
    body = "conv(6, 5) : 28x28x6\n  max_pool(2) : 14x14x6\n  conv(8, 5) : 10x10x8"
    ((code, help),) = told(model(body, image="32x32x1"))
    assert code == "E305"
    assert "conv(6, 5, pad = valid)" in (help or "")


def test_an_assertion_is_made_true_where_no_other_use_is_made_wrong():
    head = "block double(f) { { conv(f, 3) -> relu } * 2 }\n"
    body = "double(4) : 8x8x4\n  relu\n  double(4) : 4x4x4"
    assert told(model(body, head=head)) == [("E305", None)]


def test_a_range_that_ends_too_early_is_no_stride():
    body = "for i in 1..2 { max_pool(2) }\n  conv(4, 1) : 2x2x4"
    ((code, help),) = told(model(body))
    assert (code, (help or "").rpartition(": ")[2]) == ("E305", "for i in 1..3 { max_pool(2) }")


@pytest.mark.parametrize(
    "name", ["s{i}", "s_{i}", "s_[i]", "s(i)", 'f"s_{i}"', '"s{i}"', "s{i + 1}"]
)
def test_the_stages_of_a_loop_are_named_without_their_numbers(name):
    loop = "for i in 0..2 {\n  stage %s { conv(4, 3) -> relu }\n  }\n  flatten -> dense(classes)"
    (found,) = cnndsl.check(model(loop % name))
    assert found.message == "the stages of a loop are numbered by themselves"
    assert found.fix is not None
    assert found.fix.text == "s"
    assert not cnndsl.check(model(loop % "s"))


def test_channels_as_a_number_are_those_of_a_tensor():
    gate = "mul [ here, global_avg_pool(keep = true) -> conv(%s // 4, 1) -> conv(%s, 1) ]"
    head = f"block se {{\n  {gate}\n}}\n"
    body = "conv(8, 3) -> se -> flatten -> dense(classes)"
    text = model(body, head=head % ("channels", "channels"))
    while found := cnndsl.check(text):
        assert found[0].help == "did you mean `in.channels`?"
        assert found[0].fix is not None
        text = edited(text, [found[0].fix])
    assert text == model(body, head=head % ("in.channels", "in.channels"))
    (first, _) = cnndsl.check(model(gate % ("channels", "channels")))
    assert "here.channels of what flows" in (first.help or "")
    assert first.fix is None


def test_an_image_with_its_channels_first_is_told_beside_other_mistakes():
    body = "stage s { conv(16, 3) } : [16, 32, 32]\n  flatten -> dense(classes)"
    (found,) = cnndsl.check(model(body, image="[3, 32, 32]"))
    assert (found.code, (found.help or "").partition(": ")[2]) == (
        "E308",
        "input [32, 32, 3] (and in line 3)",
    )
    body = "conv(3x3, 4) -> max_pool(2) : 16x16x4\n  conv(3, 12) -> max_pool(2) : 8x8x12"
    codes = [each.code for each in cnndsl.check(model(body, image="[3, 32, 32]"))]
    assert codes == ["W302", "E205", "E305"]
    found = cnndsl.check(model("relu -> swich", image="[3, 32, 32]"))
    assert [each.code for each in found] == ["E101"]


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (
            "concat [ conv(8, 3, stride = 2), max_pool(3, stride = 2) ]",
            "concat [ conv(8, 3, stride = 2), max_pool(3, stride = 2, pad = same) ]",
        ),
        (
            "concat [ conv(8, 5, pad = valid), max_pool(3, stride = 1), relu ]",
            "concat [ conv(8, 5, pad = same), max_pool(3, stride = 1, pad = same), relu ]",
        ),
        (
            "a = conv(4, 3)\n  conv(4, 3, pad = 0) -> concat [ a, here ]",
            "conv(4, 3, pad = 0) -> concat [ a -> crop(1), here ]",
        ),
        ("conv(24, 3, groups = 2)", "conv(24, 3)"),
        ("conv(24, 3) -> group_norm", "conv(24, 3) -> group_norm(8)"),
    ],
)
def test_sizes_that_differ_have_the_edit_that_makes_them_one(body, written):
    text = model(f"{body}\n  flatten -> dense(classes)")
    (found,) = cnndsl.check(text)
    assert (found.help or "").endswith(f": {written}")
    assert found.fix is not None
    assert not cnndsl.check(edited(text, [found.fix]))


@pytest.mark.parametrize("last", ["add [ h, here ]", "if true { add [ here, h ] }"])
def test_assignments_leave_what_flows_as_it_is(last):
    calls = "h = relu(depthwise(3)(h)) | bn\n  h = conv(3, 1)(h) -> bn"
    first, *_ = cnndsl.check(model(f"h = conv(3, 3) -> bn\n  {calls}\n  {last}\n  let x 3"))
    assert first.fix is not None
    assert first.fix.text == "h = h -> depthwise(3) -> relu -> bn\n  h = h -> conv(3, 1) -> bn"


def test_assignments_that_only_names_read_go_down_the_page():
    calls = "h = relu(depthwise(3)(h)) | bn\n  h = conv(3, 1)(h) -> bn"
    first, *_ = cnndsl.check(model(f"h = conv(3, 3) -> bn\n  {calls}\n  add [ h, in ]\n  let x 3"))
    assert first.fix is not None
    assert first.fix.text.startswith("h\n  depthwise(3) -> relu")
