"""What a checker makes of the expressions of a module: the types of values and of what they hold.

A type is an annotation as a tree; None where nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cnndsl.targets.flax.shaping.growing import Growing, Type, finished
from cnndsl.targets.flax.shaping.types import (
    ARRAY,
    BOOL,
    CALLABLE,
    FLOAT,
    INT,
    LIST,
    PARTS,
    RESULTS,
    STR,
    columns,
    item_of,
    members,
    open_tuple,
    tuple_of,
    union,
)
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Expr,
    Formatted,
    Item,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
    Unary,
)

_KINDS: dict[str, Expr] = {"bool": BOOL, "int": INT, "float": FLOAT, "str": STR, "NoneType": NONE}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"})
_INTEGERS = frozenset({"len", "int", "round", "math.ceil", "math.floor", "math.prod"})
_FLOATS = frozenset({"float", "math.sqrt", "math.log", "math.exp", "math.log2"})
_SAME = frozenset({"min", "max", "abs", "sum"})


@dataclass
class Definitions:
    """What the names of a module stand for."""

    made: dict[str, Expr] = field(default_factory=dict)  # by what is called: what it gives
    held: dict[str, Expr] = field(default_factory=dict)  # tables and constants
    attributes: dict[str, dict[str, Expr]] = field(default_factory=dict)  # of classes
    inputs: dict[str, int] = field(default_factory=dict)  # how many a call of a module takes
    called: dict[str, Expr] = field(default_factory=dict)  # by class: what its instances give


class Variables:
    """The types of a function's variables, and of the attributes that it sets."""

    def __init__(self, module: Definitions, known: Mapping[str, Type] | None = None):
        self.module = module
        self.types: dict[str, Type] = dict(known or {})  # attributes as `self.name`
        self.made: dict[str, Expr] = {}  # by partial of the function: what it gives
        self.listed = ARRAY  # what lists of the call hold; those of a constructor hold channels

    # --- statements -------------------------------------------------------------------

    def bind(self, target: Expr, kind: Type) -> None:
        """A variable or attribute is given a value of a type."""
        if isinstance(target, Tuple):
            held = finished(kind)
            items = columns(held) if held is not None else None
            if items is None or len(items) != len(target.items):
                item = None if held is None else item_of(held)
                items = None if item is None else (item,) * len(target.items)
            for number, inner in enumerate(target.items):
                self.bind(inner, None if items is None else items[number])
        elif (key := key_of(target)) is not None:
            self.types[key] = kind

    # --- expressions ------------------------------------------------------------------

    def infer(self, expr: Expr) -> Type:
        """The type of an expression."""
        match expr:
            case Constant():
                return _KINDS.get(expr.kind)
            case Formatted():
                return STR
            case Name() | Attribute():
                return self._held(expr)
            case Tuple():
                return self._tuple(expr)
            case ListOf() | Comprehension(kind="list"):
                return Item(Name("list"), self.listed)
            case Conditional():
                return self._conditional(expr)
            case Unary():
                return BOOL if expr.op == "not" else self.infer(expr.operand)
            case Binary():
                return self._binary(expr)
            case Item():
                return self._item(expr)
            case Call(function=Name(id="freeze" | "WeightNorm" | "ScaledWeight" | "SpectralNorm")):
                return CALLABLE
            case Call():
                return self._call(expr)
        return None

    def _held(self, expr: Name | Attribute) -> Type:
        key = key_of(expr)
        if key is not None and key in self.types:
            return self.types[key]
        if isinstance(expr, Attribute):
            return CALLABLE if expr.base == Name("nnx") and expr.name.islower() else None
        if expr.id in self.module.held:
            return self.module.held[expr.id]
        return CALLABLE if self.module.made.get(expr.id) == ARRAY else None

    def _conditional(self, expr: Conditional) -> Type:
        """One of two; what is compared with None is not None in one of them."""
        then, other = finished(self.infer(expr.then)), finished(self.infer(expr.other))
        match expr.test:
            case Binary(op="is", left=left, right=right) if right == NONE and left == expr.other:
                other = _given(other)
            case Binary(op="is not", left=left, right=right) if right == NONE and left == expr.then:
                then = _given(then)
        return Growing([then, other]).item()

    def _either(self, options: Iterable[Expr]) -> Type:
        return Growing([self.infer(option) for option in options]).item()

    def _tuple(self, expr: Tuple) -> Type:
        found: list[Expr | None] = []
        for item in expr.items:
            if isinstance(item, Star):
                held = finished(self.infer(item.value))
                kinds = None if held is None else columns(held)
                if kinds is None:
                    each = self._items(expr)
                    return None if each is None else open_tuple(each)
                found += kinds
            else:
                found.append(finished(self.infer(item)))
        known = [kind for kind in found if kind is not None]
        return tuple_of(known) if len(known) == len(found) else None

    def _binary(self, expr: Binary) -> Type:
        if expr.op in _COMPARISONS:
            return BOOL
        if expr.op == "*" and isinstance(expr.left, Tuple):
            item = self._items(expr.left)
            return None if item is None else open_tuple(item)
        sides = [finished(self.infer(side)) for side in (expr.left, expr.right)]
        if expr.op in ("and", "or"):
            return Growing([*sides]).item()
        if ARRAY in sides:  # whatever number the other is
            return ARRAY
        both = Growing(
            [_given(side) for side in sides]
        ).item()  # what is computed with is never None
        if expr.op == "/" and both in (INT, FLOAT, BOOL):
            return FLOAT
        return INT if both == BOOL else both

    def _item(self, expr: Item) -> Type:
        held = finished(self.infer(expr.base))
        if held is None:
            return None
        if isinstance(expr.index, Slice):
            item = item_of(held)
            return open_tuple(item) if item is not None and columns(held) else held
        items = columns(held)
        match expr.index:
            case Constant(value=int(at)) if items is not None and -len(items) <= at < len(items):
                return items[at]
        return item_of(held)

    def _call(self, expr: Call) -> Type:
        if expr.function == LIST:
            return self._list(expr)
        made = callee_of(expr, self)
        if made is not None:
            return made
        if isinstance(expr.function, Attribute) and expr.function.name == "endpoints":
            return RESULTS
        module = finished(self.infer(expr.function))
        if isinstance(module, Name) and module.id in self.module.called:
            return self.module.called[module.id]
        name = _dotted(expr.function)
        if name == "jnp.split":
            return PARTS
        if name in _INTEGERS and len(expr.args) == 1:
            return INT
        if name in _FLOATS or name == "round":
            return FLOAT
        if name in _SAME:
            return self._items(expr.args[0]) if len(expr.args) == 1 else self._either(expr.args)
        if name in ("tuple", "sorted") and expr.args:
            item = self._items(expr.args[0])
            return None if item is None else open_tuple(item)
        return None

    def _list(self, expr: Call) -> Growing:
        """A list by what it is made of."""
        found = Growing()
        for argument in expr.args:
            items = argument.items if isinstance(argument, ListOf) else (Star(argument),)
            found.items += [self._entry(item) for item in items]
        return found

    def _entry(self, item: Expr) -> Type:
        """The type of an item of a list or tuple, or of all those that a `*` stands for."""
        return self._items(item.value) if isinstance(item, Star) else self.infer(item)

    # --- what is walked ---------------------------------------------------------------

    def _items(self, expr: Expr) -> Expr | None:
        """The type of what a loop over an expression gives."""
        match expr:
            case Comprehension():
                return self._inside(expr)
            case Tuple() | ListOf():
                return Growing([self._entry(item) for item in expr.items]).item()
            case Call(function=Name(id="range")):
                return INT
            case Call(function=Name(id="reversed"), args=(inside,)):
                return self._items(inside)
        kind = finished(self.infer(expr))
        return None if kind is None else item_of(kind)

    def _inside(self, expr: Comprehension) -> Expr | None:
        inner = Variables(self.module, self.types)
        inner.made, inner.listed = self.made, self.listed
        inner.walk(expr.target, expr.iterable)
        return finished(inner.infer(expr.element))

    def walk(self, target: Expr, iterable: Expr) -> None:
        """A loop's variables are given the items of what it walks."""
        match target, iterable:
            case Tuple(items=targets), Call(function=Name(id="zip"), args=args):
                for inner, walked in zip(targets, args, strict=False):
                    self.walk(inner, walked)
            case Tuple(items=(counter, inner)), Call(function=Name(id="enumerate"), args=args):
                self.bind(counter, INT)
                self.walk(inner, args[0])
            case _:
                self.bind(target, self._items(iterable))


def _given(kind: Expr | None) -> Expr | None:
    """A type without None."""
    found = [] if kind is None else [member for member in members(kind) if member != NONE]
    return union(found) if found else None


def key_of(target: Expr) -> str | None:
    """A variable, or an attribute of `self`, as a name."""
    match target:
        case Name(id=name):
            return name
        case Attribute(base=Name(id="self"), name=name):
            return f"self.{name}"
    return None


def callee_of(expr: Call, variables: Variables) -> Expr | None:
    """What a call gives: an instance of a class, or what a function says it returns."""
    match expr.function:
        case Name(id=name):
            return variables.made.get(name) or variables.module.made.get(name)
        case Attribute(base=Name(id="nnx"), name=name) if name[0].isupper():
            return expr.function
    return None


def partial_of(value: Expr, variables: Variables) -> Expr | None:
    """What calls of a `partial` give."""
    match value:
        case Call(function=Name(id="partial"), args=(function,)):
            return callee_of(Call(function), variables)
    return None


def _dotted(expr: Expr) -> str:
    match expr:
        case Name(id=name):
            return name
        case Attribute(base=Name(id=base), name=name):
            return f"{base}.{name}"
    return ""
