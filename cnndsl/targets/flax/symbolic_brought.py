"""Layers that an author brings, as symbols: what the spec says of them is all that they do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.elaborate.collect import Failure as Refused
from cnndsl.ir import Network
from cnndsl.ops.brought import PLAIN, Brought
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.signature import integer
from cnndsl.targets.flax.symbolic import Rngs
from cnndsl.targets.flax.symbolic_modules import Built, Layer
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.targets.python.values import External, Failure


class BroughtType(External):
    """A class that a module imports for ops of its spec; `built` are its layers, in order.

    Ops of one class differ in their parameters, by which a call tells which of them it is.
    """

    is_constant = True

    def __init__(self, kinds: Sequence[type[Brought]], built: list[Built]):
        self.kinds = {frozenset(kind.parameters): kind for kind in kinds}
        self.name = kinds[0].cls
        self.built = built

    def describe(self) -> str:
        return f"`{self.name}`"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        given = dict(keywords)
        if not isinstance(given.pop("rngs", None), Rngs):
            raise Failure(f"{self.describe()} does not get the model's `rngs`")
        if len(args) != 1:
            raise Failure(f"{self.describe()} gets {len(args)} arguments by position")
        kind, features = self.kinds.get(frozenset(given)), integer(args[0], "in_features")
        if kind is None:
            names = ", ".join(given) or "no arguments"
            raise Failure(f"{self.describe()} gets {names}, as no op of the spec does")
        op = kind(tuple([(name, PLAIN.convert(given[name])) for name in kind.parameters]))
        layer = Layer(self.name, True, lambda x, forms: _applied(op, features, x, forms))
        self.built.append(layer)
        return layer


def _applied(op: Brought, features: int, x: Term, forms: Forms) -> Term:
    if x.shape[-1] != features:
        raise Unfit(f"a layer for {features} channels gets {x.shape[-1]}")
    try:
        shape = op.output(x.shape)
    except Refused:
        raise Unfit(f"`{op.name}` says nothing of {x.shape}") from None
    return forms.brought(x, type(op).origin(), op.values, shape)


def imported(
    networks: Iterable[Network], built: list[Built]
) -> dict[tuple[str, str | None], External]:
    """What the module of some networks may import for ops of its spec."""
    of_class: dict[tuple[str, str | None], dict[type[Brought], None]] = {}
    for network in networks:
        for kind in network.bringable:
            of_class.setdefault((kind.module, kind.cls), {})[kind] = None
    return {key: BroughtType(list(held), built) for key, held in of_class.items()}
