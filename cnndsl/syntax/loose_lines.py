"""Layers in one line without what joins them here: `conv 32 3x3 relu`, `conv(32, 3) bn relu`."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context

_JOINT = re.compile(r"[ \t]*(?:->|=>|→|[-,|>+;.])[ \t]*|[ \t]+")
_NAMED = re.compile(r"[A-Za-z_]\w*")
_SETTING = re.compile(r"\d+(?:x\d+)*(?:\.\d+)?|\d+e-?\d+|same|valid")
_KEPT = frozenset({"save", "store", "keep", "remember", "mark", "push", "tag", "label"})


def _rest(first: Span) -> Span:
    """The line from a word on, up to a brace, a name or an assertion."""
    source, text = first.source, first.source.text
    end = text.find("\n", first.start)
    line = text[first.start : len(text) if end < 0 else end].partition("#")[0]
    line = re.split(r"[{}]|\bas\b|\boutput\b|:", line)[0].rstrip()
    return Span(source, first.start, first.start + len(line))


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
