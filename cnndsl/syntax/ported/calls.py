"""Calls of any library as layers: by what their names and their arguments mean."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnndsl import elsewhere
from cnndsl.syntax.ported.dialects import FLUX, PLAIN, TORCH, Dialect
from cnndsl.syntax.ported.entries import MADE, Entry, Unknown
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.meaning import op_meant, setting_meant
from cnndsl.syntax.ported.values import Values, name_of

CONTAINERS = re.compile(
    r"(hybrid|keras_model_)?sequential|chain|ordereddict|stack|modulelist|serial|list"
)
_SIZED = re.compile(r"conv_?(\d)x(\d)$", re.IGNORECASE)  # `conv3x3`, as torchvision has it
_TORCH_SIZED = ("arrives", "out", "stride")
_PAIR = 2  # arguments, of which the first says what arrives
_WITHOUT = frozenset(
    {"flatten", "softmax", "relu", "sigmoid", "tanh", "bn", "here", "gelu", "swish"}
)
_ACTIVATIONS = frozenset(
    "relu relu6 leaky_relu elu selu gelu swish sigmoid tanh softmax mish softplus here".split()
)
_SWITCHED = (_ACTIVATIONS | {"dropout"}) - {"gelu"}
_TAKE_THEM = frozenset({*MADE, "depthwise"})


@dataclass
class Calls(Values):
    """Reads layers; `own` are blocks of the text, `layers` those that have a name, `values` names
    of settings as they are here, `gone` the arguments of blocks that say what arrives, by their
    places and names.
    """

    dialect: Dialect = PLAIN
    own: Collection[str] = ()
    layers: dict[str, list[Layer]] = field(default_factory=dict)
    image: python.expr | None = None  # what a first layer says of it
    gone: Mapping[str, Collection[str]] = field(default_factory=dict)
    keeps: bool = False  # whether what is no layer here is one of the author's

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
                if name == "partial" and args:
                    return [self.entry(name_of(args[0]), args[1:], keywords)]
                if name in self.own:
                    return [self.block(name, args, keywords)]
                if self._holds_layers(name, args, keywords):
                    return [each for item in args for each in self.row(item)]
                if name == "Activation" and args:
                    return self._activation(args[0])
                if self.keeps and name[:1].isupper() and op_meant(name) is None:
                    return [self.block(name, args, keywords)]
                try:
                    return [replace(self.called(func, args, keywords), text=self._by_hand(node))]
                except Unknown:
                    if text := self._by_hand(node):
                        return [text]
        raise Unknown

    def _by_hand(self, call: python.Call) -> str:
        """A call of a library's layer, for its author to write; "" if it cannot stand here."""
        name = name_of(call.func)
        try:
            if name[:1].isupper() and op_meant(name) not in (None, "input"):
                return replace(self, quotes=True).block(name, call.args, call.keywords)
        except Unknown:
            pass
        return ""

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

    def called(
        self, func: python.expr, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Entry:
        """A layer by its callee: one of ours has arguments and defaults as they are here."""
        from cnndsl.ops import OPS  # only mistakes ask for them

        if not isinstance(func, python.Name) or func.id not in OPS:
            return self.entry(name_of(func), args, keywords)
        named = {setting_meant(each.arg or "") for each in keywords}
        if func.id in MADE and len(args) > 1 and "kernel" in named:  # the channels that arrive
            return replace(self, dialect=TORCH).entry(func.id, args, keywords)
        entry = replace(self, dialect=PLAIN).entry(func.id, args, keywords)
        unsaid = {"behind": "none", "count_pad": "false"}
        unsaid |= {"slope": "0.01"} if entry.op == "leaky_relu" else {}
        if entry.op in _TAKE_THEM and entry.op != "dense":
            unsaid["pad"] = "same"
        elif "kernel" in entry.given:
            unsaid["stride"] = entry.given["kernel"]
        return replace(entry, given={**unsaid, **entry.given})

    def entry(
        self, name: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Entry:
        """A layer with its settings."""
        if name in ("mean", "reduce_mean", "amax"):
            places = [self.value(node) for node in [*args, *(each.value for each in keywords)][:1]]
            said = elsewhere.of_sizes(name, [f"[{each.strip('[]')}]" for each in places])
            if said is None:
                raise Unknown
            return Entry(said)
        op = op_meant(name)
        if op is None or op == "input" or (op in _WITHOUT and name in elsewhere.MODULES):
            raise Unknown
        if op == "flatten" and "flatten" not in name.lower():
            sizes = getattr(args[0], "elts", args) if len(args) == 1 else args
            if len(sizes) > _PAIR:  # `view(-1, 512)` alone makes a vector
                raise Unknown
            args = []
        given: dict[str, str] = {}
        if op == "pad" and (way := re.match("reflect|replicat", name.lower())):
            given["mode"] = "reflect" if way[0] == "reflect" else "edge"
        if op == "conv" and (sized := _SIZED.search(name)):
            order = _TORCH_SIZED[len(args) < _PAIR :]
            sizing = replace(self, dialect=replace(self.dialect, conv=order))
            found = sizing.entry("conv", args, keywords)
            unsaid = {"kernel": f"{sized[1]}x{sized[2]}", "pad": "same"}
            return replace(found, given={**unsaid, **found.given})
        pools = [each for each in keywords if each.arg in ("pool", "pool_type", "pooling_type")]
        if op == "max_pool" and pools:
            said = python.unparse(pools[0].value).lower()
            op = "avg_pool" if "av" in said or "mean" in said else op
            keywords = [each for each in keywords if each is not pools[0]]
        for each in keywords:
            if each.arg in ("input_shape", "batch_input_shape") and self.image is None:
                self.image = each.value
        for key, node in self._arguments(op, args, keywords):
            match node:
                case python.BinOp(left=left, op=python.RShift(), right=right):
                    given |= {"arrives": self.value(left), "out": self.value(right)}
                    continue
            said = self.value(node) if key != "idle" else ""
            if key in ("axis", "idle"):
                continue
            if key in ("kernel", "stride", "pad") and (said[:1] == "[" or said.count("x") > 1):
                raise Unknown
            if given.setdefault(key, said) != said:  # it would be dropped
                raise Unknown
        return Entry(op, given)

    def _arguments(
        self, op: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Iterator[tuple[str, python.expr]]:
        """What every argument means, and its value."""
        named = {setting_meant(each.arg or "") for each in keywords}
        plain, pairs = _paired(args)
        if op == "upsample" and self.dialect.upsample[0] != "size":  # PyTorch's `Upsample(None, 2)`
            plain = [n for n in plain if not (isinstance(n, python.Constant) and n.value is None)]
        for node in plain:
            if isinstance(node, python.Dict):  # `conv2d({filters: 32, kernelSize: 3})`
                pairs += [(_key(k), v) for k, v in zip(node.keys, node.values, strict=True)]
        plain = [node for node in plain if not isinstance(node, python.Dict)]
        order = list(self.dialect.order(op))
        if any(_is_pair(node) for node in plain):
            order = [key for key in order if key not in ("arrives", "out")]
        if op in ("conv", "conv_transpose") and order[:1] == ["arrives"] and len(plain) == 1:
            order = order[1:] if "arrives" not in named else order
        if op == "dense" and order[:1] == ["arrives"] and len(plain) == 1 and "out" not in named:
            order = order[1:]
        for node in plain:
            if _is_pair(node):
                yield "out", node
            elif op in _SWITCHED and isinstance(getattr(node, "value", 0), bool | None):
                yield "idle", node  # in place, or for training
            else:
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
            meant = "pad" if name == "p" and op in _TAKE_THEM else meant
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
