"""The lines of a body that are written in other notations, in runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from cnndsl.source import Source, Span
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


def bodies(source: Source, dialect: Dialect, marked: Collection[int]) -> Iterator[Part]:
    text = source.text
    blocks = set(re.findall(r"^(?:block|model)[ \t]+(\w+)", text, re.M))
    for head in _HEAD.finditer(text):
        closed = re.compile(r"^\}", re.M).search(text, head.end())
        end = closed.start() if closed else len(text)
        yield from _runs(source, head.end() + 1, end, dialect, blocks, marked, head[1] == "model")


def _runs(
    source: Source,
    start: int,
    end: int,
    dialect: Dialect,
    blocks: set[str],
    marked: Collection[int],
    is_model: bool,
) -> Iterator[Part]:
    """The runs of lines of a body that are written otherwise."""
    text = source.text[:end]
    body = source.text[start:end]
    has_input = re.search(r"^[ \t]*input\b[ \t]+(?:\w+[ \t]+)?[\d\[]", body, re.M) is not None
    known = set(re.findall(r"\bas[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=(?!=)", body, re.M))
    named = {name for pair in known for name in pair if name}
    reader = Reader(dialect, {}, blocks)
    taken: list[Line] = []
    aside = 0
    before: set[str] = set()
    looped = " ".join(re.findall(r"\bin[ \t]+([^\n{]+)\{", body))
    kept = {name for name in named if re.search(rf"\b{name}\b", looped)}
    reader.script.kept = kept

    def flushed() -> Iterator[Part]:
        nonlocal reader
        if taken and reader.changed and reader.script.steps:
            part = _written(source, taken, reader, named, before, not has_input and is_model)
            if part is not None:
                yield part
        flat = reader.at_end()
        reader = Reader(dialect, reader.script.calls.layers, blocks, reader.script.image)
        reader.at = flat
        reader.script.kept = kept
        taken.clear()

    lines = list(logical(text, start))
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        stripped = line.text.strip()
        if not stripped or stripped.startswith("#"):
            if taken and stripped:
                yield from flushed()
            continue
        if aside:
            aside += line.text.count("{") - line.text.count("}")
            continue
        if _ASIDE.match(line.text):
            aside = 1
            yield from flushed()
            continue
        numbers = range(source.position(line.start)[0], source.position(line.end)[0] + 1)
        is_marked = any(number in marked for number in numbers)
        other = is_other(stripped, blocks)
        loops = _LOOP.fullmatch(stripped) is not None and taken
        if not loops and (_OPENS.fullmatch(line.text) or not (other or (is_marked and taken))):
            yield from flushed()
            before |= {
                n
                for pair in re.findall(r"\bas[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=(?!=)", line.text)
                for n in pair
                if n
            }
            reader.pass_over(stripped)
            continue
        taken_more = _record(lines, index - 1, reader) or _loop(lines, index - 1, reader)
        if taken_more:
            reader.changed = True
            taken += lines[index - 1 : index - 1 + taken_more]
            index += taken_more - 1
        elif reader.read(line.text):
            reader.changed |= other
            taken.append(line)
        else:
            yield from flushed()
    yield from flushed()


def _loop(lines: Sequence[Line], index: int, reader: Reader) -> int:
    """How many lines a loop over layers takes: `for layer in layers { x = layer(x) }`."""
    found = _LOOP.fullmatch(lines[index].text.strip())
    if found is None or index + 2 >= len(lines) or lines[index + 2].text.strip() != "}":
        return 0
    body = parsed(f"for {found[1]} in {found[2]}:\n  {lines[index + 1].text.strip()}")
    return 3 if body and reader.run(body) else 0


def _record(lines: Sequence[Line], index: int, reader: Reader) -> int:
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
        listed = records.network(record)
    except Unknown:
        return 0
    reader.add(listed.layers)
    return stop - index


def _written(
    source: Source,
    taken: Sequence[Line],
    reader: Reader,
    named: Collection[str],
    known: Collection[str],
    takes_image: bool,
) -> Part | None:
    first, last = taken[0], taken[-1]
    indent = first.text[: len(first.text) - len(first.text.lstrip())]
    behind = source.text[last.end :]
    live = {name for name in named if re.search(rf"\b{name}\b", behind)}
    try:
        lines = Lines(reader.dialect, reader.at, known).written(reader.script.steps, live)
    except Unknown:
        return None
    if reader.script.image and takes_image:
        lines.insert(0, f"input {reader.script.image}")
    constants = [f"let {name} = {value}" for name, value in reader.script.constants.items()]
    lines = [*constants, *lines]
    start = first.start + len(indent)
    end = last.start + len(last.text.rstrip())
    text = f"\n{indent}".join(lines)
    span = Span(source, start, end)
    if text == span.text:
        return None
    return Part(span, tuple(dict.fromkeys((text, unsaid(text)))))
