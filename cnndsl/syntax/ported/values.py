"""Settings of other libraries as they are written here."""

from __future__ import annotations

import ast as python
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnndsl import elsewhere
from cnndsl.syntax.ported.entries import Unknown

_FUNCTIONS = frozenset({"int", "max", "min", "len", "round"})
_OPERATORS: Mapping[type[python.operator], str] = {
    python.Add: "+",
    python.Sub: "-",
    python.Mult: "*",
    python.Mod: "%",
    python.Pow: "**",
}
_COMPARISONS: Mapping[type[python.cmpop], str] = {
    python.Eq: "==",
    python.NotEq: "!=",
    python.Lt: "<",
    python.LtE: "<=",
    python.Gt: ">",
    python.GtE: ">=",
    python.Is: "==",
    python.IsNot: "!=",
}


def name_of(func: python.expr) -> str:
    """A callee's own name, without what stands in front of it."""
    match func:
        case python.Name(id=name) | python.Attribute(attr=name):
            return name
    raise Unknown


def target_of(node: python.expr) -> str:
    """The name that a statement gives a value."""
    match node:
        case python.Name(id=name):
            return name
        case python.Attribute(attr=name):
            return name
    raise Unknown


def name_of_call(call: python.Call) -> str:
    try:
        return name_of(call.func).lower()
    except Unknown:
        return ""


def is_library(node: python.expr) -> bool:
    return isinstance(node, python.Name) and node.id in elsewhere.MODULES - {"self"}


@dataclass
class Values:
    """Reads settings; `values` are their names as they are here, `unknown` those that have none."""

    values: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    quotes: bool = False  # whether strings stay strings

    def value(self, node: python.expr) -> str:
        """A setting as it is written here."""
        match node:
            case python.Constant(value=bool() | None):
                return str(node.value).lower()
            case python.Constant(value=str(said)):
                return f'"{said}"' if self.quotes and said.isalnum() else said.lower()
            case python.Constant(value=int() | float()):
                return python.unparse(node)
            case python.Tuple(elts=items) | python.List(elts=items):
                words = [self.value(item) for item in items]
                if len(words) == 1:
                    return words[0]
                plain = len(words) in (2, 3) and all(word.isdigit() for word in words)
                return "x".join(words) if plain else f"[{', '.join(words)}]"
            case python.Name(id=name) | python.Attribute(value=python.Name(id="self"), attr=name):
                known = self.values.get(name) or elsewhere.ARRIVES.get(name)
                if known is None:
                    self.unknown.add(name)
                return known or name
            case python.Attribute(attr=name):
                return name
            case python.BinOp() if _is_number(node):
                return python.unparse(node)
            case python.BinOp(op=python.Div()) if _is_fraction(node):
                return python.unparse(node).replace(".0", "")
            case python.BinOp(left=left, op=python.Div() | python.FloorDiv(), right=right):
                return f"{self._inner(left)} // {self._inner(right)}"
            case python.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return f"{self._inner(left)} {_OPERATORS[type(op)]} {self._inner(right)}"
            case python.UnaryOp(op=python.USub(), operand=operand):
                return f"-{self._inner(operand)}"
            case python.UnaryOp(op=python.Not(), operand=operand):
                return f"not {self._inner(operand)}"
            case python.IfExp(test=test, body=body, orelse=other):
                return f"{self.value(body)} if {self.value(test)} else {self.value(other)}"
            case python.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, python.And) else " or "
                return word.join(map(self._inner, values))
            case python.Compare(left=left, ops=[op], comparators=[right]) if (
                type(op) in _COMPARISONS
            ):
                return f"{self._inner(left)} {_COMPARISONS[type(op)]} {self._inner(right)}"
            case python.Subscript(value=of, slice=python.Constant() | python.Name() as place):
                return f"{self._inner(of)}[{self.value(place)}]"
            case python.Call(func=python.Name(id=name), args=args) if name in _FUNCTIONS:
                return f"{name}({', '.join(map(self.value, args))})"
            case python.Call(func=func, args=[]):
                return name_of(func).lower()  # `SamePad()`
        raise Unknown

    def value_inside(self, node: python.expr) -> str:
        """A setting as it stands in others."""
        text = self.value(node)
        return f"({text})" if " " in text else text

    def _inner(self, node: python.expr) -> str:
        text = self.value(node)
        return f"({text})" if isinstance(node, python.BinOp | python.IfExp) else text


def _is_fraction(node: python.BinOp) -> bool:
    """Whether it divides numbers, one of which is no integer: `1. / 255`."""
    sides = [getattr(each, "value", None) for each in (node.left, node.right)]
    is_number = all(isinstance(each, int | float) for each in sides)
    return is_number and any(isinstance(each, float) for each in sides)


def _is_number(node: python.expr) -> bool:
    """Whether an expression is made of numbers alone: `16 * 4 * 4`."""
    others = (python.Name, python.Attribute, python.BitOr, python.RShift, python.Div, python.Call)
    return not any(isinstance(each, others) for each in python.walk(node))
