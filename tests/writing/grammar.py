"""Constructs to choose from, and the bodies and chains that are made of them.

Each module of constructs enters its own here, so that they can contain each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.writing.draft import Draft

T = TypeVar("T", str, list[str])
Condition = Callable[[Draft], bool]


ANY = (1, 2, 3)  # ranks


def always(draft: Draft) -> bool:
    return True


@dataclass(frozen=True)
class Construct(Generic[T]):
    name: str
    weight: int
    allowed: Condition
    write: Callable[[Draft], T]
    ranks: tuple[int, ...] = ANY
    later: bool = False  # of the whole language alone

    def fits(self, draft: Draft) -> bool:
        is_known = draft.later or not self.later
        return is_known and set(draft.ranks) <= set(self.ranks) and self.allowed(draft)


class Grammar(Generic[T]):
    """Constructs of one sort, more frequent with more weight, where they are allowed."""

    def __init__(self) -> None:
        self.constructs: list[Construct[T]] = []

    def enter(
        self,
        weight: int,
        allowed: Condition = always,
        *,
        ranks: tuple[int, ...] = ANY,
        later: bool = False,
    ) -> Callable[[Callable[[Draft], T]], Callable[[Draft], T]]:
        """Decorates the function that writes a construct, which goes by its name."""

        def entered(write: Callable[[Draft], T]) -> Callable[[Draft], T]:
            name = write.__name__
            self.constructs.append(Construct(name, weight, allowed, write, ranks, later))
            return write

        return entered

    def write(self, draft: Draft) -> T:
        fitting = [c for c in self.constructs if c.fits(draft)]
        chosen = draft.random.choices(fitting, [c.weight for c in fitting])[0]
        draft.written[chosen.name] += 1
        return chosen.write(draft)


STATEMENTS: Grammar[list[str]] = Grammar()
ELEMENTS: Grammar[str] = Grammar()
LAYERS: Grammar[str] = Grammar()  # elements that keep height and width, without a body
BLOCKS: Grammar[list[str]] = Grammar()  # definitions


def body(draft: Draft, least: int, most: int) -> list[str]:
    """The statements of a body; the caller says what becomes of their names."""
    draft.depth += 1
    lines: list[str] = []
    for written in range(draft.number(least, most)):
        if written and draft.budget <= 0:
            break
        draft.budget -= 1
        lines += STATEMENTS.write(draft)
    draft.depth -= 1
    return lines


def chain(draft: Draft, most: int = 3) -> str:
    """One element or more, perhaps from a tensor that has a name."""
    parts = [start(draft)] if draft.chance(0.25) else []
    parts += [element(draft) for _ in range(draft.number(1, most))]
    return " -> ".join(parts)


def start(draft: Draft) -> str:
    fitting = draft.scope.fitting()
    names = list(draft.scope.tensors) if draft.strides else fitting
    if not names or draft.chance(0.2):
        return "here"
    name = draft.random.choice(names)
    if name not in fitting:
        draft.resize()
    return name


def element(draft: Draft) -> str:
    draft.budget -= 1
    return ELEMENTS.write(draft)


def braced(lines: list[str]) -> str:
    """A body as a group."""
    if not lines:
        return "{ }"
    if len(lines) == 1 and "\n" not in lines[0]:
        return f"{{ {lines[0]} }}"
    return "\n".join(["{", *lines, "}"])


def laid_out(lines: list[str]) -> str:
    """The lines with their indentation."""
    done, depth = [], 0
    for line in "\n".join(lines).split("\n"):
        text = line.strip()
        closes = len(text) - len(text.lstrip("}])"))
        done.append("  " * (depth - closes) + text)
        if not text.startswith("#"):
            depth += sum(text.count(c) for c in "{[(") - sum(text.count(c) for c in "}])")
    return "\n".join(done) + "\n"
