"""Which names of a definition hold layers: what its text and the uses of it say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

Place = tuple[str, str]  # a definition, and a parameter or a `let` of it
Root = ast.Block | ast.Model


def layer_names(
    roots: Mapping[str, Root], variants: Iterable[ast.Variant], is_layer: Callable[[ast.Expr], bool]
) -> dict[str, set[str]]:
    """By definition its parameters and `let`s that are a layer by default, in a `let` or in a use.

    `roots` are blocks and models by all names that stand for them, `is_layer` says of an expression
    whether it is an op or a block by its name. A name that gets what another one holds is a layer
    where that is one.
    """
    found: dict[str, set[str]] = {}
    waiting: list[Place] = []
    follows: dict[Place, list[Place]] = {}

    def note(place: Place) -> None:
        held = found.setdefault(place[0], set())
        if place[1] not in held:
            held.add(place[1])
            waiting.append(place)

    def learn(place: Place, value: ast.Expr | None, around: str) -> None:
        for each in _choices(value):
            if is_layer(each):
                note(place)
            elif isinstance(each, ast.Name):
                follows.setdefault((around, each.id), []).append(place)

    for name, root in {root.name: root for root in roots.values()}.items():
        for parameter in root.parameters:
            learn((name, parameter.name), parameter.default, name)
        for node in walk(root.body):
            if isinstance(node, ast.Let):
                learn((name, node.name), node.value, name)
            elif isinstance(node, ast.Apply | ast.Call):
                for place, value in _given(node, roots):
                    learn(place, value, name)
    for variant in variants:
        root = roots[variant.base.id]
        for place, value in _named(variant.args, root):
            learn(place, value, variant.name)
    while waiting:
        for place in follows.get(waiting.pop(), ()):
            note(place)
    return found


def _choices(expr: ast.Expr | None) -> Iterator[ast.Expr]:
    """What an expression may be: itself, or either side of a choice."""
    if isinstance(expr, ast.Conditional):
        yield from _choices(expr.then)
        yield from _choices(expr.other)
    elif expr is not None:
        yield expr


def _given(
    use: ast.Apply | ast.Call, roots: Mapping[str, Root]
) -> Iterator[tuple[Place, ast.Expr]]:
    """The parameters that a use of a block sets, of blocks alone."""
    root = roots.get(use.name if isinstance(use, ast.Apply) else use.func.id)
    if root is not None:
        yield from _named(use.args or (), root)


def _named(args: tuple[ast.Argument, ...], root: Root) -> Iterator[tuple[Place, ast.Expr]]:
    names = [parameter.name for parameter in root.parameters]
    for position, argument in enumerate(args):
        name = argument.name or (names[position] if position < len(names) else None)
        if name is not None:
            yield (root.name, name), argument.value
