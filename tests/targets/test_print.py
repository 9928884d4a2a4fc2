"""The printer of trees: what it prints is what ruff leaves as it is, and reads back as the tree."""

import ast
from pathlib import Path

import pytest

from cnndsl.targets.python.module_tree import Class, Frozen, Function, Import, Module
from cnndsl.targets.python.print import print_expression, print_module
from cnndsl.targets.python.tree import (
    Assign,
    Blank,
    Call,
    Constant,
    Do,
    Expr,
    Formatted,
    If,
    Item,
    Name,
    Pass,
    Remark,
    Return,
    Statement,
    Tuple,
)
from tests.targets.parse import parse_module
from tests.targets.trees import IMPORTS, assert_left_alone, module, only_value

ROOT = Path(__file__).parents[2]
MODULES = [*sorted(ROOT.glob("generated/*.py")), *sorted(ROOT.glob("tests/golden/*/module.py"))]


def printed(*statements: Statement) -> str:
    """The statements as they stand in a function, without its margin."""
    lines = print_module(module(*statements)).split("\n")[1:-1]
    return "\n".join(line.removeprefix("    ") for line in lines)


# --- what is committed ----------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_generated_module_is_printed_as_it_was_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert print_module(parse_module(text)) == text


# --- literals -------------------------------------------------------------------------

LITERALS: list[tuple[Constant, str]] = [
    (Constant(0.5), "0.5"),
    (Constant(1e-3), "1e-3"),
    (Constant(1.001e-5), "1.001e-5"),
    (Constant(0.0125), "0.0125"),
    (Constant(1e16), "1e16"),
    (Constant(3.0), "3.0"),
    (Constant(-2.5e-8), "-2.5e-8"),
    (Constant(float("inf")), "1e999"),
    (Constant(11_689_512), "11689512"),
    (Constant(11_689_512, grouped=True), "11_689_512"),
    (Constant(True), "True"),
    (Constant(...), "..."),
    (Constant("SAME"), '"SAME"'),
    (Constant('say "x"'), "'say \"x\"'"),
    (Constant("'\""), '"\'\\""'),
    (Constant("\\\n\x00\u2028"), r'"\\\n\x00\u2028"'),
    (Constant("×…"), '"×…"'),
]


@pytest.mark.parametrize(("constant", "text"), LITERALS, ids=[text for _, text in LITERALS])
def test_a_literal_reads_as_a_programmer_writes_it(constant: Constant, text: str) -> None:
    assert print_expression(constant) == text
    assert ast.literal_eval(text) == constant.value


def test_an_int_of_more_digits_than_python_reads_is_hexadecimal() -> None:
    text = print_expression(Constant(16**5000))
    assert text == "0x1" + "0" * 5000


@pytest.mark.parametrize(
    "expr",
    [
        Constant(float("nan")),
        Formatted((Item(Name("x"), Constant("it's")),)),
        Formatted((Item(Name("x"), Constant("a\nb")),)),
        Formatted((Formatted((Constant("x"), Constant("y"))), Formatted((Formatted(()),)))),
    ],
)
def test_what_python_cannot_spell_is_a_value_error(expr: Expr) -> None:
    with pytest.raises(ValueError):
        print_expression(expr)


# --- parentheses and spaces -----------------------------------------------------------

CANONICAL = [
    *("a - (b - c)", "a - b - c", "(a + b) * c", "a or (b or c)", "not (a and b)", "(not a) == b"),
    *("-(x**2)", "(-x) ** 2", "64 * 2**i", "x.y**-n", "f(x) ** 2", "a**b**c", "(a**b) ** c"),
    *(
        "a if b else c if d else e",
        "(a if b else c).d",
        "a if (b if c else d) else e",
        "(a | b)[0]",
    ),
    *("(1).real", "(-1).real", "-1 % 3", "not a in b", "a is not b", "a not in (b == c)"),
    *("x[:, ::2]", "x[1 : n - 1]", "x[f() :]", "x[-1:]", "x[: n + 1, 0]", "x[()]", "x[(1,)]"),
    *("x[::2]", "x[a : b : c + 1]", "x[1:2,]", "x[(*a, 0)]", "f(*(a or b), **(c or d))"),
    *("sum(f(x) for x in xs)", "f((x for x in xs), 1)", "[a for i, (b, c) in d]", "(x,)", "()"),
    *('{**a, "b": c}', "{k: v for k in (a if b else c)}", "[i for i in (a, b)]", "x if y else -z"),
    *('f"layer{i + 1}"', "f\"{x['key']}{{}}\"", 'f"{ {a: b} }"', "f'\"{x}'"),
]


