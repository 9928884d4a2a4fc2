"""Layers as settings under names: what the records of YAML, JSON, Caffe and many tools mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from cnndsl.syntax.ported.entries import Entry, Unknown, by_hand
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.meaning import is_silent, op_meant
from cnndsl.syntax.ported.nested import Record, Value
from cnndsl.syntax.ported.settings import flattened, image, note, size_said, text_of

_TYPES = ("type", "op", "kind", "layer", "layer_type", "class_name", "class", "module", "_target_",
          "operator", "name")  # fmt: skip
_LISTS = frozenset(
    "layers backbone head features classifier modules network model net config neck "
    "architecture sequence args structure arch body blocks encoder decoder".split()
)
_NAMES = frozenset("name title model network net".split())
_ASIDE = frozenset(
    "channels in_channels nc version framework description num_classes classes n_classes".split()
)


@dataclass
class Listed:
    """A network as records list it."""

    name: str | None = None
    image: str | None = None
    layers: list[Layer] = field(default_factory=list)
    leaves: bool = False  # whether what cannot be read is left for the author to write


# --- meaning --------------------------------------------------------------------------


def network(record: Record, *, leaves: bool = False) -> Listed:
    """The layers of records, in order.

    Raises:
      Unknown: where one is no layer, or says what has no words here.
    """
    found = Listed(leaves=leaves)
    _collect(record, found)
    if not found.layers:
        raise Unknown
    return found


def _collect(record: Record, found: Listed) -> None:
    for key, value in record.pairs:
        _or_leave(partial(_pair, key, value, found), Record([(key, value)]), found)


def _or_leave(read: Callable[[], None], value: Value, found: Listed) -> None:
    """Reads a part, or leaves it to the author."""
    known = len(found.layers)
    try:
        read()
    except Unknown:
        if not found.leaves:
            raise
        del found.layers[known:]
        found.layers.append(Entry("", text=by_hand(_shown(value))))


def _shown(value: Value) -> str:
    match value:
        case Record(pairs=pairs):
            return ", ".join(f"{key}: {_shown(each)}" for key, each in pairs)
        case list():
            return f"[{', '.join(map(_shown, value))}]"
    return str(value)


def _pair(key: str, value: Value, found: Listed) -> None:
    name = key.lower()
    if name in ("input", "input_shape", "input_size", "image", "image_size", "in_shape"):
        found.image = image(value)
    elif name in _NAMES and isinstance(value, str) and op_meant(value) is None:
        found.name = value
    elif name in ("layer", "layers") and isinstance(value, Record):
        if type_of(value) is not None:
            add_layer(value, found)
        else:
            for pair in value.pairs:
                each = Record([pair])
                _or_leave(partial(_keyed, each, found), each, found)
    elif isinstance(value, list) and op_meant(key) and all(map(_is_plain, value)):
        found.layers += _placed(op_meant(key) or "", value)
    elif isinstance(value, list) and "M" in value:
        found.layers += _configured(value)
    elif isinstance(value, list):
        for item in value:
            _or_leave(partial(_listed, item, found), item, found)
    elif name in _LISTS and isinstance(value, Record):
        _collect(value, found)
    elif (isinstance(value, Record) and (op_meant(key) or type_of(value))) or (
        isinstance(value, str) and op_meant(key)
    ):
        _keyed(Record([(key, value)]), found)
    elif (name in _TYPES and isinstance(value, str)) or name in _ASIDE:
        return
    elif isinstance(value, Record) and value.pairs:
        _collect(value, found)  # a stage
    else:
        raise Unknown


def _is_plain(value: Value) -> bool:
    return isinstance(value, str)


_PLACES = {
    "conv": ("out", "kernel", "stride"),
    "dense": ("out",),
    "max_pool": ("kernel", "stride"),
    "avg_pool": ("kernel", "stride"),
    "dropout": ("rate",),
}


def _placed(op: str, values: Sequence[Value]) -> list[Entry]:
    """`conv: [32, 3, 2]`, and `classifier: [512, 10]` of several dense layers."""
    words = [each for each in values if isinstance(each, str)]
    if op == "dense" and len(words) > 1:
        rows = [[Entry("dense", {"out": each}), Entry("relu")] for each in words]
        return [each for row in rows for each in row][:-1]
    places = _PLACES.get(op, ())
    if len(words) > len(places):
        raise Unknown
    return [Entry(op, dict(zip(places, words, strict=False)))]


def _configured(values: Sequence[Value]) -> list[Entry]:
    """`[64, 64, 'M', 128, 'M']`, the filters of VGG's 3x3 convolutions and its pools."""
    found: list[Entry] = []
    for each in values:
        if each == "M":
            found.append(Entry("max_pool", {"kernel": "2"}))
        elif isinstance(each, str) and each.isdigit():
            found += [Entry("conv", {"out": each, "kernel": "3", "pad": "same"}), Entry("relu")]
        else:
            raise Unknown
    return found


