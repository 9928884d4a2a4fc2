"""Reads the definitions of a spec and of the files it uses, and checks them as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.brought import kind_of, mistakes
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.cycles import check_cycles
from cnndsl.elaborate.program import Program
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.syntax.decode import MAX_BYTES
from cnndsl.syntax.parser import parse
from cnndsl.syntax.scan import Allowance, scan

MAX_FILES = 64
MAX_TEXT = MAX_BYTES

# Reads a used file: (path as written, the file that uses it) -> source, or a reason.
Loader = Callable[[str, Source], "Source | str | list[Diagnostic]"]


def collect(spec: ast.Spec, load: Loader, found: Collector) -> Program:
    """The program of a parsed spec; mistakes go to `found`."""
    program = Program(spec)
    reader = _Reader(program, load, found)
    reader.file(spec, [spec.source.name])
    check_cycles(program, found)
    return program


class _Reader:
    def __init__(self, program: Program, load: Loader, found: Collector):
        self.program = program
        self.load = load
        self.found = found
        self.read: dict[str, None] = {program.spec.source.name: None}
        self.characters = len(program.spec.source.text)
        self.allowance: Allowance | None = None  # of words, once there is a second file
        self.spans: dict[str, Span] = {}
        self.classes: dict[tuple[str, frozenset[str]], ast.Op] = {}  # with their parameters
        self.offered: dict[str, set[str]] = {}  # by files: what they define, and what they use

    def file(self, spec: ast.Spec, chain: list[str]) -> None:
        offered = self.offered[spec.source.name] = set()
        for definition in spec.definitions:
            if isinstance(definition, ast.Use):
                self.use(definition, spec.source, chain)
                offered |= self.program.offered.get(definition, set())
            else:
                self.define(definition, own=spec is self.program.spec)
                offered.add(definition.name)

    def use(self, use: ast.Use, source: Source, chain: list[str]) -> None:
        loaded = _of_zoo(use.path) if use.is_zoo else self.load(use.path, source)
        if isinstance(loaded, str):
            self.program.complete = False
            self.found.add(errors.unusable_file(use.path_span, use.path, loaded))
            return
        if isinstance(loaded, list):
            self.program.complete = False
            for diagnostic in loaded:
                self.found.add(diagnostic)
            return
        if loaded.name in chain:
            cycle = [*chain[chain.index(loaded.name) :], loaded.name]
            self.found.add(errors.recursion(use.path_span, "file", cycle))
            return
        if loaded.name in self.read:
            self.program.offered[use] = self.offered.get(loaded.name, set())
            return
        self.read[loaded.name] = None
        self.characters += len(loaded.text)
        if len(self.read) > MAX_FILES or self.characters > MAX_TEXT:
            self.program.complete = False
            message = "a spec uses at most 64 files, of 2 MiB together"
            self.found.add(errors.over_budget(use.span, message))
            return
        if self.allowance is None:
            self.allowance = Allowance()
            deque(scan(self.program.spec.source, self.allowance), maxlen=0)
        spec, diagnostics = parse(loaded, self.allowance)
        for diagnostic in diagnostics:
            self.found.add(diagnostic)
        if spec is None:
            self.program.complete = False
        else:
            self.file(spec, [*chain, loaded.name])
            self.program.offered[use] = self.offered[loaded.name]

    def define(self, definition: ast.Named, own: bool) -> None:
        name, program = definition.name, self.program
        if what := program.reserved(name):
            first = self.spans.get(name)
            self.found.add(errors.defined_twice(definition.name_span, name, first, what))
            program.doubled.add(name)
            return
        self.spans[name] = definition.name_span
        match definition:
            case ast.Fn():
                program.fns[name] = definition
            case ast.Block():
                program.blocks[name] = definition
            case ast.Op():
                program.ops[name] = kind_of(definition, program)
                program.brought[name] = definition
                key = definition.origin, frozenset(p.name for p in definition.parameters)
                other = self.classes.setdefault(key, definition)
                for mistake in mistakes(definition, None if other is definition else other):
                    self.found.add(mistake)
            case _:
                program.models[name] = definition
                if own:
                    program.own.append(definition)
        for again, earlier in _repeated(definition):
            places = _name_of(again), again.name, _name_of(earlier)
            self.found.add(errors.defined_twice(*places, "a parameter"))


def _of_zoo(name: str) -> Source | str | list[Diagnostic]:
    from cnndsl.zoo.specs import load_zoo  # most specs use none of it

    return load_zoo(name)


def _name_of(parameter: ast.Parameter) -> Span:
    """The name that a parameter begins with, without its default."""
    start = parameter.span.start
    return Span(parameter.span.source, start, start + len(parameter.name))


def _repeated(definition: ast.Named) -> Iterator[tuple[ast.Parameter, ast.Parameter]]:
    """Every parameter that has the name of an earlier one, and the first one of that name."""
    if isinstance(definition, ast.Variant):
        return
    seen: dict[str, ast.Parameter] = {}
    for parameter in definition.parameters:
        first = seen.setdefault(parameter.name, parameter)
        if first is not parameter:
            yield parameter, first
