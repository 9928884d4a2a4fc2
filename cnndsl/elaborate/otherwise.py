"""What the counts would be if the spec said something a little different.

A failed count is explained by the one change of the text that gives it: another number, a layer
more or less, a word of an op. Each is tried by elaborating the changed text, so that what follows
from it downstream is counted too, and only what gives the asserted count exactly is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from cnndsl.counts import Count, totals
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.slips import Change, changes
from cnndsl.ir import Network
from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse
from cnndsl.walks import layers

_A_TRIAL = 100  # layers that another trial costs as much as, however small the network is
_CHARACTERS = 40  # of a text that take as long to read as a layer to make


def changed(program: Program, change: Change) -> Program | None:
    """The program with a change in one of its definitions; None where that is no spec."""
    edit = change.fix.span
    for definition in program.spec.definitions:
        whole = definition.span
        if isinstance(definition, ast.Use) or not whole.start <= edit.start <= whole.end:
            continue
        text = whole.source.text
        text = text[whole.start : edit.start] + change.fix.text + text[edit.end : whole.end]
        spec, mistakes = parse(Source(whole.source.name, text))
        if spec is None or mistakes or len(spec.definitions) != 1:
            return None
        return _with(program, spec.definitions[0])
    return None


def _with(program: Program, definition: ast.Definition) -> Program:
    """The program with another definition in place of the one of that name."""
    new = replace(program, blocks=dict(program.blocks), models=dict(program.models), _roots={})
    match definition:
        case ast.Block():
            new.blocks[definition.name] = definition
        case ast.Model() | ast.Variant():
            new.models[definition.name] = definition
            own = [definition if each.name == definition.name else each for each in program.own]
            new.own = own
    return new


Recount = Callable[[Program], "Network | None"]  # the network of a changed program


@dataclass
class Effort:
    """What all models of a spec may take together, and what explained some of them."""

    layers: int = 30_000  # that may be elaborated; a second or less
    questions: int = 60  # counts that are explained
    hits: set[tuple[int, int, str]] = field(default_factory=set)  # places of changes
    spent: int = 0  # records and, ten for one, steps of what was elaborated with it


@dataclass
class Trials:
    """The counts of one network after every change, worked out as they are asked for."""

    network: Network
    program: Program
    recount: Recount
    effort: Effort

    done: list[tuple[Change, Count]] = field(default_factory=list)  # those asked for before
    left: Iterator[tuple[Change, Count]] | None = None

    def hits(self, what: str, wanted: int, asserted: dict[str, int]) -> list[Change]:
        """The changes that give a count, those first that give most of what is asserted."""
        found: list[tuple[int, int, Change]] = []
        self.effort.questions -= 1
        if self.effort.questions < 0:
            return []
        for change, counts in self.counted():
            if found and change.rank > found[0][1] and found[0][0] <= -len(asserted):
                break
            if getattr(counts, what) == wanted:
                held = sum(getattr(counts, name) == value for name, value in asserted.items())
                found.append((-held, change.rank, change))
                found.sort(key=lambda hit: hit[:2])
        hits = [change for *_, change in found]
        self.effort.hits |= {hit.place for hit in hits[:1]}
        return hits

    def counted(self) -> Iterator[tuple[Change, Count]]:
        """The counts after every change: those known first, then one after the other."""
        yield from list(self.done)
        if self.left is None:
            self.left = self.trying()
        for result in self.left:
            self.done.append(result)
            yield result

    def trying(self) -> Iterator[tuple[Change, Count]]:
        text = len(self.program.spec.source.text)
        each = _A_TRIAL + sum(1 for _ in layers(self.network.frame)) + text // _CHARACTERS
        known = frozenset(self.effort.hits)
        for change in sorted(changes(self.program), key=lambda change: change.place not in known):
            if change.place not in known:
                self.effort.layers -= each
                if self.effort.layers < 0:
                    return
            new = changed(self.program, change)
            network = self.recount(new) if new else None
            if network is not None:
                yield change, totals(network)
