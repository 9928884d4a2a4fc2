"""Small changes of a module's tree, each of which makes it another program."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from cnndsl.targets.python.brief import brief
from cnndsl.targets.python.module_tree import (
    Class,
    Frozen,
    Function,
    Helper,
    Import,
    Module,
    Parameter,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Blank,
    Call,
    Conditional,
    Constant,
    Declare,
    If,
    ListOf,
    Name,
    Pass,
    Remark,
    Slice,
    Tuple,
    Unary,
)

Path = tuple[tuple[str, int | None], ...]  # field, and place where the field is a tuple

_OPERATORS = {
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "//": "*",
    "%": "//",
    "**": "*",
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "is": "is not",
    "is not": "is",
    "and": "or",
    "or": "and",
    "in": "not in",
    "not in": "in",
}
_SILENT = (Blank, Remark, Pass)


@dataclass(frozen=True)
class Mutant:
    """A changed module, what was changed in words, and what kind of change it is."""

    module: Module
    kind: str
    words: str


def mutants(module: Module, count: int, seed: int) -> list[Mutant]:
    """So many single changes at random places, as many of each kind as there are."""
    chance = random.Random(seed)
    by_kind: dict[str, list[tuple[Path, Any, Any]]] = {}
    for path, node, names, attributes in sites(module):
        for kind, changed in changes(node, names, attributes, chance):
            by_kind.setdefault(kind, []).append((path, node, changed))
    for held in by_kind.values():
        chance.shuffle(held)
    found: list[Mutant] = []
    while len(found) < count and any(by_kind.values()):
        for kind in sorted(by_kind):
            if by_kind[kind] and len(found) < count:
                path, before, after = by_kind[kind].pop()
                words = f"{_words(before)} -> {_words(after)}"
                found.append(Mutant(changed_at(module, path, after), kind, words))
    return found


def _words(node: Any) -> str:
    if isinstance(node, tuple):
        return "; ".join(_words(n) for n in node if not isinstance(n, _SILENT)) or "nothing"
    return brief(node)


def sites(module: Module) -> Iterator[tuple[Path, Any, list[str], list[str]]]:
    """Every node that runs, with the names of its function and the attributes of its class."""
    for place, definition in enumerate(module.body):
        if isinstance(definition, Helper | Import | Remark):
            continue
        path: Path = (("body", place),)
        attributes = sorted({n.name for n in _nodes(definition) if _is_own(n)})
        if isinstance(definition, Class):
            for at, attribute in enumerate(definition.attributes):
                yield from _below((*path, ("attributes", at)), attribute, [], attributes)
            for at, method in enumerate(definition.methods):
                names = _variables(method)
                yield from _below((*path, ("methods", at)), method, names, attributes)
        else:
            names = _variables(definition) if isinstance(definition, Function) else []
            yield from _below(path, definition, names, attributes)


def _variables(function: Function) -> list[str]:
    bound = {p.name for p in function.parameters if p.name and p.star != "**"}
    for node in _nodes(function):
        if isinstance(node, Assign):
            bound |= {t.id for t in node.targets if isinstance(t, Name)}
    return sorted(bound)


def _is_own(node: Any) -> bool:
    return isinstance(node, Attribute) and node.base == Name("self")


def _nodes(node: Any) -> Iterator[Any]:
    for _, found, _, _ in _below((), node, [], []):
        yield found


def _below(
    path: Path, node: Any, names: list[str], attributes: list[str]
) -> Iterator[tuple[Path, Any, list[str], list[str]]]:
    """A node and all below it that run: no annotations, and no targets, which bind."""
    yield path, node, names, attributes
    if not is_dataclass(node):
        return
    skipped = {
        Parameter: ("annotation",),
        Function: ("returns",),
        Assign: ("annotation",),
        Declare: ("annotation",),
        Class: ("base",),
        Frozen: ("name",),
    }
    for field in fields(node):
        if field.name in skipped.get(type(node), ()):
            continue
        value = getattr(node, field.name)
        if isinstance(value, tuple):
            if field.name in ("body", "other"):
                yield (*path, (field.name, None)), value, names, attributes
            for place, item in enumerate(value):
                if is_dataclass(item):
                    yield from _below((*path, (field.name, place)), item, names, attributes)
                elif isinstance(item, tuple):  # the pairs of a dict
                    for part, inner in enumerate(item):
                        if inner is not None:
                            at: Path = (*path, (field.name, place), ("", part))
                            yield from _below(at, inner, names, attributes)
        elif is_dataclass(value):
            yield from _below((*path, (field.name, None)), value, names, attributes)


def changes(
    node: Any, names: list[str], attributes: list[str], chance: random.Random
) -> Iterator[tuple[str, Any]]:
    """What may stand in the place of a node, by kind of change."""
    match node:
        case Constant(value=bool(value)):
            yield "flag", Constant(not value)
        case Constant(value=int(value)):
            yield "number", Constant(value + chance.choice((-1, 1)))
        case Constant(value=float(value)):
            yield "number", Constant(value * 2 + 0.5)
        case Constant(value=str(value)):
            yield "text", Constant({"SAME": "VALID", "VALID": "SAME"}.get(value, f"{value}_"))
        case Name(id=name) if name in names and len(names) > 1:
            yield "name", Name(chance.choice([n for n in names if n != name]))
        case Attribute(base=base, name=name) if _is_own(node) and len(attributes) > 1:
            yield "attribute", Attribute(base, chance.choice([a for a in attributes if a != name]))
        case If(test=test):
            yield "condition", replace(node, test=Unary("not", test))
        case Conditional(then=then, other=other):
            yield "condition", replace(node, then=other, other=then)
        case Binary(op=op):
            if op in _OPERATORS:
                yield "operator", replace(node, op=_OPERATORS[op])
        case Call(args=args, keywords=keywords):
            for place in range(len(args) - 1):
                if args[place] != args[place + 1]:
                    yield "argument", replace(node, args=_swapped(args, place))
            if keywords:
                place = chance.randrange(len(keywords))
                left = (*keywords[:place], *keywords[place + 1 :])
                yield "keyword", replace(node, keywords=left)
        case ListOf(items=items) | Tuple(items=items):
            for place in range(len(items) - 1):
                if items[place] != items[place + 1]:
                    yield "order", replace(node, items=_swapped(items, place))
        case Slice(start=start, stop=stop) if start != stop:
            yield "slice", replace(node, start=stop, stop=start)
        case tuple():
            for place, statement in enumerate(node):
                if not isinstance(statement, _SILENT):
                    yield "statement", (*node[:place], Pass(), *node[place + 1 :])


def _swapped(items: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    return (*items[:place], items[place + 1], items[place], *items[place + 2 :])


def changed_at(node: Any, path: Path, new: Any) -> Any:
    """A tree with another node, or another body, at a place."""
    if not path:
        return new
    (name, place), *rest = path
    if isinstance(node, tuple):  # a pair of a dict
        assert place is not None
        inner = changed_at(node[place], tuple(rest), new)
        return (*node[:place], inner, *node[place + 1 :])
    held = getattr(node, name)
    if place is None:
        return replace(node, **{name: changed_at(held, tuple(rest), new)})
    inner = changed_at(held[place], tuple(rest), new)
    return replace(node, **{name: (*held[:place], inner, *held[place + 1 :])})
