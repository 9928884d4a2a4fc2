"""Models as elements: the block that a model is where another network uses it."""

from __future__ import annotations

from dataclasses import replace

from cnndsl import errors
from cnndsl.elaborate.collect import Failure
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

# What a model says of itself alone.
_OWN = (ast.Input, ast.Expect, ast.Train, ast.Preprocess, ast.Aux)


def block_of(
    model: ast.Model | ast.Variant, models: dict[str, ast.Model | ast.Variant]
) -> ast.Block:
    """A model as a block: with what variants give as defaults, and without `input`, auxiliary
    heads, and what it asserts.

    The block's result is the model's; one that has several outputs gives the last.
    """
    given: dict[str, ast.Expr] = {}
    root: ast.Model | ast.Variant = model
    while isinstance(root, ast.Variant):
        base = models[root.base.id]
        own = _by_name(root, base if isinstance(base, ast.Model) else _root(base, models))
        given = {**own, **given}
        root = base
    parameters = tuple(
        replace(p, default=given[p.name]) if p.name in given else p for p in root.parameters
    )
    body = _body(root)
    return ast.Block(
        model.span, model.name, model.name_span, model.doc or root.doc, parameters, body
    )


def _root(model: ast.Variant, models: dict[str, ast.Model | ast.Variant]) -> ast.Model:
    found: ast.Model | ast.Variant = model
    while isinstance(found, ast.Variant):
        found = models[found.base.id]
    return found


def _by_name(variant: ast.Variant, root: ast.Model) -> dict[str, ast.Expr]:
    """The arguments of a variant by parameter, as far as there are such."""
    names = [p.name for p in root.parameters]
    found: dict[str, ast.Expr] = {}
    for position, argument in enumerate(variant.args):
        name = argument.name or (names[position] if position < len(names) else None)
        if name is not None:
            found.setdefault(name, argument.value)
    return found


def _body(model: ast.Model) -> ast.Body:
    """What a model runs on the tensor that arrives."""
    opening = [s for s in model.body.statements if isinstance(s, ast.Input)]
    begin: list[ast.Statement] = []
    for statement in opening:
        if statement.name is not None and statement.name_span is not None:
            begin.append(_named(statement.name, statement.name_span))
    end = [_run(*last)] if (last := _flowing(model.body)) is not None else []
    return _without(model.body, tuple(begin), tuple(end))


def inputs_of(model: ast.Model) -> int:
    """How many tensors a model receives."""
    return sum(isinstance(s, ast.Input) for s in model.body.statements)


def check_one_input(root: ast.Model, element: ast.Apply) -> None:
    """Refuses a model that receives several tensors: one arrives at an element."""
    if inputs_of(root) > 1:
        raise Failure(errors.several_inputs(element.name_span, element.name, inputs_of(root)))


def check_one_flows(root: ast.Model, element: ast.Apply) -> None:
    """Refuses a model of which it is not written which output is the last, and so flows on."""
    if not _ends_in_output(root.body) and _last_output(root.body) is _UNCLEAR:
        raise Failure(errors.no_last_output(element.name_span, element.name))


_Output = tuple[str, Span]
_UNCLEAR: _Output = ("", Span(Source("", ""), 0, 0))  # in a loop, or another one in each branch


def _flowing(body: ast.Body) -> _Output | None:
    """The output that flows on from a model, None where its flow is that anyway."""
    if _ends_in_output(body):
        return None
    last = _last_output(body)
    return None if last is _UNCLEAR else last


def _last_output(body: ast.Body) -> _Output | None:
    """The last output of a body by its place in the text; None where it has none."""
    for statement in reversed(body.statements):
        found: _Output | None = None
        match statement:
            case ast.Run(is_output=True, name=str(name), name_span=Span() as span):
                found = name, span
            case ast.Stage():
                found = _last_output(statement.body)
            case ast.For():
                found = None if _last_output(statement.body) is None else _UNCLEAR
            case ast.If():
                bodies = [held for _, held in statement.branches]
                ends = [_last_output(held) for held in bodies]
                ends.append(None if statement.other is None else _last_output(statement.other))
                named = {None if end is None else end[0] for end in ends}
                found = ends[0] if len(named) == 1 else _UNCLEAR
        if found is not None:
            return found
    return None


def _ends_in_output(body: ast.Body) -> bool:
    """Whether the last thing that a body runs is an output, so that it flows on by itself."""
    held = [s for s in body.statements if not isinstance(s, (*_OWN, ast.Let))]
    match held[-1:]:
        case [ast.Run(is_output=is_output)]:
            return is_output
        case [ast.For() | ast.Stage() as last]:
            return _ends_in_output(last.body)
        case [ast.If(other=ast.Body() as other) as last]:
            bodies = [*(held for _, held in last.branches), other]
            return all(map(_ends_in_output, bodies))
    return False


def _without(
    body: ast.Body, begin: tuple[ast.Statement, ...] = (), end: tuple[ast.Statement, ...] = ()
) -> ast.Body:
    held = [_inside(s) for s in body.statements if not isinstance(s, _OWN)]
    return replace(body, statements=(*begin, *held, *end))


def _inside(statement: ast.Statement) -> ast.Statement:
    """A statement without heads and assertions in its bodies."""
    match statement:
        case ast.For() | ast.Stage():
            return replace(statement, body=_without(statement.body))
        case ast.If():
            branches = tuple((test, _without(body)) for test, body in statement.branches)
            other = None if statement.other is None else _without(statement.other)
            return replace(statement, branches=branches, other=other)
    return statement


def _named(name: str, span: Span) -> ast.Statement:
    """`NAME = in`"""
    chain = ast.Chain(span, (ast.Apply(span, "in", span, None),))
    return ast.Bind(span, name, span, chain, None)


def _run(name: str, span: Span) -> ast.Statement:
    return ast.Run(span, ast.Chain(span, (ast.Apply(span, name, span, None),)), None, None, None)


def endpoint_readers(definitions: list[ast.Block | ast.Model]) -> set[str]:
    """The names of elements of which endpoints are read: those that end a chain with a name."""
    found: set[str] = set()
    for definition in definitions:
        names = {
            node.name if isinstance(node, ast.Apply) else node.id
            for node in walk(definition)
            if isinstance(node, ast.Apply | ast.Name)
        }
        read = {name.partition(".")[0] for name in names if "." in name}
        for node in walk(definition):
            if isinstance(node, ast.Bind | ast.Run) and node.name in read:
                last = node.chain.elements[-1]
                if isinstance(last, ast.Apply):
                    found.add(last.name)
    return found
