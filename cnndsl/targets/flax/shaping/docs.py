"""Docstrings: what models take and give, and the module's header."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cnndsl.counts import has_products
from cnndsl.ir import Network
from cnndsl.ops.base import Shape, rank_of
from cnndsl.summary import Summary, declared_ops, format_table, summarize_network, table_text
from cnndsl.targets.flax.shaping.block_docs import LETTERS, WRAP, side
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.python.expressions import attributes, names
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.statements import plain_expression
from cnndsl.targets.python.tree import Expr

INSIDE = 80  # of a class


def wrapped(text: str | None, width: int = WRAP) -> str:
    """A comment as it was written; only lines too long for the module are filled anew."""
    if not text:
        return ""
    return "\n\n".join(
        p if max(map(len, p.split("\n"))) <= width else textwrap.fill(" ".join(p.split()), width)
        for p in text.split("\n\n")
    )


def paragraphs(*parts: str) -> str:
    return "\n\n".join(p for p in parts if p)


# --- models ---------------------------------------------------------------------------


def logits(draft: Draft, networks: Sequence[Network]) -> str:
    """What the docstring calls the channels of the result."""
    if (spelled := _spelled(draft, draft.out)) is not None:
        return spelled
    last = {n.output.shape[-1] for n in networks if n.output.shape}
    if len(last) == 1:
        return str(last.pop())
    return "classes" if any(p.name == "classes" for p in draft.definition.parameters) else "C"


def _spelled(draft: Draft, channels: Expr | None) -> str | None:
    """Channels in terms of a model's arguments; None where there are none that say it."""
    arguments = {p.name for p in draft.arguments}
    if channels is None or not names(channels) <= arguments or attributes(channels):
        return None
    return print_expression(plain_expression(channels))


def model_shapes(draft: Draft, networks: Sequence[Network], channels: str) -> str:
    """`Images (N, 224, 224, 3) -> logits (N, classes).`"""
    named = [f"{x} {_batch([n.inputs[x].shape for n in networks])}" for x in networks[0].inputs]
    one = f"{_called(networks)} {_batch([n.input.shape for n in networks])}"
    *others, last = named or [one]
    received = [*(f"{each}," for each in others), f"{last} ->"]
    if outputs := networks[0].outputs:
        parts = []
        for name in outputs:
            shapes = [n.endpoints[name].shape for n in networks]
            parts.append(
                f"{name} {_given(networks, shapes, _spelled(draft, draft.ends.get(name)))}"
            )
        return listed(received, parts)
    shapes = [n.output.shape for n in networks]
    called = "logits " if len(shapes[0]) == 1 else ""
    return listed(received, [f"{called}{_given(networks, shapes, channels)}"])


def _given(networks: Sequence[Network], shapes: Sequence[Shape], channels: str | None) -> str:
    """A result of models: `(N, H / 4, W / 4, classes)` where its size differs between them."""
    axes = rank_of(shapes[0])
    ins = [n.input.shape for n in networks]
    sides = []
    for place, letter in enumerate(LETTERS[axes]):
        sizes = [shape[place] for shape in shapes]
        if len(set(sizes)) == 1:
            sides.append(str(sizes[0]))
        elif rank_of(ins[0]) == axes:
            before = [shape[place] for shape in ins]
            sides.append(side(letter, list(zip(before, sizes, strict=True)), ()))
        else:
            sides.append(f"{letter}'")
    last = {shape[-1] for shape in shapes}
    sides.append(channels or (str(last.pop()) if len(last) == 1 else "C"))
    return f"({', '.join(['N', *sides])})"


def listed(begin: Sequence[str], parts: Sequence[str]) -> str:
    """`begin a, b, c.`, on as many lines as it takes; no part is broken."""
    *others, last = parts
    first, *rest = (*begin, *(f"{each}," for each in others), f"{last}.")
    lines = [first]
    for part in rest:
        if len(lines[-1]) + 1 + len(part) > INSIDE:
            lines.append(part)
        else:
            lines[-1] += f" {part}"
    return "\n".join(lines)


def _called(networks: Sequence[Network]) -> str:
    """What a model receives, at the beginning of a sentence."""
    return ("Vectors", "Signals", "Images", "Clips")[rank_of(networks[0].input.shape)]


def _batch(shapes: Sequence[Shape]) -> str:
    """`(N, 64, 64, 3)`: with a letter for each size that differs between models."""
    first = shapes[0]
    letters = (*LETTERS[rank_of(first)], "C")
    same = [len({shape[i] for shape in shapes}) == 1 for i in range(len(first))]
    sides = [str(n) if s else x for n, s, x in zip(first, same, letters, strict=True)]
    return f"(N, {', '.join(sides)})"


# --- the module's header --------------------------------------------------------------


def header(doc: str | None, networks: Sequence[Network], footer: Sequence[str]) -> str:
    """The first comment, the tables, and where the module comes from."""
    summaries = [summarize_network(network) for network in networks]
    parts = [wrapped(doc) or f"{summaries[0].model if summaries else 'No models'}."]
    parts += _stage_tables(networks, summaries)
    if len(summaries) > 1:
        rows = [("model", "params", "MACs")]
        rows += [(s.model, f"{s.params:,}", f"{s.macs:,}") for s in summaries]
        parts.append(_indented(format_table(rows, right=(1, 2))))
    if summaries:
        counted = "convolutions and dense layers"
        if any(has_products(network) for network in networks):
            counted = "convolutions, dense layers and matrix products"
        text = f"MACs: multiply-accumulates of {counted}, for one image"
        heads = any(row.training for s in summaries for row in s.stages)
        text += ", without the auxiliary heads." if heads else "."
        if declared := declared_ops(networks):
            text += f" The counts of {declared} are those that the spec declares."
        parts.append(textwrap.fill(text, WRAP))
    parts.append("\n".join(footer))
    return paragraphs(*parts)


def _stage_tables(networks: Sequence[Network], summaries: Sequence[Summary]) -> list[str]:
    """The stage table of the first model of every family."""
    parts: list[str] = []
    seen: set[int] = set()
    for network, summary in zip(networks, summaries, strict=True):
        if id(network.definition) in seen:
            continue
        seen.add(id(network.definition))
        if len(networks) > 1:
            parts.append(f"{network.name}, stage by stage:")
        parts.append(_indented(table_text(summary)))
    return parts


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")
