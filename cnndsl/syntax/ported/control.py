"""Loops and conditions of programs: what is known is written out, what is not stays a condition."""

from __future__ import annotations

import ast as python
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy

_MOST = 64  # statements that loops are written out as
_COMPARED: Mapping[type[python.cmpop], Callable[[object, object], bool]] = {
    python.Eq: operator.eq,
    python.NotEq: operator.ne,
    python.Lt: operator.lt,  # type: ignore[dict-item]
    python.Gt: operator.gt,  # type: ignore[dict-item]
    python.LtE: operator.le,  # type: ignore[dict-item]
    python.GtE: operator.ge,  # type: ignore[dict-item]
}
_SCOPES = frozenset({"variable_scope", "name_scope", "scope", "device", "as_default"})
_UNSAID = {"padding": 0, "bias": True}  # of what is handed on to a convolution; others are 1


def unrolled(loop: python.For, given: Mapping[str, python.expr]) -> list[python.stmt] | None:
    """The statements of a loop over what is known, one after the other."""
    items = _items(loop.iter, given)
    if items is None or len(items) * len(loop.body) > _MOST:
        return None
    found: list[python.stmt] = []
    for item in items:
        match loop.target:
            case python.Name(id=name):
                values = {name: item}
            case python.Tuple(elts=names) if isinstance(item, python.Tuple | python.List):
                if len(names) != len(item.elts):
                    return None
                values = {
                    each.id: value
                    for each, value in zip(names, item.elts, strict=True)
                    if isinstance(each, python.Name)
                }
            case _:
                return None
        found += [_Replaced(values).visit(deepcopy(each)) for each in loop.body]
    return found


def _items(node: python.expr, given: Mapping[str, python.expr]) -> Sequence[python.expr] | None:
    match node:
        case python.List(elts=items) | python.Tuple(elts=items):
            return items
        case python.Name(id=name) | python.Attribute(attr=name) if name in given:
            return _items(given[name], {})
        case python.Call(func=python.Name(id="range"), args=args):
            ends = [getattr(each, "value", None) for each in args]
            if not all(isinstance(each, int) for each in ends) or len(ends) not in (1, 2, 3):
                return None
            numbers = range(*ends)  # type: ignore[arg-type]
            return [python.Constant(each) for each in numbers[: _MOST + 1]]
        case python.Call(func=python.Name(id="enumerate"), args=[of]):
            pairs = [[python.Constant(i), each] for i, each in enumerate(_items(of, given) or [])]
            return [python.Tuple(elts=pair, ctx=python.Load()) for pair in pairs] or None
        case python.Call(func=python.Name(id="zip"), args=args):
            lists = [_items(each, given) or () for each in args]
            rows = list(zip(*lists, strict=False))
            return [python.Tuple(elts=[*row], ctx=python.Load()) for row in rows] or None
    return None


class _Replaced(python.NodeTransformer):
    """Names with their values in their place."""

    def __init__(self, values: Mapping[str, python.expr]) -> None:
        self.values = values

    def visit_Name(self, node: python.Name) -> python.expr:
        return self.values.get(node.id, node) if isinstance(node.ctx, python.Load) else node


def plain(body: Iterable[python.stmt], last: Sequence[str]) -> list[python.stmt]:
    """Statements with an `else` for what runs behind a return, and `c = x.shape[1]` for sizes that
    are unpacked, where `last` are the places of the channels.
    """
    found: list[python.stmt] = []
    for statement in body:
        match found[-1:], statement:
            case [
                python.If(test=test, body=[python.Return()], orelse=[]) as before
            ], python.Return():
                found[-1] = python.If(test=test, body=before.body, orelse=[statement])
                continue
        match statement:
            case python.Assign(
                targets=[python.Tuple(elts=names)],
                value=python.Call(func=python.Attribute(value=of, attr="size"), args=[])
                | python.Attribute(value=of, attr="shape"),
            ):
                shape = python.Attribute(value=of, attr="shape", ctx=python.Load())
                for place, name in enumerate(names):
                    if str(place) in last or str(place - len(names)) in last:
                        size = python.Subscript(shape, python.Constant(int(last[0])), python.Load())
                        found.append(python.Assign(targets=[name], value=size))
                continue
        found.append(statement)
    return found


class _Unscoped(python.NodeTransformer):
    def visit_With(self, node: python.With) -> python.With | list[python.stmt]:
        self.generic_visit(node)
        made = [each.context_expr for each in node.items]
        names = [getattr(getattr(each, "func", None), "attr", "") for each in made]
        return node.body if _SCOPES.issuperset(names) else node


def without_scopes(body: Sequence[python.stmt]) -> list[python.stmt]:
    """Statements without the scopes around them that only name or place what they compute."""
    module = python.Module(body=[*body], type_ignores=[])
    return _Unscoped().visit(module).body  # type: ignore[no-any-return]


def without_packs(body: Sequence[python.stmt]) -> Sequence[python.stmt]:
    """Classes whose constructors hand `**kwargs` on, with the arguments that they are made with."""
    calls = [call for each in body for call in calls_in(each)]
    for head in [each for each in body if isinstance(each, python.ClassDef)]:
        for maker in [each for each in head.body if isinstance(each, python.FunctionDef)]:
            if (pack := maker.args.kwarg) is None or maker.name != "__init__":
                continue
            known = {each.arg for each in (*maker.args.args, *maker.args.kwonlyargs)}
            made = [call for call in calls if getattr(call.func, "id", "") == head.name]
            said = dict.fromkeys(k.arg for call in made for k in call.keywords if k.arg)
            names = [name for name in said if name and name not in known]
            maker.args.kwarg = None
            maker.args.kwonlyargs += [python.arg(name) for name in names]
            always = {
                name: all(name in {k.arg for k in e.keywords} for e in made) for name in names
            }
            maker.args.kw_defaults += [
                None if always[name] else python.Constant(_UNSAID.get(name, 1)) for name in names
            ]
            for call in calls_in(maker):
                packs = [k for k in call.keywords if getattr(k.value, "id", "") == pack.arg]
                if packs and packs[0].arg is None:
                    call.keywords.remove(packs[0])
                    call.keywords += [
                        python.keyword(name, python.Name(name, python.Load())) for name in names
                    ]
    return body


def calls_in(node: python.AST) -> list[python.Call]:
    return [each for each in python.walk(node) if isinstance(each, python.Call)]


def called(body: Iterable[python.stmt]) -> set[str]:
    """The names that are called."""
    calls = [call for each in body for call in calls_in(each)]
    return {call.func.id for call in calls if isinstance(call.func, python.Name)}


def is_true(test: python.expr) -> bool | None:
    """Whether a condition holds, where its values stand in it; that of training does."""
    match test:
        case python.Name(id=name) | python.Attribute(attr=name) if name in ("train", "training"):
            return True
        case python.Compare(
            left=python.Constant(value=left), ops=[op], comparators=[python.Constant(value=right)]
        ) if type(op) in _COMPARED:
            try:
                return bool(_COMPARED[type(op)](left, right))
            except TypeError:
                return None
    return None


def piped(node: python.expr) -> list[python.expr]:
    """What a pipe joins."""
    if isinstance(node, python.BinOp) and isinstance(node.op, python.BitOr):
        return [*piped(node.left), *piped(node.right)]
    return [node]
