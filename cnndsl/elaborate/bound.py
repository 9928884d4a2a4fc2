"""The names that a definition binds, wherever they stand in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnndsl.elaborate.numbers import stems
from cnndsl.ops import OPS
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_TENSORS = frozenset({"in", "here"})


@dataclass
class Names:
    """The values and tensors of a definition, and what is numbered: `layer` as `layer3`."""

    values: set[str] = field(default_factory=set)
    tensors: set[str] = field(default_factory=set)
    numbered: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        name = name.partition(".")[0]
        known = name in self.values or name in self.tensors
        return known or any(stem in self.numbered for stem in stems(name))


def bound_in(definition: ast.Named) -> Names:
    """What a definition binds anywhere in it."""
    names = Names()
    if isinstance(definition, ast.Variant):
        return names
    names.values |= {parameter.name for parameter in definition.parameters}
    if isinstance(definition, ast.Block | ast.Model):
        names.tensors |= _TENSORS
    if isinstance(definition, ast.Op):
        names.tensors.add("in")
    for node in walk(definition):
        match node:
            case ast.Let(name=name):
                names.values.add(name)
            case (
                ast.For(targets=targets)
                | ast.Comprehension(targets=targets)
                | ast.ItemLoop(targets=targets)
            ):
                names.values.update(targets)
            case (
                ast.Bind(name=name)
                | ast.Pack(name=name)
                | ast.Shared(name=name)
                | ast.Input(name=str(name))
            ):
                names.tensors.add(name)
            case ast.Unpack(names=several):
                names.tensors.update(several)
            case ast.Run(name=None, shape=ast.Name() | ast.Call()) if node.chain.elements:
                first = node.chain.elements[0]  # `conv1: conv(64, 3)`, which is a mistake
                if isinstance(first, ast.Apply) and first.name not in OPS:
                    names.tensors.add(first.name)
            case ast.Run(name=str(name)) | ast.Stage(name=name) | ast.Aux(name=name):
                names.tensors.add(name)
                names.numbered.add(name)
    return names
