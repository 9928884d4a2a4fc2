"""Arguments by their places in another order than an op or a block has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import LIKELY, Mend, holds
from cnndsl.ops import OPS
from cnndsl.syntax import ast

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
