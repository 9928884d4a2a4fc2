"""The lines of a body that are written in other notations, in runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from cnndsl.source import Source, Span
from cnndsl.syntax.misplaced import end_of_braces
from cnndsl.syntax.ported import nested, records
from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.flows import Lines
from cnndsl.syntax.ported.lines import Line, logical
from cnndsl.syntax.ported.notation import parsed
from cnndsl.syntax.ported.part import Part
from cnndsl.syntax.ported.reader import Reader, is_other
from cnndsl.syntax.ported.written import unsaid

_HEAD = re.compile(r"^(model|block)[ \t]+(\w+)[^\n]*\{[ \t]*(?:#[^\n]*)?$", re.M)
_OPENS = re.compile(
    r"[ \t]*(?:\}.*|(?:stage|for|if|else|aux|use|expect|let|param|shared|constant)\b.*|.*\{[ \t]*)"
)
_ASIDE = re.compile(r"[ \t]*(?:train|preprocess|augment)\b[^\n]*\{[ \t]*$")
_LOOP = re.compile(r"for[ \t]+(\w+)[ \t]+in[ \t]+(\w+)[ \t]*\{")
_NAMED = re.compile(r"\bas[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=(?!=)", re.M)
_INPUT = re.compile(r"^[ \t]*input\b[ \t]+(?:\w+[ \t]+)?[\d\[]", re.M)


def bodies(source: Source, dialect: Dialect, marked: Collection[int]) -> Iterator[Part]:
    text = source.text
    blocks = set(re.findall(r"^(?:block|model)[ \t]+(\w+)", text, re.M))
    for head in _HEAD.finditer(text):
        closed = re.compile(r"^\}", re.M).search(text, head.end())
        end = closed.start() if closed else len(text)
        span = Span(source, head.end() + 1, end)
        yield from _Body(span, dialect, blocks, marked, head[1] == "model").parts()


@dataclass
class _Body:
    """A body, read line by line; `known` are the names of tensors so far."""

    span: Span
    dialect: Dialect
    blocks: Collection[str]
    marked: Collection[int]
    is_model: bool
    known: set[str] = field(default_factory=set)
    taken: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.named = _names(self.span.text)
        looped = " ".join(re.findall(r"\bin[ \t]+([^\n{]+)\{", self.span.text))
        self.kept = {name for name in self.named if re.search(rf"\b{name}\b", looped)}
        self.reader = self.begun(Reader(self.dialect, {}, self.blocks))

    def begun(self, reader: Reader) -> Reader:
        reader.script.kept = self.kept
        reader.script.tensors |= {name: name for name in self.known}
        return reader

    def parts(self) -> Iterator[Part]:
        """The runs of lines that are written otherwise."""
        text = self.span.source.text[: self.span.end]
        lines = list(logical(text, self.span.start))
        aside = index = 0
        while index < len(lines):
            line = lines[index]
            stripped = line.text.strip()
            count = self.take(lines, index) if line.start >= aside and self.is_other(line) else 0
            index += count or 1
            if count or not stripped:
                continue
            yield from self.flushed()
            if _ASIDE.match(line.text):
                aside = end_of_braces(text, line.end - 1) or len(text)
            if line.start < aside:
                continue
            self.known |= _names(line.text)
            self.begun(self.reader).pass_over(stripped)
        yield from self.flushed()

    def is_other(self, line: Line) -> bool:
        stripped = line.text.strip()
        if not stripped or stripped.startswith("#"):
            return False
        if _OPENS.fullmatch(line.text):
            return _LOOP.fullmatch(stripped) is not None and bool(self.taken)
        first, last = (self.span.source.position(place)[0] for place in (line.start, line.end))
        is_marked = any(number in self.marked for number in range(first, last + 1))
        return is_other(stripped, self.blocks) or (is_marked and bool(self.taken))

    def take(self, lines: Sequence[Line], index: int) -> int:
        """How many lines can be read together from one on."""
        count = self.record(lines, index) or self.loop(lines, index)
        count = count or int(self.reader.read(lines[index].text))
        self.taken += lines[index : index + count]
        return count

    def loop(self, lines: Sequence[Line], index: int) -> int:
        """How many lines a loop over layers takes: `for layer in layers { x = layer(x) }`."""
        found = _LOOP.fullmatch(lines[index].text.strip())
        if found is None or index + 2 >= len(lines) or lines[index + 2].text.strip() != "}":
            return 0
        body = parsed(f"for {found[1]} in {found[2]}:\n  {lines[index + 1].text.strip()}")
        return 3 if body and self.reader.run(body) else 0

    def record(self, lines: Sequence[Line], index: int) -> int:
        """How many lines a record of settings takes, `- type: conv` and those further right."""
        head = lines[index].text
        if not re.match(r"\s*(?:-\s+)?[\"']?\w+[\"']?\s*:\s*[\w\"']*\s*$", head):
            return 0
        depth = len(head) - len(head.lstrip())
        stop = index + 1
        while stop < len(lines) and lines[stop].text.strip():
            text = lines[stop].text
            if len(text) - len(text.lstrip()) <= depth:
                break
            stop += 1
        if stop == index + 1 and not head.lstrip().startswith("-"):
            return 0
        record = nested.indented("\n".join(line.text for line in lines[index:stop]))
        if record is None:
            return 0
        try:
            self.reader.add(records.network(record).layers)
        except Unknown:
            return 0
        return stop - index

    def flushed(self) -> Iterator[Part]:
        """What the lines that were taken are here, if that is known."""
        if self.taken and self.reader.script.steps:
            part = self.written()
            if part is not None:
                yield part
        self.known |= _names("\n".join(line.text for line in self.taken))
        flat, script = self.reader.at_end(), self.reader.script
        self.reader = Reader(self.dialect, script.calls.layers, self.blocks, script.image)
        self.begun(self.reader).at = flat
        self.taken.clear()

    def written(self) -> Part | None:
        source, script = self.span.source, self.reader.script
        first, last = self.taken[0], self.taken[-1]
        indent = first.text[: len(first.text) - len(first.text.lstrip())]
        behind = source.text[last.end :]
        live = {name for name in self.named if re.search(rf"\b{name}\b", behind)}
        try:
            lines = Lines(self.dialect, self.reader.at, self.known).written(script.steps, live)
        except Unknown:
            return None
        if script.image and self.is_model and not _INPUT.search(self.span.text):
            lines.insert(0, f"input {script.image}")
        constants = [f"let {name} = {value}" for name, value in script.constants.items()]
        text = f"\n{indent}".join([*constants, *lines])
        span = Span(source, first.start + len(indent), last.start + len(last.text.rstrip()))
        if text == span.text:
            return None
        return Part(span, tuple(dict.fromkeys((text, unsaid(text)))))


def _names(text: str) -> set[str]:
    """The names that lines give to tensors."""
    return {name for pair in _NAMED.findall(text) for name in pair if name}
