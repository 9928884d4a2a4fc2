"""Every rule that says no, with an example that makes it."""

import ast
from pathlib import Path

import pytest

from cnndsl import ops
from cnndsl.ops import MERGES, OPS, SOURCES
from cnndsl.ops.base import Op, Reject
from cnndsl.ops.brought import Brought, parameter
from cnndsl.ops.initial import Initial, initial

FOLDER = Path(ops.__file__).parent
MAP, VECTOR = (5, 5, 64), (64,)
deep: list = []
for _ in range(5000):
    deep = [deep]

CONV = {"filters": 8, "kernel": 3}
CONNECTED = {"filters": 2, "kernel": 3, "connect": [[0], [1, 2]]}

GRID = "a list of numbers, or of rows of positions of numbers"

# op, its arguments, the message, the argument at fault
ARGUMENTS = [
    ("conv", {**CONV, "weight": "spectrum"}, '`spectral`, not "spectrum"', "weight"),
    ("param", {"init": "ones", "shape": 0.5}, "for a vector, not 0.5", "shape"),
    ("param", {"init": "dirac", "shape": 3}, 'a tensor, not "dirac"', "init"),
    ("param", {"init": "he_normal", "shape": 3}, "goes by the number of inputs", "init"),
    ("constant", {"values": 1}, "a number is no tensor", "values"),
    ("constant", {"values": [1], "shape": [1]}, "the shape that they have", "shape"),
    ("constant", {"values": []}, f"`values` is {GRID}, not []", "values"),
    ("constant", {"values": "ones"}, f'`values` is {GRID}, not "ones"', "values"),
    ("constant", {"values": [1, True]}, "but it holds true", "values"),
    ("constant", {"values": [True]}, "not true", "values"),
    ("constant", {"values": [[1, 2]]}, "but a row holds 1", "values"),
    ("constant", {"values": [[[1, "a"]]]}, 'but a position holds "a"', "values"),
    ("constant", {"values": [[[1], [1, 2]]]}, "as many in each row", "values"),
    ("constant", {"values": [[[]]]}, "as many in each row", "values"),
    ("constant", {"values": [[[0] * 1001] * 1000]}, "with a million items at most", "values"),
    ("conv", {"filters": 8}, "`conv` needs `kernel`", "kernel"),
    ("conv", {**CONV, "filters": 64.0}, "`filters` is a positive integer, not 64.0", "filters"),
    ("conv", {**CONV, "filters": 0}, "`filters` is a positive integer, not 0", "filters"),
    ("conv", {**CONV, "filters": True}, "`filters` is a positive integer, not true", "filters"),
    ("conv", {**CONV, "filters": None}, "`filters` is a positive integer, not none", "filters"),
    ("conv", {**CONV, "filters": "8"}, '`filters` is a positive integer, not "8"', "filters"),
    ("conv", {**CONV, "filters": object()}, "not a tensor", "filters"),
    ("conv", {**CONV, "filters": deep}, "not a list of 1", "filters"),
    ("conv", {**CONV, "kernel": 0}, "`kernel` is a positive integer or HxW, not 0", "kernel"),
    ("conv", {**CONV, "kernel": [3, 3, 3]}, "not [3, 3, 3]", "kernel"),
    ("conv", {**CONV, "kernel": [3, True]}, "not [3, true]", "kernel"),
    ("conv", {**CONV, "stride": 0}, "`stride` is a positive integer or HxW, not 0", "stride"),
    ("conv", {**CONV, "stride": None}, "not none", "stride"),
    ("conv", {**CONV, "dilation": 0}, "`dilation` is a positive integer or HxW", "dilation"),
    ("conv", {**CONV, "pad": -1}, "[top, bottom, left, right], not -1", "pad"),
    ("conv", {**CONV, "pad": [1, 2, 3]}, "not [1, 2, 3]", "pad"),
    ("conv", {**CONV, "pad": "nearest"}, "not nearest", "pad"),
    ("conv", {**CONV, "groups": 0}, "`groups` is a positive integer, not 0", "groups"),
    ("conv", {**CONV, "bias": 1}, "`bias` is true or false, not 1", "bias"),
    ("conv", {**CONV, "init": "he"}, 'none or an initializer, not "he"', "init"),
    ("conv", {**CONV, "init": True}, "`init` is none or an initializer, not true", "init"),
    ("conv", {**CONV, "bias_init": "he_normal"}, "an initializer of single values", "bias_init"),
    ("bn", {"scale_init": Initial("orthogonal", (2.0,))}, "not orthogonal(2.0)", "scale_init"),
    ("conv", {**CONV, "connect": 3}, "input channels that it sees, not 3", "connect"),
    ("conv", {**CONV, "connect": [[0], 1]}, "not a list of 2", "connect"),
    ("conv", {**CONV, "connect": [[0], []]}, "but filter 1 sees none", "connect"),
    ("conv", {**CONV, "connect": [[0, -1]]}, "but filter 0 lists -1", "connect"),
    ("conv", {**CONV, "connect": [[0.0]]}, "but filter 0 lists 0.0", "connect"),
    ("conv", {**CONV, "connect": [[2, 0, 2]]}, "but filter 0 lists 2 twice", "connect"),
    ("conv", {**CONV, "connect": [range(10**6)] * 2}, "with a million items at most", "connect"),
    ("rbf", {"classes": 1, "codes": [["a"]]}, 'but list 0 holds "a"', "codes"),
    ("rbf", {"classes": 1, "codes": 3}, "`codes` is a list of lists of numbers, not 3", "codes"),
    ("dropout", {"rate": 1}, "`rate` is a number from 0 to below 1, not 1", "rate"),
    ("dropout", {"rate": -0.1}, "not -0.1", "rate"),
    ("dropout", {"rate": False}, "not false", "rate"),
    ("drop_path", {"rate": float("nan")}, "not nan", "rate"),
    ("bn", {"eps": 0}, "`eps` is a number above 0, at most 1, not 0", "eps"),
    ("bn", {"eps": float("inf")}, "not inf", "eps"),
    ("bn", {"momentum": 1.5}, "`momentum` is a number from 0 to 1, not 1.5", "momentum"),
    ("lrn", {"alpha": -1}, "`alpha` is a number of at least 0, not -1", "alpha"),
    ("leaky_relu", {"slope": "x" * 10**6}, "…", "slope"),
    ("upsample", {"factor": 2, "method": "cubic"}, "`nearest` or `bilinear`", "method"),
    ("upsample", {"factor": 2, "method": ["nearest"]}, "not a list of 1", "method"),
    ("upsample", {"factor": 1.5}, "`factor` is a positive integer or HxW, not 1.5", "factor"),
    ("reshape", {"shape": [4] * 5}, "`shape` is [h, w, c], or a positive integer", "shape"),
    ("reshape", {"shape": [4, 4, 0]}, "not [4, 4, 0]", "shape"),
    ("channels", {"start": -1, "stop": 8}, "an integer of at least 0, not -1", "start"),
    ("crop", {"amount": "same"}, "`amount` is an integer of at least 0", "amount"),
    ("crop", {"amount": [1.0, 1]}, "not [1.0, 1]", "amount"),
    ("reduce_mean", {}, "`reduce_mean` needs `axis`", "axis"),
    ("reduce_max", {"axis": "depth"}, '`positions`, `height` or `width`, not "depth"', "axis"),
    ("softmax", {"axis": -1}, "`axis` is `channels`, `positions`, `height` or `width`", "axis"),
    ("pad", {"amount": 1, "mode": "same"}, "`mode` is `zero`, `reflect` or `edge`", "mode"),
    ("expand", {"like": [4] * 5}, "`like` is a tensor, [h, w, c], or a positive", "like"),
    ("resize", {"size": [64]}, "`size` is a feature map, a positive integer or HxW", "size"),
    ("conv", {**CONV, "pad": "causal"}, "[top, bottom, left, right], not causal", "pad"),
    ("transpose", {"height": 0}, "`height` is none or a positive integer, not 0", "height"),
    ("pixel_shuffle", {"factor": 2.0}, "`factor` is a positive integer, not 2.0", "factor"),
    ("max_pool", {"window": 3, "ceil": 1}, "`ceil` is true or false, not 1", "ceil"),
    ("clip", {"low": 0}, "`clip` needs `high`", "high"),
    ("celu", {"alpha": 0}, "`alpha` is a positive number, not 0", "alpha"),
    ("normalize", {"mean": 0.5, "std": 0}, "`std` is a positive number, or a list", "std"),
    ("normalize", {"mean": ["a"], "std": 1}, "`mean` is a number, or a list", "mean"),
]

