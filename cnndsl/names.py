"""How names of a spec read elsewhere."""

from __future__ import annotations


def camel(name: str) -> str:
    """`dense_layer` as a class is named: `DenseLayer`; `SE_block` keeps its capitals."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_") if part) or "_"
