"""What computes a tensor in other libraries: layers that are called, functions, methods, sums."""

from __future__ import annotations

import ast as python
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cnndsl.syntax.ported import notation
from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.dialects import KERAS, LINEN, NNX, TORCH
from cnndsl.syntax.ported.entries import Choice, Entry, Unknown
from cnndsl.syntax.ported.flows import FLOW, Layer, Merged, Named, Ran, Step, Tensor, of_size
from cnndsl.syntax.ported.meaning import op_meant, op_spelt, setting_meant
from cnndsl.syntax.ported.notation import INPUT
from cnndsl.syntax.ported.values import name_of

_MERGES = ("add", "concat", "mul")
_LAST = {**dict.fromkeys((KERAS, LINEN, NNX), ("-1", "3")), TORCH: ("1", "-3")}  # the channels
_SPREADS = frozenset("unsqueeze expand expand_as broadcast_to".split())
_ANY = ("-1", "1", "3", "-3")
USUAL = frozenset({*notation.USUAL, INPUT})
_LOOSE = USUAL - {"here"}  # of which two may be one tensor


@dataclass
class Tensors:
    """The tensors of a program, and the `steps` that compute them.

    `free` says whether an unknown name is what arrives.
    """

    calls: Calls
    tensors: dict[str, str] = field(default_factory=dict)  # their names in the steps
    free: bool = True
    steps: list[Step] = field(default_factory=list)
    given: dict[str, python.expr] = field(default_factory=dict)  # values as they are written
    flow: str = FLOW

    @property
    def last(self) -> tuple[str, ...]:
        """The places of the channels."""
        return _LAST.get(self.calls.dialect, _ANY)

    def named(self, name: str) -> Tensor:
        if name in self.tensors:
            return Named(self.tensors[name])
        is_layer = name in self.calls.layers or name in self.calls.own or op_spelt(name) is not None
        flows = [each for each, held in self.tensors.items() if held == self.flow]
        is_other = not self.steps and name not in _LOOSE and not _LOOSE.issuperset(flows)
        if self.free and not is_layer and not is_other and (name in USUAL or not self.steps):
            self.tensors[name] = self.flow
            return Named(self.flow)
        raise Unknown

    def tensor(self, node: python.expr) -> Tensor:
        """What computes a tensor.

        Raises:
          Unknown: if nothing here does.
        """
        match node:
            case python.Name(id=name):
                return self.named(name)
            case python.IfExp(test=test, body=body, orelse=other):
                return self.chosen(test, body, other)
            case python.BinOp(left=left, op=python.Add(), right=right):
                return Merged("add", (self.tensor(left), self.tensor(right)))
            case python.BinOp(left=left, op=python.Mult(), right=right):
                return Merged("mul", (self.tensor(left), self.tensor(right)))
            case python.Subscript(value=of, slice=python.Tuple(elts=parts)) if any(
                isinstance(each, python.Constant) and each.value is None for each in parts
            ):
                return Ran(Entry("spread"), self.tensor(of))  # `s[:, None, None, :]`
            case python.BinOp(left=left, op=python.BitOr(), right=right):
                return self.through(self.calls.row(right), self._first(left))
            case python.Call(func=python.Call() as layer, args=[*args]):
                return self._applied(layer, args)
            case python.Call(func=func, args=args, keywords=keywords):
                return self._called(func, args, keywords)
        raise Unknown

    def _applied(self, layer: python.Call, args: Sequence[python.expr]) -> Tensor:
        """`Conv2D(64, 3)(x)`, `Concatenate()([a, b])`."""
        op = op_meant(name_of(layer.func))
        if op in _MERGES and args:
            return self._merged(op, [*args, *layer.args], layer.keywords)
        if not args:
            raise Unknown
        return self.through(self.calls.row(layer), self.tensor(args[0]))

    def _called(
        self,
        func: python.expr,
        args: Sequence[python.expr],
        keywords: Sequence[python.keyword],
    ) -> Tensor:
        name = name_of(func)
        op = op_meant(name)
        if name in self.calls.layers and args[1:]:
            return self._joined(self.calls.layers[name], args)
        if name in self.calls.values and args and op is None and name not in self.calls.own:
            return Ran(self.calls.values[name], self.tensor(args[0]))  # an argument that is a layer
        if name in self.calls.layers and args:
            return self.through(self.calls.layers[name], self.tensor(args[0]))
        if op in _MERGES and name not in self.calls.own and args:
            return self._merged(op, [*args], [*keywords])
        if isinstance(func, python.Attribute) and self._has_methods(func.value):
            return self._method(func.value, name, args, keywords)
        if name == "repeat" and len(args) > 2:  # `repeat(x, 2, conv2d, 64, [3, 3])`
            entry = self.calls.entry(name_of(args[2]), args[3:], keywords)
            times = self.calls.value(args[1])
            counted = type(entry)(entry.op, entry.given, entry.behind, times, entry.shape)
            return Ran(counted, self.tensor(args[0]))
        if not args:
            raise Unknown
        source = self._first(args[0])
        if name in self.calls.own:
            return Ran(self.calls.block(name, args[1:], keywords), source)
        if name == "squeeze" and _of_positions([*args[1:], *(k.value for k in keywords)]):
            return Ran(Entry("flatten"), source)
        if name in ("reshape", "view"):
            return Ran(self.calls.entry("view", args[1:], keywords), source)
        applied = replace(self.calls, applies=True)
        return Ran(applied.called(func, args[1:], keywords), source)

    def _joined(self, row: Sequence[Layer], args: Sequence[python.expr]) -> Tensor:
        """A block of the author's own with further tensors, which are its arguments."""
        others = [self.tensor(each) for each in args[1:]]
        if len(row) != 1 or not isinstance(row[0], str):
            raise Unknown
        names = [self._marked(each) for each in others]
        head, _, rest = row[0].removesuffix(")").partition("(")
        words = [*filter(None, [rest]), *names]
        return Ran(f"{head}({', '.join(words)})", self.tensor(args[0]))

    def chosen(self, test: python.expr, body: python.expr, other: python.expr) -> Tensor:
        """A tensor that runs through layers where a condition holds, and maybe others where not."""
        one, two = (self.tensor(_loaded(each)) for each in (body, other))
        (row, source), (others, again) = _unrolled(one), _unrolled(two)
        for tensor, plain, is_so in ((one, two, True), (two, one, False)):
            if isinstance(tensor, Merged) and plain in tensor.items:
                words = ["here" if each == plain else self._marked(each) for each in tensor.items]
                condition = self.calls.value(test) if is_so else f"not ({self.calls.value(test)})"
                return Ran(Choice(condition, (f"{tensor.name} [ {', '.join(words)} ]",)), plain)
        if self._first_name(source) != self._first_name(again):
            raise Unknown
        condition = self.calls.value(test)
        layers = [each.id for each in python.walk(test) if isinstance(each, python.Name)]
        layers += [each.attr for each in python.walk(test) if isinstance(each, python.Attribute)]
        if any(each in self.calls.layers for each in layers):  # which says itself when it runs
            if not (condition.endswith("none") and bool(row) != bool(others)):
                raise Unknown
            return one if row else two
        if not row:
            row, others, condition = others, row, f"not ({condition})"
        return Ran(Choice(condition, tuple(row), tuple(others)), source)

    def _marked(self, tensor: Tensor) -> str:
        if not isinstance(tensor, Named):
            raise Unknown
        return of_size(tensor.name)

    def _first_name(self, tensor: Tensor) -> Tensor:
        """A tensor by its first name, where it has several."""
        for step in reversed(self.steps):
            if isinstance(tensor, Named) and step.name == tensor.name:
                if not isinstance(step.tensor, Named):
                    return tensor
                tensor = step.tensor
        return tensor

    def sized(self, statement: python.stmt) -> python.stmt:
        """A statement with names for the sizes of tensors in it."""
        return _Sizes(self).visit(statement)  # type: ignore[no-any-return]

    def _first(self, node: python.expr) -> Tensor:
        """What a function works on; a layer behind what flows, `relu(conv(32, 3))`, is it too."""
        if self._is_tensor(node):
            return self.tensor(node)
        if (
            not self.free
            or not isinstance(node, python.Call)
            or op_meant(name_of(node.func)) is None
        ):
            raise Unknown
        return self.through(self.calls.row(node), Named(self.flow))

    def _method(
        self,
        of: python.expr,
        name: str,
        args: Sequence[python.expr],
        keywords: Sequence[python.keyword],
    ) -> Tensor:
        source = self.tensor(of)
        sizes = [each.value if isinstance(each, python.Constant) else None for each in args]
        if name in _SPREADS or (name in ("view", "reshape") and sizes[2:] == [1, 1]):
            return Ran(Entry("spread"), source)
        if name in ("view", "reshape"):
            return Ran(self.calls.entry("view", args, keywords), source)
        if name in ("contiguous", "clone", "to", "float", "squeeze", "detach"):
            return source
        return Ran(self.calls.entry(name, args, keywords), source)

    def _merged(self, name: str, args: list[python.expr], named: list[python.keyword]) -> Tensor:
        axes = [each.value for each in named if setting_meant(each.arg or "") == "axis"]
        meant = {setting_meant(each.arg or "") for each in named}
        axes += filter(_is_setting, args)
        last = self.last
        if meant - {"axis", "idle"} or any(self.calls.value(each) not in last for each in axes):
            raise Unknown  # it is no merge of channels
        first = args[0]
        if isinstance(first, python.Name):  # `outputs = [b1, b2]`
            first = self.given.get(first.id, first)
        items = list(args)
        if isinstance(first, python.List | python.Tuple):
            items = list(first.elts)
        tensors = tuple(self.tensor(each) for each in items if not _is_setting(each))
        return Merged(name, tensors)

    def through(self, row: Sequence[Layer], source: Tensor) -> Tensor:
        for layer in row:
            source = Ran(layer, source)
        return source

    def _has_methods(self, node: python.expr) -> bool:
        """Whether what stands in front of a dot is a tensor, and no library."""
        if isinstance(node, python.Name):
            return node.id in self.tensors or (self.free and node.id in USUAL)
        return not isinstance(node, python.Attribute) and self._is_tensor(node)

    def _is_tensor(self, node: python.expr) -> bool:
        if isinstance(node, python.Name) and node.id in self.calls.values:
            return False
        before = dict(self.tensors)
        try:
            self.tensor(node)
        except Unknown:
            self.tensors = before
            return False
        return True