# op, its arguments, the shape that arrives, the message, the argument at fault
SHAPES = [
    ("conv", {**CONNECTED, "weight": "spectral"}, (5, 5, 3), "no whole kernel", "weight"),
    ("conv", CONV, VECTOR, "`conv` wants a feature map, not a vector of 64", None),
    ("max_pool", {"window": 2}, VECTOR, "`max_pool` wants a feature map", None),
    ("global_avg_pool", {}, VECTOR, "`global_avg_pool` wants a feature map", None),
    ("transpose", {}, (16, 4), "`transpose` takes feature maps, not a signal of 16 x 4", None),
    ("conv", CONNECTED, (16, 4), "`connect` lists connections of feature maps", "connect"),
    ("upsample", {"factor": 2}, VECTOR, "`upsample` wants a feature map", None),
    ("dense", {"units": 8}, MAP, "`dense` wants a vector, not a 5 x 5 x 64 feature map", None),
    ("rbf", {"classes": 1, "codes": [[1]]}, MAP, "`rbf` wants a vector", None),
    ("conv", {**CONV, "groups": 3}, MAP, "3 groups do not divide 64 channels", "groups"),
    ("conv", {**CONV, "groups": 16}, MAP, "16 groups do not divide 8 filters", "groups"),
    ("group_norm", {"groups": 24}, MAP, "24 groups do not divide 64 channels", "groups"),
    ("shuffle", {"groups": 3}, VECTOR, "3 groups do not divide 64 channels", "groups"),
    ("conv", {**CONNECTED, "groups": 2}, MAP, "`connect` and `groups` exclude", "connect"),
    ("conv", {**CONNECTED, "filters": 4}, MAP, "`connect` lists 2 filters, but", "connect"),
    ("conv", {**CONNECTED, "bias_init": 1}, MAP, "the bias starts at zero", "bias_init"),
    (
        "dense",
        {"units": 2, "bias": False, "bias_init": 1},
        VECTOR,
        "with `bias = false` nothing starts",
        "bias_init",
    ),
    ("conv", CONNECTED, (5, 5, 2), "filter 1 sees channel 2, but the last one is 1", "connect"),
    (
        "conv",
        {"filters": 8, "kernel": 7, "pad": "valid"},
        MAP,
        "a 7 x 7 window does not fit into 5 x 5",
        "kernel",
    ),
    (
        "depthwise",
        {"kernel": 3, "dilation": 4, "pad": 1},
        MAP,
        "a 3 x 3 window, dilated to 9 x 9, does not fit into 5 x 5 (7 x 7 with the padding)",
        "kernel",
    ),
    ("avg_pool", {"window": 8}, (7, 7, 64), "an 8 x 8 window does not fit into 7 x 7", "window"),
    ("subsample", {"window": 6}, MAP, "a 6 x 6 window does not fit into 5 x 5", "window"),
    (
        "max_pool",
        {"window": 2, "pad": [0, 2]},
        MAP,
        "padding by 2 must be smaller than the window, 2",
        "pad",
    ),
    (
        "conv_transpose",
        {"filters": 8, "kernel": 2, "pad": 3},
        MAP,
        "the padding takes away all of the 6 x 6 result",
        "pad",
    ),
    (
        "max_pool",
        {"window": 3, "pad": "same", "ceil": True},
        MAP,
        "`pad = same` rounds sizes up by itself",
        "ceil",
    ),
    (
        "avg_pool",
        {"window": 3, "stride": 1, "ceil": True},
        (1, 1, 8),
        "a 3 x 3 window does not fit into 1 x 1",
        "window",
    ),
    ("reduce_sum", {"axis": "height"}, VECTOR, "has `channels` alone, no `height`", "axis"),
    ("softmax", {"axis": "positions"}, VECTOR, "a vector of 64 has `channels` alone", "axis"),
    ("glu", {}, (5, 5, 7), "`glu` halves the channels, and 7 is odd", None),
    ("clip", {"low": 1, "high": 1}, MAP, "nothing lies between 1.0 and 1.0", "high"),
    ("instance_norm", {}, VECTOR, "`instance_norm` wants a feature map", None),
    ("grn", {}, VECTOR, "`grn` wants a feature map", None),
    ("expand", {"like": 64}, MAP, "cannot expand 5 x 5 x 64 to 64", "like"),
    ("expand", {"like": [5, 5, 64]}, (1, 2, 64), "and 2 is no 1", "like"),
    ("transpose", {"height": 8}, MAP, "takes a height and a width, or neither", "height"),
    ("transpose", {"width": 8}, MAP, "takes a height and a width, or neither", "width"),
    ("transpose", {"height": 8, "width": 7}, MAP, "64 channels are not 8 x 7", "height"),
    ("pixel_shuffle", {"factor": 3}, MAP, "64 channels are no multiple of 3 x 3", "factor"),
    ("space_to_depth", {"factor": 2}, MAP, "squares of 2 x 2 do not tile 5 x 5", "factor"),
    ("adaptive_avg_pool", {"size": 6}, MAP, "a grid of 6 x 6 is finer than the map", "size"),
    (
        "pad",
        {"amount": [0, 5], "mode": "reflect"},
        MAP,
        "5 x 5 has no 5 values to mirror on a side",
        "amount",
    ),
    ("reshape", {"shape": 65}, VECTOR, "64 values into 65", "shape"),
    ("crop", {"amount": [2, 3, 0, 0]}, MAP, "nothing is left of 5 x 5", "amount"),
    ("channels", {"start": 0, "stop": 65}, MAP, "but there are 64 channels", "stop"),
    ("channels", {"start": 8, "stop": 8}, MAP, "the slice from 8 to 8 is empty", "start"),
    ("pad_channels", {"total": 32}, MAP, "cannot pad 64 channels to 32", "total"),
    ("normalize", {"mean": [0, 0, 0], "std": 1}, MAP, "`mean` has 3 numbers for 64", "mean"),
    ("rbf", {"classes": 2, "codes": [[1]]}, VECTOR, "holds 1 codes for 2 classes", "codes"),
    ("rbf", {"classes": 1, "codes": [[1]]}, VECTOR, "has 1 numbers, but the vector", "codes"),
]

