"""Calls as PyTorch, Keras, Flax and MATLAB have them, as chains: what Python's own parser reads.

`F.max_pool2d(x, 2)` is `x -> max_pool(2)`, `nn.Conv2d(3, 64, 3, bias=False)` is
`conv(64, 3, bias = false)`. What is not known to mean the same here is no chain.
"""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from cnndsl import elsewhere
from cnndsl.syntax.python_read import (
    INPUT,
    LIBRARIES,
    Unknown,
    activation,
    given,
    named,
    op_of,
    read,
    value,
)

_POSITIONS = {  # what PyTorch's arguments are by place; the channels that arrive stand before
    "conv": ("filters", "kernel", "stride", "pad", "dilation", "groups", "bias"),
    "conv_transpose": ("filters", "kernel", "stride", "pad"),
}
_WORDED = frozenset({"method", "mode", "axis", "init", "bias_init", "weight"})
_COUNTED = frozenset({"bn", "layer_norm", "instance_norm", "rms_norm", "grn", "prelu"})


@dataclass
class Calls:
    """Calls to chains, among tensors, blocks and layers with these names."""

    tensors: Collection[str]
    own: Collection[str]  # blocks, and layers that are named
    functional: bool = field(default=False)  # whether a layer was called with a tensor
    layers: list[str] = field(default_factory=list)  # names of layers that were called

    def chain(self, node: python.expr) -> str:
        """What computes a tensor, as a chain."""
        match node:
            case python.Name(id=name):
                return "in" if name == INPUT else name
            case python.Call():
                return self._call(node)
            case python.BinOp(left=left, op=python.Add(), right=right):
                self.functional = True
                return self._merge("add", [left, right])
        raise Unknown

    def _call(self, call: python.Call) -> str:
        func, args = call.func, call.args
        if isinstance(func, python.Call):  # a layer, called with what arrives
            return self._applied(func, args)
        name, module = named(func)
        adds = isinstance(func, python.Attribute) and name in ("add", "append")
        if adds and len(args) == 1 and isinstance(args[0], python.Call):
            self.functional = True  # `model.add(Conv2D(32, 3))`
            return self.chain(args[0])
        if isinstance(func, python.Attribute) and module is None:
            self.functional = True
            return self._method(func.value, name, call)
        merge = _merge_of(name)
        if merge and args:
            return self._merge(merge, _items(args))
        own = _own_name(func)
        is_ours = module in (None, "self") and own in self.own
        if name == "Activation" and len(args) == 1 and not isinstance(args[0], python.Name):
            return activation(args[0]).removeprefix(" -> ")
        op = None if is_ours or module == "self" else op_of(name)
        first = args[0] if args else None
        of_self = module == "self" and first is not None and self._is_tensor(first)
        if op is None and not is_ours and not of_self:
            raise Unknown
        if first is not None and (self._is_tensor(first) or _takes_tensors(module, name)):
            self.functional = True
            return f"{self.chain(first)} -> {self._element(op, name, module, call, 1)}"
        return self._element(op, name, module, call, 0)

    def _applied(self, layer: python.Call, args: Sequence[python.expr]) -> str:
        """`Conv2D(64, 3)(x)` and `Concatenate()([a, b])`."""
        if len(args) != 1 or isinstance(layer.func, python.Call):
            raise Unknown
        self.functional = True
        name, module = named(layer.func)
        if merge := _merge_of(name):
            return self._merge(merge, _items(args))
        if isinstance(layer.func, python.Attribute) and module is None:
            raise Unknown
        if name == "Activation" and len(layer.args) == 1:
            return f"{self.chain(args[0])}{activation(layer.args[0])}"
        op = None if name in self.own else op_of(name)
        if op is None and name not in self.own:
            raise Unknown
        return f"{self.chain(args[0])} -> {self._element(op, name, module, layer, 0)}"

    def _method(self, tensor: python.expr, name: str, call: python.Call) -> str:
        """`x.view(-1, 512)` and `x.mean([2, 3])`."""
        words = [python.unparse(each) for each in call.args]
        op = op_of(name)
        if name in ("view", "reshape", "flatten") and len(words) < 3:
            element = "flatten"
        else:
            words += [python.unparse(each.value) for each in call.keywords if each.arg]
            said = elsewhere.of_sizes(name, [f"[{word.strip('()[]')}]" for word in words[:1]])
            if said is None and op is None:
                raise Unknown
            element = said or self._element(op, name, None, call, 0)
        return f"{self.chain(tensor)} -> {element}"

    def _merge(self, merge: str, items: Iterable[python.expr]) -> str:
        chains = [self.chain(item) for item in items]
        if len(chains) < 2:
            raise Unknown
        return f"{merge} [ {', '.join(chains)} ]"

    def _is_tensor(self, node: python.expr) -> bool:
        """Whether an argument is what arrives, and no setting."""
        match node:
            case python.Name(id=name):
                return name in self.tensors or name in ("here", INPUT)
            case python.Call(func=func):
                if isinstance(func, python.Call):
                    return True
                name, module = named(func)
                known = op_of(name) or _merge_of(name) or _own_name(func) in self.own
                return bool(known) or module == "self"
            case python.BinOp(left=left, op=python.Add(), right=right):
                return self._is_tensor(left) and self._is_tensor(right)
        return False

    def _element(
        self, op: str | None, name: str, module: str | None, call: python.Call, skipped: int
    ) -> str:
        """A layer with its arguments as they are here."""
        places = call.args[skipped:]
        if op is None:
            self.layers.append(name)
            words = [*map(value, places), *map(given, call.keywords)]
            return f"{name}({', '.join(words)})" if words else name
        if op == "here":
            return "here"
        if elsewhere.plain(name) in ("interpolate", "upsample"):
            sized = any(each.arg == "scale_factor" for each in call.keywords)
            op = "upsample" if sized else op
        if op in ("global_avg_pool", "reduce_mean") and name.lower() in ("mean", "reduce_mean"):
            axes = [python.unparse(node) for node in [*places, *(k.value for k in call.keywords)]]
            if axes and elsewhere.of_sizes("mean", [f"[{axes[0].strip('()[]')}]"]):
                return "global_avg_pool"
            raise Unknown
        if op == "flatten":
            return "flatten"
        from cnndsl.ops import OPS  # only mistakes ask for them

        names = list(OPS[op].arguments())
        behind, said = "", {}
        for place, word in self._by_place(op, name, module, places, call):
            said[place] = word
        for keyword in call.keywords:
            what, ours = keyword.arg, None
            if what is None:
                raise Unknown
            if what == "activation":
                behind = activation(keyword.value)
                continue
            ours = next((each for each in elsewhere.ARGUMENTS.get(what, ()) if each in names), None)
            ours = ours or (what if what in names else None)
            if ours is None and what not in elsewhere.DROPPED:
                raise Unknown
            if ours is not None:
                axis = ours == "axis" and python.unparse(keyword.value) in ("1", "-1", "3")
                said[ours] = "channels" if axis else value(keyword.value)
        if "kernel" in said and said["kernel"] == "1" and said.get("pad") == "0":
            del said["pad"]
        return _written(op, names, said) + behind

    def _by_place(
        self,
        op: str,
        name: str,
        module: str | None,
        places: Sequence[python.expr],
        call: python.Call,
    ) -> list[tuple[str, str]]:
        """The arguments without names, by those that they have here."""
        from cnndsl.ops import OPS  # only mistakes ask for them

        names: Sequence[str] = list(OPS[op].arguments())
        places = list(places)
        words = [node.value for node in places if isinstance(node, python.Constant)]
        if name.endswith("Layer"):  # MATLAB has a kernel first, and names as strings
            order = ["kernel", "filters"] if op in _POSITIONS else names
            return _of_matlab(order, names, places)
        if any(isinstance(word, str) and word in elsewhere.ARGUMENTS for word in words):
            return _of_matlab(names, names, places)
        if op in _COUNTED and len(places) == 1:
            places = []
        if len(places) > 1 and isinstance(places[0], python.Constant) and places[0].value is None:
            places = places[1:]  # PyTorch's `Upsample(None, 2)`
            self.functional = True
        named = {keyword.arg for keyword in call.keywords}
        arrives = module == "nnx" or re.search(r"(?<![A-Z])[123]d$", name) is not None
        if op in _POSITIONS and arrives and (len(places) > 2 or "kernel_size" in named):
            places = places[1:]
        if op in _POSITIONS and arrives:
            names = _POSITIONS[op]
        if op == "dense" and name == "Linear" and len(places) > 1:
            places = places[1:]
        if op == "group_norm":
            places = places[:1]
        if op in ("relu", "sigmoid", "tanh", "softmax", "gelu", "swish") and places:
            places = []
        second = places[1] if op == "dense" and len(places) == 2 else None
        if isinstance(second, python.Constant) and isinstance(second.value, str):
            raise Unknown
        if len(places) > len(names):
            raise Unknown
        found = [(names[i], value(node)) for i, node in enumerate(places)]
        if any(word.startswith('"') and ours not in _WORDED for ours, word in found):
            raise Unknown
        return found


