"""docs/zoo.md: a picture per family, and a row per model with what its figures are held against."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from cnndsl.tasks import TASKS
from cnndsl.zoo.index import Record, input_text
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
`cnndsl list` prints the table, `cnndsl list --task segmentation --max-params 40M` a part of it, and
`cnndsl compile ResNet50` writes a module of that network alone.

The pictures show what the stages of a family's first network give, in the order they run: slabs
as high as their maps and as thick as their channels, both as logarithms, and bars for vectors.
Behind each other stand the maps of a block with several results.
"""
_TITLES = ("model", "input", "params", "MACs", "reference", "shown by")
_OVERVIEW = "| for | families, and how many networks each has |\n| --- | --- |\n"
_RULE = "| --- | --- | ---: | ---: | --- | --- |"


def page(entries: Sequence[Record], references: References) -> str:
    """The text of docs/zoo.md for the entries of index.json, as `build.index` gives them."""
    parts = [_HEAD]
    for task in TASKS:
        parts += _families([entry for entry in entries if entry["task"] == task], references)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _families(entries: Sequence[Record], references: References) -> Iterator[str]:
    """Those of one task: a heading, the papers and a table each."""
    if entries:
        yield f"## {entries[0]['task'].capitalize()}"
    for spec in dict.fromkeys(entry["spec"] for entry in entries):
        family = [entry for entry in entries if entry["spec"] == spec]
        papers = dict.fromkeys(entry["source"] for entry in family)
        stem = spec.removesuffix(".cnn")
        yield f"### [{stem}](../specs/{spec})"
        yield from papers
        yield f"![The stages of {family[0]['name']}](zoo/{stem}.svg)"
        rows = [_row(entry, references) for entry in family]
        yield "\n".join([_line(_TITLES), _RULE, *map(_line, rows)])


def overview(readme: str, entries: Sequence[Record]) -> str:
    """The text of README.md with the families of every task, and how many networks they have."""
    rows = []
    for task in TASKS:
        families = Counter(entry["spec"] for entry in entries if entry["task"] == task)
        cells = [f"[{s.removesuffix('.cnn')}](specs/{s}) {n}" for s, n in families.items()]
        rows += [_line((task, " · ".join(cells)))] if cells else []
    total = f"{len(entries)} networks of {len({entry['spec'] for entry in entries})} families"
    readme = re.sub(r"^\d+ networks of \d+ families", total, readme, count=1, flags=re.MULTILINE)
    before, head, after = readme.partition(_OVERVIEW)
    return before + head + "\n".join(rows) + "\n\n" + after.partition("\n\n")[2]


def _row(entry: Record, references: References) -> tuple[str, ...]:
    reference = references.of(entry["name"])
    shown = ["count"]
    if entry["shapes"]:
        shown.append("shapes")
    if reference.outputs:
        shown.append(f"outputs ({reference.outputs})")
    size = input_text(entry["input"], entry.get("inputs", {}))
    counts = f"{entry['params']:,}", f"{entry['macs']:,}"
    return entry["name"], size, *counts, reference.reference, ", ".join(shown)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
