"""Values and targets as documents: which is broken first, and which gets parentheses."""

from __future__ import annotations

from cnndsl.targets.python.document import (
    CUT,
    SOFT,
    Best,
    Comment,
    Doc,
    Group,
    Indent,
    Only,
    Parenthesized,
)
from cnndsl.targets.python.inline import inline, is_bare_target, wraps_base, wraps_operand
from cnndsl.targets.python.layout import items, layout
from cnndsl.targets.python.parentheses import Needs, can_omit, has_brackets, needs
from cnndsl.targets.python.places import INSIDE, NOWHERE
from cnndsl.targets.python.tree import (
    Attribute,
    Call,
    Constant,
    Dict,
    Expr,
    Formatted,
    Item,
    ListOf,
    Name,
    Tuple,
    Unary,
)

VALUE, TARGET, _OTHER = 1, 2, 3  # the groups of a statement


def at_end(value: Expr, note: Comment | None) -> Doc:
    """The value at the end of a statement; the comment behind what has no brackets goes with it
    into its parentheses."""
    if note is None:
        return in_parentheses(value)
    if not _is_word(value):
        return [in_parentheses(value), CUT, note]
    inside = Parenthesized([inline(value), Only(note)], VALUE)
    return [inside, CUT, Only(note, VALUE, flat=True)]


def _is_word(value: Expr) -> bool:
    """Names, numbers and strings: what nothing can break."""
    if isinstance(value, Constant):
        return value.kind != "ellipsis"
    return isinstance(value, Name | Formatted)


def in_parentheses(value: Expr, id: int = VALUE) -> Doc:
    """A value with the parentheses that it needs to be broken, or to fit."""
    match needs(value):
        case Needs.NEVER:
            return layout(value, NOWHERE)
        case Needs.IF_IT_HELPS:
            return Parenthesized(layout(value, id), id)
    return wrapped_if_broken(value, id)


def wrapped_if_broken(value: Expr, id: int = VALUE) -> Doc:
    return if_broken(layout(value, id if can_omit(value) else INSIDE), id)


def if_broken(content: Doc, id: int) -> Doc:
    """Content on lines of its own in parentheses, if it does not fit without."""
    return Group([Only("("), Indent([SOFT, content], id), SOFT, Only(")")], id)


def tuple_if_broken(value: Expr, id: int = _OTHER) -> Doc:
    return if_broken(items(value) if isinstance(value, Tuple) else layout(value, INSIDE), id)


def right_first(
    before: Doc, op: str, value: Expr, note: Comment | None, content: Doc | None = None
) -> Doc:
    """A target that may be broken itself, which is tried after its value: `before op value`.

    `content` is the value's document where it is known already.
    """
    behind: Doc = [] if note is None else [CUT, note]
    is_chain = isinstance(value, Attribute | Item | Call) and needs(value) is Needs.IF_IT_HELPS
    if content is not None or not (is_chain or _is_word(value)):
        found = in_parentheses(value) if content is None else content
        return [before, CUT, op, CUT, found, behind]
    plain = layout(value, NOWHERE)
    inside: Doc = "" if note is None or is_chain else note
    head: Doc = [before, CUT, op, CUT]
    alone: Doc = ["(", Group([Indent([SOFT, plain, inside]), SOFT], expands=True), ")"]
    variants: list[Doc] = [[head, plain, inside]]
    if is_chain:
        variants.append([head, Group(plain, expands=True)])
    variants.append([head, alone])
    variants.append([Group(before, expands=True), CUT, op, CUT, plain, inside])
    end: Doc = "" if note is None else [CUT, note if is_chain else ""]
    return [Best(variants), end]


def last_target(bound: Expr) -> Doc:
    """The last target."""
    return tuple_if_broken(bound, TARGET) if is_bare_target(bound) else declared(bound)


def declared(bound: Expr) -> Doc:
    if has_brackets(bound) or _breaks_inside(bound):
        return layout(bound, NOWHERE)
    return wrapped_if_broken(bound, TARGET)


def middle_target(bound: Expr) -> Doc:
    """A target between others."""
    if is_bare_target(bound):
        return tuple_if_broken(bound)
    if has_brackets(bound) or _breaks_inside(bound):
        return layout(bound, NOWHERE)
    return if_broken(layout(bound, INSIDE), _OTHER)


def _breaks_inside(bound: Expr) -> bool:
    """Whether an attribute is one of something in brackets: `self.units[0].name`."""
    while isinstance(bound, Attribute):
        if wraps_base(bound) or has_brackets(bound.base):
            return True
        bound = bound.base
    return False


def can_split(annotation: Expr) -> bool:
    """Whether an annotation has a place to break, without parentheses around it."""
    match annotation:
        case Attribute():
            return wraps_base(annotation) or can_split(annotation.base)
        case Unary():
            return wraps_operand(annotation) or can_split(annotation.operand)
        case Call():
            return bool(annotation.args or annotation.keywords) or wraps_base(annotation)
        case Tuple() | ListOf() | Dict():
            return bool(annotation.items)
    return not _is_word(annotation) and annotation != Constant(...)
