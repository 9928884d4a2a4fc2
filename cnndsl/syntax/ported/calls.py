"""Calls of any library as layers: by what their names and their arguments mean."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cnndsl import elsewhere
from cnndsl.syntax.ported.dialects import FLUX, Dialect
from cnndsl.syntax.ported.entries import Entry, Unknown
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.meaning import op_meant, setting_meant

CONTAINERS = re.compile(
    r"(hybrid|keras_model_)?sequential|chain|ordereddict|stack|modulelist|serial|list"
)
_FIRST = {
    "group_norm": ("groups",),
    "dropout": ("rate",),
    "drop_path": ("rate",),
    "leaky_relu": ("slope",),
    "upsample": ("factor",),
    "resize": ("size",),
    "adaptive_avg_pool": ("size",),
    "pad": ("pad",),
    "pixel_shuffle": ("factor",),
    "shuffle": ("groups",),
    "lrn": ("size",),
}
_WITHOUT = frozenset(
    {"flatten", "softmax", "relu", "sigmoid", "tanh", "bn", "here", "gelu", "swish"}
)
_ACTIVATIONS = frozenset(
    "relu relu6 leaky_relu elu selu gelu swish sigmoid tanh softmax mish softplus here".split()
)
_TAKE_THEM = frozenset("conv conv_transpose separable depthwise dense".split())
_FUNCTIONS = frozenset({"int", "max", "min", "len", "round"})


def name_of(func: python.expr) -> str:
    """A callee's own name, without what stands in front of it."""
    match func:
        case python.Name(id=name) | python.Attribute(attr=name):
            return name
    raise Unknown


