"""Arguments by their places in another order than an op or a block has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import LIKELY, SURE, Mend, holds
from cnndsl.ops import OPS
from cnndsl.syntax import ast

_GROUPS = 4  # where a convolution has them
_MOST = 3  # arguments that are put in order
_POOLS = ("max_pool", "avg_pool")


def ordered(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`conv(3x3, 128)` and `max_pool(2, 3x3)`: the size of a window at another argument's place."""
    if first.code not in ("E205", "E301", "E302", "E304", "E305"):
        return
    for node in nodes:
        if not isinstance(node, ast.Apply) or node.name not in OPS:
            continue
        args = [argument for argument in node.args or () if argument.name is None][:_MOST]
        at_it = first.primary is not None and holds(node.span, first.primary.span)
        late = node.name in _POOLS and any(isinstance(a.value, ast.List) for a in args[1:])
        if not (at_it and first.code == "E205") and not late:
            continue
        names = ", ".join(list(OPS[node.name].arguments())[: len(args)])
        why = f"by their places the arguments are {node.name}({names})"
        texts = [argument.span.text for argument in args]
        for order in list(permutations(texts))[1:]:
            changed = zip(args, order, strict=True)
            edits = tuple(Fix(a.span, text) for a, text in changed if a.span.text != text)
            yield Mend(LIKELY, edits, why, reveals=first.code == "E205")


def dilated(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`conv(512, 3, 1, 2, 2)`, in all calls: PyTorch has the dilation where `groups` stand here."""
    if first.code not in ("E301", "E302", "E303", "E304", "E305", "E402"):
        return
    calls = [node.args for node in nodes if isinstance(node, ast.Apply) and node.name == "conv"]
    last = [args[_GROUPS] for args in calls if args and len(args) > _GROUPS]
    edits = (Fix(a.span, f"dilation = {a.span.text}") for a in last if a.name is None)
    found = tuple(edits)
    if found:
        yield Mend(SURE, found, "by its place that is `groups`, and the dilation elsewhere")
