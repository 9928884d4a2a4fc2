"""The parts of a text that are written in another notation, and what they are here.

A part is a whole text, a definition, or lines of a body that follow each other. What it becomes is
a guess: `ported` keeps the one that makes the text right.
"""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Iterator, Sequence

from cnndsl.source import Source, Span
from cnndsl.syntax.ported import classes, nested, prose, summaries, tables, written
from cnndsl.syntax.ported.bodies import bodies
from cnndsl.syntax.ported.dialects import CAFFE, PLAIN, Dialect, dialect_of
from cnndsl.syntax.ported.entries import BY_HAND, Unknown
from cnndsl.syntax.ported.lines import logical
from cnndsl.syntax.ported.notation import INPUT, program
from cnndsl.syntax.ported.part import Part
from cnndsl.syntax.ported.reader import Reader
from cnndsl.syntax.ported.tensors import USUAL

_OURS = re.compile(r"^(?:model|block|network|net)[ \t]+\w+[ \t]*(?:\([^\n]*\))?[ \t]*\{", re.M)
_NAMED = re.compile(r"^[ \t]*(?:model|network|net)[ \t]+(\w+)[ \t]*(?:=|:)?[ \t]*", re.M)
_CLASS = re.compile(r"^(class|block|model)[ \t]+(\w+)[ \t]*(?:\(([^()\n]*)\))?[ \t]*:[ \t]*$", re.M)
_TRUSTED = 2  # layers that are read for each that is left to the author
_LONGEST = 20_000  # characters of a text that is read


def parts(source: Source, marked: Collection[int]) -> list[Part]:
    """The parts that can be read; `marked` are the lines with a mistake."""
    text = source.text
    if len(text) > _LONGEST or not text.strip():
        return []
    dialect = dialect_of(text)
    if not _OURS.search(text):
        whole = _whole(source, dialect)
        return [whole] if whole else []
    return [*_classes(source, dialect), *bodies(source, dialect, marked)]


def is_ours(text: str) -> bool:
    """Whether a text has a definition as it begins here."""
    return _OURS.search(text) is not None


# --- whole texts ----------------------------------------------------------------------


def _whole(source: Source, dialect: Dialect) -> Part | None:
    text = source.text
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    span = Span(source, begin, end)
    found = _NAMED.search(text)
    name = found[1] if found and found[1] not in ("name",) else None
    said = text[: found.start()] + text[found.end() :] if found else text
    for each in (text, said) if found else (text,):
        body = program(each)
        if body and not all(
            isinstance(node, python.Expr) and isinstance(node.value, python.Name) for node in body
        ):
            try:
                return _specs(span, classes.program(body, dialect), dialect, name)
            except Unknown:
                continue
    if summaries.read(text, reader := Reader(PLAIN, {}, ())):
        return _model(span, name or "Net", reader)
    if part := _of_records(span, dialect):
        return part
    if part := _of_lines(span, said, name, dialect):
        return part
    if prose.read(text, reader := Reader(PLAIN, {}, ())):
        return _model(span, name or "Net", reader)
    try:
        defined = classes.program(program(text) or [], dialect, leaves=True)
        return _specs(span, defined, dialect, name)
    except Unknown:
        part = _of_records(span, dialect, leaves=True)
        return part or _of_lines(span, said, name, dialect, leaves=True)


def _of_records(span: Span, dialect: Dialect, *, leaves: bool = False) -> Part | None:
    for read in (nested.braced, nested.indented, nested.sectioned):
        reader = Reader(dialect if dialect is CAFFE else PLAIN, {}, (), leaves=leaves)
        record = read(span.source.text)
        if record is not None and reader.records(record):
            return _model(span, _title(reader.name or "Net"), reader)
    return None


def _title(said: str) -> str:
    return re.sub(r"\W+", "", said if said[0].isupper() else said.title()) or "Net"


def _specs(
    span: Span, defined: Sequence[written.Definition], dialect: Dialect, name: str | None = None
) -> Part:
    texts = written.specs(defined, dialect)
    if name:
        texts = tuple(re.sub(r"^model Net\b", f"model {name}", each, flags=re.M) for each in texts)
    return Part(span, texts, defined[-1].script.image is None, is_whole=True)


def _of_lines(
    span: Span, text: str, name: str | None, dialect: Dialect, *, leaves: bool = False
) -> Part | None:
    """A text of lines that each say a layer, or most of them."""
    reader = Reader(dialect, {}, (), leaves=leaves)
    for line in logical(text):
        if not line.text.strip() or line.text.strip().startswith("#") or _is_title(line.text):
            continue
        if not reader.read(line.text):
            if not leaves:
                return None
            reader.leave(line.text)
    return _model(span, name or "Net", reader, least=2)


def _is_title(line: str) -> bool:
    return tables.cells(line) is None and (
        re.fullmatch(
            r"\W*(?:network|model|architecture|layers?|structure|\w+net)\W*[\w -]*:?\W*",
            line.strip(),
            re.I,
        )
        is not None
    )


def _model(span: Span, name: str, reader: Reader, least: int = 1) -> Part | None:
    """What was read as a model, if that has enough layers, few of which are left to the author."""
    try:
        part = _specs(span, [written.Definition(name, [], reader.script)], reader.dialect)
    except Unknown:
        return None
    lines = [line for line in part.texts[0].splitlines()[2:-1] if not line.strip().startswith("#")]
    elements = [each.strip() for line in lines for each in line.split("->")]
    left = elements.count(BY_HAND)
    return part if len(elements) > max(least - 1, _TRUSTED * left) else None


# --- definitions ----------------------------------------------------------------------


def _classes(source: Source, dialect: Dialect) -> Iterator[Part]:
    """Classes of Python's beside definitions of ours, and blocks whose lines are Python's."""
    text = source.text
    for head in _CLASS.finditer(text):
        word, name, params = head[1], head[2], [each for each in (head[3] or "").split(",") if each]
        end = _end_of_indented(text, head.end())
        body = text[head.end() : end]
        if not re.search(r"^[ \t]+(?:@[\w.]+\s+)?def[ \t]", body, re.M):
            if word != "block":
                continue
            takes = bool(params) and params[0].strip() in USUAL
            code = f"def {name}({', '.join(params if takes else [INPUT, *params])}):{body}"
        else:
            inner = re.search(r"^[ \t]+", body.lstrip("\n"), re.M)
            typed = [_typed(each) for each in params] if word == "block" else []
            code = "\n".join(
                [f"class {name}:", *(f"{inner[0] if inner else ''}{e}" for e in typed)]
            )
            code += body
        defined = program(code) if word == "block" or code.startswith("class") else None
        try:
            found = classes.definitions(defined or [], dialect)
            blocks = "\n".join(written.block(each, dialect) for each in found)
        except Unknown:
            continue
        if blocks:
            yield Part(Span(source, head.start(), end), (blocks.rstrip(),))


def _typed(param: str) -> str:
    if ":" in param:
        return param.strip()
    name, sign, default = param.partition("=")
    return f"{name.strip()}: Any = {default.strip()}" if sign else f"{name.strip()}: Any"


def _end_of_indented(text: str, place: int) -> int:
    """Where the lines that stand further right end."""
    end = place
    for found in re.finditer(r"[^\n]*\n?", text[place:]):
        line = found[0]
        if not line:
            break
        if line.strip() and line[0] not in " \t\n":
            break
        if line.strip():
            end = place + found.start() + len(line.rstrip())
    return end
