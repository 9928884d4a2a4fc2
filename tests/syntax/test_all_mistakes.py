"""All syntax errors of a text in one run, and nothing that follows from one of them."""

import time
from itertools import chain
from pathlib import Path
from random import Random

import pytest

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse
from cnndsl.syntax.walk import walk

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.cnn"), *(ROOT / "tests").glob("networks/*.cnn")])


def diagnose(text: str) -> list[Diagnostic]:
    spec, diagnostics = parse(Source("test.cnn", text))
    assert (spec is None) == bool(diagnostics)
    return diagnostics


def seen(text: str) -> list[tuple[int, str]]:
    """The line and the code of every mistake."""
    return [(each.primary.span.line, each.code) for each in diagnose(text)]


def test_two_statements_with_a_mistake_are_two_mistakes():
    text = "block a() {\n  conv(64 3)\n  relu\n  let x 3\n}\nmodel B {\n  relu relu\n}\n"
    assert seen(text) == [(2, "E014"), (4, "E015"), (7, "E014")]


@pytest.mark.parametrize("sign", [";", ","])
def test_twenty_lines_that_end_in_a_sign_are_one_mistake_that_says_so(sign):
    text = "block a() {\n" + f"  conv(64, 3){sign}\n" * 20 + "  relu\n}\n"
    (found,) = diagnose(text)
    assert found.primary.span.line == 2
    assert found.notes == ("the same in 19 more lines: 3, 4, 5, 6, 7, 8, 9, 10, …",)


def test_three_alike_are_three():
    assert len(diagnose("block a() {\n" + "  relu;\n" * 3 + "}\n")) == 3


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        # heads: their bodies are read
        ("block a(b c) {\n  relu relu\n}\n", "1 E014, 2 E014"),
        ("block a {\n  for i of 3 {\n    relu relu\n  }\n  x y\n}", "2 E015, 3 E014, 5 E014"),
        (
            "block a {\n  if b = 3 {\n    relu relu\n  } else {\n    bn bn\n  }\n}",
            "2 E013, 3 E014, 5 E014",
        ),
        (
            "block a {\n  if b { relu }\n  elif c {\n    relu relu\n  } else { relu }\n}",
            "3 E013, 4 E014",
        ),
        ("block a {\n  while b {\n    relu relu\n  }\n}", "2 E013, 3 E014"),
        ("block a {\n  stgae s {\n    relu relu\n  } : 3x3x3\n}", "2 E015, 3 E014"),
        ("model A {\n  train = {\n    epochs 90\n    batch = 3\n  }\n}", "2 E015, 4 E013"),
        # brackets
        ("block a {\n  conv(3, 3\n  relu\n  bn\n}\n", "3 E014"),
        ("block a {\n  conv(3, 3\n  relu relu\n  bn\n}\n", "3 E014, 3 E014"),
        ("block a {\n  conv(3, 3\n}\nblock b {\n  relu relu\n}\n", "2 E006, 5 E014"),
        ("block a {\n  add [ relu\n  bn\n}\nblock b {\n  relu relu\n}\n", "2 E006, 6 E014"),
        ("block a {\n  stage b {\n  relu\n}\nblock c {\n  relu relu\n}\n", "2 E006, 6 E014"),
        ("block a {\n  conv(3, 3))\n}\n", "2 E007"),
        ("block a {\n  add [ relu, here ]]\n  relu\n  relu relu\n}\n", "2 E007, 4 E014"),
        ("block a {\n  relu) -> relu\n  relu\n}\nblock b { relu }\n", "2 E007"),
        ("block a {\n  conv(3, 3]\n  relu relu\n}\n", "2 E007, 3 E014"),
        ("block a {\n  relu\n}\n}\nblock b {\n  relu relu\n}\n", "4 E007, 6 E014"),
        (
            "block a {\n  relu\n  }\n  bn\n  conv(3, 3)\n}\nblock b {\n  relu relu\n}\n",
            "3 E007, 8 E014",
        ),
        ("block a {\n  stage b {\n    stage c {\n", "3 E006"),
        # definitions
        ("def foo(x):\n  y = 3\n  return y\nblock b {\n  relu relu\n}\n", "1 E013, 5 E014"),
        (
            "import torch\n\nclass A(B):\n  def f(self):\n    x\ndef g(x):\n  y\n",
            "1 E013, 3 E013, 6 E013",
        ),
        ("class Net(nn.Module):\n  def __init__(self):\n    pass\n", "1 E013"),
        ("model A\nmodel B { relu relu }\n", "1 E015, 2 E014"),
        ("fn f(x): x\nfn g(x) = { x }\nfn h(x) = x x\n", "1 E013, 2 E013, 3 E014"),
        # what is no word, with what follows from it on the line
        ("block a {\n  conv(3, init = 'he')\n  a | b\n  relu relu\n}\n", "2 E004, 3 E004, 4 E014"),
        ('block a {\n  conv(3, init = "he)\n  relu relu\n}\n', "2 E005, 3 E014"),
        ("block a {\n  relu relu;\n}\n", "2 E014, 2 E004"),
        # found while the tree is built
        ("block a {\n  f(a = 1, 2)\n  let x = 99999999999999999999\n}\n", "2 E012, 3 E009"),
        ("model A = B {\n  relu\n  bn\n}\n", "2 E110, 3 E110"),
    ],
)
def test_all_mistakes_and_none_that_follows(text, mistakes):
    assert ", ".join(f"{line} {code}" for line, code in seen(text)) == mistakes


# --- right specs with mistakes at known places ------------------------------------------------


def damages(text: str) -> list[str]:
    """Texts with one mistake each in place of that of a statement."""
    found = [f"{text};", f"{text} relu", f"{text} 3", f"let {text}", f"{text} => relu"]
    if text.endswith(")"):
        found += [text[:-1], f"{text[:-1]}]"]
    if text.endswith("]"):
        found.append(f"{text[:-1]})")
    return found


def damaged(text: str, random: Random) -> tuple[str, list[int]]:
    """A spec with a mistake in some of its statements, and their lines."""
    spec, _ = parse(Source("spec.cnn", text))
    runs = [
        node
        for definition in spec.definitions
        for node in walk(definition)
        if isinstance(node, ast.Run)
        and node.shape is None
        and "{" not in node.span.text
        and "\n" not in node.span.text
        and "." not in node.span.text
    ]
    by_line = {node.span.line: node for node in runs}
    chosen = random.sample(sorted(by_line), min(len(by_line), random.randint(1, 5)))
    for line in sorted(chosen, reverse=True):
        span = by_line[line].span
        text = text[: span.start] + random.choice(damages(span.text)) + text[span.end :]
    return text, sorted(chosen)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_damaged_statement_is_reported_once(path):
    text = path.read_text(encoding="utf-8")
    for seed in range(6):
        wrong, lines = damaged(text, Random(f"{path.stem} {seed}"))
        found = diagnose(wrong)
        said = [(d.code, d.message, d.primary.span.line) for d in found]
        assert sorted(chain.from_iterable(map(places, found))) == lines, (seed, said)


def places(found: Diagnostic) -> list[int]:
    """The lines of a mistake: that of its bracket where the next line shows that it is open."""
    bracket = next((each.span for each in found.labels if each.span.text in ("(", "[")), None)
    lines = [(bracket or found.primary.span).line]
    for note in found.notes:
        lines += map(int, note.partition(": ")[2].split(", "))
    return lines


# --- hopeless texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "block a {\n" + "  relu relu\n" * 20_000 + "}\n",
        "block a {\n" + "  conv(3, 3\n" * 20_000 + "}\n",
        "block a {\n" + "  add [\n" * 900 + "}\n",
        "} " * 50_000,
        "( " * 900,
        "block a {\n" + "  x ;;;;;; y\n" * 20_000 + "}\n",
        "relu\n" * 50_000,
        "let x = (\n" * 900,
        "{ [ ( " * 300 + "} ] ) " * 300,
        "model N { input 8\u00d78" + "\u00d78" * 30_000 + "\n relu }\n",
        "block a {\n" + "Reshape((1, 2)) -> " * 30_000 + "relu\n}\n",  # too many words to read on
        "block a {\n" + "Reshape((1, 2)) -> " * 9_000 + "relu\n}\n",
    ],
    ids=lambda text: text[:24],
)
def test_hopeless_texts_are_answered_soon(text):
    start = time.process_time()
    found = diagnose(text)
    assert time.process_time() - start < 8  # two seconds at most on a machine with time
    assert 0 < len(found) <= 101
