"""Text that may be broken over lines: documents of groups, and the printer that fits them.

A group stands on one line if it fits there, else every line of its own is broken. This is
Wadler's algorithm with the four additions by which ruff decides where parentheses help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cnndsl.targets.python.spelling import WIDTH, width

INDENT = 4


class Line(Enum):
    """Where a line may end."""

    SOFT = "nothing, if its group stands on one line"
    SPACE = "a space, if its group stands on one line"
    HARD = "always a new line"


class Cut(Enum):
    """Where the printed text is cut into parts."""

    CUT = "cut"


SOFT, SPACE, HARD, CUT = Line.SOFT, Line.SPACE, Line.HARD, Cut.CUT


@dataclass(slots=True)
class Comment:
    """What stands behind a line; it takes `columns` of it."""

    text: str
    columns: int


@dataclass(slots=True)
class Group:
    """Content that is broken as a whole; always, where `expands`. Others refer to its `id`."""

    content: Doc
    id: int = 0
    expands: bool = False


@dataclass(slots=True)
class GroupIfBroken:
    """Content that is a group of its own only where another group is broken."""

    content: Doc
    id: int


@dataclass(slots=True)
class Only:
    """Content that exists only where a group (of no id, the innermost) is broken, or is not."""

    content: Doc
    id: int = 0
    flat: bool = False


@dataclass(slots=True)
class Indent:
    """Content whose lines are indented once more; of an `id`, where that group is broken."""

    content: Doc
    id: int = 0


@dataclass(slots=True)
class Overhang:
    """Brackets whose inside may be broken without breaking the group that they stand in."""

    content: Doc
    id: int


@dataclass(slots=True)
class Parenthesized:
    """Content that gets parentheses and lines of its own only if it fits then, not before."""

    content: Doc
    id: int


@dataclass(slots=True)
class Best:
    """Variants of which the first whose first line fits is taken, else the last."""

    variants: Sequence[Doc]


Doc = (
    str
    | Sequence["Doc"]
    | Line
    | Cut
    | Comment
    | Group
    | GroupIfBroken
    | Only
    | Indent
    | Overhang
    | Parenthesized
    | Best
)


class Measure(Enum):
    """What must fit for a content to fit."""

    FIRST_LINE = 1
    ALL_LINES = 2


# A document, the columns that its lines are indented, whether it stands flat, what is measured.
_Task = tuple[Doc, int, bool, Measure]


class Printer:
    """Prints one document; `column` is where its text begins."""

    def __init__(self, column: int):
        self.column = column
        self.parts: list[list[str]] = [[]]
        self.is_flat: dict[int, bool] = {}  # by group
        self.fitted = False  # what is left of this line is known to fit
        self.fits_behind: dict[int, bool] = {}  # by overhang, whatever stands before it

    def print(self, doc: Doc, indent: int) -> list[str]:
        """The text, cut into parts; its lines are `indent` columns deep."""
        tasks: list[_Task] = [(doc, indent, False, Measure.FIRST_LINE)]
        while tasks:
            task = tasks.pop()
            content, indent, flat, measure = task
            if isinstance(content, str):
                self.write(content)
            elif isinstance(content, list | tuple):
                tasks.extend([(item, indent, flat, measure) for item in reversed(content)])
            elif isinstance(content, Line):
                self.end_line(content, indent, flat)
            else:
                self.open(content, task, tasks)
        return ["".join(part) for part in self.parts]

    def write(self, text: str) -> None:
        self.parts[-1].append(text)
        self.column += width(text)

    def end_line(self, line: Line, indent: int, flat: bool) -> None:
        if flat and line is not HARD:
            if line is SPACE:
                self.write(" ")
            return
        self.parts[-1].append("\n" + " " * indent)
        self.column = indent
        self.fitted = False

    def open(self, doc: Doc, task: _Task, tasks: list[_Task]) -> None:
        _, indent, flat, measure = task
        match doc:
            case Cut():
                self.parts.append([])
            case Comment():
                self.write(doc.text)
            case Group():
                flat = not doc.expands and self.measured(doc.id, doc.content, task, tasks)
                self.is_flat[doc.id] = flat
                tasks.append((doc.content, indent, flat, measure))
            case GroupIfBroken():
                if not self.is_flat[doc.id]:
                    flat = self.measured(0, doc.content, task, tasks)
                tasks.append((doc.content, indent, flat, measure))
            case Parenthesized():
                self.parenthesize(doc, task, tasks)
            case Best():
                self.choose(doc, task, tasks)
            case Overhang():
                if self.is_flat[doc.id]:
                    self.fitted = False  # its groups were measured as broken ones
                tasks.append((doc.content, indent, flat, measure))
            case Only() | Indent():
                tasks.extend(self.opened(doc, task))

    def opened(self, doc: Only | Indent, task: _Task) -> list[_Task]:
        _, indent, flat, measure = task
        known = self.is_flat[doc.id] if doc.id else flat and isinstance(doc, Only)
        if isinstance(doc, Only):
            return [(doc.content, indent, flat, measure)] if known == doc.flat else []
        return [(doc.content, indent if known else indent + INDENT, flat, measure)]

    def parenthesize(self, doc: Parenthesized, task: _Task, tasks: list[_Task]) -> None:
        _, indent, _, measure = task
        flat = self.measured(doc.id, doc.content, task, tasks)
        wrapped: Doc = ["(", Indent([HARD, doc.content]), HARD, ")"]
        if not flat:
            self.is_flat[doc.id] = False
            flat = not self.fits((wrapped, indent, False, Measure.ALL_LINES), tasks)
        self.is_flat[doc.id] = flat
        tasks.append((doc.content if flat else wrapped, indent, flat, measure))

    def choose(self, doc: Best, task: _Task, tasks: list[_Task]) -> None:
        _, indent, _, measure = task
        self.fitted = True
        for variant in doc.variants[:-1]:
            if self.fits((variant, indent, True, Measure.FIRST_LINE), tasks):
                tasks.append((variant, indent, True, measure))
                return
        tasks.append((doc.variants[-1], indent, False, measure))

    def measured(self, id: int, content: Doc, task: _Task, tasks: list[_Task]) -> bool:
        """Whether a group fits on the rest of the line, together with what follows it."""
        _, indent, flat, measure = task
        if flat and self.fitted:
            return True
        self.fitted = True
        self.is_flat[id] = True
        return self.fits((content, indent, True, measure), tasks)

    def fits(self, task: _Task, rest: list[_Task]) -> bool:
        """Whether the text up to the end of the line (or of all lines) stays within the width."""
        column, left = self.column, len(rest)
        tasks = [task]
        passed: list[int] = []  # overhangs of what follows, of which a long chain has many
        while tasks or left:
            if tasks:
                task = tasks.pop()
            else:
                left -= 1
                task = rest[left]
            content, indent, flat, measure = task
            if isinstance(content, str):
                column += width(content)
            elif isinstance(content, list | tuple):
                tasks.extend([(item, indent, flat, measure) for item in reversed(content)])
                continue
            elif isinstance(content, Line):
                if flat and content is SOFT:
                    continue
                if flat and content is SPACE:
                    column += 1
                elif flat or measure is Measure.FIRST_LINE:
                    return self.remember(passed, True)
                else:
                    column = indent
            elif isinstance(content, Comment):
                column += content.columns
            elif isinstance(content, Overhang) and flat and self.is_flat[content.id]:
                column = indent  # behind the end of its last line
                known = None if tasks else self.fits_behind.get(id(content))
                if known is not None:
                    return self.remember(passed, known)
                if not tasks:
                    passed.append(id(content))
            else:
                tasks.extend(self.inside(content, task))
                continue
            if column > WIDTH:
                return self.remember(passed, False)
        return self.remember(passed, True)

    def remember(self, passed: list[int], fits: bool) -> bool:
        self.fits_behind.update(dict.fromkeys(passed, fits))
        return fits

    def inside(self, doc: Doc, task: _Task) -> list[_Task]:
        """What is measured of a document."""
        _, indent, flat, measure = task
        match doc:
            case Group():
                flat = flat and not doc.expands
                self.is_flat[doc.id] = flat
                return [(doc.content, indent, flat, measure)]
            case Parenthesized():
                self.is_flat[doc.id] = flat
                return [(doc.content, indent, flat, measure)]
            case GroupIfBroken() | Overhang():
                return [(doc.content, indent, flat, measure)]
            case Best():
                variant = doc.variants[0 if flat else -1]
                return [(variant, indent, flat, Measure.FIRST_LINE if flat else measure)]
            case Only() | Indent():
                return self.opened(doc, task)
        return []
