"""Sums and products of tensors, written with signs."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.choices import at_top
from cnndsl.syntax.context import Context
from cnndsl.syntax.parts import code_from, split_at, uncut

_SCALED = re.compile(r"^([A-Za-z_]\w*)[ \t]*\*[ \t]*([A-Za-z_\d][\w.]*)$")


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
    source, text = at.word.source, at.word.source.text
    begins = [word.end for word in at.before if word.type in ("NEWLINE", "LBRACE")]
    start = begins[-1] if begins else at.word.start
    if at.inside != "LBRACE" or "\n" in text[start : at.word.start].strip():
        return None
    start += len(text[start:]) - len(text[start:].lstrip())
    line = uncut(code_from(text, start).rstrip(" \t;"))
    named = re.match(r"\w+[ \t]*=[ \t]*", line)
    start += named.end() if named else 0
    rest = line[named.end() :] if named else line
    parts = [part.strip() for part in split_at(rest, at.word.text)]
    parts[-1], _, behind = parts[-1].partition("->")  # of all, where it is of a name
    parts = [_SCALED.sub(r"\1 -> scale(\2)", part.strip()) for part in parts]
    layers = all(re.match(r"(?:here|in|[A-Za-z_]\w*)\b(?![ \t]*[=:*])", part) for part in parts)
    if not layers or len(parts) == 1 or at_top(line, ":") >= 0:
        return None
    is_plain = not any(re.search(r"->(?! scale\()|\(.*->", part) for part in parts[1:])
    names = all(re.fullmatch(r"\w+(?: -> scale\(\w[\w.]*\))?", part) for part in parts[1:])
    if not is_plain or (("->" in parts[0] or behind) and not names):
        return None  # of what arrives, or of what the chain gives
    whole = Span(source, start, start + len(rest))
    behind = f" -> {behind.strip()}" if behind else ""
    return Fix(whole, f"{merge} [ {', '.join(parts)} ]{behind}")
