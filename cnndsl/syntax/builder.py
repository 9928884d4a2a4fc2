"""The tree, built from the bottom up while the text is parsed: a method per rule of cnn.lark.

Every method takes the symbols of its rule in order: words of the text, nodes, or None for an
optional symbol that is not there. Lists come with their separators in between. Nothing here
recurses, so that the depth of a spec never becomes the depth of a Python stack.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from cnndsl import errors
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.docs import definition_doc
from cnndsl.syntax.scan import Mistake, Word, float_of, integer_of, rounded_of

_CONSTANTS = {"true": True, "false": False, "none": None}

Member = TypeVar("Member", bound=ast.Node)
Parameters = tuple[ast.Parameter, ...]
Arguments = tuple[tuple[ast.Argument, ...], Word]  # and the closing bracket
Items = tuple[tuple[ast.Item, ...], Word]  # the same


class Builder:
    """One method per rule; without state."""

    # --- definitions ------------------------------------------------------------------

    def start(self, *definitions: ast.Definition | Word) -> tuple[ast.Definition, ...]:
        return _members(definitions)

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
                raise Mistake(errors.misplaced(statement.span, _first_word(statement), place))
            statements.append(statement)
        root = ast.Name(base, base.text)
        return ast.Variant(keyword.to(end), name.text, name, doc, root, args, tuple(statements))

    def parameters(self, _open: Word, *inside: ast.Parameter | Word) -> Parameters:
        return _members(inside)

    def parameter(self, name: Word, default: ast.Expr | None) -> ast.Parameter:
        span = name.to(default.span) if default else name
        return ast.Parameter(span, name.text, default)

    def after_sign(self, _sign: Word, node: Member) -> Member:
        return node

    # --- statements -------------------------------------------------------------------

    def body(self, open: Word, *inside: ast.Statement | Word) -> ast.Body:
        return ast.Body(open.to(_closer(inside)), _members(inside))

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
        return ast.Pack(name.to(_closer(inside)), name.text, name, open, _members(inside))

    def unpack(self, *parts: Word | ast.Chain) -> ast.Unpack:
        *names, _equal, chain = parts
        assert isinstance(chain, ast.Chain)
        spans = tuple([name for name in names[::2] if isinstance(name, Word)])
        texts = tuple([span.text for span in spans])
        return ast.Unpack(spans[0].to(chain.span), texts, spans, chain)

    def results(self, keyword: Word, *joined: ast.Chain | Word) -> ast.Results:
        chains: tuple[ast.Chain, ...] = _members(joined)
        return ast.Results(keyword.to(chains[-1].span), chains)

    def shared(self, keyword: Word, name: Word, _equal: Word, chain: ast.Chain) -> ast.Shared:
        return ast.Shared(keyword.to(chain.span), name.text, name, chain)

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

    def train(self, keyword: Word, _open: Word, *inside: ast.Setting | Word) -> ast.Train:
        return ast.Train(keyword.to(_closer(inside)), _members(inside))

    def preprocess(self, keyword: Word, _open: Word, *inside: ast.Setting | Word) -> ast.Preprocess:
        return ast.Preprocess(keyword.to(_closer(inside)), _members(inside))

    def setting(self, name: Word, *listed: ast.Expr | Word) -> ast.Setting:
        values: tuple[ast.Expr, ...] = _members(listed)
        return ast.Setting(name.to(values[-1].span), name.text, name, values)

    def name(self, keyword: Word, name: Word) -> tuple[Word, Word]:
        return keyword, name

    # --- chains -----------------------------------------------------------------------

    def chain(self, *joined: ast.Element | Word) -> ast.Chain:
        elements: tuple[ast.Element, ...] = _members(joined)
        return ast.Chain(elements[0].span.to(elements[-1].span), elements)

    def apply(self, name: Word, arguments: Arguments | None) -> ast.Apply:
        if arguments is None:
            return ast.Apply(name, name.text, name, None)
        args, close = arguments
        return ast.Apply(name.to(close), name.text, name, args)

    def endpoint(self, name: Word, _dot: Word, endpoint: Word) -> ast.Apply:
        span = name.to(endpoint)
        return ast.Apply(span, f"{name.text}.{endpoint.text}", span, None)

    def tensor(self, name: Word) -> ast.Apply:
        return ast.Apply(name, name.text, name, None)

    def group(self, body: ast.Body) -> ast.Group:
        return ast.Group(body.span, body)

    def pick(self, place: ast.Index) -> ast.Pick:
        return ast.Pick(place.span, place)

    def index_of(self, name: Word, _open: Word, index: ast.Expr, close: Word) -> ast.Index:
        return ast.Index(name.to(close), ast.Name(name, name.text), index)

    def merge(self, name: Word, _open: Word, *inside: ast.Item | Word) -> ast.Merge:
        return ast.Merge(name.to(_closer(inside)), name.text, name, _members(inside))

    def merge_of(self, name: Word, value: ast.Name | ast.Index) -> ast.Merge:
        """`concat xs`: `concat [ xs.. ]`."""
        spread = ast.Spread(value.span, value)
        return ast.Merge(name.to(value.span), name.text, name, (spread,))

    def spread(self, value: ast.Name | ast.Index, dots: Word) -> ast.Spread:
        return ast.Spread(value.span.to(dots), value)

    def item_loop(
        self, keyword: Word, targets: tuple[Word, ...], _in: Word, values: ast.Expr, items: Items
    ) -> ast.ItemLoop:
        names = tuple(target.text for target in targets)
        held, close = items
        return ast.ItemLoop(keyword.to(close), names, targets, values, held)

    def item_choice(
        self,
        keyword: Word,
        condition: ast.Expr,
        items: Items,
        *others: tuple[ast.Expr, Items] | Items | None,
    ) -> ast.ItemChoice:
        """The last of `others` are the items of the `else`, or None."""
        branches = [(condition, items[0])]
        end, other = items[1], None
        for following in others:
            if following is None:
                continue
            if isinstance(following[0], ast.Node) and not isinstance(following[1], Word):
                test, (held, end) = following[0], following[1]
                branches.append((test, held))
            elif isinstance(following[0], tuple) and isinstance(following[1], Word):
                other, end = following[0], following[1]
        return ast.ItemChoice(keyword.to(end), tuple(branches), other)

    def else_if_items(
        self, _else: Word, _if: Word, condition: ast.Expr, items: Items
    ) -> tuple[ast.Expr, Items]:
        return condition, items

    def items(self, _open: Word, *inside: ast.Item | Word) -> Items:
        return _members(inside), _closer(inside)

    def repeat(self, element: ast.Element, _times: Word, count: ast.Expr) -> ast.Repeat:
        return ast.Repeat(element.span.to(count.span), element, count)

    # --- expressions ------------------------------------------------------------------

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
        return ast.List(open.to(_closer(inside)), _members(inside))

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
        arguments = _members(inside)
        named = None
        for argument in arguments:
            if argument.name_span:
                named = argument.name_span
            elif named:
                raise Mistake(errors.positional_after_named(argument.span, named))
        return arguments, _closer(inside)

    def argument(self, name: Word | None, value: ast.Expr) -> ast.Argument:
        if name is None:
            return ast.Argument(value.span, None, None, value)
        return ast.Argument(name.to(value.span), name.text, name, value)

    def keyword(self, name: Word, _equal: Word) -> Word:
        return name


# What tensors have; other names behind a dot are endpoints of a model.
_ATTRIBUTES = ("channels", "height", "width", "shape")


def _members(listed: tuple[Member | Word, ...]) -> tuple[Member, ...]:
    """The nodes of a list, without separators and brackets."""
    return tuple([node for node in listed if not isinstance(node, Word)])


def _closer(inside: tuple[ast.Node | Word, ...]) -> Word:
    """The bracket that ends a list."""
    close = inside[-1]
    assert isinstance(close, Word), close
    return close


def _tolerance(word: Word) -> ast.Literal:
    """The number in `within 1%`."""
    number = word.text.removeprefix("within").removesuffix("%")
    start = word.end - 1 - len(number.lstrip())
    span = Span(word.source, start, start + len(number.strip()))
    is_integer = number.strip().isdigit()
    return ast.Literal(span, integer_of(span) if is_integer else float_of(span))


def _first_word(statement: ast.Node) -> str:
    return errors.shown(statement.span.text.split()[0], 20)
