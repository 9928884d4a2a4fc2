"""Definitions that begin with a word of another language, and the words that ours stand for."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected, joined_fixes
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import CONSTANTS, KEYWORDS, STATEMENTS
from cnndsl.syntax.parts import closed, end_of_line, opened_in_line
from cnndsl.syntax.python_bodies import braced
from cnndsl.syntax.scan import Word

SAME = {"elif": "else if", "elsif": "else if", "elseif": "else if"}
SAME |= dict.fromkeys(("var", "const", "set"), "let")
OF_LAYERS = ("def", "func", "function")
_HEADS = ("class", "module", "net", "network", *OF_LAYERS)
_HEAD = re.compile(rf"({'|'.join(_HEADS)})\s+(\w+)\s*(\([^()\n]*\))?\s*(:|\{{|=)?")
_OUTPUT = re.compile(r"output\s+([A-Za-z_]\w*)\s*(?:=([^:#{}]+))?$")
_IMPORT = re.compile(
    r"from\s+\.*([\w.]+)\s+import\b.*"
    r"|(?:import|include)\s+\"?([\w./]+?)(?:\.cnn)?\"?\s*$"
)


def definition(at: Context) -> Diagnostic | None:
    """`class Net(nn.Module):` and `def unit(width):`, with the body that follows."""
    head = (*at.statement, at.word)[0]
    found = _HEAD.match(head.source.text, head.start)
    if head.text not in _HEADS or found is None or not found[4]:
        return None
    word, name, parameters, sign = found.groups()
    layers = word in OF_LAYERS
    body = head.source.text[found.end() :].lstrip()
    is_model = not layers and ("Mod" in (parameters or "") or body.startswith("input"))
    if word in ("class", "module") and not is_model and sign != ":":
        return None  # a block or a model
    kind = "fn" if sign == "=" else "model" if is_model or word in ("net", "network") else "block"
    if layers:
        untyped = re.sub(r"[ \t]*:[^=,()]*?(?=[ \t]*[=,)])", "", parameters or "()")
        inner = [each.strip() for each in untyped[1:-1].split(",")]
        parameters = f"({', '.join(each for each in inner if each not in ('', 'self'))})"
    new = f"{kind} {name}{'' if is_model else parameters or ''}"
    span, text = Span(head.source, head.start, found.start(4)), f"{new} "
    if sign == ":":
        behind = braced(Span(head.source, found.start(4), found.end()))
        if behind is None:
            return None
        span, text = Span(head.source, head.start, behind.span.end), new + behind.text
    message = f"`{word}` is not a word of this language"
    methods = re.search(r"\n[ \t]*def\b", span.text)
    if word == "class" and sign == ":" and methods:  # whose lines are no layers
        help = f"{new} {{ … }} has its layers line by line, in the order in which they run"
        return errors.written_differently(head, message, help)
    return errors.written_differently(head, message, None, Fix(span, text))


def instead(head: Word) -> Fix | None:
    """The edit that a word of another language stands for, where it is one."""
    source, text = head.source, head.source.text
    if head.text in SAME:
        return Fix(head, SAME[head.text])
    line = text[head.start :].partition("\n")[0]
    if found := re.match(r"return\s+(?=\w)", line):
        return Fix(Span(source, head.start, head.start + found.end()), "")
    if found := _OUTPUT.match(line):
        bound = re.search(rf"\b({found[1]}\s*=(?!=)|as\s+{found[1]}\b)", text[: head.start])
        chain = found[2] or (found[1] if bound else "here")
        whole = Span(source, head.start, head.start + len(found[0].rstrip()))
        return Fix(whole, f"{chain.strip()} output {found[1]}")
    if found := _IMPORT.match(line):
        path = (found[1] or found[2]).replace(".", "/")
        return Fix(Span(source, head.start, head.start + len(line)), f'use "{path}.cnn"')
    return None


_COUNTER = r"[ \t]*([A-Za-z]\w*)[^{}\[\]()\n]*"  # and what is added to it
_NUMBERED = re.compile(
    r"""\b(?:stage|aux)[ \t]+(f?["']?([A-Za-z]\w*?)_*"""
    rf"""(?:\{{{_COUNTER}\}}|\[{_COUNTER}\]|\({_COUNTER}\))["']?)[ \t]*\{{"""
)


def numbered(at: Context) -> Diagnostic | None:
    """`stage layer{i} {` in a loop, which numbers the names of its stages itself."""
    source, text, place = at.word.source, at.word.source.text, at.word.start
    start = text.rfind("\n", 0, place) + 1
    for said in _NUMBERED.finditer(text, start, end_of_line(text, place)):
        counter = said[3] or said[4] or said[5]
        looped = re.search(rf"\bfor[ \t][^\n{{}}]*\b{counter}\b[^\n{{}}]*\bin\b", text[:place])
        if looped and said.start() < place < said.end():
            name = Span(source, *said.span(1))
            message = "the stages of a loop are numbered by themselves"
            return errors.written_differently(name, message, None, Fix(name, said[2]))
    return None


def reserved(at: Context) -> Diagnostic | None:
    """A keyword where something is to be named."""
    word = at.word
    if word.type == "EQUAL" and at.previous.type in KEYWORDS - STATEMENTS - {"IF", "ELSE"}:
        word = at.previous
    else:
        is_named = at.after.type == "EQUAL" or at.accepted <= {"NAME", "RPAR", "LBRACE", "IN"}
        if word.type not in KEYWORDS or "NAME" not in at.accepted or not is_named:
            return None
    what = "a predefined value" if word.type in CONSTANTS else "a keyword"
    kinds = [each.type for each in at.statement[:3]]
    is_parameter = kinds in (["BLOCK", "NAME", "LPAR"], ["MODEL", "NAME", "LPAR"])
    is_parameter &= at.open[-1:] == at.statement[2:3]
    return errors.reserved_name(word, what, _renamed(word) if is_parameter else None)


def _renamed(word: Word) -> tuple[str | None, Fix]:
    """A parameter with another name, where its definition takes it for a value, and in calls."""
    text, new = word.source.text, f"{word.text}_"
    new = f"{new}channels" if word.type in ("IN", "INPUT") else new
    opener = text.find("{", word.end)
    body = (closed(text, opener) if opener > 0 else None) or word.end
    edits = [Fix(word, new)]
    for use in re.compile(rf"(?<![\w.\"]){word.text}\b(?![ \t]*(?:\.|->|\[))").finditer(
        text, word.end
    ):
        before = text[text.rfind("\n", 0, use.start()) + 1 : use.start()]
        in_call = opened_in_line(text, use.start()) == "("
        is_named = in_call and re.match(r"[ \t]*=(?!=)", text[use.end() :])
        of_value = in_call or re.match(r"[ \t]*(?:let|(?:\}[ \t]*else[ \t]+)?if)\b[^{]*$", before)
        walks = re.search(r"\bfor\b[\w \t,]*$", before)
        if is_named or (of_value and use.start() < body and not walks):
            edits.append(Fix(Span(word.source, *use.span()), new))
    return corrected(edits[0]), joined_fixes(edits)
