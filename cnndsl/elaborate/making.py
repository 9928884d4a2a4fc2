"""Arguments to ops: bound, converted, and each op made once."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl import errors
from cnndsl.diagnostics import Fix
from cnndsl.elaborate.bind import match
from cnndsl.elaborate.calls import misread
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.repair import accepted, floored
from cnndsl.elaborate.reuse import Known
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Tensor, Value
from cnndsl.ops.base import Kind, Op, Reject
from cnndsl.ops.initial import OF_VECTORS, PLAIN, Initial, VectorInitializer
from cnndsl.ops.kinds import Choice
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

_AN_OP = 20  # steps, where its arguments are new
_FEW_WORDS = 10  # that a help lists

Arguments = dict[str, ast.Argument]  # as written, by parameter


class Measured(list[Value]):
    """The size of a tensor as an author would write it."""

    def __init__(self, size: Iterable[int], tensor: Tensor):
        super().__init__(size)
        self.tensor = tensor


class Maker:
    """Makes the ops of one model; networks of a spec share equal ones."""

    def __init__(self, evaluator: Evaluator, known: Known):
        self.evaluator = evaluator
        self.ops = known.ops
        self.given = known.given

    def arguments(
        self, element: ast.Apply, kind: type[Op], scope: Scope
    ) -> tuple[Arguments, dict[str, Value]]:
        """What the author gave, and the values of it; raises `Failure`."""
        given = self.given.get(id(element))
        if given is None:
            given = self.given[id(element)] = match(
                kind.name,
                list(kind.arguments()),
                kind.required(),
                element.args or (),
                element.span,
                kind.signature,
            )
        kinds = kind.arguments()
        values = {n: self._value(a.value, kinds[n].kind, scope) for n, a in given.items()}
        if lists := [value for value in values.values() if isinstance(value, list)]:
            self.evaluator.spend(_items(lists), element.span)
        return given, values

    def _value(self, expr: ast.Expr, kind: Kind[object], scope: Scope) -> Value:
        """The value of an argument, which may be a word, or a tensor with the wanted shape."""
        if isinstance(expr, ast.Name) and expr.id in kind.own_words:
            found, value = scope.value(expr.id)
            if not (found and isinstance(value, str | Initial | None) and _takes(kind, value)):
                return expr.id
        if isinstance(expr, ast.Conditional) and kind.own_words:
            self.evaluator.spend(1, expr.span)
            chosen = self.evaluator.condition(expr.condition, scope)
            return self._value(expr.then if chosen else expr.other, kind, scope)
        try:
            value = self.evaluator.evaluate(expr, scope)
        except Failure as failure:
            raise _likely(failure, expr, kind) from None
        if isinstance(value, Tensor):
            if value.known is None:
                raise Failure  # a mistake that was reported made it so
            written = kind.of_tensor(value.shape)
            if written is not None:
                if value.doubtful:
                    raise Failure
                return Measured(written, value)
        return value

    def op(
        self,
        element: ast.Apply,
        kind: type[Op],
        given: Arguments,
        values: dict[str, Value],
        rank: int = 0,
    ) -> Op:
        """The op with these values, for what arrives with so many axes; raises `Failure`."""
        try:
            return self._made(element, kind, values, rank)
        except Reject as reject:
            focus = given.get(reject.focus) if reject.focus else None
            span = focus.value.span if focus else element.span
            value, name = values.get(reject.focus or ""), reject.focus or ""
            message, signature = reject.message, kind.signature()
            if meant := misread(element, reject.focus, focus, value):
                raise Failure(errors.bad_argument(span, message, signature, *meant)) from None
            wanted = kind.arguments().get(name)
            taken = wanted.kind.of_rank(rank) if wanted and rank else None
            taken = taken or (wanted.kind if wanted else None)
            text = accepted(taken, value, span.text) if taken and focus else None
            fix = floored(focus.value) if focus and isinstance(value, float) else None
            fix = fix or (Fix(span, text) if text else None)
            help = reject.help if fix is None else None
            raise Failure(errors.bad_argument(span, message, signature, help, fix)) from None

    def _made(self, element: ast.Apply, kind: type[Op], values: dict[str, Value], rank: int) -> Op:
        """The same, made once; raises `Reject`.

        The types are part of the key, as `true` and 1.0 equal 1. Lists are compared by nobody.
        """
        key = (kind, rank, *values, *values.values(), *map(type, values.values()))
        try:
            op = self.ops.get(key)
        except TypeError:
            return kind.make(values, rank)
        if op is None:
            self.evaluator.spend(_AN_OP, element.span)
            op = self.ops[key] = kind.make(values, rank)
        return op


def _takes(kind: Kind[object], value: Value) -> bool:
    try:
        kind.convert(value)
    except Reject:
        return False
    return True


def _likely(failure: Failure, expr: ast.Expr, kind: Kind[object]) -> Failure:
    """A name that nothing has, with the word of the argument that it is like."""
    found = failure.diagnostic
    if found is None or not isinstance(expr, ast.Name) or found.code != "E102":
        return failure
    help = found.help
    if isinstance(kind, VectorInitializer) and expr.id in PLAIN:
        help = f"single values have no fan-in: write a number, or one of {', '.join(OF_VECTORS)}"
    elif help is not None:
        return failure
    else:
        help = did_you_mean(expr.id.rstrip("_"), kind.own_words)  # as PyTorch's functions in place
        if expr.id == "causal":
            help = "`causal` pads convolutions along a signal: conv(…, pad = causal)"
        if isinstance(kind, Choice) or 0 < len(kind.own_words) < _FEW_WORDS:
            help = help or f"write {kind.describe()}"
    return Failure(errors.unknown_name(expr.span, expr.id, help))


def like(values: Iterable[Value]) -> Tensor | None:
    """The tensor whose size an op is given."""
    return next((value.tensor for value in values if isinstance(value, Measured)), None)


def _items(lists: list[list[Value]]) -> int:
    """What a table of connections or codes holds, which every use goes through."""
    rows = (row for each in lists for row in each)
    return sum(1 + len(row) if isinstance(row, list) else 1 for row in rows)
