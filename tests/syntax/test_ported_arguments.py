"""What the arguments of other libraries become: each is said here, means nothing for the network,
or its layer is told as one to write by hand. None is dropped.
"""

import pytest

import cnndsl
from cnndsl.diagnostics import Diagnostic
from cnndsl.fixes import edited, fixes

TORCH = "model = nn.Sequential(\n  nn.Conv2d(3, 8, 3, padding=1),\n  {},\n)\n"
KERAS = "inputs = keras.Input(shape=(64, 64, 3))\nx = layers.{}(inputs)\nmodel = Model(inputs, x)\n"
LINEN = "class Net(nn.Module):\n  @nn.compact\n  def __call__(self, x):\n    x = {}\n    return x\n"
CAFFE = """input: "data"
input_dim: 1
input_dim: 3
input_dim: 64
input_dim: 64
layer {{ name: "a" type: "{}" bottom: "data" top: "a" {} }}
"""


def told(text: str) -> Diagnostic:
    return cnndsl.check(text)[0]


def line(text: str) -> str:
    """The last line of the network that a text is told to be, which checks."""
    found = told(text)
    assert found.table, found
    assert not cnndsl.check(found.table)
    return found.table.splitlines()[-2].strip().rpartition("conv(8, 3) -> ")[2]


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        ("nn.AvgPool2d(3, 2, 1)", "avg_pool(3, stride = 2, pad = 1, count_pad = true)"),
        ("nn.AvgPool2d(3, 2, 1, count_include_pad=False)", "avg_pool(3, stride = 2, pad = 1)"),
        ("nn.AvgPool2d(2)", "avg_pool(2)"),
        ("nn.ReflectionPad2d(1)", "pad(amount = 1, mode = reflect)"),
        ("nn.ReplicationPad2d(2)", "pad(amount = 2, mode = edge)"),
        ("nn.ZeroPad2d(2)", "pad(amount = 2)"),
        ("nn.ELU()", "elu"),
        ("nn.ELU(alpha=1.0, inplace=True)", "elu"),
        ("nn.LeakyReLU()", "leaky_relu"),
        ("nn.LeakyReLU(0.2, True)", "leaky_relu(0.2)"),
        ("nn.ReLU(True)", "relu"),
        ("nn.LogSoftmax(dim=1)", "softmax -> log"),
        ("nn.GroupNorm(4, 8)", "group_norm(4)"),
        ("nn.LayerNorm(8)", "layer_norm(eps = 1e-05)"),
        ("nn.LayerNorm(8, eps=1e-6)", "layer_norm"),
        ("nn.PReLU(8)", "prelu"),
        ("nn.PReLU(num_parameters=8)", "prelu"),
        ("nn.Hardtanh()", "clip(low = -1, high = 1)"),
        ("nn.Hardtanh(0, 6)", "clip(low = 0, high = 6)"),
        ("ConvBNReLU(8, 16, 3)", "conv(16, 3) -> bn -> relu"),
        ("ConvBNReLU(8, 16, 3, 2)", "conv(16, 3, stride = 2, pad = 1) -> bn -> relu"),
        ("ConvBNReLU(8, 16, 3, dilation=2)", "conv(16, 3, dilation = 2) -> bn -> relu"),
        ("nn.LazyConv2d(16, 3)", "conv(16, 3, pad = valid)"),
        ("nn.BatchNorm2d(8, affine=False)", "bn(scale = false, shift = false)"),
        ("nn.BatchNorm2d(8, 1e-3, 0.01)", "bn(momentum = 0.99, eps = 0.001)"),
        ("nn.InstanceNorm2d(8)", "instance_norm(scale = false, shift = false)"),
        ("nn.InstanceNorm2d(8, affine=True)", "instance_norm"),
        ('nn.Conv2d(8, 16, 3, padding="same")', "conv(16, 3)"),
        ('nn.Conv2d(8, 16, 3, 1, padding="valid", device="cuda")', "conv(16, 3, pad = valid)"),
        ("nn.Conv2d(8, 16, (3, 5), padding=(1, 2))", "conv(16, 3x5)"),
        ("nn.Conv2d(8, 16, (3, 5), padding=(2, 1))", "conv(16, 3x5, pad = [2, 1])"),
        ("nn.Conv2d(8, 16, 3, padding=1, dilation=2)", "conv(16, 3, pad = 1, dilation = 2)"),
        ("nn.Conv2d(8, 16, 3, padding=2, dilation=2)", "conv(16, 3, dilation = 2)"),
        ("nn.Conv2d(8, 16, 3, 1, 3, 3)", "conv(16, 3, dilation = 3)"),
        ("nn.Conv2d(8, 16, 3, padding=(1, 2), dilation=(1, 2))", "conv(16, 3, dilation = 1x2)"),
        ("nn.Conv2d(8, 16, (3, 5), padding=(2, 4), dilation=2)", "conv(16, 3x5, dilation = 2)"),
        ('nn.Conv2d(8, 16, 3, 1, 1, padding_mode="zeros")', "conv(16, 3)"),
        ("nn.Upsample(None, 2)", "upsample(2)"),
        ("nn.Upsample(16)", "resize(16, method = nearest)"),
    ],
)
def test_arguments_of_torch_are_said(layer, written):
    assert line(TORCH.format(layer)) == written


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        ('Activation("relu")', "relu"),
        ('Activation("leaky_relu")', "leaky_relu(0.3)"),
        ("PReLU(shared_axes=[1, 2])", "prelu"),
        ("Dense(10)", "conv(10, 1)"),
        ('Dense(10, activation="relu", use_bias=False)', "conv(10, 1, bias = false) -> relu"),
        ("LeakyReLU()", "leaky_relu(0.3)"),
        ("LeakyReLU(alpha=0.01)", "leaky_relu"),
        ("ReLU(6.)", "relu6"),
        ("ReLU(max_value=6, name='r')", "relu6"),
        ("ReLU(negative_slope=0.1)", "leaky_relu(0.1)"),
        ("AveragePooling2D(3, 1, 'same')", "avg_pool(3, stride = 1, pad = same)"),
        ("BatchNormalization(center=False)", "bn(momentum = 0.99, eps = 0.001, shift = false)"),
        ("BatchNormalization(momentum=0.9, epsilon=1e-5)", "bn"),
        ("LayerNormalization(epsilon=1e-6)", "layer_norm"),
        ("LayerNormalization()", "layer_norm(eps = 0.001)"),
        ("Rescaling(1./255)", "rescale(scale = 1 / 255)"),
        ("Rescaling(1 / 127.5, offset=-1)", "rescale(scale = 1 / 127.5, offset = -1)"),
        (
            'Conv2D(8, 3, kernel_initializer="he_normal")',
            "conv(8, 3, pad = valid, init = he_normal)",
        ),
        (
            "Conv2D(8, 1, kernel_initializer=tf.keras.initializers.RandomNormal(stddev=0.02))",
            "conv(8, 1, init = normal(0.02))",
        ),
        (
            "Conv2D(8, 1, bias_initializer=Constant(0.1), kernel_initializer=HeNormal())",
            "conv(8, 1, init = he_normal, bias_init = constant(0.1))",
        ),
        ('Conv2D(8, 1, bias_initializer="zeros")', "conv(8, 1)"),
        ("GlobalAveragePooling2D(keepdims=True)", "global_avg_pool(keep = true)"),
    ],
)
def test_arguments_of_keras_are_said(layer, written):
    assert line(KERAS.format(layer)) == written


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        ("nn.Conv(6, (3, 3), feature_group_count=3)(x)", "conv(6, 3, groups = 3)"),
        ("nn.Conv(8, (3, 3), kernel_dilation=(2, 2))(x)", "conv(8, 3, dilation = 2)"),
        (
            "nn.Conv(8, (3, 3), kernel_dilation=2, padding=1)(x)",
            "conv(8, 3, pad = 1, dilation = 2)",
        ),
        (
            "nn.avg_pool(x, (3, 3), (1, 1), 'SAME')",
            "avg_pool(3, stride = 1, pad = same, count_pad = true)",
        ),
        (
            "nn.BatchNorm(use_running_average=True, use_scale=False)(x)",
            "bn(momentum = 0.99, scale = false)",
        ),
        (
            "nn.Conv(8, (1, 1), kernel_init=nn.initializers.xavier_uniform())(x)",
            "conv(8, 1, init = xavier_uniform)",
        ),
        ("nn.gelu(x, approximate=False)", "gelu"),
        ("nn.log_softmax(x)", "softmax -> log"),
    ],
)
def test_arguments_of_linen_are_said(layer, written):
    assert line(LINEN.format(layer)) == written


