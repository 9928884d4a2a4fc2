"""Sums and products of tensors, written with signs."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.choices import at_top
from cnndsl.syntax.context import Context
from cnndsl.syntax.parts import code_from, split_at


def tensor_arithmetic(at: Context) -> Diagnostic | None:
    """`conv(64, 3) + here`: tensors are joined by merges."""
    merges = {"PLUS": "add [ a, b ]", "STAR": "mul [ a, b ]"}
    if at.word.type not in merges or "ARROW" not in at.accepted:
        return None
    message = f"`{at.word.text}` does not join tensors"
    help = f"write {merges[at.word.type]}"
    fix = _joined(at, merges[at.word.type].partition(" ")[0])
    return errors.written_differently(at.word, message, help if fix is None else None, fix)


def _joined(at: Context, merge: str) -> Fix | None:
    """`conv(64, 3) -> bn + here` and `x + y` as a merge of what stands between the signs."""
    first = (*at.statement, at.word)[0]
    source, text = first.source, first.source.text
    if at.inside != "LBRACE" or "\n" in text[first.start : at.word.start]:
        return None
    line = code_from(text, first.start).rstrip(" \t;")
    while line.count("}") > line.count("{"):
        line = line.rpartition("}")[0].rstrip()
    named = re.match(r"\w+[ \t]*=[ \t]*", line)
    start = first.start + (named.end() if named else 0)
    rest = line[named.end() :] if named else line
    parts = [part.strip() for part in split_at(rest, at.word.text)]
    layers = all(re.match(r"(?:here|in|[A-Za-z_]\w*)\b(?![ \t]*[=:])", part) for part in parts)
    if not layers or len(parts) == 1 or at_top(line, ":") >= 0:
        return None
    chains = "->" in parts[0] and not all(re.fullmatch(r"\w+", part) for part in parts[1:])
    if chains or any("->" in part for part in parts[1:]):
        return None  # of what arrives, or of what the chain gives
    whole = Span(source, start, first.start + len(line))
    return Fix(whole, f"{merge} [ {', '.join(parts)} ]")