MERGED = [
    ("add", (), "`add` needs a branch"),
    ("add", (MAP, VECTOR), "cannot add a feature map and a vector"),
    ("add", (MAP, (5, 5, 32)), "cannot add feature maps of different shapes"),
    ("add", (VECTOR, (65,)), "cannot add vectors of different shapes"),
    ("concat", (MAP, VECTOR), "cannot concatenate a feature map and a vector"),
    ("concat", (MAP, (5, 6, 64)), "cannot concatenate feature maps of different height or width"),
    ("mul", (MAP, VECTOR), "cannot multiply a feature map and a vector"),
    ("mul", (MAP, (1, 1, 32)), "cannot multiply feature maps of different channels"),
    ("mul", (VECTOR, (65,)), "cannot multiply vectors of different channels"),
    ("mul", (MAP, (4, 5, 64)), "cannot multiply feature maps of different height"),
    ("div", (MAP, (5, 4, 1)), "cannot divide feature maps of different width"),
    ("sub", (MAP, MAP, MAP), "`sub` takes two branches, not 3"),
    ("maximum", ((5, 5, 2), MAP), "cannot compare feature maps of different channels"),
    ("minimum", (MAP, VECTOR), "cannot compare a feature map and a vector"),
    ("matmul", (MAP,), "`matmul` takes two branches, not 1"),
    ("matmul", (MAP, VECTOR), "cannot multiply the matrix of a vector"),
    ("matmul", (MAP, (25, 64)), "`matmul` takes feature maps, not a signal"),
    ("matmul", (MAP, MAP), "cannot multiply 64 channels by 25 positions"),
    ("matmul", (MAP, (7, 7, 8)), "cannot multiply 64 channels by 49 positions"),
]


