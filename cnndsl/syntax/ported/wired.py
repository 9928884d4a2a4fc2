"""Layers that name what they read and what they make, as Caffe lists them: `bottom` and `top`."""

from __future__ import annotations

import re

from cnndsl.syntax.ported import records
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.flows import FLOW, Merged, Named, Tensor
from cnndsl.syntax.ported.meaning import is_silent, op_meant
from cnndsl.syntax.ported.nested import Record, Value
from cnndsl.syntax.ported.scripts import Script
from cnndsl.syntax.ported.settings import image

_MERGES = ("add", "concat", "mul")
_OPERATIONS = {"prod": "mul", "max": "maximum"}  # of an Eltwise, which adds otherwise


def run(record: Record, script: Script) -> bool:
    """Whether records name what they read; notes what they compute then.

    Raises:
      Unknown: where one has no words here, or reads what none makes.
    """
    rows = [v for k, v in record.pairs if k.lower() in ("layer", "layers")]
    layers = [row for row in rows if isinstance(row, Record)]
    if not any(row.get("bottom") for row in layers):
        return False
    dims: list[Value] = [value for key, value in record.pairs if key == "input_dim"]
    if dims:
        script.image = image(dims)
    blobs = script.tensors
    for key, value in record.pairs:
        if key == "name" and isinstance(value, str):
            continue
        if key == "input" and isinstance(value, str):
            blobs[value] = FLOW
    for row in layers:
        _layer(row, script, blobs)
    return True


def _layer(row: Record, script: Script, blobs: dict[str, str]) -> None:
    word = records.type_of(row) or ""
    bottoms, tops = (_named(row, key) for key in ("bottom", "top"))
    op = op_meant(word)
    found = records.Listed()
    if op == "input" or (is_silent(word) and not bottoms):
        if op == "input":
            records.add_layer(row, found)
        script.image = found.image or script.image
        blobs.update(dict.fromkeys(tops, FLOW))
        return
    if is_silent(word):
        return
    if not script.steps:  # what arrives, whatever its name is
        blobs |= {name: script.flow for name in bottoms if name not in blobs}
    if not bottoms or any(name not in blobs for name in bottoms) or len(tops) > 1:
        raise Unknown
    sources = [Named(blobs[name]) for name in bottoms]
    tensor: Tensor = sources[0]
    if op in _MERGES and len(sources) > 1:
        if re.search(r"'coeff'|'axis', '(?!1')|'concat_dim', '(?!1')", str(row).lower()):
            raise Unknown
        said = re.search(r"\b(prod|max)\b", str(row).lower())
        merge = _OPERATIONS[said[1]] if said and op == "add" else op
        tensor = Merged(merge, tuple(sources))
    elif len(sources) > 1:
        raise Unknown
    elif word.lower() != "scale" or not _is_normed(script, blobs[bottoms[0]]):
        records.add_layer(row, found)
        tensor = script.through(found.layers, tensor)
    name = re.sub(r"\W", "_", (tops or bottoms)[0])
    if tensor != sources[0]:
        script.computed(name, tensor)
        blobs[(tops or bottoms)[0]] = name
    else:
        blobs[(tops or bottoms)[0]] = blobs[bottoms[0]]


def _named(row: Record, key: str) -> list[str]:
    return [value for name, value in row.pairs if name == key and isinstance(value, str)]


def _is_normed(script: Script, name: str) -> bool:
    """Whether a step ends in batch norm, to which a `Scale` belongs."""
    steps = [step for step in script.steps if step.name == name]
    layer = getattr(steps[-1].tensor, "layer", None) if steps else None
    return getattr(layer, "op", "") == "bn"
