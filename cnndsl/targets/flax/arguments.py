"""What a use of a block hands over: constructor arguments, tensors, channels of the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cnndsl.elaborate.values import is_int
from cnndsl.ir import Instance, Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.elements import Elements
from cnndsl.targets.flax.flow import Flow
from cnndsl.targets.flax.folding import item, substitute
from cnndsl.targets.flax.pyexpr import Bin, Binding, Lit, Py, Ref, Tup, bindings, frozen
from cnndsl.targets.flax.spelling import Env, Sym, Symbol, Unspellable


@dataclass
class Param:
    """One argument of an emitted class.

    `source` says where its value comes from: "in" and "features" are channels, "own" is a
    parameter of the block, "computed" is worked out by the compiler for every instance.
    """

    binding: Binding
    source: str
    origin: str  # the parameter's or the tensor's name in the spec
    default: Py | None = None
    computed: dict[int, Any] = field(default_factory=dict)
    pair: bool = False  # a window that some uses write as one number


def as_pair(py: Py) -> Py:
    """`3` as a window is written where others are `(1, 7)`."""
    if isinstance(py, Lit):
        return Lit((py.value, py.value)) if isinstance(py.value, int) else py
    if isinstance(py, Tup) or (isinstance(py, Ref) and py.binding.pair):
        return py
    return Tup((py, py))


def pair_of(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value, value]


def is_mixed(seen: list[Any]) -> bool:
    """Whether a value is a number in some instances and a list, or another one, elsewhere."""
    lengths = {len(value) if isinstance(value, list) else None for value in seen}
    return len(lengths) > 1 and None in lengths and not is_pair(seen)


def is_pair(seen: list[Any]) -> bool:
    """Whether a value is a window, square in some instances and not in others."""
    lists = [value for value in seen if isinstance(value, list) and len(value) == 2]
    whole = [value for value in seen if is_int(value)]
    return bool(lists and whole) and len(lists) + len(whole) == len(seen)


@dataclass
class Emitted:
    """What a call site must know of a class that is already lowered."""

    name: str
    stem: str
    is_function: bool
    params: list[Param]
    tensors: list[str]  # tensor parameters that the call takes, in order
    out: Py | None
    index: dict[int, int]  # id of an instance -> its number among the class's
    takes: tuple[str, ...]  # of rngs and dtypes
    folded: set[str] = field(default_factory=set)  # parameters decided by the compiler


class Arguments(Elements):
    """Spells the arguments of blocks."""

    def own_arguments(
        self, block: ast.Block, element: ast.Apply, recs: list[Instance], env: Env
    ) -> dict[str, Py | None]:
        """The expression of every value that a use of a block hands over."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        pys: dict[str, Py | None] = {}
        for name in names:
            seen = [rec.args[name] for rec in recs]
            if any(isinstance(value, Tensor) for value in seen):
                continue
            if name in given:
                pys[name] = self.value(given[name], seen, env)
            elif all(value == seen[0] for value in seen):
                pys[name] = Lit(frozen(seen[0]))
            else:
                pys[name] = self.late_default(block, name, pys, recs[0])
        return pys

    def late_default(
        self, block: ast.Block, name: str, pys: dict[str, Py | None], first: Instance
    ) -> Py | None:
        """A default in terms of earlier parameters, with what those are given here."""
        env = Env()
        for earlier, py in pys.items():
            env.values[earlier] = Sym(first.args[earlier], py)
        default = next(p.default for p in block.parameters if p.name == name)
        try:
            return self.speller.spell(default, env).py
        except Unspellable:
            return None

    def value(self, expr: ast.Expr, seen: list[Any], env: Env) -> Py | None:
        try:
            return self.speller.spell(expr, env).py
        except Unspellable:
            if any(value != seen[0] for value in seen):
                return None
            self.fold(expr, env)
            return Lit(frozen(seen[0]))

    def arguments(
        self,
        callee: Emitted,
        block: ast.Block,
        element: ast.Apply,
        recs: list[Instance],
        cx: list[int],
        flow: Flow,
        env: Env,
    ) -> list[Py]:
        own = self.own_arguments(block, element, recs, env)
        pys: list[Py] = []
        for param in callee.params:
            match param.source:
                case "in":
                    pys.append(self.channels_py(flow))
                case "features":
                    pys.append(self.feature_py(param, block, element, recs, env))
                case "own":
                    py = own.get(param.origin)
                    if py is None:
                        seen = [rec.args[param.origin] for rec in recs]
                        if param.pair:
                            seen = [v if isinstance(v, list) else [v, v] for v in seen]
                        py = self.computed(param.origin, cx, seen)
                    elif param.pair and all(is_int(r.args[param.origin]) for r in recs):
                        py = as_pair(py)
                    elif not param.pair and isinstance(py, Ref) and py.binding.pair:
                        whole = all(is_int(r.args[param.origin]) for r in recs)
                        py = item(py, Lit(0)) if whole else py
                    pys.append(py)
                case _:
                    seen = [param.computed[callee.index[id(rec)]] for rec in recs]
                    pys.append(self.computed(param.binding.name, cx, seen))
        return pys

    def feature_py(
        self, param: Param, block: ast.Block, element: ast.Apply, recs: list[Instance], env: Env
    ) -> Py:
        symbol = self.tensor_symbol(param.origin, block, element, env)
        if symbol is None:
            return Lit(None)
        tensors = tuple(rec.args[param.origin] for rec in recs)
        if any(tensor is None for tensor in tensors) and symbol.is_none is None:
            raise Unspellable(param.origin)
        if symbol.channels is not None:
            return symbol.channels
        if len({t.shape[-1] for t in tensors if t is not None}) == 1:
            return Lit(tensors[0].shape[-1])
        raise Unspellable(param.origin)

    def tensor_symbol(
        self, name: str, block: ast.Block, element: ast.Apply, env: Env
    ) -> Symbol | None:
        """The tensor that a use of a block hands over as `name`; None for `none`."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        expr = given.get(name)
        if isinstance(expr, ast.Name):
            return env.tensor(expr.id)
        return None

    def tensor_arguments(
        self,
        callee: Emitted,
        block: ast.Block,
        element: ast.Apply,
        recs: list[Instance],
        flow: Flow,
        env: Env,
    ) -> list[str]:
        texts = []
        for name in callee.tensors:
            symbol = self.tensor_symbol(name, block, element, env)
            if symbol is None or all(rec.args[name] is None for rec in recs):
                texts.append("None")
                continue
            names = [p.name for p in block.parameters]
            given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
            if isinstance(given[name], ast.Name):
                self.check_alive(given[name].id, symbol.variable)
            texts.append(symbol.variable)
        while texts and texts[-1] == "None" and not (callee.is_function and callee.params):
            texts.pop()
        return texts

    def result_channels(
        self, callee: Emitted, mapping: dict[Binding, Py], tensors: tuple[Tensor, ...]
    ) -> Py | None:
        if callee.out is not None and all(b in mapping for b in bindings(callee.out)):
            return substitute(callee.out, lambda b: mapping[b])
        for py in mapping.values():  # a number that holds for these arguments alone
            self.fold_py(py)
        if len({tensor.shape[-1] for tensor in tensors}) == 1:
            return Lit(tensors[0].shape[-1])
        return None

    def known_as(self, expr: Py | None, env: Env) -> Py | None:
        """The author's name for an expression, where a `let` in scope has one."""
        if expr is None or isinstance(expr, (Lit, Ref)):
            return expr
        scope: Env | None = env
        while scope is not None:
            for sym in scope.values.values():
                if isinstance(sym.py, Ref) and sym.py.binding.definition == expr:
                    return sym.py
            scope = scope.parent
        return expr

    def computed(self, name: str, cx: list[int], seen: list[Any]) -> Py:
        """An argument of this class that the compiler works out for every instance of it."""
        if all(value == seen[0] for value in seen):
            return Lit(frozen(seen[0]))
        pattern = self.first_only(seen)
        if pattern is not None:
            return pattern
        values: dict[int, Any] = {}
        for number, value in zip(cx, seen, strict=True):
            if values.setdefault(number, value) != value:
                raise Unspellable(name)
        return self.compute(name, values)

    def first_only(self, seen: list[Any]) -> Py | None:
        """`i == 0` for what only the first iteration of a loop has."""
        loop = self.state.loop
        if loop is None or not isinstance(seen[0], bool):
            return None
        firsts = self.first_iterations(len(seen))
        if firsts is None:
            return None
        for flip in (False, True):
            if all((value is not flip) is first for value, first in zip(seen, firsts, strict=True)):
                counter = self.loop_counter()
                return Bin("!=" if flip else "==", Ref(counter), Lit(0))
        return None
