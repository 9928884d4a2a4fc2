"""What a model receives: one image that flows down its body, or several by name."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Fix
from cnndsl.elaborate.applying import check_size
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.statements import Statements
from cnndsl.ir import Tensor
from cnndsl.ops.base import rank_of
from cnndsl.source import Span
from cnndsl.syntax import ast


@dataclass(frozen=True)
class Received:
    """The `input` statements that open a body, what flows behind them, and all that came in."""

    opening: tuple[ast.Input, ...]
    flow: Tensor
    images: list[Tensor]
    named: dict[str, Tensor] = field(default_factory=dict)


def receive(
    root: ast.Model, statements: Statements, scope: Scope, shared: Shared
) -> Received | None:
    """The inputs of a model, in its scope; None where its body opens with none."""
    opening = _opening(root.body)
    if not opening:
        return None
    if opening[0].name is None:
        image = _image(opening[0], statements, scope, shared)
        scope.tensors["in"] = image
        return Received(opening, image, [image])
    named: dict[str, Tensor] = {}
    for statement in opening:
        image = _image(statement, statements, scope, shared)
        name, span = statement.name, statement.name_span
        assert name is not None and span is not None
        try:
            statements.names.check_free(name, span, scope)
            if name in named:
                raise Failure(errors.endpoint_twice(span, name, None))
        except Failure as failure:
            Context("model").report(shared.found, failure.diagnostic)
        scope.tensors[name] = named[name] = image
    shared.nothing = Tensor(None)
    return Received(opening, shared.nothing, list(named.values()), named)


def _opening(body: ast.Body) -> tuple[ast.Input, ...]:
    """One `input`, or all with a name that follow each other."""
    found: list[ast.Input] = []
    for statement in body.statements:
        if not isinstance(statement, ast.Input):
            break
        if found and None in (found[0].name, statement.name):
            break
        found.append(statement)
    return tuple(found)


def _image(statement: ast.Input, statements: Statements, scope: Scope, shared: Shared) -> Tensor:
    try:
        size = shared.image if statement.name is None else None
        shape = size or statements.shapes.evaluate(statement.shape, scope)
        ones = (1,) * (rank_of(shape) or 2)
        image = Tensor(shape, ones, ones, shape[:-1])
        check_size(image, statement.shape.span)
    except Failure as failure:
        Context("model").report(shared.found, failure.diagnostic)
        return Tensor(None)
    return image


def input_layer(root: ast.Model) -> tuple[Span, Fix | None] | None:
    """An `input` further down, or `Input(shape = [32, 32, 3])`, a layer of other libraries, at the
    top of a body: where that is, and the edit."""
    statements = root.body.statements
    first = statements[0] if statements else None
    later = next((each for each in statements if isinstance(each, ast.Input)), None)
    if first is not None and later is not None:
        return later.span, _moved(first, later, statements)
    if not isinstance(first, ast.Run) or not isinstance(first.chain.elements[0], ast.Apply):
        return None
    element = first.chain.elements[0]
    if element.name.lower() not in ("input", "inputlayer", "inputs") or not element.args:
        return None
    sides = re.findall(r"\d+", ", ".join(argument.span.text for argument in element.args))
    if len(sides) not in (2, 3, 4) or len(first.chain.elements) > 1:
        return None
    return element.name_span, Fix(element.span, f"input {elsewhere.size(sides, is_image=True)}")


def _moved(
    first: ast.Statement, later: ast.Input, statements: Sequence[ast.Statement]
) -> Fix | None:
    """An `input` in front of its body, with the values of what is named in between."""
    source, text = first.span.source, first.span.source.text
    begin = text.rfind("\n", 0, first.span.start) + 1
    line = text.rfind("\n", 0, later.span.start) + 1
    indent, gap = text[begin : first.span.start], text[line : later.span.start]
    lets = {each.name: each.value.span.text for each in statements if isinstance(each, ast.Let)}
    said = re.sub(r"\w+", lambda found: lets.get(found[0], found[0]), later.span.text)
    if indent.strip() or gap.strip() or set(re.findall(r"\w+", said)).intersection(lets):
        return None
    between = text[first.span.start : line].rstrip()
    return Fix(Span(source, first.span.start, later.span.end), f"{said}\n{indent}{between}")


def as_variant(root: ast.Model, models: Container[str]) -> tuple[Span, Fix] | None:
    """`model Wide { Base(width = 64) }`, whose body is a use of another model, as a variant."""
    statements = root.body.statements
    run = statements[0] if len(statements) == 1 else None
    if not isinstance(run, ast.Run) or len(run.chain.elements) > 1 or run.name or run.shape:
        return None
    element = next(iter(run.chain.elements))
    if not isinstance(element, ast.Apply) or element.name not in models:
        return None
    behind = Span(root.span.source, root.name_span.end, root.body.span.end)
    return root.name_span, Fix(behind, f" = {element.span.text}")