def _of_matlab(
    order: Sequence[str], names: Sequence[str], places: Sequence[python.expr]
) -> list[tuple[str, str]]:
    words = [n.value if isinstance(n, python.Constant) else None for n in places]
    first = next((i for i, word in enumerate(words) if isinstance(word, str)), len(places))
    plain, pairs = places[:first], places[first:]
    if len(pairs) % 2:
        raise Unknown
    if len(plain) > len(order):
        raise Unknown
    found = [(order[i], value(node)) for i, node in enumerate(plain)]
    for key, node in zip(pairs[::2], pairs[1::2], strict=True):
        said = key.value if isinstance(key, python.Constant) else ""
        known = (*elsewhere.ARGUMENTS.get(str(said), ()), str(said).lower())
        ours = next((each for each in known if each in names), None)
        if ours is None and said not in ("Name", "name"):
            raise Unknown
        if ours is not None:
            found.append((ours, value(node)))
    return found


def _written(op: str, names: Sequence[str], said: dict[str, str]) -> str:
    """A call, with as many arguments by their places as one reads without their names."""
    words: list[str] = []
    for index, name in enumerate(names):
        if name not in said:
            continue
        by_place = index == len(words) and index < 2 and name in _PLAIN_FIRST
        words.append(said[name] if by_place else f"{name} = {said[name]}")
    return f"{op}({', '.join(words)})" if words else op


_PLAIN_FIRST = frozenset(
    "filters kernel window units rate factor amount groups slope size shape low high".split()
)


def _own_name(func: python.expr) -> str:
    return func.id if isinstance(func, python.Name) else getattr(func, "attr", "")


def _takes_tensors(module: str | None, name: str) -> bool:
    """Whether it is a function, whose first argument is what it works on."""
    return module in (*LIBRARIES, "functional") and name[:1].islower()


def _merge_of(name: str) -> str | None:
    from cnndsl.ops import MERGES  # only mistakes ask for them

    meant = elsewhere.op(name) or name.lower()
    return meant if meant in MERGES and name.lower() != "sum" else None


def _items(args: Sequence[python.expr]) -> list[python.expr]:
    """The branches of a merge, in a list or one by one; an axis is none."""
    first = args[0]
    if isinstance(first, python.List | python.Tuple):
        return list(first.elts)
    return [each for each in args if not isinstance(each, python.Constant)]


def chain_of(text: str) -> str | None:
    """A layer of Python's as an element of ours; None where it is not known."""
    statement = read(text)
    if not isinstance(statement, python.Expr):
        return None
    try:
        return Calls((), ()).chain(statement.value)
    except Unknown:
        return None
