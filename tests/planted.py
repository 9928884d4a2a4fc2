"""Mistakes of counting that people make, planted into specs: what a failed count should name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cnndsl
from cnndsl.diagnostics import Diagnostic
from cnndsl.syntax import ast
from tests.edits import Edit, edited, parsed, walk


@dataclass(frozen=True)
class Planted:
    """A spec with a mistake of one kind, in a line, and words of what names it."""

    kind: str
    text: str
    line: int
    words: str  # a regular expression


def _first(text: str, pattern: str, new: str, kind: str, words: str) -> Iterator[Planted]:
    """The first place of a pattern, outside of comments and of what is asserted."""
    for found in re.finditer(pattern, text):
        start = text.rfind("\n", 0, found.start()) + 1
        if "#" not in text[start : found.start()] and "expect" not in text[start : found.start()]:
            changed = text[: found.start()] + found.expand(new) + text[found.end() :]
            yield Planted(kind, changed, text.count("\n", 0, found.start()) + 1, words)
            return


def planted(text: str) -> Iterator[Planted]:
    """One of every kind that there is a place for."""
    yield from _first(
        text, r"classes = (\d+)", r"classes = \g<1>0", "classes", "classes instead of"
    )
    yield from _first(text, r" -> bn\b(?!\()", "", "a norm missing", "bn|batch norm")
    yield from _first(text, r"dense\(classes\)", "dense(classes, bias = false)", "head", "bias")
    yield from _first(text, r"input (\w+)x(\w+)x3", r"input \1x\2x1", "channels", "x3|3]")
    yield from _first(text, r"\bglobal_avg_pool\b(?!\()", "flatten", "flatten", "global_avg_pool")
    yield from _first(text, r"\bflatten\b", "global_avg_pool", "average", "flatten")
    yield from _first(text, r"\bmax_pool\([^()]*\)", "here", "pool", "pool")
    yield from _first(text, r"stride = 2", "stride = 1", "stride", "stride")
    for depth in range(1, 9):
        pattern = rf"(?<=\[\d, ){depth}(?=, \d)"
        yield from _first(text, pattern, str(depth + 1), "depth", "repetition|place of")
    if ", bias = false" in text:
        yield Planted("biases", text.replace(", bias = false", ""), 0, "bias")
    if re.search(r" -> bn\b(?!\()", text):
        yield Planted("norms missing", re.sub(r" -> bn\b(?!\()", "", text), 0, "batch norm|bn")


def unshaped(text: str) -> str:
    """The spec without the shapes that it asserts, which would find most mistakes before."""
    spec = parsed(text)
    edits = []
    for node in walk(spec.definitions if spec else ()):
        if isinstance(node, (ast.Run, ast.Bind, ast.Stage)) and node.shape is not None:
            colon = text.rindex(":", 0, node.shape.span.start)
            edits.append(Edit(colon, node.shape.span.end, ""))
    return edited(text, edits)


def first_failed(text: str) -> Diagnostic | None:
    """The first count of parameters that fails, where nothing else does."""
    found = cnndsl.check(text)
    if any(each.code != "E401" for each in found):
        return None
    return next((each for each in found if " parameters, not " in each.message), None)


def named(mistake: Planted, found: Diagnostic) -> bool:
    """Whether the first explanation is of the mistake."""
    note = found.notes[0] if found.notes else ""
    line = re.search(r"line (\d+)$", note)
    return bool(re.search(mistake.words, note)) and (
        not line or not mistake.line or int(line[1]) == mistake.line
    )
