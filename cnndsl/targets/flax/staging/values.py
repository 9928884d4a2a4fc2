"""What an expression of the spec is in the constructor and in the call: the binding time.

The constructor knows arguments and channels, the call knows heights and widths besides. What
neither can say is a literal where it is the same everywhere, else an argument that the compiler
works out for every instance, or a table of such values by iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnndsl.elaborate.program import walk
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.staging.draft import Draft, Env, OpenLoop, Param, Run, Slot
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import (
    NONE,
    TRUE,
    binary,
    call,
    conditional,
    constant,
    is_constant,
    item,
    names,
    self_,
    size,
    substitute,
    unary,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Call,
    Constant,
    Do,
    Expr,
    Item,
    Keyword,
    Name,
    Slice,
    Tuple,
)

_MATH = {"ceil": "math.ceil", "floor": "math.floor", "sqrt": "math.sqrt", "log2": "math.log2"}
_AXES = {"height": 1, "width": 2, "channels": -1}
_SMALL = 12  # nodes of a list that the call may name again


def frozen(value: object) -> object:
    """A value of the language as Python holds it for good: lists are tuples."""
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class FnNames:
    """What a compile-time function of the spec and its parameters are called in the module."""

    name: str
    parameters: dict[str, str]


class Values:
    """Spells values in one class."""

    def __init__(self, draft: Draft, fns: Mapping[str, FnNames]):
        self.draft = draft
        self.fns = fns
        self.loops: list[OpenLoop] = []
        self.sinks: list[list[Step]] = [draft.init]
        self.calls: list[list[Step]] = [draft.call]
        self.origins: dict[str, set[str]] = {}  # the arguments that a variable comes from
        self.ranged: dict[str, bool] = {}  # whether the call can walk a loop's items again
        self.arms: tuple[tuple[int, int], ...] = ()
        self.path: tuple[str, ...] = ()
        self.indexed: set[str] = set()  # lists whose items are found by their number
        self.first: set[str] = set()  # those that only the first iterations fill
        self.counted = False  # whether all lists are, as those of auxiliary heads

    # --- lines ------------------------------------------------------------------------

    def at_init(self, step: Step) -> None:
        self.sinks[-1].append(step)

    def at_call(self, step: Step) -> None:
        self.calls[-1].append(step)

    def define(self, name: Name, value: Expr) -> None:
        """An assignment of the constructor."""
        known = self.origins.setdefault(name.id, set())
        known |= self.reached(value)
        self.at_init(Assign((name,), value))

    def reached(self, expr: Expr) -> set[str]:
        """The arguments that an expression of the constructor depends on."""
        return {o for n in names(expr) for o in self.origins.get(n, {n})}

    # --- expressions ------------------------------------------------------------------

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
        tensor = env.tensor(expr.base.id) if isinstance(expr.base, ast.Name) else None
        if tensor is None:
            return None
        if not in_call:
            return tensor.features if expr.attr == "channels" else None
        shape = Attribute(tensor.call, "shape")
        if expr.attr == "shape":
            return Item(shape, Slice(Constant(1)))
        return Item(shape, Constant(_AXES[expr.attr]))

    def _binary(self, expr: ast.Binary, env: Env, in_call: bool) -> Expr | None:
        if expr.op in ("==", "!="):
            for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
                tensor = env.tensor(side.id) if isinstance(side, ast.Name) else None
                is_value = isinstance(side, ast.Name) and env.value(side.id) is not None
                if tensor is None or is_value:
                    continue
                if not (isinstance(other, ast.Literal) and other.value is None):
                    return None  # whether two tensors are one is the compiler's to say
                held = tensor.call if in_call else tensor.features
                test = Binary("is" if expr.op == "==" else "is not", held, NONE)
                if not tensor.optional:
                    return Constant(expr.op == "!=")
                return test
        left = self.spell(expr.left, env, in_call=in_call)
        right = self.spell(expr.right, env, in_call=in_call)
        if left is None or right is None:
            return None
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
        for argument in expr.args:
            value = self.spell(argument.value, env, in_call=in_call)
            if value is None:
                return None
            if argument.name is None:
                args.append(value)
            else:
                keywords.append(Keyword(argument.name, value))
        if name in self.fns:
            fn = self.fns[name]
            named = tuple(Keyword(fn.parameters[k.name or ""], k.value) for k in keywords)
            return Call(Name(fn.name), tuple(args), named)
        if name == "len" and isinstance(args[0], Tuple):
            return Constant(len(args[0].items))
        return call(_MATH.get(name, name), *args)

    # --- values -----------------------------------------------------------------------

    def value(
        self, expr: ast.Expr | None, seen: Sequence[object], runs: list[Run], env: Env, stem: str
    ) -> Expr:
        """What the constructor says for a value that was `seen` in every execution."""
        spelled = None if expr is None else self.spell(expr, env)
        if spelled is not None:
            return spelled
        if expr is not None:
            self.fold(expr, env)
        return self.residual(stem, seen, runs)

    def fold(self, expr: ast.Expr, env: Env) -> None:
        """Notes what decides something for good: such a parameter is no argument."""
        folded, spatial = self.decided_by(expr, env)
        self.draft.folded |= folded
        self.draft.spatial |= spatial

    def decided_by(self, expr: ast.Expr, env: Env) -> tuple[set[str], bool]:
        """The arguments that an expression depends on, and whether sizes of maps do it too."""
        folded: set[str] = set()
        spatial = False
        for node in walk(expr):
            if isinstance(node, ast.Attribute) and isinstance(node.base, ast.Name):
                tensor = env.tensor(node.base.id)
                spatial |= tensor is not None and node.attr != "channels"
                if tensor is not None and node.attr in ("channels", "shape"):
                    folded |= self.reached(tensor.features)
            elif isinstance(node, ast.Name):
                value = env.value(node.id)
                if value is not None and value.init is not None:
                    folded |= self.reached(value.init)
        return folded, spatial

    def residual(self, stem: str, seen: Sequence[object], runs: list[Run]) -> Expr:
        """A value that no expression of the constructor says."""
        held = [frozen(v) for v in seen]
        keys = [_key(v) for v in held]
        if len(set(keys)) == 1:
            return constant(held[0])
        by: dict[int, object] = {}
        alike = all(
            _key(by.setdefault(n, v)) == k for (n, _), v, k in zip(runs, held, keys, strict=True)
        )
        if alike:
            return self.per_instance(stem, by)
        for depth in range(len(self.loops) - 1, -1, -1):
            found = self._by_iteration(stem, held, keys, runs, depth)
            if found is not None:
                return found
        raise AssertionError("an execution has one value")

    def _by_iteration(
        self, stem: str, held: list[object], keys: list[str], runs: list[Run], depth: int
    ) -> Expr | None:
        """A table by the iterations of the loops from `depth` on, if those decide the value."""
        tables: dict[int, dict[tuple[int, ...], object]] = {}
        for (number, iterations), value, key in zip(runs, held, keys, strict=True):
            table = tables.setdefault(number, {})
            if _key(table.setdefault(iterations[depth:], value)) != key:
                return None
        counters = [loop.counter for loop in self.loops[depth:]]
        if len(counters) == 1 and set(keys) <= {_key(True), _key(False)}:
            for first in (True, False):
                if all(
                    (v is first) == (at[0] == 0)
                    for table in tables.values()
                    for at, v in table.items()
                ):
                    return Binary("==" if first else "!=", Name(counters[0]), Constant(0))
        nested = {n: _nested(table, len(counters)) for n, table in tables.items()}
        if len({_key(v) for v in nested.values()}) == 1:
            base = constant(next(iter(nested.values())))
        else:
            base = self.per_instance(stem, dict(nested))
        for counter in counters:
            base = Item(base, Name(counter))
        return base

    def per_instance(self, stem: str, values: dict[int, object]) -> Expr:
        """An argument of the class that the compiler works out for every instance of it."""
        draft = self.draft
        if draft.is_model:
            name = self.class_value(stem, values)
            return self_(name)
        for param in draft.params:
            if param.source == "computed" and param.origin == stem and param.values == values:
                return Name(param.name)
        common = next((v for v in values.values() if v is False), next(iter(values.values())))
        default = Constant(False) if common is False else TRUE if common is True else None
        name = self.param_name(stem)
        draft.params.append(Param(name, "computed", stem, dict(values), default))
        return Name(name)

    def class_value(self, stem: str, values: dict[int, object]) -> str:
        """An attribute of a model's class, which every variant sets."""
        known = self.draft.class_values
        for name, held in known.items():
            if name.rstrip("0123456789_") == stem.rstrip("0123456789_") and _key(held) == _key(
                values
            ):
                return name
        name = self.param_name(stem)
        known[name] = values
        return name

    def param_name(self, stem: str) -> str:
        """A free name for an argument or a class attribute."""
        taken = {p.name for p in self.draft.params} | self.draft.class_values.keys()
        name = safe_local(stem)
        if name not in taken:
            return name
        number = 2
        while f"{name}{number}" in taken:
            number += 1
        return f"{name}{number}"

    # --- from the constructor to the call ----------------------------------------------

    def lift(self, expr: Expr) -> Expr:
        """An expression of the constructor, for the call of the same object."""
        if self.draft.is_function:
            return expr
        return substitute(expr, {name: self._lifted(name) for name in names(expr)})

    def in_call(self, expr: Expr, written: ast.Expr, env: Env) -> Expr:
        """What the call says for `expr`; a function says what is `written` in its own terms."""
        if self.draft.is_function:
            spelled = self.spell(written, env, in_call=True)
            return expr if spelled is None else spelled
        return self.lift(expr)

    def _lifted(self, name: str) -> Expr:
        if name in {p.name for p in self.draft.params}:
            return self_(name)
        if name not in self.draft.variables:
            return Name(name)  # of the module or of Python
        variable = self.draft.variables[name]
        if variable.kind == "counter" or (variable.kind == "target" and self.ranged.get(name)):
            return Name(name)
        if variable.stable:
            return self_(name)
        return self.slot(Name(name), Slot(variable.stem, (), is_value=True), ())

    def slot(self, value: Expr, slot: Slot, runs: Iterable[Run]) -> Expr:
        """Keeps a module or a value on `self`, or in the lists of the loops around.

        Returns the expression by which the call reaches it.
        """
        draft = self.draft
        name = draft.unique(slot.stem)
        draft.slots[name] = slot
        slot.path, slot.arms = self.path, self.arms
        if not self.loops:
            self.at_init(Assign((self_(name),), value))
            return self_(name)
        loop = self.loops[-1]
        holder = self_(name) if len(self.loops) == 1 else Name(name)
        self.at_init(Do(Call(Attribute(holder, "append"), (value,))))
        slot.many = 1
        prefix = self.first_ones(list(runs)) if not slot.is_value else False
        if prefix or self.counted:
            loop.slots.append(name)
            self.indexed.add(name)
            if prefix:
                self.first.add(name)
            return Item(holder, Name(loop.counter))
        loop.slots.append(name)
        return Name(name)

    def first_ones(self, runs: list[Run]) -> bool:
        """Whether only the first iterations of the loop come here, and not all of them."""
        loop = self.loops[-1]
        if len(runs) == len(loop.runs):
            return False
        reached: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for number, iterations in runs:
            reached.setdefault((number, iterations[:-1]), []).append(iterations[-1])
        return all(found == list(range(len(found))) for found in reached.values())

    def is_cheap(self, items: Expr) -> bool:
        """Whether the call may name a list again."""
        if isinstance(items, Call) and items.function == Name("range"):
            return size(items) <= _SMALL
        return bool(names(items)) and size(items) <= _SMALL


def sample_kinds(values: Iterable[object]) -> set[str]:
    """What values are: "int", "float", "bool", "str", "none", "pair" or "list"."""
    return {_kind(value) for value in values}


def _kind(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "str"
    return "pair" if isinstance(value, (list, tuple)) and len(value) == 2 else "list"


def _key(value: object) -> str:
    return repr(value)


def _nested(table: dict[tuple[int, ...], object], depth: int) -> object:
    """Values by iterations as tuples inside each other; what was not reached is filled."""
    if depth == 0:
        return table[()]
    filler = next(iter(table.values()))
    by: dict[int, dict[tuple[int, ...], object]] = {}
    for at, value in table.items():
        by.setdefault(at[0], {})[at[1:]] = value
    rows = range(max(by) + 1)
    return tuple(_nested(by[i], depth - 1) if i in by else filler for i in rows)


def safe_local(stem: str) -> str:
    """An author's name, made safe for Python and the module."""
    return safe(stem, RESERVED)
