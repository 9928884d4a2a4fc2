"""Mistakes of those who know other languages: what is written there, and how it is written here."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.suggest import closest
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import DEFINITIONS, ELEMENTS, LITERALS, STATEMENTS, TEXTS, found
from cnndsl.syntax.heads import OF_LAYERS, SAME, instead
from cnndsl.syntax.layout import between
from cnndsl.syntax.scan import END

_SIGNS = {
    "=>": "elements of a chain are joined by `->`",
    "-->": "elements of a chain are joined by `->`",
    "->>": "elements of a chain are joined by `->`",
    "<-": "a chain runs from left to right, joined by `->`",
    "<>": "write `!=`",
    "===": "write `==`",
    "!==": "write `!=`",
    "=<": "write `<=`",
    "...": "a range is written `0 .. n`",
    "..=": "a range is half open: `0 .. n + 1`",
    ":=": "write `=`",
    "+=": "write the sum out: `let i = i + 1`",
    "-=": "write the difference out: `let i = i - 1`",
    "*=": "write the product out: `let n = n * 2`",
    "++": "write the sum out: `let i = i + 1`",
    "/*": "a comment begins with `#` and ends with its line",
}
HEADS = frozenset(  # words before a body in braces
    "def func function class module layer net network elif elsif elseif repeat while loop".split()
)
_FOREIGN: dict[str, str | None] = {
    **dict.fromkeys(OF_LAYERS, "write `fn` for an expression, `block` for layers"),
    **dict.fromkeys(("class", "module"), "write `block` or `model`"),
    **dict.fromkeys(("net", "network"), "write `model`"),
    **dict.fromkeys(("import", "include", "from"), 'write `use "other.cnn"`'),
    **dict.fromkeys(SAME, None),
    "lambda": "write `fn` at the top of the file",
    "layer": "write `block`, or `stage` in a model",
    "repeat": "write the count behind: `{ … } * 3`",
    "while": "write `for i in 0 .. n { … }`",
    "assert": "write `expect`, or a shape behind a colon",
    "return": "the last line is the result; nothing is returned",
}


def sign(at: Context) -> Diagnostic | None:
    """Signs that fall apart into two of ours."""
    for first, second in ((at.previous, at.word), (at.word, at.after)):
        sign = first.to(second)
        if first.end == second.start and sign.text in _SIGNS:
            message = f"`{sign.text}` means nothing here"
            fix = _sum(at, sign) or _arrows(sign)
            help = None if fix and "[" in fix.text else _SIGNS[sign.text]
            return errors.written_differently(sign, message, help, fix)
    return None


def _arrows(sign: Span) -> Fix | None:
    """The arrows of other languages in the rest of a line, as they are here."""
    rest = sign.source.text[sign.start :].partition("\n")[0].partition("#")[0]
    found = list(re.finditer(r"=>|-->|->>", rest))
    if not found or found[0].start():
        return None
    end = found[-1].end()
    arrows = re.sub(r"=>|-->|->>", "->", rest[:end])
    return Fix(Span(sign.source, sign.start, sign.start + end), arrows)


def _sum(at: Context, sign: Span) -> Fix | None:
    """`n += 8` as `let n = n + 8`."""
    source = sign.source
    start = source.text.rfind("\n", 0, sign.start) + 1
    written = re.compile(r"[ \t]*(let[ \t]+)?(\w+)[ \t]*([-+*])=[ \t]*[\w.]+[ \t]*(?=\n|#|\}|$)")
    found = written.match(source.text, start)
    if found is None or sign.text not in ("+=", "-=", "*="):
        return None
    bound = rf"^[ \t]*{found[2]}[ \t]*=(?!=)|\bas[ \t]+{found[2]}\b"
    if found[3] != "-" and not found[1] and re.search(bound, source.text, re.M):  # a tensor
        merge = "add" if found[3] == "+" else "mul"
        whole = Span(source, found.start(2), found.end())
        other = whole.text[sign.end - whole.start :].strip()
        return Fix(whole, f"{found[2]} = {merge} [ {found[2]}, {other} ]")
    span = Span(source, found.start(1) if found[1] else found.start(2), sign.end)
    return Fix(span, f"let {found[2]} = {found[2]} {found[3]}")


def comment(at: Context) -> Diagnostic | None:
    help = "a comment begins with `#` and ends with its line"
    if at.word.type in ("FLOOR", "PERCENT"):
        message = f"`{at.word.text}` does not begin a comment"
        return errors.written_differently(at.word, message, help, _hash(at.word))
    if at.word.type != "NAME":
        return None
    for word in reversed(at.before):
        if word.type == "NEWLINE" or "\n" in between(word, at.word):
            return None
        if word.type in ("RPAR", "RSQB"):  # what is divided stands in brackets
            return None
        if word.type == "FLOOR":
            message = "`//` divides; it does not begin a comment"
            return errors.written_differently(word, message, help, _hash(word))
    return None


def _hash(sign: Span) -> Fix:
    return Fix(sign, "#")


def word(at: Context) -> Diagnostic | None:
    """A statement or definition that begins with a word of another language, or a typo."""
    head = (*at.statement, at.word)[0]
    if at.previous.type == "RBRACE" and at.word.text in SAME:  # `} elif c {`
        head = at.word
    elif (
        head.type not in ("NAME", "RETURN")
        or len(at.statement) > 1
        or at.word.type in ("EQUAL", END)
    ):
        return None
    if head.text == "output":
        fix = instead(head)
        message = "`output NAME` stands behind the chain that it names the result of"
        help = None if fix else "without one, the last line is the result: conv(1, 1) output mask"
        return errors.written_differently(head, message, help, fix)
    if head.text in _FOREIGN:
        message = f"`{head.text}` is not a word of this language"
        help, fix = _FOREIGN[head.text], instead(head)
        return errors.written_differently(head, message, help, fix)
    if at.word.type not in LITERALS | ELEMENTS | {"LBRACE"}:
        return None
    place = elsewhere.said_elsewhere(head.text)
    if place and at.inside == "LBRACE" and at.word.type != "LBRACE":
        message = f"`{head.text}` is no layer"
        return errors.written_differently(head, message, place)
    known = STATEMENTS if at.open else DEFINITIONS
    likely = closest(head.text, [TEXTS[kind] for kind in known])
    if likely is None:
        return None
    what = "a statement" if at.open else "a definition"
    return errors.unexpected(head, found(head), what, help=f"did you mean `{likely}`?")


_SETTINGS = {"TRAIN": "epochs 90", "PREPROCESS": "size 256"}


def equals_or_colon(at: Context) -> Diagnostic | None:
    """`=` and `:` where the language has none, or has the other one."""
    if at.word.type not in ("EQUAL", "COLON"):
        return None
    sign = at.word.text
    heads = tuple(word.type for word in at.statement)
    opened = next((w.type for w in reversed(at.before) if w.type in _SETTINGS), None)
    message = help = fix = None
    gone = Fix(Span(at.word.source, at.previous.end, max(at.word.end, at.after.start)), " ")
    if heads == ("INPUT",):
        message, fix = f"no `{sign}` behind `input`", gone
    elif heads == ("EXPECT", "NAME"):
        message, fix = f"no `{sign}` behind what is expected", gone
    elif opened is not None and heads == ("NAME",) and "ARROW" not in at.accepted:
        message, fix = f"no `{sign}` behind a setting", gone
    elif heads[:1] in (("IF",), ("ELSE",)) and sign == "=":
        message, help = "`=` names something; it does not compare", "write `==`"
    elif heads[:1] == ("FN",) and sign == ":":
        message, help = "a `fn` has its value behind `=`", "write fn half(n) = n // 2"
        value = re.compile(r"\s*:\s*(?:return\b\s*)?").match(at.word.source.text, at.previous.end)
        if value and at.after.text != "\n":
            fix, help = Fix(Span(at.word.source, *value.span()), " = "), None
    elif at.inside == "LPAR" and sign == ":" and at.previous.type == "NAME":
        message = "an argument is named, or gets its default, by `=`"
        fix = _named(at)
    elif at.inside == "LSQB" and sign == ":":
        message, help = "a part of a list goes from one place to another", "write xs[1 .. 2]"
    if message is None:
        return None
    return errors.written_differently(at.word, message, help, fix)


def _named(at: Context) -> Fix:
    """`=` for the colon of a named argument, and of those behind it in the same parentheses."""
    source, start = at.word.source, at.word.start
    rest = re.compile(r":\s*[^(){}\[\]\n]*").match(source.text, start)
    if rest is None or not re.match(r"\s*\)", source.text[rest.end() :]):
        return Fix(at.word, " =")
    text = re.sub(r"(?:(?<=^)|(?<=\w))\s*:\s*", " = ", rest[0])
    return Fix(Span(source, start, rest.end()), text)


def function_body(at: Context) -> Diagnostic | None:
    if at.word.type != "LBRACE" or not at.statement or at.statement[0].type != "FN":
        return None
    message = "behind the `=` of a `fn` stands one expression"
    return errors.written_differently(at.word, message, "write fn half(n) = n // 2")


def function_statement(at: Context) -> Diagnostic | None:
    """A statement in the braces of a `fn`, which hold `let`s and then its value."""
    words = {"IF": "choose it: a if condition else b", "FOR": "write [f(x) for x in xs]"}
    if at.word.type in ("NAME", "RETURN") and at.word.text == "return":
        help = "the last line is the value, without `return`"
    elif at.word.type in words:
        help = words[at.word.type]
    else:
        return None
    if not _in_fn(at):
        return None
    message = "a `fn` holds `let`s and then its value, no other statements"
    return errors.written_differently(at.word, message, help)


def function_end(at: Context) -> Diagnostic | None:
    """The braces of a `fn` without a value at their end, or with a name bound without `let`."""
    if not _in_fn(at):
        return None
    if at.word.type == "EQUAL" and at.previous.type == "NAME":
        message = "a `fn` names a value by `let`"
        return errors.written_differently(at.word, message, f"let {at.previous.text} = …")
    if at.word.type == "RBRACE":
        message = "a `fn` ends in its value"
        return errors.written_differently(at.word, message, "repeat the name of the last `let`")
    return None


def _in_fn(at: Context) -> bool:
    """Whether a word stands right in the braces of a `fn`."""
    if at.inside != "LBRACE" or len(at.open) != 1:
        return False
    head = at.before[: at.before.index(at.open[0])]
    heads = [word.type for word in head if word.type in ("FN", "BLOCK", "MODEL")]
    return heads[-1:] == ["FN"]


def comprehension(at: Context) -> Diagnostic | None:
    """A second `for` in the brackets of a list, an `else` behind its `if`, a `for` by itself."""
    if at.inside != "LSQB":
        return None
    made = any(word.type == "FOR" for word in at.item)
    if at.word.type == "FOR" and at.previous.type == "COMMA":
        message = "the `for` of a list stands on the line of its item"
        return errors.written_differently(at.word, message, "write [f(x) for x in xs]")
    if at.word.type == "FOR" and made:
        message = "a list is made by one `for`"
        return errors.written_differently(at.word, message, "make the inner list by a `fn`")
    if at.word.type == "ELSE" and made:
        message = "the `if` behind a list says which items stay, and has no `else`"
        help = "choose the item: [a if c else b for x in xs]"
        return errors.written_differently(at.word, message, help)
    return None


def tolerance(at: Context) -> Diagnostic | None:
    if not at.word.text.startswith("within"):
        return None
    if at.previous.type == "ROUNDED":
        message = f"{at.previous.text} says by its digits how exact it is"
        return errors.written_differently(at.word, message, "leave out the tolerance")
    message = "a tolerance is a number and a percent sign"
    return errors.written_differently(at.word, message, "write within 1%")
