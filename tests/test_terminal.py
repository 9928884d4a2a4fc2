"""How diagnostics are drawn: columns, cut lines, folded spans, hostile text, JSON."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnndsl.diagnostics import LIMIT, Diagnostic, Label, Severity
from cnndsl.excerpt import WIDTH, clean, columns, fold
from cnndsl.source import Source, Span
from cnndsl.terminal import TABLE_ROWS, as_json, render, render_all


def span(text: str, part: str, *, name: str = "net.cnn", nth: int = 1) -> Span:
    """The nth occurrence of `part`."""
    start = -1
    for _ in range(nth):
        start = text.index(part, start + 1)
    return Span(Source(name, text), start, start + len(part))


def within(source: Source, part: str, nth: int = 1) -> Span:
    found = span(source.text, part, nth=nth)
    return Span(source, found.start, found.end)


def mistake(primary: Span | None, *labels: Label, at: str = "here", **more) -> Diagnostic:
    label = None if primary is None else Label(primary, at)
    return Diagnostic("E301", "it is wrong", label, labels, **more)


RESIDUAL = """\
block bottleneck(width) {
  add [
    conv(width, 1, bias = false) -> bn -> relu  # reduce, "->"
      -> conv(width, 3, bias = false) -> bn
    here
  ] -> relu
}

model Net { input 56x56x64
  bottleneck(64)
}
"""


def test_the_look_of_a_diagnostic():
    source = Source("specs/net.cnn", RESIDUAL)
    start, end = RESIDUAL.index("conv(width, 1"), RESIDUAL.index("\n    here")
    diagnostic = mistake(
        within(source, "add"),
        Label(Span(source, start, end), "56 x 56 x 256"),
        Label(within(source, "here"), "56 x 56 x 64"),
        Label(within(source, "bottleneck(64)"), "in this instance: layer1[0]"),
        at="the branches must have one shape",
        notes=("a fact",),
        help="project it",
    )
    assert (
        render(diagnostic)
        == """\
