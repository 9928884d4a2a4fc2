"""Layers that name what they work on by its number, as Darknet and Ultralytics list them."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from cnndsl.syntax.ported import records
from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.dialects import TORCH
from cnndsl.syntax.ported.entries import Entry, Unknown, behind_of
from cnndsl.syntax.ported.flows import Layer, Merged, Named, Tensor
from cnndsl.syntax.ported.nested import Record, Value
from cnndsl.syntax.ported.notation import parsed
from cnndsl.syntax.ported.scripts import Script
from cnndsl.syntax.ported.settings import image

_KNOWN = {"route": {"layers"}, "shortcut": {"from"}, "upsample": {"stride"}}
_KEEPS = re.compile(r"Upsample|Concat|Pool|Detect|Segment|Classify|Pose|^nn\.")  # their channels
_REPEATS = re.compile(r"C\d\w*|\w*CSP|RepC3|CSPStage|ELAN\w*")  # which repeat a part of themselves
_SILENT = frozenset({"yolo", "region", "detection", "cost"})  # what reads the last maps


@dataclass(frozen=True)
class _Layer:
    """Layers in a row behind those with these numbers, which a merge joins; -1 is the last one."""

    row: Sequence[Layer]
    sources: Sequence[int] = (-1,)
    merge: str = "concat"


def run(record: Record, script: Script) -> bool:
    """Whether records list layers by number; notes what they compute then.

    Raises:
      Unknown: where one has no words here.
    """
    sections = [(key.lower(), value) for key, value in record.pairs]
    if any(key == "convolutional" for key, _ in sections):
        script.image = next((image(v) for key, v in sections if key == "net"), script.image)
        layers = [_section(key, value) for key, value in sections if key != "net"]
    else:
        layers = list(_rows(record))
    names = [script.flow]
    for index, layer in enumerate(layers):
        places = [index + number + 1 if number < 0 else number + 1 for number in layer.sources]
        if not all(0 <= place <= index for place in places):
            raise Unknown
        joined: list[Tensor] = [Named(names[place]) for place in places]
        tensor = joined[0] if len(joined) == 1 else Merged(layer.merge, tuple(joined))
        names.append(f"layer{index}")
        script.computed(names[-1], script.through(layer.row, tensor))
    return bool(layers)


def _section(kind: str, section: Value) -> _Layer:
    """`[convolutional]` and the settings below it; `pad` says whether it pads."""
    if not isinstance(section, Record):
        raise Unknown
    said = {key.lower(): value for key, value in section.pairs if isinstance(value, str)}
    behind: tuple[str, ...] = ()
    if kind in ("convolutional", "deconvolutional", "connected", "shortcut"):
        word = said.pop("activation", "linear" if kind == "shortcut" else "logistic")
        behind = ("leaky_relu(0.1)",) if word == "leaky" else tuple(behind_of(word))
    if kind in _SILENT:
        return _Layer(())
    if not said.keys() <= _KNOWN.get(kind, said.keys()):
        raise Unknown
    if kind == "route":
        return _Layer((), [_number(each) for each in said.get("layers", "").split(",")])
    if kind == "shortcut":
        return _Layer(behind, (-1, _number(said.get("from", ""))), "add")
    side = _number(said.get("size", "1"))
    if "filters" in said:
        said["pad"] = str(side // 2) if said.get("pad") == "1" else "0"
    if said.pop("batch_normalize", "0") == "1":
        said |= {"bias": "false"}
        behind = ("bn", *behind)
    if kind == "maxpool" and said.get("stride", "1") == "1":
        said["pad"] = "same"
    if kind == "upsample":
        said = {"factor": said.get("stride", "2")}
    entries = records.network(Record([(kind, Record([*said.items()]))])).layers
    return _Layer([*entries, *behind])


@dataclass(frozen=True)
class _Multiples:
    """By what Ultralytics' lists scale how often layers run, and how wide they are."""

    depth: float = 1.0
    width: float = 1.0

    def times(self, count: str) -> str:
        number = _number(count)
        return str(max(round(number * self.depth), 1) if number > 1 else number)

    def channels(self, word: str) -> str:
        return str(8 * ceil(int(word) * self.width / 8)) if word.isdigit() else word


def _multiples(record: Record) -> _Multiples:
    said: list[Value | None] = [record.get("depth_multiple"), record.get("width_multiple")]
    scales = record.get("scales")
    if isinstance(scales, Record) and isinstance(first := scales.pairs[0][1], list):
        said = [*first[:2]]
    try:
        return _Multiples(*(float(each) if isinstance(each, str) else 1.0 for each in said))
    except ValueError:
        raise Unknown from None


def _rows(record: Record) -> Iterator[_Layer]:
    """`- [-1, 1, Conv, [64, 3, 2]]`: what it works on, how often, the layer, its arguments."""
    multiples = _multiples(record)
    for _, rows in record.pairs:
        for row in rows if isinstance(rows, list) else ():
            match row:
                case [str() | [*_] as source, str(count), str(name), [*args]]:
                    numbers = [source] if isinstance(source, str) else source
                    count = multiples.times(count)
                    if args[:1] and isinstance(args[0], str) and not _KEEPS.search(name):
                        args = [multiples.channels(args[0]), *args[1:]]
                    if _REPEATS.fullmatch(name):
                        args, count = [args[0], f"n = {count}", *args[1:]], "1"
                    yield _row(name, args, [_number(each) for each in numbers], count)
                case _:
                    return


def _row(name: str, args: Sequence[Value], sources: Sequence[int], count: str) -> _Layer:
    words = [each for each in args if isinstance(each, str)]
    if name == "Concat":
        return _Layer((), sources)
    if name == "Conv":
        if not words:
            raise Unknown
        kernel = words[1] if len(words) > 1 else "1"
        words += ["1", "1", str(_number(kernel) // 2)][len(words) - 1 :]
        given = {
            **dict(zip(("out", "kernel", "stride", "pad"), words, strict=False)),
            "bias": "false",
        }
        return _Layer([Entry("conv", given, ("bn", "swish"), count)], sources)
    words.sort(key=lambda word: "=" in word)  # arguments with names last
    match parsed(f"{name}({', '.join(words)})"):
        case [python.Expr(value=call)]:
            row = Calls(dialect=TORCH, keeps=True).row(call)
            return _Layer([_repeated(each, count) for each in row], sources)
    raise Unknown


def _number(word: Value) -> int:
    if not isinstance(word, str) or not re.fullmatch(r"\s*-?\d{1,6}\s*", word):
        raise Unknown
    return int(word)


def _repeated(layer: Layer, count: str) -> Layer:
    if isinstance(layer, Entry):
        return replace(layer, count=count)
    return layer if count == "1" else f"{layer} * {count}"