def test_arguments_of_nnx_are_said():
    text = """class Net(nnx.Module):
  def __init__(self, rngs):
    self.conv = nnx.Conv(3, 6, (3, 3), feature_group_count=3, kernel_dilation=2, rngs=rngs)
  def __call__(self, x):
    return self.conv(x)
"""
    assert line(text) == "conv(6, 3, groups = 3, dilation = 2)"


@pytest.mark.parametrize(
    ("layer", "said", "written"),
    [
        (
            "Convolution",
            "convolution_param { num_output: 8 kernel_h: 3 kernel_w: 5 pad_h: 1 pad_w: 2 }",
            "conv(8, 3x5)",
        ),
        (
            "Convolution",
            "convolution_param { num_output: 8 kernel_size: 3 stride_h: 1 stride_w: 2 }",
            "conv(8, 3, stride = 1x2, pad = valid)",
        ),
        ("ReLU", "relu_param { negative_slope: 0.1 }", "leaky_relu(0.1)"),
        (
            "Pooling",
            "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }",
            "avg_pool(3, stride = 2, pad = 1, count_pad = true, ceil = true)",
        ),
    ],
)
def test_arguments_of_caffe_are_said(layer, said, written):
    assert line(CAFFE.format(layer, said)) == written


@pytest.mark.parametrize(
    ("layer", "kept"),
    [
        ("nn.ELU(alpha=0.5)", "ELU"),
        ("nn.PReLU()", "PReLU"),
        ('nn.Conv2d(8, 8, 3, padding_mode="circular")', "Conv2d"),
        ("nn.ConvTranspose2d(8, 8, 2, 2, output_padding=1)", "ConvTranspose2d"),
        ("nn.ConvTranspose2d(8, 8, 2, 2, groups=2)", "ConvTranspose2d"),
        ("nn.MaxPool2d(2, dilation=2)", "MaxPool2d"),
        ("nn.LayerNorm([8, 32, 32])", "LayerNorm"),
        ("nn.AvgPool2d(2, divisor_override=3)", "AvgPool2d"),
        ("nn.Flatten(2)", "Flatten"),
        ("nn.GELU(approximate='tanh')", "GELU"),
        ("nn.Conv2d(8, 8, 3, unheard_of=7)", "Conv2d"),
    ],
)
def test_a_layer_with_an_argument_that_has_no_words_is_for_the_author_to_write(layer, kept):
    text = TORCH.format(layer)
    found = told(text)
    assert (found.help or "").endswith(f"and write by hand what has no words here: {kept}")
    assert kept in (found.table or "")
    assert not fixes(found)
    assert any(each.code == "E101" for each in cnndsl.check(found.table or ""))


