"""The statements that lines may still join."""

from __future__ import annotations

from cnndsl.targets.flax.shaping.line_parts import target_of
from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.statements import all_written
from cnndsl.targets.python.tree import Blank


class Kept:
    """Statements so far: lines by the variable that they set, and where variables are set."""

    def __init__(self) -> None:
        self.steps: dict[int, Step] = {}  # by number, in order
        self.lines: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.number = 0

    def add(self, step: Step) -> None:
        self.number += 1
        self.steps[self.number] = step
        if isinstance(step, Line) and target_of(step):
            self.lines[target_of(step)] = self.number
        self.written.update(dict.fromkeys(all_written([step]), self.number))

    def last(self) -> tuple[int, Step] | None:
        """The last statement that is no empty line, with its number."""
        held = reversed(self.steps.items())
        return next((each for each in held if not isinstance(each[1], Blank)), None)

    def line(self, name: str) -> Line | None:
        """The line that sets a variable."""
        step = self.steps.get(self.lines.get(name, 0))
        return step if isinstance(step, Line) else None

    def drop(self, line: Line) -> None:
        del self.steps[self.lines[target_of(line)]]

    def is_unchanged(self, line: Line) -> bool:
        """Whether what a line reads is the same after all that is kept behind it."""
        number = self.lines[target_of(line)]
        return all(self.written.get(name, 0) <= number for name in names(line.value))
