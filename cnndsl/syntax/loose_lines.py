"""Layers in one line without what joins them here: `conv 32 3x3 relu`, `conv(32, 3) bn relu`."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import ELEMENTS, LITERALS
from cnndsl.syntax.ported.meaning import op_spelt

_JOINT = re.compile(r"[ \t]*(?:->|=>|→|[-,|>+;.])[ \t]*|[ \t]+")
_NAMED = re.compile(r"[A-Za-z_]\w*")
_SETTING = re.compile(r"\d+(?:x\d+)*(?:\.\d+)?|\d+e-?\d+|same|valid")
_KEPT = frozenset({"save", "store", "keep", "remember", "mark", "push", "tag", "label"})


def loose(at: Context) -> Diagnostic | None:
    """Elements, with arguments beside them, and at most other signs in between."""
    first = (*at.statement, at.word)[0]
    if first.type not in ELEMENTS or at.inside != "LBRACE":
        return None
    whole = _rest(first)
    blocks = set(re.findall(r"^[ \t]*block[ \t]+(\w+)", whole.source.text, re.MULTILINE))
    written = chain_of(whole.text, blocks)
    if written is None or written == whole.text:
        return None
    fix = Fix(whole, written)
    if at.word.type in ELEMENTS:
        message = "neither `->` nor a new line in front of this"
        return errors.missing_separator(at.word, message, (), None, fix)
    if at.word.type in LITERALS and at.previous.type == "NAME":
        return errors.missing_separator(at.word, "arguments without parentheses", (), None, fix)
    message = "layers are joined by `->`"
    return errors.written_differently(at.word, message, None, fix)


def _rest(first: Span) -> Span:
    """The line from a word on, up to a brace, a name or an assertion."""
    source, text = first.source, first.source.text
    end = text.find("\n", first.start)
    line = text[first.start : len(text) if end < 0 else end].partition("#")[0]
    line = re.split(r"[{}]|\bas\b|\boutput\b|:", line)[0].rstrip()
    return Span(source, first.start, first.start + len(line))


def chain_of(line: str, blocks: set[str]) -> str | None:
    """A line as a chain, if all that it holds are layers with their arguments."""
    from cnndsl.ops import MERGES  # only mistakes ask for them

    parts: list[str] = []
    settings: list[str] = []
    place = 0
    while place < len(line):
        joint = _JOINT.match(line, place) if place else None
        place = joint.end() if joint else place
        if name := _NAMED.match(line, place):
            end = name.end()
            if parts and name[0] in ("same", "valid"):
                settings.append(name[0])
                place = end
                continue
            op = name[0] if name[0] in (*blocks, "here", "in") else op_spelt(name[0])
            if op is None or op in MERGES:
                return None
            if line[end : end + 1] == "(":
                closed = _closed(line, end)
                if closed is None:
                    return None
                op, end = op + line[end:closed], closed
            if not _give(parts, settings):
                return None
            parts.append(op)
            place = end
            continue
        setting = _SETTING.match(line, place)
        if setting is None or not parts or not setting.end() > place:
            return None
        settings.append(setting[0])
        place = setting.end()
    if not _give(parts, settings):
        return None
    return " -> ".join(parts) if len(parts) > 1 or "(" in "".join(parts) else None


def _give(parts: list[str], settings: list[str]) -> bool:
    """Puts settings into parentheses of the layer before them, if it has none yet."""
    if settings and (not parts or parts[-1].endswith(")")):
        return False
    if settings:
        parts[-1] += f"({', '.join(settings)})"
    settings.clear()
    return True


def _closed(line: str, opener: int) -> int | None:
    depth = 0
    for place in range(opener, len(line)):
        depth += (line[place] == "(") - (line[place] == ")")
        if not depth:
            return place + 1
    return None


def kept(at: Context) -> Diagnostic | None:
    """`save skip`, and `add skip` or `concat a b` further down."""
    first = (*at.statement, at.word)[0]
    if first.type not in ("NAME", "JOIN") or at.inside != "LBRACE":
        return None
    from cnndsl.ops import MERGES  # only mistakes ask for them

    whole = _rest(first)
    name = r"[A-Za-z_]\w*"
    names_of = rf"{name}(?:(?:[ \t]*,[ \t]*|[ \t]+){name})*"
    found = re.fullmatch(rf"(\w+)[ \t]+(?:as[ \t]+)?({names_of})", whole.text)
    if found is None:
        return None
    names = re.findall(name, found[2])
    if found[1] in _KEPT and len(names) == 1:
        fix = Fix(whole, f"{names[0]} = here")
        message = "a name is given by `=`, and what flows here is `here`"
        return errors.written_differently(first, message, None, fix)
    known = set(re.findall(rf"\b({name})[ \t]*=(?!=)|\bas[ \t]+({name})", whole.source.text))
    tensors = {each for pair in known for each in pair} | {"here"}
    saved = set(re.findall(rf"^[ \t]*(?:{'|'.join(_KEPT)})[ \t]+({name})", whole.source.text, re.M))
    if found[1] not in MERGES or not set(names) <= tensors | saved:
        return None
    names = ["here", *names] if len(names) == 1 else names
    fix = Fix(whole, f"{found[1]} [ {', '.join(names)} ]")
    message = "branches are the items of a merge, in brackets"
    return errors.written_differently(first, message, None, fix)