@pytest.mark.parametrize(
    "text",
    [
        KERAS.format("ReLU(max_value=1.)"),
        KERAS.format("ELU(alpha=0.3)"),
        KERAS.format("Conv2D(8, 3, trainable=False)"),
        KERAS.format("Unheard(3)"),
        LINEN.format("nn.elu(x, alpha=0.5)"),
        LINEN.format("nn.Conv(8, (3, 3), input_dilation=2)(x)"),
        LINEN.format("jnp.concatenate([x, x], axis=1)"),
        LINEN.format("x.reshape((x.shape[0], 8, -1))"),
        CAFFE.format("ReLU", "relu_param { negative_slope: 0.1 unheard_of: 3 }"),
        "[net]\nwidth=32\nheight=32\nchannels=4\n[convolutional]\nfilters=8\nsize=3\nstride=1\npad=1\n"
        "activation=leaky\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n",
    ],
)
def test_what_has_no_words_is_in_no_finished_network(text):
    found = cnndsl.check(text)
    assert cnndsl.check(edited(text, [fix for each in found for fix in fixes(each)]))
    assert not any(
        each.table and not cnndsl.check(each.table) and each.code != "E021" for each in found
    )


@pytest.mark.parametrize(
    "layer", ["nn.Dropout2d(0.1)", "DoubleConv(8, 8)", "DeformConv2d(8, 8, 3)"]
)
def test_a_layer_that_has_the_name_of_an_op_in_its_own_is_not_that_op(layer):
    found = told(TORCH.format(layer))
    name = layer.removeprefix("nn.").partition("(")[0]
    assert (found.help or "").endswith(f"and declare what is yours: block {name}")
    assert name in (found.table or "")


@pytest.mark.parametrize(
    ("layer", "noted"),
    [
        ("Conv2D(8, 3, kernel_regularizer=l2(1e-4))", "# kernel_regularizer = l2(0.0001)"),
        ("Conv2D(8, 3, kernel_initializer=mine)", "# init = mine"),
        ("UpSampling2D(2, align_corners=True)", "# align_corners = True"),
    ],
)
def test_what_has_no_words_and_changes_no_shape_is_a_comment(layer, noted):
    found = told(KERAS.format(layer))
    assert not cnndsl.check(found.table or "")
    assert noted in [each.strip() for each in (found.table or "").splitlines()]


