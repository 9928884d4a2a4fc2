"""Variants of a model as other languages have them: `model Wide extends Base(width = 64)`."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import DEFINITIONS
from cnndsl.syntax.parts import closed, split_at

_HEAD = re.compile(
    r"(?:(?:model|variant|class|network|net)[ \t]+)?(\w+)[ \t]*"
    r"(?:(=|:|<|(?:extends|inherits|from|of|is|like|varies)\b"
    r"(?:[ \t]+from\b)?)[ \t]*(\w+)|\([ \t]*(\w+)[ \t]*\)(?=[ \t]*:?[ \t]*\{))"
)
_HEADS = frozenset("variant class network net".split())
_GIVEN = re.compile(r"[ \t]*\(([^(){}]*(?:\([^(){}]*\)[^(){}]*)*)\)")
_WITH = re.compile(r"[ \t]*with\b[ \t]*\(?([^\n{}#()]+)\)?")
_BODY = re.compile(r"[ \t]*:?[ \t]*(?=\{)")
_SET = re.compile(
    r"(?:let[ \t]+)?(\w+)[ \t]*[=:][ \t]*(\[[^\n{}#]*\]|[^,;\n{}#]+?)[ \t]*[,;]?[ \t]*(?:#.*)?$"
)
_OWN = re.compile(r"expect\b[^{}]*")


def varied(at: Context) -> Diagnostic | None:
    """`model Wide : Base { width = 64 }`: a variant is `model Wide = Base(width = 64)`."""
    words = (*at.before, at.word)
    heads = [w for w in words if w.type == "MODEL" or w.text in _HEADS]
    if at.accepted >= DEFINITIONS and at.after.type == "EQUAL":
        heads.append(at.word)
    if not heads:
        return None
    head, source, text = heads[-1], at.word.source, at.word.source.text
    found = _HEAD.match(text, head.start)
    if found is None:
        return None
    name, base = found[1], found[3] or found[4]
    known = re.search(rf"^model[ \t]+{base}\b|^use\b", text, re.MULTILINE)
    if known is None or name == base:
        return None
    end, given = found.end(), list[str]()
    for part in (_GIVEN, _WITH):
        if more := part.match(text, end):
            given += [each.strip() for each in split_at(more[1], ",;") if each.strip()]
            end = more.end()
    own = ""
    if body := _BODY.match(text, end):
        stop = closed(text, body.end())
        inner = None if stop is None else _inner(text[body.end() + 1 : stop - 1])
        if inner is None or stop is None:
            return None
        given, own, end = given + inner[0], inner[1], stop
    new = f"model {name} = {base}({', '.join(given)})" if given else f"model {name} = {base}"
    fix = Fix(Span(source, head.start, end), new + own)
    if at.word.start >= end or " ".join(fix.text.split()) == " ".join(fix.span.text.split()):
        return None
    message = "a variant is a model and what it has otherwise, in parentheses"
    return errors.written_differently(
        head.to(Span(source, head.start, found.end())),
        message,
        f"write {errors.shown(new, 110)}",
        fix,
    )


def _inner(body: str) -> tuple[list[str], str] | None:
    """The arguments of a body, and the assertions that stay in it; None of anything else."""
    lines = [line.strip() for part in body.split("\n") for line in split_at(part, ",;")]
    lines = [line for line in lines if line and not line.startswith("#")]
    own = [line for line in lines if _OWN.fullmatch(line)]
    given = [_SET.fullmatch(line) for line in lines if line not in own]
    if not all(given):
        return None
    kept = f" {{ {own[0]} }}" if len(own) == 1 else ""
    kept = "".join([" {", *(f"\n  {line}" for line in own), "\n}"]) if len(own) > 1 else kept
    return [f"{each[1]} = {each[2]}" for each in given if each], kept
