"""The modules that an op may be, where what decides which differs from use to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnndsl.ir import Layer
from cnndsl.targets.flax.ops.emission import Fields
from cnndsl.targets.python.expressions import NONE, constant
from cnndsl.targets.python.tree import Binary, Expr


@dataclass(frozen=True)
class Alternative:
    """The arguments of an op in some of its uses, and the condition that says in which."""

    test: Expr
    fields: Fields


def alternatives(fields: Fields, recs: Sequence[Layer]) -> list[Alternative]:
    """What an op's kernel goes through, and whether it has a table of connections: each is a
    module of its own. The first one is what holds where no other condition does."""
    weights = list(dict.fromkeys(getattr(rec.op, "weight", None) for rec in recs))
    tables = {getattr(rec.op, "connect", None) is not None for rec in recs}
    found: list[Alternative] = []
    for has_table in sorted(tables, reverse=True):
        for weight in weights:
            known = {**fields, "weight": constant(weight)}
            tests: list[Expr] = []
            if len(tables) > 1 and not has_table:
                known["connect"] = NONE
                tests.append(Binary("is", fields["connect"], NONE))
            if weight != weights[0]:
                told = Binary("is" if weight is None else "==", fields["weight"], constant(weight))
                tests.append(told)
            test = tests[0] if tests else NONE
            for further in tests[1:]:
                test = Binary("and", test, further)
            found.append(Alternative(test, known))
    return found
