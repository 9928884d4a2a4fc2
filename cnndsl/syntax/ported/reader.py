"""Lines of a body in other notations, read one after the other."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from cnndsl import elsewhere
from cnndsl.source import Source
from cnndsl.syntax.layout import layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.ported import nested, numbered, phrases, records, tables, wired
from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import Arriving, Entry, Unknown, by_hand
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.notation import statements
from cnndsl.syntax.ported.scripts import Script
from cnndsl.syntax.scan import Mistake, scan


@dataclass
class Reader:
    """Reads the lines of a body, one after the other."""

    dialect: Dialect
    layers: Mapping[str, list[Layer]]
    blocks: Collection[str]
    image: str | None = None
    at: Arriving = field(default_factory=Arriving)
    columns: list[str] | None = None
    name: str | None = None  # of the network, as records say it
    leaves: bool = False  # whether what cannot be read is left for the author to write
    sides: tuple[int, ...] = ()  # of the map that a row of a table says last

    def __post_init__(self) -> None:
        self.script = Script(Calls(dialect=self.dialect, own=self.blocks))
        self.script.calls.layers.update(self.layers)
        self.script.image = self.image

    def pass_over(self, line: str) -> None:
        """Notes what a line of ours leaves."""
        sizes = re.match(r"input[ \t]+(?:\w+[ \t]+)?(\d+)x(\d+)x(\d+)", line)
        if sizes:
            self.at = Arriving((int(sizes[1]), int(sizes[2])), int(sizes[3]))
            return
        flat = re.search(r"\b(flatten|global_(?:avg|max)_pool|dense)\b(?![^{}]*\bglobal)", line)
        self.at = Arriving(flat=self.at.flat or flat is not None)

    def at_end(self) -> Arriving:
        return Arriving(flat=self.at.flat)

    def add(self, entries: Sequence[Layer], line: str = "") -> None:
        if self.leaves and line:  # where a layer lacks what it needs
            text = by_hand(line)
            entries = [
                replace(e, text=e.text or text) if isinstance(e, Entry) else e for e in entries
            ]
        self.script.run_row(entries)

    def read(self, line: str) -> bool:
        """Whether a line could be read; its layers are noted then."""
        before = self.script.image
        if self._row(line) or self._calls(line) or self._phrase(line) or self._setting(line):
            if self.script.image != before:
                self.pass_over(f"input {self.script.image}")
            return True
        return False

    def _setting(self, line: str) -> bool:
        """`features: [64, 64, 'M', 128]`."""
        record = nested.indented(line.strip()) if ":" in line else None
        return record is not None and self.records(record)

    def records(self, record: nested.Record) -> bool:
        """Whether records could be read; what they list is noted then."""

        def listed() -> None:
            if wired.run(record, self.script):
                said = record.get("name")
                self.name = said if isinstance(said, str) else self.name
            elif not numbered.run(record, self.script):
                found = records.network(record, leaves=self.leaves)
                self.script.image = found.image or self.script.image
                self.name = found.name
                self.add(found.layers)

        return self._noted(listed)

    def _row(self, line: str) -> bool:
        if tables.is_rule(line):
            return True
        row = tables.cells(line)
        if row is None:
            return False
        if self.columns is None:
            self.columns = tables.heads(row)
            return self.columns is not None
        if len(row) < len(self.columns) and "|" not in line:  # columns of numbers that stand close
            close = [re.fullmatch(r"[\d-]+(?: [\d-]+)+", each) for each in row]
            row = [
                w
                for c, each in zip(close, row, strict=True)
                for w in (each.split() if c else [each])
            ]
        if len(row) + 1 == len(self.columns) and line.lstrip().startswith("|"):
            row = ["", *row]  # a row that begins with an empty cell
        found = tables.read(row, self.columns, self.sides)
        if found is None:
            return False
        before = tables.arriving(row, self.columns)
        if len(before) == 3 and not self.script.steps and self.script.image is None:
            self.script.image = "x".join(map(str, before))
        if found.image:
            self.script.image = found.image
        if found.entries:
            self.add(found.entries, line)
        self.sides = found.sides or self.sides
        return True

    def leave(self, line: str) -> None:
        """Notes a line that cannot be read."""
        self.add([Entry("", text=by_hand(line))])

    def _calls(self, line: str) -> bool:
        layer = r"\s*(?:layer|node)\s+[\"']?(\w+)[\"']?\s*[:=]\s*"
        named = re.match(rf"{layer}|\s*\(?(\w+)\)?\s*:\s+(?=\w+[.(])", line)
        text = line[named.end() :] if named else re.sub(r"^\s*[-*•]\s+", "", line)
        body = statements(text)
        if body is None:
            return False
        self.script.calls.keeps = text.lstrip().startswith("self.")  # which declares a layer
        if any(
            isinstance(node, python.Expr) and isinstance(node.value, python.Name) for node in body
        ):
            name = getattr(getattr(body[0], "value", None), "id", "")
            if name in self.script.tensors or name in self.script.calls.layers:
                return False
        is_read = self.run(body)
        if is_read and named:
            self.script.tensors[named[1] or named[2]] = self.script.flow
        return is_read

    def run(self, body: Sequence[python.stmt]) -> bool:
        """Whether statements could be read; what they compute is noted then."""
        return self._noted(lambda: self.script.run(body))

    def _noted(self, read: Callable[[], None]) -> bool:
        before, steps = dict(self.script.tensors), len(self.script.steps)
        try:
            read()
        except Unknown:
            self.script.tensors = before
            del self.script.steps[steps:]
            return False
        return True

    def _phrase(self, line: str) -> bool:
        if image := phrases.image(line):
            self.script.image = image
            return True
        parts = re.split(r"(?<=\S)\s*->", line) if re.match(r"[^()]+->", line) else [line]
        found = [phrases.entries(each) for part in parts for each in phrases.short(part)]
        if not all(found):
            return False
        self.add([_padded(each) for entries in found for each in entries or ()], line)
        return True


def _padded(entry: Entry) -> Entry:
    """A layer in words, which keeps the size of its map unless that is said."""
    if entry.op not in ("conv", "separable", "depthwise") or "pad" in entry.given:
        return entry
    return replace(entry, given={**entry.given, "pad": "same"})


def is_other(statement: str, blocks: Collection[str]) -> bool:
    """Whether a line is written in another notation: it calls what is no op, a method, or what a
    library has, with an argument or value that no op has; or it has several layers or no call, and
    cannot be read.
    """
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    plain = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", statement)
    if re.search(r"[A-Za-z_]\w*(?:\.|::?)[A-Za-z_]\w*[ \t]*\(", plain):
        return True
    given = re.findall(r"[(,][ \t]*([a-z_]+)[ \t]*=(?!=)", plain)
    if not foreign_arguments().isdisjoint(given) or re.search(r"\b(?:None|True|False)\b", plain):
        return True
    called = re.findall(r"([A-Za-z_]\w*)[ \t]*\(", plain)
    known = {*OPS, *MERGES, *blocks, "range", "int", "max", "min", "len", "round", "split"}
    if any(name not in known for name in called):
        return True
    bare = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", plain))
    words = re.findall(r"\w+", bare.rpartition("=")[2])
    return (not called or len(words) > 1) and not _reads(statement)


@cache
def foreign_arguments() -> frozenset[str]:
    """The arguments of other libraries that no op has."""
    from cnndsl.ops import OPS  # only mistakes ask for them

    ours = {name for op in OPS.values() for name in op.arguments()}
    return frozenset({*elsewhere.ARGUMENTS, *elsewhere.DROPPED, "activation"} - ours)


def _reads(statement: str) -> bool:
    try:
        body = statement if statement.startswith("input") else f"input 8x8x3\n{statement}"
        run(layout(scan(Source("line", f"model M {{\n{body}\n}}\n"))))
    except (Mistake, Unexpected):
        return False
    return True
