"""Lines that Python could read, said once and as a whole: `x = F.relu(self.conv1(x))`.

Rules for single words (`python_forms.py`) tell each thing that is wrong with such a line, and what
is left when one was mended. Where all of it is known, the line is told as it is written here.
"""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import joined_fixes
from cnndsl.source import Source, Span
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.layout import layout
from cnndsl.syntax.python_calls import Calls, Unknown, image_of, is_whole, read, results_of
from cnndsl.syntax.scan import Mistake, scan

_CODES = frozenset("E004 E010 E012 E013 E014 E015 E101 E102 E105 E106 E113 E132 E205 E206".split())
_TENSORS = re.compile(r"^[ \t]*(?:self\.)?(\w+)[ \t]*=(?!=)|\bas[ \t]+(\w+)", re.MULTILINE)
_VALUES = re.compile(r"^[ \t]*let[ \t]+(\w+)", re.MULTILINE)
_BLOCKS = re.compile(r"^[ \t]*(?:block|model)[ \t]+(\w+)", re.MULTILINE)
_USUAL = ("x", "inputs", "out", "residual", "identity", "shortcut")  # names of tensors elsewhere
_SIGNS = re.compile(r"(->|[{}]|\bas\b|(?<=[\w ])=(?= )|:)(?![^()]*\))")
_LINES = 6  # that one statement goes on for
_MOST = 60  # lines that are read


def told(
    source: Source, found: Sequence[Diagnostic], *, is_read: bool = False
) -> list[Diagnostic]:
    """The mistakes of a text, with one for each line that is Python's, whatever is wrong with it.

    Of a text that `is_read` these are lines that call layers with tensors.
    """
    lines: dict[int, list[Diagnostic]] = {}
    for each in found:
        if each.primary is not None and each.primary.span.source is source:
            lines.setdefault(each.primary.span.line, []).append(each)
    left = list(found)
    if len(lines) > _MOST:
        return left
    for group in lines.values():
        if not all(each.code in _CODES for each in group):
            continue
        line = _line_of(group[0])
        edits = None if line is None else _edits(line, is_read, lines)
        if not edits or line is None:
            continue
        group = [each for each in left if _within(each, line)]
        if not group or not all(each.code in _CODES for each in group):
            continue
        if len(edits) == 1 and not all(_is_in_a_change(each, line, edits[0].text) for each in group):
            continue
        first = group[0]
        whole = next(fix.text for fix in edits if fix.span.start == line.start)
        help = f"write {errors.shown(whole, 100)}" if whole else "leave it out"
        if len(edits) > 1:
            places = ", ".join(str(fix.span.line) for fix in edits[1:])
            help += f", and declare its layers by `shared`, in line {places}"
        fix = joined_fixes(sorted(edits, key=lambda fix: fix.span.start))
        left[left.index(first)] = replace(first, help=help, fix=fix)
        gone = set(map(id, group[1:]))
        left = [each for each in left if id(each) not in gone]
    return left


def _within(mistake: Diagnostic, line: Span) -> bool:
    at = mistake.primary.span if mistake.primary else None
    return at is not None and at.source is line.source and line.start <= at.start < line.end


def _line_of(mistake: Diagnostic) -> Span | None:
    """The statement of Python's that a mistake stands in: a line, or more where brackets are open."""
    if mistake.primary is None:
        return None
    source, text = mistake.primary.span.source, mistake.primary.span.source.text
    start = text.rfind("\n", 0, mistake.primary.span.start) + 1
    end = start
    for _ in range(_LINES):
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop
        said = re.sub(r"#[^\n]*", "", text[start:stop])
        if said.count("(") <= said.count(")") and said.count("[") <= said.count("]"):
            break
        end = stop + 1
    else:
        return None
    line = text[start:stop].partition("#")[0] if "\n" not in text[start:stop] else text[start:stop]
    begin = start + len(line) - len(line.lstrip())
    last = start + len(line.rstrip())
    return Span(source, begin, last) if last > begin else None


