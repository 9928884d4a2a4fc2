"""Unexpected words to diagnostics that teach: rules in order, the first that knows wins."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.fixes import corrected
from cnndsl.source import Span
from cnndsl.syntax import bodies, foreign, heads, loose_lines, misplaced, python_forms, sizes
from cnndsl.syntax.context import Context, surroundings
from cnndsl.syntax.expected import (
    CONSTANTS,
    DEFINITIONS,
    ELEMENTS,
    KEYWORDS,
    LITERALS,
    NUMBERS,
    STATEMENTS,
    VALUES,
    expected,
    found,
)
from cnndsl.syntax.layout import CLOSERS, COMPARISONS, OPERATORS, between
from cnndsl.syntax.scan import END, Word, rounded_of, scan


def explain(
    word: Word, accepted: frozenset[str], words: Iterable[Word] | None = None
) -> Diagnostic:
    """The diagnostic for a word that the grammar has no place for.

    `accepted` are the terminals that could have stood there, `words` those of the text where
    some were repaired.
    """
    context = surroundings(word, accepted, words)
    for rule in _RULES:
        diagnostic = rule(context)
        if diagnostic is not None:
            return diagnostic
    return errors.unexpected(word, found(word), expected(accepted))


def _definition(at: Context) -> Diagnostic | None:
    """Anything but a definition outside of all brackets."""
    if not at.accepted >= DEFINITIONS:
        return None
    wanted = "`use`, `fn`, `block` or `model`"
    help = None
    if at.word.type in STATEMENTS | ELEMENTS | {"LBRACE"}:
        help = "statements stand in the braces of a block or a model"
    return errors.unexpected(at.word, found(at.word), wanted, help=help)


def _rounded(at: Context) -> Diagnostic | None:
    """A count as papers write it, where no count is asserted."""
    if at.word.type != "ROUNDED":
        return None
    value, _ = rounded_of(at.word)
    said = "a count such as 25.6M stands in `expect` alone"
    return errors.malformed_number(at.word, said, f"write {value:_}")


def _number(at: Context) -> Diagnostic | None:
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


def _reserved(at: Context) -> Diagnostic | None:
    """A keyword where something is to be named."""
    word = at.word
    if word.type == "EQUAL" and at.previous.type in KEYWORDS - STATEMENTS - {"IF", "ELSE"}:
        word = at.previous
    else:
        is_named = at.after.type == "EQUAL" or at.accepted <= {"NAME", "RPAR", "LBRACE", "IN"}
        if word.type not in KEYWORDS or "NAME" not in at.accepted or not is_named:
            return None
    what = "a predefined value" if word.type in CONSTANTS else "a keyword"
    return errors.reserved_name(word, what)


# --- expressions ----------------------------------------------------------------------


def _else(at: Context) -> Diagnostic | None:
    """An `else` without `if`, or an `if` in an expression without `else`."""
    if at.word.type == "ELSE":
        is_value = any(word.type in ("LET", "EQUAL") for word in at.statement)
        help = "a value is chosen by `a if condition else b`" if is_value else None
        return errors.unpaired_else(at.word, "this `else` belongs to no `if`", help)
    if "ELSE" not in at.accepted or "RBRACE" in at.accepted or at.word.type in VALUES:
        return None
    for word in reversed(at.before):
        if word.type == "IF":
            help = "both cases have a value: `a if condition else b`"
            return errors.unpaired_else(word, "this `if` has no `else`", help)
    return None


def _comparison(at: Context) -> Diagnostic | None:
    if at.word.type not in COMPARISONS:
        return None
    for word in reversed(at.item):
        if word.type in ("AND", "OR", "NOT", "IF", "ELSE"):
            return None
        if word.type in COMPARISONS:
            return errors.chained_comparison(at.word, word)
    return None


def _chain_as_value(at: Context) -> Diagnostic | None:
    """An arrow where a value is wanted."""
    if at.word.type != "ARROW" or at.previous.type in ("ARROW", "STAR"):
        return None
    head = at.statement[0].type if at.statement else None
    if at.inside == "LPAR":
        opened = at.before.index(at.open[-1])
        callee = at.before[opened - 1].text if opened else ""
        help = "name the chain's result in a line of its own, and hand on the name"
        if not _closes(at.open[-1]):
            last = at.previous.end
            fix = Fix(Span(at.word.source, last, last), ")")
            return errors.unclosed_bracket(at.open[-1], at.word, "a chain goes on here", fix)
        joined = _bracketed(at.open[-1]) if callee in ("add", "concat", "mul") else None
        if callee in ("add", "concat", "mul"):
            line = corrected(joined) if joined else None
            help = f"branches stand in brackets: {line or f'{callee} [ a, b ]'}"
        return errors.chain_in_expression(at.word, "an argument cannot be a chain", help, joined)
    if head == "LET" and len(at.statement) > 1:
        help = "a tensor is named without `let`: x = conv(64, 3) -> relu"
        first, name = at.statement[:2]
        fix = Fix(Span(first.source, first.start, name.start), "")
        message = "`let` names a value, not a chain"
        return errors.chain_in_expression(at.word, message, help, fix)
    if head in ("INPUT", "EXPECT") or any(word.type == "COLON" for word in at.statement):
        help = "begin the chain on the next line"
        return errors.chain_in_expression(at.word, "nothing flows on from here", help)
    return None


def _bracketed(opener: Word) -> Fix | None:
    """Brackets for the parentheses around branches in one line."""
    text = opener.source.text
    depth = 0
    for place in range(opener.start, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if text[place] == "\n":
            return None
        if not depth:
            branches = text[opener.end : place].strip()
            return Fix(Span(opener.source, opener.start, place + 1), f" [ {branches} ]")
    return None


def _closes(opener: Word) -> bool:
    """Whether a parenthesis is closed in its line, or in one that closes more than it opens."""
    depth = 0
    for word in scan(opener.source, missed=[]):
        if word.start >= opener.start:
            depth += (word.type == "LPAR") - (word.type == "RPAR")
            if not depth or (word.text[:1] == "\n" and word.start > opener.start):
                return not depth
    return False


def _count(at: Context) -> Diagnostic | None:
    """A repetition count that is an expression, or that stands in front."""
    if at.word.type == "INTEGER" and at.after.type == "STAR" and at.accepted >= ELEMENTS:
        message = "a count stands behind its layer"
        help = "the count stands behind: conv(64, 3) * 2"
        pattern = rf"{at.word.text}[ \t]*\*[ \t]*(\w+(?:\([^()\n]*\))?)"
        counted = re.compile(pattern).match(at.word.source.text, at.word.start)
        fix = None
        if counted:
            span = Span(at.word.source, *counted.span())
            fix, help = Fix(span, f"{counted[1]} * {at.word.text}"), ""
        return errors.written_differently(at.word, message, help or None, fix)
    times = [word for word in at.item if word.type == "STAR"]
    continues = at.word.type in OPERATORS | {"LPAR"}
    if not times or not continues or at.inside == "LPAR":
        return None
    if at.previous is times[-1] or "ARROW" in at.accepted:
        return errors.long_count(times[-1].to(at.word))
    return None


# --- statements -----------------------------------------------------------------------


def _names(at: Context) -> Diagnostic | None:
    """Elements with commas between them, which begin like `a, b = chain`."""
    kinds = {word.type for word in at.statement}
    commas = [word for word in at.statement if word.type == "COMMA"]
    if not commas or kinds != {"NAME", "COMMA"} or at.inside != "LBRACE":
        return None
    if not at.accepted <= {"NAME", "COMMA", "EQUAL"}:
        return None
    message, help = "a comma joins nothing in braces", "write `->`, or begin a new line"
    return errors.written_differently(commas[0], message, help)


def _unclosed(at: Context) -> Diagnostic | None:
    """What cannot stand in the innermost bracket: its closer was forgotten."""
    if not at.open:
        return None
    if at.word.type in DEFINITIONS and at.after.type in ("NAME", "STRING"):
        return errors.unclosed_bracket(at.open[-1], at.word, "a definition begins here")
    closable = CLOSERS[at.open[-1].type] in at.accepted - {"RBRACE"}
    if at.word.type == "LBRACE" and (closable or at.inside == "LPAR"):
        return errors.unclosed_bracket(at.open[-1], at.word, "braces open here")
    begins = at.word.type in STATEMENTS and "\n" in between(at.previous, at.word)
    if begins and at.inside != "LBRACE":
        return errors.unclosed_bracket(at.open[-1], at.word, "a statement begins here")
    return None


def _dangling(at: Context) -> Diagnostic | None:
    """A sign that wants something behind it, before a bracket closes or the file ends."""
    last = at.previous
    ends_body = at.word.type == "RBRACE" and "\n" in between(last, at.word)
    if last.type not in OPERATORS | {"ARROW", "EQUAL", "COLON"} and not ends_body:
        return None
    if at.word.type not in ("RBRACE", "RPAR", "RSQB", END) and "\n" not in between(last, at.word):
        return None
    wanted = f"{expected(at.accepted)} behind `{errors.shown(last.text)}`"
    return errors.unexpected(last, found(at.word), wanted)


def _path(at: Context) -> Diagnostic | None:
    if at.previous.type != "USE" or at.word.type != "NAME":
        return None
    return errors.unexpected(
        at.word, found(at.word), "a string", help='write the path in quotes: use "blocks.cnn"'
    )


def _line(at: Context) -> Diagnostic | None:
    """A line that goes on where nothing says so."""
    if at.word.text == "\n" and at.after.type == "LBRACE" and "LBRACE" in at.accepted:
        message = "`{` stands on the line of what it belongs to"
        return errors.broken_line(at.after, message, "put it at the end of the line above")
    begins = at.previous.text == "\n" and at.previous.type in ("NEWLINE", "COMMA")
    if not begins or at.word.type not in OPERATORS | {"COLON", "AS", "EQUAL"}:
        return None
    message = f"a line cannot begin with `{at.word.text}`"
    return errors.broken_line(at.word, message, "put it at the end of the line above")


def _separator(at: Context) -> Diagnostic | None:
    """Two items, elements or statements with nothing between them."""
    word = at.word
    if at.inside in ("LPAR", "LSQB") and "COMMA" in at.accepted and word.type in VALUES:
        labels = (Label(at.open[-1], "in these brackets"),)
        help = None
        if at.previous.type == "NAME" and word.type in LITERALS and at.inside == "LPAR":
            name, value = errors.shown(at.previous.text, 20), errors.shown(word.text, 20)
            help = f"a named argument is written {name} = {value}"
        fix = None
        if help is None and (word.type in ("HERE", "IN") or word.type in LITERALS):
            fix = Fix(Span(word.source, at.previous.end, at.previous.end), ",")
        return errors.missing_separator(word, "no `,` in front of this", labels, help, fix)
    if "ARROW" in at.accepted and word.type in LITERALS and at.previous.type == "NAME":
        fix = python_forms.bare_arguments(at)
        return errors.missing_separator(word, "arguments without parentheses", (), None, fix)
    if "ARROW" in at.accepted and word.type == "COMMA":
        message = "a comma joins nothing in braces"
        rest = word.source.text[word.end :].partition("\n")[0].strip()
        fix = Fix(word, "" if not rest or rest[0] == "#" else " ->")
        return errors.written_differently(word, message, "write `->`, or begin a new line", fix)
    if "ARROW" in at.accepted and word.type in ELEMENTS | {"LBRACE"}:
        message = "neither `->` nor a new line in front of this"
        return errors.missing_separator(word, message, (), None)
    if "NEWLINE" in at.accepted and word.type in STATEMENTS | DEFINITIONS | ELEMENTS:
        what = "definition" if word.type in DEFINITIONS else "statement"
        message = f"a {what} begins on a line of its own"
        return errors.missing_separator(word, message, (), None)
    return None


_RULES = (
    bodies.asserted,
    bodies.varied,
    bodies.ended,
    bodies.layer,
    bodies.image,
    bodies.parameter,
    bodies.merged,
    bodies.summed,
    python_forms.header,
    python_forms.inner_definition,
    _unclosed,
    misplaced.labelled,
    misplaced.route,
    sizes.tuples,
    python_forms.dotted,
    python_forms.called,
    python_forms.otherwise,
    python_forms.typed,
    python_forms.quoted,
    python_forms.squared,
    heads.definition,
    python_forms.body,
    python_forms.text,
    python_forms.method,
    misplaced.stage,
    misplaced.headed,
    misplaced.order,
    misplaced.twice_named,
    misplaced.value,
    loose_lines.kept,
    misplaced.image,
    misplaced.mapping,
    misplaced.outside,
    misplaced.bullet,
    _names,
    foreign.sign,
    loose_lines.loose,
    _line,
    _count,
    foreign.comment,
    _rounded,
    _number,
    foreign.equals_or_colon,
    _reserved,
    foreign.comprehension,
    _else,
    foreign.word,
    _definition,
    _comparison,
    _chain_as_value,
    foreign.tensor_arithmetic,
    foreign.function_body,
    foreign.function_statement,
    foreign.function_end,
    _path,
    foreign.tolerance,
    _separator,
    _dangling,
)
