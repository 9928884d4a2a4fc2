"""A class whose statements are settled but for what its constructor calls share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.draft import Build, Step
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import Change, map_step, mentions, plain
from cnndsl.targets.python.tree import Constant, Expr, Name


@dataclass
class Finished:
    """The statements of a class, with constructor calls whose keywords are not settled."""

    draft: Draft
    lets: list[Step]  # that a constructor begins with
    init: list[Step]
    heads: list[Step]
    call: list[Step]
    stored: list[str]  # arguments that the call needs
    signatures: Mapping[str, Sequence[Param]] = field(default_factory=dict)  # of classes
    _builds: list[tuple[Step, list[Build]]] | None = None  # by statement, once somebody asked

    def builds(self) -> list[Build]:
        """The constructor calls, in order."""
        return [build for _, held in self._building() for build in held]

    def _building(self) -> list[tuple[Step, list[Build]]]:
        """The statements that build something, and what."""
        if self._builds is None:
            steps = [*self.lets, *self.init, *self.heads]
            held = [(s, [e for e in mentions([s]) if isinstance(e, Build)]) for s in steps]
            self._builds = [each for each in held if each[1]]
        return self._builds

    def beside(self, builds: Iterable[Build]) -> list[Build]:
        """The other constructor calls of the statements that have some."""
        own = set(builds)
        found = [held for _, held in self._building() if not own.isdisjoint(held)]
        return [build for held in found for build in held if build not in own]

    def lines(self, *changes: Mapping[Build, Expr]) -> list[int]:
        """How many lines take what has some calls, with these changed: a number for each."""
        steps = [s for s, held in self._building() if any(build in changes[0] for build in held)]
        return [
            sum(line_count(plain(map_step(step, _changing(change)))) for step in steps)
            for change in changes
        ]

    def change_builds(self, change: Mapping[Build, Expr]) -> None:
        if not change:
            return
        self._builds = None
        for held in (self.lets, self.init, self.heads):
            held[:] = [map_step(step, _changing(change)) for step in held]


def _changing(change: Mapping[Build, Expr]) -> Change:
    """Puts other expressions in place of constructor calls."""

    def changed(expr: Expr) -> Expr:
        if isinstance(expr, Name | Constant):
            return expr
        expr = rebuild(expr, changed)
        return change.get(expr, expr) if isinstance(expr, Build) else expr

    return changed