error[E301]: it is wrong
  --> specs/net.cnn:2:3
   |
 2 |   add [
   |   ^^^ the branches must have one shape
 3 |     conv(width, 1, bias = false) -> … -> bn
   |     --------------------------------------- 56 x 56 x 256
 5 |     here
   |     ---- 56 x 56 x 64
...
10 |   bottleneck(64)
   |   -------------- in this instance: layer1[0]
   |
   = note: a fact
   = help: project it
"""
    )


def test_a_single_line_between_two_is_shown():
    source = Source("net.cnn", "aa\nbb\ncc\n")
    drawn = render(mistake(within(source, "aa"), Label(within(source, "cc"), "there")))
    assert drawn.splitlines()[3:] == ["1 | aa", "  | ^^ here", "2 | bb", "3 | cc", "  | -- there"]


def test_several_marks_of_a_line_stand_below_each_other_in_order():
    source = Source("net.cnn", "conv(16, 3, filters = 32)\n")
    drawn = render(mistake(within(source, "filters"), Label(within(source, "16"), "first")))
    assert drawn.splitlines()[3:] == [
        "1 | conv(16, 3, filters = 32)",
        "  |      -- first",
        "  |             ^^^^^^^ here",
    ]


def test_other_files_follow_the_file_of_the_mistake():
    first = Label(span("block unit { }\n", "unit", name="used.cnn"), "first defined here")
    drawn = render(mistake(span("\n\nmodel unit { }\n", "unit"), first))
    assert drawn.splitlines()[1:] == [
        " --> net.cnn:3:7",
        "  |",
        "3 | model unit { }",
        "  |       ^^^^ here",
        " ::: used.cnn:1:7",
        "  |",
        "1 | block unit { }",
        "  |       ---- first defined here",
    ]


def test_a_mistake_without_a_place_has_no_excerpt():
    assert (
        render(mistake(None, notes=("a fact",))) == "error[E301]: it is wrong\n  = note: a fact\n"
    )


def test_a_mark_of_nothing_is_one_column_wide():
    source = Source("net.cnn", "model Net {")
    drawn = render(mistake(Span(source, 11, 11)))
    assert drawn.splitlines()[3:] == ["1 | model Net {", "  |            ^ here"]


@pytest.mark.parametrize(
    ("before", "indent"),
    [("\t", 1), ("网络", 4), ("e\u0301", 1), ("\x1b", 4), ("\u202e", 8), ("\U0001f600", 2)],
    ids=["tab", "wide", "combining", "escape", "override", "emoji"],
)
def test_the_caret_stands_below_its_text(before, indent):
    lines = render(mistake(span(f"{before}relu", "relu"))).splitlines()
    assert lines[4] == "  | " + " " * indent + "^^^^ here"
    assert columns(before) == indent
    assert lines[3].endswith("relu")


def test_nothing_of_a_spec_reaches_the_terminal_raw():
    hostile = "\x1b]0;title\x07\u202e\u2028\x9b31m"
    diagnostic = Diagnostic(
        "E101",
        hostile,
        Label(span(f"{hostile}x", "x", name=hostile), hostile),
        notes=(hostile,),
        help=hostile,
        table=f"stage {hostile}\n",
    )
    drawn = render(diagnostic)
    assert all(unicodedata.category(char)[0] != "C" for char in drawn.replace("\n", ""))
    assert "\u2028" not in drawn


@pytest.mark.parametrize("position", [0, 60, 99, 100, 140, 5_000, 9_990])
def test_long_lines_are_cut_around_the_mark(position):
    text = "a" * position + "WRONG" + "b" * (10_000 - position)
    lines = render(mistake(span(text, "WRONG"))).splitlines()
    shown, mark = lines[3].removeprefix("1 | "), lines[4].removeprefix("  | ")
    assert len(shown) <= WIDTH
    assert shown[mark.index("^") :].startswith("WRONG")
    assert mark.strip() == "^^^^^ here"
    assert shown.endswith("…") == (position < 9_990)
    assert shown.startswith("…") == (position > 80)


def test_marks_that_lie_far_apart_get_a_line_each():
    source = Source("net.cnn", "first" + " " * 500 + "second")
    drawn = render(mistake(within(source, "second"), Label(within(source, "first"), "there")))
    assert [line.split(" ", 3)[-1].strip() for line in drawn.splitlines()[3:]][1::2] == [
        "----- there",
        "^^^^^^ here",
    ]


def test_a_mark_longer_than_a_line_ends_with_it():
    lines = render(mistake(span("x" * 1_000, "x" * 900))).splitlines()
    assert len(lines[4]) <= WIDTH + len("  |  here")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("conv(8, 3)\n  -> bn", "conv(8, 3) -> bn"),
        ("conv(8, 3)\n  -> bn\n  -> relu", "conv(8, 3) -> … -> relu"),
        ("{\n  relu\n} -> bn", "{ … } -> bn"),
        ("add [ # -> \n relu -> bn\n here ]", "add [ … here ]"),
        ("stage body {\n  relu\n}", "stage body { … }"),
    ],
)
def test_text_of_several_lines_is_folded_into_one(text, folded):
    assert fold(text) == folded


def test_everything_has_a_longest_form():
    long = "x" * 1_000_000
    diagnostic = Diagnostic(
        "E401",
        long,
        Label(span(f"{long}\ny", long), long),
        notes=(long,),
        help=long,
        table="\n".join([f"row {n} {'=' * 60}" for n in range(100_000)]),
    )
    drawn = render(diagnostic)
    assert len(drawn) < 10_000
    assert drawn.count("row ") == TABLE_ROWS
    assert "99,960 more rows" in drawn
    assert "row 99999" in drawn
    assert len(str(as_json(diagnostic))) < 20_000


def test_at_most_so_many_are_shown():
    text = "relu\n" * 50
    source = Source("net.cnn", text)
    found = [mistake(within(source, "relu", nth=n + 1)) for n in range(50)]
    drawn = render_all(found)
    assert drawn.count("error[E301]") == LIMIT
    assert drawn.endswith("\n… and 30 more\n\n50 errors in net.cnn\n")


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["a.cnn"], "1 error in a.cnn"),
        (["a.cnn", "a.cnn"], "2 errors in a.cnn"),
        (["a.cnn", "b.cnn"], "2 errors in a.cnn and b.cnn"),
        (["a.cnn", "b.cnn", "c.cnn"], "3 errors in 3 files"),
    ],
)
def test_the_last_line_counts(names, count):
    found = [mistake(span("relu", "relu", name=name)) for name in names]
    assert render_all(found).splitlines()[-1] == count


def test_warnings_are_counted_by_themselves():
    error = mistake(span("relu", "relu"))
    warning = mistake(span("relu", "relu"), severity=Severity.WARNING)
    drawn = render_all([error, warning])
    assert "warning[E301]: it is wrong" in drawn
    assert drawn.endswith("1 error and 1 warning in net.cnn\n")


def test_a_table_is_shown_once():
    found = [mistake(span("relu", "relu"), table="stage  params") for _ in range(2)]
    drawn = render_all(found)
    assert drawn.count("stage  params") == 1
    assert drawn.index("stage  params") > drawn.index("error", 1)


def test_color_changes_nothing_but_the_color():
    diagnostic = mistake(span("relu", "relu"), notes=("a fact",), help="a change")
    colored = render(diagnostic, color=True)
    assert "\x1b[1;31merror[E301]\x1b[0m" in colored
    plain = colored
    for style in ("0", "1", "1;31", "1;34", "1;36"):
        plain = plain.replace(f"\x1b[{style}m", "")
    assert plain == render(diagnostic)


def test_json_has_positions_from_1_with_an_exclusive_end():
    source = Source("net.cnn", "model Net {\n  relu\n}\n")
    other = Label(within(source, "Net"), "there")
    assert as_json(mistake(within(source, "relu"), other, notes=("a fact",))) == {
        "code": "E301",
        "severity": "error",
        "message": "it is wrong",
        "file": "net.cnn",
        "line": 2,
        "column": 3,
        "end_line": 2,
        "end_column": 7,
        "label": "here",
        "labels": [
            {
                "file": "net.cnn",
                "line": 1,
                "column": 7,
                "end_line": 1,
                "end_column": 10,
                "text": "there",
            }
        ],
        "notes": ["a fact"],
        "help": None,
        "fixes": [],
    }


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 300), st.data())
def test_anything_can_be_drawn(text, start, data):
    start = min(start, len(text))
    end = data.draw(st.integers(start, len(text)))
    source = Source("net.cnn", text)
    lines = render(mistake(Span(source, start, end), Label(Span(source, 0, start)))).splitlines()
    assert any("^" in line for line in lines[3:])
    assert all(len(line) < 2_000 for line in lines)


@given(st.text(max_size=100))
def test_clean_text_is_inert_and_stays_so(text):
    assert clean(text).isprintable()
    assert clean(clean(text)) == clean(text)