def _listed(item: Value, found: Listed) -> None:
    if isinstance(item, str):
        from cnndsl.syntax.ported import phrases

        worded = phrases.entries(item)
        op = op_meant(item)
        if worded is None and op is None:
            raise Unknown
        found.layers += worded or [Entry(op or "here")]
    elif isinstance(item, Record):
        if type_of(item) is not None:
            add_layer(item, found)
        else:
            _keyed(item, found)
    else:
        raise Unknown


def _keyed(record: Record, found: Listed) -> None:
    """`conv: {filters: 64, kernel: 3}`: the key is the layer."""
    for key, value in record.pairs:
        if isinstance(value, Record) and type_of(value) is not None:
            add_layer(value, found)
            continue
        op = op_meant(key)
        if op is None:
            raise Unknown
        if isinstance(value, Record):
            _entry(key, value, found)
        elif isinstance(value, list) and all(map(_is_plain, value)):
            found.layers += _placed(op, value)
        elif isinstance(value, str) and value:
            if not re.fullmatch(r"[\w.×/-]+", value):
                found.layers += _worded(key, value)
                continue
            main = {"dropout": "rate", "dense": "out", "conv": "out", "upsample": "factor"}
            if op in ("input",):
                found.image = image(value)
            else:
                found.layers.append(Entry(op, {main.get(op, "kernel"): value}))
        else:
            raise Unknown


def _worded(key: str, value: str) -> list[Entry]:
    """`conv1: 96 kernels of 11x11, stride 4`."""
    from cnndsl.syntax.ported import phrases

    found = phrases.entries(f"{key}: {value}")
    if found is None:
        raise Unknown
    return found


def type_of(record: Record) -> str | None:
    """The word that says which layer a record is."""
    for key in _TYPES:
        value = record.get(key)
        word = value.rpartition(".")[2] if isinstance(value, str) else ""
        if op_meant(word) or is_silent(word) or (key == "type" and word[:1].isupper()):
            return word
    return None


def add_layer(record: Record, found: Listed) -> None:
    word = type_of(record) or ""
    left = Record(
        [(k, v) for k, v in record.pairs if not (k.lower() in _TYPES and isinstance(v, str))]
    )
    if is_silent(word) and op_meant(word) != "input":
        return
    _entry(word, left, found)


def _entry(word: str, record: Record, found: Listed) -> None:
    op = op_meant(word)
    if op is None and word[:1].isupper():
        found.layers.append(word)  # one of the author's own
        return
    if op is None:
        raise Unknown
    given: dict[str, str] = {}
    dims: list[str] = []
    count = "1"
    notes: list[str] = []
    for key, value in flattened(record):
        name = key.lower()
        if name == "dim" and isinstance(value, str):
            dims.append(value)
        elif (
            name in ("bottom", "top", "name", "phase", "from", "inputs", "id", "shape")
            and op != "input"
        ):
            continue
        elif name in ("repeat", "repeats", "count", "times"):
            count = text_of(value)
        elif name == "pool" and op == "max_pool":
            op = "avg_pool" if text_of(value).lower() in ("ave", "avg", "average") else op
        elif name == "global_pooling":
            given["global"] = "true"
        else:
            note(op, key, value, given, notes)
    if op == "input":
        found.image = image([*dims]) if dims else image(size_said(record))
        return
    if given.pop("global", None):
        op, given = f"global_{op}", {}
    found.layers.append(Entry(op, given, (), count, notes=tuple(notes)))
