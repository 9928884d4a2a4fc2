"""Mistakes in numbers and expressions."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected
from cnndsl.source import Span
from cnndsl.syntax import sizes
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import KEYWORDS, NUMBERS, expected, found
from cnndsl.syntax.layout import COMPARISONS, OPERATORS, between
from cnndsl.syntax.parts import closed
from cnndsl.syntax.scan import END, rounded_of


def rounded(at: Context) -> Diagnostic | None:
    """A count as papers write it, where no count is asserted."""
    if at.word.type != "ROUNDED":
        return None
    value, _ = rounded_of(at.word)
    said = "a count such as 25.6M stands in `expect` alone"
    return errors.malformed_number(at.word, said, f"write {value:_}")


_FIGURE = re.compile(
    r"(\d[\d_]*(?:,\d{3})*(?:\.\d+)?)[ \t]*(?:([kKMGBT])|(million|billion))?-?[ \t]*"
    r"(?:(?:MACs?|FLOPs?|MAdds?|mult-?adds|ops|param(?:eter)?s)\b)?(?=[ \t]*(?:[}#\n]|within|$))",
    re.IGNORECASE,
)
_POWERS = {"million": "M", "billion": "G"}


def figure(at: Context) -> Diagnostic | None:
    """A count with commas between its digits, or with its unit: `274,442`, `120 MMACs`."""
    if len(at.statement) < 2 or at.statement[0].type != "EXPECT":
        return None
    source, start = at.word.source, at.statement[1].end
    start += len(source.text[start:]) - len(source.text[start:].lstrip(" \t="))
    seen = _FIGURE.match(source.text, start)
    if at.word.type == "EQUAL" or seen is None or seen.end() < at.word.start:
        return None
    digits, power = seen[1].replace(",", "_"), seen[2] or _POWERS.get((seen[3] or "").lower(), "")
    power = power if power == "k" else power.upper()
    message = "a count is written in digits, in groups by `_` perhaps, or as 25.6M, without a unit"
    fix = Fix(Span(source, start, start + len(seen[0].rstrip())), digits + power)
    if fix.text == fix.span.text:
        return None
    return errors.malformed_number(fix.span, message, None, fix)


def number(at: Context) -> Diagnostic | None:
    """Letters on a number, a size with spaces, a dot without digits on both sides."""
    last, word, after = at.previous, at.word, at.after
    if word.type == "DOT" and after.type == "INTEGER" and after.start == word.end:
        number = word.to(after)
        return errors.malformed_number(
            number, "a number begins with a digit", f"write 0{errors.shown(number.text, 20)}"
        )
    if last.type == "DOT" and len(at.before) > 1 and at.before[-2].type in NUMBERS:
        return errors.malformed_number(
            at.before[-2].to(last), "a number needs digits behind its dot", "write 5 or 5.0"
        )
    if last.type not in NUMBERS:
        return None
    if re.fullmatch("[xX][0-9]*", word.text) and last.type != "FLOAT":
        return sizes.spaced(last, after if after.type in NUMBERS else word)
    if last.end != word.start or not (word.type == "NAME" or word.type in KEYWORDS):
        return None
    number = last.to(word)
    if word.text.startswith("x"):
        help = "a size with names is a list: [3, n]"
        return errors.malformed_number(number, "a size is made of digits only", help)
    if word.text.startswith("_"):
        return errors.malformed_number(number, "`_` stands between two digits of a number")
    return errors.malformed_number(number, "letters on a number", "a name begins with a letter")


def brief(at: Context) -> Diagnostic | None:
    """`dropout(50%)` and `conv(64, 3, /2)`, as papers have shares and strides."""
    signs = (at.previous.type, at.word.type, at.after.type)
    if at.inside == "LPAR" and signs == ("COMMA", "SLASH", "INTEGER"):
        fix = Fix(at.word.to(at.after), f"stride = {at.after.text}")
        return errors.written_differently(fix.span, "a stride has its name", None, fix)
    numbers = at.before[-2:-1]
    if at.inside != "LPAR" or at.previous.type != "PERCENT" or numbers[0].type not in NUMBERS:
        return None
    fix = Fix(numbers[0].to(at.previous), f"{float(numbers[0].text.replace('_', '')) / 100:g}")
    return errors.malformed_number(fix.span, "a share is a number up to 1", None, fix)


def comparison(at: Context) -> Diagnostic | None:
    if at.word.type not in COMPARISONS:
        return None
    for word in reversed(at.item):
        if word.type in ("AND", "OR", "NOT", "IF", "ELSE"):
            return None
        if word.type in COMPARISONS:
            return errors.chained_comparison(at.word, word)
    return None


def identity(at: Context) -> Diagnostic | None:
    """`is None` and `is not None`."""
    said = re.compile(r"is[ \t]+(not[ \t]+)?[Nn]one\b").match(at.word.source.text, at.word.start)
    if at.word.text != "is" or said is None:
        return None
    fix = Fix(Span(at.word.source, *said.span()), "!= none" if said[1] else "== none")
    return errors.written_differently(at.word, "`is` compares nothing here", None, fix)


_NO_CHAIN = "an argument cannot be a chain"


def chain_as_value(at: Context) -> Diagnostic | None:
    """An arrow where a value is wanted."""
    if at.word.type != "ARROW" or at.previous.type in ("ARROW", "STAR"):
        return None
    head = at.statement[0].type if at.statement else None
    if at.inside == "LPAR":
        opened = at.before.index(at.open[-1])
        callee = at.before[opened - 1].text if opened else ""
        help = "name the chain's result in a line of its own, and hand on the name"
        text, opener = at.word.source.text, at.open[-1]
        end = closed(text, opener.start)
        if end is None or "\n" in text[opener.start : end]:
            last = at.previous.end
            fix = Fix(Span(at.word.source, last, last), ")")
            return errors.unclosed_bracket(at.open[-1], at.word, "a chain goes on here", fix)
        whole = Span(at.word.source, opener.start, end)
        joined = Fix(whole, f" [ {whole.text[1:-1].strip()} ]")
        if callee in ("add", "concat", "mul"):
            line = corrected(joined)
            help = f"branches stand in brackets: {line or f'{callee} [ a, b ]'}"
            return errors.chain_in_expression(at.word, _NO_CHAIN, help, joined)
        return errors.chain_in_expression(at.word, _NO_CHAIN, help)
    if head == "LET" and len(at.statement) > 1:
        first, name = at.statement[:2]
        fix = Fix(Span(first.source, first.start, name.start), "")
        example = corrected(fix) or "x = conv(64, 3) -> relu"
        help = f"a tensor is named without `let`: {example}"
        message = "`let` names a value, not a chain"
        return errors.chain_in_expression(at.word, message, help, fix)
    if head in ("INPUT", "EXPECT") or any(word.type == "COLON" for word in at.statement):
        source, begin = at.word.source, at.word.source.text.rfind("\n", 0, at.word.start) + 1
        indent = re.compile(r"[ \t]*").match(source.text, begin)
        goes_on = "\n" not in between(at.word, at.after)
        text = f"\n{indent[0] if indent else ''}" if goes_on else ""
        gone = Span(source, at.previous.end, at.after.start if goes_on else at.word.end)
        help, fix = "begin the chain on the next line", Fix(gone, text)
        return errors.chain_in_expression(at.word, "nothing flows on from here", help, fix)
    return None


def dangling(at: Context) -> Diagnostic | None:
    """A sign that wants something behind it, before a bracket closes or the file ends."""
    last = at.previous
    ends_body = at.word.type == "RBRACE" and "\n" in between(last, at.word)
    if last.type not in OPERATORS | {"ARROW", "EQUAL", "COLON"} and not ends_body:
        return None
    if at.word.type not in ("RBRACE", "RPAR", "RSQB", END) and "\n" not in between(last, at.word):
        return None
    wanted = f"{expected(at.accepted)} behind `{errors.shown(last.text)}`"
    help = None
    if last.type == "RANGE" and at.inside == "LSQB":
        help = "`xs..` stands in packs and merges; a pack is an argument as it is, xs or xs[0 .. 2]"
    return errors.unexpected(last, found(at.word), wanted, help)
