"""Values that are named as tensors are, without `let`: `hidden = in.channels * 4`."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Source, Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import LITERALS
from cnndsl.syntax.layout import layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.parts import code_from, uncut
from cnndsl.syntax.scan import Mistake, scan

_LISTED = ["NAME", "EQUAL", "LSQB"]
_BOUND = re.compile(r"^[ \t]*(?:let[ \t]+)?(\w+)[ \t]*=(?!=)[ \t]*(\S[^\n]*)", re.MULTILINE)
_LETS = re.compile(r"\b(?:let|for)[ \t]+(\w+(?:[ \t]*,[ \t]*\w+)*)")
_HEADS = re.compile(r"^(?:block|model|fn)[ \t]+\w+[ \t]*\(([^{}]*?)\)[ \t]*[{=]", re.MULTILINE)
_NAMED = re.compile(r"(?<![\w.\"])([A-Za-z_]\w*)\b(?![\w.\"]*[(.\"])")
_CALLED = re.compile(r"(?<![\w.\"])([A-Za-z_]\w*)[ \t]*\(")
_FUNCTIONS = frozenset("min max ceil floor round int abs sqrt log2 sum len enumerate".split())
_WORDS = frozenset("and or not if else true false none for in".split())


def value(at: Context) -> Diagnostic | None:
    """`width = 16`, `widths = [16, 32]` and `n = (depth - 4) // 6`: values are named by `let`."""
    before = at.statement
    kinds = [word.type for word in before]
    if found := _typed(at):
        return found
    if kinds[:2] != ["NAME", "EQUAL"]:
        return None
    if at.word.type in LITERALS | {"MINUS"} and kinds in (["NAME", "EQUAL"], _LISTED):
        name = before[0]
        return _told(at.word, Fix(Span(name.source, name.start, name.start), "let "))
    rest = _value_behind(before[0])
    known = values_of(at.word.source.text) | set(elsewhere.ARRIVES) | _WORDS
    return unsaid(before[0], at.word) if rest and set(_NAMED.findall(rest)) <= known else None


def _typed(at: Context) -> Diagnostic | None:
    """`int width = 8` and `width: int = 8`: a value has a name, and no type."""
    first = (*at.statement, at.word)[0]
    line = code_from(first.source.text, first.start)
    types = "|".join(sorted(elsewhere.TYPES | {"auto", "double", "final", "number"}))
    found = re.match(rf"(?:(?:{types})[ \t]+(\w+)|(\w+)[ \t]*:[ \t]*(?:{types}))[ \t]*(?==)", line)
    if found is None or at.inside != "LBRACE" or at.word.start > first.start + found.end():
        return None
    name = found[1] or found[2]
    fix = Fix(Span(first.source, first.start, first.start + found.end()), f"let {name} ")
    if not reads_as_value(line[found.end() + 1 :].strip(" \t;}")):
        return None
    message = "a value is named by `let`, and has no type"
    return errors.written_differently(first, message, None, fix)


def unsaid(name: Span, place: Span | None = None) -> Diagnostic | None:
    """`hidden = n * 4`, which parses as a tensor, where its line reads as a value."""
    rest = _value_behind(name)
    if rest is None:
        return None
    meant = _NAMED.sub(lambda found: elsewhere.ARRIVES.get(found[1], found[1]), rest)
    start = name.source.text.index(rest, name.end)
    whole = Span(name.source, name.start, start + len(rest))
    if meant == rest:
        return _told(place or name, Fix(Span(name.source, name.start, name.start), "let "))
    return _told(place or name, Fix(whole, f"let {name.text} = {meant}"))


def _told(place: Span, fix: Fix) -> Diagnostic:
    message = "`NAME = …` names a tensor; a value is named by `let`"
    return errors.written_differently(place, message, None, fix)


def values_of(text: str) -> set[str]:
    """The names of a text that are values, as far as its lines tell."""
    found = {name for said in _LETS.findall(text) for name in re.findall(r"\w+", said)}
    for head in _HEADS.findall(text):
        found |= set(re.findall(r"(\w+)[ \t]*(?=[,=)]|$)", head))
    functions = _FUNCTIONS | set(re.findall(r"^fn[ \t]+(\w+)", text, re.MULTILINE))
    for name, rest in _BOUND.findall(text):
        plain = rest.partition("#")[0].strip()
        known = set(_NAMED.findall(plain)) - _WORDS <= found
        if known and set(_CALLED.findall(plain)) <= functions and reads_as_value(plain):
            found.add(name)
    return found


def _value_behind(name: Span) -> str | None:
    """What stands behind `NAME =` in its line, where that is an expression."""
    line = code_from(name.source.text, name.end).rstrip(" \t;")
    rest = uncut(re.sub(r"^[ \t]*=[ \t]*", "", line))
    return rest if reads_as_value(rest) else None


def reads_as_value(text: str) -> bool:
    """Whether a text is an expression by itself."""
    missed: list[Diagnostic] = []
    try:
        run(layout(iter(scan(Source("", f"fn f() = {text}\n"), missed=missed))))
    except (Mistake, Unexpected):
        return False
    return not missed
