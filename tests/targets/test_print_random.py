"""Random trees are printed as ruff leaves them, and read back as they were; large ones in time."""

import ast
import time
import warnings
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cnndsl.stack import deep_stack
from cnndsl.targets.python.module_tree import Function, Module
from cnndsl.targets.python.print import print_expression, print_module
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Item,
    Name,
    Return,
    Statement,
    Tuple,
    Unary,
)
from tests.targets.parse import parse_module
from tests.targets.trees import (
    assert_left_alone,
    expressions,
    module,
    modules,
    only_value,
    statements,
)

# Shrinking what takes a process to check takes minutes.
many = settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)


@many
@given(st.lists(expressions, min_size=1, max_size=40))
def test_expressions_are_left_alone_and_read_back(found: list[Expr]) -> None:
    text = print_module(Module("", (), tuple(Assign((Name("x"),), expr) for expr in found)))
    assert_left_alone(text)
    read = parse_module(text).body
    assert [line.value for line in read if isinstance(line, Assign)] == found


@many
@given(st.lists(expressions, min_size=1, max_size=10))
def test_an_expression_on_one_line_is_the_expression_on_several(found: list[Expr]) -> None:
    for expr in found:
        line = print_expression(expr)
        assert "\n" not in line
        assert only_value(f"x = {line}\n") == expr


@many
@given(st.lists(statements, min_size=1, max_size=12))
def test_statements_are_left_alone_and_read_back(found: list[Statement]) -> None:
    text = print_module(module(*found))
    assert_left_alone(text)
    (read,) = parse_module(text).body
    assert isinstance(read, Function)
    assert list(read.body) == found


@many
@given(modules)
def test_modules_are_left_alone(tree: Module) -> None:
    text = print_module(tree)
    assert_left_alone(text)
    with warnings.catch_warnings(action="ignore"):  # of an int that is called
        ast.parse(text)


# --- large trees ----------------------------------------------------------------------

NESTED: dict[str, Callable[[Expr], Expr]] = {
    "call": lambda e: Call(Name("f"), (e, Name("axis"))),
    "chain": lambda e: Call(e, (Constant(1),)),
    "methods": lambda e: Call(Attribute(e, "f"), (Constant(1),)),
    "item": lambda e: Item(e, Constant(1)),
    "attribute": lambda e: Attribute(e, "a"),
    "index": lambda e: Item(Name("x"), e),
    "sum": lambda e: Binary("+", e, Name("b")),
    "difference": lambda e: Binary("-", Name("b"), e),
    "power": lambda e: Binary("**", Name("b"), e),
    "sign": lambda e: Unary("-", e),
    "tuple": lambda e: Tuple((e, Name("b"))),
    "dict": lambda e: Dict(((Name("a"), e),)),
    "else": lambda e: Conditional(Name("a"), Name("b"), e),
    "then": lambda e: Conditional(e, Name("b"), Name("c")),
    "comprehension": lambda e: Comprehension("list", e, Name("a"), Name("b")),
}


def nested(kind: str, depth: int) -> Module:
    expr: Expr = Name("x")
    for _ in range(depth):
        expr = NESTED[kind](expr)
    return module(Assign((Name("x"),), expr), Return(expr))


@pytest.mark.parametrize("kind", NESTED)
def test_deep_expressions_are_printed_in_linear_time(kind: str) -> None:
    def seconds(depth: int) -> float:
        tree = nested(kind, depth)
        begin = time.process_time()
        print_module(tree)
        return time.process_time() - begin

    with deep_stack():
        few, many = (min(seconds(depth) for _ in range(3)) for depth in (225, 900))
    assert many < 9 * few + 0.1  # four times as much; squared, it would be sixteen times


def test_many_statements_are_printed_in_linear_time() -> None:
    def seconds(count: int) -> float:
        tree = module(*(Assign((Name(f"x{i}"),), Name("y")) for i in range(count)))
        begin = time.process_time()
        print_module(tree)
        return time.process_time() - begin

    few, many = (min(seconds(count) for _ in range(2)) for count in (5_000, 20_000))
    assert many < 9 * few + 0.1
