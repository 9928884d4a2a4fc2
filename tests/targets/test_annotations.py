"""The types that a module says, and the variables that get one each."""

import pytest

from cnndsl.targets.flax.shaping.annotations import annotate
from cnndsl.targets.flax.shaping.types import type_of
from cnndsl.targets.python.print import print_expression, print_module
from tests.targets.parse import parse_module

HEAD = """\
import math
from functools import partial

import jax
from flax import nnx

Conv = partial(nnx.Conv, use_bias=False)


class Unit(nnx.Module):
    pass


class Down(nnx.Module):
    pass


class Merge(nnx.Module):
    def __call__(self, x: jax.Array, skip: jax.Array) -> jax.Array:
        return x + skip


class Net(nnx.Module):
    depths = (2, 2)

    def __init__(self, classes: int, *, rngs: nnx.Rngs):
"""
CALL = """

    def __call__(self, x: jax.Array) -> jax.Array:
"""


def annotated(text: str) -> str:
    return print_module(annotate(parse_module(text)))


def lines(body: str, margin: int = 8) -> str:
    return "".join(f"{' ' * margin}{line}\n" for line in body.strip("\n").split("\n"))


# --- constructors ---------------------------------------------------------------------

CONSTRUCTORS = {
    "a list by what is appended": (
        """
self.units = nnx.List()
for i in range(3):
    self.units.append(Unit(3, rngs=rngs))
""",
        {"self.units = nnx.List()": "self.units: nnx.List[Unit] = nnx.List()"},
    ),
    "partials are the class they wrap": (
        """
conv = partial(Conv, rngs=rngs)
norm = partial(nnx.BatchNorm, rngs=rngs)
self.convs = nnx.List()
self.norms = nnx.List()
for i in range(3):
    self.convs.append(conv(3, 3, (1, 1)))
    self.norms.append(norm(3))
""",
        {
            "self.convs = nnx.List()": "self.convs: nnx.List[nnx.Conv] = nnx.List()",
            "self.norms = nnx.List()": "self.norms: nnx.List[nnx.BatchNorm] = nnx.List()",
        },
    ),
    "lists of lists": (
        """
self.stages = nnx.List()
for depth in self.depths:
    blocks = nnx.List()
    for i in range(depth):
        blocks.append(Unit(3, rngs=rngs) if i else Down(3, rngs=rngs))
    self.stages.append(blocks)
""",
        {
            "self.stages = ": "self.stages: nnx.List[nnx.List[Unit | Down]] = ",
            "blocks = nnx": "blocks: nnx.List[Unit | Down] = nnx",
        },
    ),
    "what stands for nothing": (
        """
self.units = nnx.List()
self.convs = nnx.List()
self.stages = nnx.List()
self.widths = nnx.List()
for i in range(3):
    blocks = nnx.List()
    if i > 0:
        self.units.append(Merge(3, rngs=rngs))
        self.convs.append(Conv(3, rngs=rngs))
        blocks.append(Unit(3, rngs=rngs))
        self.stages.append(blocks)
        self.widths.append(i)
    else:
        self.units.append(None)
        self.convs.append(None)
        self.stages.append(None)
        self.widths.append(None)
""",
        {
            "self.units = ": "self.units: nnx.List[Merge | None] = ",
            "self.convs = ": "self.convs: nnx.List[Callable[[jax.Array], jax.Array]] = ",
            "self.stages = ": "self.stages: nnx.List[nnx.List[Unit]] = ",
            "self.widths = ": "self.widths: nnx.List[int] = ",
            "    blocks = ": "    blocks: nnx.List[Unit] = ",
            "convs.append(None)": "convs.append(nnx.identity)",
            "stages.append(None)": "stages.append(nnx.List())",
            "widths.append(None)": "widths.append(0)",
            "import math\n": "import math\nfrom collections.abc import Callable\n",
        },
    ),
    "classes that differ": (
        """
self.a = nnx.List([Down(3), *(Unit() for _ in "ab")])
self.b = nnx.List([Unit(1), *(Unit(3) for _ in range(2))])
""",
        {"self.a = ": "self.a: nnx.List[Down | Unit] = "},
    ),
    "numbers that are kept": (
        """
self.widths = nnx.List()
for i, (width, scale) in enumerate(((64, 0.5), (128, 1.0))):
    self.widths.append(width * 2**i)
    self.widths.append(int(scale * width))
""",
        {"self.widths = ": "self.widths: nnx.List[int] = "},
    ),
    "a whole number that becomes a fraction": (
        """
width = 16
features = 3
for i in range(3):
    width += 48 / 3
    features = 2 * features
self.unit = Unit(int(width), features)
""",
        {"width = 16": "width: float = 16"},
    ),
    "a layer or nothing": (
        """
if classes > 10:
    self.head = nnx.Linear(3, classes)
else:
    self.head = nnx.Linear(3, classes) if classes else nnx.identity
""",
        {
            "    self.head = nnx.Linear(3, classes)\n": (
                "    self.head: Callable[[jax.Array], jax.Array] = nnx.Linear(3, classes)\n"
            ),
            "import math\n": "import math\nfrom collections.abc import Callable\n",
        },
    ),
    "a list that stays empty": (
        "self.units = nnx.List()",
        {"self.units = ": "self.units: nnx.List[nnx.Module] = "},
    ),
    "lists of a variable, one behind the other": (
        """
self.units = nnx.List()
self.downs = nnx.List()
for depth in self.depths:
    blocks = nnx.List()
    for i in range(depth):
        blocks.append(Unit(3, rngs=rngs))
    self.units.append(blocks)
    blocks = nnx.List()
    for i in range(depth):
        blocks.append(Down(3, rngs=rngs))
    self.downs.append(blocks)
""",
        {
            "self.units = ": "self.units: nnx.List[nnx.List[Unit]] = ",
            "self.downs = ": "self.downs: nnx.List[nnx.List[Down]] = ",
            "    blocks = nnx.List()\n            for i in range(depth):\n                blocks"
            ".append(Unit": "    units: nnx.List[Unit] = nnx.List()\n            for i in "
            "range(depth):\n                units.append(Unit",
            "self.units.append(blocks)": "self.units.append(units)",
            "    blocks = nnx.List()\n            for i in range(depth):\n                blocks"
            ".append(Down": "    downs: nnx.List[Down] = nnx.List()\n            for i in "
            "range(depth):\n                downs.append(Down",
            "self.downs.append(blocks)": "self.downs.append(downs)",
        },
    ),
}


