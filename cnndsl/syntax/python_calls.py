"""Calls as PyTorch, Keras, Flax and MATLAB have them, as chains: what Python's own parser reads.

`F.max_pool2d(x, 2)` is `x -> max_pool(2)`, `nn.Conv2d(3, 64, 3, bias=False)` is
`conv(64, 3, bias = false)`. What is not known to mean the same here is no chain.
"""

from __future__ import annotations

import ast as python
import re
import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from cnndsl import elsewhere

_LONGEST = 400  # characters of a line that is read
_INPUT = "input_of_this"  # `in` is a word of Python's own
_POSITIONS = {  # what PyTorch's arguments are by place; the channels that arrive stand before
    "conv": ("filters", "kernel", "stride", "pad", "dilation", "groups", "bias"),
    "conv_transpose": ("filters", "kernel", "stride", "pad"),
}
_INPUTS = frozenset({"input", "imageinput", "inputs"})
_COUNTED = frozenset({"bn", "layer_norm", "instance_norm", "rms_norm", "grn", "prelu"})
_LIBRARIES = frozenset(elsewhere.MODULES - {"self"})
_PLAIN = re.compile(r"[\w.\s+\-*/()]+")


class Unknown(Exception):
    """What has no words here."""


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
                return "in" if name == _INPUT else name
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
        name, module = _named(func)
        if isinstance(func, python.Attribute) and module is None:
            self.functional = True
            return self._method(func.value, name, call)
        merge = _merge_of(name)
        if merge and args:
            return self._merge(merge, _items(args))
        own = _own_name(func)
        is_ours = module in (None, "self") and own in self.own
        op = None if is_ours or module == "self" else op_of(name)
        first = args[0] if args else None
        if op is None and not is_ours and not (module == "self" and first is not None):
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
        name, module = _named(layer.func)
        if merge := _merge_of(name):
            return self._merge(merge, _items(args))
        if isinstance(layer.func, python.Attribute) and module is None:
            raise Unknown
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
                return name in self.tensors or name in ("here", _INPUT)
            case python.Call(func=func):
                if isinstance(func, python.Call):
                    return True
                name, module = _named(func)
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
            given = [*map(value, places), *(_given(each) for each in call.keywords)]
            return f"{name}({', '.join(given)})" if given else name
        if op == "here":
            return "here"
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
        if name.endswith("Layer"):  # MATLAB has a kernel first, and names as strings
            return _of_matlab(op, names, places)
        if op in _COUNTED and len(places) == 1:
            places = []
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
        if op == "dense" and len(places) == 2 and isinstance(places[1], python.Constant):
            if isinstance(places[1].value, str):
                raise Unknown
        if len(places) > len(names):
            raise Unknown
        return [(names[i], value(node)) for i, node in enumerate(places)]


def _of_matlab(
    op: str, names: Sequence[str], places: Sequence[python.expr]
) -> list[tuple[str, str]]:
    words = [n.value if isinstance(n, python.Constant) else None for n in places]
    first = next((i for i, word in enumerate(words) if isinstance(word, str)), len(places))
    plain, pairs = places[:first], places[first:]
    if len(pairs) % 2:
        raise Unknown
    order = ["kernel", "filters"] if op in ("conv", "conv_transpose") else list(names)
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
    given: list[str] = []
    for index, name in enumerate(names):
        if name not in said:
            continue
        word = said[name]
        by_place = index == len(given) and index < 2 and name in _PLAIN_FIRST
        given.append(word if by_place else f"{name} = {word}")
    return f"{op}({', '.join(given)})" if given else op


_PLAIN_FIRST = frozenset(
    "filters kernel window units rate factor amount groups slope size shape low high".split()
)


def value(node: python.expr) -> str:
    """A setting."""
    match node:
        case python.Constant(value=bool() as said):
            return "true" if said else "false"
        case python.Constant(value=None):
            return "none"
        case python.Constant(value=str(said)):
            word = said.lower()
            if word in ("same", "valid", "nearest", "bilinear"):
                return word
            return f'"{said}"'
        case python.Tuple(elts=items) | python.List(elts=items):
            return _listed([value(item) for item in items])
        case python.Name(id=name):
            return elsewhere.VALUES.get(name, name)
    text = python.unparse(node)
    if isinstance(node, python.Call) or not _PLAIN.fullmatch(text):
        raise Unknown
    return text


