"""Depth and size: legal specs parse fast, the others end in a diagnostic."""

from __future__ import annotations

import time

import pytest

from cnndsl.source import Source
from cnndsl.syntax.parser import parse


def nested(opener: str, inner: str, closer: str, levels: int) -> str:
    return opener * levels + inner + closer * levels


def code(statement: str) -> str | None:
    """The code of the first error of a statement."""
    _, diagnostics = parse(Source("test.cnn", f"block a() {{\n{statement}\n}}\n"))
    return diagnostics[0].code if diagnostics else None


SHAPES = {
    "parentheses": lambda n: "let x = " + nested("(", "1", ")", n),
    "lists": lambda n: "let x = " + nested("[", "1", "]", n),
    "calls": lambda n: "let x = " + nested("f(", "1", ")", n),
    "sums of parentheses": lambda n: "let x = " + nested("1 + (", "1", ")", n),
    "groups": lambda n: nested("{", "relu", "}", n),
    "merges": lambda n: nested("add [", "relu", "]", n),
    "conditions": lambda n: nested("if a {", "relu", "}", n),
    "loops": lambda n: nested("for i in x {", "relu", "}", n),
    "a sum": lambda n: "let x = a" + " + a" * (n - 1),
    "powers": lambda n: "let x = a" + " ** a" * (n - 1),
    "conditionals": lambda n: "let x = a" + " if a else a" * (n - 1),
    "negations": lambda n: "let x = " + "not " * (n - 1) + "a",
    "signs": lambda n: "let x = " + "-" * (n - 1) + "1",
    "indices": lambda n: "let x = a" + "[0]" * (n - 1),
    "attributes": lambda n: "let x = a" + ".b" * (n - 1),
    "counts": lambda n: "relu" + " * 2" * (n - 1),
    "arguments": lambda n: "conv(a" + " + a" * (n - 1) + ")",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_nesting_of_a_thousand_is_legal(shape):
    assert code(SHAPES[shape](1_000)) is None


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("levels", [1_100, 30_000])
def test_deeper_nesting_is_an_error(shape, levels):
    assert code(SHAPES[shape](levels)) == "E008"


def test_depth_of_brackets_and_operators_adds_up():
    within = "a" + " + a" * 500
    for _ in range(3):
        within = f"({within}) " + " + a" * 500
    assert code(f"let x = {within}") == "E008"


def test_hopeless_input_ends_early():
    started = time.process_time()
    assert code("let x = a" + "+a" * 2_000_000) == "E008"
    assert code("(" * 4_000_000) == "E015"
    assert code("let x = " + "[" * 4_000_000) == "E008"
    assert time.process_time() - started < 10  # of the processor


@pytest.mark.parametrize("separator", [" -> ", "\n"])
def test_a_chain_of_20000_ops_parses_fast(separator):
    started = time.process_time()
    assert code(separator.join(["conv(64, 3)"] * 20_000)) is None
    assert time.process_time() - started < 10  # of the processor; about 0.5 s are enough


def test_else_ifs_do_not_nest():
    assert code("if a { b }" + " else if a { b }" * 5_000) is None


@pytest.mark.parametrize("number", ["9_007_199_254_740_991", "0" * 5_000 + "1", "1e308"])
def test_numbers_within_bounds(number):
    assert code(f"let x = {number}") is None


@pytest.mark.parametrize("number", ["9007199254740992", "9" * 5_000, "1e309", "3x9007199254740992"])
def test_numbers_out_of_bounds(number):
    assert code(f"let x = {number}") == "E009"


def test_messages_stay_short():
    for junk in ("x" * 100_000, "9" * 100_000, '"' + "x" * 100_000 + '"'):
        _, (diagnostic,) = parse(Source("test.cnn", junk))
        shown = (diagnostic.message, diagnostic.help or "", diagnostic.primary.text)
        assert sum(map(len, shown)) < 300
