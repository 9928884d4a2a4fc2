"""The tree, built from the bottom up while the text is parsed: a method per rule of cnn.lark.

Every method takes the symbols of its rule in order: words of the text, nodes, or None for an
optional symbol that is not there. Lists come with their separators in between. Nothing here
recurses, so that the depth of a spec never becomes the depth of a Python stack.
"""

from __future__ import annotations

import math

from cnndsl import errors
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.docs import definition_doc
from cnndsl.syntax.scan import Mistake, Word

_CONSTANTS = {"true": True, "false": False, "none": None}
_MAX_DIGITS = 16  # of 2^53


class Builder:
    """One method per rule; without state."""

    # --- definitions ------------------------------------------------------------------

    def start(self, *definitions):
        return definitions[::2]

    def use(self, keyword, path):
        return ast.Use(keyword.to(path), path.text[1:-1], path)

    def fn(self, keyword, name, parameters, _equal, value):
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Fn(keyword.to(value.span), name.text, name, doc, parameters, value)

    def block(self, keyword, name, parameters, body):
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Block(keyword.to(body.span), name.text, name, doc, parameters or (), body)

    def model(self, keyword, name, parameters, body):
        doc = definition_doc(keyword.source, keyword.start)
        return ast.Model(keyword.to(body.span), name.text, name, doc, parameters or (), body)

    def variant(self, keyword, name, _equal, base, arguments, body):
        doc = definition_doc(keyword.source, keyword.start)
        args, last = arguments or ((), base)
        end = body.span if body else last
        statements = body.statements if body else ()
        for statement in statements:
            if not isinstance(statement, ast.Expect | ast.Train | ast.Preprocess):
                place = "in a variant: its braces hold `expect`, `train` and `preprocess`"
                raise Mistake(errors.misplaced(statement.span, _first_word(statement), place))
        base = ast.Name(base, base.text)
        return ast.Variant(keyword.to(end), name.text, name, doc, base, args, statements)

    def parameters(self, _open, *parameters):
        return parameters[:-1:2]

    def parameter(self, name, default):
        span = name.to(default.span) if default else name
        return ast.Parameter(span, name.text, default)

    def after_sign(self, _sign, node):
        return node

    # --- statements -------------------------------------------------------------------

    def body(self, open, *statements):
        return ast.Body(open.to(statements[-1]), statements[:-1:2])

    def input(self, keyword, shape):
        return ast.Input(keyword.to(shape.span), shape)

    def run(self, chain, name, shape):
        end = shape.span if shape else name or chain.span
        return ast.Run(chain.span.to(end), chain, name.text if name else None, name, shape)

    def bind(self, name, _equal, chain, shape):
        end = shape.span if shape else chain.span
        return ast.Bind(name.to(end), name.text, name, chain, shape)

    def let(self, keyword, name, _equal, value):
        return ast.Let(keyword.to(value.span), name.text, name, value)

    def stage(self, keyword, name, body, shape):
        end = shape.span if shape else body.span
        return ast.Stage(keyword.to(end), name.text, name, body, shape)

    def for_loop(self, keyword, targets, _in, items, body):
        names = tuple(target.text for target in targets)
        return ast.For(keyword.to(body.span), names, targets, items, body)

    def targets(self, *names):
        return names[::2]

    def if_else(self, keyword, condition, body, *others):
        *branches, other = others
        end = others[-1] or (branches[-1][1] if branches else body)
        return ast.If(keyword.to(end.span), ((condition, body), *branches), other)

    def else_if(self, _else, _if, condition, body):
        return condition, body

    def aux(self, keyword, name, arguments, body):
        args = arguments[0] if arguments else ()
        return ast.Aux(keyword.to(body.span), name.text, name, args, body)

    def expect(self, keyword, what, value, tolerance):
        end = tolerance or value.span
        percent = _tolerance(tolerance) if tolerance else None
        return ast.Expect(keyword.to(end), what.text, what, value, percent)

    def train(self, keyword, _open, *settings):
        return ast.Train(keyword.to(settings[-1]), settings[:-1:2])

    def preprocess(self, keyword, _open, *settings):
        return ast.Preprocess(keyword.to(settings[-1]), settings[:-1:2])

    def setting(self, name, *values):
        values = values[::2]
        return ast.Setting(name.to(values[-1].span), name.text, name, values)

    def name(self, _as, name):
        return name

    # --- chains -----------------------------------------------------------------------

    def chain(self, *elements):
        elements = elements[::2]
        return ast.Chain(elements[0].span.to(elements[-1].span), elements)

    def apply(self, name, arguments):
        if arguments is None:
            return ast.Apply(name, name.text, name, None)
        args, close = arguments
        return ast.Apply(name.to(close), name.text, name, args)

    def tensor(self, name):
        return ast.Apply(name, name.text, name, None)

    def group(self, body):
        return ast.Group(body.span, body)

    def merge(self, name, _open, *items):
        return ast.Merge(name.to(items[-1]), name.text, name, items[:-1:2])

    def repeat(self, element, _times, count):
        return ast.Repeat(element.span.to(count.span), element, count)

    # --- expressions ------------------------------------------------------------------

    def conditional(self, then, _if, condition, _else, other):
        return ast.Conditional(then.span.to(other.span), then, condition, other)

    def binary(self, left, operator, right):
        return ast.Binary(left.span.to(right.span), operator.text, left, right)

    def unary(self, operator, operand):
        return ast.Unary(operator.to(operand.span), operator.text, operand)

    def range(self, start, _dots, stop):
        return ast.Range(start.span.to(stop.span), start, stop)

    def index(self, base, _open, index, close):
        return ast.Index(base.span.to(close), base, index)

    def attribute(self, base, _dot, name):
        return ast.Attribute(base.span.to(name), base, name.text, name)

    def call(self, name, arguments):
        args, close = arguments
        return ast.Call(name.to(close), ast.Name(name, name.text), args)

    def parenthesised(self, open, value, close):
        """The value itself; its span grows by the parentheses, so that it can be quoted."""
        fields = (getattr(value, field) for field in value.__slots__)
        return type(value)(open.to(close), *fields)

    def list(self, open, *items):
        return ast.List(open.to(items[-1]), items[:-1:2])

    def variable(self, word):
        return ast.Name(word, word.text)

    def constant(self, word):
        text = word.text
        return ast.Literal(word, _CONSTANTS.get(text, text))

    def string(self, word):
        return ast.Literal(word, word.text[1:-1])

    def integer(self, word):
        return ast.Literal(word, _integer(word))

    def float(self, word):
        return ast.Literal(word, _float(word))

    def size(self, word):
        sides = []
        start = word.start
        for digits in word.text.split("x"):
            side = Span(word.source, start, start + len(digits))
            sides.append(ast.Literal(side, _integer(side)))
            start += len(digits) + 1
        return ast.List(word, tuple(sides), size=True)

    def arguments(self, _open, *arguments):
        arguments, close = arguments[:-1:2], arguments[-1]
        named = None
        for argument in arguments:
            if argument.name_span:
                named = argument.name_span
            elif named:
                raise Mistake(errors.positional_after_named(argument.span, named))
        return arguments, close

    def argument(self, name, value):
        if name is None:
            return ast.Argument(value.span, None, None, value)
        return ast.Argument(name.to(value.span), name.text, name, value)

    def keyword(self, name, _equal):
        return name


def _integer(span: Span) -> int:
    """The value of digits, below 2^53 in magnitude; Python refuses very long ones."""
    digits = span.text.replace("_", "").lstrip("0")
    if len(digits) > _MAX_DIGITS or int(digits or "0") >= 2**53:
        raise Mistake(errors.number_too_large(span))
    return int(digits or "0")


def _float(span: Span) -> float:
    value = float(span.text)
    if math.isinf(value):
        raise Mistake(errors.number_too_large(span))
    return value


def _tolerance(word: Word) -> ast.Literal:
    """The number in `within 1%`."""
    number = word.text.removeprefix("within").removesuffix("%")
    start = word.end - 1 - len(number.lstrip())
    span = Span(word.source, start, start + len(number.strip()))
    is_integer = number.strip().isdigit()
    return ast.Literal(span, _integer(span) if is_integer else _float(span))


def _first_word(statement: ast.Node) -> str:
    return errors.shown(statement.span.text.split()[0], 20)
