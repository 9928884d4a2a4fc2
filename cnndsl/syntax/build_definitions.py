"""Definitions of a spec, from the words and nodes of their rules."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.syntax import ast
from cnndsl.syntax.build_lists import (
    Arguments,
    Member,
    Parameters,
    closer,
    first_word,
    members,
)
from cnndsl.syntax.docs import definition_doc
from cnndsl.syntax.scan import Mistake, Word


class Definitions:
    """Blocks, functions, models and what they use."""

    def start(self, *definitions: ast.Definition | Word) -> tuple[ast.Definition, ...]:
        return members(definitions)

    def use(self, keyword: Word, zoo: Word | None, path: Word) -> ast.Use:
        return ast.Use(keyword.to(path), path.text[1:-1], path, zoo is not None)

    def fn(
        self, keyword: Word, name: Word, parameters: Parameters, _equal: Word, value: ast.Expr
    ) -> ast.Fn:
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Fn(keyword.to(value.span), name.text, name, doc, parameters, (), value)

    def fn_of_lets(
        self,
        keyword: Word,
        name: Word,
        parameters: Parameters,
        _open: Word,
        *inside: ast.Let | ast.Expr | Word,
    ) -> ast.Fn:
        doc = definition_doc(keyword.source, keyword.start)
        lets = tuple(member for member in inside if isinstance(member, ast.Let))
        *_, value, close = inside
        assert isinstance(value, ast.Expr) and isinstance(close, Word)
        return ast.Fn(keyword.to(close), name.text, name, doc, parameters, lets, value)

    def block(
        self, keyword: Word, name: Word, parameters: Parameters | None, body: ast.Body
    ) -> ast.Block:
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Block(keyword.to(body.span), name.text, name, doc, parameters or (), body)

    def model(
        self, keyword: Word, name: Word, parameters: Parameters | None, body: ast.Body
    ) -> ast.Model:
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Model(keyword.to(body.span), name.text, name, doc, parameters or (), body)

    def variant(
        self,
        keyword: Word,
        name: Word,
        _equal: Word,
        base: Word,
        arguments: Arguments | None,
        body: ast.Body | None,
    ) -> ast.Variant:
        doc = definition_doc(keyword.source, keyword.start)
        args, last = arguments or ((), base)
        end = body.span if body else last
        statements: list[ast.OfVariant] = []
        for statement in body.statements if body else ():
            if not isinstance(statement, ast.Expect | ast.Train | ast.Preprocess):
                place = "in a variant: its braces hold `expect`, `train` and `preprocess`"
                raise Mistake(errors.misplaced(statement.span, first_word(statement), place))
            statements.append(statement)
        root = ast.Name(base, base.text)
        return ast.Variant(keyword.to(end), name.text, name, doc, root, args, tuple(statements))

    def op(
        self,
        keyword: Word,
        name: Word,
        parameters: Parameters | None,
        _from: Word,
        origin: Word,
        _open: Word,
        *inside: ast.Setting | Word,
    ) -> ast.Op:
        doc = definition_doc(keyword.source, keyword.start)
        span, said = keyword.to(closer(inside)), origin.text[1:-1]
        given = parameters or ()
        return ast.Op(span, name.text, name, doc, given, said, origin, members(inside))

    def parameters(self, _open: Word, *inside: ast.Parameter | Word) -> Parameters:
        return members(inside)

    def parameter(self, name: Word, default: ast.Expr | None) -> ast.Parameter:
        span = name.to(default.span) if default else name
        return ast.Parameter(span, name.text, default)

    def after_sign(self, _sign: Word, node: Member) -> Member:
        return node
