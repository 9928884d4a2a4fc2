"""Expressions as documents: where each may be broken, in ruff's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cnndsl.targets.python.document import HARD, SOFT, SPACE, Doc, Group, Indent, Only
from cnndsl.targets.python.inline import (
    ANY,
    BRACKETS,
    LEFT,
    OR,
    RIGHT,
    UNION,
    base,
    inline,
    is_bare_index,
    is_bare_target,
    is_lone_generator,
    is_tight,
    level,
    slice_colons,
    wraps_base,
    wraps_operand,
)
from cnndsl.targets.python.parentheses import is_fluent, rank
from cnndsl.targets.python.places import (
    INSIDE,
    NOWHERE,
    brackets,
    group,
    line_end,
    sequence,
    tight_line_end,
)
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Item,
    Keyword,
    ListOf,
    Slice,
    Star,
    Tuple,
    Unary,
)

_OPERAND = tuple[Expr, bool]  # and whether it stands in parentheses


def layout(expr: Expr, place: int) -> Doc:
    """An expression with all its places to break."""
    make = _LAYOUT.get(type(expr))
    return inline(expr) if make is None else make(expr, place)


def wrapped(expr: Expr, is_wrapped: bool, place: int) -> Doc:
    if not is_wrapped:
        return layout(expr, place)
    return brackets("(", layout(expr, INSIDE), ")", place)


def entry(expr: Expr) -> Doc:
    """One of several items: a picture in a string, too long for a line, stands on several."""
    if not isinstance(expr, Constant) or not isinstance(expr.value, str):
        return layout(expr, INSIDE)
    text, size = expr.value, len(expr.value)
    if size < _LONG or not _PICTURE.fullmatch(text):
        return inline(expr)
    count = -(-size // _LONG)
    step = -(-size // count)
    rows: list[Doc] = []
    for start in range(0, size, step):
        rows += [HARD, f'"{text[start : start + step]}"']
    return Group([Only(inline(expr), flat=True), Only(["(", Indent(rows), HARD, ")"])])


_LONG = 64  # characters of a row
_PICTURE = re.compile(r"[\w.]+", re.ASCII)


# --- brackets -------------------------------------------------------------------------


def _tuple(expr: Tuple, place: int) -> Doc:
    if not expr.items:
        return "()"
    return brackets("(", items(expr), ")", place)


def items(expr: Tuple, place: int = INSIDE) -> Doc:
    """The items of a tuple without its brackets; one alone keeps its comma."""
    entries = [entry(item) if place == INSIDE else layout(item, place) for item in expr.items]
    return [entries[0], ","] if len(entries) == 1 else sequence(entries)


def _list(expr: ListOf, place: int) -> Doc:
    if not expr.items:
        return "[]"
    return brackets("[", sequence([entry(item) for item in expr.items]), "]", place)


def _dict(expr: Dict, place: int) -> Doc:
    if not expr.items:
        return "{}"
    return brackets("{", sequence([_entry(key, value) for key, value in expr.items]), "}", place)


def _entry(key: Expr | None, value: Expr) -> Doc:
    if key is None:
        return Group(["**", wrapped(value, level(value) < UNION, INSIDE)])
    return Group([layout(key, INSIDE), ": ", layout(value, INSIDE)])


def _comprehension(expr: Comprehension, place: int) -> Doc:
    left, right = BRACKETS[expr.kind]
    return brackets(left, Group(_clauses(expr)), right, place)


def _clauses(expr: Comprehension) -> Doc:
    element = layout(expr.element, INSIDE)
    if expr.key is None:
        head: Doc = Group(element)
    else:
        head = [Group(layout(expr.key, INSIDE)), ": ", element]
    iterable = wrapped(expr.iterable, level(expr.iterable) < OR, INSIDE)
    return [head, SPACE, "for ", _bound(expr.target), " in ", iterable]


def _bound(expr: Expr) -> Doc:
    if not isinstance(expr, Tuple) or not is_bare_target(expr):
        return layout(expr, INSIDE)
    entries: list[Doc] = []
    for item in expr.items:
        entries += [layout(item, INSIDE), ", "]
    return entries[:-1]


def arguments(args: Sequence[Expr], keywords: Sequence[Keyword], place: int) -> list[Doc]:
    """The arguments of a call in their parentheses: on one line of their own if they fit there."""
    entries = [entry(arg) for arg in args] + [_keyword(word) for word in keywords]
    return brackets("(", Group(sequence(entries)), ")", place) if entries else ["()"]


def _keyword(word: Keyword) -> Doc:
    if word.name is None:
        return ["**", wrapped(word.value, level(word.value) < UNION, INSIDE)]
    return [f"{word.name}=", layout(word.value, INSIDE)]


# --- chains ---------------------------------------------------------------------------


def _chain(expr: Attribute | Item | Call, place: int) -> Doc:
    """Attributes, indices and calls behind one another; a fluent chain is broken at its dots."""
    links: list[Attribute | Item | Call] = []
    current: Expr = expr
    is_wrapped = False
    while isinstance(current, Attribute | Item | Call) and not is_wrapped:
        links.append(current)
        is_wrapped, current = wraps_base(current), base(current)
    fluent = place != NOWHERE and is_fluent(expr)
    found: list[Doc] = [wrapped(current, is_wrapped, place)]
    may_break = is_wrapped
    for link in reversed(links):
        if isinstance(link, Attribute):
            found += [SOFT, f".{link.name}"] if fluent and may_break else [f".{link.name}"]
        elif isinstance(link, Item):
            found += brackets("[", _index(link.index), "]", place)
        else:
            found += _arguments(link, place)
        may_break = not isinstance(link, Attribute)
    return Group(found) if fluent else found


def _index(index: Expr) -> Doc:
    if not isinstance(index, Tuple) or not is_bare_index(index):
        return layout(index, INSIDE)
    return items(index) if len(index.items) == 1 else Group(items(index))


def _arguments(call: Call, place: int) -> list[Doc]:
    generator = call.args[0] if is_lone_generator(call) else None
    if isinstance(generator, Comprehension):
        return brackets("(", Group(_clauses(generator)), ")", place)
    return arguments(call.args, call.keywords, place)


# --- operators ------------------------------------------------------------------------


def _unary(expr: Unary, place: int) -> Doc:
    sign = "not " if expr.op == "not" else expr.op
    return [sign, wrapped(expr.operand, wraps_operand(expr), place)]


def _star(expr: Star, place: int) -> Doc:
    return ["*", wrapped(expr.value, level(expr.value) < UNION, place)]


def _slice(expr: Slice, place: int) -> Doc:
    start, stop, step = (
        "" if part is None else layout(part, place) for part in (expr.start, expr.stop, expr.step)
    )
    before, after, second = slice_colons(expr)
    return [start, before, stop, after, second, step]


def _conditional(expr: Conditional, place: int) -> Doc:
    found: list[Doc] = []
    current: Expr = expr
    while isinstance(current, Conditional):  # an `else` of another one is broken with it
        then = wrapped(current.then, level(current.then) < OR, place)
        test = wrapped(current.test, level(current.test) < OR, place)
        found += [then, line_end(place), "if ", test, line_end(place), "else "]
        current = current.other
    found.append(group(layout(current, place), place))
    return group(found, place)


def _binary(expr: Binary, place: int) -> Doc:
    operands, ops = _flattened(expr)
    return group(_split(operands, ops, place), place)


def _flattened(expr: Binary) -> tuple[list[_OPERAND], list[str]]:
    """The operands outside parentheses in order, and the operators between them."""
    operands: list[_OPERAND] = []
    ops: list[str] = []
    stack: list[tuple[Expr, int] | str] = [(expr, ANY)]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            ops.append(top)
            continue
        current, least = top
        is_wrapped = level(current) < least
        if isinstance(current, Binary) and not is_wrapped:
            op = current.op
            stack += [(current.right, RIGHT[op]), op, (current.left, LEFT[op])]
        else:
            operands.append((current, is_wrapped))
    return operands, ops


def _split(operands: list[_OPERAND], ops: list[str], place: int) -> Doc:
    """Operands broken at the loosest operators; what stands between these keeps together."""
    if not ops:
        return wrapped(*operands[0], place)
    loosest = max(map(rank, ops))
    found: list[Doc] = []
    start = 0
    for position, op in enumerate(ops):
        if rank(op) != loosest:
            continue
        found.append(_kept(operands[start : position + 1], ops[start:position], place))
        (left, is_left_wrapped), (right, is_right_wrapped) = operands[position : position + 2]
        if op == "**" and not (is_left_wrapped or is_right_wrapped) and is_tight(left, right):
            space = Only(" ", max(place, 0)) if place else ""
            found += [tight_line_end(place), op, space]
        else:
            found += [line_end(place), f"{op} "]
        start = position + 1
    found.append(_kept(operands[start:], ops[start:], place))
    return found


def _kept(operands: list[_OPERAND], ops: list[str], place: int) -> Doc:
    content = _split(operands, ops, place)
    return group(content, place) if ops else content


_LAYOUT: dict[type, Callable[..., Doc]] = {
    Tuple: _tuple,
    ListOf: _list,
    Dict: _dict,
    Comprehension: _comprehension,
    Attribute: _chain,
    Item: _chain,
    Call: _chain,
    Unary: _unary,
    Star: _star,
    Slice: _slice,
    Conditional: _conditional,
    Binary: _binary,
}
