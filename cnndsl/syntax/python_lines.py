"""Lines that Python could read, said once and as a whole: `x = F.relu(self.conv1(x))`.

Rules for single words (`python_forms.py`) tell each thing that is wrong with such a line, and what
is left when one was mended. Where all of it is known, the line is told as it is written here.
"""

from __future__ import annotations

import ast as python
import re
from collections.abc import Sequence
from dataclasses import replace

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import joined_fixes
from cnndsl.source import Source, Span
from cnndsl.syntax.layout import layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.python_calls import Calls
from cnndsl.syntax.python_read import Unknown, image_of, is_whole, read, results_of
from cnndsl.syntax.scan import Mistake, scan

_CODES = frozenset("E004 E010 E012 E013 E014 E015 E101 E102 E105 E106 E113 E132 E205 E206".split())
_UNEXPECTED = frozenset({"E012", "E014", "E015"})
_TENSORS = re.compile(
    r"^[ \t]*(?:self\.|shared[ \t]+)?(\w+)[ \t]*=(?!=)|\bas[ \t]+(\w+)", re.MULTILINE
)
_VALUES = re.compile(r"^[ \t]*let[ \t]+(\w+)", re.MULTILINE)
_BLOCKS = re.compile(r"^[ \t]*(?:block|model)[ \t]+(\w+)", re.MULTILINE)
_USUAL = ("x", "inputs", "out", "residual", "identity", "shortcut")  # names of tensors elsewhere
_SIGNS = re.compile(r"(->|[{}]|\bas\b|(?<=[\w ])=(?= )|:)(?![^()]*\))")
_CALLED = re.compile(r"(?<![\w.])(?:self\.)?(\w+)[ \t]*\(")
_LONGEST = 100_000  # characters of a text that is searched
_LINES = 6  # that one statement goes on for
_MOST = 60  # lines that are read


def told(source: Source, found: Sequence[Diagnostic], *, is_read: bool = False) -> list[Diagnostic]:
    """The mistakes of a text, with one for each line that is Python's, whatever is wrong with it.

    Of a text that `is_read` these are lines that call layers with tensors.
    """
    lines: dict[int, list[Diagnostic]] = {}
    for each in found:
        if each.primary is not None and each.primary.span.source is source:
            lines.setdefault(each.primary.span.line, []).append(each)
    left = [each for each in found if not _is_of_a_call(each, lines)]
    if len(lines) > _MOST or len(source.text) > _LONGEST:
        return left
    names = _Names(source.text)
    changes: list[tuple[Span, list[Fix]]] = []
    for group in lines.values():
        line = _line_of(group[0])
        if line is not None and all(each.code in _CODES for each in group):
            changes.append((line, _edits(line, is_read, names) or []))
    changes.sort(key=lambda change: -len(change[1]))  # with the declarations of what they call
    for line, edits in changes:
        group = [each for each in left if _within(each, line)]
        changed = edits and group and all(each.code in _CODES for each in group)
        if not changed or not all(_is_in_a_change(each, line, edits[0].text) for each in group):
            continue
        first = group[0]
        help = f"write {errors.shown(edits[0].text, 100)}" if edits[0].text else "leave it out"
        if len(edits) > 1:
            written = "; ".join(errors.shown(fix.text, 60) for fix in edits[1:])
            help += f", and declare what runs there: {written}"
        fix = joined_fixes(sorted(edits, key=lambda fix: fix.span.start))
        said = first
        if first.primary and first.code in _UNEXPECTED:  # which has no words for it
            message = "a layer is written otherwise in Python"
            said = errors.written_differently(first.primary.span, message, None)
        elif first.primary and re.match(r"\w+\.(add|append)\(", line.text):
            message = "layers stand in the lines of a model: nothing adds them"
            said = errors.written_differently(first.primary.span, message, None)
        left[left.index(first)] = replace(said, help=help, fix=fix)
        follow = [e for e in left if any(_within(e, edit.span) for edit in edits)]
        gone = {id(each) for each in follow if each.code in _CODES and each.fix is not fix}
        left = [each for each in left if id(each) not in gone and not _runs(line, each)]
    return left


