"""What several elaborations of a spec have in common, found out once.

A block sees its arguments and the shapes of its tensors: uses that are equal in these are alike.
Where shapes are all that is asked for, a second one is the first one's frame: without paths and
receptive fields of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from cnndsl.ir import Frame, Instance, LayerArgument, Network, Node, Pack, Tensor, Value
from cnndsl.ops.base import Op
from cnndsl.syntax import ast
from cnndsl.walks import children

_SHORT = 32  # items of a list that are looked at

Cost = tuple[int, int]  # nodes, and steps of evaluation


@dataclass
class Known:
    """Ops by their arguments, and the first of all uses of a block that are alike.

    With `is_shared`, uses that are alike share their frame; with `is_proof` besides, what the spec
    asserts is checked, a use takes as much of the budgets as the first did, and is alike only where
    the same stands before it.
    """

    ops: dict[tuple[object, ...], Op] = field(default_factory=dict)
    # By the identity of an element that applies an op or a block, which argument goes where.
    given: dict[int, dict[str, ast.Argument]] = field(default_factory=dict)
    uses: dict[Hashable, Instance] = field(default_factory=dict)
    packs: dict[int, frozenset[str]] = field(default_factory=dict)  # by a block's identity
    # By the identity of an expression that is an op or a block, the element that it would be.
    elements: dict[int, ast.Apply] = field(default_factory=dict)
    costs: dict[Hashable, Cost] = field(default_factory=dict)  # of the first uses
    is_shared: bool = False
    is_proof: bool = True


def known_of(networks: Iterable[Network]) -> Known:
    """The blocks of networks without mistakes, for further ones that share them."""
    known = Known(is_shared=True, is_proof=False)
    for network in networks:
        _learn(known, network.frame)
    return known


def _learn(known: Known, frame: Frame) -> None:
    stack: list[Node] = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            if current.like is not None:
                continue
            # How deep a use of itself is counts besides; the endpoints of a model are its own.
            if current.level == 0 and not current.endpoints:
                known.uses[key_of(current.block, current.args, current.x)] = current
        stack.extend(children(current))


def key_of(block: ast.Block, args: dict[str, Value], x: Tensor) -> Hashable:
    """All that a block sees."""
    seen: list[Hashable] = [block.name, x.shape]
    places = [id(x)]
    for value in args.values():
        if isinstance(value, Tensor | Pack):
            held = value.tensors if isinstance(value, Pack) else (value,)
            for tensor in held:
                if id(tensor) not in places:
                    places.append(id(tensor))
            seen.append(tuple([(places.index(id(each)), each.shape) for each in held]))
            seen.append(isinstance(value, Pack))
        else:
            seen.append(_seen(value))
    return tuple(seen)


def proof_key(key: Hashable, x: Tensor, args: dict[str, Value]) -> Hashable:
    """The same, and what stands before the block, which may be doubtful together with it."""
    return key, tuple([id(t.origin and t.origin.element) for t in _received(x, args)])


def _seen(value: Value, depth: int = 2) -> Hashable:
    """A value, told apart from others that Python calls equal; a long list is only itself."""
    if isinstance(value, list):
        is_read = depth and len(value) <= _SHORT
        return tuple([_seen(item, depth - 1) for item in value]) if is_read else id(value)
    if isinstance(value, Tensor):
        return id(value)
    if isinstance(value, LayerArgument):
        return layer_key(value)
    return type(value), repr(value) if isinstance(value, float) else value


def layer_key(layer: LayerArgument) -> Hashable:
    """All that a layer as an argument is."""
    if isinstance(layer.what, Op):
        return layer.what.name, repr(layer.what)
    args = tuple([(name, _seen(value)) for name, value in layer.args.items()])
    return layer.what.name, args


def _received(x: Tensor, args: dict[str, Value]) -> list[Tensor]:
    """The tensors that a use of a block gets, those of packs too."""
    found = [x]
    for value in args.values():
        if isinstance(value, Tensor | Pack):
            found += value.tensors if isinstance(value, Pack) else (value,)
    return found


def again(first: Instance, element: ast.Apply, args: dict[str, Value], x: Tensor) -> Instance:
    """One more use of a block, with a result of its own."""
    out = None
    for before, now in zip(_received(first.x, first.args), _received(x, args), strict=True):
        if before is first.out:  # the block only passes it on
            out = now
    if out is None:
        out = Tensor(first.out.shape)
        out.origin = first.out.origin
    return Instance(element, first.block, args, x, out, first.frame, like=first)


def shares(use: Instance) -> bool:
    """Whether a use of a block has the frame of an earlier one."""
    return use.like is not None and use.frame is use.like.frame
