"""How torchvision, timm and Keras call the layers of the networks of the zoo.

A file of this folder is a family: a few lines from their names to the attributes of our networks.
The same lines lead from theirs to ours, on import, and from ours to theirs, on export.

```toml
[[layout]]
name = "torchvision resnet"        # what a report says
sources = ["torchvision", "timm"]  # `export --layout` finds it by these
models = ["ResNet50"]              # of the zoo, that take such weights
form = { padding = "symmetric", epsilon = 1e-5, activation = "relu" }
head = ["fc"]                      # gives the logits
extra = ["AuxLogits."]             # heads for training: how their names begin
convolved = ["conv_preds"]         # 1x1 convolutions where ours are dense
dense = [".fc1"]                   # dense layers, ours 1x1 convolutions: how their names end
flat = [".se.conv"]                # convolutions along one axis, ours along two; how they end
scale = "gamma"                    # the one tensor of layers that scale; PyTorch's "weight"
counted = ["conv2d"]               # names that Keras numbers as a session creates them
depths = [[3, 4, 6, 3]]            # rows that `{s.i}` counts through; several if models differ
words.u = { conv = "conv", bn = "norm" }

[layout.layers]                    # theirs = ours; the first line that fits counts
"layer{i+1}.{j}.conv{k}" = "layer.{i}.{j}.conv{k}"
```

`cnndsl.weights.pattern` says what stands in braces.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cnndsl.weights.form import Form
from cnndsl.weights.pattern import Side, Terms, side

HERE = Path(__file__).parent
SOURCES = ("torchvision", "timm", "keras")


@dataclass(frozen=True)
class Layout:
    """The names of one family in one library; see the folder's docstring."""

    name: str
    sources: tuple[str, ...]
    models: tuple[str, ...]
    form: Form
    head: tuple[str, ...]
    extra: tuple[str, ...]
    counted: tuple[str, ...]
    convolved: tuple[str, ...]
    dense: tuple[str, ...]
    flat: tuple[str, ...]
    scale: str
    terms: Terms
    lines: tuple[tuple[Side, Side], ...]

    def ours(self, theirs: str) -> str | None:
        """Our name of a layer of theirs; None if the layout knows no such layer."""
        for left, right in self.lines:
            found = left.read(theirs, self.terms)
            written = None if found is None else right.write(found, self.terms)
            if written is not None:
                return written
        return None

    def theirs(self, ours: str) -> str | None:
        """Their name of a layer of ours; None if the layout knows no such layer."""
        for left, right in self.lines:
            found = right.read(ours, self.terms)
            written = None if found is None else left.write(found, self.terms)
            if written is not None and self.ours(written) == ours:
                return written
        return None

    def is_head(self, theirs: str) -> bool:
        return theirs in self.head

    def is_extra(self, theirs: str) -> bool:
        return theirs.startswith(self.extra)


@cache
def layouts() -> tuple[Layout, ...]:
    """All of them; one for each row of depths.

    Raises:
      ValueError: if a file is no layout.
    """
    found: list[Layout] = []
    for path in sorted(HERE.glob("*.toml")):
        with path.open("rb") as file:
            table = tomllib.load(file)
        for entry in table["layout"]:
            found += _read(entry)
    return tuple(found)


def of_source(source: str) -> tuple[Layout, ...]:
    return tuple(layout for layout in layouts() if source in layout.sources)


def _read(entry: Mapping[str, object]) -> Iterator[Layout]:
    variants = entry.get("variants", [{}])
    for variant in variants if isinstance(variants, list) else ():
        words = {**_table(entry, "words"), **_table(variant, "words")}
        rows = entry.get("depths", [[]])
        for depths in rows if isinstance(rows, list) else ():
            yield _layout(entry, Terms(words, tuple(depths)))


def _layout(entry: Mapping[str, object], terms: Terms) -> Layout:
    name, form = str(entry["name"]), _table(entry, "form")
    lines = tuple(
        (side(theirs, terms.words, ours=False), side(ours, terms.words, ours=True))
        for theirs, ours in _table(entry, "layers").items()
    )
    if any(left.names != right.names for left, right in lines):
        raise ValueError(f"{name} has a line whose slots are not the same on both sides")
    return Layout(
        name,
        _list(entry, "sources"),
        _list(entry, "models"),
        Form(**form),
        _list(entry, "head"),
        _list(entry, "extra"),
        _list(entry, "counted"),
        _list(entry, "convolved"),
        _list(entry, "dense"),
        _list(entry, "flat"),
        str(entry.get("scale", "weight")),
        terms,
        lines,
    )


def _table(entry: Mapping[str, object], key: str) -> dict[str, Any]:
    found = entry.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"`{key}` of {entry.get('name')} is no table")
    return found


def _list(entry: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = entry.get(key, [])
    if not isinstance(found, list):
        raise ValueError(f"`{key}` of {entry.get('name')} is no list")
    return tuple(map(str, found))
