"""Expressions of the spec in names of the constructor or of the call."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from cnndsl.ir import LayerArgument
from cnndsl.ops.initial import NAMES
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.staging.draft import Env, Tensor
from cnndsl.targets.flax.staging.kinds import raw_kinds
from cnndsl.targets.python.arithmetic import binary, number_of, unary
from cnndsl.targets.python.expressions import NONE, call, constant, is_constant
from cnndsl.targets.python.logic import conditional
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Constant,
    Expr,
    Item,
    Keyword,
    Name,
    Slice,
    Star,
    Tuple,
)
from cnndsl.targets.python.tuples import item, tally

_MATH = {"ceil": "math.ceil", "floor": "math.floor", "sqrt": "math.sqrt", "log2": "math.log2"}
_TABLED = ("zip", "enumerate")  # lists that become tables
_EXTREMES = ("min", "max")  # of several numbers, of a list, or of one number


@dataclass(frozen=True)
class FnNames:
    """What a compile-time function of the spec and its parameters are called in the module."""

    name: str
    parameters: dict[str, str]


def is_plain(fn: ast.Fn, spec: Mapping[str, ast.Fn]) -> bool:
    """Whether a function has words in Python for all that it does.

    A list that it makes is its result, of all that is there: a tree has no condition in such. And
    it asks for no `max` of one value that may be a number: Python's wants several.
    """
    for node in walk(fn):
        if isinstance(node, ast.Comprehension) and (node is not fn.value or node.condition):
            return False
        if not isinstance(node, ast.Call) or node.func.id in spec:
            continue
        of_one = node.func.id in _EXTREMES and len(node.args) == 1
        if node.func.id in _TABLED or (of_one and not isinstance(node.args[0].value, ast.List)):
            return False
    return True


def _grows(listed: Tuple) -> bool:
    """Whether a list contains all of another one."""
    return any(isinstance(held, Star) for held in listed.items)


def _items(listed: Expr) -> tuple[Expr, ...]:
    """What a list contributes to a longer one."""
    return listed.items if isinstance(listed, Tuple) else (Star(listed),)


def _is_layer(expr: ast.Expr, env: Env) -> bool:
    """Whether an expression is the name of a layer, or of `none` in its place."""
    value = env.value(expr.id) if isinstance(expr, ast.Name) else None
    return value is not None and any(isinstance(v, LayerArgument) for v in value.samples)


@dataclass(frozen=True)
class Known:
    """What a spec says besides its expressions.

    `fns` are its functions by name, None for one that no function of Python is written for;
    `joins` are the sums that are sums of lists, `axes` the places of axes in a batch, by their
    words: those that are the same for all tensors.
    """

    fns: Mapping[str, FnNames | None]
    joins: Container[ast.Binary] = ()
    axes: Mapping[str, int] = field(default_factory=dict)


class Speller:
    """Spells expressions of the spec; `lift` takes those of the constructor to the call."""

    def __init__(self, known: Known, lift: Callable[[Expr], Expr]):
        self.known = known
        self.lift = lift

    def spell(self, expr: ast.Expr, env: Env, *, in_call: bool = False) -> Expr | None:
        """An expression in the constructor's or the call's names; None where it has none."""

        def inner(part: ast.Expr) -> Expr | None:
            return self.spell(part, env, in_call=in_call)

        match expr:
            case ast.Literal():
                return constant(expr.value)
            case ast.List():
                items = [inner(i) for i in expr.items]
                return None if None in items else Tuple(tuple(i for i in items if i is not None))
            case ast.Name():
                return self._name(expr.id, env, in_call)
            case ast.Attribute():
                return self._attribute(expr, env, in_call)
            case ast.Index(index=ast.Range() as part):
                base, start, stop = inner(expr.base), inner(part.start), inner(part.stop)
                if base is None or start is None or stop is None:
                    return None
                return Item(base, Slice(None if start == Constant(0) else start, stop))
            case ast.Index():
                base, index = inner(expr.base), inner(expr.index)
                return None if base is None or index is None else item(base, index)
            case ast.Unary():
                operand = inner(expr.operand)
                return None if operand is None else unary(expr.op, operand)
            case ast.Binary():
                return self._binary(expr, env, in_call)
            case ast.Conditional():
                then, test, other = inner(expr.then), inner(expr.condition), inner(expr.other)
                if test is not None and isinstance(test, Constant):
                    return then if test.value else other
                if then is None or test is None or other is None:
                    return None
                return conditional(then, test, other)
            case ast.Range():
                start, stop = inner(expr.start), inner(expr.stop)
                if start is None or stop is None:
                    return None
                return call("range", stop) if start == Constant(0) else call("range", start, stop)
            case ast.Call():
                return self._call(expr, env, in_call)
            case ast.Comprehension():
                return None  # as a table of its items

    def _name(self, name: str, env: Env, in_call: bool) -> Expr | None:
        value = env.value(name)
        if value is None:
            return None
        if not in_call:
            return value.init
        if value.call is not None:
            return value.call
        return None if value.init is None else self.lift(value.init)

    def _attribute(self, expr: ast.Attribute, env: Env, in_call: bool) -> Expr | None:
        tensor = self.tensor(expr.base, env, in_call)
        if tensor is None:
            return None
        if not in_call:
            return tensor.features if expr.attr == "channels" else None
        shape = Attribute(tensor.call, "shape")
        if expr.attr == "shape":
            return Item(shape, Slice(Constant(1)))
        at = -1 if expr.attr == "channels" else self.known.axes.get(expr.attr)
        return None if at is None else Item(shape, Constant(at))

    def tensor(self, expr: ast.Expr, env: Env, in_call: bool) -> Tensor | None:
        """A tensor by its name, or one of a pack."""
        if isinstance(expr, ast.Name):
            return env.meant(expr.id)
        if not isinstance(expr, ast.Index) or not isinstance(expr.base, ast.Name):
            return None
        pack = env.tensor(expr.base.id)
        if pack is None or env.value(expr.base.id) is not None:
            return None
        at = self.spell(expr.index, env, in_call=in_call)
        if at is None or isinstance(expr.index, ast.Range):
            return None
        return Tensor(Item(pack.call, at), item(pack.features, at))

    def _binary(self, expr: ast.Binary, env: Env, in_call: bool) -> Expr | None:
        if expr.op in ("==", "!="):
            for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
                tensor = env.meant(side.id) if isinstance(side, ast.Name) else None
                if tensor is None:
                    continue
                if not (isinstance(other, ast.Literal) and other.value is None):
                    return None  # whether two tensors are one is the compiler's to say
                tensor = tensor.param or tensor
                held = tensor.call if in_call else tensor.features
                test = Binary("is" if expr.op == "==" else "is not", held, NONE)
                if not tensor.optional:
                    return Constant(expr.op == "!=")
                return test
        if any(_is_layer(side, env) for side in (expr.left, expr.right)):
            return None  # which layer a name holds is the compiler's to say
        left = self.spell(expr.left, env, in_call=in_call)
        right = self.spell(expr.right, env, in_call=in_call)
        if left is None or right is None:
            return None
        if expr in self.known.joins:
            return Tuple((*_items(left), *_items(right)))
        if expr.op in ("==", "!=") and NONE in (left, right) and left != right:
            other_side = right if left == NONE else left
            if is_constant(other_side):
                return Constant(expr.op == "!=")
            return Binary("is" if expr.op == "==" else "is not", other_side, NONE)
        return binary(expr.op, left, right)

    def _call(self, expr: ast.Call, env: Env, in_call: bool) -> Expr | None:
        name = expr.func.id
        keywords: list[Keyword] = []
        args: list[Expr] = []
        if name == "len" and len(expr.args) == 1 and isinstance(expr.args[0].value, ast.Name):
            pack = env.tensor(expr.args[0].value.id)
            if pack is not None and env.value(expr.args[0].value.id) is None:
                return tally("len", pack.call if in_call else pack.features)
        for argument in expr.args:
            value = self.spell(argument.value, env, in_call=in_call)
            if value is None:
                return None
            if argument.name is None:
                args.append(value)
            else:
                keywords.append(Keyword(argument.name, value))
        if name not in self.known.fns and (name in _TABLED or name in NAMES):
            return None
        if name in self.known.fns:
            fn = self.known.fns[name]
            if fn is None:
                return None
            named = tuple(Keyword(fn.parameters[k.name or ""], k.value) for k in keywords)
            return Call(Name(fn.name), tuple(args), named)
        if name == "len" and isinstance(args[0], Tuple) and not _grows(args[0]):
            return Constant(len(args[0].items))
        if name in _EXTREMES and len(args) == 1:
            held = raw_kinds(expr.args[0].value, env)
            if held and not held & {"pair", "triple", "list"}:
                return args[0]  # of one number; Python's wants several
        return number_of(call(_MATH.get(name, name), *args))
