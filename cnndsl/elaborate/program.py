"""All definitions of a spec and of the files it uses, by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.layer_names import layer_names
from cnndsl.elaborate.nested import block_of
from cnndsl.elaborate.recursion import circles
from cnndsl.ops import ADDED, MERGES, OPS
from cnndsl.ops.base import Op
from cnndsl.ops.brought import Brought
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk


@dataclass
class Program:
    """The definitions by name; `own` are the models of the file itself, in order."""

    spec: ast.Spec
    fns: dict[str, ast.Fn] = field(default_factory=dict)
    blocks: dict[str, ast.Block] = field(default_factory=dict)
    models: dict[str, ast.Model | ast.Variant] = field(default_factory=dict)
    ops: dict[str, type[Brought]] = field(default_factory=dict)  # that the author brings
    brought: dict[str, ast.Op] = field(default_factory=dict)  # their definitions
    own: list[ast.Model | ast.Variant] = field(default_factory=list)
    sound: bool = True  # no cycles and no unknown bases: safe to elaborate
    joins: set[ast.Binary] = field(default_factory=set, repr=False)  # `+` between lists
    doubled: set[str] = field(default_factory=set, repr=False)  # names of two things, by mistake
    offered: dict[ast.Use, set[str]] = field(default_factory=dict, repr=False)  # by what is used
    nested: dict[tuple[str, bool], ast.Block] = field(default_factory=dict, repr=False)
    levels: dict[str, dict[int, ast.Block]] = field(default_factory=dict, repr=False)
    ranked: dict[str, dict[int, ast.Block]] = field(default_factory=dict, repr=False)
    unranked: dict[str, ast.Block] = field(default_factory=dict, repr=False)
    held: dict[str, dict[str, None]] = field(default_factory=dict, repr=False)  # as arguments
    claims: Evaluator | None = field(default=None, repr=False)  # of this elaboration
    complete: bool = True  # every file was read: an unknown name is a mistake
    _named: dict[str, list[tuple[Span, Span]]] | None = field(default=None, repr=False)
    _roots: dict[str, ast.Model] = field(default_factory=dict, repr=False)  # of variants

    @cached_property
    def circles(self) -> dict[str, int]:
        """By block that leads back to itself the number of its circle, which others may share."""
        return circles(self.blocks)

    @property
    def claiming(self) -> Evaluator:
        """What evaluates the claims of all ops, with a budget of its own."""
        if self.claims is None:
            self.claims = Evaluator(self.fns, self.complete)
        return self.claims

    def op(self, name: str) -> type[Op] | None:
        """The op of that name; those of the spec hide the language's."""
        return self.ops.get(name) or OPS.get(name)

    def root(self, model: ast.Model | ast.Variant) -> ast.Model:
        """The model whose body a variant runs."""
        passed = []
        while isinstance(model, ast.Variant):
            passed.append(model.name)
            model = self._roots.get(model.name) or self.models[model.base.id]
        self._roots.update(dict.fromkeys(passed, model))
        return model

    def nested_block(self, name: str, is_headless: bool = False) -> ast.Block | None:
        """What a model is as an element; without its classifier if `is_headless`."""
        if name not in self.models:
            return None
        key = name, is_headless
        if key not in self.nested:
            block = block_of(self.models[name], self.models)
            if is_headless:
                block = replace(block, name=f"{name}Backbone")
            self.nested[key] = block
        return self.nested[key]

    def level(self, block: ast.Block, level: int) -> ast.Block:
        """A block that uses itself, as it is around `level` - 1 uses inside each other."""
        levels = self.levels.setdefault(block.name, {})
        if level not in levels:
            levels[level] = replace(block, name=self._free(f"{block.name}{level}"))
        return levels[level]

    def of_rank(self, block: ast.Block, rank: int) -> ast.Block:
        """A block that runs on signals and on maps, as it is for one of them."""
        ranked = self.ranked.setdefault(block.name, {})
        if rank not in ranked:
            ranked[rank] = replace(block, name=self._free(f"{block.name}{rank}d"))
            self.unranked[ranked[rank].name] = block
        return ranked[rank]

    def _free(self, name: str) -> str:
        while name in self.blocks or name in self.models or name in self.fns:
            name += "_"
        return name

    @cached_property
    def layers(self) -> dict[str, set[str]]:
        """By block and model its names that hold layers somewhere; variants have their root's."""
        roots: dict[str, ast.Block | ast.Model] = {**self.blocks}
        roots |= {name: self.root(model) for name, model in self.models.items()}
        variants = [m for m in self.models.values() if isinstance(m, ast.Variant)]
        found = layer_names(roots, variants, self.is_layer)
        return {name: found.get(root.name, set()) for name, root in roots.items()}

    def is_layer(self, expr: ast.Expr | None) -> bool:
        """Whether an expression is an op or a block by its name."""
        if isinstance(expr, ast.Call):
            name = expr.func.id
            if name in self.fns or name in FUNCTIONS:
                return False
        else:
            name = expr.id if isinstance(expr, ast.Name) else ""
        return name in OPS or name in self.ops or name in self.blocks

    def sees(self, span: Span, name: str) -> bool:
        """Whether the definition of a name is known at a place: used files do not see the spec."""
        definition = self.blocks.get(name) or self.brought.get(name)
        own = self.spec.source
        return span.source is own or definition is None or definition.span.source is not own

    def named_below(self, name: str, span: Span) -> Span | None:
        """Where the definition around a place names a tensor like that, further down."""
        if self._named is None:
            self._named = _named_tensors(self.spec)
        for whole, named in self._named.get(name, ()):
            if named.source is span.source and whole.start <= span.start < named.start:
                return named
        return None

    def let_above(self, name: str, span: Span) -> ast.Let | None:
        """The last `let` of that name in front of a place."""
        nodes = (node for each in self.spec.definitions for node in walk(each))
        lets = [n for n in nodes if isinstance(n, ast.Let) and n.name == name]
        lets = [n for n in lets if n.span.source is span.source and n.span.start < span.start]
        return max(lets, key=lambda node: node.span.start, default=None)

    def what(self, name: str) -> str | None:
        """What a name is defined as, with an article."""
        if name in self.blocks:
            return "a block"
        if name in self.models:
            return "a model"
        if name in self.fns:
            return "a function"
        if name in self.ops:
            return "an op of this spec"
        if name in OPS or name in MERGES:
            return "an op"
        return "a function" if name in FUNCTIONS else None

    def reserved(self, name: str) -> str | None:
        """The same of a name that a spec cannot give to anything else."""
        what = self.what(name)
        return None if what == "an op" and name in ADDED else what


def _named_tensors(spec: ast.Spec) -> dict[str, list[tuple[Span, Span]]]:
    """The last place of every definition that names a tensor, with the definition around it."""
    found: dict[str, dict[Span, Span]] = {}
    for definition in spec.definitions:
        for node in walk(definition):
            match node:
                case ast.Bind() | ast.Run() | ast.Stage() | ast.Shared():
                    if node.name is not None and node.name_span is not None:
                        found.setdefault(node.name, {})[definition.span] = node.name_span
    return {name: list(places.items()) for name, places in found.items()}
