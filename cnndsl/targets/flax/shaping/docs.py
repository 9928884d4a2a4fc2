"""Docstrings: shapes as code, and the module's header."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cnndsl.counts import has_products
from cnndsl.ir import Instance, Network, Pack
from cnndsl.ops import OPS
from cnndsl.ops.base import Shape, rank_of
from cnndsl.summary import Summary, declared_ops, format_table, summarize_network, table_text
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python.expressions import attributes, names
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import plain_expression
from cnndsl.targets.python.tree import Expr, Name

WRAP = 84
INSIDE = 80  # of a class

_FACTORS = (*range(2, 33), 64, 128)  # by which maps are smaller or larger
_LETTERS = ("", "L", "HW", "DHW")  # of the axes of positions


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


# --- shapes ---------------------------------------------------------------------------


def block_shapes(draft: Draft, instances: Sequence[Instance]) -> str:
    """`(N, H, W, in_features) -> (N, H / stride, W / stride, 4 * width)`."""
    ins = [i.x.shape for i in instances]
    results = [i.results or (i.out,) for i in instances]
    spelled = draft.outs if len(draft.outs) == len(results[0]) else [draft.out] * len(results[0])
    if len({len(s) for s in ins}) > 1 or not draft.takes_x:
        return ""
    channels_in = _channels_in(draft, ins, spelled)
    parts = []
    for given, out in zip(zip(*results, strict=True), spelled, strict=True):
        outs = [result.shape for result in given if not isinstance(result, Pack)]
        if len(outs) < len(given) or len({len(s) for s in outs}) > 1:
            return ""
        parts.append(_result(draft, ins, outs, _channels_out(draft, out, outs, channels_in)))
    left, right = _left(draft, ins, channels_in), ", ".join(parts)
    gap = "\n    " if len(left) + len(right) > WRAP - 8 else " "
    return f"{left}{gap}-> {right}"


def _result(
    draft: Draft, ins: Sequence[tuple[int, ...]], outs: Sequence[tuple[int, ...]], channels: str
) -> str:
    if len(outs[0]) == 1:
        return f"(N, {channels})"
    if len(ins[0]) != len(outs[0]) or (_is_fixed(draft, ins) and len(set(outs)) == 1):
        return f"({', '.join(map(str, ('N', *outs[0][:-1], channels)))})"
    reducing = _reducing(draft)
    arguments = [p for p in draft.arguments if p.source == "own" and p.origin in reducing]
    sides = [
        _side(letter, [(a[axis], b[axis]) for a, b in zip(ins, outs, strict=True)], arguments)
        for axis, letter in enumerate(_LETTERS[rank_of(ins[0])])
    ]
    return f"({', '.join(('N', *sides, channels))})"


def _channels_in(
    draft: Draft, ins: Sequence[tuple[int, ...]], spelled: Sequence[Expr | None]
) -> str:
    if any(p.source == "in" for p in draft.arguments):
        return "in_features"
    if draft.is_function and "in_features" not in draft.folded and None not in spelled:
        return "C"  # it has no weights that would ask for a number
    known = {s[-1] for s in ins}
    return str(known.pop()) if len(known) == 1 else "C"


def _channels_out(
    draft: Draft, out: Expr | None, outs: Sequence[tuple[int, ...]], channels_in: str
) -> str:
    known = {p.name for p in draft.params if p.handed or p.source in ("in", "features")}
    if out is not None and names(out) <= known:
        if channels_in.isidentifier():
            out = substitute(out, {"in_features": Name(channels_in)})
        if channels_in.isidentifier() or "in_features" not in names(out):
            return print_expression(plain_expression(out))
    last = {s[-1] for s in outs}
    return str(last.pop()) if len(last) == 1 else "C"


def _left(draft: Draft, ins: Sequence[tuple[int, ...]], channels_in: str) -> str:
    if len(ins[0]) == 1:
        return f"(N, {channels_in})"
    extents = map(str, ins[0][:-1]) if _is_fixed(draft, ins) else _LETTERS[rank_of(ins[0])]
    return f"({', '.join(('N', *extents, channels_in))})"


def _is_fixed(draft: Draft, ins: Sequence[Shape]) -> bool:
    """Whether a block has numbers that are right for maps of one size alone."""
    return draft.spatial and len({s[:-1] for s in ins}) == 1


def _reducing(draft: Draft) -> set[str]:
    """The names that may decide how large maps are: not those of widths and groups alone."""
    others: set[int] = set()
    for node in walk(draft.definition):
        if not isinstance(node, ast.Apply) or node.name not in OPS:
            continue
        known = list(OPS[node.name].arguments())
        for place, argument in enumerate(node.args or ()):
            name = argument.name or (known[place] if place < len(known) else None)
            if name not in _OF_WINDOWS:
                others.update(map(id, walk(argument)))
    body = walk(draft.definition.body)
    return {n.id for n in body if isinstance(n, ast.Name) and id(n) not in others}


_OF_WINDOWS = ("stride", "factor", "window", "kernel", "size", "scale", "shape")


def _side(letter: str, pairs: list[tuple[int, int]], arguments: Sequence[Param]) -> str:
    if all(a == b for a, b in pairs):
        return letter
    if all(b == 1 for _, b in pairs):
        return "1"
    for param in arguments:
        values = [param.values.get(n) for n in range(len(pairs))]
        if all(type(v) is int and 0 < v <= a and -(-a // v) == b
               for (a, b), v in zip(pairs, values, strict=True)):  # fmt: skip
            return f"{letter} / {param.name}"
        if all(type(v) is int and v > 1 and a * v == b
               for (a, b), v in zip(pairs, values, strict=True)):  # fmt: skip
            return f"{letter} * {param.name}"
    for factor in _FACTORS:
        if all(-(-a // factor) == b for a, b in pairs):
            return f"{letter} / {factor}"
    for factor in _FACTORS:
        if all(a // factor == b for a, b in pairs):
            return f"{letter} // {factor}"
        if all(a * factor == b for a, b in pairs):
            return f"{factor} * {letter}"
    return f"{letter}'"


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
    for place, letter in enumerate(_LETTERS[axes]):
        sizes = [shape[place] for shape in shapes]
        if len(set(sizes)) == 1:
            sides.append(str(sizes[0]))
        elif rank_of(ins[0]) == axes:
            before = [shape[place] for shape in ins]
            sides.append(_side(letter, list(zip(before, sizes, strict=True)), ()))
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
    letters = (*_LETTERS[rank_of(first)], "C")
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