@pytest.mark.parametrize("text", CANONICAL)
def test_an_expression_has_the_parentheses_and_spaces_it_needs(text: str) -> None:
    assert print_expression(only_value(f"x = {text}\n")) == text


# --- lines too long -------------------------------------------------------------------

BROKEN = {
    "arguments on a line of their own": """
    self.reduction_cell = reduction_cell(
        self.stem_filters, None, filters // 4, name_of_the_cell
    )
""",
    "arguments on a line each": """
    self.stem_reduction_cell = reduction_cell(
        self.stem_filters_of_the_network,
        previous_features,
        filters=filters // 4,
        reduce=True,
    )
""",
    "a condition in parentheses": """
    self.head_dense = (
        nnx.Linear(self.penultimate, classes, **kinds) if classes else nnx.identity
    )
""",
    "operators of the lowest rank": """
    features = (
        first_branch_filters * second_branch_filters
        + third_branch_filters * fourth_branch_filters
        + pool_projection_filters
    )
""",
    "the last brackets of one operator": """
    features = first_branch_filters + jnp.concatenate(
        [first_branch, second_branch, third_branch]
    )
""",
    "a comprehension": """
    self.units = nnx.List(
        [
            Unit(features_of_the_unit, features_of_the_unit, stride=1, **kinds)
            for features_of_the_unit in self.features_of_the_units
        ]
    )
""",
    "a fluent chain": """
    x = (
        self.convolution(features)
        .reshape(batch_size, height, width, channels)
        .mean(axis=(1, 2), keepdims=True)
    )
""",
    "targets before their values": """
    features, previous_features = (
        4 * 2 * filters,
        6 * filters if not self.skip else previous_features_of_all,
    )
""",
    "a value that no line holds": """
    out["a_rather_long_name_of_an_endpoint"] = (
        self.features_of_the_network_that_has_a_long_name
    )
""",
    "a call behind a target in brackets": """
    out["a_rather_long_name_of_an_endpoint"] = self.stage(
        features_of_the_network, training=training
    )
""",
    "a type that leaves its value no room": """
    self.auxiliary_classifiers: nnx.List[nnx.List[AuxiliaryClassifier | None]] = (
        nnx.List()
    )
""",
    "a type with brackets that no line holds": """
    self.classifiers: nnx.List[
        AuxiliaryClassifier | ResidualBottleneckOfANetwork | ResidualShortcutOfANetwork
    ] = nnx.List()
""",
    "a comment that takes room": """
    x = self.reduction_cell1(
        self.features, previous_features
    )  # (N, 56, 56, 64), then (N, 28, 28, 64)
""",
    "a result": """
    return self.first_branch(features_of_the_network), self.second_branch(
        features_of_the_network
    )
""",
    "a test": """
    if (
        features_of_the_network == filters_of_the_network
        and stride_of_the_first_convolution == 1
    ):
        pass
""",
    "what a loop goes through": """
    for width, (stride, repeats) in zip(
        self.widths_of_the_stages, self.strides_and_repeats, strict=True
    ):
        pass
""",
    "a picture in rows": """
    CODES = (
        (
            ".........xxx...x...x.x.....xx.....xx.....x"
            "x.....xx.....xx.....x.x...x...xxx........."
        ),
        "x.x",
    )
""",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_does_not_fit_is_broken(text: str) -> None:
    text = "def f():" + text.rstrip() + "\n"
    tree = parse_module(text)
    assert print_module(tree) == text
    assert_left_alone(text)


HEADERS = """\
class Block(nnx.Module):
    def short(self):
        pass

    def parameters_on_one_line(
        self, in_features: int, filters: int, *, rngs: nnx.Rngs, **dtypes: DTypeLike
    ):
        pass

    def parameters_on_a_line_each(
        self,
        in_features: int,
        filters: int = 64,
        *,
        rngs: nnx.Rngs,
        param_dtype: DTypeLike = jnp.float32,
    ) -> jax.Array:
        pass

    def a_long_result(
        self,
    ) -> dict[str, tuple[jax.Array, jax.Array, jax.Array]] | tuple[jax.Array, ...]:
        pass
"""


def test_a_header_that_does_not_fit_is_broken() -> None:
    assert print_module(parse_module(HEADERS)) == HEADERS
    assert_left_alone(HEADERS)


# --- what stands below one another ----------------------------------------------------


def test_empty_lines_stand_alone_and_only_between_statements() -> None:
    x = Do(Call(Name("x")))
    assert printed(Blank(), x, Blank(), Blank(), x, Blank()) == "x()\n\nx()"
    assert printed(If(Name("a"), (Blank(), x, Blank()), (Blank(),)), x) == (
        "if a:\n    x()\nelse:\n    pass\nx()"
    )


def test_a_block_without_statements_passes() -> None:
    assert printed() == "pass"
    assert printed(Remark("nothing")) == "# nothing\npass"
    assert print_module(Module("", (), (Class("A", Name("B")),))) == "class A(B):\n    pass\n"


def test_an_if_alone_in_what_is_otherwise_is_an_elif() -> None:
    inner = If(Name("b"), (Pass(),), (Return(Name("c")),))
    assert printed(If(Name("a"), (Pass(),), (inner,))) == (
        "if a:\n    pass\nelif b:\n    pass\nelse:\n    return c"
    )
    assert "else:\n    if b:" in printed(If(Name("a"), (Pass(),), (inner, Pass())))


def test_a_comment_cannot_end_its_line() -> None:
    line = printed(Assign((Name("x"),), Name("y"), "one\ntwo\x00"))
    assert line == "x = y  # one two"
    assert printed(Remark("a\n\nb\r"), Pass()) == "# a\n#\n# b\npass"


def test_a_comment_goes_into_the_parentheses_of_what_nothing_can_break() -> None:
    name = "a_rather_long_name_of_the_features_of_something_else_there"
    note = "(N, 56, 56, 64)"
    text = print_module(module(Assign((Name("shortcut"),), Name(name), note)))
    assert text == f"def f():\n    shortcut = (\n        {name}  # {note}\n    )\n"
    assert_left_alone(text)


DOCS = {
    "One line.": '"""One line."""',
    "  One line. \n": '"""One line."""',
    "Two\n\n    of\n      them": '"""Two\n\n    of\n      them\n    """',
    "Two\nof them": '"""Two\n    of them\n    """',
    'ends\\\\"': '"""ends\\\\\\\\\\""""',
    'two\nand "this"': '"""two\n    and "this"\n    """',
    'of "this"': '"""of "this\\""""',
    '"this" one': '""" "this" one"""',
    'three """': '"""three \\"\\"\\""""',
    "a \\": '"""a \\\\"""',
    "a\x00\tb": '"""a\\x00      b"""',
}


@pytest.mark.parametrize("doc", DOCS, ids=repr)
def test_a_docstring_is_escaped_and_indented(doc: str) -> None:
    text = print_module(Module("", (), (Function("f", (), None, (), doc),)))
    assert text == f"def f():\n    {DOCS[doc]}\n"
    assert_left_alone(text)


def test_definitions_stand_apart_and_constants_together() -> None:
    table = Frozen("CODES", (Tuple(tuple(map(Constant, range(30)))), Tuple((Constant(1),))))
    tree = Module(
        "A module.",
        IMPORTS,
        (
            Assign((Name("SHAPE"),), Constant(1)),
            table,
            Assign((Name("NUM"),), Constant(2), "of them"),
            Assign((Name("conv"),), Name("a")),
            Remark("About this function."),
            Function("f", (), None, ()),
            Assign((Name("norm"),), Name("b")),
        ),
    )
    text = print_module(tree)
    assert text == SPACED
    assert_left_alone(text)
    assert parse_module(text).body[:2] == tree.body[:2]


SPACED = """\
\"""A module.\"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from flax.nnx import Conv, Linear

SHAPE = 1
# fmt: off
CODES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29),
    (1,),
)
# fmt: on
NUM = 2  # of them


conv = a


# About this function.
def f():
    pass


norm = b
"""


def test_names_of_a_module_that_do_not_fit_stand_on_a_line_each() -> None:
    found = tuple(Import("jax.numpy", f"some_long_name_{i}", is_from=True) for i in range(5))
    text = print_module(Module("", found))
    assert text.startswith("from jax.numpy import (\n    some_long_name_0,\n")
    assert_left_alone(text)