def _listed(items: Sequence[str]) -> str:
    if len(items) == 1:
        return items[0]
    if len(items) in (2, 3) and all(item.isdigit() for item in items):
        return "x".join(items)
    return f"[{', '.join(items)}]"


def _given(keyword: python.keyword) -> str:
    if keyword.arg is None:
        raise Unknown
    return f"{keyword.arg} = {value(keyword.value)}"


def activation(node: python.expr) -> str:
    """The layer that an `activation` is, behind the one that has it; `linear` is none."""
    match node:
        case python.Constant(value=str(said)) | python.Name(id=said):
            pass
        case python.Attribute(attr=said):
            pass
        case _:
            raise Unknown
    if said.lower() in ("linear", "none"):
        return ""
    op = op_of(said)
    if op is None:
        raise Unknown
    return f" -> {op}"


def op_of(name: str) -> str | None:
    """The one op that a name stands for, in whatever library."""
    from cnndsl.ops import OPS  # only mistakes ask for them

    if name in OPS:
        return name
    plain = elsewhere.plain(name)
    meant = elsewhere.op(name) or next((op for op in OPS if elsewhere.plain(op) == plain), None)
    return meant if meant in OPS or meant == "here" else None


def image_of(node: python.expr | None) -> str | None:
    """`Input(shape=(28, 28, 1))` and `imageInputLayer([28 28 1])`: the size that it says."""
    if not isinstance(node, python.Call) or isinstance(node.func, python.Call):
        return None
    name, module = _named(node.func)
    if elsewhere.plain(name) not in _INPUTS or module not in (None, *_LIBRARIES):
        return None
    given = [k.value for k in node.keywords if k.arg in ("shape", "batch_shape", None)]
    sides = [*node.args, *given]
    if not sides or not isinstance(sides[0], python.Tuple | python.List):
        return None
    try:
        words = [value(side) for side in sides[0].elts]
    except Unknown:
        return None
    return elsewhere.size(words, is_image=True)


def is_whole(node: python.expr | None) -> bool:
    """`Model(inputs, outputs)`, which says nothing that a spec does not."""
    if not isinstance(node, python.Call) or isinstance(node.func, python.Call):
        return False
    return _named(node.func)[0] in ("Model", "Functional")


def results_of(call: python.expr | None) -> str | None:
    """The name of what such a model gives."""
    if not isinstance(call, python.Call):
        return None
    named = [each.value for each in call.keywords if each.arg == "outputs"]
    last = [*call.args[1:2], *named][:1]
    return last[0].id if last and isinstance(last[0], python.Name) else None


def read(text: str) -> python.stmt | None:
    """A statement of Python's, of the words that a spec and Python share."""
    if len(text) > _LONGEST or "->" in text:
        return None
    text = re.sub(r"\b(\d+)x(\d+)(?:x(\d+))?\b", _sides, text)
    text = re.sub(r"\bin\b", _INPUT, text.strip().removesuffix(";"))
    text = re.sub(r"(?<=[\[\s])(\d+) +(?=\d)", r"\1, ", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = python.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body[0] if len(body) == 1 else None


def _sides(found: re.Match[str]) -> str:
    return f"({', '.join(each for each in found.groups() if each)})"


def _named(func: python.expr) -> tuple[str, str | None]:
    """A callee's own name, and the library in front of it; a tensor in front is no library."""
    if isinstance(func, python.Name):
        return func.id, None
    if isinstance(func, python.Attribute):
        path, node = [], func.value
        while isinstance(node, python.Attribute):
            path.append(node.attr)
            node = node.value
        if isinstance(node, python.Name) and node.id in elsewhere.MODULES:
            return func.attr, path[0] if path and node.id != "self" else node.id
        return func.attr, None
    raise Unknown


def _own_name(func: python.expr) -> str:
    return func.id if isinstance(func, python.Name) else getattr(func, "attr", "")


def _takes_tensors(module: str | None, name: str) -> bool:
    """Whether it is a function, whose first argument is what it works on."""
    return module in (*_LIBRARIES, "functional") and name[:1].islower()


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