@dataclass
class Calls:
    """Reads layers; `own` are blocks of the text, `layers` those that have a name, `values` names
    of settings as they are here, `gone` the arguments of blocks that say what arrives, by their
    places and names.
    """

    dialect: Dialect
    own: Collection[str] = ()
    layers: dict[str, list[Layer]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    gone: Mapping[str, Collection[str]] = field(default_factory=dict)

    def row(self, node: python.expr) -> list[Layer]:
        """The layers that an expression is, one behind the other.

        Raises:
          Unknown: if it is none.
        """
        match node:
            case python.List(elts=items):
                return [each for item in items for each in self.row(item)]
            case python.Tuple(elts=[python.Constant(value=str()), layer]):
                return self.row(layer)
            case python.Tuple(elts=items):
                return [each for item in items for each in self.row(item)]
            case python.BinOp(left=left, op=python.BitOr(), right=right):
                return [*self.row(left), *self.row(right)]
            case python.Dict(values=items):
                return [each for item in items for each in self.row(item)]
            case python.Name(id=name) | python.Attribute(attr=name) if name in self.layers:
                return self.layers[name]
            case python.Name(id=name) | python.Attribute(attr=name):
                return [self.entry(name, [], [])]
            case python.Starred(value=value):
                return self.row(value)
            case python.Call(func=func, args=args, keywords=keywords):
                name = name_of(func)
                if CONTAINERS.fullmatch(name.lower()):
                    return [each for item in args for each in self.row(item)]
                if name in self.own:
                    return [self.block(name, args, keywords)]
                if self._holds_layers(name, args, keywords):
                    return [each for item in args for each in self.row(item)]
                if name == "Activation" and args:
                    return self._activation(args[0])
                return [self.entry(name, args, keywords)]
        raise Unknown

    def _holds_layers(
        self, name: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> bool:
        """Whether a callee that is no layer holds layers alone: `Net(Sequential(…), Linear(…))`."""
        calls = all(isinstance(each, python.Call | python.List) for each in args)
        return op_meant(name) is None and len(args) > 1 and calls and not keywords

    def _activation(self, node: python.expr) -> list[Layer]:
        said = node.value if isinstance(node, python.Constant) else name_of(node)
        op = op_meant(str(said))
        if op is None:
            raise Unknown
        return [Entry(op)]

    def block(
        self, name: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> str:
        """A block of the author's own with its arguments."""
        gone = self.gone.get(name, ())
        kept = [each for place, each in enumerate(args) if str(place) not in gone]
        words = [*map(self.value, kept)]
        words += [
            f"{each.arg} = {self.value(each.value)}"
            for each in keywords
            if each.arg and each.arg not in gone
        ]
        return f"{name}({', '.join(words)})" if words else name

    def entry(
        self, name: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Entry:
        """A layer with its settings."""
        op = op_meant(name)
        if op is None or op == "input" or (op in _WITHOUT and name in elsewhere.MODULES):
            raise Unknown
        if op == "relu" and any(each.arg == "max_value" for each in keywords):
            return Entry("relu6")
        given: dict[str, str] = {}
        pools = [each for each in keywords if each.arg in ("pool", "pool_type", "pooling_type")]
        if op == "max_pool" and pools:
            said = python.unparse(pools[0].value).lower()
            op = "avg_pool" if "av" in said or "mean" in said else op
            keywords = [each for each in keywords if each is not pools[0]]
        for key, node in self._arguments(op, args, keywords):
            match node:
                case python.BinOp(left=left, op=python.RShift(), right=right):
                    given |= {"arrives": self.value(left), "out": self.value(right)}
                    continue
            said = self.value(node) if key != "idle" else ""
            if key == "axis":
                continue
            if key == "beyond":
                raise Unknown
            if (key == "pad" and said.startswith("[")) or (said.count("x") > 1 and key != "size"):
                raise Unknown
            given.setdefault(key, said)
        return Entry(op, given)

    def _arguments(
        self, op: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Iterator[tuple[str, python.expr]]:
        """What every argument means, and its value."""
        named = {setting_meant(each.arg or "") for each in keywords}
        plain, pairs = _paired(args)
        for node in plain:
            if isinstance(node, python.Dict):  # `conv2d({filters: 32, kernelSize: 3})`
                pairs += [(_key(k), v) for k, v in zip(node.keys, node.values, strict=True)]
        plain = [node for node in plain if not isinstance(node, python.Dict)]
        order = list(self._order(op))
        if any(_is_pair(node) for node in plain):
            order = [key for key in order if key not in ("arrives", "out")]
        if op in ("conv", "conv_transpose") and order[:1] == ["arrives"] and len(plain) == 1:
            order = order[1:] if "arrives" not in named else order
        if op == "dense" and order[:1] == ["arrives"] and len(plain) == 1 and "out" not in named:
            order = order[1:]
        for node in plain:
            if _is_pair(node):
                yield "out", node
            elif op not in _WITHOUT:
                if not order:
                    raise Unknown
                key = self._likely(node, op) or order[0]
                order.remove(key if key in order else order[0])
                if key == "kernel" and self.dialect is FLUX and not isinstance(node, python.Tuple):
                    key = "behind"
                yield key or "idle", node
        for name, node in [*((each.arg or "", each.value) for each in keywords), *pairs]:
            meant = setting_meant(name)
            if meant is None:
                raise Unknown
            is_size = meant == "out" and op in ("max_pool", "avg_pool", "adaptive_avg_pool")
            yield "size" if is_size else meant, node

    def _likely(self, node: python.expr, op: str) -> str | None:
        """What a value says of itself, wherever it stands: an activation, a padding."""
        match node:
            case python.Constant(value=str(said)) | python.Name(id=said):
                if said.lower() in ("same", "valid"):
                    return "pad"
                meant = op_meant(said) if said not in self.values else None
                return "behind" if meant in _ACTIVATIONS and op in _TAKE_THEM else None
        return None

    def _order(self, op: str) -> Sequence[str]:
        if op in ("conv", "conv_transpose", "separable"):
            return self.dialect.conv
        if op == "depthwise":
            return ("kernel", "stride", "pad")
        if op in ("max_pool", "avg_pool"):
            return self.dialect.pool
        return self.dialect.dense if op == "dense" else _FIRST.get(op, ())

    def value(self, node: python.expr) -> str:
        """A setting as it is written here."""
        match node:
            case python.Constant(value=bool() | None):
                return str(node.value).lower()
            case python.Constant(value=str(said)):
                return said.lower()
            case python.Constant(value=int() | float()):
                return python.unparse(node)
            case python.Tuple(elts=items) | python.List(elts=items):
                words = [self.value(item) for item in items]
                if len(words) == 1:
                    return words[0]
                plain = len(words) in (2, 3) and all(word.isdigit() for word in words)
                return "x".join(words) if plain else f"[{', '.join(words)}]"
            case python.Name(id=name) | python.Attribute(value=python.Name(id="self"), attr=name):
                return self.values.get(name) or elsewhere.ARRIVES.get(name) or name
            case python.Attribute(attr=name):
                return name
            case python.BinOp() if _is_number(node):
                return python.unparse(node)
            case python.BinOp(left=left, op=python.Div() | python.FloorDiv(), right=right):
                return f"{self._inner(left)} // {self._inner(right)}"
            case python.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return f"{self._inner(left)} {_OPERATORS[type(op)]} {self._inner(right)}"
            case python.UnaryOp(op=python.USub(), operand=operand):
                return f"-{self._inner(operand)}"
            case python.UnaryOp(op=python.Not(), operand=operand):
                return f"not {self._inner(operand)}"
            case python.IfExp(test=test, body=body, orelse=other):
                return f"{self.value(body)} if {self.value(test)} else {self.value(other)}"
            case python.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, python.And) else " or "
                return word.join(map(self._inner, values))
            case python.Compare(left=left, ops=[op], comparators=[right]) if (
                type(op) in _COMPARISONS
            ):
                return f"{self._inner(left)} {_COMPARISONS[type(op)]} {self._inner(right)}"
            case python.Subscript(value=of, slice=python.Constant() | python.Name() as place):
                return f"{self._inner(of)}[{self.value(place)}]"
            case python.Call(func=python.Name(id=name), args=args) if name in _FUNCTIONS:
                return f"{name}({', '.join(map(self.value, args))})"
            case python.Call(func=func, args=[]):
                return name_of(func).lower()  # `SamePad()`
        raise Unknown

    def _inner(self, node: python.expr) -> str:
        text = self.value(node)
        return f"({text})" if isinstance(node, python.BinOp | python.IfExp) else text


_OPERATORS: Mapping[type[python.operator], str] = {
    python.Add: "+",
    python.Sub: "-",
    python.Mult: "*",
    python.Mod: "%",
    python.Pow: "**",
}
_COMPARISONS: Mapping[type[python.cmpop], str] = {
    python.Eq: "==",
    python.NotEq: "!=",
    python.Lt: "<",
    python.LtE: "<=",
    python.Gt: ">",
    python.GtE: ">=",
    python.Is: "==",
    python.IsNot: "!=",
}


def _is_number(node: python.expr) -> bool:
    """Whether an expression is made of numbers alone: `16 * 4 * 4`."""
    others = (python.Name, python.Attribute, python.BitOr, python.RShift, python.Div, python.Call)
    return not any(isinstance(each, others) for each in python.walk(node))


def _is_pair(node: python.expr) -> bool:
    """`1 => 16`, the channels that arrive and those that leave."""
    return isinstance(node, python.BinOp) and isinstance(node.op, python.RShift)


def _key(node: python.expr | None) -> str:
    match node:
        case python.Constant(value=str(name)) | python.Name(id=name):
            return name
    raise Unknown


def _paired(
    args: Sequence[python.expr],
) -> tuple[list[python.expr], list[tuple[str, python.expr]]]:
    """Arguments, and those that follow their names as strings: `'Padding', 'same'`."""
    for place, node in enumerate(args):
        match node:
            case python.Constant(value=str(name)):
                rest = args[place:]
                if len(rest) % 2 or setting_meant(name) is None or len(rest) < 2:
                    break
                keys = [_key(each) for each in rest[::2]]
                return list(args[:place]), list(zip(keys, rest[1::2], strict=True))
    return list(args), []
