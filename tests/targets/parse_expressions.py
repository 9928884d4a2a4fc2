"""Expressions of Python's own parser as the tree of tree.py."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Formatted,
    Item,
    Keyword,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
    Unary,
)


class Unsupported(ValueError):
    """Text that the tree has no kind of node for: `node` in Python's words, and its line."""

    def __init__(self, node: str, line: int):
        super().__init__(f"line {line}: {node}")
        self.node = node
        self.line = line


_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Not: "not"}
BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitOr: "|",
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


class ExpressionReader:
    """Reads expressions of a text, whose `lines` say how a number was written."""

    def __init__(self, lines: list[str]):
        self.lines = lines

    def expressions(self, nodes: Sequence[ast.expr]) -> tuple[Expr, ...]:
        return tuple(map(self.expression, nodes))

    def optional(self, node: ast.expr | None) -> Expr | None:
        return None if node is None else self.expression(node)

    def expression(self, node: ast.expr) -> Expr:
        match node:
            case ast.Name():
                return Name(node.id)
            case ast.Constant():
                return self.constant(node)
            case ast.Attribute():
                return Attribute(self.expression(node.value), node.attr)
            case ast.Subscript():
                return Item(self.expression(node.value), self.expression(node.slice))
            case ast.Slice():
                start, stop = self.optional(node.lower), self.optional(node.upper)
                return Slice(start, stop, self.optional(node.step))
            case ast.Tuple():
                return Tuple(self.expressions(node.elts))
            case ast.List():
                return ListOf(self.expressions(node.elts))
            case ast.Dict():
                return self.dict_(node)
            case ast.Starred():
                return Star(self.expression(node.value))
            case ast.Call():
                keywords = (Keyword(k.arg, self.expression(k.value)) for k in node.keywords)
                function = self.expression(node.func)
                return Call(function, self.expressions(node.args), tuple(keywords))
            case ast.UnaryOp() if type(node.op) in _UNARY:
                return Unary(_UNARY[type(node.op)], self.expression(node.operand))
            case ast.BinOp() if type(node.op) in BINARY:
                op = BINARY[type(node.op)]
                return Binary(op, self.expression(node.left), self.expression(node.right))
            case ast.BoolOp():
                found, *others = self.expressions(node.values)
                for other in others:
                    found = Binary(BINARY[type(node.op)], found, other)
                return found
            case ast.Compare() if len(node.ops) == 1:
                left, right = self.expression(node.left), self.expression(node.comparators[0])
                return Binary(BINARY[type(node.ops[0])], left, right)
            case ast.IfExp():
                then, test = self.expression(node.body), self.expression(node.test)
                return Conditional(then, test, self.expression(node.orelse))
            case ast.GeneratorExp() | ast.ListComp() | ast.DictComp():
                return self.comprehension(node)
            case ast.JoinedStr():
                return self.formatted(node)
        raise Unsupported(kind(node), node.lineno)

    def constant(self, node: ast.Constant) -> Constant:
        if isinstance(node.value, bytes | complex):
            raise Unsupported(kind(node), node.lineno)
        line = self.lines[node.lineno - 1].encode()  # whose offsets are in bytes
        is_grouped = type(node.value) is int and b"_" in line[node.col_offset : node.end_col_offset]
        return Constant(node.value, is_grouped)

    def dict_(self, node: ast.Dict) -> Dict:
        pairs = zip(node.keys, node.values, strict=True)
        return Dict(tuple((self.optional(k), self.expression(v)) for k, v in pairs))

    def comprehension(self, node: ast.GeneratorExp | ast.ListComp | ast.DictComp) -> Expr:
        (clause,) = node.generators if len(node.generators) == 1 else (None,)
        if clause is None or clause.ifs or clause.is_async:
            raise Unsupported("a comprehension of more than one `for`", node.lineno)
        target, iterable = self.expression(clause.target), self.expression(clause.iter)
        if isinstance(node, ast.DictComp):
            key = self.expression(node.key)
            return Comprehension("dict", self.expression(node.value), target, iterable, key)
        kind = "list" if isinstance(node, ast.ListComp) else "generator"
        return Comprehension(kind, self.expression(node.elt), target, iterable)

    def formatted(self, node: ast.JoinedStr) -> Formatted:
        parts: list[str | Expr] = []
        for part in node.values:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                parts.append(part.value)
            elif isinstance(part, ast.FormattedValue) and _is_plain(part):
                parts.append(self.expression(part.value))
            else:
                raise Unsupported("a format in an f-string", node.lineno)
        return Formatted(tuple(parts))


def _is_plain(part: ast.FormattedValue) -> bool:
    return part.conversion == -1 and part.format_spec is None


def kind(node: ast.AST) -> str:
    """A node in Python's own word."""
    return f"`{type(node).__name__}`"
