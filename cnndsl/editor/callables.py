"""What takes arguments: ops, blocks, fns, models, initializers and what a recipe names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.program import Program
from cnndsl.ops import MERGES, OPS, initial
from cnndsl.ops.base import REQUIRED, Argument
from cnndsl.ops.document import markdown
from cnndsl.recipes.tables import CALLS
from cnndsl.syntax import ast

_FUNCTIONS = {  # of the language: their arguments as the reference has them
    **dict.fromkeys(("ceil", "floor", "round", "int", "abs", "sqrt", "log2"), ("x",)),
    **dict.fromkeys(("sum", "len", "enumerate"), ("list",)),
    **dict.fromkeys(("min", "max"), ("a", "b")),
    "zip": ("xs", "ys"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """An argument: how a signature has it, what is said of it, and words that it may be."""

    name: str
    written: str
    doc: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        return self.name == self.written


@dataclass(frozen=True, slots=True)
class Callable:
    """Something that is called, with its arguments in order; `doc` is Markdown."""

    name: str
    kind: str
    arguments: tuple[Taken, ...]
    doc: str = ""

    @property
    def signature(self) -> str:
        if self.kind == "merge":
            return f"{self.name} [ … ]"
        listed = ", ".join(argument.written for argument in self.arguments)
        return f"{self.name}({listed})" if self.arguments else self.name


def find(name: str, program: Program | None, setting: str | None = None) -> Callable | None:
    """What a name calls; `setting` is that of the recipe in which it stands."""
    if setting is not None:
        definition = CALLS.get(setting, {}).get(name)
        if definition is None:
            return None
        return Callable(name, setting, _arguments(definition.arguments))
    if program is not None and (own := _own(name, program)) is not None:
        return own
    if name in OPS:
        op = OPS[name]
        return Callable(name, "op", _arguments(op.arguments()), markdown(op))
    if name in MERGES:
        return Callable(name, "merge", (), markdown(type(MERGES[name])))
    if name in FUNCTIONS:
        taken = tuple(Taken(each, each) for each in _FUNCTIONS[name])
        return Callable(name, "function", taken)
    if name in initial.NAMES:
        parts = initial.signature(name).removeprefix(name)[1:-1].split(", ")
        names = initial.parameters(name)[0]
        taken = tuple(Taken(n, part) for n, part in zip(names, parts, strict=False))
        return Callable(name, "initializer", taken)
    return None


def _own(name: str, program: Program) -> Callable | None:
    """A definition of the author's."""
    if name in program.brought:
        op = program.brought[name]
        taken = tuple(map(_taken, op.parameters))
        head = f'op {program.ops[name].signature()} from "{op.origin}"'
        return Callable(name, "op", taken, f"```cnn\n{head}\n```\n\n{op.doc or ''}".strip())
    for kind, table in (("block", program.blocks), ("fn", program.fns), ("model", program.models)):
        definition: ast.Named | None = table.get(name)
        if definition is not None:
            written = definition
            if isinstance(written, ast.Variant):
                if not program.sound:
                    return None
                written = program.root(written)
            taken = tuple(_taken(parameter) for parameter in written.parameters)
            return Callable(name, kind, taken, definition.doc or "")
    return None


def _taken(parameter: ast.Parameter) -> Taken:
    if parameter.default is None:
        return Taken(parameter.name, parameter.name)
    text = " ".join(parameter.default.span.text.split())
    return Taken(parameter.name, f"{parameter.name} = {text if len(text) < 60 else '…'}")


def _arguments(arguments: Mapping[str, Argument]) -> tuple[Taken, ...]:
    found: list[Taken] = []
    for name, argument in arguments.items():
        written = name if argument.default is REQUIRED else f"{name} = {argument.shown()}"
        kind = argument.kind.describe()
        doc = f"{argument.doc}: {kind}" if argument.doc else kind
        words = re.findall(r"`(\w+)`|\b(true|false|none)\b", kind)
        known = (*(one or other for one, other in words), *sorted(argument.kind.own_words))
        found.append(Taken(name, written, doc, tuple(dict.fromkeys(known))))
    return tuple(found)