def reject_argument(name: str, arguments: dict) -> Reject:
    with pytest.raises(Reject) as caught:
        {**OPS, **SOURCES}[name].make(arguments)
    return caught.value


def reject_shape(name: str, arguments: dict, x: tuple[int, ...]) -> Reject:
    op: Op = {**OPS, **SOURCES}[name].make(arguments)
    with pytest.raises(Reject) as caught:
        op.output(x)
    return caught.value


def reject_merge(name: str, shapes: tuple) -> Reject:
    with pytest.raises(Reject) as caught:
        MERGES[name].output(shapes)
    return caught.value


@pytest.mark.parametrize(("name", "arguments", "message", "focus"), ARGUMENTS)
def test_arguments(name, arguments, message, focus):
    reject = reject_argument(name, arguments)
    assert message in reject.message
    assert reject.focus == focus
    assert len(reject.message) < 200


@pytest.mark.parametrize(("name", "arguments", "x", "message", "focus"), SHAPES)
def test_shapes(name, arguments, x, message, focus):
    reject = reject_shape(name, arguments, x)
    assert message in reject.message
    assert reject.focus == focus


@pytest.mark.parametrize(("name", "shapes", "message"), MERGED)
def test_merges(name, shapes, message):
    assert reject_merge(name, shapes).message == message


