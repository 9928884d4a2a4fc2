"""The lines of a body that are written in other notations, in runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cnndsl.diagnostics import Fix
from cnndsl.fixes import joined_fixes
from cnndsl.source import Source, Span
from cnndsl.syntax.parts import closed, indent_of
from cnndsl.syntax.ported import nested
from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.flows import FLOW, Lines, names_in
from cnndsl.syntax.ported.lines import Line, logical
from cnndsl.syntax.ported.notation import INPUT, parsed
from cnndsl.syntax.ported.part import Part
from cnndsl.syntax.ported.reader import Reader, is_other
from cnndsl.syntax.ported.tensors import USUAL
from cnndsl.syntax.ported.written import unsaid

_HEAD = re.compile(r"^(model|block|network|net)[ \t]+(\w+)[^\n]*\{[ \t]*(?:#[^\n]*)?$", re.M)
_OPENS = re.compile(
    r"[ \t]*(?:\}.*|(?:stage|for|if|else|aux|use|expect|let|param|shared|constant)\b.*|.*\{[ \t]*)"
)
_ASIDE = re.compile(r"[ \t]*(?:train|preprocess|augment)\b[^\n]*\{[ \t]*$")
_LOOP = re.compile(r"for[ \t]+(\w+)[ \t]+in[ \t]+(\w+)[ \t]*\{")
_NAMED = re.compile(r"\bas[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=(?!=)", re.M)
_SECTION = re.compile(r"\s*\[[a-z_]+\]\s*$", re.M)
_OF_SECTION = re.compile(r"\s*(?:\[[a-z_]+\]|\w+\s*=[^({]*)?\s*(?:#.*)?")
_INPUT = re.compile(r"^[ \t]*input\b[ \t]+(?:\w+[ \t]+)?[\d\[(]", re.M)
_ASSIGNED = re.compile(r"[ \t]*\w+[ \t]*=(?!=)")
_SAME = re.compile(r"\w+[ \t]*=[ \t]*(\w+)")


def bodies(source: Source, dialect: Dialect, marked: Collection[int]) -> Iterator[Part]:
    text = source.text
    blocks = set(re.findall(r"^(?:block|model|op|fn)[ \t]+(\w+)", text, re.M))
    if re.search(r"^use\b", text, re.M):  # whose definitions may have any name
        blocks |= set(re.findall(r"(?<![\w.])([A-Za-z_]\w*)[ \t]*\(", text))
    for head in _HEAD.finditer(text):
        closed = re.compile(r"^\}", re.M).search(text, head.end())
        end = closed.start() if closed else len(text)
        params = set(re.findall(r"(\w+)[ \t]*(?==[^=]|[,)])", head[0]))
        span = Span(source, head.end() + 1, end)
        found = list(_Body(span, dialect, blocks, marked, head[1] != "block", params).parts())
        if not any(part.texts == ("",) for part in found):
            yield from found
        elif len(found) > 1:  # layers that are declared and those made of them go together
            whole = joined_fixes([Fix(part.span, part.texts[0]) for part in found])
            yield Part(whole.span, (whole.text,))


@dataclass
class _Body:
    """A body, read line by line; `params` are arguments, `known` the names of tensors so far."""

    span: Span
    dialect: Dialect
    blocks: Collection[str]
    marked: Collection[int]
    is_model: bool
    params: Collection[str]
    known: set[str] = field(default_factory=set)
    taken: list[Line] = field(default_factory=list)
    flows: bool = False  # whether lines above compute what arrives
    has_image: bool = False  # whether a run above says its size
    says_image: bool = False  # whether this one does
    last: str = ""  # the name that a tensor got last
    ours: set[str] = field(default_factory=set)  # names that lines of ours give

    def __post_init__(self) -> None:
        self.named = _names(self.span.text)
        looped = " ".join(re.findall(r"\bin[ \t]+([^\n{]+)\{", self.span.text))
        self.kept = {name for name in self.named if re.search(rf"\b{name}\b", looped)}
        self.reader = self.begun(Reader(self.dialect, {}, self.blocks))

    def begun(self, reader: Reader) -> Reader:
        reader.script.kept = self.kept
        reader.script.tensors |= {name: name for name in (*self.params, *self.known)}
        if self.last in USUAL - self.ours:  # which is what flows, whatever is done to it between
            reader.script.tensors[self.last] = FLOW
        reader.script.tensors[INPUT] = "in"
        reader.script.calls.values |= {name: name for name in self.params}
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
                aside = closed(text, text.rfind("{", line.start, line.end)) or len(text)
            if line.start < aside:
                continue
            self.known |= _names(line.text)
            self.ours |= _names(line.text)
            self.last = _last(line.text) or self.last
            self.begun(self.reader).pass_over(stripped)
            self.flows |= not re.match(r"(?:input|let|#)", stripped)
        yield from self.flushed()

    def is_other(self, line: Line) -> bool:
        stripped = line.text.strip()
        if not stripped or stripped.startswith("#"):
            return False
        if _OPENS.fullmatch(line.text) and not re.match(r"layers?\b", stripped):
            return _LOOP.fullmatch(stripped) is not None and bool(self.taken)
        same = _SAME.fullmatch(stripped)
        if self.taken and same and same[1] in self.reader.script.tensors:
            return True  # `shortcut = x`, among lines of another notation
        first, last = (self.span.source.position(place)[0] for place in (line.start, line.end))
        is_marked = any(number in self.marked for number in range(first, last + 1))
        tensors = "|".join({*self.known, "here", "in"})
        runs = re.search(rf"\w\((?:{tensors})[,)]", stripped)
        return is_other(stripped, self.blocks) or (is_marked and bool(self.taken or runs))

    def take(self, lines: Sequence[Line], index: int) -> int:
        """How many lines can be read together from one on."""
        script = self.reader.script
        steps, tensors, flow = len(script.steps), dict(script.tensors), script.flow
        count = self.record(lines, index) or self.loop(lines, index)
        count = count or int(self.reader.read(lines[index].text))
        if count and len(script.steps) > steps and self.lines() is None:
            del script.steps[steps:]
            script.tensors, script.flow = tensors, flow
            return 0
        self.taken += lines[index : index + count]
        return count

    def lines(self, live: Collection[str] = ()) -> list[str] | None:
        """What the lines that were read are here; the names in `live` are read behind them."""
        known = {*self.params, *self.known, "in"}
        entrance = "" if self.flows else "in"
        steps = self.reader.script.steps
        try:
            ours = replace(self.dialect, maps=False)  # where a dense layer takes a vector
            lines = Lines(ours, replace(self.reader.at), known, entrance)
            return lines.assigned(steps) if self.is_aside else lines.written(steps, live)
        except Unknown:
            return None

    @property
    def is_aside(self) -> bool:
        """Whether the lines that were taken are assignments beside what flows, as they are here:
        `h = conv(8, 3)(h)`, where a line of ours named `h`, and those behind read it and `here`.
        """
        script, last = self.reader.script, self.taken[-1] if self.taken else None
        if last is None or any(FLOW in names_in(step.tensor) for step in script.steps):
            return False
        behind = self.span.source.text[last.end : self.span.end]
        are_named = all(_ASSIGNED.match(line.text) for line in self.taken)
        read = [re.search(rf"\b{name}\b", behind) for name in (script.flow, "here")]
        return are_named and all(read)

    def loop(self, lines: Sequence[Line], index: int) -> int:
        """How many lines a loop over layers takes: `for layer in layers { x = layer(x) }`."""
        found = _LOOP.fullmatch(lines[index].text.strip())
        if found is None or index + 2 >= len(lines) or lines[index + 2].text.strip() != "}":
            return 0
        body = parsed(f"for {found[1]} in {found[2]}:\n  {lines[index + 1].text.strip()}")
        return 3 if body and self.reader.run(body) else 0

    def record(self, lines: Sequence[Line], index: int) -> int:
        """How many lines a record of settings takes: `- type: conv` and those further right,
        `[convolutional]` and those below it, `layer { … }`.
        """
        stop, text = _record_at(lines, index, self.span)
        if not stop:
            return 0
        read = nested.braced if "{" in lines[index].text else nested.indented
        record = (nested.sectioned if _SECTION.match(text) else read)(text)
        return stop - index if record is not None and self.reader.records(record) else 0

    def flushed(self) -> Iterator[Part]:
        """What the lines that were taken are here, if that is known."""
        if self.taken:
            part = self.written() if self.reader.script.steps else self.declared()
            self.has_image |= self.says_image
            if part is not None:
                yield part
            self.ours |= {step.name for step in self.reader.script.steps if self.is_aside}
        taken = "\n".join(line.text for line in self.taken)
        self.known |= _names(taken)
        self.last = _last(taken) or self.last
        flat, script = self.reader.at_end(), self.reader.script
        self.flows |= bool(script.steps)
        self.reader = Reader(self.dialect, script.calls.layers, self.blocks, script.image)
        self.begun(self.reader).at = flat
        self.taken.clear()

    def declared(self) -> Part | None:
        """Lines that name layers alone, of which the lines below are made."""
        first, last = self.taken[0], self.taken[-1]
        if not all(line.text.lstrip().startswith("self.") for line in self.taken):
            return None
        begin = first.start + len(first.text) - len(first.text.lstrip())
        end = last.start + len(last.text.rstrip())
        behind = re.compile(r"\s*").match(self.span.source.text, end)
        return Part(Span(self.span.source, begin, behind.end() if behind else end), ("",))

    def written(self) -> Part | None:
        source, script = self.span.source, self.reader.script
        first, last = self.taken[0], self.taken[-1]
        indent = first.text[: len(first.text) - len(first.text.lstrip())]
        behind = source.text[last.end :]
        live = {name for name in self.named if re.search(rf"\b{name}\b", behind)}
        later = logical(source.text[: self.span.end], last.end)
        ours = [line.text for line in later if not is_other(line.text.strip(), self.blocks)]
        read = {name for name in live if re.search(rf"\b{name}\b", "\n".join(ours))}
        flowing = {script.flow} & USUAL - self.ours - read
        texts = [text for each in (live - flowing, live) if (text := self.text(each)) is not None]
        texts = [each for text in dict.fromkeys(texts) for each in (text, unsaid(text))]
        span = Span(source, first.start + len(indent), last.start + len(last.text.rstrip()))
        if not texts or texts[0] == span.text:
            return None
        return Part(span, tuple(dict.fromkeys(texts)))

    def text(self, live: Collection[str]) -> str | None:
        """What the lines that were taken are here, with the names in `live` for those behind."""
        source, script = self.span.source, self.reader.script
        first, last = self.taken[0], self.taken[-1]
        indent = first.text[: len(first.text) - len(first.text.lstrip())]
        lines = self.lines(live)
        if lines is None:
            return None
        others = source.text[self.span.start : first.start] + source.text[last.end : self.span.end]
        above = source.text[self.span.start : first.start]
        is_outside = above.count("{") == above.count("}")
        if script.image and self.is_model and not (self.has_image or _INPUT.search(others)):
            if not is_outside:
                return None
            lines.insert(0, f"input {script.image}")
            self.says_image = True
        constants = [f"let {name} = {value}" for name, value in script.constants.items()]
        return f"\n{indent}".join([*constants, *lines])


def _record_at(lines: Sequence[Line], index: int, span: Span) -> tuple[int, str]:
    """Where the lines of a record end that begins with one, 0 for none, and what they say."""
    head, source, stop = lines[index], span.source.text, index + 1
    if _SECTION.match(head.text):
        while stop < len(lines) and _OF_SECTION.fullmatch(lines[stop].text):
            stop += 1
    elif re.match(r"\s*layers?\s*\{", head.text):
        end = closed(source, source.index("{", head.start)) or span.end
        while stop < len(lines) and lines[stop].end <= end:
            stop += 1
    elif re.match(r"\s*(?:-\s+)?[\"']?\w+[\"']?\s*:\s*[\w\"']*\s*$", head.text):
        depth = indent_of(head.text)
        while stop < len(lines) and lines[stop].text.strip():
            if indent_of(lines[stop].text) <= depth:
                break
            stop += 1
        if stop == index + 1 and not head.text.lstrip().startswith("-"):
            return 0, ""
    else:
        return 0, ""
    while not lines[stop - 1].text.strip():
        stop -= 1
    return stop, source[head.start : lines[stop - 1].end]


def _last(text: str) -> str:
    """The name that lines give last."""
    found = _NAMED.findall(text)
    return "".join(found[-1]) if found else ""


def _names(text: str) -> set[str]:
    """The names that lines give to tensors."""
    stages = re.findall(r"\bstage[ \t]+(\w+)", text)
    return {*stages, *(name for pair in _NAMED.findall(text) for name in pair if name)}
