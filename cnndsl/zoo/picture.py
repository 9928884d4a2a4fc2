"""The picture of a network: stages as slabs, as high as their maps, as thick as their channels.

Both are logarithms, so that a map of 7x7 is seen beside an image. A vector is a bar.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log2

from cnndsl.ops.base import Shape
from cnndsl.summary import StageRow, Summary, macs_text, shape_text

_COLUMN, _PER_ROW = 124, 7  # pixels of a stage, stages side by side
_TALLEST = 96  # the front of the largest map, in pixels
_TITLE, _TEXTS = 44, 78  # the height of what stands above all slabs, and below those of a row
_RECEDING, _SLANT = 0.3, 0.6  # of a map's other axis: how far it goes right, and up of that
_CHARACTERS = 20  # that fit below a slab
_STYLE = """\
text { font: 11px sans-serif; fill: #57606a; text-anchor: middle }
.name { font-weight: bold; fill: #24292f }
.model { font-size: 14px; text-anchor: start }
path { stroke: #57606a; stroke-linejoin: round }
.map { fill: #9ec5fe } .vector { fill: #ffd8a8 } .input { fill: #d0d7de }
.training { stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) { text { fill: #8b949e } .name { fill: #e6edf3 } }"""


@dataclass(frozen=True, slots=True)
class _Slab:
    """One stage as it is drawn; `kind` is a class of the style."""

    name: str
    shapes: tuple[Shape, ...]
    contents: str
    kind: str
    training: bool = False


def picture(summary: Summary) -> str:
    """The text of an SVG: what the stages of a network give, in the order they run."""
    slabs = _slabs(summary)
    title = f"{summary.model}: {summary.params:,} parameters, {macs_text(summary.macs)}"
    largest = max(_side(shape) for slab in slabs for shape in slab.shapes)
    drawn = [f'<text class="name model" x="8" y="20">{escape(title)}</text>']
    bottom = _TITLE
    for i in range(0, len(slabs), _PER_ROW):
        row = slabs[i : i + _PER_ROW]
        base = bottom + ceil(max(_height(slab, largest) for slab in row))
        bottom = base + _TEXTS
        for j, slab in enumerate(row):
            drawn += _drawn(slab, _COLUMN * j + _COLUMN // 2, base, largest)
    width = max(_COLUMN * min(len(slabs), _PER_ROW), 8 * len(title))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom}" width="{width}"'
    label = f'role="img" aria-label="{escape(described(summary))}"'
    lines = [f"{head} {label}>", f"<style>\n{_STYLE}\n</style>", *drawn, "</svg>"]
    return "\n".join(lines) + "\n"


def described(summary: Summary) -> str:
    """The picture in words: `ResNet18: input 224 x 224 x 3, stem 56 x 56 x 64, …`."""
    parts = (f"{slab.name} {_shapes(slab)}" for slab in _slabs(summary))
    return f"{summary.model}: {', '.join(parts)}"


def _slabs(summary: Summary) -> list[_Slab]:
    """The inputs, and every row of the stage table."""
    inputs = summary.inputs or {"input": summary.input}
    first = [_Slab(name, (shape,), "", "input") for name, shape in inputs.items()]
    return [*first, *map(_slab, summary.stages)]


def _slab(row: StageRow) -> _Slab:
    shapes = row.outputs or (row.output,)
    kind = "vector" if len(shapes[0]) == 1 else "map"
    contents = f"{row.contents} (training)" if row.training else row.contents
    return _Slab(row.name, shapes, contents, kind, row.training)


def _shapes(slab: _Slab) -> str:
    several = len(slab.shapes) > 1
    return f"{len(slab.shapes)} tensors" if several else shape_text(slab.shapes[0])


def _side(shape: Shape) -> float:
    """The logarithm of how many positions a map has along its longer side."""
    return log2(max(shape[:-1], default=1)) + 1


def _sizes(shape: Shape, largest: float) -> tuple[float, float, float]:
    """How high and wide the front of a slab is, and how far it goes back, in pixels."""
    if len(shape) == 1:  # a vector stands upright
        return 7 * log2(shape[0] + 1), 6, 4
    high = _TALLEST * _side(shape) / largest
    return high, 3 * log2(shape[-1] + 1), _RECEDING * high if len(shape) > 2 else 4


def _height(slab: _Slab, largest: float) -> float:
    sizes = (_sizes(shape, largest) for shape in slab.shapes)
    return max(high + deep * _SLANT for high, _, deep in sizes)


def _drawn(slab: _Slab, middle: int, base: int, largest: float) -> Iterator[str]:
    """The slabs of a stage, each in front of the one before it, and its texts below them."""
    steps = len(slab.shapes)
    kind = f"{slab.kind} training" if slab.training else slab.kind
    for i, shape in enumerate(slab.shapes):
        high, wide, deep = _sizes(shape, largest)
        shift = (i - (steps - 1) / 2) * min(18, 72 / steps)
        outline = _outline(middle + shift - (wide + deep) / 2, base - high, wide, high, deep)
        yield f'<path class="{kind}" d="{outline}"/>'
    yield f'<text x="{middle}" y="{base + 16}">{_shapes(slab)}</text>'
    yield f'<text class="name" x="{middle}" y="{base + 31}">{escape(slab.name)}</text>'
    for i, line in enumerate(_wrapped(slab.contents)):
        yield f'<text x="{middle}" y="{base + 45 + 13 * i}">{escape(line)}</text>'


def _outline(x: float, y: float, wide: float, high: float, deep: float) -> str:
    """A slab seen from the right and from above: its front, its top, its right side."""
    up = deep * _SLANT
    parts = (
        (f"M{x:.1f} {y:.1f}", f"h{wide:.1f}v{high:.1f}h{-wide:.1f}z"),
        (f"M{x:.1f} {y:.1f}", f"l{deep:.1f} {-up:.1f}h{wide:.1f}l{-deep:.1f} {up:.1f}z"),
        (f"M{x + wide:.1f} {y:.1f}", f"l{deep:.1f} {-up:.1f}v{high:.1f}l{-deep:.1f} {up:.1f}z"),
    )
    return "".join(start + rest for start, rest in parts)


def _wrapped(text: str) -> Sequence[str]:
    """At most two lines of a stage's contents, broken behind commas where they fit."""
    whole = text.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return textwrap.wrap(whole, _CHARACTERS, max_lines=2, placeholder=" …")