@pytest.mark.parametrize(
    ("shapes", "help"),
    [
        (
            ((28, 28, 512), (56, 56, 256)),
            "project branch 2: conv(512, 1, stride = 2, bias = false) -> bn",
        ),
        (((56, 56, 64), (56, 56, 256)), "project branch 2: conv(64, 1, bias = false) -> bn"),
        (
            ((55, 55, 64), (28, 28, 64)),
            "project branch 1: conv(64, 1, stride = 2, bias = false) -> bn",
        ),
        (((10, 5, 64), (5, 10, 64)), None),
        (
            ((7, 7, 64), (1, 1, 64)),
            "where branch 2 is meant everywhere: … -> expand([7, 7, 64])",
        ),
        (((1,), (64,)), "where branch 1 is meant everywhere: … -> expand(64)"),
        (((64,), (32,)), None),
    ],
)
def test_what_add_proposes_is_right(shapes, help):
    assert reject_merge("add", shapes).help == help
    if help is None:
        return
    if "expand" in help:
        branch = int(help.split()[2]) - 1
        expand = OPS["expand"].make({"like": shapes[1 - branch]})
        assert expand.output(shapes[branch]) == shapes[1 - branch]
        return
    branch = int(help.split()[2].rstrip(":")) - 1
    stride = 2 if "stride" in help else 1
    goal = shapes[1 - branch]
    conv = OPS["conv"].make({"filters": goal[2], "kernel": 1, "stride": stride})
    assert conv.output(shapes[branch]) == goal


def raised_at(reject: Reject) -> set[tuple[str, int]]:
    """File and line of the `raise` of a rejection and of those that it replaced."""
    places = set()
    error: BaseException | None = reject
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            places.add((Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno))
            trace = trace.tb_next
        error = error.__context__
    return places


def brought(*parameters: str) -> type[Brought]:
    """A layer that an author brings, of which nothing is said."""
    said = {name: parameter(has_default=False) for name in parameters}
    return type("mine", (Brought,), {"name": "mine", "parameters": said})


def test_every_raise_of_the_package_has_an_example():
    places: set[tuple[str, int]] = set()
    for name, arguments, *_ in ARGUMENTS:
        places |= raised_at(reject_argument(name, arguments))
    for name, arguments, x, *_ in SHAPES:
        places |= raised_at(reject_shape(name, arguments, x))
    for name, shapes, _ in MERGED:
        places |= raised_at(reject_merge(name, shapes))
    with pytest.raises(Reject, match="`std` is a positive number, not 0") as caught:
        initial("normal", {"std": 0})
    places |= raised_at(caught.value)
    with pytest.raises(Reject, match=r"`filters` is a number, .*, not a tensor") as caught:
        brought("filters").make({"filters": [1, object()]})
    places |= raised_at(caught.value)
    sites = {
        (path.name, node.lineno)
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
    }
    assert len(sites) > 30
    assert sorted(sites - places) == []