def _loaded(node: python.expr) -> python.expr:
    return python.Name(id=node.id, ctx=python.Load()) if isinstance(node, python.Name) else node


def _unrolled(tensor: Tensor) -> tuple[list[Layer], Tensor]:
    """The layers that a tensor runs through, and what it begins with."""
    row: list[Layer] = []
    while isinstance(tensor, Ran):
        row.insert(0, tensor.layer)
        tensor = tensor.source
    return row, tensor


@dataclass
class _Sizes(python.NodeTransformer):
    """`x.shape` and `x.shape[-1]` as names that are known here."""

    tensors: Tensors

    def visit_Attribute(self, node: python.Attribute) -> python.expr:
        match node:
            case python.Attribute(value=python.Name(id=name), attr="shape"):
                return self._named(name, "shape") or node
        return node

    def visit_Subscript(self, node: python.Subscript) -> python.expr:
        last = self.tensors.last
        match node:
            case python.Subscript(value=python.Attribute(value=python.Name(id=name), attr="shape")):
                if python.unparse(node.slice) in last:
                    return self._named(name, "channels") or node
                return node
        self.generic_visit(node)
        return node

    def _named(self, name: str, size: str) -> python.expr | None:
        known = self.tensors.tensors.get(name)
        if known is None:
            return None
        text = f"{of_size(known)}.{size}"
        self.tensors.calls.values[text] = text
        return python.Name(id=text, ctx=python.Load())


def _of_positions(said: Sequence[python.expr]) -> bool:
    """Whether what is squeezed are the positions of a map: both of its axes, or all of size 1."""
    axes = [each for each in said if not isinstance(getattr(each, "value", None), str)]
    return all(len(getattr(each, "elts", ())) > 1 for each in axes)


def _is_setting(node: python.expr) -> bool:
    """An axis among the branches of a merge."""
    return isinstance(node, python.UnaryOp | python.Constant)
