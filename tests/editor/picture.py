"""The picture of an editor in the README, from what the real server answers.

python -m tests.editor.picture > docs/editor.svg
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from pygments.token import Comment, Keyword, Name, Number, Operator, String, Token

from cnndsl.editor.pygments import CnnLexer
from tests.editor.client import Client, Json

SPEC = """\
# Two convolutions around which the input passes.
block unit(width, stride = 1) {
  add [
    conv(width, 3, stride = stride, bias = false) -> bn -> relu
      -> conv(width, 3, bias = false) -> bn
    shortcut(width, stride)
  ] -> relu
}

# A projection, where the shape changes.
block shortcut(out, stride) {
  if stride != 1 or in.channels != out { conv(out, 1, stride = stride, bias = false) -> bn }
}

model Small(classes = 10) {
  input 32x32x3
  stage stem { conv(16, 3, bias = false) -> bn -> relu }
  stage layer1 { unit(16) * 3 }
  stage layer2 { unit(32, stride = 2) -> unit(32) * 2 }
  stage layer3 { unit(64, stride = 2) -> unit(64) * 2 }
  stage head { globl_avg_pool -> dense(classes) }
  expect params 272_474
}
"""
MENDED = SPEC.replace("globl", "global")  # what stood there before the typo
COLOURS = {
    Comment: "#6a9955",
    Keyword: "#c586c0",
    Keyword.Constant: "#569cd6",
    Name.Builtin: "#dcdcaa",
    Name.Builtin.Pseudo: "#569cd6",
    Name.Class: "#4ec9b0",
    Name.Label: "#4fc1ff",
    Name.Variable: "#9cdcfe",
    Number: "#b5cea8",
    String: "#ce9178",
    Operator: "#d4d4d4",
    Token: "#d4d4d4",
}
STEP, WIDE, LEFT, TOP = 20, 7.85, 56, 24  # a line, a character, margins


def picture() -> str:
    """An SVG of the spec with its hints, its lenses and its one mistake."""
    with TemporaryDirectory() as folder, Client(Path(folder)) as client:
        uri = client.open(Path(folder) / "small.cnn", MENDED)
        client.wait(uri)
        client.change(uri, SPEC)
        (wrong,) = client.wait(uri)
        return drawn(client.hints(uri), client.ask("codeLens", uri), wrong)


def drawn(hints: list[Json], lenses: list[Json], wrong: Json) -> str:
    labels = {hint["position"]["line"]: hint["label"] for hint in hints}
    above = {lens["range"]["start"]["line"]: lens["command"]["title"] for lens in lenses}
    parts: list[str] = []
    y = TOP
    for number, line in enumerate(SPEC.rstrip("\n").split("\n")):
        if number in above:
            parts.append(_text(LEFT, y, above[number], "#999999", 11))
            y += STEP
        parts.append(_text(LEFT - 16, y, str(number + 1), "#6e7681", 13, "end"))
        parts.append(f'<text x="{LEFT}" y="{y}" xml:space="preserve">{_coloured(line)}</text>')
        end = LEFT + WIDE * len(line)
        if number == wrong["range"]["start"]["line"]:
            start, stop = (wrong["range"][side]["character"] for side in ("start", "end"))
            parts.append(_wave(LEFT + WIDE * start, LEFT + WIDE * stop, y + 4))
            for below, said in enumerate(wrong["message"].split("\n")):
                parts.append(_text(end + 2 * WIDE, y + STEP * below, said, "#f14c4c", 12))
        elif number in labels:
            width = 7.25 * len(labels[number]) + 8
            box = f'x="{end + WIDE:.1f}" y="{y - 14}" width="{width:.1f}" height="18" rx="3"'
            parts.append(f'<rect {box} fill="#2d2d30"/>')
            parts.append(_text(end + WIDE + 4, y, labels[number], "#969696", 12))
        y += STEP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="940" height="{y}" font-size="13"'
    head += " font-family=\"Menlo, Consolas, 'DejaVu Sans Mono', monospace\">"
    back = f'<rect width="940" height="{y}" rx="6" fill="#1e1e1e"/>'
    return "\n".join([head, back, *parts, "</svg>"]) + "\n"


def _text(x: float, y: int, text: str, fill: str, size: int, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y}" fill="{fill}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} xml:space="preserve">{escape(text)}</text>'


def _coloured(line: str) -> str:
    """A line with a `tspan` for each word; what a character takes does not depend on the font."""
    spans, column = [], 0
    for kind, value in CnnLexer(stripnl=False, stripall=False, ensurenl=False).get_tokens(line):
        while kind not in COLOURS:
            kind = kind.parent
        if value.strip():
            place = f'x="{LEFT + WIDE * column:.1f}" textLength="{WIDE * len(value):.1f}"'
            spans.append(f'<tspan {place} fill="{COLOURS[kind]}">{escape(value)}</tspan>')
        column += len(value)
    return "".join(spans)


def _wave(start: float, end: float, y: int) -> str:
    points = [f"{start + 3 * n:.1f},{y + 2 * (n % 2)}" for n in range(int((end - start) / 3) + 1)]
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="#f14c4c"/>'


if __name__ == "__main__":
    sys.stdout.write(picture())
