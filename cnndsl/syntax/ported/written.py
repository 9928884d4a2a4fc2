"""Definitions of other notations as blocks and models of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import Arriving, Entry
from cnndsl.syntax.ported.flows import Layer, Lines, Merged, Named, Ran, Step, Tensor
from cnndsl.syntax.ported.scripts import Script
from cnndsl.syntax.tables import KEYWORDS

_OURS = frozenset(KEYWORDS) | {"nearest", "bilinear", "same", "valid"}
SIZES = (224, 32, 28, 64, 227, 299, 128, 96, 48, 256, 16)  # sides that an image may have, unsaid


@dataclass
class Definition:
    """A block or model: its parameters as they are written, and what it computes."""

    name: str
    params: list[str]
    script: Script


def specs(defined: Sequence[Definition], dialect: Dialect) -> tuple[str, ...]:
    """The specs that definitions may be, the last of which is the model; the likelier first, which
    differ in the size of an image that nothing says.
    """
    *blocks, last = defined
    sizes = [last.script.image] if last.script.image else _images(last)
    text = "\n".join([*(block(each, dialect) for each in blocks), model(last, sizes[0], dialect)])
    head, rest = text.split(f"\n  input {sizes[0]}\n", 1)
    found = [f"{head}\n  input {each}\n{rest}" for each in sizes]
    return tuple(dict.fromkeys([*found, *map(unsaid, found[:2])]))


def unsaid(text: str) -> str:
    """A spec without what it says of shapes."""
    return re.sub(r" : [\dx *()]+(?=\n|$)", "", text)


def _images(definition: Definition) -> list[str]:
    channels = next(filter(None, (_arrives(step.tensor) for step in definition.script.steps)), "3")
    channels = channels if channels.isdigit() else "3"
    sizes = SIZES if channels != "1" else (28, *SIZES)
    return [f"{side}x{side}x{channels}" for side in sizes]


def _arrives(tensor: Tensor) -> str | None:
    """The channels that the first layer says it takes."""
    match tensor:
        case Ran(layer, source):
            if isinstance(layer, str) and isinstance(source, Named):
                return "3"  # which a block does not say
            said = layer.given if isinstance(layer, Entry) and layer.op != "dense" else {}
            return _arrives(source) or said.get("arrives") or None
        case Merged(_, items):
            return next(filter(None, map(_arrives, items)), None)
    return None


def _head(word: str, definition: Definition, params: Sequence[str]) -> str:
    listed = f"({', '.join(params)})" if params else ""
    return f"{word} {definition.name}{listed} {{"


def block(definition: Definition, dialect: Dialect) -> str:
    lines = [f"# {each}" for each in definition.script.calls.notes]
    lines += Lines(dialect, Arriving()).written(definition.script.steps)
    body = "\n".join(f"  {line}" for line in lines)
    return f"{_head('block', definition, definition.params)}\n{body}\n}}\n"


def model(definition: Definition, image: str, dialect: Dialect) -> str:
    sides = tuple(int(each) for each in image.split("x") if each.isdigit())
    at = Arriving(sides[:2], sides[2] if len(sides) == 3 else None)
    steps = _asserted(definition.script.steps)
    lines = [f"# {each}" for each in definition.script.calls.notes]
    lines = [f"input {image}", *lines, *Lines(dialect, at).written(steps)]
    body = "\n".join(f"  {line}" for line in lines)
    words = set(re.findall(r"[A-Za-z_]\w*", body))
    constants = definition.script.constants
    said = [f"{name} = {value}" for name, value in constants.items() if name in words]
    free = sorted(definition.script.calls.unknown & words - constants.keys() - _OURS)
    params = [*definition.params, *said, *free]
    params = [each if "=" in each else f"{each} = {_usual(each)}" for each in params]
    return f"{_head('model', definition, params)}\n{body}\n}}\n"


def _usual(name: str) -> str:
    """What a parameter may be that nothing gives a value."""
    return "0.5" if re.search(r"rate|drop|prob|^p$", name) else "10"


def _asserted(steps: Sequence[Step]) -> list[Step]:
    """The steps, with the number of features that a dense layer says in front of it."""
    found = [replace(step, tensor=_saying(step.tensor)) for step in steps]
    for index in range(len(steps) - 1):
        behind = found[index + 1].tensor
        while isinstance(behind, Ran) and isinstance(behind.source, Ran):
            behind = behind.source
        if isinstance(behind, Ran):
            said = _said_by(behind.layer, found[index].tensor)
            found[index] = replace(found[index], tensor=said)
    return found


def _saying(tensor: Tensor) -> Tensor:
    match tensor:
        case Ran(layer, source):
            return Ran(layer, _said_by(layer, _saying(source)))
        case Merged(name, items):
            return Merged(name, tuple(map(_saying, items)))
    return tensor


def _said_by(layer: Layer, source: Tensor) -> Tensor:
    """What a layer takes, with the features that it says arrive where those are flattened."""
    if not isinstance(source, Ran) or not isinstance(layer, Entry):
        return source
    if not isinstance(source.layer, Entry):
        return source
    said = layer.given.get("arrives", "")
    flat = source.layer.op == "flatten" and layer.op == "dense"
    if not flat or not re.fullmatch(r"[\d *()]+", said):
        return source
    return Ran(Entry("flatten", {"said": said}), source.source)
