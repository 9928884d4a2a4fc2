"""docs/zoo.md: a row per model, with its figures and what they are held against."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.zoo.index import Record
from cnndsl.zoo.references import References

_HEAD = """\
# The zoo

[All pages](README.md) · [Weights](weights.md) · [Training](training.md)

Made from the specs by `python -m cnndsl.zoo.build`; a test compares. MACs are multiply-accumulates
of convolutions and dense layers for one image.

The last column says how a network is known to be its reference:

- *count*: its trainable parameters are the reference's, an `expect` of the spec;
- *shapes*: so are the shapes that the spec asserts of its stages;
- *outputs*: with the same random weights, copied by `cnndsl.weights.from_keras`, its logits are
  those of the implementation in parentheses, within 1e-4 of the largest one.

In Python `cnndsl.zoo.create("ResNet50", rngs=nnx.Rngs(0))` builds a network and
`cnndsl.zoo.endpoints("ResNet50")` tells the shape and the reduction of every feature map;
`cnndsl list` prints the table, and `cnndsl compile ResNet50` writes a module of that network alone.
"""
_TITLES = ("model", "input", "params", "MACs", "reference", "shown by")
_RULE = "| --- | --- | ---: | ---: | --- | --- |"


def page(entries: Sequence[Record], references: References) -> str:
    """The text of docs/zoo.md for the entries of index.json, as `build.index` gives them."""
    parts = [_HEAD]
    for spec in dict.fromkeys(entry["spec"] for entry in entries):
        family = [entry for entry in entries if entry["spec"] == spec]
        papers = dict.fromkeys(entry["source"] for entry in family)
        stem = spec.removesuffix(".cnn")
        parts += [f"## [{stem}](../specs/{spec})", *papers]
        rows = [_row(entry, references) for entry in family]
        parts.append("\n".join([_line(_TITLES), _RULE, *map(_line, rows)]))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _row(entry: Record, references: References) -> tuple[str, ...]:
    reference = references.of(entry["name"])
    shown = ["count"]
    if entry["shapes"]:
        shown.append("shapes")
    if reference.outputs:
        shown.append(f"outputs ({reference.outputs})")
    size = "x".join(map(str, entry["input"]))
    counts = f"{entry['params']:,}", f"{entry['macs']:,}"
    return entry["name"], size, *counts, reference.reference, ", ".join(shown)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
