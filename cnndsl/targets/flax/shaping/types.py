"""Annotations as trees: of values, and what fits several types.

The type of a tuple says those of all its items, `tuple[int, int, bool]`, until `readable`
shortens it. An unknown type is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.targets.python.expressions import NONE, path
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Constant,
    Expr,
    Item,
    ListOf,
    Name,
    Part,
    Tuple,
)

BOOL, INT, FLOAT, STR = Name("bool"), Name("int"), Name("float"), Name("str")
ARRAY = path("jax.Array")
CALLABLE = Item(Name("Callable"), Tuple((ListOf((ARRAY,)), ARRAY)))
INITIALIZER = path("nnx.Initializer")
LAYER = Name("Callable")  # that is an argument: a function, or what builds a module
ANY = Name("Any")
LIST = path("nnx.List")
PARTS = Item(Name("list"), ARRAY)  # of a tensor, or several
RESULTS = Item(Name("dict"), Tuple((STR, ARRAY)))

_PLAIN: dict[type, Expr] = {bool: BOOL, int: INT, float: FLOAT, str: STR}
_MORE = Constant(...)
_MOST_COLUMNS = 8  # of a row whose items differ


def type_of(values: Iterable[object]) -> Expr:
    """The annotation that fits all of some values; that of layers and numbers says nothing."""
    kinds = list(map(type_of_value, values))
    if LAYER in kinds and set(kinds) - {LAYER, NONE}:
        return ANY
    return readable(union(kinds))


def type_of_value(value: object) -> Expr:
    if value is None:
        return NONE
    if isinstance(value, (list, tuple)):
        return tuple_of(list(map(type_of_value, value)))
    if isinstance(value, Part):
        return INITIALIZER if _is_initializer(value) else LAYER
    return _PLAIN.get(type(value), Name("object"))


def _is_initializer(value: Part) -> bool:
    if isinstance(value, Call):
        return any(map(_is_initializer, (value.function, *value.args)))
    if isinstance(value, Attribute):
        return value.base == path("nnx.initializers")
    return value in (Name("he_normal"), Name("dirac"))


# --- tuples and lists -----------------------------------------------------------------


def tuple_of(items: Sequence[Expr]) -> Expr:
    return Item(Name("tuple"), Tuple(tuple(items)))


def open_tuple(item: Expr) -> Expr:
    """`tuple[item, ...]`"""
    return tuple_of((item, _MORE))


def columns(kind: Expr) -> tuple[Expr, ...] | None:
    """The types of a tuple's items, where each has one of its own."""
    match kind:
        case Item(base=Name(id="tuple"), index=Tuple(items=items)) if items[-1:] != (_MORE,):
            return items
    return None


def item_of(kind: Expr) -> Expr | None:
    """The type of all items of a tuple or list."""
    match kind:
        case Item(base=Name(id="tuple"), index=Tuple(items=(item, Constant(value=value)))) if (
            value is ...
        ):
            return item
        case Item(base=Name(id="tuple"), index=Tuple(items=items)) if items:
            return union(items)
        case Item(base=base, index=index) if base in (LIST, Name("list")):
            return index
        case Name(id="str"):
            return STR
    return None


def is_module(kind: Expr) -> bool:
    """Whether a type is a class of modules."""
    match kind:
        case Name(id=name):
            return name[0].isupper()
        case Attribute(base=Name(id="nnx"), name=name):
            return kind != LIST
    return False


def list_of(item: Expr) -> Expr:
    """`nnx.List[item]`"""
    return Item(LIST, item)


def _is_tuple(kind: Expr) -> bool:
    return isinstance(kind, Item) and kind.base == Name("tuple")


# --- several types --------------------------------------------------------------------


def union(types: Iterable[Expr]) -> Expr:
    """What fits all of some types; None comes last, a float is an int's too, and a function of
    a tensor a module's."""
    found: list[Expr] = list(dict.fromkeys(m for kind in types for m in members(kind)))
    if FLOAT in found and INT in found:
        found = [FLOAT if kind == INT else kind for kind in found if kind != FLOAT]
    tuples = [kind for kind in found if _is_tuple(kind)]
    if len(tuples) > 1:
        whole = _one_tuple(tuples)
        found = [whole if kind == tuples[0] else kind for kind in found if kind not in tuples[1:]]
    if CALLABLE in found:  # as modules are
        found = [kind for kind in found if not is_module(kind)]
    found.sort(key=lambda kind: kind == NONE)
    if not found:
        return NONE
    whole = found[0]
    for kind in found[1:]:
        whole = Binary("|", whole, kind)
    return whole


def members(kind: Expr) -> list[Expr]:
    """The types of which each is enough."""
    if isinstance(kind, Binary):
        return [*members(kind.left), *members(kind.right)]
    return [kind]


def _one_tuple(types: Sequence[Expr]) -> Expr:
    """Item by item where all are as long, else one type for all items."""
    rows = [columns(kind) for kind in types]
    first = rows[0]
    if first is not None and all(row is not None and len(row) == len(first) for row in rows):
        pairs = zip(*(row for row in rows if row is not None), strict=True)
        return tuple_of([union(held) for held in pairs])
    items = [item for kind in types if (item := item_of(kind)) is not None]
    return open_tuple(union(items))


def fits(kind: Expr, declared: Expr) -> bool:
    """Whether a checker takes a value of a type where another type is declared."""
    allowed = members(declared)
    return all(any(_fits(one, other) for other in allowed) for one in members(kind))


def _fits(kind: Expr, declared: Expr) -> bool:
    if kind == declared or declared == Name("object"):
        return True
    if (kind in (BOOL, INT) and declared in (INT, FLOAT)) or declared == CALLABLE:
        return True
    if not (_is_tuple(kind) and _is_tuple(declared)):
        return False
    ours, theirs = columns(kind), columns(declared)
    if theirs is None:
        item = item_of(declared)
        held = item_of(kind)
        return item is None or held is None or fits(held, item)
    return ours is not None and len(ours) == len(theirs) and all(map(fits, ours, theirs))


# --- how a type is written ------------------------------------------------------------


def readable(kind: Expr, *, is_row: bool = False) -> Expr:
    """The type as an annotation: `tuple[int, ...]` for any number of items of one type; pairs,
    and rows of a table of which each item has its own meaning, stay as long as they are."""
    if isinstance(kind, Binary):
        return union([readable(member, is_row=is_row) for member in members(kind)])
    if not isinstance(kind, Item):
        return kind
    items = columns(kind)
    if items is None:
        inner = item_of(kind)
        return kind if inner is None else _with_item(kind, inner)
    if not items:
        return Name("tuple")
    shared = union(items)
    is_mixed = len(set(items)) > 1 if is_row else len(members(shared)) > 1
    is_fixed = is_mixed or len(items) == 2
    if is_fixed and len(items) <= _MOST_COLUMNS and not all(map(_is_tuple, items)):
        return tuple_of([readable(item, is_row=True) for item in items])
    return open_tuple(readable(shared, is_row=True))


def _with_item(kind: Item, item: Expr) -> Expr:
    if _is_tuple(kind):
        return open_tuple(readable(item, is_row=True))
    return Item(kind.base, readable(item))
