"""Networks of other notations, pasted whole: one answer, whose spec checks and is that network.

A text is `tests/errors/pasted/NAME.cnn`; beside it, NAME.txt is the spec that it is here.
`UPDATE_GOLDENS=1 pytest tests/test_pasted.py` rewrites those; read what changed.
"""

import os
from pathlib import Path

import pytest

import cnndsl
from cnndsl.fixes import edited, fixes

TEXTS = sorted((Path(__file__).parent / "errors" / "pasted").glob("*.cnn"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_pasted_network_is_written_here_and_checks(path):
    (found,) = cnndsl.check(path.read_text("utf-8"))
    written = found.table or (found.fix.text if found.fix else "")
    assert not cnndsl.check(written)
    golden = path.with_suffix(".txt")
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text("utf-8")


KERAS = """model Net(classes = 10) {
  inputs = Input(shape=(32, 32, 3))
  x = Conv2D(8, 3, padding='same', use_bias=False)(inputs)
  x = Activation('relu')(x)
  shortcut = x
  x = Conv2D(8, 3, padding='same')(x)
  x = Add()([x, shortcut])
  x = GlobalAveragePooling2D()(x)
  outputs = Dense(classes)(x)
}
"""
TORCH = """model Net(num_classes = 10) {
  input 32x32x3
  self.conv1 = conv(3, 64, kernel_size=3, padding=1)
  self.fc = linear(64*32*32, num_classes)
  stage forward {
    x = relu(self.conv1(x))
    x = flatten(x, 1)
    self.fc(x)
  }
}
"""
STAGES = """model Net(classes = 10) {
  input (32, 32, 3)
  stage s1 {
    Conv2D(32, (3, 3), padding="same", activation="relu")
    MaxPooling2D(pool_size=(2, 2))
  } : 16x16x32
  stage s2 {
    SeparableConv2D(64, 3, strides=2, padding="same", use_bias=False)
    ReLU()
  }
}
"""
HALF = """# Half translated from my PyTorch code.
model Audio(classes = 35) {
  input 64x64x1
  stage layer1 {
    nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.BatchNorm2d(64)
    nn.ReLU(inplace=True)
    nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
  }
  stage layer2 {
    self.conv2 = nn.Conv2d(64, 128, 3, padding=1, groups=2)
    x = F.leaky_relu(self.conv2(x), 0.2)
  }
  stage head {
    nn.AdaptiveAvgPool2d((1, 1))
    x = x.view(x.size(0), -1)
    nn.Linear(128, classes)
  }
}
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            HALF,
            [
                "conv(128, 3, groups = 2) -> leaky_relu(0.2)\n",
                "global_avg_pool\n    dense(classes)",
            ],
        ),
        (KERAS, ["input 32x32x3", "-> relu as shortcut", "add [ here, shortcut ]"]),
        (TORCH, ["    conv(64, 3) -> relu", "flatten -> dense(num_classes)"]),
        (
            STAGES,
            ["input 32x32x3", "conv(32, 3) -> relu -> max_pool(2)", "separable(64, 3, stride"],
        ),
    ],
)
def test_lines_of_a_body_in_another_notation_are_written_where_they_stand(text, lines):
    for _ in range(4):
        found = next((each for each in cnndsl.check(text) if fixes(each)), None)
        text = edited(text, fixes(found)) if found else text
    assert not cnndsl.check(text)
    assert all(line in text for line in lines)
    assert "self." not in text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The network takes images of 32x32 pixels and gives ten numbers.\n", "prose"),
        ("\\begin{tabular}{c|c}\nconv1 & $7\\times7$, 64 \\\\\n\\end{tabular}\n", "LaTeX"),
        ("x = Cfg(\n  blocks=(ByoBlockCfg(type='rep', d=2),),\n)\n", "a configuration of timm"),
    ],
)
def test_a_text_that_is_no_spec_is_told_what_it_is(text, kind):
    (found,) = cnndsl.check(text)
    assert (found.code, found.message) == ("E021", f"this is {kind}, not a spec")
    assert not cnndsl.check(found.table or "")


def test_the_kernel_that_stands_in_the_name_of_a_function_is_read():
    text = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv3x3(3, 16, 2)
        self.conv2 = conv1x1(16, 8)
    def forward(self, x):
        return self.conv2(F.relu(self.conv1(x)))
"""
    (found,) = cnndsl.check(text)
    assert "conv(16, 3, stride = 2, pad = 1) -> relu\n  conv(8, 1)" in (found.table or "")


def test_an_image_that_is_added_to_a_model_is_its_input():
    text = "model = Sequential()\nmodel.add(keras.Input(shape=(28, 28, 1)))\nmodel.add(Flatten())\n"
    (found,) = cnndsl.check(text + "model.add(Dense(10))\n")
    assert found.table == "model Net {\n  input 28x28x1\n  flatten -> dense(10)\n}"


def test_a_layer_that_is_made_and_called_is_never_left_out():
    text = """inputs = keras.Input(shape=(64, 64, 3))
x = layers.Conv2D(8, 3)(inputs)
x = layers.Activation("relu")(x)
x = layers.Unheard(2)(x)
outputs = layers.Dense(2)(x)
"""
    found = cnndsl.check(text)[0]
    assert "conv(8, 3, pad = valid) -> relu" in (found.table or "")
    assert "Unheard(2)" in (found.table or "")


@pytest.mark.parametrize(
    "text",
    [
        "[net]\nwidth=8\nheight=8\nchannels=4\n[convolutional]\nfilters=8\nsize=3\nstride=1\n"
        "activation=leaky\n[route]\nlayers=-1\n{}",
        'input: "a"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 8\ninput_dim: 8\n'
        'layer {{ type: "Eltwise" bottom: "a" bottom: "a" top: "b" eltwise_param {{ {} }} }}\n',
    ],
)
def test_a_setting_of_a_merge_that_has_no_words_here_is_not_dropped(text):
    setting = "groups=2\ngroup_id=1\n" if "route" in text else "operation: SUM coeff: 2"
    plain, said = (cnndsl.check(text.format(each))[0] for each in ("", setting))
    assert plain.code == "E013" and not cnndsl.check(plain.table or "")
    assert not said.table or said.code == "E021" or cnndsl.check(said.table)
