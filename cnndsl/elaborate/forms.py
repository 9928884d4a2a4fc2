"""Statements that can be read, and say something else than was meant."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.program import Program
from cnndsl.ops import ACTIVATIONS, MERGES, NORMS, OPS
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.misplaced import RESULTS, label, named_end
from cnndsl.syntax.walk import walk

_ONCE = frozenset({*ACTIVATIONS, *NORMS, "dropout", "flatten", "here"})


def repeats(spec: ast.Spec) -> Iterator[tuple[ast.Repeat, str, Fix]]:
    """`conv(64, 3) -> relu * 3`, which repeats the `relu` alone, with braces around it."""
    for definition in spec.definitions:
        for chain in walk(definition):
            if not isinstance(chain, ast.Chain) or len(chain.elements) < 2:
                continue
            last = chain.elements[-1]
            if not isinstance(last, ast.Repeat) or not isinstance(last.element, ast.Apply):
                continue
            count = last.count
            once = isinstance(count, ast.Literal) and count.value in (0, 1)
            if last.element.name in _ONCE and not once:
                start, end = chain.span.start, last.element.span.end
                inner = Span(chain.span.source, start, end).text
                text = f"{{ {inner} }} * {count.span.text}"
                yield last, last.element.name, Fix(chain.span, text)


def lonely(spec: ast.Spec) -> Iterator[tuple[ast.Merge, Fix | None]]:
    """`add [ skip ]`, a merge of one branch as written, with what arrives beside a name in it."""
    for definition in spec.definitions:
        for merge in walk(definition):
            if not isinstance(merge, ast.Merge) or len(merge.items) != 1:
                continue
            item = merge.items[0]
            if not isinstance(item, ast.Chain):
                continue
            first, *more = item.elements
            named = isinstance(first, ast.Apply) and first.args is None and not more
            start = Span(item.span.source, item.span.start, item.span.start)
            is_other = named and first.span.text != "here" and first.span.text not in OPS
            yield merge, Fix(start, "here, ") if is_other else None


def lost(spec: ast.Spec) -> Iterator[tuple[ast.ItemChoice, Fix]]:
    """`add [ …, if stride != 1 { conv(width, 1) } ]`, a projection without the identity else."""
    for definition in spec.definitions:
        for merge in walk(definition):
            if not isinstance(merge, ast.Merge) or merge.name != "add" or len(merge.items) != 2:
                continue
            choices = [item for item in merge.items if isinstance(item, ast.ItemChoice)]
            for choice in choices if len(choices) == 1 else ():
                items = choice.branches[0][1]
                if choice.other is None and len(choice.branches) == 1 and _projects(items):
                    end = choice.span.end
                    yield choice, Fix(Span(choice.span.source, end, end), " else { here }")


def _projects(items: tuple[ast.Item, ...]) -> bool:
    """Whether what a branch adds is a 1x1 convolution of what arrives."""
    first = items[0].elements[0] if items and isinstance(items[0], ast.Chain) else None
    places = [a.value.span.text for a in getattr(first, "args", None) or () if a.name is None]
    is_conv = isinstance(first, ast.Apply) and first.name == "conv"
    return len(items) == 1 and is_conv and places[1:2] == ["1"]


def one_tensor(spec: ast.Spec) -> Iterator[tuple[ast.Merge, str]]:
    """`add [ skip, here ]` right behind `… as skip` or `skip = here`, with that name."""
    for definition in spec.definitions:
        for body in walk(definition):
            here = set[str]()  # the names of what flows
            for statement in body.statements if isinstance(body, ast.Body) else ():
                if not isinstance(statement, ast.Run | ast.Bind):
                    here.clear()
                    continue
                first, *more = statement.chain.elements
                items = (
                    {each.span.text for each in first.items}
                    if isinstance(first, ast.Merge)
                    else set()
                )
                if isinstance(first, ast.Merge) and len(items) > 1 and items <= here | {"here"}:
                    yield first, min(items - {"here"})
                if isinstance(statement, ast.Run):
                    here = {statement.name} if statement.name else set()
                elif first.span.text == "here" and not more:
                    here.add(statement.name)
                else:
                    here.discard(statement.name)


def labelled(statement: ast.Run, program: Program) -> Diagnostic | None:
    """`squeeze: conv(64, 1)`, which is a tensor `squeeze` with the shape `conv(64, 1)`."""
    shape, elements = statement.shape, statement.chain.elements
    match shape:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            pass
        case _:
            return None
    first = elements[0]
    known = program.op(name) is not None or name in MERGES or name in program.blocks
    known |= name in ("here", "in")
    alone = len(elements) == 1 and isinstance(first, ast.Apply) and first.args is None
    if not known or not alone or not isinstance(first, ast.Apply) or first.name in RESULTS:
        return None
    head = Span(first.span.source, first.span.start, shape.span.start)
    return label(head, first.name_span, named_end(first.span.source.text, shape.span.start))