def test_the_exact_form_of_gelu_is_told_where_a_library_has_another():
    assert "# `gelu` is exact here" in (told(LINEN.format("nn.gelu(x)")).table or "")
    assert "#" not in (told(KERAS.format('Activation("gelu")')).table or "")


def test_a_name_of_several_layers_is_all_of_them_in_its_order():
    assert (
        "conv(8, 3) -> bn -> relu\n  conv(16, 3)\n"
        in told(TORCH.format("BNReLUConv(8, 16, 3)")).table
    )


CLASS = """class Net(nn.Module):
  def __init__(self):
    super().__init__()
    self.conv = nn.Conv2d(3, 8, 3)
    self.fc = nn.Linear(8, 10)
    {}
  def forward(self, x):
    x = F.relu(self.conv(x))
    {}
    return self.fc(x.mean([2, 3]))
"""


@pytest.mark.parametrize(
    ("made", "ran"),
    [
        ("pass", "x = torch.fft.fft2(x).real"),
        ("self.odd = make(8, [k for k in range(3)])", "x = self.odd(x)"),
        ("pass", "with torch.no_grad(): x = self.conv(x)"),
        ("pass", "x.dense_(weights=[k for k in x])"),
    ],
)
def test_a_statement_that_cannot_be_read_is_left_to_the_author(made, ran):
    found = told(CLASS.format(made, ran))
    table, statement = found.table or "", made if "odd" in made else ran.partition(":")[0]
    assert f"# {statement}" in table
    assert "by_hand" in table
    assert "conv(8, 3, pad = valid) -> relu" in table
    assert "dense(10)" in table
    assert "write by hand what its comments say" in (found.help or "")
    assert not fixes(found)
    assert [each.code for each in cnndsl.check(table)] == ["E101"]


