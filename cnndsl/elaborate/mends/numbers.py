"""Numbers that do not fit: channels, groups, sides of images, defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.channels import FEWEST
from cnndsl.elaborate.mends.mend import (
    LIKELY,
    POSSIBLE,
    Mend,
    holds,
    multiples,
    parts_of,
    shape_of,
)
from cnndsl.source import Span
from cnndsl.syntax import ast

_LEAST = 8  # pixels of an image's side, so that its channels can stand nowhere else
_MULTIPLES = (2, 4, 8, 16, 32, 64)  # by which the sides of an image are divided and come back
_NEAR = 6  # literals of one number that are tried
_BACK = "conv(in.channels, 1) -> "
_USUAL = {  # what a parameter is where nothing is said
    **dict.fromkeys(("stride", "strides", "s", "groups", "dilation", "rate", "repeats"), "1"),
    **dict.fromkeys(("act", "activation"), "relu"),
    **dict.fromkeys(("kernel", "k", "kernel_size"), "3"),
}

_WHOLE = "the average of the whole map, whatever its size"


def defaults(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A parameter that a call leaves out, with the default that it has everywhere."""
    found = re.match(r"`(\w+)` needs `(\w+)`$", first.message)
    if found is not None and first.code == "E105":
        yield from _handed_on(nodes, *found.groups())
    default = _USUAL.get(found[2]) if found and first.code == "E105" else None
    if found is None or default is None:
        return
    for node in nodes:
        if isinstance(node, ast.Block) and node.name == found[1]:
            for parameter in node.parameters:
                if parameter.name == found[2] and parameter.default is None:
                    fix = Fix(parameter.span, f"{parameter.name} = {default}")
                    yield Mend(LIKELY, (fix,), "give it here, or give it a default")


def _handed_on(nodes: Sequence[ast.Node], block: str, name: str) -> Iterator[Mend]:
    """`dense_layer * 16` in a model that has the `growth` which the block needs."""
    for model in nodes:
        if not isinstance(model, ast.Model) or all(p.name != name for p in model.parameters):
            continue
        calls = [n for n in nodes if isinstance(n, ast.Apply) and holds(model.span, n.span)]
        bare = [call for call in calls if call.name == block and not call.args]
        ends = (Span(c.span.source, c.name_span.end, c.span.end) for c in bare)
        why = f"a block sees its parameters alone, so that `{name}` is handed on"
        yield Mend(LIKELY, tuple(Fix(end, f"({name})") for end in ends), why, reveals=True)


def gates(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A gate that does not come back to the channels that it weighs (squeeze and excitation)."""
    if first.code != "E303" or not any(label.text.startswith("in this") for label in first.labels):
        return
    gates = [label.span for label in first.labels if label.text.startswith("1 x 1 x ")]
    for gate in gates:
        calls = [n for n in nodes if isinstance(n, ast.Apply) and holds(gate, n.span)]
        widths = [c.args[0].value for c in calls if c.name in ("conv", "dense") and c.args]
        if len(widths) == 1:
            last = calls[-1]
            back = Fix(Span(last.span.source, last.span.start, last.span.start), _BACK)
            yield Mend(LIKELY, (back,), "the gate has as many channels as what it weighs")
        for width in widths[-1:]:
            fix = Fix(width.span, "in.channels")
            yield Mend(POSSIBLE, (fix,), "the gate has as many channels as what it weighs")


def numbers(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Channels that groups divide, that a square divides, or that the other branch has."""
    place = first.primary.span.end if first.primary else 0
    spans = [label.span for label in first.labels]
    for seen, wanted, why in _wanted(first):
        values = [
            node
            for node in chain.from_iterable(map(_arguments, nodes))
            if isinstance(node, ast.Literal) and node.value == seen and node.value is not True
        ]
        near = sorted(
            values,
            key=lambda node: (
                not any(holds(span, node.span) for span in spans),
                node.span.start > place,
                abs(place - node.span.start),
            ),
        )
        if first.code in ("E301", "E303"):  # what stands in front of both is none of them
            near = [n for n in near if any(holds(span, n.span) for span in spans)]
        for node in near[:_NEAR]:
            yield Mend(POSSIBLE, (Fix(node.span, str(wanted)),), why)
    if found := re.match(r"\d+ channels are no multiple of (\d+) x \1", first.message):
        yield from _squares(nodes, place, found[1], first)


def _squares(nodes: Sequence[ast.Node], place: int, side: str, first: Diagnostic) -> Iterator[Mend]:
    """The filters of the convolution before a `pixel_shuffle`, times the square of its factor."""
    before = [
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Apply) and node.name in FEWEST and node.args
        if node.span.end <= place
    ]
    factor = first.primary.span.text if first.primary else side
    for filters in before[-1:]:
        text = filters.span.text
        why = "every channel that comes out takes a square of them"
        if text == factor:
            yield Mend(LIKELY, (Fix(filters.span, f"{factor} * {factor}"),), why)
        if isinstance(filters, ast.Literal):
            square = int(side) ** 2
            several = isinstance(filters.value, int) and filters.value > square
            for near in multiples(int(filters.value or 0), square) if several else [square]:
                yield Mend(LIKELY, (Fix(filters.span, str(near)),), why)
            product = f"{text} * {factor} ** 2"
        else:
            inner = text if isinstance(filters, ast.Name) else f"({text})"
            product = f"{inner} * {factor} ** 2"
        yield Mend(LIKELY, (Fix(filters.span, product),), why)


