"""A smaller spec that fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from cnndsl.syntax import ast
from tests.edits import Edit, edited, parsed, replace, walk

PATIENCE = 60.0  # seconds


def shrunk(text: str, fails: Callable[[str], bool]) -> str:
    """Takes away and simplifies as long as the rest `fails`, and for at most a minute."""
    until = time.monotonic() + PATIENCE
    smaller: str | None = text
    while smaller is not None:
        text = smaller
        smaller = next((t for t in simpler(text) if time.monotonic() < until and fails(t)), None)
    return "\n".join(line for line in text.split("\n") if line.strip()) + "\n"


def simpler(text: str) -> Iterator[str]:
    """Specs with one thing less, the largest things first; many of them have mistakes."""
    spec = parsed(text)
    if spec is None:
        return
    changes = [change for node in walk(spec.definitions) for change in reductions(node)]
    for change in sorted(changes, key=lambda edit: len(edit.text) - (edit.end - edit.start)):
        if len(change.text) < change.end - change.start:
            yield edited(text, [change])


def reductions(node: ast.Node) -> Iterator[Edit]:
    """What may stand in place of a node."""
    match node:
        case ast.Block() | ast.Variant() | ast.Fn():
            yield replace(node, "")
        case ast.Let() | ast.Bind() | ast.Aux() | ast.Expect() | ast.Run():
            yield replace(node, "")
        case ast.Stage(body=body):
            yield replace(node, "")
            yield replace(node, inner(body))
        case ast.For(body=body):
            yield replace(node, "")
            yield replace(node, inner(body))
        case ast.If(branches=branches, other=other):
            yield replace(node, "")
            for _, arm in branches:
                yield replace(node, inner(arm))
            if other is not None:
                yield replace(node, inner(other))
                yield Edit(branches[-1][1].span.end, other.span.end, "")
        case ast.Chain(elements=elements) if len(elements) > 1:
            for i, element in enumerate(elements):
                at = element.span
                if i:
                    yield Edit(elements[i - 1].span.end, at.end, "")
                else:
                    yield Edit(at.start, elements[1].span.start, "")
        case ast.Group(body=body) if len(body.statements) == 1:
            yield replace(node, inner(body))
        case ast.Merge(items=items):
            for item in items:
                yield replace(node, item.span.text)
            for a, b in pairwise(items):
                yield Edit(a.span.end, b.span.end, "")
                yield Edit(a.span.start, b.span.start, "")
        case ast.Repeat(element=element):
            yield replace(node, element.span.text)
        case ast.Apply(args=args) if args is not None:
            yield replace(node, "relu")
            yield replace(node, node.name)
            yield from shorter(args)
        case ast.Model(parameters=parameters):
            yield from shorter(parameters)
        case ast.Conditional(then=a, other=b) | ast.Binary(left=a, right=b):
            yield replace(node, a.span.text)
            yield replace(node, b.span.text)
        case ast.Call() | ast.Index() | ast.List() | ast.Attribute():
            yield replace(node, "1")
            yield replace(node, "true")
    match node:
        case ast.Block(parameters=parameters):
            yield from shorter(parameters)
        case ast.List(items=values, size=False):
            yield from shorter(values)
        case ast.Call(args=args):
            yield from (replace(node, argument.value.span.text) for argument in args)
        case ast.Name():
            yield replace(node, "2")


def shorter(items: tuple[ast.Node, ...]) -> Iterator[Edit]:
    """A list in brackets without one of its items."""
    for i, item in enumerate(items):
        if i:
            yield Edit(items[i - 1].span.end, item.span.end, "")
        else:
            end = items[1].span.start if len(items) > 1 else item.span.end
            yield Edit(item.span.start, end, "")


def inner(body: ast.Body) -> str:
    return body.span.text[1:-1].strip()