@pytest.mark.parametrize(
    ("made", "ran"),
    [
        ("for m in self.modules(): nn.init.zeros_(m.bias)", "pass"),
        ("pass", "assert x.shape[1] == 8"),
        ("pass", "if self.training: x = F.dropout(x, 0.1)"),
        ("pass", "for i in range(2): x = F.relu(x)"),
        ("pass", "logging.info(x.shape)"),
    ],
)
def test_what_computes_nothing_else_costs_nothing(made, ran):
    found = told(CLASS.format(made, ran))
    assert "by_hand" not in (found.table or "by_hand")
    assert not cnndsl.check(found.table or "")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "Layer      Output  Kernel  Filters\nconv1      32x32   3x3     16\n"
            "pool1      16x16   2x2\nattention  16x16   -       -\nfc                         10\n",
            "attention 16x16 - -",
        ),
        (
            "input: [32, 32, 3]\nlayers:\n  - conv: {filters: 32, kernel: 3}\n  - relu\n"
            "  - frobnicate: {depth: 3}\n  - dense: 10\n",
            "frobnicate: depth: 3",
        ),
        (
            '[{"op": "conv2d", "filters": 8, "kernel_size": 3}, {"op": "relu"},\n'
            ' {"op": "mbconv", "out": 8}, {"op": "dense", "units": 10}]',
            "op: mbconv, out: 8",
        ),
        ("INPUT 32x32x3\nCONV 3x3, 16\nPOOL 2x2\nNORM\nFC 10\n", "NORM"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_to_the_author(text, left):
    found = told(text)
    table = found.table or ""
    assert f"# {left}\n  by_hand" in table
    assert "conv(" in table
    assert "dense(10)" in table
    assert not fixes(found)
    assert [each.code for each in cnndsl.check(table)] == ["E101"]


def test_the_multiples_of_a_list_of_layers_are_heeded():
    text = """depth_multiple: 0.33
width_multiple: 0.50
backbone:
  - [-1, 1, Conv, [64, 6, 2, 2]]
  - [-1, 6, C3, [256]]
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
"""
    assert (told(text).table or "").splitlines()[2:-1] == [
        "  conv(32, 6, stride = 2, pad = 2, bias = false) -> bn -> swish",
        "  C3(128, n = 2)",
        "  upsample(2)",
    ]


def test_the_rows_of_a_table_of_inverted_residuals_are_blocks():
    text = "Input     Operator    t  c   n  s\n32^2x3    conv2d 3x3  -  16  1  2\n"
    text += "16^2x16   bottleneck  6  24  2  2\n8^2x24    avgpool     -  -   1  -\n"
    assert (told(text).table or "").splitlines()[1:5] == [
        "  input 32x32x3",
        "  conv(16, 3, stride = 2)",
        "  Bottleneck(6, 24, stride = 2)",
        "  Bottleneck(6, 24) -> global_avg_pool",
    ]


FUNCTIONS = """inputs = keras.Input((32, 32, 3))
x = layers.Conv2D(64, 3, padding="same")(inputs)
x = layers.ReLU()(x)
{}
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(10)(x)
model = keras.Model(inputs, outputs)
"""


@pytest.mark.parametrize(
    ("statement", "comment", "times"),
    [
        ("x = se_block(x, 16)", "x = se_block(x, 16)", 1),
        ("x = se_block(filters=16, inputs=x)", "x = se_block(filters=16, inputs=x)", 1),
        ("x = x * gate(x)", "x = x * gate(x)", 1),
        ("x += gate(x)", "x += gate(x)", 1),
        ("y = se_block(x)\nx = layers.Conv2D(8, 1)(y)", "y = se_block(x)", 1),
        ("x = tf.image.per_image_standardization(x)", "x = tf.image.per_image_standard", 1),
        ("for i in range(3):\n  x = residual(x, 64)", "x = residual(x, 64)", 3),
        ("for i in range(n):\n  x = residual(x, 64)", "for i in range(n): x = residual", 1),
    ],
)
def test_functions_that_are_not_known_are_left_to_the_author(statement, comment, times):
    found = told(FUNCTIONS.format(statement))
    assert f"# {comment}" in found.table, found
    assert found.table.split().count("by_hand") == times
    assert "and write by hand what its comments say" in found.help


def test_what_is_done_with_a_network_is_no_layer():
    text = FUNCTIONS.format("loss = my_loss(x)") + (
        "accuracy = tf.reduce_mean(tf.argmax(outputs, 1))\n"
        "loss = my_loss(outputs, labels)\nsession = start(model)\nprint(shape_of(outputs))\n"
    )
    assert "by_hand" not in told(text).table


def test_scopes_of_names_are_passed_over():
    text = """def net(inputs, keep_prob=0.5, is_training=True, scope="net"):
  with tf.variable_scope(scope, "net", [inputs]) as sc:
    net = slim.conv2d(inputs, 64, [3, 3])
    net = slim.dropout(net, keep_prob, is_training=is_training)
    net = slim.conv2d(net, 10, [224, 224], padding='VALID', activation_fn=None)
    net = tf.squeeze(net, [1, 2], name='squeezed')
  return net
"""
    assert line(text) == "flatten"


def test_scopes_that_set_more_are_left_to_the_author():
    text = FUNCTIONS.format("with frozen(True):\n  x = layers.Conv2D(8, 3)(x)")
    assert "# with frozen(True): x = layers.Conv2D(8, 3)(x)\n  by_hand" in told(text).table


@pytest.mark.parametrize(
    "text",
    [
        TORCH.format("nn.ReLU(),\n  se_layer(64),\n  nn.MaxPool2d(2)"),
        "model = Sequential([\n  Conv2D(8, 3, padding='same'), se_layer(64), MaxPooling2D()\n])\n",
    ],
)
def test_functions_in_containers_are_left_to_the_author(text):
    assert "  # se_layer(64)\n  by_hand -> max_pool(2)\n" in told(text).table


def test_layers_that_slim_repeats_are_said():
    text = """net = slim.conv2d(inputs, 64, [3, 3])
net = slim.repeat(net, 2, slim.conv2d, 128, [3, 3], scope='conv2')
net = slim.max_pool2d(net, [2, 2])
"""
    assert "{ conv(128, 3) -> relu } * 2" in told(text).table


@pytest.mark.parametrize(
    ("given", "rate"), [("0.8", "0.2"), ("keep_prob=0.8", "0.2"), ("keep", "1 - keep")]
)
def test_dropout_of_slim_says_what_it_keeps(given, rate):
    text = "def net(inputs, keep=0.7):\n  x = slim.conv2d(inputs, 8, [3, 3])\n"
    text += f"  return slim.dropout(x, {given})\n"
    assert f"-> dropout({rate})" in told(text).table


def test_dense_layers_behind_vectors_stay():
    text = FUNCTIONS.format("x = layers.Dense(16)(x)")
    assert "conv(16, 1)" in told(text).table
    assert "\n  dense(10)" in told(text).table


def test_dense_layers_among_lines_of_ours_take_vectors():
    text = "model M {\n  input 8x8x3\n  layers.Conv2D(4, 3)\n  layers.Dense(2)\n}\n"
    assert "flatten -> dense(2)" in (told(text).table or told(text).help)
