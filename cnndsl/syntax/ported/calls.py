"""Calls of any library as layers: by what their names and their arguments mean."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnndsl import elsewhere
from cnndsl.syntax.ported.arguments import TAKE_THEM, Arguments
from cnndsl.syntax.ported.dialects import KERAS, PLAIN, TORCH
from cnndsl.syntax.ported.entries import MADE, Entry, Unknown, by_hand
from cnndsl.syntax.ported.flows import Layer
from cnndsl.syntax.ported.meaning import op_meant, ops_joined, setting_meant
from cnndsl.syntax.ported.settled import FIELDS, STARTS, WINDOWS, once
from cnndsl.syntax.ported.starts import initial
from cnndsl.syntax.ported.values import name_of

CONTAINERS = re.compile(
    r"(hybrid|keras_model_)?sequential|chain|ordereddict|stack|modulelist|serial|list"
)
_SIZED = re.compile(r"conv_?(\d)x(\d)$", re.IGNORECASE)  # `conv3x3`, as torchvision has it
_TORCH_SIZED = ("arrives", "out", "stride")
_PAIR = 2  # arguments, of which the first says what arrives
_WITHOUT = frozenset(
    {"flatten", "softmax", "relu", "sigmoid", "tanh", "bn", "here", "gelu", "swish"}
)


@dataclass
class Calls(Arguments):
    """Reads layers; `own` are blocks of the text, `layers` those that have a name, `values` names
    of settings as they are here, `gone` the arguments of blocks that say what arrives, by their
    places and names.
    """

    own: Collection[str] = ()
    layers: dict[str, list[Layer]] = field(default_factory=dict)
    image: python.expr | None = None  # what a first layer says of it
    gone: Mapping[str, Collection[str]] = field(default_factory=dict)
    keeps: bool = False  # whether what is no layer here is one of the author's
    applies: bool = False  # whether a layer is called with a tensor, in place of what arrives
    leaves: bool = False  # whether a statement that cannot be read is left for the author to write
    notes: list[str] = field(default_factory=list)  # of what is left out

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
                return [self._of_ours(self.entry(name, [], []))]
            case python.Starred(value=value):
                return self.row(value)
            case python.ListComp(elt=layer, generators=[loop]) if not loop.ifs:
                return self._repeated(layer, loop)
            case python.Call(func=func, args=args, keywords=keywords):
                name = name_of(func)
                if CONTAINERS.fullmatch(name.lower()):
                    items = [
                        e for a in args for e in (a.elts if isinstance(a, python.List) else [a])
                    ]
                    return [each for item in items for each in self.held(item)]
                if name == "partial" and args:
                    return [self.entry(name_of(args[0]), args[1:], keywords)]
                if name in self.own:
                    return [self.block(name, args, keywords)]
                if self._holds_layers(name, args, keywords):
                    return [each for item in args for each in self.row(item)]
                match args:
                    case [python.Tuple(elts=[*ones, _])] if name == "Reshape" and _are_ones(ones):
                        return [Entry("spread")]  # `Reshape((1, 1, filters))`
                if name == "Activation" and args:
                    return self._activation(args[0])
                if self.keeps and name[:1].isupper() and op_meant(name) is None:
                    return [self._left(node)]
                try:
                    if joined := ops_joined(name):
                        ours = isinstance(func, python.Name) and name.islower()
                        calls = replace(self, dialect=PLAIN) if ours else self
                        return calls._joined(joined, args, keywords)
                    return [replace(self.called(func, args, keywords), text=self._by_hand(node))]
                except Unknown:
                    if text := self._by_hand(node):
                        return [text]
        raise Unknown

    def held(self, node: python.expr) -> list[Layer]:
        """What a container holds; a call that is not known is left to the author there."""
        try:
            return self.row(node)
        except Unknown:
            if not self.leaves or not isinstance(node, python.Call):
                raise
            return [self.unread(node)]

    def _repeated(self, layer: python.expr, loop: python.comprehension) -> list[Layer]:
        """`[Block(64) for _ in range(n)]`, where all of them are alike."""
        match loop:
            case python.comprehension(
                target=python.Name(id=name),
                iter=python.Call(func=python.Name("range"), args=[times]),
            ):
                reader = replace(self, unknown=set())
                row = reader.row(layer)
                if len(row) == 1 and isinstance(row[0], str) and name not in reader.unknown:
                    self.unknown |= reader.unknown
                    return [f"{row[0]} * {self.value_inside(times)}"]
        raise Unknown

    def _left(self, call: python.Call) -> Layer:
        """A layer of the author's own, with a comment where its arguments have no words."""
        name = name_of(call.func)
        if name.startswith("Random"):  # which changes images in training alone
            return Entry("here", notes=(f"augment: {python.unparse(call)}",))
        try:
            return self.block(name, call.args, call.keywords)
        except Unknown:
            return Entry("", text=name, notes=(python.unparse(call),))

    def unread(self, node: python.stmt | python.expr) -> Entry:
        """What stands in place of a statement or a layer that cannot be read."""
        return Entry("", text=by_hand(python.unparse(node)))

    def _by_hand(self, call: python.Call) -> str:
        """A call of a library's layer, for its author to write; "" if it cannot stand here."""
        name = name_of(call.func)
        try:
            if name[:1].isupper() and op_meant(name) not in (None, "input"):
                return replace(self, quotes=True).block(name, call.args, call.keywords)
        except Unknown:
            pass
        return ""

    def _joined(
        self,
        ops: Sequence[str],
        args: Sequence[python.expr],
        keywords: Sequence[python.keyword],
    ) -> list[Layer]:
        """The layers that one name lists, the first of which with a kernel has the arguments."""
        main = next((place for place, op in enumerate(ops) if op in TAKE_THEM), 0)
        entry = self.entry(ops[main], args, keywords)
        if entry.op in FIELDS and entry.op != "dense":
            side = once(entry.given.get("kernel", ""))
            if not side:
                raise Unknown
            far = once(entry.given.get("dilation", "1"))  # which such blocks pad for
            is_plain = side.isdigit() and far.isdigit() and not self.dialect.pads
            pad = str(int(side) // 2 * int(far)) if is_plain else "same"
            entry = replace(entry, given={"pad": pad, **entry.given})
        return [*map(Entry, ops[:main]), entry, *map(Entry, ops[main + 1 :])]

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
        entry = self._of_ours(entry)
        unsaid = {"behind": "none", "count_pad": "false"}
        unsaid |= {"slope": "0.01"} if entry.op == "leaky_relu" else {}
        if entry.op in TAKE_THEM and entry.op != "dense":
            unsaid["pad"] = "same"
        elif "kernel" in entry.given:
            unsaid["stride"] = entry.given["kernel"]
        return replace(entry, given={**unsaid, **entry.given})

    def _of_ours(self, entry: Entry) -> Entry:
        """A layer as it is written here, whose norm is not the one of the library."""
        unsaid = {key: "" for op, key, _ in self.dialect.norms if op == entry.op}
        said = {**unsaid, **entry.given}
        if self.dialect.lower_momentum and "momentum" in said:
            said["momentum"] = f"1 - {said['momentum']}"
        return replace(entry, given=said)

    def entry(
        self, name: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Entry:
        """A layer with its settings."""
        from cnndsl.ops import OPS  # only mistakes ask for them

        if name in ("mean", "reduce_mean", "amax"):
            places = [self.value(node) for node in [*args, *(each.value for each in keywords)][:1]]
            said = elsewhere.of_sizes(name, [f"[{each.strip('[]')}]" for each in places])
            if said is None:
                raise Unknown
            return Entry(said)
        if name.startswith("Lazy"):  # which does not say what arrives
            names = self.dialect
            names = replace(names, conv=names.conv[1:], dense=names.dense[1:], norm=names.norm[1:])
            return replace(self, dialect=names).entry(name[4:], args, keywords)
        op = op_meant(name)
        if op is None or op == "input" or (op in _WITHOUT and name in elsewhere.MODULES):
            raise Unknown
        if op == "flatten" and "flatten" not in name.lower():
            sizes = getattr(args[0], "elts", args) if len(args) == 1 else args
            if len(sizes) > _PAIR:  # `view(-1, 512)` alone makes a vector
                raise Unknown
            args = []
        known = OPS[op].arguments() if op in OPS else ()
        given: dict[str, str] = {}
        notes: list[str] = []
        if op == "pad" and (way := re.match("reflect|replicat", name.lower())):
            given["mode"] = "reflect" if way[0] == "reflect" else "edge"
        if op == "conv" and (sized := _SIZED.search(name)):
            order = _TORCH_SIZED[self.applies or len(args) < _PAIR :]
            sizing = replace(self, dialect=replace(self.dialect, conv=order))
            found = sizing.entry("conv", args, keywords)
            is_same = sized[1] == "1" or found.given.get("stride", "1") == "1"
            pad = "same" if is_same else str(int(sized[1]) // 2)
            unsaid = {"kernel": f"{sized[1]}x{sized[2]}", "pad": pad}
            return replace(found, given={**unsaid, **found.given})
        pools = [each for each in keywords if each.arg in ("pool", "pool_type", "pooling_type")]
        if op == "max_pool" and pools:
            said = python.unparse(pools[0].value).lower()
            op = "avg_pool" if "av" in said or "mean" in said else op
            keywords = [each for each in keywords if each is not pools[0]]
        for each in keywords:
            if each.arg in ("input_shape", "batch_input_shape") and self.image is None:
                self.image = each.value
        for key, node in self.arguments(op, args, keywords):
            match node:
                case python.BinOp(left=left, op=python.RShift(), right=right):
                    given |= {"arrives": self.value(left), "out": self.value(right)}
                    continue
            if key in ("axis", "idle"):
                continue
            start = initial(node) if key in STARTS and key in known else None
            if key.startswith("aside") or (key in STARTS and start is None):
                if getattr(node, "value", True):
                    notes.append(f"{key.removeprefix('aside ')} = {python.unparse(node)}")
                continue
            said = start or self.value(node)
            if key in ("kernel", "stride", "pad") and (said[:1] == "[" or said.count("x") > 1):
                raise Unknown
            if key == "arrives" and "norm" in op and re.search(r"\dx\d|\[", said):
                raise Unknown  # it goes over positions too
            if given.setdefault(key, said) != said:  # it would be dropped
                raise Unknown
        if op in WINDOWS and self.dialect is KERAS:  # whose pools have a window that is unsaid
            given.setdefault("kernel", "2")
        if "hardtanh" in name.lower():
            given = {"low": "-1", "high": "1", **given}
        return Entry(op, given, notes=tuple(notes))


def _are_ones(sides: Sequence[python.expr]) -> bool:
    return len(sides) > 1 and all(getattr(each, "value", 0) == 1 for each in sides)
