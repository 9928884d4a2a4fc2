"""What the names of a program mean, without running it."""

from __future__ import annotations

from cnndsl.editor.reading import Reader
from cnndsl.editor.scopes import Occurrence, Scope, Symbol, Symbols, model_of, name_of, root_of
from cnndsl.elaborate.program import Program
from cnndsl.stack import deep_stack
from cnndsl.syntax import ast


def resolve(program: Program) -> Symbols:
    """The symbols of a program and of the files that it uses."""
    with deep_stack():
        return _resolve(program)


def _resolve(program: Program) -> Symbols:
    symbols = Symbols()
    definitions: list[ast.Named] = [*program.fns.values(), *program.blocks.values()]
    definitions += [*program.models.values(), *program.brought.values()]
    for definition in definitions:
        kind = type(definition).__name__.lower().replace("variant", "model")
        symbol = Symbol(definition.name, kind, definition.name_span, definition)
        symbols.globals[definition.name] = symbol
        symbols.occurrences.append(Occurrence(definition.name_span, symbol, True))
        if not isinstance(definition, ast.Variant):
            what = "argument" if isinstance(definition, ast.Op) else "parameter"
            symbols.parameters[definition.name] = {
                parameter.name: Symbol(parameter.name, what, name_of(parameter), parameter)
                for parameter in definition.parameters
            }
    for definition in definitions:
        Reader(program, symbols).read(definition)
    last = Reader(program, symbols)
    for span, name, node in symbols.endpoints:
        tensors = symbols.tensors.get(root_of(model_of(node), program), {})
        last.refer(span, name, Scope(tensors=tensors), True, may_wait=False)
    return symbols
