"""Tables of layers, with a head that says what the columns are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cnndsl.syntax.ported import phrases
from cnndsl.syntax.ported.entries import MADE, Arriving, Entry, element
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.meaning import op_meant, setting_meant

_SHAPE = re.compile(
    r"\s*[(\[]?\s*(?:None\s*,\s*)?(\d+)\s*[x×,]\s*(\d+)(?:\s*[x×,]\s*(\d+))?\s*[)\]]?\s*"
)
_NUMBER = re.compile(
    r"\W*(\d+(?:\.\d+)?(?:\s*[x×]\s*\d+)?|same|valid)(?:\s*[/,]\s*s?(\d))?[\s\W]*(?:px|pixels)?"
)
_GROUPED = "group"  # an entry that is its text
_GROUP = re.compile(r"\s*[\[(]\s*(\d[^\[\]]*?)\s*[\])]\s*(?:[x×*]\s*(\d+))?\s*")
_RULE = re.compile(r"[\s|+:=\-—_\\]*(?:hline|toprule|midrule|bottomrule)?[\s|+:=\-—_\\]*")
_NOTHING = frozenset(["", "-", "–", "—", "n/a", "none", "/"])


@dataclass(frozen=True)
class Row:
    """A row of a table: an image, layers, or what says nothing (its head, a rule)."""

    image: str | None = None
    entries: tuple[Layer, ...] = ()
    sides: tuple[int, ...] = ()


def cells(line: str) -> list[str] | None:
    """The cells of a row; None for a line that is none."""
    text = re.sub(r"(\d+)(?:\^2|²)", r"\1x\1", line.strip().removesuffix("\\\\").rstrip())
    if text.count("|") > 1 and "->" not in text:
        return [each.strip() for each in text.strip("|").split("|")]
    if text.count("&") > 1:
        return [each.strip() for each in text.split("&")]
    if "\t" in text:
        return [each.strip() for each in text.split("\t")]
    apart = [] if re.search(r"\n|\w\(|=", text) else re.split(r"\s{2,}", text)
    return apart if len(apart) > 1 else None


def is_rule(line: str) -> bool:
    """Whether a line only draws the table: a rule, or what LaTeX begins and ends one with."""
    if re.match(r"\s*\\(begin|end|caption|label|centering|\w*line|\w*rule)\b", line):
        return True
    return bool(line.strip()) and _RULE.fullmatch(line.strip()) is not None


def heads(row: list[str]) -> list[str] | None:
    """What each column says, if a row is the head of a table of layers."""
    found = [_head(cell) for cell in row]
    known = [each for each in found if each not in (None, "idle")]
    return [each or "idle" for each in found] if len(known) > 1 and "layer" in known else None


def _head(cell: str) -> str | None:
    word = re.sub(r"[^a-z #]", " ", cell.lower()).strip()
    if re.search(r"\b(filter|kernel|weight)s? (shape|size)\b", word):
        return "weights"
    if re.search(r"\binput( (shape|size|resolution))?\b", word):
        return "arriving"
    if word == "t":  # by how much an inverted residual widens
        return "own"
    if re.search(r"\b(layers?|type|op|operat\w+|module|block|name|stage)\b", word):
        return "layer"
    if re.search(r"\b(output|shape|feature map|resolution|dims?|dimensions?)\b", word):
        return "shape"
    if re.search(r"\b(repeat|times|count)\b|^n$|^#$", word):
        return "count"
    if re.search(r"\b(params?|parameters|macs|flops)\b", word):
        return "idle"
    return setting_meant(word.split()[0]) if word else None


def read(row: list[str], columns: list[str], before: tuple[int, ...] = ()) -> Row | None:
    """A row by what its columns say, behind a map of the size `before`; None where it cannot be
    read.
    """
    names = [cell for cell, column in zip(row, columns, strict=False) if column == "layer"]
    given: dict[str, str] = {}
    shape: tuple[int, ...] = ()
    said_count = "1"
    for cell, column in zip(row, columns, strict=False):
        text = cell.strip()
        if column in ("layer", "idle") or text.lower() in _NOTHING:
            continue
        if column == "arriving":
            continue
        if column == "weights":
            given |= _of_weights(text, " ".join(names))
        elif column == "shape":
            shape = _shape(text)
        elif column == "count":
            said_count = text.strip("x×")
        elif column in ("kernel", "stride", "pad", "out", "rate", "groups", "dilation"):
            number = _NUMBER.fullmatch(text.lower())
            if number is None:
                return None
            if number[2]:
                given["stride"] = number[2]
            given[column] = re.sub(r"\s|×", lambda m: "x" if m[0] == "×" else "", number[1])
        elif column in ("behind", "norm"):
            given[column] = text
    plainly = [name for name in names if not re.search(r"[,;]", name)]  # others are worded
    meant = [op_meant(re.sub(r"[\d_]+$|\(.*", "", name.strip())) for name in plainly]
    ops = [op for op in meant if op]
    if "input" in ops:
        sides = [str(side) for side in shape]
        from cnndsl import elsewhere

        return Row(elsewhere.size(sides, is_image=True)) if len(sides) == 3 else None
    if "weights" in columns:
        names = [name.partition("/")[0] for name in names]
    for name in reversed(names):
        halves = len(before) > 1 and [2 * side for side in shape[:2]] == [*before[:2]]
        if group := _group(name, halves):
            return Row(None, tuple(group), shape)
    plain = [re.sub(r"(?<=[a-z]{2})[\d_.-]+$", "", name.strip()) for name in names]
    plain = [phrases.spelt(name) for name in plain]
    worded = [found for name in plain if (found := phrases.entries(name))]
    entries = worded[-1] if worded else [Entry(ops[-1])] if ops else None
    if entries is None:
        return _own(row, columns)
    first = entries[0]
    if first.op == "dense" and "kernel" in given:
        given.setdefault("out", given.pop("kernel"))
    if first.op == "conv" and "weights" in columns and "out" not in given:  # `3 x 3 x 64 dw`
        first = replace(first, op="depthwise")
    if "out" not in given and "out" not in first.given and shape and first.op in MADE:
        given["out"] = str(shape[-1])
    if len(entries) == 1 and said_count.isdigit():
        first = replace(first, count=said_count if first.count == "1" else first.count)
    first = replace(first, given={**given, **first.given}, shape=shape)
    made = [first, *entries[1:]]
    if len(shape) == 3 and made[-1].count == "1":
        said = {"said": "x".join(map(str, shape))}
        made[-1] = replace(made[-1], given={**made[-1].given, **said})
    return Row(None, tuple(made), shape)


def _group(text: str, halves: bool) -> list[Entry]:
    """`[3x3, 64; 3x3, 64] x2`: convolutions that are repeated together, the first of which moves by
    two where the map halves.
    """
    found = _GROUP.fullmatch(text)
    if found is None:
        return []
    read: list[Entry] = []
    for part in re.split(r"\s*[;\n]\s*|,\s*(?=\d+\s*[x×]\s*\d)|\\\\", found[1]):
        entries = phrases.entries(phrases.spelt(part))
        if not entries:
            return []
        read += entries
    whole, times = " -> ".join(map(_element, read)), int(found[2] or 1)
    texts = _times(f"{{ {whole} }}", times)
    if halves:
        begun = replace(read[0], given={"stride": "2", **read[0].given})
        texts = [" -> ".join(map(_element, (begun, *read[1:])))]
        texts += _times(f"{{ {whole} }}", times - 1)
    note = (f"{' '.join(text.split())}, maybe with shortcuts",)
    return [Entry(_GROUPED, text=each, notes=note) for each in texts]


def _times(text: str, count: int) -> list[str]:
    """A chain as often as it runs, which may be never."""
    if count < 2:
        return [text.strip("{} ")] * count
    return [f"{text} * {count}"]


def _element(entry: Entry) -> str:
    return " -> ".join(element(entry, Arriving()))


def _own(row: list[str], columns: list[str]) -> Row | None:
    """A row of a block of the author's own: the first of several has their stride."""
    said = {head: cell for cell, head in zip(row, columns, strict=False) if cell not in _NOTHING}
    name = "".join(word.title() for word in re.findall(r"[a-zA-Z]+", said.pop("layer", "")))
    count, stride = said.pop("count", "1"), said.pop("stride", "1")
    words = [said[key] for key in ("own", "out", "kernel") if key in said]
    numbers = all(each.isdigit() for each in (*words, count, stride))
    if not name or "own" not in columns or not numbers:
        return None
    plain = ", ".join(words)
    if stride == "1":
        return Row(None, tuple(_times(f"{name}({plain})", int(count))))
    rest = _times(f"{name}({plain})", int(count) - 1)
    return Row(None, (f"{name}({plain}, stride = {stride})", *rest))


def arriving(row: list[str], columns: list[str]) -> tuple[int, ...]:
    """What arrives at a layer, where a column says it."""
    cells = [cell for cell, column in zip(row, columns, strict=False) if column == "arriving"]
    return _shape(cells[0]) if cells else ()


def _of_weights(text: str, name: str) -> dict[str, str]:
    """`3 x 3 x 64 x 128`: the sizes of a kernel, the channels that arrive and those that leave."""
    sizes = re.findall(r"\d+", text)
    given: dict[str, str] = {}
    if step := re.search(r"\bs\s*=?\s*(\d)\b|/\s*(\d)\b", name):
        given["stride"] = step[1] or step[2]
    if len(sizes) in (2, 3, 4) and (len(sizes) > 2 or "pool" in (text + name).lower()):
        given["kernel"] = f"{sizes[0]}x{sizes[1]}"
    if len(sizes) == 4 or (len(sizes) == 2 and "kernel" not in given):
        given["out"] = sizes[-1]
    return given


def _shape(text: str) -> tuple[int, ...]:
    if found := _SHAPE.fullmatch(text):
        return tuple(int(each) for each in found.groups() if each)
    return (int(text),) if text.isdigit() else ()
