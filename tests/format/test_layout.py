"""The one layout: it changes nothing that a spec says, and formatting twice is formatting once."""

import re
import time
from functools import cache
from pathlib import Path
from random import Random

import pytest

from cnndsl.format import format_source
from cnndsl.format.measure import WIDTH
from cnndsl.format.pieces import pieces, words_of
from cnndsl.format.same import keeps, same
from cnndsl.source import Source
from cnndsl.syntax.parser import parse, parse_right
from tests.writing import Writer

ROOT = Path(__file__).parents[2]
ZOO = sorted((ROOT / "specs").glob("*.cnn"))
SPECS = [*ZOO, *sorted((ROOT / "tests").glob("corners/*.cnn"))]
SPECS += [*sorted((ROOT / "tests").glob("networks/*.cnn"))]
FENCED = re.compile(r"^```cnn(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [found for page in PAGES for found in FENCED.findall(page.read_text(encoding="utf-8"))]


@cache
def formatted(text: str) -> str:
    """The layout of a spec that parses, which says the same; an editor's is no other."""
    result = format_source(Source("spec.cnn", text))
    assert result.text is not None, result.diagnostics
    before, after = parse(Source("spec.cnn", text))[0], parse(Source("spec.cnn", result.text))[0]
    assert before is not None and after is not None and same(before, after)
    return result.text


def stable(text: str) -> str:
    """The layout, which is its own layout."""
    once = formatted(text)
    assert formatted(once) == once
    assert comments(once) == comments(text)
    assert not re.search(r"[ \t]$", once, re.MULTILINE)
    assert "\n\n\n" not in once
    return once


def comments(text: str) -> list[str]:
    return [
        comment
        for piece in pieces(words_of(Source("spec.cnn", text)))
        for comment in (piece.gap.trailing, *(own.text for own in piece.gap.own))
        if comment is not None
    ]


def parses(text: str) -> bool:
    return parse(Source("spec.cnn", text))[0] is not None


# --- changes that leave a spec what it is -----------------------------------------------------


def remarked(text: str, random: Random, share: float) -> str:
    """The spec with comments at some of its lines, above or behind; none that documents."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        if line and random.random() < share:
            if random.random() < 0.5:
                line += f"  # behind {number}"
            else:
                lines += ["", f"{' ' * random.randrange(8)}# above {number}"]
        lines.append(line)
    return "\n".join(lines)


def stretched(text: str, random: Random) -> str:
    """The spec with other blanks between its words, and with newlines where they mean nothing."""
    source = Source("spec.cnn", text)
    parts, end, depth = [], 0, []
    for piece in pieces(words_of(source)):
        between = text[end : piece.word.start]
        if between and not between.strip(" "):
            newline = depth[-1:] == ["("] and parts[-1] != "(" and random.random() < 0.2
            between = "\n" if newline else " " * random.randint(1, 3)
        parts += [between, piece.word.text]
        end = piece.word.end
        if piece.word.text in ("(", "[", "{"):
            depth.append(piece.word.text)
        elif piece.word.text in (")", "]", "}"):
            depth.pop()
    return "".join(parts)


# --- tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_says_what_it_said(path):
    stable(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_the_zoo_has_the_layout(path):
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_comments_and_blanks_anywhere(path):
    random = Random(path.stem)
    text = path.read_text(encoding="utf-8")
    stable(remarked(stretched(text, random), random, random.choice((0.1, 0.5))))


def check_random(seed: int) -> None:
    random = Random(seed)
    text = Writer(Random(seed)).spec()
    once = stable(text)
    stable(remarked(text, random, 0.3))
    again = stretched(once, random)
    assert formatted(again) == once
    stable(remarked(again, random, 0.3))


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_random_specs(first):
    for seed in range(first, first + 10):
        check_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1_000, 1_200, 50))
def test_more_random_specs(first):
    for seed in range(first, first + 50):
        check_random(seed)


def whole(words: str, text: str) -> str | None:
    """The spec that a block of the documentation is; None for an excerpt, or one that is wrong
    because it does not parse."""
    if "statements" in words:
        body = "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
        return f"model Net {{\n{body}}}\n"
    is_wrong = words.strip() == "wrong" and not parses(text)
    return None if "..." in text or is_wrong else text


@pytest.mark.parametrize("text", [text for block in BLOCKS if (text := whole(*block))])
def test_the_documentation_has_the_layout(text):
    assert formatted(text) == text


@pytest.mark.parametrize(
    "text", ["# a", "block b { relu }\n# the end", "block b { relu } # c", "# a\n # b"]
)
def test_a_comment_may_end_the_file_without_a_newline(text):
    assert stable(text).endswith("\n")


def test_lines_are_not_too_long_where_they_can_break():
    for path in SPECS:
        text = formatted(path.read_text(encoding="utf-8"))
        long = [line for line in text.splitlines() if len(line) > WIDTH]
        assert all("#" in line or '"' in line for line in long), long


@pytest.mark.parametrize("path", ZOO[::3], ids=lambda path: path.stem)
def test_other_words_are_another_spec(path):
    """What says that a text keeps a spec says it of none that has another tree."""
    text = path.read_text(encoding="utf-8")
    source = Source("spec.cnn", text)
    spec, words, random = parse(source)[0], words_of(source), Random(path.stem)
    assert spec is not None and keeps(spec, words, text)
    for _ in range(25):
        word, other = random.choice(words), random.choice(words)
        comment = random.random() < 0.2
        new = "\n# a comment\n" if comment else random.choice(("", other.text, word.text * 2))
        changed = text[: word.start] + new + text[word.end :]
        again = parse_right(Source("spec.cnn", changed))
        if keeps(spec, words, changed):
            assert again is not None and same(spec, again), changed


# --- hopeless specs ---------------------------------------------------------------------------


def model(body: str) -> str:
    return f"model Net {{\n  input 32x32x3\n{body}\n}}\n"


HOPELESS = {
    "groups": model("{ " * 990 + "relu" + "\n}" * 990),
    "groups in a line": model("{ " * 990 + "relu" + " }" * 990),
    "parentheses": model("let a = " + "(" * 900 + "1" + ")" * 900),
    "lists": model("let a = " + "[" * 900 + "1" + "]" * 900),
    "calls": model("let a = " + "f(" * 900 + "1" + ")" * 900),
    "merges": model("add [ " * 900 + "relu" + " ]" * 900),
    "chain": model(" -> ".join(["relu"] * 20_000)),
    "lines": model("relu\n" * 10_000),
    "items": model(f"let a = [{', '.join(['1'] * 10_000)}]"),
    "rows": model("let a = [" + "1\n" * 10_000 + "]"),
    "arguments": model(f"conv({', '.join(['1'] * 10_000)})"),
    "sum": model(f"let a = {' + '.join(['1'] * 900)}"),
    "targets": model(f"for {', '.join(['a'] * 10_000)} in b {{ relu }}"),
    "attributes": model(f"let a = b{'.c' * 900}"),
    "indices": model(f"let a = b{'[0]' * 900}"),
    "comments": model("# c\n" * 10_000 + "relu"),
    "comments in a call": model("conv(\n" + "1, # c\n" * 10_000 + "2)"),
    "a long name": model("a" * 1_000_000),
}


@pytest.mark.parametrize("text", HOPELESS.values(), ids=HOPELESS)
def test_a_hopeless_spec_has_a_layout_soon(text):
    start = time.process_time()
    once = formatted(text)
    assert time.process_time() - start < 5  # half a second at most
    assert len(once) < 100 * len(text)
    assert formatted(once) == once


def test_a_list_that_no_line_holds_stands_in_its_calls_brackets():
    """Broken for its width once, and as its author's the next time: alike."""
    numbers = ", ".join(f"in.height - {n} * in.width // 2" for n in range(6))
    text = f"block cut(high) {{\n  conv(8, 1) -> crop([{numbers}])\n}}\n"
    assert "crop([\n" in stable(text)
