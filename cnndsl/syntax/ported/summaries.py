"""Summaries that Keras and torchsummary print: windows follow from shapes and counts."""

from __future__ import annotations

import re
from itertools import product

from cnndsl.syntax.ported.entries import Entry
from cnndsl.syntax.ported.meaning import op_meant
from cnndsl.syntax.ported.reader import Reader
from cnndsl.syntax.ported.written import SIZES

_ROW = re.compile(
    r"^\s*(\w+?)(?:-\d+)?\s+(?:\((\w+)\)?\s*)?[\[(](-1|None)((?:,\s*\d+)+)[\])]\s+([\d,]+)", re.M
)
_KERNELS = (3, 1, 5, 7, 11, 9, 2, 4)
_COLOURS = (3, 1, 4)


def read(text: str, reader: Reader) -> bool:
    """Whether a text is a summary; notes its layers then."""
    rows = list(_ROW.finditer(text))
    if len(rows) < 2 or not re.search(r"Output Shape\s+Param", text):
        return False
    sides: tuple[int, ...] = ()
    channels: int | None = None
    entries: list[Entry] = []
    for row in rows:
        op = op_meant(row[2] or row[1])
        shape = [int(each) for each in re.findall(r"\d+", row[4])]
        if row[3] == "-1":  # PyTorch has the channels first
            shape = [*shape[1:], shape[0]]
        if op == "input" and len(shape) == 3:
            sides, channels = (shape[0], shape[1]), shape[2]
            reader.script.image = "x".join(map(str, shape))
            continue
        if op is None:
            return False
        given: dict[str, str] = {}
        after = tuple(shape[:2]) if len(shape) == 3 else ()
        if op in ("conv", "dense"):
            given["out"] = str(shape[-1])
        if op == "conv" and after:
            found = _window(int(row[5].replace(",", "")), shape[-1], channels)
            if found is None:
                return False
            kernel, channels, bias = found
            given |= {"kernel": str(kernel), "bias": bias}
            if not sides:
                sides = _image(after, kernel)
                reader.script.image = "x".join(map(str, (*sides, channels)))
        if op in ("max_pool", "avg_pool") and sides and after:
            window = max(1, sides[0] // after[0])
            given |= {"kernel": str(window), "pad": "same" if sides[0] % window else "valid"}
        elif sides and after and (step := round(sides[0] / after[0])) > 1:
            given["stride"] = str(step)
        entries.append(Entry(op, given, shape=(*after, shape[-1]) if after else ()))
        sides, channels = after or sides, shape[-1] if after else channels
    reader.add(entries)
    return True


def _window(params: int, out: int, channels: int | None) -> tuple[int, int, str] | None:
    """The kernel of a convolution with so many parameters, what arrives at it, and its bias."""
    arriving = _COLOURS if channels is None else (channels,)
    for bias, kernel, each in product((out, 0), _KERNELS, arriving):
        if kernel * kernel * each * out + bias == params:
            return kernel, each, "true" if bias else "false"
    return None


def _image(after: tuple[int, ...], kernel: int) -> tuple[int, ...]:
    """The usual size of an image from which a first convolution makes a map."""
    for usual in (lambda side: side, lambda side: side + kernel - 1, lambda side: 2 * side):
        sides = tuple(map(usual, after))
        if sides[0] in SIZES:
            return sides
    return after
