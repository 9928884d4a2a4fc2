"""Trailing comments: the shape of the flow where it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.widths import width
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import is_constant, names
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.statements import bodies, plain_expression, with_bodies
from cnndsl.targets.python.tree import Conditional, Expr, For, If, Name, Tuple

_LINE = 88


def comment_lines(draft: Draft, steps: Sequence[Step]) -> list[Step]:
    """The call with a comment where the shape changes and all instances have it."""
    return _Comments(draft).block(steps, 8)


class _Comments:
    def __init__(self, draft: Draft):
        self.draft = draft
        self.arguments = {p.name for p in draft.arguments if p.source != "tensor"}
        self.last: dict[str, str | None] = {}
        self.loops = 0  # around

    def block(self, steps: Sequence[Step], depth: int) -> list[Step]:
        found: list[Step] = []
        for step in steps:
            if isinstance(step, (If, For)):
                before = dict(self.last)
                self.loops += isinstance(step, For)
                inner = []
                for body in bodies(step):
                    self.last = dict(before)
                    inner.append(self.block(body, depth + 4))
                self.loops -= isinstance(step, For)
                found.append(with_bodies(step, *inner))
                if isinstance(step, If):
                    self.last = {}
            elif isinstance(step, Line):
                found.append(self.commented(step, depth))
            else:
                found.append(step)
        return found

    def commented(self, line: Line, depth: int) -> Line:
        target = line.targets[0]
        if isinstance(target, Tuple):
            target = target.items[0]
        name = target.id if isinstance(target, Name) else ""
        has_shape = line.shape >= 0 and not self.may_stay(line.value)
        text = self.shape_text(line.shape) if has_shape else None
        known = self.last[name] if name in self.last else self.last.get("x")
        self.last[name] = text
        if text is None or text == known:
            return line
        if depth + len(name) + 3 + width(line.value) + len(text) + 4 > _LINE:
            return line
        return replace(line, comment=text)

    def may_stay(self, value: Expr) -> bool:
        """Whether some instances or rounds leave the flow as it was, whatever shape that has."""
        is_once = self.draft.is_model and not self.loops
        match value:
            case Conditional(then=then, other=other):
                return not is_once and (isinstance(then, Name) or isinstance(other, Name))
        return False

    def shape_text(self, number: int) -> str | None:
        """`(N, 56, 56, 64)`, or None where instances differ."""
        draft = self.draft
        shapes = draft.shown[number] if draft.is_model else draft.shapes[number]
        if len({shape[:-1] for shape in shapes}) != 1:  # none: another model's
            return None
        shape = shapes[0]
        channels = draft.channels.get(number)
        if draft.is_model:
            if len(set(shapes)) > 1 or (len(shape) == 1 and isinstance(channels, Name)):
                return None
            last = str(shape[-1])
        elif self.is_own(channels) and not draft.is_function and channels is not None:
            last = print_expression(plain_expression(channels))
        elif len(set(shapes)) == 1:
            last = str(shape[-1])
        else:
            return None
        return f"({', '.join(['N', *map(str, shape[:-1]), last])})"

    def is_own(self, channels: Expr | None) -> bool:
        """Whether arguments alone spell some channels."""
        if channels is None or is_constant(channels):
            return False
        return names(channels) <= self.arguments
