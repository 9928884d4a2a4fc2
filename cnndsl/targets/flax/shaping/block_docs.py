"""The shapes of what a block takes and gives, as code."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Instance, Pack, Tensor
from cnndsl.ops import OPS
from cnndsl.ops.base import Shape, rank_of
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import plain_expression
from cnndsl.targets.python.tree import Binary, Comprehension, Expr, Name, Star, Tuple

WRAP = 84
LETTERS = ("", "L", "HW", "DHW")  # of the axes of positions
_FACTORS = (*range(2, 33), 64, 128)  # by which maps are smaller or larger


def block_shapes(draft: Draft, instances: Sequence[Instance]) -> str:
    """`(N, H, W, in_features) -> (N, H / stride, W / stride, 4 * width)`."""
    if not draft.takes_x:
        return _of_arguments(draft, instances)
    ins = [i.x.shape for i in instances]
    if len({len(s) for s in ins}) > 1:
        return ""
    channels = _channels_in(draft, ins, _spelled(draft, instances))
    return _arrow([_left(draft, ins, channels)], _given(draft, instances, ins, channels))


def _of_arguments(draft: Draft, instances: Sequence[Instance]) -> str:
    """The same of a block that reads its arguments alone. Sizes are those of the first tensor; in
    a pack each has its own.
    """
    arguments = [p for p in draft.arguments if p.source == "tensor"]
    held = [[_tensors(i.args[p.origin]) for i in instances] for p in arguments]
    if not all(tensors for each in held for tensors in each):  # none, or an empty pack
        return ""
    ins = [tensors[0].shape for tensors in held[0]]
    if len({len(s) for s in ins}) > 1:
        return ""
    left = []
    for param, each in zip(arguments, held, strict=True):
        if isinstance(instances[0].args[param.origin], Pack):
            left.append(_pack([(t.shape, t.shape) for tensors in each for t in tensors], "C"))
        else:
            features = f"{param.name}_features"
            is_told = any(p.name == features and p.handed for p in draft.params)
            pairs = [(a, t.shape) for a, (t,) in zip(ins, each, strict=True)]
            left.append(_one(pairs, features if is_told else "C"))
    return _arrow(left, _given(draft, instances, ins, "C", held[0]))


def _tensors(value: object) -> tuple[Tensor, ...]:
    """The tensors that an argument or a result is."""
    if isinstance(value, Pack):
        return tuple(value.tensors)
    return (value,) if isinstance(value, Tensor) else ()


def _spelled(draft: Draft, instances: Sequence[Instance]) -> Sequence[Expr | None]:
    """The channels of every result, where they are known."""
    count = len(instances[0].results) or 1
    return draft.outs if len(draft.outs) == count else [draft.out] * count


def _given(
    draft: Draft,
    instances: Sequence[Instance],
    ins: Sequence[Shape],
    channels_in: str,
    received: Sequence[Sequence[Tensor]] = (),
) -> list[str]:
    """What a block gives, "" where its uses have nothing in common; `received` is a pack of as many
    tensors in some of them.
    """
    results = [i.results or (i.out,) for i in instances]
    parts = []
    for given, out in zip(zip(*results, strict=True), _spelled(draft, instances), strict=True):
        outs = [result.shape for result in given if isinstance(result, Tensor)]
        if len(outs) < len(given):
            packs = [_tensors(result) for result in given]
            pairs = [(a, t.shape) for a, each in zip(ins, packs, strict=True) for t in each]
            if list(map(len, received)) == list(map(len, packs)):
                both = zip(received, packs, strict=True)
                pairs = [(a.shape, b.shape) for two in both for a, b in zip(*two, strict=True)]
            parts.append(_pack(pairs, _channels_of_each(draft, out)))
        elif len({len(s) for s in outs}) > 1:
            parts.append("")
        else:
            parts.append(_result(draft, ins, outs, _channels_out(draft, out, outs, channels_in)))
    return parts


def _channels_of_each(draft: Draft, out: Expr | None) -> str:
    """Those of all tensors of a pack, where they are alike."""
    known = {p.name for p in draft.params if p.handed}
    each: set[Expr] = set()
    for item in out.items if isinstance(out, Tuple) else ():
        match item:
            case Star(value=Binary(op="*", left=Tuple(items=(channels,)))):
                each.add(channels)
            case Star(value=Comprehension(element=channels)):
                each.add(channels)
            case Star():
                return "C"
            case _:
                each.add(item)
    if len(each) == 1 and names(channels := each.pop()) <= known:
        return print_expression(plain_expression(channels))
    return "C"


def _pack(pairs: Sequence[tuple[Shape, Shape]], channels: str) -> str:
    """`[(N, H, W, C), ...]`; "" where tensors have other axes."""
    one = _one(pairs, channels)
    return one and f"[{one}, ...]"


def _one(pairs: Sequence[tuple[Shape, Shape]], channels: str) -> str:
    """Tensors of some shape, with the sizes of others where they have these."""
    if len({len(shape) for _, shape in pairs}) != 1:
        return ""
    sides = [
        letter if all(len(a) == len(b) and a[axis] == b[axis] for a, b in pairs) else f"{letter}'"
        for axis, letter in enumerate(LETTERS[rank_of(pairs[0][1])])
    ]
    return f"({', '.join(['N', *sides, channels])})"


def _arrow(left: Sequence[str], right: Sequence[str]) -> str:
    if not all((*left, *right)):
        return ""
    received, given = ", ".join(left), ", ".join(right)
    gap = "\n    " if len(received) + len(given) > WRAP - 8 else " "
    return f"{received}{gap}-> {given}"


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
        side(letter, [(a[axis], b[axis]) for a, b in zip(ins, outs, strict=True)], arguments)
        for axis, letter in enumerate(LETTERS[rank_of(ins[0])])
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
    extents = map(str, ins[0][:-1]) if _is_fixed(draft, ins) else LETTERS[rank_of(ins[0])]
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


def side(letter: str, pairs: list[tuple[int, int]], arguments: Sequence[Param]) -> str:
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
