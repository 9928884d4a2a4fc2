"""Docstrings and annotations: shapes as code, types of values, the module's header."""

from __future__ import annotations

import textwrap
from typing import Any

from cnndsl.ir import Instance, Network
from cnndsl.summary import Summary, format_table, summarize_network, table_text
from cnndsl.targets.flax.pyexpr import Py, Scope, bindings, render

WRAP = 84


def type_of(values: list[Any]) -> str:
    """The annotation that fits all of some values."""
    kinds = dict.fromkeys(_type(value) for value in values if value is not None)
    optional = any(value is None for value in values)
    names = list(kinds)
    if set(names) == {"int", "float"}:
        names = ["float"]
    text = " | ".join(names) or "None"
    return f"{text} | None" if optional and names else text


def _type(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        items = dict.fromkeys(_type(item) for item in value)
        if set(items) == {"int", "float"}:
            return "tuple[float, ...]"
        return f"tuple[{next(iter(items))}, ...]" if len(items) == 1 else "tuple"
    return {bool: "bool", int: "int", float: "float", str: "str"}.get(type(value), "object")


def docstring(*paragraphs: str, indent: int = 4) -> str:
    """A docstring's text, escaped; the first line stands behind the quotes."""
    text = "\n\n".join(p for p in paragraphs if p)
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(lines[:1] + [" " * indent + line if line else "" for line in lines[1:]])


def wrapped(text: str | None, width: int = WRAP) -> str:
    """A comment as it was written; only lines too long for the module are filled anew."""
    if not text:
        return ""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        p if max(map(len, p.split("\n"))) <= width else textwrap.fill(" ".join(p.split()), width)
        for p in paragraphs
    )


# --- shapes ---------------------------------------------------------------------------


def block_shapes(
    instances: list[Instance], arguments: list[Any], channels_in: str, out: Py | None, sized: bool
) -> str:
    """`(N, H, W, in_features) -> (N, H / stride, W / stride, 4 * width)`."""
    ins = [i.x.shape for i in instances]
    outs = [i.out.shape for i in instances]
    if len({len(s) for s in ins}) > 1 or len({len(s) for s in outs}) > 1:
        return ""
    if out is not None and all(b.scope is Scope.ARGUMENT for b in bindings(out)):
        channels = render(out, lambda b: channels_in if b.name == "in_features" else b.name)
    else:
        last = {s[-1] for s in outs}
        channels = str(last.pop()) if len(last) == 1 else "C"
    if len(ins[0]) == 1:
        left = f"(N, {channels_in})"
    else:
        sizes = {s[:-1] for s in ins}
        fixed = sized and len(sizes) == 1
        height, width = map(str, sizes.pop()) if fixed else ("H", "W")
        left = f"(N, {height}, {width}, {channels_in})"
    if len(outs[0]) == 1:
        return f"{left} -> (N, {channels})"
    if len(ins[0]) == 1:
        return f"{left} -> (N, {outs[0][0]}, {outs[0][1]}, {channels})"
    sizes = [
        _side("HW"[axis], [(a[axis], b[axis]) for a, b in zip(ins, outs, strict=True)], arguments)
        for axis in (0, 1)
    ]
    right = f"(N, {sizes[0]}, {sizes[1]}, {channels})"
    gap = "\n    " if len(left) + len(right) > WRAP - 8 else " "
    return f"{left}{gap}-> {right}"


def _side(letter: str, pairs: list[tuple[int, int]], arguments: list[Any]) -> str:
    if all(a == b for a, b in pairs):
        return letter
    for binding in arguments:
        values = [binding.values.get(n) for n in range(len(pairs))]
        if all(type(v) is int and v > 0 for v in values) and all(
            -(-a // v) == b for (a, b), v in zip(pairs, values, strict=True)
        ):
            return f"{letter} / {binding.name}"
    for factor in range(2, 33):
        if all(-(-a // factor) == b for a, b in pairs):
            return f"{letter} / {factor}"
        if all(a // factor == b for a, b in pairs):
            return f"{letter} // {factor}"
        if all(a * factor == b for a, b in pairs):
            return f"{factor} * {letter}"
    return f"{letter}'"


def model_shapes(networks: list[Network], channels: str) -> str:
    """`Images (N, 224, 224, 3) -> logits (N, classes).`"""
    shapes = {n.input.shape for n in networks}
    if len(shapes) == 1:
        image = ", ".join(map(str, shapes.pop()))
    else:
        last = {s[-1] for s in shapes}
        image = f"H, W, {last.pop() if len(last) == 1 else 'C'}"
    outs = {n.output.shape for n in networks}
    out = next(iter(outs))
    if len(out) == 1:
        return f"Images (N, {image}) -> logits (N, {channels})."
    sides = ", ".join(map(str, out[:-1])) if len(outs) == 1 else "H', W'"
    return f"Images (N, {image}) -> (N, {sides}, {channels})."


# --- the module's header --------------------------------------------------------------


def header(doc: str | None, networks: list[Network], footer: list[str]) -> str:
    """The first comment, the tables, and where the module comes from."""
    summaries = [summarize_network(network) for network in networks]
    parts = [wrapped(doc) or f"{summaries[0].model if summaries else 'No models'}."]
    parts += _stage_tables(networks, summaries)
    if len(summaries) > 1:
        rows = [("model", "params", "MACs")]
        rows += [(s.model, f"{s.params:,}", f"{s.macs:,}") for s in summaries]
        parts.append(_indented(format_table(rows, right=(1, 2))))
    if summaries:
        text = "MACs: multiply-accumulates of convolutions and dense layers, for one image"
        heads = any(row.training for s in summaries for row in s.stages)
        text += ", without the auxiliary heads." if heads else "."
        parts.append(textwrap.fill(text, WRAP))
    parts.append("\n".join(footer))
    return docstring(*parts, indent=0)


def _stage_tables(networks: list[Network], summaries: list[Summary]) -> list[str]:
    """The stage table of the first model of every family."""
    parts, seen = [], set()
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
