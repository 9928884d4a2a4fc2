"""Statements, from the words and nodes of their rules."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Fix
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.build_lists import (
    Arguments,
    closer,
    members,
)
from cnndsl.syntax.scan import Mistake, Word, float_of, integer_of, rounded_of

_FILLS = {"zeros": 0, "ones": 1}  # what a `constant` may be filled with by a word


class Statements:
    """What stands on lines of bodies."""

    def body(self, open: Word, *inside: ast.Statement | Word) -> ast.Body:
        return ast.Body(open.to(closer(inside)), members(inside))

    def input(self, keyword: Word, shape: ast.Expr) -> ast.Input:
        name = None
        if keyword.type == "NAMED_INPUT":
            length = len(keyword.text.split()[1])
            name = Span(keyword.source, keyword.end - length, keyword.end)
        return ast.Input(keyword.to(shape.span), shape, name.text if name else None, name)

    def run(
        self, chain: ast.Chain, named: tuple[Word, Word] | None, shape: ast.Expr | None
    ) -> ast.Run:
        keyword, name = named or (None, None)
        end = shape.span if shape else name or chain.span
        is_output = keyword is not None and keyword.type == "OUTPUT"
        text = name.text if name else None
        return ast.Run(chain.span.to(end), chain, text, name, shape, is_output)

    def bind(self, name: Word, _equal: Word, chain: ast.Chain, shape: ast.Expr | None) -> ast.Bind:
        end = shape.span if shape else chain.span
        return ast.Bind(name.to(end), name.text, name, chain, shape)

    def pack(self, name: Word, _equal: Word, open: Word, *inside: ast.Item | Word) -> ast.Pack:
        return ast.Pack(name.to(closer(inside)), name.text, name, open, members(inside))

    def unpack(self, *parts: Word | ast.Chain) -> ast.Unpack:
        *names, _equal, chain = parts
        assert isinstance(chain, ast.Chain)
        spans = tuple([name for name in names[::2] if isinstance(name, Word)])
        texts = tuple([span.text for span in spans])
        return ast.Unpack(spans[0].to(chain.span), texts, spans, chain)

    def results(self, keyword: Word, *joined: ast.Chain | Word) -> ast.Results:
        chains: tuple[ast.Chain, ...] = members(joined)
        return ast.Results(keyword.to(chains[-1].span), chains)

    def shared(self, keyword: Word, name: Word, _equal: Word, chain: ast.Chain) -> ast.Shared:
        return ast.Shared(keyword.to(chain.span), name.text, name, chain)

    def learned(
        self,
        keyword: Word,
        name: Word,
        _equal: Word,
        start: Word,
        given: Arguments | None,
        shape: Arguments,
    ) -> ast.Bind:
        """`param NAME = init(shape)`: the last parentheses hold the shape."""
        init: ast.Expr = ast.Name(start, start.text)
        if given is not None:
            init = ast.Call(start.to(given[1]), ast.Name(start, start.text), given[0])
        args = (_argument("init", init), _of_shape(shape))
        return _made(keyword, name, start.to(shape[1]), args)

    def fixed(self, keyword: Word, name: Word, _equal: Word, value: ast.Expr) -> ast.Bind:
        """`constant NAME = values`, or `zeros(shape)` and `ones(shape)`."""
        args: tuple[ast.Argument, ...] = (_argument("values", value),)
        if isinstance(value, ast.Call) and value.func.id in _FILLS:
            fill = ast.Literal(value.func.span, _FILLS[value.func.id])
            args = (_argument("values", fill), _of_shape((value.args, value.span)))
        return _made(keyword, name, value.span, args)

    def filled(
        self,
        keyword: Word,
        name: Word,
        _equal: Word,
        start: Word,
        given: Arguments,
        shape: Arguments,
    ) -> ast.Bind:
        """`constant NAME = constant(value)(shape)`."""
        value = ast.Call(start.to(given[1]), ast.Name(start, start.text), given[0])
        args = (_argument("values", value), _of_shape(shape))
        return _made(keyword, name, start.to(shape[1]), args)

    def let(self, keyword: Word, name: Word, _equal: Word, value: ast.Expr) -> ast.Let:
        return ast.Let(keyword.to(value.span), name.text, name, value)

    def stage(self, keyword: Word, name: Word, body: ast.Body, shape: ast.Expr | None) -> ast.Stage:
        end = shape.span if shape else body.span
        return ast.Stage(keyword.to(end), name.text, name, body, shape)

    def for_loop(
        self, keyword: Word, targets: tuple[Word, ...], _in: Word, items: ast.Expr, body: ast.Body
    ) -> ast.For:
        names = tuple(target.text for target in targets)
        return ast.For(keyword.to(body.span), names, targets, items, body)

    def targets(self, *names: Word) -> tuple[Word, ...]:
        return names[::2]

    def if_else(
        self,
        keyword: Word,
        condition: ast.Expr,
        body: ast.Body,
        *others: tuple[ast.Expr, ast.Body] | ast.Body | None,
    ) -> ast.If:
        """The last of `others` is the body of the `else`, or None."""
        branches = [(condition, body)]
        other = None
        for following in others:
            if isinstance(following, tuple):
                branches.append(following)
            else:
                other = following
        end = other or branches[-1][1]
        return ast.If(keyword.to(end.span), tuple(branches), other)

    def else_if(
        self, _else: Word, _if: Word, condition: ast.Expr, body: ast.Body
    ) -> tuple[ast.Expr, ast.Body]:
        return condition, body

    def aux(
        self, keyword: Word, name: Word, arguments: Arguments | None, body: ast.Body
    ) -> ast.Aux:
        args = arguments[0] if arguments else ()
        return ast.Aux(keyword.to(body.span), name.text, name, args, body)

    def expect(
        self, keyword: Word, what: Word, value: ast.Expr, tolerance: Word | None
    ) -> ast.Expect:
        end = tolerance or value.span
        percent = _tolerance(tolerance) if tolerance else None
        return ast.Expect(keyword.to(end), what.text, what, value, percent)

    def expect_rounded(self, keyword: Word, what: Word, count: Word) -> ast.Expect:
        value, unit = rounded_of(count)
        literal = ast.Literal(count, value)
        return ast.Expect(keyword.to(count), what.text, what, literal, None, unit)

    def expect_named(
        self, keyword: Word, what: Word, name: Word, _colon: Word, value: ast.Expr
    ) -> ast.Expect:
        span = keyword.to(value.span)
        return ast.Expect(span, what.text, what, value, None, of=name.text, of_span=name)

    def train(self, keyword: Word, _open: Word, *inside: ast.Setting | Word) -> ast.Train:
        return ast.Train(keyword.to(closer(inside)), members(inside))

    def preprocess(self, keyword: Word, _open: Word, *inside: ast.Setting | Word) -> ast.Preprocess:
        return ast.Preprocess(keyword.to(closer(inside)), members(inside))

    def setting(self, name: Word, *listed: ast.Expr | Word) -> ast.Setting:
        values: tuple[ast.Expr, ...] = members(listed)
        return ast.Setting(name.to(values[-1].span), name.text, name, values)

    def name(self, keyword: Word, name: Word) -> tuple[Word, Word]:
        return keyword, name


def _made(keyword: Word, name: Word, value: Span, args: tuple[ast.Argument, ...]) -> ast.Bind:
    """A tensor that a statement makes, under a name like the result of a chain."""
    made = ast.Made(value, keyword.text, keyword, args)
    return ast.Bind(keyword.to(value), name.text, name, ast.Chain(value, (made,)), None)


def _argument(name: str, value: ast.Expr) -> ast.Argument:
    return ast.Argument(value.span, name, None, value)


def _of_shape(given: tuple[tuple[ast.Argument, ...], Span]) -> ast.Argument:
    """What the last parentheses hold; raises `Mistake` where that is no shape alone."""
    args, close = given
    if len(args) == 1 and args[0].name is None:
        return _argument("shape", args[0].value)
    fix, message = None, "the last parentheses hold the shape: `ones([1, 1, 64])` or `ones(64)`"
    if len(args) > 1 and all(argument.name is None for argument in args):
        whole = args[0].span.to(args[-1].span)
        fix, message = Fix(whole, f"[{whole.text}]"), "a shape is one list"
    span = args[0].span.to(args[-1].span) if args else close
    raise Mistake(errors.written_differently(span, message, None, fix))


def _tolerance(word: Word) -> ast.Literal:
    """The number in `within 1%`."""
    number = word.text.removeprefix("within").removesuffix("%")
    start = word.end - 1 - len(number.lstrip())
    span = Span(word.source, start, start + len(number.strip()))
    is_integer = number.strip().isdigit()
    return ast.Literal(span, integer_of(span) if is_integer else float_of(span))
