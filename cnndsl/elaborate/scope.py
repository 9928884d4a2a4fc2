"""What names mean at a place of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnndsl.ir import Pack, Result, Tensor, Value

if TYPE_CHECKING:
    from cnndsl.elaborate.sharing import Declaration


class Unknown:
    """A value that a mistake made unknown; whatever uses it stays silent."""


UNKNOWN = Unknown()


class Scope:
    """Values and tensors by name, and the scope around them."""

    __slots__ = (
        "classes",
        "definition",
        "effort",
        "endpoints",
        "incomplete",
        "level",
        "parent",
        "shared",
        "tensors",
        "values",
    )

    def __init__(self, parent: Scope | None = None):
        self.parent = parent
        self.level: int = parent.level + 1 if parent else 0
        self.effort = self.level // 16  # steps that it takes to look a name up, beyond the usual
        self.values: dict[str, Value | Unknown] = {}
        self.tensors: dict[str, Result] = {}
        self.endpoints: dict[str, list[str]] = {}  # the tensors `name.endpoint` by their names
        self.shared: dict[str, Declaration] = {}
        self.classes: frozenset[str] = frozenset()  # values that are the parameter `classes`
        self.definition = ""  # the block or model whose scope it is
        self.incomplete = False  # after a mistake, names may be missing that are not at fault

    def around(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def value(self, name: str) -> tuple[bool, Value | Unknown]:
        """Whether `name` is a value, and which."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return True, scope.values[name]
            scope = scope.parent
        return False, None

    def tensor(self, name: str) -> Tensor | None:
        held = self.result(name)
        return held if isinstance(held, Tensor) else None

    def has_no_endpoints(self, name: str) -> bool:
        """Whether a tensor of that name is known to be no model's result."""
        for scope in self.around():
            if name in scope.tensors:
                return scope.endpoints.get(name) == []
        return False

    def pack(self, name: str) -> Pack | None:
        held = self.result(name)
        return held if isinstance(held, Pack) else None

    def result(self, name: str) -> Result | None:
        """The tensor or pack of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.tensors:
                return scope.tensors[name]
            scope = scope.parent
        return None

    def flow(self, x: Tensor, nothing: Tensor | None) -> None:
        """What flows at a place, `here`; before anything does, the name means nothing."""
        if x is nothing:
            self.tensors.pop("here", None)
        else:
            self.tensors["here"] = x

    def declaration(self, name: str) -> Declaration | None:
        """The shared layers of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.shared:
                return scope.shared[name]
            scope = scope.parent
        return None

    def is_classes(self, name: str) -> bool:
        """Whether `name` is the parameter `classes` of the model, under this name or another."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return name in scope.classes
            scope = scope.parent
        return False

    def bind(self, name: str, value: Value | Unknown, *, classes: bool = False) -> None:
        """Names a value of this scope; `classes` if it is the parameter of the model."""
        self.values[name] = value
        if classes:
            self.classes |= {name}
        elif name in self.classes:
            self.classes -= {name}

    def known(self) -> dict[str, Value]:
        """What this scope itself names, values and tensors; what is unknown is left out."""
        values = {n: v for n, v in self.values.items() if not isinstance(v, Unknown)}
        return {**values, **self.tensors}

    def is_incomplete(self) -> bool:
        return any(scope.incomplete for scope in self.around())

    def names(self) -> Iterator[str]:
        """All that is named here, nearest first; some names more than once."""
        for scope in self.around():
            yield from scope.values
            yield from scope.tensors
