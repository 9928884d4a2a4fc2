"""Random trees of every kind of node, and what ruff makes of a text."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st
from ruff import find_ruff_bin

from cnndsl.targets.python.module_tree import Class, Frozen, Function, Import, Module, Parameter
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Binary,
    Blank,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Declare,
    Dict,
    Do,
    Expr,
    For,
    Formatted,
    If,
    Item,
    Keyword,
    ListOf,
    Name,
    Pass,
    Remark,
    Return,
    Slice,
    Star,
    Statement,
    Tuple,
    Unary,
)
from tests.targets.parse import parse_module

# The installed ruff, and another version where CNNDSL_SECOND_RUFF names its binary.
RUFFS = [find_ruff_bin(), *filter(None, [os.environ.get("CNNDSL_SECOND_RUFF")])]


def formatted(text: str, ruff: str) -> str:
    command = [ruff, "format", "--isolated", "--stdin-filename", "module.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def module(*statements: Statement) -> Module:
    return Module("", (), (Function("f", (), None, statements),))


def only_value(text: str) -> Expr:
    """The value of `x = …`, however it is written."""
    (definition,) = parse_module(text).body
    assert isinstance(definition, Assign)
    return definition.value


def assert_left_alone(text: str) -> None:
    for ruff in RUFFS:
        assert formatted(text, ruff) == text


# --- random trees ---------------------------------------------------------------------

WORDS = ["x", "h2", "self", "features", "bottleneck_features", "a_rather_long_name_of_something"]
STRINGS = [
    *("", "SAME", "it's", 'say "x"', "'\"", "tab\t\n", "back\\slash", "{}", "# no comment"),
    *("×…é", "漢字" * 6, "e\u0301\U0001f600\u200b", "\x00\x7f\ud800", "y" * 90, ".x" * 60),
]
NUMBERS = [0, 1, 64, 10**30, 0.5, 1e-3, 1.001e-5, 0.0099, 3.0, 1e16, 1.5e300]
OPERATORS = [
    *("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">="),
    *("is", "is not", "in", "not in", "and", "or", "|"),
]

names = st.sampled_from(WORDS).map(Name)
constants = st.one_of(
    st.sampled_from([*NUMBERS, True, False, None, ..., *STRINGS]).map(Constant),
    st.integers(1000, 10**9).map(lambda value: Constant(value, grouped=True)),
)


def tuples(items: st.SearchStrategy[Expr], least: int = 0) -> st.SearchStrategy[Expr]:
    return st.lists(items, min_size=least, max_size=4).map(lambda found: Tuple(tuple(found)))


def larger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Expressions of every kind, made of `inner` ones."""
    items = st.one_of(inner, inner, inner, inner.map(Star))
    slices = st.builds(Slice, *[st.none() | inner] * 3)
    pairs = st.tuples(st.none() | inner | inner, inner)
    words = st.lists(st.tuples(st.none() | st.sampled_from(WORDS), inner), max_size=4)
    calls = st.builds(
        lambda function, args, words: Call(
            function,
            tuple(args),
            tuple(Keyword(n and f"{n}{i}", v) for i, (n, v) in enumerate(words)),
        ),
        inner,
        st.lists(items, max_size=4),
        words,
    )
    several = st.lists(slices | inner, min_size=2, max_size=3).map(lambda i: Tuple(tuple(i)))
    return st.one_of(
        calls,
        calls,
        st.builds(Attribute, inner, st.sampled_from(WORDS)),
        st.builds(Item, inner, st.one_of(inner, slices, several)),
        tuples(items),
        st.lists(items, max_size=4).map(lambda found: ListOf(tuple(found))),
        st.lists(pairs, max_size=4).map(lambda found: Dict(tuple(found))),
        st.builds(Unary, st.sampled_from(["-", "+", "not"]), inner),
        st.builds(Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(Conditional, inner, inner, inner),
        st.builds(Comprehension, st.sampled_from(["generator", "list"]), inner, targets(), inner),
        st.builds(Comprehension, st.just("dict"), inner, targets(), inner, inner),
        st.lists(names | st.sampled_from(["{", "'", '"', "layer"]), max_size=3).map(joined),
    )


def joined(parts: Sequence[str | Expr]) -> Formatted:
    """An f-string, with no two texts behind one another."""
    found: list[str | Expr] = []
    for part in parts:
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return Formatted(tuple(found))


def targets() -> st.SearchStrategy[Expr]:
    return st.recursive(names, lambda inner: tuples(inner, 1), max_leaves=4)


expressions = st.recursive(names | constants, larger, max_leaves=25)
small = st.recursive(names | constants, larger, max_leaves=4)
TYPES = [
    *("int", "nnx.Rngs", "tuple[int, ...]", "jax.Array | None", "nnx.List[nnx.List[Unit]]"),
    "nnx.List[nnx.List[ResidualBottleneckOfANetwork | ResidualShortcutOfANetwork | None]]",
]
types = st.sampled_from(TYPES).map(lambda text: only_value(f"x = {text}\n"))
bound = st.one_of(
    targets(),
    st.builds(Attribute, names, st.sampled_from(WORDS)),
    st.builds(Item, small, small),
    st.builds(Attribute, st.builds(Item, names, small), st.sampled_from(WORDS)),
)
places = st.builds(Attribute, names, st.sampled_from(WORDS)) | st.builds(Item, small, small)
comments = st.sampled_from(
    ["", "", "(N, 56, 56, 64)", "a long comment " * 4 + "ends", "noqa: E501"]
)
assigns = st.builds(
    Assign, st.lists(bound, min_size=1, max_size=3).map(tuple), expressions, comments
)
annotated = st.builds(
    lambda target, kind, value, comment: Assign((target,), value, comment, kind),
    names | st.builds(Attribute, names, st.sampled_from(WORDS)),
    types,
    expressions,
    comments,
)
declared = st.builds(Declare, st.sampled_from(WORDS), types)
declares = declared | st.builds(Declare, st.sampled_from(WORDS), types, expressions)


def readable(statement: Assign) -> Assign:
    """Without the comment that may go into parentheses, where nothing reads it back."""
    is_word = isinstance(statement.value, Name | Constant | Formatted)
    return replace(statement, comment="") if is_word else statement


plain: st.SearchStrategy[Statement] = st.one_of(
    assigns.map(readable),
    assigns.map(readable),
    annotated.map(readable),
    declared,
    st.builds(Augment, names | places, st.sampled_from(["+", "//", "**"]), expressions),
    st.builds(Do, st.builds(Call, expressions, st.lists(small, max_size=3).map(tuple))),
    st.builds(Return, expressions),
    st.just(Pass()),
)
unsaid: st.SearchStrategy[Statement] = st.sampled_from(
    [Blank(), Remark("a remark\n\n  of three lines")]
)


def blocks(inner: st.SearchStrategy[Statement], least: int) -> st.SearchStrategy[Statement]:
    body = st.lists(inner, min_size=least, max_size=3).map(tuple)
    other = st.lists(inner, max_size=2).map(tuple)
    return st.builds(If, expressions, body, other) | st.builds(For, targets(), expressions, body)


statements: st.SearchStrategy[Statement] = st.recursive(
    plain, lambda inner: blocks(inner, 1), max_leaves=6
)
lines: st.SearchStrategy[Statement] = st.recursive(
    st.one_of(plain, assigns, annotated, unsaid), lambda inner: blocks(inner, 0), max_leaves=6
)
docs = st.sampled_from(
    ["", "One line.", "Two\n\n  lines\n    of it", '"a" b', "a\\", 'a"""b\nc"', "\x01\n   indented"]
)


@st.composite
def functions(draw: st.DrawFn) -> Function:
    count = draw(st.integers(0, 5))
    stars = draw(st.sampled_from([0, 0, 1, 2]))
    found = [
        Parameter(f"{draw(st.sampled_from(WORDS))}{i}", draw(st.none() | types))
        for i in range(count)
    ]
    if stars:
        found.append(Parameter("", star="*"))
        found.append(Parameter("key", draw(st.none() | types), draw(st.none() | small)))
    if stars == 2:
        found.append(Parameter("dtypes", draw(st.none() | types), star="**"))
    body: tuple[Statement, ...] = tuple(draw(st.lists(lines, max_size=4)))
    return Function("call", tuple(found), draw(st.none() | types | small), body, draw(docs))


fields = st.builds(Assign, names.map(lambda name: (name,)), small, comments)
classes = st.builds(
    Class,
    st.just("Block"),
    types | small,
    st.lists(fields | declares, max_size=3).map(tuple),
    st.lists(functions(), max_size=3).map(tuple),
    docs,
)
rows = st.lists(tuples(st.integers(0, 999).map(Constant), 1), min_size=1, max_size=3).map(tuple)
definitions = st.one_of(
    st.builds(Assign, st.sampled_from([(Name("TABLE"),), (Name("conv"),)]), expressions, comments),
    st.builds(Frozen, st.just("CODES"), rows),
    functions(),
    classes,
)
IMPORTS = (
    Import("math", "math"),
    Import("functools", "partial", is_from=True),
    Import("jax", "jax"),
    Import("jax.numpy", "jnp"),
    Import("flax.nnx", "Conv", is_from=True),
    Import("flax.nnx", "Linear", is_from=True),
)
some_imports = st.lists(st.sampled_from(IMPORTS), unique=True).map(
    lambda found: tuple(sorted(found, key=IMPORTS.index))
)
modules = st.builds(Module, docs, some_imports, st.lists(definitions, max_size=4).map(tuple))
