"""Tensors of the call, and their channels in the constructor."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from cnndsl.ir import (
    Element,
    Frame,
    Instance,
    Layer,
)
from cnndsl.ops.initial import Start
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.brought import Imports
from cnndsl.targets.flax.staging.draft import Draft, Env, Run, Tensor
from cnndsl.targets.flax.staging.passing import Passing
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.draft import Build, Hint, Line, Shadow
from cnndsl.targets.python.expressions import (
    is_constant,
)
from cnndsl.targets.python.tree import Assign, Expr, Name

Bodies = Callable[[ast.Body, list[Frame], Name, list[Run], Env], None]
T = TypeVar("T")


def all_of(kind: type[T], records: Iterable[object]) -> list[T]:
    """The records, which are of one kind: what became of one statement or element."""
    return [record for record in records if isinstance(record, kind)]


class Surroundings(Protocol):
    """What a class asks of the module that it is written for."""

    passing: Passing
    imports: Imports
    asserts: bool  # whether the shapes that the spec asserts are proven
    idle: Container[ast.Node]  # loops that some values of arguments give no round
    ranked: set[Layer]  # shared layers that get tensors of several ranks

    def callee(self, block: ast.Block) -> Draft: ...
    def number(self, instance: Instance) -> int: ...
    def first(self, instance: Instance) -> Instance: ...
    def windows(self, block: ast.Block) -> Mapping[str, int]: ...
    def only_element(self, block: ast.Block) -> ast.Apply | None: ...
    def has_endpoints(self, block: ast.Block) -> bool: ...
    def begin(self, draft: Draft) -> None: ...
    def is_open(self, draft: Draft) -> bool: ...
    def is_argument(self, block: ast.Block) -> bool: ...
    def kernel_starts(self, layer: Layer) -> Start: ...
    def is_head(self, layer: Layer) -> bool: ...
    def constant(self, stem: str, value: Expr) -> Expr: ...
    def name_norm(self, block: str, build: Build) -> None: ...


class Flow:
    """Tensors of the call; the channels of `x` are the constructor's `features(x)`."""

    def __init__(self, values: Values, module: Surroundings):
        self.values = values
        self.draft = values.draft
        self.module = module
        self._features: dict[str, Name] = {}

    def always(self, loop: ast.Node, counts: Iterable[int]) -> bool:
        """Whether a loop runs at least once, whatever the arguments."""
        return min(counts) > 0 and loop not in self.module.idle

    def features(self, x: Name) -> Name:
        if x.id not in self._features:
            stem = self.draft.variables[x.id].stem
            stem = "features" if stem in ("x", "flow") else f"{stem}_features"
            self._features[x.id] = self.draft.variable(stem, "features")
        return self._features[x.id]

    def copy(self, x: Expr, features: Expr, y: Name) -> None:
        self.values.define(self.features(y), features)
        self.values.at_call(Assign((y,), x))

    def branch_off(self, x: Name, stem: str, *, named: bool = False) -> Name:
        """Another variable that begins as `x`; `named` by the author."""
        y = self.draft.variable(stem, "tensor", named=named)
        self.copy(x, self.features(x), y)
        return y

    def tensor(self, x: Name) -> Tensor:
        return Tensor(x, self.features(x))

    def line(
        self, x: Name, value: Expr, recs: Sequence[Element], role: str, runs: list[Run]
    ) -> None:
        self.draft.shapes.append([rec.out.shape for rec in recs])
        shown = [r.out.shape for r, (n, _) in zip(recs, runs, strict=True) if n == 0]
        self.draft.shown.append(shown)
        number = len(self.draft.shapes) - 1
        self.values.at_init(Shadow(str(number), self.features(x)))
        roles = frozenset({role}) if role else frozenset()
        self.values.at_call(Line((x,), value, roles=roles, shape=number))

    def hint(self, shape: ast.Expr | None, x: Name, env: Env) -> None:
        """The author's own words for the channels, where an assertion proves them."""
        if not isinstance(shape, ast.List) or not self.module.asserts:
            return
        said = self.values.spell(shape.items[-1], env)
        if said is not None and not is_constant(said):
            self.values.at_init(Hint(self.features(x), said))
