"""What the code of an op that is an argument is made from."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops.base import Op
from cnndsl.targets.flax.ops.conv import initializer
from cnndsl.targets.python.tree import Expr


@dataclass(frozen=True)
class Known:
    """What an op's code depends on besides its arguments, all of which are known."""

    initializer: Expr | None
    given: Expr | None
    op: Op

    def start(self, field: str) -> Expr | None:
        start = getattr(self.op, field)
        return None if start == self.op.arguments()[field].default else initializer(start)

    def constant(self, stem: str, value: Expr) -> Expr:
        return value
