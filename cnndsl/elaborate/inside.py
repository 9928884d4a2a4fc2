"""What a model that is an element has of its own, while it runs inside another one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from cnndsl.elaborate.head import Head
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Chained, Instance, Layer, Tensor
from cnndsl.source import Span

if TYPE_CHECKING:
    from cnndsl.elaborate.context import Shared


@dataclass
class Inside:
    """The endpoints and the head of an inner model, in place of the outer one's.

    Its shape assertions hold for an image of its own, and are not checked.
    """

    shared: Shared
    head: Head | None
    endpoints: dict[str, Tensor] = field(default_factory=dict)
    named: dict[str, Span] = field(default_factory=dict)
    numbered: Counter[str] = field(default_factory=Counter)
    outputs: list[str] = field(default_factory=list)
    image: tuple[int, ...] | None = ()

    def __enter__(self) -> None:
        self._swap()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._swap()

    def _swap(self) -> None:
        shared = self.shared
        shared.head, self.head = self.head, shared.head
        shared.endpoints, self.endpoints = self.endpoints, shared.endpoints
        shared.named, self.named = self.named, shared.named
        shared.numbered, self.numbered = self.numbered, shared.numbered
        shared.outputs, self.outputs = self.outputs, shared.outputs
        shared.image, self.image = self.image, shared.image


def fresh(scope: Scope) -> Scope:
    """The same names once more, for another run of a body."""
    found = Scope(scope.parent)
    found.values, found.tensors = dict(scope.values), dict(scope.tensors)
    found.endpoints = dict(scope.endpoints)
    found.classes, found.definition = scope.classes, scope.definition
    return found


def name_endpoints(name: str, run: Chained, scope: Scope) -> None:
    """What `name.endpoint` means once a chain has this name."""
    for known in scope.endpoints.pop(name, ()):
        del scope.tensors[known]
    last = run.elements[-1]
    if isinstance(last, Layer) or (isinstance(last, Instance) and not last.endpoints):
        scope.endpoints[name] = []  # none, whatever its shape is
    elif isinstance(last, Instance):
        named = {f"{name}.{n}": tensor for n, tensor in last.endpoints.items()}
        scope.endpoints[name] = list(named)
        scope.tensors.update(named)
