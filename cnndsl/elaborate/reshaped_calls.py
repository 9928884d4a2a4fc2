"""Calls of ops whose arguments are sizes one by one, axes, or layers of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnndsl import elsewhere
from cnndsl.diagnostics import Fix
from cnndsl.ops import OPS
from cnndsl.ops.base import Op
from cnndsl.ops.kinds import ByAxis, Extents
from cnndsl.source import Span
from cnndsl.suggest import closest
from cnndsl.syntax import ast

_LONGEST = 200  # characters of a call that a help writes anew
_FEWEST, _MOST = 2, 6  # sizes
_POOLS = {"reduce_mean": "global_avg_pool", "reduce_max": "global_max_pool"}
_KEEPS = ("keepdims", "keepdim", "keep_dims", "keep")
_AXES = ("axis", "axes", "dim", "dims", None)


def rewritten(call: Span, text: str) -> Fix | None:
    return Fix(call, text) if call.end - call.start <= _LONGEST and "\n" not in text else None


def listed(callee: str, args: Sequence[ast.Argument], call: Span) -> Fix | None:
    """`reshape(4, 4, 2 * n)`, `crop(1, 1, 1, 1)`, `adaptive_avg_pool(7, 7)`: sizes one by one."""
    first = next(iter(OPS[callee].arguments().values()), None) if callee in OPS else None
    sides = [each.span.text for each in args]
    of_sizes = first is not None and isinstance(first.kind, ByAxis | Extents)
    plain = not any(each.name for each in args) and _FEWEST <= len(sides) <= _MOST
    if not of_sizes or not plain or first is None or any(side[0] == "-" for side in sides):
        return None
    if isinstance(first.kind, Extents):
        if len(sides) == 3 and sides[1] == sides[2] != sides[0]:
            sides = [*sides[1:], sides[0]]
        return rewritten(call, f"{callee}([{', '.join(sides)}])")
    if len(set(sides)) == 1 and len(sides) > _FEWEST:
        return rewritten(call, f"{callee}({sides[0]})")
    if len(sides) > _FEWEST:
        return None  # whose order only the author knows
    return rewritten(call, f"{callee}({elsewhere.size(sides)})")


def pooled(callee: str, args: Sequence[ast.Argument], call: Span) -> Fix | None:
    """`reduce_mean(axis = [1, 2])`, over all positions, as the pooling that it is."""
    keeps = [a.value.span.text.lower() for a in args if a.name in _KEEPS]
    axes = [a.value.span.text for a in args if a.name not in _KEEPS]
    named = all(a.name in (*_KEEPS, *_AXES) for a in args)
    whole = elsewhere.of_sizes("mean", [", ".join(axes)]) or axes == ["positions"]
    if callee not in _POOLS or not named or not whole:
        return None
    return rewritten(call, _POOLS[callee] + ("(keep = true)" if "true" in keeps else ""))


def followed(callee: str, args: Sequence[ast.Argument], call: Span) -> tuple[str, Fix] | None:
    """`conv(64, 3, norm = "bn", act = "silu")` and `conv(64, 3, relu = true)`, whose layers stand
    behind it.
    """
    known = OPS[callee].arguments() if callee in OPS else {}
    kept: list[str] = []
    behind: list[str] = []
    for argument in args:
        if argument.name is None or argument.name in known:
            kept.append(argument.span.text)
            continue
        layer = _layer(argument)
        if layer is None:
            return None
        behind += [layer] if layer else []
    call_itself = f"{callee}({', '.join(kept)})" if kept else callee
    fix = rewritten(call, " -> ".join([call_itself, *behind])) if callee in OPS else None
    return None if fix is None else (" -> ".join(behind), fix)


def _layer(argument: ast.Argument) -> str | None:
    """The layer that an argument stands for, "" for none; None where it stands for nothing such."""
    name, value = argument.name or "", argument.value
    text = value.span.text
    if name not in elsewhere.LAYERS:
        own = closest(name, OPS) if text.lower() in ("true", "false") else None
        return None if own is None else own * (text.lower() == "true")
    if text.strip('"').lower() in ("none", "false", "linear", "identity"):
        return ""
    if isinstance(value, ast.Call):
        own = closest(value.func.id, OPS)
        return None if own is None else own + text[len(value.func.id) :]
    return activation_of(argument)


def activation_of(argument: ast.Argument) -> str | None:
    match argument.value:
        case ast.Name(id=said) | ast.Literal(value=str(said)):
            return closest(said, OPS)
    return None


def without_bias(call: ast.Apply, op: Op) -> Fix | None:
    """The edit that leaves out a bias that is there by default."""
    args = call.args or ()
    places = sum(argument.name is None for argument in args)
    most = min(2, list(op.arguments()).index("bias"))
    if not args or any(argument.name == "bias" for argument in args) or places > most:
        return None
    end = args[-1].span.end
    return Fix(Span(call.span.source, end, end), ", bias = false")


def left_out(span: Span) -> Fix:
    """A chain without an element, and without the arrow before it."""
    before = re.search(r"[ \t]*->[ \t]*$", span.source.text[max(0, span.start - 40) : span.start])
    start = span.start - len(before[0]) if before else span.start
    return Fix(Span(span.source, start, span.end), "" if before else "here")
