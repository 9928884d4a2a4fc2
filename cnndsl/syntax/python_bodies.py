"""Bodies as Python has them: behind a colon, with methods, definitions inside."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.choices import around, at_top, edit, said, written
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import ELEMENTS
from cnndsl.syntax.parts import end_of_line, indent_of
from cnndsl.syntax.scan import scan

_WITH_BODY = frozenset("MODEL BLOCK STAGE FOR IF ELSE AUX".split())


def body(at: Context) -> Diagnostic | None:
    """`for i in xs:`, and the lines below it; `if c then a else b` and `if (c) a else b`."""
    begins = at.item if at.inside == "LSQB" else at.statement
    if at.inside == "LPAR" or not any(word.type in _WITH_BODY for word in begins):
        return None
    sign: Span = at.word
    if at.word.type != "COLON":
        if at.after.type == "LBRACE":
            return None
        if at.word.text != "then":
            if at.word.type not in ELEMENTS or at.previous.type != "RPAR":
                return None
            sign = Span(sign.source, at.previous.end, at.previous.end)
    fix = braced(sign)
    if fix is None:
        return None
    if [word.type for word in at.statement] == ["MODEL"]:
        name = errors.shown(at.after.text, 30) if at.after.type == "NAME" else "Net"
        message = "a model has its name in front of its braces, and its lines in them"
        return errors.written_differently(at.word, message, f"write model {name} {{ … }}")
    behind = f", not behind `{sign.text}`" if sign.text else ""
    message = f"a body stands in braces{behind}"
    return errors.written_differently(at.word, message, None, _ranged(at, fix))


def _ranged(at: Context, fix: Fix) -> Fix:
    """The edit with the `range(n)` in front of it as well."""
    source, start = at.word.source, at.statement[0].start
    counted = re.compile(r"for\s+\w+\s+in\s+(range\(\s*(?:([^(),\n]+),)?\s*([^(),\n]+?)\s*\))\s*$")
    found = counted.match(source.text, start, at.word.start)
    if found is None or fix.span.start != at.word.start:
        return fix
    span = Span(source, found.start(1), fix.span.end)
    return Fix(span, f"{(found[2] or '0').strip()} .. {found[3]}{fix.text}")


def braced(colon: Span) -> Fix | None:
    """The braces around what a colon begins: the rest of its line, or the lines further right."""
    text = colon.source.text
    line_end = end_of_line(text, colon.end)
    rest = text[colon.end : line_end].partition("#")[0].rstrip()
    start = text.rfind("\n", 0, colon.start) + 1
    if rest:
        part = around(text, colon.end)
        end = part.start + len(part.text)
        gap = start + len(text[start : colon.start].rstrip())
        return Fix(Span(colon.source, gap, end), f" {_cases(text[colon.end : end].strip())}")
    indent = text[start : len(text[:start]) + indent_of(text[start:])]
    end, place = 0, line_end + 1
    while place < len(text):
        stop = end_of_line(text, place)
        line = text[place:stop]
        if line.strip():
            if indent_of(line) <= len(indent):
                break
            end = stop
        place = stop + 1
    if not end:
        return None
    whole = Span(colon.source, colon.start, end)
    return Fix(whole, f" {{{text[colon.end : end]}\n{indent}}}")


_OTHER = re.compile(r"(?:elif|else[ \t]+if)\b([^:]+?)(?::|\bthen\b)|else\b[ \t]*:?")


def _cases(text: str) -> str:
    """`a else: b`, behind the colon of an `if`, in braces."""
    place = at_top(text, r"\bel(?:if|se)\b")
    found = _OTHER.match(text, place) if place >= 0 else None
    if found is None:
        return f"{{ {text} }}"
    head = f"else if {found[1].strip()}" if found[1] else "else"
    return f"{{ {text[:place].strip()} }} {head} {_cases(text[found.end() :].strip())}"


def chosen(at: Context) -> Diagnostic | None:
    """`here if stride == 1 else conv(64, 1)`: layers are chosen by an `if` with braces."""
    if at.word.type != "IF" or at.inside not in ("LBRACE", "LSQB") or not at.item:
        return None
    part = around(at.word.source.text, at.word.start)
    cases = said(part.text)
    if cases is None or (at.inside == "LSQB" and not cases[-1][1]):
        return None
    fix = edit(at.word, part, written(part, cases, is_value=False))
    message = "layers are chosen by an `if` with braces"
    return errors.written_differently(at.word, message, None, fix)


_METHOD = re.compile(r"def[ \t]+(\w+)[ \t]*\([ \t]*self\b[ \t]*,?[ \t]*(\w*)[^\n]*")


_CALLS = frozenset({"forward", "__call__", "call"})


def header(at: Context) -> Diagnostic | None:
    """`def forward(self, x):` and `super().__init__()`: a body has no methods."""
    first = (*at.statement, at.word)[0]
    source = first.source
    line = Span(source, first.start, end_of_line(source.text, first.start))
    found = _METHOD.match(line.text)
    sup = first.text == "super" and "__init__" in line.text
    if first.type != "NAME" or not at.open or not (found or sup):
        return None
    name = found[2] if found and found[1] in _CALLS else ""
    message = "a body has no methods: its lines run one after the other"
    fix = Fix(line, f"{name} = here" if name else "")
    return errors.written_differently(first, message, None if name else "leave it out", fix)


def inner_definition(at: Context) -> Diagnostic | None:
    """`use` and other definitions in a body that is closed further down."""
    if at.word.type not in ("USE", "FN", "BLOCK", "MODEL") or at.inside != "LBRACE":
        return None
    source = at.word.source
    start = source.text.rfind("\n", 0, at.word.start) + 1
    words = list(scan(source, missed=[]))
    braces = [word.type for word in words if word.type in ("LBRACE", "RBRACE")]
    indented = start < at.word.start and not source.text[start : at.word.start].strip()
    if not indented or braces.count("LBRACE") != braces.count("RBRACE"):
        return None
    message = f"`{at.word.text}` stands outside of all braces"
    help = f"write the {at.word.text} above: a body holds statements"
    fix = None
    first = next(word for word in at.before if word.type != "NEWLINE")
    if at.word.type == "USE" and at.after.type == "STRING":
        end = min(len(source.text), end_of_line(source.text, at.word.end) + 1)
        line = source.text[at.word.start : end].rstrip()
        head = source.text[first.start : start]
        fix = Fix(Span(source, first.start, end), f"{line}\n\n{head}")
        help = f"write {errors.shown(line, 60)} at the top of the file"
    return errors.written_differently(at.word, message, help, fix)
