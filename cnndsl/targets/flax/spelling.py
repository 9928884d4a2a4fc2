"""Expressions of the language in Python, with the names of the emitted class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.folding import choose, combine, item, negated
from cnndsl.targets.flax.numbers import Num, Real
from cnndsl.targets.flax.pyexpr import Bin, CallOf, Lit, Py, Ref, Runtime, Tup, Un


class Unspellable(Exception):
    """What the constructor cannot know: a height, or what only the compiler computed."""


MISSING = object()  # the value of an expression that the first instance never evaluates


@dataclass(frozen=True)
class Sym:
    """A value: what it is in the first instance, and its expression for all of them.

    `py` is None where no expression of the class's own names exists; `items` are those of
    a list written out.
    """

    value: Any
    py: Py | None
    items: tuple[Sym, ...] | None = None


@dataclass(frozen=True)
class Symbol:
    """A tensor: the variable of the call that holds it and the spelling of its channels.

    `optional` tensors are None in some instances; `none` is the test for that, at
    construction and at call time.
    """

    variable: str
    channels: Py | None
    first: Tensor | None
    is_none: tuple[Py, Py] | None = None


class Env:
    """Names at a place of the class being written; bodies of `for` and `if` share theirs."""

    def __init__(self, parent: Env | None = None):
        self.parent = parent
        self.values: dict[str, Sym] = {}
        self.tensors: dict[str, Symbol] = {}

    def value(self, name: str) -> Sym | None:
        env: Env | None = self
        while env is not None:
            if name in env.values:
                return env.values[name]
            env = env.parent
        return None

    def visible(self) -> dict[str, Sym]:
        """The values that names have here."""
        outer = self.parent.visible() if self.parent is not None else {}
        return {**outer, **self.values}

    def tensor(self, name: str) -> Symbol | None:
        env: Env | None = self
        while env is not None:
            if name in env.tensors:
                return env.tensors[name]
            env = env.parent
        return None

    def save(self) -> list[tuple[Env, dict, dict]]:
        saved, env = [], self
        while env is not None:
            saved.append((env, dict(env.values), dict(env.tensors)))
            env = env.parent
        return saved


def restore(saved: list[tuple[Env, dict, dict]]) -> None:
    for env, held, tensors in saved:
        env.values, env.tensors = dict(held), dict(tensors)


_MATH = {"ceil": "math.ceil", "floor": "math.floor", "sqrt": "math.sqrt", "log2": "math.log2"}
_AXES = {"height": 1, "width": 2, "channels": 3}


class Speller:
    """Spells expressions; `fns` maps the spec's functions to names of the module's."""

    def __init__(self, fns: dict[str, ast.Fn], fn_names: dict[str, str]):
        self.evaluator = Evaluator(fns)
        self.evaluator.calls = {}  # shows the types of arguments and results
        self.fn_names = fn_names
        self.elements: list[tuple] = []  # (list, index, its item, the loop) of loops around

    def spell(self, expr: ast.Expr, env: Env, at_call: bool = False) -> Sym:
        """The value and the expression; with `at_call`, sizes of tensors may be read there.

        Raises:
          Unspellable: where a name has no expression.
        """
        match expr:
            case ast.Literal():
                return Sym(expr.value, Lit(expr.value))
            case ast.List():
                items = tuple(self.spell(i, env, at_call) for i in expr.items)
                return Sym([i.value for i in items], Tup(tuple(i.py for i in items)), items)
            case ast.Name():
                return self._name(expr, env, at_call)
            case ast.Attribute():
                return self._attribute(expr, env, at_call)
            case ast.Index():
                return self._index(expr, env, at_call)
            case ast.Unary():
                operand = self.spell(expr.operand, env, at_call)
                value = _try(_negate, expr.op, operand.value)
                if isinstance(operand.py, Lit) and value is not MISSING:
                    return Sym(value, Lit(value))
                py = negated(operand.py) if expr.op == "not" else Un(expr.op, operand.py)
                return Sym(value, py)
            case ast.Binary():
                return self._binary(expr, env, at_call)
            case ast.Conditional():
                return self._conditional(expr, env, at_call)
            case ast.Range():
                return self._range(expr, env, at_call)
            case ast.Call():
                return self._call(expr, env, at_call)

    def _name(self, expr: ast.Name, env: Env, at_call: bool) -> Sym:
        sym = env.value(expr.id)
        if sym is not None:
            if sym.py is None:
                raise Unspellable(expr.id)
            return sym
        symbol = env.tensor(expr.id)
        if symbol is None:
            raise Unspellable(expr.id)
        return Sym(symbol.first, None)

    def _attribute(self, expr: ast.Attribute, env: Env, at_call: bool) -> Sym:
        symbol = env.tensor(expr.base.id) if isinstance(expr.base, ast.Name) else None
        if symbol is None or symbol.first is None:
            raise Unspellable(expr.attr)
        value = _try(values.attribute, symbol.first, expr.attr)
        if expr.attr == "channels" and symbol.channels is not None:
            return Sym(value, symbol.channels)
        if not at_call:
            raise Unspellable(expr.attr)
        if expr.attr == "shape":
            return Sym(value, Runtime(f"{symbol.variable}.shape[1:]"))
        axis = _AXES[expr.attr] if len(symbol.first.shape) == 3 else 1
        return Sym(value, Runtime(f"{symbol.variable}.shape[{axis}]"))

    def _index(self, expr: ast.Index, env: Env, at_call: bool) -> Sym:
        base = self.spell(expr.base, env, at_call)
        index = self.spell(expr.index, env, at_call)
        value = _try(values.index, base.value, index.value)
        if base.items is not None and isinstance(index.py, Lit):
            return base.items[index.py.value]
        for held, counter, element, loop in self.elements:
            if base.py == held and index.py == Ref(counter):
                loop.element_used = True
                return Sym(value, Ref(element))
        return Sym(value, item(base.py, index.py))

    def _binary(self, expr: ast.Binary, env: Env, at_call: bool) -> Sym:
        if expr.op in ("==", "!="):
            test = self._none_test(expr, env, at_call)
            if test is not None:
                return test
        left = self.spell(expr.left, env, at_call)
        right = self.spell(expr.right, env, at_call)
        if left.py is None or right.py is None:
            raise Unspellable(expr.op)
        if expr.op in ("and", "or"):
            decided = left.value is (expr.op == "or")
            if isinstance(left.py, Lit):
                return left if decided else right
            value = left.value if decided else right.value
            return Sym(value, combine(expr.op, left.py, right.py))
        value = _try(_binary, expr.op, left.value, right.value)
        if isinstance(value, bool) and isinstance(left.py, Lit) and isinstance(right.py, Lit):
            return Sym(value, Lit(value))
        return Sym(value, combine(expr.op, left.py, right.py))

    def _none_test(self, expr: ast.Binary, env: Env, at_call: bool) -> Sym | None:
        """`prev == none`, where `prev` is a tensor in some instances and none in others."""
        sides = (expr.left, expr.right), (expr.right, expr.left)
        for name, none in sides:
            if not (isinstance(none, ast.Literal) and none.value is None):
                continue
            symbol = env.tensor(name.id) if isinstance(name, ast.Name) else None
            if symbol is not None and env.value(name.id) is None:
                is_none = symbol.first is None
                if symbol.is_none is None:
                    return Sym(is_none is (expr.op == "=="), Lit(is_none is (expr.op == "==")))
                test = symbol.is_none[at_call]
                if expr.op == "!=":
                    test = Bin("is not", test.left, test.right)
                return Sym(is_none is (expr.op == "=="), test)
            sym = self.spell(name, env, at_call)
            op = "is" if expr.op == "==" else "is not"
            return Sym((sym.value is None) is (expr.op == "=="), Bin(op, sym.py, Lit(None)))
        return None

    def _conditional(self, expr: ast.Conditional, env: Env, at_call: bool) -> Sym:
        condition = self.spell(expr.condition, env, at_call)
        if isinstance(condition.py, Lit):
            return self.spell(expr.then if condition.py.value else expr.other, env, at_call)
        then, other = self.spell(expr.then, env, at_call), self.spell(expr.other, env, at_call)
        value = then.value if condition.value else other.value
        return Sym(value, choose(then.py, condition.py, other.py))

    def _range(self, expr: ast.Range, env: Env, at_call: bool) -> Sym:
        start, stop = self.spell(expr.start, env, at_call), self.spell(expr.stop, env, at_call)
        value = _try(values.span_of, start.value, stop.value)
        args = (stop.py,) if start.py == Lit(0) else (start.py, stop.py)
        return Sym(value, CallOf("range", args))

    def _call(self, expr: ast.Call, env: Env, at_call: bool) -> Sym:
        name = expr.func.id
        args = [self.spell(argument.value, env, at_call) for argument in expr.args]
        if any(arg.py is None for arg in args):
            raise Unspellable(name)
        names = tuple(argument.name for argument in expr.args)
        pys = tuple(arg.py for arg in args)
        if name in self.fn_names:
            return Sym(self._result(expr, args), CallOf(self.fn_names[name], pys, names))
        value = _try(values.FUNCTIONS[name], *(arg.value for arg in args))
        if isinstance(value, int) and all(isinstance(py, Lit) for py in pys):
            return Sym(value, Lit(value))
        return Sym(value, CallOf(_MATH.get(name, name), pys))

    def _result(self, expr: ast.Call, args: list[Sym]) -> Any:
        scope, renamed = Scope(), []
        for position, (argument, sym) in enumerate(zip(expr.args, args, strict=True)):
            if sym.value is MISSING:
                return MISSING
            scope.values[str(position)] = sym.value
            name = ast.Name(argument.span, str(position))
            renamed.append(ast.Argument(argument.span, argument.name, argument.name_span, name))
        try:
            return self.evaluator.evaluate(ast.Call(expr.span, expr.func, tuple(renamed)), scope)
        except Failure:
            return MISSING


def _negate(op: str, operand: Any) -> Any:
    return not operand if op == "not" else values.negate(op, operand)


def _binary(op: str, left: Any, right: Any) -> Any:
    if op in ("==", "!="):
        alike = isinstance(left, bool) == isinstance(right, bool) and left == right
        return alike is (op == "==")
    return values.binary(op, left, right)


def _try(function, *args: Any) -> Any:
    if any(arg is MISSING for arg in args):
        return MISSING
    try:
        return function(*args)
    except values.Fault:
        return MISSING


def respelled(sym: Sym, first: Any) -> Any:
    """An op's argument in normal form, with numbers that remember their expression.

    `first` is the argument of the first instance that runs the op; `sym` may have been
    evaluated for another one, of which only the expression counts.
    """
    if sym.py is None:
        raise Unspellable("argument")
    if not isinstance(first, tuple):
        return _number(first, sym.py)
    if sym.items is not None:
        items = sym.items
        if len(items) == 2 and len(first) == 4:  # [h, w] pads both sides
            items = (items[0], items[0], items[1], items[1])
        if len(items) != len(first):
            raise Unspellable("argument")
        return [respelled(part, value) for part, value in zip(items, first, strict=True)]
    if isinstance(sym.value, list) and (len(sym.value), len(first)) == (2, 4):
        height, width = (_number(first[2 * i], item(sym.py, Lit(i))) for i in (0, 1))
        return [height, height, width, width]
    if isinstance(sym.value, list):
        if len(sym.value) != len(first):
            raise Unspellable("argument")
        return [_number(value, item(sym.py, Lit(i))) for i, value in enumerate(first)]
    if len(set(first)) > 1:
        raise Unspellable("argument")
    return [_number(first[0], sym.py)] * len(first)


def _number(value: Any, py: Py) -> Any:
    if isinstance(py, Lit) or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Num(value, py)
    if isinstance(value, float):
        return Real(value, py)
    return value
