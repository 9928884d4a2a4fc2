"""Names of a spec that nothing mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.program import Program
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_WHATS = {ast.Fn: "the fn", ast.Block: "the block", ast.Op: "the op"}


def unused(program: Program) -> Iterator[Diagnostic]:
    """Warns of definitions, parameters, values, tensors and files that nothing mentions."""
    spec = program.spec
    named = [d for d in spec.definitions if not isinstance(d, ast.Use)]
    mentions = {definition: _mentioned(definition) for definition in named}
    if program.own:
        mentioned = set().union(*mentions.values())
        for use in spec.definitions:
            if isinstance(use, ast.Use) and not program.offered[use] & mentioned:
                yield advice.unused_file(use.path_span, use.path)
        for definition in named:
            others = (names for other, names in mentions.items() if other is not definition)
            if isinstance(definition, ast.Fn | ast.Block | ast.Op) and not any(
                definition.name in names for names in others
            ):
                what = _WHATS[type(definition)]
                yield advice.unused_definition(definition.name_span, what, definition.name)
    for definition in named:
        yield from _inside(definition, mentions[definition])


def _inside(definition: ast.Named, mentioned: set[str]) -> Iterator[Diagnostic]:
    if isinstance(definition, ast.Variant | ast.Op):  # a class gets all parameters of its op
        return
    for parameter in definition.parameters:
        if parameter.name not in mentioned:
            start = parameter.span.start
            span = Span(parameter.span.source, start, start + len(parameter.name))
            yield advice.unused_parameter(span, parameter.name, definition.name)
    for node in walk(definition):
        match node:
            case ast.Let(name=name) if name not in mentioned:
                yield advice.unused_value(node.name_span, name)
            case ast.Bind(name=name) if name not in mentioned:
                yield advice.unused_tensor(node.name_span, name)
            case ast.Pack(name=name) if name not in mentioned:
                yield advice.unused_pack(node.name_span, name)
            case ast.Unpack(names=names, name_spans=spans):
                for name, span in zip(names, spans, strict=True):
                    if name not in mentioned and name != "_":
                        yield advice.unused_result(span, name)


def _mentioned(definition: ast.Named) -> set[str]:
    """The names that a definition uses, in expressions, chains and as what it varies.

    What stands in a recipe counts too, though most of it are words of its own.
    """
    names: set[str] = set()
    for node in walk(definition):
        match node:
            case ast.Name(id=name) | ast.Apply(name=name):
                names.add(name.partition(".")[0])
            case ast.Call(func=func):
                names.add(func.id)
            case ast.Variant(base=base):
                names.add(base.id)
    return names


_IGNORED = re.compile(r"^(.*)# cnndsl: ignore((?: *,? *W\d+)*) *$", re.MULTILINE)


class Ignored:
    """What comments silence: `# cnndsl: ignore W304` behind a line, or on one of its own for the
    whole file; without a code, all warnings.
    """

    def __init__(self, source: Source):
        self.source = source
        self.lines: dict[int | None, set[str]] = {}  # codes by line, None for the file
        for found in _IGNORED.finditer(source.text):
            line = source.position(found.start())[0] if found[1].strip() else None
            self.lines.setdefault(line, set()).update(re.findall(r"W\d+", found[2]) or ["all"])

    def __contains__(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.primary is None or diagnostic.primary.span.source is not self.source:
            return False
        for line in (None, diagnostic.primary.span.line) if self.lines else ():
            if self.lines.get(line, set()) & {"all", diagnostic.code}:
                return True
        return False
