"""Layers of flax as symbols: a kind with settings, and what a call of it gives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.signature import (
    Signature,
)
from cnndsl.targets.flax.symbolic import (
    Rngs,
    tensor,
)
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.values import External, Failure

Given = dict[str, object]
Apply = Callable[[Term, Forms], Term]


Settle = Callable[[Given], Apply]


def marked(plain: Apply, **marks: object) -> Apply:
    """The same, of a layer of which something is said besides."""

    def apply(x: Term, forms: Forms) -> Term:
        with forms.marked(**marks):
            return plain(x, forms)

    return apply


class Built(Protocol):
    """What has weights or random numbers of its own, and counts its calls."""

    results: list[Term]

    @property
    def is_weighted(self) -> bool: ...

    @property
    def apply(self) -> Apply: ...

    def describe(self) -> str: ...


class Layer(External):
    """A module of flax that was built; `apply` is what it does to a tensor."""

    def __init__(self, kind: str, is_weighted: bool, apply: Apply):
        self.kind = kind
        self.is_weighted = is_weighted
        self.apply = apply
        self.results: list[Term] = []  # one for each call

    def describe(self) -> str:
        return f"a {self.kind}"

    def mark(self, **marks: object) -> None:
        """Notes what was made of it once it was built."""
        self.apply = marked(self.apply, **marks)

    def call(self, args: list[object], keywords: Given) -> object:
        if keywords or len(args) != 1:
            raise Failure(f"{self.describe()} is called with one tensor alone")
        x = tensor(args[0], self.describe())
        first = self.results[:1] if self.is_weighted else ()
        with x.forms.sharing(first):
            result = self.apply(x.term, x.forms)
        self.results.append(result)
        return x.made(result)


@dataclass(frozen=True)
class Kind:
    """A class of flax's modules, or one that generated modules carry: what its constructor
    takes, what becomes of that, and whether it needs random numbers. Dtypes are none of its
    business: a model gives them to all of its layers together."""

    signature: Signature
    settle: Settle
    takes_rngs: bool = True
    is_weighted: bool = True


class LayerType(External):
    """A class that builds layers, which `built` lists in order."""

    is_constant = True

    def __init__(self, kind: Kind, built: list[Built]):
        self.kind = kind
        self.built = built

    def describe(self) -> str:
        return f"`{self.kind.signature.name}`"

    def call(self, args: list[object], keywords: Given) -> object:
        kind = self.kind
        given = kind.signature.bound(args, keywords)
        if kind.takes_rngs and not isinstance(given["rngs"], Rngs):
            raise Failure(f"{self.describe()} does not get the model's `rngs`")
        layer = Layer(kind.signature.name, kind.is_weighted, kind.settle(given))
        self.built.append(layer)
        return layer


class Initialiser(External):
    """How a kernel starts, by its name in jax.nn.initializers."""

    def __init__(self, name: str):
        self.name = name

    def describe(self) -> str:
        return f"the initialiser {self.name}"

    def key(self) -> Hashable:
        return Initialiser, self.name
