"""What those write who come from Python and its libraries: with the edit that makes it a spec."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import CONSTANTS, LITERALS
from cnndsl.syntax.parts import closed, split_at
from cnndsl.syntax.scan import Word
from cnndsl.syntax.words import words_from

_CONTAINERS = frozenset({"Sequential", "ModuleList", "List"})
_SIDES = {"1": "channels", "2": "height", "3": "width"}  # of PyTorch's batches


def dotted(at: Context) -> Diagnostic | None:
    """`nn.Conv2d(64, 3)`, `self.conv1 = …` and `conv(64, 3).relu()`."""
    source = at.word.source
    if at.word.type == "DOT" and at.previous.type in ("RPAR", "RBRACE"):
        if at.after.type != "NAME" or "ARROW" not in at.accepted:
            return None
        message = "layers follow each other by `->`"
        return errors.written_differently(at.word, message, None, Fix(at.word, " -> "))
    path = _path(at)
    if len(path) < 3 or at.word.type not in ("DOT", "LPAR", "EQUAL"):
        return None
    last = path[0]
    if path[2].text in ("append", "add", "extend") and at.word.type == "LPAR" and len(path) == 3:
        end = closed(source.text, at.word.start) or at.word.end
        layers = split_at(source.text[at.word.end : end - 1].strip("[] "))
        fix = Fix(Span(source, last.start, end), " -> ".join(map(str.strip, layers)))
        message = "layers follow each other by themselves, in no list"
        return errors.written_differently(Span(source, last.start, path[2].end), message, None, fix)
    if last.text not in elsewhere.MODULES:
        if at.word.type != "LPAR" or len(path) > 3:
            return None
        message = f"`{errors.shown(last.text, 20)}` has no methods: layers follow by `->`"
        return errors.written_differently(path[1], message, None, Fix(path[1], " -> "))
    names = re.compile(r"(?:\w+\.)+(\w+)").match(source.text, last.start)
    if names is None:
        return None
    span, name = Span(source, last.start, names.end()), names[1]
    if last.text == "self" and re.fullmatch(r"_?make_?\w*|_\w+", name):
        message = "a model has no methods: a block repeats by its count"
        return errors.written_differently(span, message, "write { unit(64) } * 3 with a block")
    if (
        last.text == "self"
        and at.word.type == "LPAR"
        and not re.search(rf"\b{name}\s*=", source.text)
    ):
        message = "nothing declares this layer: write it where it runs"
        return errors.written_differently(span, message, None)
    if last.text == "self":
        message = "names stand alone here: there is no `self`"
        return errors.written_differently(span, message, None, Fix(span, name))
    if name in _CONTAINERS:
        message = "a chain needs no container: its elements are joined by `->`"
        return errors.written_differently(span, message, "join the layers by `->`")
    from cnndsl.ops import OPS  # only mistakes ask for them
    from cnndsl.suggest import closest

    message = f"no module stands in front of an op: `{errors.shown(span.text)}`"
    meant = closest(name, {*OPS, "here"})
    return errors.written_differently(span, message, None, Fix(span, meant or name))


def method(at: Context) -> Diagnostic | None:
    """`conv(x.size(1), 3)`: what a tensor has, in an argument or another value."""
    names = re.compile(r"([A-Za-z_]\w*)\.(\w+)\(\s*(-?\w*)\s*\)")
    if at.word.type != "LPAR" or len(at.before) < 3 or at.before[-2].type != "DOT":
        return None
    found = names.match(at.word.source.text, at.before[-3].start)
    if found is None or "ARROW" in at.accepted:
        return None
    whole = Span(at.word.source, *found.span())
    side = _SIDES.get(found[3]) if found[2] == "size" else None
    fix = Fix(whole, f"{found[1]}.{side}") if side else None
    message = "a tensor has `channels`, `height`, `width` and `shape`, and no methods"
    return errors.written_differently(whole, message, None, fix)


def _path(at: Context) -> list[Word]:
    """The names and dots that an element begins with: `nn`, `.`, `Conv2d`."""
    found = list(at.item)
    if at.word.type == "DOT":
        found += [at.word, at.after]
    kinds = ["NAME" if index % 2 == 0 else "DOT" for index in range(len(found))]
    return found if [word.type for word in found] == kinds else []


def called(at: Context) -> Diagnostic | None:
    """`conv(64, 3)(x)`: the tensor stands in front; and `add()([x, y])`."""
    if at.word.type != "LPAR" or at.previous.type != "RPAR" or "ARROW" not in at.accepted:
        return None
    from cnndsl.ops import MERGES  # only mistakes ask for them

    element = Span(at.word.source, at.item[0].start, at.previous.end)
    merge = elsewhere.op(at.item[0].text) or at.item[0].text
    given = re.compile(r"\([ \t]*(?:([A-Za-z_]\w*)|\[([^\[\]\n]*)\])[ \t]*\)")
    found, fix = given.match(element.source.text, at.word.start), None
    if found and (found[1] or merge in MERGES):
        text = f"{found[1]} -> {element.text}" if found[1] else f"{merge} [ {found[2].strip()} ]"
        fix = Fix(Span(element.source, element.start, found.end()), text)
    message = "a layer is not called: what arrives stands in front of it, before a `->`"
    return errors.written_differently(at.word, message, None, fix)


def text(at: Context) -> Diagnostic | None:
    """A string in place of a statement: a docstring."""
    if at.word.type != "STRING" or at.item or at.inside not in (None, "LBRACE"):
        return None
    source, start = at.word.source, at.word.start
    found = re.compile(r'"""([^"\n]*)"""|"([^"\n]+)"').match(source.text, start)
    fix = None
    if found:
        said = (found[1] or found[2] or "").strip()
        fix = Fix(Span(source, *found.span()), f"# {said}")
    message = "a string by itself says nothing: a comment begins with `#`"
    return errors.written_differently(at.word, message, None, fix)


