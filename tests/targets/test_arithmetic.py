"""Sums and products of the module's numbers: shorter, and the same numbers."""

from __future__ import annotations

from random import Random

import pytest

from cnndsl.targets.python.arithmetic import binary, unary
from cnndsl.targets.python.evaluate import evaluate
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.tree import Assign, Binary, Constant, Expr, Name, Unary
from tests.targets.parse import parse_module

NAMES = {"i": 3, "s": 5, "width": 7, "n": -2}


def simplified(expr: Expr) -> Expr:
    if isinstance(expr, Unary):
        return unary(expr.op, simplified(expr.operand))
    if not isinstance(expr, Binary):
        return expr
    return binary(expr.op, simplified(expr.left), simplified(expr.right))


def parsed(text: str) -> Expr:
    (line,) = parse_module(f"value = {text}\n").body
    assert isinstance(line, Assign)
    return line.value


@pytest.mark.parametrize(
    ("written", "shorter"),
    [
        ("i * s - (i - 1) * s", "s"),
        ("2 * (i + s) - 2 * i", "2 * s"),
        ("(i + 1) * (s + 1) - i * s", "i + s + 1"),
        ("s * 2 + s * 3", "5 * s"),
        ("(s + 1) * 2 - 2", "2 * s"),
        ("(i - 1) * s - i * s", "-1 * s"),
        ("(i + 1) * (i - 1) - i * i", "-1"),
        ("i * s - s * i", "0"),
        ("(i + 1) * s", "(i + 1) * s"),
        ("i * s + s", "i * s + s"),
        ("i + -1", "i - 1"),
        ("i - -2", "i + 2"),
        ("0.5 * i - (0.5 - 1) * i", "0.5 * i - (0.5 - 1) * i"),
    ],
)
def test_like_terms_come_together(written: str, shorter: str):
    assert print_expression(simplified(parsed(written))) == shorter


def test_the_number_stays_what_it_is():
    random = Random(0)

    def expression(depth: int) -> Expr:
        if depth == 0 or random.random() < 0.2:
            is_name = random.random() < 0.7
            return Name(random.choice([*NAMES])) if is_name else Constant(random.randint(-3, 3))
        op = random.choice("+-*")
        return Binary(op, expression(depth - 1), expression(depth - 1))

    for _ in range(1_000):
        expr = expression(4)
        assert evaluate(simplified(expr), NAMES) == evaluate(expr, NAMES)
