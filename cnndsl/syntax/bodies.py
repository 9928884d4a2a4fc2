"""Bodies that other notations have, and where this one has them."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Source, Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.parts import closed, code_from, end_of_line

_AROUND = frozenset(
    "residual skip shortcut identity resblock residual_block skip_connection".split()
)
_BESIDE = frozenset("parallel branches fork multi_branch inception merge".split())
_SHAPE = re.compile(r":[ \t]*(\[[^\[\]\n]*\]|\d+(?:x\d+)*|\w+)[ \t]*(?=\{)")
# Initializers, none of which is a value that a parameter would have.
_STARTS = frozenset("zeros ones normal truncated_normal uniform".split())
_JOINED = re.compile(r"[ \t]*->[ \t]*(\w+)\b(?![ \t]*[(\[])")


def asserted(at: Context) -> Diagnostic | None:
    """`stage conv1 : 112x112x64 { … }`: a shape stands behind the braces."""
    kinds = [word.type for word in at.statement]
    if at.word.type != "COLON" or kinds != ["STAGE", "NAME"]:
        return None
    source = at.word.source
    found = _SHAPE.match(source.text, at.word.start)
    end = closed(source.text, found.end()) if found else None
    if found is None or end is None:
        return None
    body = source.text[found.end() : end]
    fix = Fix(Span(source, at.word.start, end), f"{body} : {found[1]}")
    message = "the shape of a stage stands behind its braces"
    return errors.written_differently(at.word, message, None, fix)


def merged(at: Context) -> Diagnostic | None:
    """`residual { … }`, `parallel { branch { … } … } -> concat` and `concat { … }`."""
    word, source = at.previous, at.word.source
    if at.word.type != "LBRACE" or word.type not in ("NAME", "JOIN") or not at.item:
        return None
    from cnndsl.ops import MERGES  # only mistakes ask for them

    name = word.text.lower()
    own = re.search(rf"^[ \t]*block[ \t]+{word.text}\b", source.text, re.MULTILINE)
    end = closed(source.text, at.word.start)
    if end is None or own or word is not at.item[-1] or len(at.item) > 1:
        return None
    body = source.text[at.word.start : end]
    if name in _AROUND:
        fix = Fix(Span(source, word.start, end), f"add [ here, {body} ]")
        message = "what goes around layers is the item `here` of an `add`"
    else:
        merge = elsewhere.op(name) or name
        if merge not in MERGES and name not in _BESIDE:
            return None
        joined = _JOINED.match(source.text, end)
        if merge not in MERGES:
            merge = (elsewhere.op(joined[1]) or joined[1]) if joined else "concat"
            end = joined.end() if joined else end
        if merge not in MERGES:
            return None
        inner = re.sub(r"(?m)^([ \t]*)branch(?:es)?\d*[ \t]*:?[ \t]*(?=\{)", r"\1", body[1:-1])
        inner = re.sub(r"(?<=\})[ \t]*[,;]?[ \t]*branch\d*[ \t]*(?=\{)", ", ", inner)
        inner = re.sub(r"^([ \t]*)branch\d*[ \t]*(?=\{)", r"\1", inner)
        fix = Fix(Span(source, word.start, end), f"{merge} [{inner}]")
        message = "branches are the items of a merge, in brackets"
    return errors.written_differently(word, message, None, fix)


def ended(at: Context) -> Diagnostic | None:
    """`for i = 1:3`, its lines, and `end`, as MATLAB, Julia and Lua have loops."""
    first = (*at.statement, at.word)[0]
    if first.type not in ("FOR", "IF") or at.inside not in (None, "LBRACE"):
        return None
    source = first.source
    head = Span(source, first.start, end_of_line(source.text, first.start))
    text = head.text.partition("#")[0].rstrip()
    end = _end_of(source, first)
    if end is None or "{" in text:
        return None
    walked = re.fullmatch(r"for\s+(\w+)\s*(?:=|in)\s*(\w+)\s*:\s*(\w+)(?:\s+do)?", text)
    new = re.sub(r"\s+(?:do|then)$", "", text) + " {"
    if walked:
        stop = str(int(walked[3]) + 1) if walked[3].isdigit() else f"{walked[3]} + 1"
        new = f"for {walked[1]} in {walked[2]} .. {stop} {{"
    body = source.text[head.start + len(text) : end.start]
    fix = Fix(Span(source, first.start, end.end), f"{new}{body}}}")
    message = "a body stands in braces, and no `end` closes it"
    return errors.written_differently(first, message, None, fix)


def _end_of(source: Source, first: Span) -> Span | None:
    """The `end` that stands as far right as the line of a word."""
    begin = source.text.rfind("\n", 0, first.start) + 1
    indent = source.text[begin : first.start]
    if indent.strip():
        return None
    closing = re.compile(rf"^{indent}(end(?:for|if|while)?;?)[ \t]*(?=#|%|$)", re.MULTILINE)
    found = closing.search(source.text, first.end)
    return Span(source, found.start(1), found.end(1)) if found else None


def image(at: Context) -> Diagnostic | None:
    """`input: image[64, 64, 3]` and `input = (3, 64, 64)`."""
    if [word.type for word in at.statement][:1] not in (["INPUT"], ["NAMED_INPUT"]):
        return None
    first = at.statement[0]
    source = first.source
    line = code_from(source.text, first.start)
    message = "behind `input` stands the size of the image alone"
    if named := re.fullmatch(r"input\s+(\w+)\s*=\s*([\dx]+|\[.*\])", line):
        several = len(re.findall(r"^[ \t]*input[ \t]", source.text, re.MULTILINE)) > 1
        text = f"input {named[1]} {named[2]}" if several else f"input {named[2]}"
        message = "a name stands in front of its size" if several else message
        fix = Fix(Span(source, first.start, first.start + len(line)), text)
        return errors.written_differently(at.word, message, None, fix)
    found = re.fullmatch(
        r"input\s*[:=]?\s*(?:\w+\s*[:=]?\s*)?\(?\s*(?:\w+\s*=\s*)?[\[(]([\w\s,]+)[\])]\s*\)?,?"
        r"(?:\s+as\s+(\w+))?",
        line,
    )
    found = found or re.fullmatch(r"input\s+(\d+(?:\s*,\s*\d+)+)(?:\s+as\s+(\w+))?", line)
    if found and found[2] and len(re.findall(rf"\b{found[2]}\b", source.text)) > 1:
        return None
    if found is None or line.startswith("input ["):
        return None
    sides = [each.strip() for each in found[1].split(",") if each.strip()]
    if len(sides) < 2 or not all(re.fullmatch(r"\w+", side) for side in sides):
        return None
    span = Span(source, first.start, first.start + len(line))
    fix = Fix(span, f"input {elsewhere.size(sides, is_image=True)}")
    return errors.written_differently(at.word, message, None, fix)


def parameter(at: Context) -> Diagnostic | None:
    """`param classes: int = 10` in a body: parameters stand behind the name of a definition."""
    first = (*at.statement, at.word)[0]
    if first.text not in ("param", "parameter", "arg") or len(at.open) != 1:
        return None
    source, brace = first.source, at.open[0]
    line = code_from(source.text, first.start)
    found = re.fullmatch(r"\w+\s+(\w+)\s*(?::\s*\w+)?\s*=\s*([\w.\"\[\], ]+)", line)
    head = source.text[source.text.rfind("\n", 0, brace.start) + 1 : brace.start]
    if found is None or not re.match(r"\s*(?:model|block)\b", head):
        return None
    said = f"{found[1]} = {found[2].strip()}"
    if found[2].strip() in _STARTS:
        message = "a learned tensor has its shape behind the initializer"
        help = f"write param {said}([1, 1, in.channels]), for a number per channel"
        return errors.written_differently(first, message, help)
    closer = head.rstrip().endswith(")")
    place = brace.start - len(head) + len(head.rstrip()) - closer
    empty = head.rstrip().endswith("()")
    joined = (f"{'' if empty else ', '}{said}") if closer else f"({said})"
    moved = Fix(Span(source, place, first.start + len(line)), "")
    between = source.text[place : first.start].rstrip(" \t")
    fix = Fix(moved.span, joined + between.rstrip("\n"))
    message = "parameters stand in parentheses behind the name of a definition"
    whole = f"{head.strip()[:-1]}{joined})" if closer else head.strip() + joined
    return errors.written_differently(first, message, f"write {errors.shown(whole, 110)}", fix)