def _is_of_a_call(mistake: Diagnostic, lines: dict[int, list[Diagnostic]]) -> bool:
    """Whether a name is unknown in a call that has no place in a spec at all: `print(x)`."""
    at = mistake.primary.span if mistake.primary else None
    if at is None or mistake.code != "E102":
        return False
    heads = [each.primary for each in lines.get(at.line, ()) if each.code == "E101"]
    beside = [head.span for head in heads if head is not None]
    return any(
        span.end < at.start and elsewhere.said_elsewhere(span.text) is not None for span in beside
    )


class _Names:
    """What a text calls what: `tensors`, its `own` blocks, and layers, which are `called`."""

    def __init__(self, text: str):
        values = set(_VALUES.findall(text))
        named = {name for pair in _TENSORS.findall(text) for name in pair if name} - values
        self.called = named & set(_CALLED.findall(text))
        self.tensors = {*named - self.called, *_USUAL}
        self.own = {*_BLOCKS.findall(text), *self.called}

    def calls(self) -> Calls:
        return Calls(self.tensors, self.own)


def _runs(line: Span, mistake: Diagnostic) -> bool:
    """Whether a line calls the layers of which a mistake says that nothing runs them."""
    if mistake.code != "E130" or mistake.primary is None:
        return False
    return re.search(rf"\b{mistake.primary.span.text}[ \t]*\(", line.text) is not None


def _within(mistake: Diagnostic, line: Span) -> bool:
    at = mistake.primary.span if mistake.primary else None
    return at is not None and at.source is line.source and line.start <= at.start < line.end


def _line_of(mistake: Diagnostic) -> Span | None:
    """The statement of Python's that a mistake stands in: more than a line in open brackets."""
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


def _edits(line: Span, is_read: bool, names: _Names) -> list[Fix] | None:
    """What makes a line one of ours, and the lines that declare the layers that it calls."""
    calls, read_as = names.calls(), _assigned(line)
    if read_as is None:
        return _parts(line, calls, is_read)
    written = _statement(calls, *read_as, names, line.source.text)
    if written is None or written == line.text or not _is_right(written):
        return None
    if is_read and not calls.functional:
        return None
    edits = [Fix(line, written)]
    for name in dict.fromkeys(calls.layers):
        declaration = rf"^[ \t]*((?:self\.)?{name}[ \t]*=(?!=)[^\n#]*[^\n#\s])"
        found = re.compile(declaration, re.MULTILINE).search(line.source.text)
        place = Span(line.source, *found.span(1)) if found else line
        if place.line == line.line:
            continue
        assigned = _assigned(place)
        layer = _statement(names.calls(), *assigned, names, "") if assigned else None
        edits.append(Fix(place, layer or f"shared {place.text}"))
    return edits


def _assigned(line: Span) -> tuple[str | None, python.expr] | None:
    """A line's expression, and the name that it gets."""
    match read(line.text):
        case python.Assign(targets=[python.Name(id=name)], value=value):
            return name, value
        case python.Assign(targets=[python.Attribute(attr=name)], value=value):
            return name, value
        case python.Expr(value=value):
            return None, value
        case python.Return(value=value) if value is not None:
            return None, value
    return None


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
    calls: Calls, target: str | None, expr: python.expr, names: _Names, text: str
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
    calls.functional |= target in names.called
    return f"shared {target} = {chain}" if target in names.called else f"{target} = {chain}"


def _is_right(statement: str) -> bool:
    """Whether a statement can be read, in a model."""
    try:
        body = statement if statement.startswith("input") else f"input 8x8x3\n{statement}"
        run(layout(scan(Source("line", f"model M {{\n{body}\n}}\n"), missed=[])))
    except (Mistake, Unexpected):
        return False
    return True
