"""What is right elsewhere in a spec, and lists and mappings as YAML has them: with their edits."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import DEFINITIONS, ELEMENTS
from cnndsl.syntax.parts import closed, code_from, end_of_line

_COUNTED = {"params": "params", "parameters": "params", "macs": "macs", "total": "total"}
_OF_A_MODEL = frozenset({"TRAIN", "PREPROCESS", "EXPECT", "AUX", "STAGE"})
_KEPT = frozenset({"save", "store", "keep", "remember", "mark", "push", "tag", "label"})
RESULTS = frozenset({"output", "outputs", "return", "result"})


def order(at: Context) -> Diagnostic | None:
    """`expect 618 params`: what is counted stands first."""
    counts = ("INTEGER", "FLOAT", "ROUNDED")
    if [word.type for word in at.statement] != ["EXPECT"] or at.word.type not in counts:
        return None
    if at.after.type != "NAME" or at.after.text.lower() not in _COUNTED:
        return None
    whole = at.word.to(at.after)
    fix = Fix(whole, f"{_COUNTED[at.after.text.lower()]} {at.word.text}")
    message = "what is counted stands in front of its number"
    return errors.written_differently(whole, message, None, fix)


def image(at: Context) -> Diagnostic | None:
    """`add [ f, input ]`: the image is called `in`."""
    if at.word.type != "INPUT" or "IN" not in at.accepted or at.after.type == "EQUAL":
        return None
    message = "`input` says what a model takes; what came in is called `in`"
    return errors.written_differently(at.word, message, None, Fix(at.word, "in"))


def labelled(at: Context) -> Diagnostic | None:
    """`squeeze: conv(64, 1) -> relu`: a name in front of what it is of, as in YAML."""
    words = [*at.statement, at.word, at.after]
    if at.inside not in ("LBRACE", "LPAR", "LSQB") or len(words) < 4:
        return None
    name, colon, first, behind = words[:4]
    begins = first.type in ELEMENTS and behind.type in ("LPAR", "ARROW", "LBRACE", "LSQB")
    if [name.type, colon.type] != ["NAME", "COLON"] or not begins or name.text in RESULTS:
        return None
    end = named_end(colon.source.text, first.start)
    return label(Span(name.source, name.start, first.start), name, end)


def label(head: Span, name: Span, end: int | None) -> Diagnostic:
    """A name and a colon in front of a chain; `end` is where that ends, if nothing is behind it."""
    message = "a name does not stand in front of a layer with a colon"
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    if end is None or name.text in OPS or name.text in MERGES:
        return errors.written_differently(head, message, None, Fix(head, ""))
    chain = head.source.text[head.end : end]
    fix = Fix(Span(head.source, head.start, end), f"{chain} as {name.text}")
    return errors.written_differently(head, message, None, fix)


def named_end(text: str, start: int) -> int | None:
    """Where a chain of one line ends; None where more is behind it, or it goes on."""
    line = code_from(text, start)
    pairs = (("(", ")"), ("[", "]"), ("{", "}"))
    if any(line.count(a) != line.count(b) for a, b in pairs) or ":" in line or "=" in line[-1:]:
        return None
    following = text[end_of_line(text, start) :].lstrip()
    if line.endswith("->") or following.startswith("->") or " as " in line:
        return None
    return start + len(line)


def route(at: Context) -> Diagnostic | None:
    """`concat [ -1, -6 ]`: layers by their numbers, as Darknet has them."""
    if at.inside != "LSQB" or at.item or not (at.word.type == "MINUS" or at.word.text.isdigit()):
        return None
    opener = at.before.index(at.open[-1])
    from cnndsl.ops import MERGES  # only mistakes ask for them

    if not opener or at.before[opener - 1].text not in MERGES:
        return None
    message = "layers have no numbers: what is joined has names"
    merge = at.before[opener - 1].text
    help = f"name a result where it is made, … as route, and write {merge} [ here, route ]"
    return errors.written_differently(at.word, message, help)


def outside(at: Context) -> Diagnostic | None:
    """`train { … }` behind the model that it is of."""
    name = at.word.text
    if at.word.type not in _OF_A_MODEL or at.open or at.statement:
        return None
    words = [word for word in at.before if word.type != "NEWLINE"]
    models = [i for i, word in enumerate(words) if word.type == "MODEL"]
    if not models or words[-1].type != "RBRACE" or len(words) < models[-1] + 2:
        return None
    if any(word.type in ("BLOCK", "FN") for word in words[models[-1] :]):
        return None
    source, start = at.word.source, at.word.start
    if source.text.count("{") != source.text.count("}"):
        return None  # a brace closes too much, or too little
    model = words[models[-1] + 1].text
    end = _statement_end(source.text, start)
    if end is None:
        return None
    closer = words[-1]
    moved = source.text[start:end]
    indented = "\n".join(f"  {line}" if line.strip() else line for line in moved.split("\n"))
    between = source.text[closer.end : start].rstrip()  # another one perhaps
    fix = Fix(Span(source, closer.start, end), f"{indented}\n}}{between}")
    message = f"`{name}` stands in the braces of its model"
    help = f"move it up, in front of the `}}` of {errors.shown(model, 30)}"
    return errors.written_differently(at.word, message, help, fix)


def _statement_end(text: str, start: int) -> int | None:
    """Where a statement ends: with its line, or with what closes the braces that open in it."""
    line_end = end_of_line(text, start)
    opener = text.find("{", start, line_end)
    if opener < 0:
        return start + len(text[start:line_end].partition("#")[0].rstrip())
    return closed(text, opener)


_VALUE = re.compile(
    r"(?:let[ \t]+)?(\w+)[ \t]*=[ \t]*(\[[^\]\n]*\]|[\d._]+|\"[^\"\n]*\")[ \t]*(?:#[^\n]*)?(?:\n|$)"
)
_OPENING = re.compile(r"^model\b[^\n{]*\{[ \t]*\n([ \t]*)input\b[^\n]*\n", re.M)


def constant(at: Context) -> Diagnostic | None:
    """`widths = [64, 128]` above a model: a value of its body."""
    source, text = at.word.source, at.word.source.text
    named = at.word.type == "NAME" and at.after.type == "EQUAL"
    if not at.accepted >= DEFINITIONS or not (named or at.word.type == "LET"):
        return None
    line = text[at.word.start :].partition("\n")[0].replace("'", '"')
    said = _VALUE.match(line)
    opening = _OPENING.search(text, at.word.end)
    if said is None:
        return None
    help = f"name it in the model: {errors.shown(f'let {said[1]} = {said[2]}', 90)}"
    fix = None
    if opening:
        start, end = at.word.start, at.word.start + len(line) + 1
        let = f"{opening[1]}let {said[1]} = {said[2]}\n"
        fix = Fix(Span(source, start, opening.end()), text[end : opening.end()] + let)
    message = "a value stands in the braces of a block or a model, by `let`"
    return errors.written_differently(at.word, message, help, fix)


def bullet(at: Context) -> Diagnostic | None:
    """`- conv(64, 3)`: a list as YAML has it."""
    begins = at.previous.type in ("NEWLINE", "LBRACE") and not at.item
    if at.word.type != "MINUS" or not begins or at.after.type not in ELEMENTS:
        return None
    lines = at.word.source.text[: at.word.start].rstrip(" \t\n").rpartition("\n")
    if re.match(r"\s*(?:let|expect)\b", lines[2]):
        return None  # the rest of a value
    message = "every layer stands on a line of its own, without a sign in front"
    gone = Span(at.word.source, at.word.start, at.after.start)
    return errors.written_differently(at.word, message, None, Fix(gone, ""))


def _rest(first: Span) -> Span:
    """The line from a word on, up to a brace, a name or an assertion."""
    source, text = first.source, first.source.text
    line = re.split(r"[{}]|\bas\b|\boutput\b|:", code_from(text, first.start))[0].rstrip()
    return Span(source, first.start, first.start + len(line))


def kept(at: Context) -> Diagnostic | None:
    """`save skip`."""
    first = (*at.statement, at.word)[0]
    whole = _rest(first)
    found = re.fullmatch(r"(\w+)[ \t]+(?:as[ \t]+)?([A-Za-z_]\w*)", whole.text)
    if first.type != "NAME" or at.inside != "LBRACE" or found is None or found[1] not in _KEPT:
        return None
    message = "a name is given by `=`, and what flows here is `here`"
    return errors.written_differently(first, message, None, Fix(whole, f"{found[2]} = here"))
