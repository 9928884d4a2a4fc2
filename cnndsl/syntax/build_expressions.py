"""Expressions and arguments, from the words and nodes of their rules."""

from __future__ import annotations

from dataclasses import replace

from cnndsl import errors
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.build_lists import (
    Arguments,
    closer,
    members,
)
from cnndsl.syntax.scan import Mistake, Word, float_of, integer_of

_CONSTANTS = {"true": True, "false": False, "none": None}

# What tensors have; other names behind a dot are endpoints of a model.
_ATTRIBUTES = ("channels", "height", "width", "depth", "length", "shape")


class Expressions:
    """Compile-time values."""

    def conditional(
        self, then: ast.Expr, _if: Word, condition: ast.Expr, _else: Word, other: ast.Expr
    ) -> ast.Conditional:
        return ast.Conditional(then.span.to(other.span), then, condition, other)

    def binary(self, left: ast.Expr, operator: Word, right: ast.Expr) -> ast.Binary:
        return ast.Binary(left.span.to(right.span), operator.text, left, right)

    def unary(self, operator: Word, operand: ast.Expr) -> ast.Unary:
        return ast.Unary(operator.to(operand.span), operator.text, operand)

    def range(self, start: ast.Expr, _dots: Word, stop: ast.Expr) -> ast.Range:
        return ast.Range(start.span.to(stop.span), start, stop)

    def index(self, base: ast.Expr, _open: Word, index: ast.Expr, close: Word) -> ast.Index:
        return ast.Index(base.span.to(close), base, index)

    def attribute(self, base: ast.Expr, _dot: Word, name: Word) -> ast.Attribute | ast.Name:
        stem = base.id if isinstance(base, ast.Name) else "in"
        if stem not in ("in", "here") and "." not in stem and name.text not in _ATTRIBUTES:
            return ast.Name(base.span.to(name), f"{stem}.{name.text}")
        return ast.Attribute(base.span.to(name), base, name.text, name)

    def call(self, name: Word, arguments: Arguments) -> ast.Call:
        args, close = arguments
        return ast.Call(name.to(close), ast.Name(name, name.text), args)

    def parenthesised(self, open: Word, value: ast.Expr, close: Word) -> ast.Expr:
        """The value itself; its span grows by the parentheses, so that it can be quoted."""
        return replace(value, span=open.to(close))

    def list(self, open: Word, *inside: ast.Expr | Word) -> ast.List:
        return ast.List(open.to(closer(inside)), members(inside))

    def comprehension(
        self,
        open: Word,
        item: ast.Expr,
        _for: Word,
        targets: tuple[Word, ...],
        _in: Word,
        items: ast.Expr,
        test: ast.Expr | None,
        close: Word,
    ) -> ast.Comprehension:
        names = tuple(target.text for target in targets)
        return ast.Comprehension(open.to(close), item, names, targets, items, test)

    def variable(self, word: Word) -> ast.Name:
        return ast.Name(word, word.text)

    def constant(self, word: Word) -> ast.Literal:
        text = word.text
        return ast.Literal(word, _CONSTANTS.get(text, text))

    def string(self, word: Word) -> ast.Literal:
        return ast.Literal(word, word.text[1:-1])

    def integer(self, word: Word) -> ast.Literal:
        return ast.Literal(word, integer_of(word))

    def float(self, word: Word) -> ast.Literal:
        return ast.Literal(word, float_of(word))

    def size(self, word: Word) -> ast.List:
        sides = []
        start = word.start
        for digits in word.text.split("x"):
            side = Span(word.source, start, start + len(digits))
            sides.append(ast.Literal(side, integer_of(side)))
            start += len(digits) + 1
        return ast.List(word, tuple(sides), size=True)

    def arguments(self, _open: Word, *inside: ast.Argument | Word) -> Arguments:
        arguments = members(inside)
        named = None
        for argument in arguments:
            if argument.name_span:
                named = argument.name_span
            elif named:
                raise Mistake(errors.positional_after_named(argument.span, named))
        return arguments, closer(inside)

    def argument(self, name: Word | None, value: ast.Expr) -> ast.Argument:
        if name is None:
            return ast.Argument(value.span, None, None, value)
        return ast.Argument(name.to(value.span), name.text, name, value)

    def keyword(self, name: Word, _equal: Word) -> Word:
        return name