def _wanted(first: Diagnostic) -> Iterator[tuple[int, int, str]]:
    """The numbers that a mistake names, with those that may be meant in their place."""
    if found := re.match(r"(\d+) groups do not divide (\d+)", first.message):
        groups, channels = int(found[1]), int(found[2])
        around = multiples(channels, groups)
        for several in around:
            yield channels, several, f"{groups} divides {' and '.join(map(str, around))}"
    if first.code in ("E301", "E303"):
        ends = [re.search(r"(\d+)$", label.text) for label in first.labels]
        channels_of = [int(end[1]) for end in ends if end]
        for seen in dict.fromkeys(channels_of):
            for wanted in dict.fromkeys(channels_of):
                if seen != wanted:
                    yield seen, wanted, "as many channels as in the other branch"


def sides(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """The side of an image that is halved and doubled again: a multiple of what divides it."""
    if first.code not in ("E301", "E302", "E303"):
        return
    for node in nodes:
        if isinstance(node, ast.Parameter) and isinstance(node.default, ast.Literal):
            side = node.default
            is_side = re.search("size|side|image|res|height|width", node.name)
            if is_side and isinstance(side.value, int) and side.value >= _LEAST:
                for other in _divided(side.value):
                    why = f"a multiple of {other[1]}, which comes back when it was halved"
                    yield Mend(POSSIBLE, (Fix(side.span, str(other[0])),), why)
        if isinstance(node, ast.Input) and isinstance(node.shape, ast.List):
            parts = parts_of(node.shape)
            plain = len(parts) == 3 and all(part.isdigit() for part in parts)
            if plain and parts[0] == parts[1] and int(parts[0]) >= _LEAST:
                for value, step in _divided(int(parts[0])):
                    sides = [str(value), str(value), parts[2]]
                    text = "x".join(sides) if node.shape.size else shape_of(sides)
                    why = f"a multiple of {step}, which comes back when it was halved"
                    yield Mend(POSSIBLE, (Fix(node.shape.span, text),), why)


def _divided(side: int) -> list[tuple[int, int]]:
    """Multiples of powers of two near a side, with the power."""
    found: dict[int, int] = {}
    for step in _MULTIPLES:
        if side % step:
            for value in multiples(side, step):
                found.setdefault(value, step)
    return sorted(found.items(), key=lambda pair: (pair[1], abs(pair[0] - side)))


def _arguments(node: ast.Node) -> Iterator[ast.Node]:
    """The values of a call's arguments, and what a parameter has by default."""
    if isinstance(node, ast.Apply):
        for argument in node.args or ():
            yield argument.value
    elif isinstance(node, ast.Parameter) and node.default is not None:
        yield node.default


def quotients(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`let half = filters / 2`, where an integer is wanted."""
    if not re.search(r"\d\.\d", first.message) or first.code not in ("E205", "E208", "E212"):
        return
    for node in nodes:
        if isinstance(node, ast.Binary) and node.op == "/":
            sign = Span(node.span.source, node.left.span.end, node.right.span.start)
            yield Mend(LIKELY, (Fix(sign, " // "),), "`//` divides integers")


def whole(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A window of the map of another image, `avg_pool(7)` over 4x4."""
    found = re.match(r"a (\d+) x \1 window does not fit into (\d+) x \2", first.message)
    if found is None or first.primary is None:
        return
    for node in nodes:
        if isinstance(node, ast.Apply) and holds(node.span, first.primary.span):
            if node.name == "avg_pool":
                yield Mend(LIKELY, (Fix(node.span, "global_avg_pool"),), _WHOLE)
                kept = Fix(node.span, "global_avg_pool(keep = true)")
                yield Mend(LIKELY, (kept,), _WHOLE)
            if node.name in ("avg_pool", "max_pool"):
                why = f"the map has {found[2]} rows"
                yield Mend(POSSIBLE, (Fix(first.primary.span, found[2]),), why)
