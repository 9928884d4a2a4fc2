"""Repetitions and loops as other languages have them: where the count stands, what is walked."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elsewhere import REPEATS
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.layout import OPERATORS
from cnndsl.syntax.lets import values_of
from cnndsl.syntax.parts import closed, indent_of

_SIMPLE = re.compile(r"\d+|[A-Za-z_]\w*(?:\[[^\[\]\n]*\])?|\([^()\n]*\)")
_TIMES = re.compile(rf"({_SIMPLE.pattern})[ \t]*(?:\*|x|\u00d7|times\b)[ \t]*(?=[A-Za-z{{])")
_ELEMENT = re.compile(r"[A-Za-z_]\w*[ \t]*|(?=\{)")
_HEAD = re.compile(
    rf"(?:{'|'.join(REPEATS)}|for)[ \t]*"
    r"(?:\(([^{}\n]+)\)|[ \t]([^(){}\n]+?))(?:[ \t]*times)?[ \t]*:?[ \t]*(?=\{)"
)
_COUNTER = r"for[ \t]*\(?[ \t]*(?:[a-z_]+[ \t]+)??([A-Za-z_]\w*)[ \t]*"
_C_LOOP = re.compile(
    rf"{_COUNTER}=[ \t]*(\w+)[ \t]*;[ \t]*\1[ \t]*(<=?)[ \t]*([^;{{}}\n]+?)[ \t]*;[ \t]*"
    r"(?:\1[ \t]*\+\+|\+\+[ \t]*\1|\1[ \t]*\+=[ \t]*1)[ \t]*\)?[ \t]*(?=\{)"
)
_WALKED = re.compile(
    rf"{_COUNTER}(?:=|in\b|from\b)[ \t]*\[?[ \t]*(\w+)[ \t]*"
    r"(to\b|until\b|\.\.\.|\.\.=|\.\.<|:)[ \t]*"
    r"([^\[\]{}:;,\n]+?)[ \t]*\]?[ \t]*\)?[ \t]*(?:do\b)?[ \t]*(?=\{)"
)
_UP_TO = ("<", "until", "..<")  # and not with it


def count(at: Context) -> Diagnostic | None:
    """A repetition count that is an expression, or that stands in front."""
    if at.word.text == "**" and "STAR" in at.accepted and "ARROW" in at.accepted:
        message = "a layer is repeated by `*`"
        return errors.written_differently(at.word, message, None, Fix(at.word, "*"))
    times = [word for word in at.item if word.type == "STAR"]
    continues = at.word.type in OPERATORS | {"LPAR"}
    if at.inside == "LPAR":
        return None
    if found := _in_front(at):
        return found
    if times and continues and (at.previous is times[-1] or "ARROW" in at.accepted):
        return errors.long_count(times[-1].to(at.word))
    return None


def _in_front(at: Context) -> Diagnostic | None:
    """`3 * unit(16)`, `n x { … }` and `(n - 1) * unit(16)`."""
    first = (*at.item, at.word)[0]
    source, text = first.source, first.source.text
    found = _TIMES.match(text, first.start)
    if found is None or (found[1][0].isalpha() and _name(found[1]) not in values_of(text)):
        return None
    element = _ELEMENT.match(text, found.end())
    if element is None:
        return None
    opens = text[element.end() : element.end() + 1]
    end = (closed(text, element.end()) or len(text)) if opens in ("(", "{") else element.end()
    layer = text[found.end() : end].rstrip()
    if at.word.start >= end or (opens == "{" and layer[0] != "{"):
        return None
    what = "layers" if layer[0] == "{" else "layer"
    fix = Fix(Span(source, first.start, found.end() + len(layer)), f"{layer} * {found[1]}")
    message = f"a count stands behind its {what}"
    return errors.written_differently(at.word, message, None, fix)


def _name(count: str) -> str:
    return count.partition("[")[0]


def repeated(at: Context) -> Diagnostic | None:
    """`repeat(2) { … }` and `for 3 { … }`."""
    first = (*at.item, at.word)[0]
    if (first.text not in REPEATS and at.statement[:1] != (first,)) or at.inside == "LPAR":
        return None
    source = first.source
    found = _HEAD.match(source.text, first.start)
    if found is None or at.word.start > found.end():
        return None
    count = (found[1] or found[2]).strip()
    count = count if _SIMPLE.fullmatch(count) else f"({count})"
    if first.text == "for" and not re.fullmatch(r"\w+", count):
        return None
    end = closed(source.text, found.end()) or len(source.text)
    fix = Fix(Span(source, first.start, end), f"{source.text[found.end() : end]} * {count}")
    message = f"`{first.text}` is not a word of this language"
    if first.text == "for":
        message = "a loop walks a list or a range by `in`; a count stands behind its layers"
    return errors.written_differently(first, message, None, fix)


def walked(at: Context) -> Diagnostic | None:
    """`for (int i = 0; i < n; i++) {`, `for i = 1:3 {` and `for i in 1 to 3 {`."""
    first = (*at.statement, at.word)[0]
    if first.type != "FOR" or at.inside not in (None, "LBRACE", "LPAR", "LSQB"):
        return None
    text, start = first.source.text, first.start
    found = _C_LOOP.match(text, start) or _WALKED.match(text, start)
    if found is None:
        return None
    name, begin, sign, stop = found.groups()
    inclusive = sign not in _UP_TO and not (sign == ":" and begin == "0" and "=" not in found[0])
    if inclusive:
        stop = str(int(stop) + 1) if stop.isdigit() else f"{stop} + 1"
    fix = Fix(Span(first.source, start, found.end()), f"for {name} in {begin} .. {stop} ")
    message = "a loop walks a list or a range by `in`"
    return errors.written_differently(at.word, message, None, fix)


def named_within(at: Context) -> Diagnostic | None:
    """`conv(64, 3) as skip -> max_pool(2)`: behind its name a chain begins anew."""
    words = list(at.before[-2:])
    is_named = words[0].type in ("AS", "OUTPUT") if words else False
    if at.word.type != "ARROW" or not is_named or at.inside != "LBRACE":
        return None
    if any(word.type == "EQUAL" for word in at.statement):
        return None
    source, text = at.word.source, at.word.source.text
    start = text.rfind("\n", 0, at.word.start) + 1
    indent = text[start : start + indent_of(text[start:])]
    if at.open[-1].start >= start:  # braces of one line
        indent += "  "
    fix = Fix(Span(source, at.previous.end, at.after.start), f"\n{indent}")
    message = "a name ends its line"
    return errors.written_differently(words[0].to(at.previous), message, None, fix)