def _edits(line: Span, is_read: bool, told: Collection[int]) -> list[Fix] | None:
    """What makes a line one of ours, and the declarations of the layers that it calls, but those
    in lines that are `told` for themselves.
    """
    text = line.source.text
    statement = read(line.text)
    values = set(_VALUES.findall(text))
    named = {name for pair in _TENSORS.findall(text) for name in pair if name} - values
    called = {name for name in named if re.search(rf"(?<![\w.])(?:self\.)?{name}[ \t]*\(", text)}
    calls = Calls({*named - called, *_USUAL}, {*_BLOCKS.findall(text), *called})
    target: str | None = None
    match statement:
        case python.Assign(targets=[python.Name(id=name)], value=expr):
            target = name
        case python.Assign(targets=[python.Attribute(attr=name)], value=expr):
            target = name
        case python.Expr(value=expr):
            pass
        case python.Return(value=expr) if expr is not None:
            pass
        case _:
            return _parts(line, calls, is_read)
    written = _statement(calls, target, expr, called, text)
    if written is None or written == line.text or not _is_right(written):
        return None
    if is_read and not calls.functional:
        return None
    edits = [Fix(line, written)]
    for name in dict.fromkeys(calls.layers):
        declared = re.compile(rf"^([ \t]*)(?:self\.)?{name}[ \t]*=(?!=)", re.MULTILINE).search(text)
        if declared and "." not in declared[0]:
            place = Span(line.source, declared.end(1), declared.end(1))
            if place.line != line.line and place.line not in told:
                edits.append(Fix(place, "shared "))
    return edits


def _parts(line: Span, calls: Calls, is_read: bool) -> list[Fix] | None:
    """A line of ours with elements of Python's: `nn.Conv2d(3, 64, 3) -> nn.ReLU(inplace=True)`."""
    if is_read or "\n" in line.text:
        return None
    parts = [_element(part, calls) for part in _SIGNS.split(line.text)]
    written = "".join(parts)
    begun = line.text.count("{") == line.text.count("}")
    if written == line.text or not begun or not _is_right(written):
        return None
    return [Fix(line, written)]


def _element(part: str, calls: Calls) -> str:
    """An element of a chain, as it is here where it is known."""
    statement = read(part) if part.strip() and not _SIGNS.fullmatch(part) else None
    if not isinstance(statement, python.Expr):
        return part
    element: python.expr = statement.value
    if isinstance(element, python.Attribute):
        element = python.Call(func=element, args=[], keywords=[])
    if not isinstance(element, python.Call):
        return part
    try:
        return part.replace(part.strip(), calls.chain(element))
    except Unknown:
        return part


def _is_in_a_change(mistake: Diagnostic, line: Span, written: str) -> bool:
    """Whether a mistake stands in what is written otherwise, of a line that changes in parts."""
    if mistake.primary is None or "->" not in line.text:
        return True
    before, after = _SIGNS.split(line.text), _SIGNS.split(written)
    start = line.start
    for part in before:
        end = start + len(part)
        if start <= mistake.primary.span.start < end:
            return part not in after
        start = end
    return False


def _statement(
    calls: Calls, target: str | None, expr: python.expr, called: set[str], text: str
) -> str | None:
    try:
        if image := image_of(expr):
            if re.search(r"^[ \t]*input\b", text, re.MULTILINE):
                return None
            return f"input {target} {image}" if target else f"input {image}"
        if is_whole(expr):
            calls.functional = True
            return results_of(expr)
        chain = calls.chain(expr)
    except Unknown:
        return None
    if target is None:
        return chain
    calls.functional |= target in called
    return f"shared {target} = {chain}" if target in called else f"{target} = {chain}"


def _is_right(statement: str) -> bool:
    """Whether a statement can be read, in a model."""
    try:
        body = statement if statement.startswith("input") else f"input 8x8x3\n{statement}"
        run(layout(scan(Source("line", f"model M {{\n{body}\n}}\n"), missed=[])))
    except (Mistake, Unexpected):
        return False
    return True
