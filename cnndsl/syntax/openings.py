"""What stands in front of braces, and names given twice: with their edits."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected, joined_fixes
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.parts import code_from, opened_in_line
from cnndsl.syntax.python_bodies import braced

_LISTED = re.compile(r"for[ \t]+[^{}\n]+?[ \t]in[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*(?=\{)")
_NAMED = re.compile(
    r"(?:(stage|aux)[ \t]+(\"[^\"\n]*\"|\w[\w./ \t-]*?)[ \t]*(?=[{:])"
    r"|(block|model)[ \t]+(\"[^\"\n]*\"|\w[\w./-]*)[ \t]*(?=[{(=:]))"
)


def named(at: Context) -> Diagnostic | None:
    """`stage fire2-3 {`, `stage "conv 1" {`, `stage 1: …`: a name is one word, everywhere."""
    head = (*at.statement, at.word)[0]
    source, text = head.source, head.source.text
    found = _NAMED.match(text, head.start)
    if found is None or at.word.start >= found.end():
        return None
    kind, said = found[1] or found[3], found[2] or found[4]
    name = re.sub(r"\W+", "_", said.strip('" \t'))
    name = f"{kind}{name}" if name[:1].isdigit() else name
    if name == said or not name.isidentifier():
        return None
    first = said.partition(" ")[0]
    if first != said and re.search(rf"\b{re.escape(first)}\b", text[found.end() :]):
        return None  # that word alone may be the name
    place = Span(source, *found.span(2 if found[2] else 4))
    edits = [Fix(place, name)]
    if text[found.end()] == ":" and "{" not in code_from(text, found.end()):
        colon = Span(source, found.end(), found.end() + 1)
        edits += [braces] if (braces := braced(colon)) else []
    uses = re.compile(rf"(?<![\w\".-]){re.escape(said)}(?![\w\".-])") if "-" in said else None
    for use in uses.finditer(text, edits[-1].span.end) if uses else ():
        if opened_in_line(text, use.start()) != "(":
            edits.append(Fix(Span(source, *use.span()), name))
    message = "a name is one word, of letters, digits and `_`, that begins with a letter"
    line = corrected(joined_fixes([fix for fix in edits if fix.span.line == place.line]))
    help = f"write {line}" if line else None
    return errors.written_differently(place, message, help, joined_fixes(edits))


def stage(at: Context) -> Diagnostic | None:
    """`stage stem = conv(64, 3)`: what a stage holds stands in braces."""
    kinds = [word.type for word in at.statement]
    if kinds[:1] == ["STAGE"] and at.previous.type == "RBRACE" and at.word.type in ("AS", "OUTPUT"):
        return _named_stage(at)
    if at.word.type != "EQUAL" or [word.type for word in at.statement] != ["STAGE", "NAME"]:
        return None
    line = re.compile(r"=[ \t]*([^\n#{}]*[^\n#{}\s])").match(at.word.source.text, at.word.start)
    fix = Fix(Span(at.word.source, *line.span()), f"{{ {line[1]} }}") if line else None
    return errors.written_differently(at.word, "what a stage holds stands in braces", None, fix)


def _named_stage(at: Context) -> Diagnostic:
    """`stage tail { … } output image`: the name belongs to the chain that ends the stage."""
    name = Span(at.word.source, at.word.start, at.after.end)
    help = f"name the chain that ends it: {{ … {errors.shown(name.text, 40)} }}"
    gap = at.word.source.text[: at.previous.start]
    fix = None
    if gap.rstrip(" ") == gap.rstrip() and at.after.type == "NAME":  # all of it on one line
        ended = Span(at.word.source, len(gap.rstrip()), name.end)
        fix = Fix(ended, f" {name.text} }}")
    return errors.written_differently(name, "a stage has its name in front", help, fix)


def twice_named(at: Context) -> Diagnostic | None:
    """`x = conv(64, 3) output mask`: a chain's result gets one name."""
    first = next((w for w in at.statement if w.type in ("EQUAL", "AS", "OUTPUT")), None)
    if at.word.type not in ("AS", "OUTPUT") or first is None or at.after.type != "NAME":
        return None
    named = at.statement[0] if first.type == "EQUAL" else at.statement[-1]
    if at.statement[0].type != "NAME" or named.type != "NAME":
        return None
    word, name = at.word.text, errors.shown(at.after.text, 30)
    message = "the result of a chain gets one name"
    help = f"name it here alone, … {word} {name}, and use {name} below"
    if first.type != "EQUAL":
        help = f"give it the other one in a line of its own: here {word} {name}"
    return errors.written_differently(at.word.to(at.after), message, help)


def headed(at: Context) -> Diagnostic | None:
    """`for (i in xs) {`, `for i = xs {` and `if c then {`."""
    kinds = [word.type for word in at.statement]
    source = at.word.source
    if at.word.type == "EQUAL" and kinds == ["FOR", "NAME"]:
        message = "a loop walks a list or a range by `in`"
        return errors.written_differently(at.word, message, None, Fix(at.word, "in"))
    if at.word.type == "LPAR" and kinds == ["AUX"]:
        gap = Span(source, at.previous.end, at.word.start)
        return errors.written_differently(at.word, "a head has a name", None, Fix(gap, " side"))
    first = (*at.statement, at.word)[0]
    if at.word.type == "COMMA" and (walked := _LISTED.match(source.text, first.start)):
        listed = Fix(Span(source, *walked.span(1)), f"[{walked[1]}]")
        return errors.written_differently(at.word, "a list stands in brackets", None, listed)
    if at.word.type == "LPAR" and kinds == ["FOR"]:
        found = re.compile(r"\(([^(){}\n]*(?:\([^(){}\n]*\)[^(){}\n]*)*)\)(?=[ \t]*\{)").match(
            source.text, at.word.start
        )
        fix = Fix(Span(source, *found.span()), found[1].strip()) if found else None
        message = "what a loop walks has no parentheses around it"
        return errors.written_differently(at.word, message, None, fix)
    begins = at.after.type == "LBRACE" and kinds[:1] in (["IF"], ["FOR"], ["ELSE"])
    if at.word.text in ("then", "do") and begins:
        gone = Fix(Span(source, at.word.start, at.after.start), "")
        message = f"no `{at.word.text}` in front of braces"
        return errors.written_differently(at.word, message, None, gone)
    return None
