"""A tree of brackets to lines: what fits a line stands on one, the rest breaks from outside in.

An author's own lines are kept where they mean something: between the elements of a chain and the
items of a list or a merge; and a body or a group that stands on several lines stays open.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.format.align import Suffix, align
from cnndsl.format.measure import NEVER, WIDTH, flat, flat_width, measure
from cnndsl.format.pieces import Gap
from cnndsl.format.reach import Reach, reaches
from cnndsl.format.spacing import Break, breaks, is_body, space
from cnndsl.format.tree import Atom, Bracket, Item, Kind, Leaf

INDENT = 2
_DEEPEST = 80  # columns of indentation: a hopelessly nested spec must not become megabytes of it


def written(file: Bracket) -> str:
    """The text of a whole file."""
    measure(file)
    writer = _Writer()
    writer.body(file.items, file.last, 0)
    lines = align(writer.lines, writer.shapes, writer.behind)
    return "".join(f"{line.rstrip(' ')}\n" for line in lines)


class _Writer:
    """Writes from top to bottom; `indent` is that of the line being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.indent = 0
        self.shapes: list[list[Suffix]] = []
        self.behind: dict[int, str] = {}  # comments by the index of their line

    # --- lines ------------------------------------------------------------------------

    def write(self, text: str) -> None:
        self.lines[-1] += text

    def newline(self, indent: int) -> None:
        self.indent = min(indent, _DEEPEST)
        self.lines.append(" " * self.indent)

    def fits(self, width: int) -> bool:
        return len(self.lines[-1]) + width <= WIDTH

    def trailing(self, gap: Gap) -> None:
        """The comment behind what was written last."""
        if gap.trailing is not None:
            self.behind[len(self.lines) - 1] = gap.trailing

    def comments(self, gap: Gap, indent: int, first: bool = False) -> None:
        """The comments on lines of their own, and blank lines, none `first` in a bracket."""
        for comment in gap.own:
            if comment.after_blank and not first:
                self.lines.append("")
            self.newline(indent)
            self.write(comment.text)
            first = False
        if gap.blank and not first:
            self.lines.append("")

    def hard(self, gap: Gap, indent: int) -> None:
        """A new line within a statement, with the comments before it."""
        self.trailing(gap)
        self.comments(Gap(own=gap.own), indent)
        self.newline(indent)

    def close(self, last: Gap, indent: int, first: bool = False) -> None:
        """The comments before a closing bracket."""
        self.trailing(last)
        self.comments(Gap(own=last.own), indent, first)

    # --- statements -------------------------------------------------------------------

    def body(self, items: Sequence[Item], last: Gap, indent: int) -> None:
        """The statements of a body, or the definitions of a file, each on lines of its own."""
        run: list[Suffix] = []
        for index, item in enumerate(items):
            gap = item.gap
            self.trailing(gap)
            self.comments(gap, indent, first=index == 0)
            self.newline(indent)
            if run and (gap.own or gap.blank):
                self.shapes.append(run)
                run = []
            suffix = self.statement(item)
            if suffix is not None:
                run.append(suffix)
        if run:
            self.shapes.append(run)
        self.close(last, indent, first=not items)

    def statement(self, item: Item) -> Suffix | None:
        """Writes all of a statement but a shape that may stand in a column, which it returns."""
        shape = flat_width(item.shape) if item.shape else 0
        if item.width <= WIDTH - self.indent:
            self.write(flat(item.atoms))
        else:
            self.atoms(item.atoms, len(" : ") + shape if 0 < shape < WIDTH else 0, _opened(item))
        if not item.shape:
            return None
        gap = item.shape[0].gap
        if shape < WIDTH and not gap.has_comments:
            return len(self.lines) - 1, flat(item.shape)
        self.write(" :")
        if gap.has_comments:
            self.hard(gap, self.indent + INDENT)
        else:
            self.write(" ")
        self.atoms(item.shape)
        return None

    # --- atoms ------------------------------------------------------------------------

    def atoms(
        self, atoms: Sequence[Atom], tail: int = 0, opened: frozenset[Bracket] = frozenset()
    ) -> None:
        """Atoms from here on, `tail` columns behind them; lines that go on are indented.

        The brackets `opened` break whether they fit or not.
        """
        indent = self.indent
        found = reaches(atoms, tail, opened)
        for index, atom in enumerate(atoms):
            if index:
                self.between(atoms[index - 1], atom, found[index], indent)
            if isinstance(atom, Leaf):
                self.write(atom.text)
            elif atom in opened or atom.width >= NEVER or not self.fits(found[index].together):
                self.broken(atom)
            else:
                self.write(flat([atom]))

    def between(self, before: Atom, atom: Atom, reach: Reach, indent: int) -> None:
        """A space, nothing or a new line."""
        blank = space(before, atom)
        match breaks(before, atom):
            case Break.HARD:
                self.hard(atom.gap, indent if is_body(before) else indent + INDENT)
            case Break.SOFT if self.goes_below(reach, len(blank), indent + INDENT):
                self.newline(indent + INDENT)
            case _:
                self.write(blank)

    def goes_below(self, reach: Reach, blank: int, indent: int) -> bool:
        """Whether what comes next begins a new line: it does not fit here, but there, unless a
        bracket in it can break."""
        if self.fits(blank + reach.width):
            return False
        return indent + reach.width <= WIDTH or not self.fits(blank + reach.head)

    # --- brackets ---------------------------------------------------------------------

    def broken(self, bracket: Bracket) -> None:
        """A bracket on several lines."""
        indent, opener, closer = self.indent, bracket.kind.opener, bracket.kind.closer
        if bracket.kind is Kind.LIST and self.hangs(bracket):
            self.write(f"{opener} ")
            self.rows(bracket, indent + INDENT, hanging=True)
            self.write(f" {closer}")
            return
        if _hugs(bracket, WIDTH - min(indent + INDENT, _DEEPEST)):
            self.write(opener + "".join(f"{flat(item.atoms)}, " for item in bracket.items[:-1]))
            self.atoms(bracket.items[-1].atoms)
            self.write(closer)
            return
        self.write(opener)
        match bracket.kind:
            case Kind.BRACE:
                self.body(bracket.items, bracket.last, indent + INDENT)
            case Kind.LIST | Kind.MERGE:
                self.rows(bracket, indent + INDENT, hanging=False)
                self.close(bracket.last, indent + INDENT)
            case Kind.PAREN | Kind.INDEX:
                self.arguments(bracket, indent + INDENT)
                self.close(bracket.last, indent + INDENT)
        self.newline(indent)
        self.write(closer)

    def hangs(self, bracket: Bracket) -> bool:
        """Whether the rows of a list begin and end on the lines of its brackets, as a table's."""
        items = bracket.items
        return (
            len(self.lines[-1]) == self.indent
            and not bracket.last.newline
            and not items[0].gap.newline
            and any(item.gap.newline for item in items)
        )

    def rows(self, bracket: Bracket, indent: int, hanging: bool) -> None:
        """The items of a list: in its author's rows, else as many as fit, branches one by one."""
        items = bracket.items
        lone = bracket.kind is Kind.MERGE or any(item.width >= NEVER for item in items)
        lone = lone and not any(item.gap.newline for item in items[1:])
        for index, item in enumerate(items):
            gap = item.gap
            if index == 0 and hanging:
                self.indent = indent
            elif index == 0 or gap.newline or lone or not self.fits(2 + item.width):
                self.trailing(gap)
                self.comments(gap, indent, first=index == 0)
                self.newline(indent)
            else:
                self.write(", ")
            fits = item.width <= WIDTH - len(self.lines[-1])
            self.atoms(item.atoms, 0, frozenset() if fits else _opened(item))

    def arguments(self, bracket: Bracket, indent: int) -> None:
        """What parentheses hold: on one line of its own if it fits, else one by one."""
        items = bracket.items
        indent = min(indent, _DEEPEST)
        together = indent + sum(item.width for item in items) + 2 * (len(items) - 1)
        if items and together <= WIDTH and not any(item.gap.has_comments for item in items):
            self.newline(indent)
            self.write(", ".join(flat(item.atoms) for item in items))
            return
        for item in items:
            self.hard(item.gap, indent)
            self.atoms(item.atoms, 1)
            if item is not items[-1]:
                self.write(",")


def _hugs(bracket: Bracket, room: int) -> bool:
    """Whether of all arguments only a list at the end needs lines: `table([` … `])`.

    It does if its author gave it some, or if it is wider than the `room` of a line of its own.
    """
    if bracket.kind is not Kind.PAREN or not bracket.items or bracket.last.has_comments:
        return False
    *most, last = bracket.items
    *head, end = last.atoms
    if not isinstance(end, Bracket) or end.kind is not Kind.LIST or last.width <= room:
        return False
    if any(item.gap.has_comments for item in bracket.items) or end.gap.has_comments:
        return False
    width = sum(item.width for item in most) + (flat_width(head) if head else 0)
    return width <= WIDTH // 2


def _opened(item: Item) -> frozenset[Bracket]:
    """The bodies of a statement or a definition that does not fit a line: all of them open."""
    return frozenset(a for a in item.atoms if isinstance(a, Bracket) and a.is_body and a.items)