@pytest.mark.parametrize(("body", "changes"), CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_a_constructor_says_the_types_that_nothing_else_says(
    body: str, changes: dict[str, str]
) -> None:
    text = HEAD + lines(body)
    wanted = text
    for old, new in changes.items():
        assert wanted.count(old) == 1
        wanted = wanted.replace(old, new)
    assert annotated(text) == wanted
    assert annotated(wanted) == wanted


# --- calls ----------------------------------------------------------------------------


def called(body: str, init: str = "") -> str:
    """What becomes of the statements of a call."""
    start = """
self.units = nnx.List(Unit(3) for _ in range(2))
self.downs = nnx.List(Down(3) for _ in range(2))
self.mixed: nnx.List[Down | Unit] = nnx.List([Down(3), Unit(3)])
self.stages = nnx.List(nnx.List(Unit(3) for _ in range(2)) for _ in range(2))
"""
    text = HEAD + lines(start) + CALL + lines(body)
    return annotated(text).split(CALL)[1]


def test_loops_over_one_class_keep_their_variable() -> None:
    body = """
for block in self.units:
    x = block(x)
for blocks in self.stages:
    for block in blocks:
        x = block(x)
return x
"""
    assert called(body) == lines(body)


def test_loops_over_several_classes_have_a_variable_each() -> None:
    body = """
for block in self.units:
    x = block(x)
for block in self.downs:
    x = block(x)
for block in self.mixed:
    x = block(x)
return x
"""
    wanted = """
for unit in self.units:
    x = unit(x)
for down in self.downs:
    x = down(x)
for block in self.mixed:
    x = block(x)
return x
"""
    assert called(body) == lines(wanted)


def test_variables_with_numbers_are_renamed_together() -> None:
    body = """
for block, block2 in zip(self.units, self.units, strict=True):
    x = block2(block(x))
for block in self.downs:
    x = block(x)
return x
"""
    wanted = """
for unit, unit2 in zip(self.units, self.units, strict=True):
    x = unit2(unit(x))
for down in self.downs:
    x = down(x)
return x
"""
    assert called(body) == lines(wanted)


def test_an_argument_keeps_its_name() -> None:
    text = HEAD + lines(
        "features = classes + 1\nclasses = (features, 1)\nself.a = Unit(classes[0])"
    )
    wanted = text.replace("classes = ", "classes2 = ").replace("classes[0]", "classes2[0]")
    assert annotated(text) == wanted


# --- variables that are set wherever they are read ---------------------------------------


def test_a_value_that_a_condition_names_is_written_out() -> None:
    body = """
if classes:
    features = 768
    size = classes
    self.a = Unit(features)
self.b = Down(3)
if classes:
    self.c = Unit(features, size)
"""
    wanted = """
if classes:
    self.a = Unit(768)
self.b = Down(3)
if classes:
    self.c = Unit(768, classes)
"""
    assert annotated(HEAD + lines(body)) == HEAD + lines(wanted)


def test_a_value_that_changes_keeps_its_name() -> None:
    body = """
features = 3
if classes:
    size = features
features = classes
if classes:
    self.c = Unit(features, size)
"""
    assert annotated(HEAD + lines(body)) == HEAD + lines(body)


def test_what_a_loop_carries_begins_before_it() -> None:
    body = """
for i in range(2):
    self.a = Unit(i)
self.b = Unit(i)
"""
    wanted = "i = 0  # until the loop sets it\n" + body.strip()
    assert annotated(HEAD + lines(body)) == HEAD + lines(wanted)
    body = """
for i, block in enumerate(self.units):
    x = block(x)
    total = total + x if i > 0 else x
return total
"""
    assert called(body) == lines("total = x  # until the loop sets it\n" + body.strip())


def test_a_variable_of_every_branch_is_set() -> None:
    body = """
if classes > 10:
    features = 3
elif classes:
    features = 4
else:
    features = 5
sizes = [size for size in (1, 2)]
self.b = Unit(features, sizes)
"""
    assert annotated(HEAD + lines(body)) == HEAD + lines(body)


@pytest.mark.parametrize("scaled", ["self.beta * y", "y / 2", "0.5 + y", "y**2 - 1"])
def test_numbers_and_arrays_give_arrays(scaled: str) -> None:
    body = f"""
self.beta = 0.3
y = x
for block in self.units:
    z = block(x)
    z = {scaled}
    y = y + z
return y
"""
    assert called(body) == lines(body)


def test_a_plain_module_gets_annotations_alone() -> None:
    body = """
self.units = nnx.List()
for i in range(2):
    self.units.append(Unit(3) if i else None)
self.b = Unit(i)
"""
    text = HEAD + lines(body)
    wanted = text.replace("self.units = ", "self.units: nnx.List[Unit | None] = ")
    assert print_module(annotate(parse_module(text), plain=True)) == wanted


# --- class attributes, functions --------------------------------------------------------


def test_a_base_says_the_types_that_its_variants_change() -> None:
    text = """\
class Net(nnx.Module):
    depths = (2, 2)
    widths = (64, 128)
    rows = ((1, 0.5), (2, 0.5))
    drop = None
    deep = False


class Larger(Net):
    depths = (3, 4, 6)
    widths = (128, 256)
    rows = ((1, 0.5),)
    drop = 0.5
    deep = True
"""
    wanted = text.replace("depths = (2", "depths: tuple[int, ...] = (2")
    wanted = wanted.replace(
        "rows = ((1, 0.5), ", "rows: tuple[tuple[int, float], ...] = ((1, 0.5), "
    )
    wanted = wanted.replace("drop = None", "drop: float | None = None")
    assert annotated(text) == wanted


def test_functions_of_whole_numbers_say_so() -> None:
    text = """\
def down(c: float, to: float) -> float:
    return max(to, int(c + to / 2) // to * to)


def near(c: float, to: float = 8, least: float | None = None) -> float:
    least = to if least is None else least
    return down(c, to) + least


def half(c: float) -> float:
    return c / 2


def first(widths: float = (5,)) -> float:
    return widths[0]


def unused(c: float) -> float:
    return c


class Net(nnx.Module):
    def __init__(self, width: float = 1.0, stride: tuple[int, int] = 1):
        self.features = near(32 * width)
        self.sizes = [half(i) for i in range(3)]
        self.width = first((1, 2))
"""
    wanted = text.replace(
        "def down(c: float, to: float) -> float", "def down(c: float, to: int) -> int"
    )
    wanted = wanted.replace(
        "def near(c: float, to: float = 8, least: float | None = None) -> float",
        "def near(c: float, to: int = 8, least: int | None = None) -> int",
    )
    wanted = wanted.replace("stride: tuple[int, int] = 1", "stride: tuple[int, int] | int = 1")
    wanted = wanted.replace("def half(c: float)", "def half(c: int)")
    wanted = wanted.replace(
        "def first(widths: float = (5,)) -> float",
        "def first(widths: tuple[int, ...] = (5,)) -> int",
    )
    assert annotated(text) == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2], "int"),
        ([1, None], "int | None"),
        ([1, 0.5], "float"),
        (["SAME", ((1, 1), (0, 0))], "str | tuple[tuple[int, int], ...]"),
        ([(2, 2), (3, 3)], "tuple[int, int]"),
        ([(3, 4, 6, 3)], "tuple[int, ...]"),
        ([(1, 2, 3), (1,)], "tuple[int, ...]"),
        ([(1, 2), ()], "tuple[int, ...]"),
        ([()], "tuple"),
        ([((3, "a", True), (2, "b", False))], "tuple[tuple[int, str, bool], ...]"),
        ([((1, (2, 2)), (2, 3))], "tuple[tuple[int, tuple[int, int] | int], ...]"),
        ([((64, 0.5), (32, 0.5)), ((1, 0.5),)], "tuple[tuple[int, float], ...]"),
        ([(0.1, 1, 0.3)], "tuple[float, ...]"),
        ([None], "None"),
    ],
)
def test_one_type_fits_all_values(values: list[object], wanted: str) -> None:
    assert print_expression(type_of(values)) == wanted


# --- layers that classes hold ---------------------------------------------------------

HELD = """\
from collections.abc import Callable

from flax import nnx


class Base(nnx.Module):
    {declared}


class Relu(Base):
    act = staticmethod(nnx.relu)
"""


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("act = staticmethod(nnx.gelu)", "    act: Callable = staticmethod(nnx.gelu)\n"),
        ("act: Callable = None", "    act: Callable\n"),
        ("width = 3", "    width = 3\n"),
    ],
)
def test_a_layer_of_a_class_is_any_layer_of_variants(declared: str, expected: str):
    assert expected in annotated(HELD.format(declared=declared))


def test_what_a_branch_of_a_call_sets_begins_before_it() -> None:
    body = """
if self.deep:
    y = self.conv(x)
x = self.norm(x)
if self.deep:
    x = x + y
return x
"""
    assert called(body) == lines("y = x  # until a branch sets it\n" + body.strip())
