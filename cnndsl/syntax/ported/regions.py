"""The parts of a text that are written in another notation, and what they are here.

A part is a whole text, a definition, or lines of a body that follow each other. What it becomes is
a guess: `ported` keeps the one that makes the text right.
"""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Iterator, Sequence

from cnndsl.source import Source, Span
from cnndsl.syntax.ported import classes, nested, records, written
from cnndsl.syntax.ported.bodies import bodies
from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.dialects import CAFFE, PLAIN, Dialect, dialect_of
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.flows import FLOW, Named, Ran, Step, Tensor
from cnndsl.syntax.ported.lines import logical
from cnndsl.syntax.ported.notation import as_python, parsed
from cnndsl.syntax.ported.part import Part
from cnndsl.syntax.ported.reader import Reader
from cnndsl.syntax.ported.scripts import Script

_OURS = re.compile(r"^(?:model|block)[ \t]+\w+[ \t]*(?:\([^\n]*\))?[ \t]*\{", re.M)
_NAMED = re.compile(r"^[ \t]*(?:model|network|net)[ \t]+(\w+)[ \t]*(?:=|:)?[ \t]*", re.M)
_CLASS = re.compile(
    r"^(?:class|block|model)[ \t]+(\w+)[ \t]*(?:\(([^()\n]*)\))?[ \t]*:[ \t]*$", re.M
)
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


# --- whole texts ----------------------------------------------------------------------


def _whole(source: Source, dialect: Dialect) -> Part | None:
    text = source.text
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    span = Span(source, begin, end)
    found = _NAMED.search(text)
    name = found[1] if found and found[1] not in ("name",) else None
    said = text[: found.start()] + text[found.end() :] if found else text
    for each in (text, said) if found else (text,):
        body = parsed(as_python(each))
        if body and not all(
            isinstance(node, python.Expr) and isinstance(node.value, python.Name) for node in body
        ):
            try:
                specs = classes.programs(body, dialect)
            except Unknown:
                continue
            texts = tuple(_renamed(one.text, name) for one in specs)
            return Part(span, texts, specs[0].guessed, is_whole=True)
    for read in (nested.braced, nested.indented, nested.sectioned):
        record = read(text)
        if record is None:
            continue
        try:
            listed = records.network(record)
            return _of_records(span, listed, dialect)
        except Unknown:
            continue
    return _of_lines(span, said, name, dialect)


def _renamed(text: str, name: str | None) -> str:
    return re.sub(r"^model Net\b", f"model {name}", text, flags=re.M) if name else text


def _of_records(span: Span, listed: records.Listed, dialect: Dialect) -> Part | None:
    tensor: Tensor = Named(FLOW)
    for layer in listed.layers:
        tensor = Ran(layer, tensor)
    name = re.sub(
        r"\W+",
        "",
        (listed.name or "Net").title()
        if not (listed.name or "N")[0].isupper()
        else listed.name or "Net",
    )
    return _model(
        span,
        name or "Net",
        [Step("x", tensor)],
        listed.image,
        dialect if dialect is CAFFE else PLAIN,
    )


def _of_lines(span: Span, text: str, name: str | None, dialect: Dialect) -> Part | None:
    """A text of lines that each say a layer."""
    reader = Reader(dialect, {}, ())
    for line in logical(text):
        if not line.text.strip() or line.text.strip().startswith("#") or _is_title(line.text):
            continue
        if not reader.read(line.text):
            return None
    if len(reader.script.steps) < 2:
        return None
    return _model(span, name or "Net", reader.script.steps, reader.script.image, dialect)


def _is_title(line: str) -> bool:
    return (
        re.fullmatch(
            r"\W*(?:network|model|architecture|layers?|structure|\w+net)\W*[\w -]*:?\W*",
            line.strip(),
            re.I,
        )
        is not None
    )


def _model(
    span: Span, name: str, steps: Sequence[Step], image: str | None, dialect: Dialect
) -> Part | None:
    script = Script(Calls(dialect=dialect))
    script.steps[:] = steps
    definition = written.Definition(name, [], script)
    script.image = image
    images = [image] if image else written.images(definition)
    try:
        text = written.model(definition, images[0], dialect)
    except Unknown:
        return None
    texts = [written.of_size(text, images[0], each) for each in images]
    texts = list(dict.fromkeys([*texts, *map(written.unsaid, texts[:2])]))
    return Part(span, tuple(texts), image is None, is_whole=True)


# --- definitions ----------------------------------------------------------------------


def _classes(source: Source, dialect: Dialect) -> Iterator[Part]:
    """Classes of Python's beside definitions of ours."""
    text = source.text
    for head in _CLASS.finditer(text):
        end = _end_of_indented(text, head.end())
        body = text[head.end() : end]
        if not re.search(r"^[ \t]+(?:@[\w.]+\s+)?def[ \t]", body, re.M):
            continue
        bases = text[head.start() :].startswith("class")
        params = [] if bases else [each.strip() for each in (head[2] or "").split(",")]
        inner = re.search(r"^[ \t]+", body.lstrip("\n"), re.M)
        indent = inner[0] if inner else "  "
        typed = [each if ":" in each else _typed(each) for each in params if each]
        fields = "".join(f"\n{indent}{each}" for each in typed)
        defined = parsed(as_python(f"class {head[1]}:{fields}{body}")) or []
        try:
            found = classes.definitions(defined, dialect)
            blocks = "\n".join(written.block(each, dialect) for each in found)
        except Unknown:
            continue
        yield Part(Span(source, head.start(), end), (blocks.rstrip(),))


def _typed(param: str) -> str:
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
