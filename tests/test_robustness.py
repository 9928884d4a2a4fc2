"""A spec is untrusted text: whatever it says, the answer is a diagnostic, soon and short."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnndsl
from cnndsl.diagnostics import LIMIT
from cnndsl.elaborate import steps
from cnndsl.terminal import as_json, render_all

ROOT = Path(__file__).parents[1]
SECONDS = 10  # of the processor, so that a busy machine does not count; all need two at most


def answer(text: str) -> list[str]:
    """The codes of all diagnostics, which can be drawn within bounds, of time as well."""
    start = time.process_time()
    found = cnndsl.check(text)
    drawn = render_all(found) if found else ""
    assert time.process_time() - start < SECONDS
    assert len(drawn) < 100_000
    assert all(len(line) < 2_000 for line in drawn.splitlines())
    assert all(len(str(as_json(diagnostic))) < 50_000 for diagnostic in found[:LIMIT])
    return [diagnostic.code for diagnostic in found]


def model(body: str, definitions: str = "") -> str:
    return f"{definitions}\nmodel Net {{\n  input 32x32x3\n  {body}\n}}\n"


# --- budgets --------------------------------------------------------------------------


def nested(opening: str, inner: str, closing: str, times: int) -> str:
    return opening * times + inner + closing * times


def calling(keyword: str, levels: int, body: str, last: str) -> str:
    """Definitions that each use the next; `{}` in `body` is its number."""
    chain = "\n".join(f"{keyword}{n}{body.format(n + 1)}" for n in range(levels))
    return f"{chain}\n{keyword}{levels}{last}\n"


LEGAL = {
    "a chain of 20,000 ops": model(" -> ".join(["relu"] * 20_000)),
    "a chain of 20,000 lines": model("\n  -> ".join(["relu"] * 20_000)),
    "20,000 statements": model("\n  ".join(["conv(3, 3)"] * 20_000)),
    "20,000 repetitions": model("{ conv(3, 3) -> relu } * 20_000"),
    "groups 900 deep": model(nested("{ ", "relu", " }", 900)),
    "parentheses 900 deep": model(f"let a = {nested('(', '1', ')', 900)}"),
    "lists 900 deep": model(f"let a = {nested('[', '1', ']', 900)}"),
    "a sum of 900 terms": model(f"let a = {' + '.join(['1'] * 900)}"),
    "merges 900 deep": model(nested("add [ here, ", "relu", " ]", 900)),
    "blocks 900 deep": model("b0", calling("block b", 900, " {{ b{} }}", " { relu }")),
    "functions 900 deep": model("let a = f0(1)", calling("fn f", 900, "(n) = f{}(n)", "(n) = n")),
    "an else-if of 5,000 arms": model(f"if false {{ }} {'else if false { } ' * 5_000}"),
    "a loop over 300,000": model("for i in 0 .. 300_000 { }"),
    "a list of a million": model("let a = 0 .. 1_000_000\nlet b = sum(a) + len(a)"),
    "a comment of a megabyte": "#" * 2**20,
    "a megabyte of newlines": "\n" * 2**20,
    "counts near 2**53": model("global_avg_pool(keep = true) -> conv(2_000_000_000_000_000, 1)"),
}
ILLEGAL = {
    "a million nodes": (model("{ relu * 1_000 } * 1_000"), {"E207"}),
    "a million blocks": (model("b * 1_000_000", "block b { }"), {"E207"}),
    "no end of empty groups": (model("{ } * 9_007_199_254_740_991"), {"E207"}),
    "blocks that double": (
        model("b0", calling("block b", 60, " {{ b{0} -> b{0} }}", " { }")),
        {"E207"},
    ),
    "nodes of many models": (
        "\n".join(f"model M{n} {{ input 8x8x3\n relu * 1_000 }}" for n in range(200)),
        {"E207"},
    ),
    "groups 2,000 deep": (model(nested("{ ", "relu", " }", 2_000)), {"E008"}),
    "a million parentheses": (model(f"let a = {nested('(', '1', ')', 10**6)}"), {"E008"}),
    "a million open brackets": ("[" * 10**6, {"E015"}),
    "a sum of 100,000 terms": (model(f"let a = {' + '.join(['1'] * 100_000)}"), {"E008"}),
    "blocks 3,000 deep": (
        model("b0", calling("block b", 3_000, " {{ b{} }}", " { relu }")),
        {"E207"},
    ),
    "functions 9,000 deep": (
        model("let a = f0(1)", calling("fn f", 9_000, "(n) = f{}(n)", "(n) = n")),
        {"E207"},
    ),
    "expressions in functions in functions": (
        model(
            "let a = f0(1)",
            calling("fn f", 60, "(n) = " + nested("(0 + ", "f{}(n)", ")", 900), "(n) = n"),
        ),
        {"E207"},
    ),
    "variants 3,000 deep": (
        calling("model M", 3_000, " = M{}", " { input 8x8x3 }"),
        {"E207"},
    ),
    "powers of powers": (model("let a = 9 ** 9 ** 9 ** 9"), {"E206"}),
    "a product past 2**53": (model("let a = 9_007_199_254_740_991 * 2"), {"E206"}),
    "a number of 10,000 digits": (model(f"let a = {'9' * 10_000}"), {"E009"}),
    "a list of ten million": (model("for i in 0 .. 10_000_000 { relu }"), {"E206"}),
    "a name of a megabyte": (model("x" * 2**20), {"E101"}),
    "30,000 unknown names": (model("\n".join(f"nothing{n}" for n in range(30_000))), {"E101"}),
    "30,000 wrong values": (model("let a = b\n" * 30_000), {"E102"}),
    "4,000 unequal branches": (model(f"add [ {'here, conv(4, 3), ' * 2_000} ]"), {"E301"}),
    "5,000 wrong counts": (model("conv(3, 3)\n" + "expect params 3\n" * 5_000), {"E401"}),
    "100,000 arguments": (model(f"conv({'1, ' * 100_000})"), {"E106"}),
    "100,000 control characters": ("\x01" * 100_000, {"E002"}),
    "17 MiB": ("#" * (17 * 2**20), {"E003"}),
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_large_and_legal(name):
    assert answer(LEGAL[name]) == []


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_is_too_large_ends_in_a_diagnostic(name):
    text, codes = ILLEGAL[name]
    assert set(answer(text)) == codes


STEPS = {
    "loops in loops": model("for i in 0 .. 1_000_000 { for j in 0 .. 1_000_000 { let a = j } }"),
    "functions that double": model(
        "let a = f0(1)", calling("fn f", 60, "(n) = f{0}(n) + f{0}(n)", "(n) = n")
    ),
    "lists that double": model(
        "let a = [0]\nlet b = [0]\n" + "let a = [a, a]\nlet b = [b, b]\n" * 60 + "let c = a == b"
    ),
    "comparisons of long lists": model(
        "let a = 0 .. 10_000\nlet b = 0 .. 10_000\nfor i in 0 .. 100_000 { let c = a == b }"
    ),
    "functions of long lists": model(
        "let a = 0 .. 10_000\nfor i in 0 .. 100_000 { let b = min(a) + len(a) }"
    ),
    "steps of many models": "\n".join(
        f"model M{n} {{ input 8x8x3\n for i in 0 .. 10_000 {{ let a = i }} }}" for n in range(50)
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_too_many_steps_end_in_one_diagnostic(name, monkeypatch):
    monkeypatch.setattr(steps, "MAX_STEPS", 200_000)
    assert answer(STEPS[name]) == ["E207"]


@pytest.mark.parametrize("name", STEPS)
def test_a_million_steps_take_a_second(name):
    assert set(answer(STEPS[name])) <= {"E207"}


# --- mutations ------------------------------------------------------------------------

TEXTS = [
    path.read_text(encoding="utf-8", errors="replace")
    for path in sorted([*ROOT.glob("specs/*.cnn"), *ROOT.glob("tests/errors/*.cnn")])
    if path.stat().st_size < 5_000
]
WORDS = (
    "use model block fn input stage let for in if else aux expect train as and or not here true "
    "false none same valid conv relu add concat mul dense params macs within 3x3 224x224x3 64 0 "
    '-1 0.5 1e999 9007199254740993 ( ) [ ] { } -> : , = == .. ** // % * . + - " # \\ \t \r\n'
).split(" ")
POSITION = st.integers(0, 5_000)
MUTATION = st.one_of(
    st.tuples(st.just("delete"), POSITION, POSITION),
    st.tuples(st.just("double"), POSITION, POSITION),
    st.tuples(st.just("insert"), POSITION, st.sampled_from(WORDS)),
    st.tuples(st.just("insert"), POSITION, st.text(max_size=5)),
    st.tuples(st.just("replace"), POSITION, st.sampled_from(WORDS)),
)


def mutated(text: str, kind: str, position: int, what: int | str) -> str:
    start = position % (len(text) + 1)
    if isinstance(what, int):
        end = min(len(text), start + what % 40)
        return text[:start] + (text[start:end] * 2 if kind == "double" else "") + text[end:]
    end = start + (len(what) if kind == "replace" else 0)
    return f"{text[:start]} {what} {text[end:]}"


@given(st.sampled_from(TEXTS), st.lists(MUTATION, min_size=1, max_size=4))
@settings(max_examples=300)
def test_a_damaged_spec_is_answered(text, mutations):
    for mutation in mutations:
        text = mutated(text, *mutation)
    answer(text)


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_words_are_answered(words):
    answer(model(" ".join(words)))


@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    answer(text)


def test_shared_layers_of_one_name_beside_a_mistake():
    text = (
        "block unit() {\n  shared h = conv(4, 1)\n  shared h = conv(4, 1)\n  h\n}\n"
        "model Net}\nmodel Net() {\n  input 8x8x4\n  unit()\n}\n"
    )
    assert {each.code for each in cnndsl.check(text)} >= {"E007"}


@pytest.mark.parametrize("body", ["conv(4, 3)", "conv(min(4, skip.channels), 3)"])
def test_a_tensor_may_arrive_as_an_argument(body):
    """Whose size is read, or which is not read at all."""
    text = f"block unit(skip) {{ {body} }}\nmodel M() {{ input 8x8x3\n  unit(in) }}\n"
    assert cnndsl.check(text) == []