def squared(at: Context) -> Diagnostic | None:
    """`conv[64, 3]`: arguments in square brackets."""
    if at.inside != "LSQB" or at.word.type not in LITERALS | {"COMMA"}:
        return None
    opener, index = at.open[-1], at.before.index(at.open[-1])
    first, last = at.before[max(0, index - 2)], at.before[index - 1]
    begins = (
        index > 1 and first.type in ("NEWLINE", "LBRACE", "ARROW") and last.type in ("NAME", "PICK")
    )
    literals = all(word.type in LITERALS for word in at.before[index + 1 :])
    if not begins or last.end != opener.start or not literals:
        return None
    inner = re.compile(r"\[([^\[\](){}\n]*)\]").match(at.word.source.text, opener.start)
    fix = Fix(Span(opener.source, *inner.span()), f"({inner[1]})") if inner else None
    message = "arguments stand in parentheses, branches in brackets"
    return errors.written_differently(at.word, message, None, fix)


def function(at: Context) -> Diagnostic | None:
    """`lambda x: x * 0.5`, for which there are ops."""
    if at.previous.text != "lambda" or at.word.type not in ("NAME", "COLON"):
        return None
    message = "a function of Python's cannot stand here"
    return errors.written_differently(at.previous, message, elsewhere.SAID["function"])


def typed(at: Context) -> Diagnostic | None:
    """`block unit(width: int)`."""
    if at.word.type != "COLON" or at.inside != "LPAR" or at.after.text not in elsewhere.TYPES:
        return None
    message = "parameters have no types"
    fix = Fix(at.word.to(at.after), "")
    return errors.written_differently(at.word.to(at.after), message, None, fix)


def bare_arguments(at: Context) -> Fix | None:
    """`conv 64 3` with parentheses."""
    last = at.word
    texts = []
    from cnndsl.ops import OPS  # only mistakes ask for them

    known = at.previous.text in OPS or at.previous.text in elsewhere.OPS
    block = rf"^[ \t]*block[ \t]+{at.previous.text}\b"
    if not known and not re.search(block, at.word.source.text, re.MULTILINE):
        return None
    for word in words_from(at.word.source, at.word.start):
        if word.type in LITERALS | CONSTANTS and word.start - last.end <= 2:
            texts.append(word.text)
            last = word
        elif word.type != "COMMA":
            break
    start = at.previous.end
    return Fix(Span(last.source, start, last.end), f"({', '.join(texts)})") if texts else None
