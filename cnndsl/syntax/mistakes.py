"""Unexpected words to diagnostics that teach: rules in order, the first that knows wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.source import Span
from cnndsl.syntax import (
    bodies,
    counts,
    foreign,
    heads,
    lets,
    misplaced,
    mistaken_values,
    openings,
    python_bodies,
    python_forms,
    sizes,
    sums,
    variants,
)
from cnndsl.syntax.context import Context, surroundings
from cnndsl.syntax.expected import (
    DEFINITIONS,
    ELEMENTS,
    LITERALS,
    STATEMENTS,
    VALUES,
    expected,
    found,
)
from cnndsl.syntax.layout import CLOSERS, OPERATORS, between
from cnndsl.syntax.parts import closed
from cnndsl.syntax.ported.meaning import op_spelt
from cnndsl.syntax.scan import Word


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
    above = Span(at.word.source, at.before[-2].end if len(at.before) > 1 else 0, at.word.start)
    fix = Fix(above, "" if at.word.type == "DOT" else " ") if not above.text.strip() else None
    return errors.broken_line(at.word, message, "put it at the end of the line above", fix)


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
        tensors = at.inside == "LSQB" and _are_tensors(at.previous, word)
        tensors |= at.inside == "LPAR" and at.after.type == "EQUAL"
        if help is None and (word.type in ("HERE", "IN") or word.type in LITERALS or tensors):
            fix = _commas(at)
        return errors.missing_separator(word, "no `,` in front of this", labels, help, fix)
    times = _TIMES.match(word.source.text, word.start)
    if "STAR" in at.accepted and word.type == "NAME" and times:
        fix = Fix(Span(word.source, *times.span()), f"* {times[1] or times[2]}")
        return errors.written_differently(word, "a count stands behind `*`", None, fix)
    if "ARROW" in at.accepted and word.type in LITERALS and at.previous.type == "NAME":
        fix = python_forms.bare_arguments(at)
        return errors.missing_separator(word, "arguments without parentheses", (), None, fix)
    if "ARROW" in at.accepted and word.type == "COMMA":
        message = "a comma joins nothing in braces"
        rest = word.source.text[word.end :].partition("\n")[0]
        axis = re.match(r"\s*(?:(?:axis|dim)\s*=\s*)?-?\d+(?=\s*(?:->|#|\}|$))", rest)
        if at.previous.type == "RSQB" and axis:  # of a merge, which is that of the channels
            fix = Fix(Span(word.source, word.start, word.end + axis.end()), "")
            help = "leave it out: channels are joined, and other tensors added place by place"
            return errors.written_differently(word, message, help, fix)
        rest = rest.strip()
        fix = Fix(word, "" if not rest or rest[0] == "#" else " ->")
        return errors.written_differently(word, message, "write `->`, or begin a new line", fix)
    if "ARROW" in at.accepted and word.type in ELEMENTS | {"LBRACE"}:
        message = "neither `->` nor a new line in front of this"
        space = Span(word.source, at.previous.end, word.start)
        if at.after.type == "EQUAL" or _is_named(at.statement):
            help = f"begin a new line with `{errors.shown(word.text, 30)}`"
            return errors.missing_separator(word, message, (), help, Fix(space, "\n"))
        joined = Fix(space, " -> ")
        fix = joined if op_spelt(word.text) == word.text and at.inside == "LBRACE" else None
        return errors.missing_separator(word, message, (), None, fix)
    if "NEWLINE" in at.accepted and word.type in STATEMENTS | DEFINITIONS | ELEMENTS:
        what = "definition" if word.type in DEFINITIONS else "statement"
        message = f"a {what} begins on a line of its own"
        return errors.missing_separator(word, message, (), None)
    return None


def _commas(at: Context) -> Fix:
    """A comma in front of a word, and of other named arguments behind it in its parentheses."""
    text, start = at.word.source.text, at.previous.end
    end = closed(text, at.open[-1].start) or at.word.end
    named = r"(?<=[\w)\]\"])[ \t]+(?=\w+[ \t]*=(?!=))"
    if at.after.type != "EQUAL" or "\n" in text[start:end]:
        return Fix(Span(at.word.source, start, start), ",")
    return Fix(Span(at.word.source, start, end), "," + re.sub(named, ", ", text[start:end]))


def _is_named(statement: Sequence[Word]) -> bool:
    """Whether words are `x = here`, behind which a statement of its own begins."""
    kinds = [word.type for word in statement]
    return kinds in (["NAME", "EQUAL", "HERE"], ["NAME", "EQUAL", "IN"])


def _are_tensors(*words: Word) -> bool:
    """Whether lines name tensors so: `concat [ a b ]`."""
    text = words[0].source.text
    named = r"^[ \t]*{0}[ \t]*=(?!=)|\bas[ \t]+{0}\b"
    return all(
        word.type in ("HERE", "IN")
        or (word.type == "NAME" and re.search(named.format(word.text), text, re.MULTILINE))
        for word in words
    )


_TIMES = re.compile(r"x(?:[ \t]*(\d+)|[ \t]+(\w+)(?=[ \t]*(?:->|#|\}|\n)))\b")
_RULES = (
    heads.numbered,
    openings.named,
    bodies.asserted,
    variants.varied,
    bodies.ended,
    bodies.image,
    bodies.parameter,
    bodies.merged,
    counts.walked,
    counts.repeated,
    counts.named_within,
    python_bodies.header,
    python_bodies.inner_definition,
    python_forms.function,
    _unclosed,
    mistaken_values.figure,
    mistaken_values.brief,
    misplaced.labelled,
    misplaced.route,
    sizes.tuples,
    python_forms.dotted,
    python_forms.called,
    python_forms.typed,
    python_forms.squared,
    heads.definition,
    python_bodies.body,
    python_forms.text,
    python_forms.method,
    openings.stage,
    openings.headed,
    misplaced.order,
    openings.twice_named,
    lets.value,
    python_bodies.chosen,
    misplaced.kept,
    misplaced.image,
    misplaced.outside,
    misplaced.bullet,
    misplaced.constant,
    _names,
    foreign.sign,
    _line,
    counts.count,
    mistaken_values.identity,
    foreign.comment,
    mistaken_values.rounded,
    mistaken_values.number,
    foreign.equals_or_colon,
    heads.reserved,
    foreign.comprehension,
    _else,
    foreign.word,
    _definition,
    mistaken_values.comparison,
    mistaken_values.chain_as_value,
    sums.tensor_arithmetic,
    foreign.function_body,
    foreign.function_statement,
    foreign.function_end,
    _path,
    foreign.tolerance,
    _separator,
    mistaken_values.dangling,
)
