"""Blocks that use themselves: which may, whether it ends, and how deep each use is.

What an `if` or a loop leads to need not happen, so that a block may stand in itself there. A use
that gets what a use around it got never ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from cnndsl import errors
from cnndsl.elaborate.collect import Failure
from cnndsl.ir import Pack, Tensor, Value
from cnndsl.ops.spelled import brief
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import below, walk

MOST = 100  # uses of blocks of one circle inside each other

_MAYBE = (ast.If, ast.For, ast.Repeat, ast.ItemLoop, ast.ItemChoice)


def always_used(block: ast.Block, known: Mapping[str, object]) -> set[str]:
    """The blocks that a block uses whatever it is given."""
    found: set[str] = set()
    waiting: list[ast.Node] = [block]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Apply) and node.name in known:
            found.add(node.name)
        if not isinstance(node, _MAYBE):
            waiting += below(node)
    return found


def circles(blocks: Mapping[str, ast.Block]) -> dict[str, int]:
    """By block that leads back to itself the number of its circle, which others may share."""
    uses = {name: _used(block, blocks) for name, block in blocks.items()}
    found: dict[str, int] = {}
    for number, circle in enumerate(_components(uses)):
        if len(circle) > 1 or circle[0] in uses[circle[0]]:
            found.update(dict.fromkeys(circle, number))
    return found


def _used(block: ast.Block, known: Mapping[str, object]) -> list[str]:
    names = (node.name for node in walk(block) if isinstance(node, ast.Apply))
    return list(dict.fromkeys(name for name in names if name in known))


def _components(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """The strongly connected components of a graph: Tarjan, "Depth-first search and linear graph
    algorithms", 1972, without a stack of Python's own."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: dict[str, None] = {}
    for start in graph:
        if start in numbers:
            continue
        path = [(start, iter(graph[start]))]
        numbers[start] = lowest[start] = len(numbers)
        open_[start] = None
        while path:
            name, rest = path[-1]
            step = next(rest, None)
            if step is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == numbers[name]:
                    circle: list[str] = []
                    while not circle or circle[-1] != name:
                        circle.append(open_.popitem()[0])
                    yield circle
            elif step not in numbers:
                numbers[step] = lowest[step] = len(numbers)
                open_[step] = None
                path.append((step, iter(graph[step])))
            elif step in open_:
                lowest[name] = min(lowest[name], numbers[step])


@dataclass
class _Call:
    circle: int
    words: str
    key: Hashable
    inner: int = 0  # how deep the deepest use in it is


class Calls:
    """The uses of blocks that lead back to themselves, while they are elaborated."""

    def __init__(self, circles: Mapping[str, int]):
        self._circles = circles
        self._running: list[_Call] = []
        self._is_endless = False

    def is_recursive(self, name: str) -> bool:
        return name in self._circles

    def enter(self, name: str, args: Mapping[str, Value], key: Hashable, span: Span) -> None:
        """Begins a use; refuses one that does not end."""
        if self._is_endless:
            raise Failure  # has been reported
        shown = [f"{n} = {brief(v)}" for n, v in args.items() if not isinstance(v, Tensor | Pack)]
        call = _Call(self._circles[name], f"{name}({', '.join(shown)})", key)
        before = [c for c in self._running if c.circle == call.circle]
        again = key is not None and any(c.key == key for c in before)
        if again or len(before) >= MOST:
            self._is_endless = True
            words = [c.words for c in before]
            raise Failure(errors.endless(span, name, [*words, call.words], again))
        self._running.append(call)

    def leave(self) -> int:
        """Ends a use; gives how deep it is: 1 for one that leads to no other."""
        call = self._running.pop()
        level = call.inner + 1
        for around in reversed(self._running):
            if around.circle == call.circle:
                around.inner = max(around.inner, level)
                break
        return level
