"""Which brace is not closed, where the lines are indented as their author meant them."""

from __future__ import annotations

import re
from dataclasses import replace

from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.fixes import corrected
from cnndsl.source import Span
from cnndsl.syntax.parts import end_of_line

_BRACES = re.compile(r"#[^\n]*|[{}]")


def indented(mistake: Diagnostic) -> Diagnostic | None:
    """A brace that nothing closes as the one that is meant: the next line that is no further right
    than its own does not close it, or closes what is around.
    """
    if mistake.code != "E006" or mistake.primary is None or mistake.primary.span.text != "{":
        return None
    source, start = mistake.primary.span.source, mistake.primary.span.start
    seen = mistake.labels[0].span.start if mistake.labels else len(source.text)
    opened: list[tuple[int, int]] = []  # the offset of a brace, and the indentation of its line
    place = source.text.rfind("\n", 0, start) + 1
    while place < seen:
        end = end_of_line(source.text, place)
        line = source.text[place:end]
        indent = len(line) - len(line.lstrip(" \t"))
        inside = bool(opened) and line.strip() and not line.lstrip().startswith("#")
        if inside and opened[-1][0] != start:
            closes = line.lstrip().startswith("}")
            if indent < opened[-1][1] or (indent == opened[-1][1] and not closes):
                return _meant(mistake, *opened[-1], Span(source, place + indent, end))
        for found in _BRACES.finditer(source.text, max(place, start), end):
            if found[0] == "{":
                opened.append((found.start(), indent))
            elif found[0] == "}" and opened:
                opened.pop()
        place = end + 1
    return None


def _meant(mistake: Diagnostic, brace: int, depth: int, line: Span) -> Diagnostic:
    """The mistake at another brace, which is closed in front of a line."""
    source = line.source
    counted = re.compile(r"[^{}#\n]*?([ \t]*)(?=\*[ \t]*\w+[ \t]*\n)").match(source.text, brace + 1)
    if counted:  # `{ conv(64, 3) -> relu * 2`, where the count is of the braces
        fix = Fix(Span(source, *counted.span(1)), " } ")
        at = Label(Span(source, brace, brace + 1))
        return replace(mistake, primary=at, labels=(), help=f"write {corrected(fix)}", fix=fix)
    begin = source.text.rfind("\n", 0, line.start) + 1
    fix = Fix(Span(source, begin, begin), " " * depth + "}\n")
    label = Label(Span(source, line.start, line.start + 1), "no further right, and not inside")
    help = f"close it by a `}}` in front of line {line.line}"
    at = Label(Span(source, brace, brace + 1))
    return replace(mistake, primary=at, labels=(label,), help=help, fix=fix)
