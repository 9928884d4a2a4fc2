"""Writes random specs that are right by construction, for the generator to compile.

Everything keeps height and width unless a context says that it may stride, so that branches fit;
`same` padding fits any size. Values have kinds (width, count, flag, …) that decide where they go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

KINDS = ("width", "count", "flag", "kernel", "mode")


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str  # of KINDS, or "tensor"
    default: str | None


@dataclass(frozen=True)
class Block:
    name: str
    parameters: tuple[Parameter, ...]
    strides: bool


@dataclass
class Scope:
    """Names that may be used: values by kind, and tensors with the map size they have."""

    values: dict[str, str] = field(default_factory=dict)  # name -> kind
    tensors: dict[str, int] = field(default_factory=dict)  # name -> number of the size, or -1
    size: int = 0
    in_block: bool = False


class Writer:
    """One spec. Every choice comes from `random`, so that hypothesis can make it smaller."""

    def __init__(self, random: Random):
        self.random = random
        self.blocks: list[Block] = []
        self.scope = Scope()
        self.strides = True  # whether what is written may change height and width
        self.sizes = 0
        self.names: set[str] = set()
        self.budget = 20  # elements

    # --- choices ----------------------------------------------------------------------

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def fresh(self, *stems: str) -> str:
        stem = self.random.choice(stems)
        name, number = stem, 1
        while name in self.names:
            number += 1
            name = f"{stem}_{number}"
        self.names.add(name)
        return name

    def known(self, kind: str) -> list[str]:
        return [name for name, own in self.scope.values.items() if own == kind]

    # --- the whole --------------------------------------------------------------------

    def spec(self) -> str:
        parts = ["# A random network."]
        if self.chance(0.4):
            parts.append("fn round_up(c, to = 2) = (c + to - 1) // to * to")
        self.fns = len(parts) > 1
        parts += [self.block() for _ in range(self.random.randint(0, 3))]
        parts.append(self.model())
        return "\n".join(parts) + "\n"

    def block(self) -> str:
        self.scope, self.names = Scope(in_block=True), set()
        self.strides = self.chance(0.4)
        self.budget = 6
        parameters: list[Parameter] = []
        for _ in range(self.random.randint(0, 4)):
            kind = self.random.choice((*KINDS, "width", "tensor"))
            name = self.name_of(kind)
            default = None
            if any(p.default for p in parameters) or self.chance(0.4):
                default = "none" if kind == "tensor" else self.constant(kind)
            parameters.append(Parameter(name, kind, default))
        for parameter in parameters:
            if parameter.kind != "tensor":
                self.scope.values[parameter.name] = parameter.kind
        lines = []
        for p in (p for p in parameters if p.kind == "tensor"):
            if p.default:
                self.size_unknown(p.name)
                body = f"{p.name} -> {self.weighted()} -> global_avg_pool(keep = true)"
                lines.append(f"  if {p.name} != none {{ extra_{p.name} = {body} }}")
                del self.scope.tensors[p.name]
            else:
                self.size_unknown(p.name)
        name = f"{self.pick('unit', 'cell', 'Stem', 'res_block', 'Mix')}{len(self.blocks)}"
        strides = self.strides
        lines += self.body(1, self.random.randint(1, 3))
        self.blocks.append(Block(name, tuple(parameters), strides))
        listed = ", ".join(p.name + (f" = {p.default}" if p.default else "") for p in parameters)
        return "\n".join([f"block {name}({listed}) {{", *lines, "}"])

    def size_unknown(self, tensor: str) -> None:
        self.scope.tensors[tensor] = -1

    def name_of(self, kind: str) -> str:
        return {
            "width": lambda: self.fresh("f", "filters", "out", "features", "conv", "x"),
            "count": lambda: self.fresh("n", "depth", "len", "range"),
            "flag": lambda: self.fresh("wide", "self", "se", "norm"),
            "kernel": lambda: self.fresh("k", "kernel", "class"),
            "mode": lambda: self.fresh("mode", "act"),
            "tensor": lambda: self.fresh("prev", "other", "y", "skip"),
        }[kind]()

    def model(self) -> str:
        self.scope, self.names = Scope(), set()
        self.strides, self.budget = True, 16
        parameters = [("classes", "count", "3")]
        for _ in range(self.random.randint(0, 3)):
            kind = self.random.choice(KINDS)
            parameters.append((self.name_of(kind), kind, self.constant(kind)))
        self.names.add("classes")
        table = self.chance(0.4)
        for name, kind, _ in parameters[1:]:
            self.scope.values[name] = kind
        listed = [f"{name} = {default}" for name, _, default in parameters]
        if table:
            listed.append(f"table = {self.table()}")
        lines = [f"  input {self.pick('6x6x3', '8x5x2', '7x7x1')}"]
        if table:
            with self.inside(False):
                lines += self.loop("table", ("width", "count", "flag"), 1, stages=True)
        lines += self.body(1, self.random.randint(1, 5), stages=True)
        ends = ("global_avg_pool", "global_max_pool", "flatten")
        lines.append(f"  {self.pick(*ends)} -> dense(classes)")
        text = "\n".join([f"model Net({', '.join(listed)}) {{", *lines, "}"])
        for number in range(self.random.randint(0, 2)):
            changed = [p for p in parameters if self.chance(0.5)]
            given = [f"{name} = {self.constant(kind)}" for name, kind, _ in changed]
            if table and self.chance(0.5):
                given.append(f"table = {self.table()}")
            text += f"\nmodel Net{'AB'[number]} = Net({', '.join(given)})"
        return text

    def table(self) -> str:
        rows = [
            f"[{', '.join(self.constant(kind) for kind in ('width', 'count', 'flag'))}]"
            for _ in range(self.random.randint(1, 3))
        ]
        return f"[{', '.join(rows)}]"

    # --- values -----------------------------------------------------------------------

    def constant(self, kind: str) -> str:
        return {
            "width": lambda: str(self.random.randint(1, 6)),
            "count": lambda: str(self.random.randint(1, 3)),
            "flag": lambda: self.pick("true", "false"),
            "kernel": lambda: self.pick("1", "3", "1x3", "[3, 1]"),
            "mode": lambda: self.pick('"a"', '"b"'),
        }[kind]()

    def value(self, kind: str) -> str:
        known = self.known(kind)
        name = self.random.choice(known) if known and self.chance(0.7) else self.constant(kind)
        if kind == "flag" and self.chance(0.6):
            return self.condition()
        if kind == "width" and self.chance(0.5):
            return self.width(name)
        if kind == "count" and known and self.chance(0.2):
            return f"{self.random.choice(known)} + 1"
        return name

    def width(self, name: str) -> str:
        options = [
            f"{name} + 1",
            f"2 * {name}",
            f"max(1, {name} // 2)",
            f"min({name}, in.channels)",
            "in.channels",
            "min(here.channels, 5)",
            f"{name} + 2 if {self.condition()} else {self.constant('width')}",
        ]
        if self.fns:
            options += [f"round_up({name})", f"round_up({name}, to = 3)"]
        return self.random.choice(options)

    def condition(self) -> str:
        options = ["in.channels > 3", "in.height == in.width", "here.channels != in.channels"]
        for name in self.known("flag"):
            options += [name, f"not {name}"]
        for name in self.known("width"):
            options += [f"{name} > 3", f"in.channels != {name}"]
        for name in self.known("count"):
            options += [f"{name} == 1", f"{name} != 2 or in.channels == 3"]
        for name in self.known("mode"):
            options += [f'{name} == "a"', f'{name} == "b" and in.height > 2']
        return self.random.choice(options)

    # --- statements -------------------------------------------------------------------

    @contextmanager
    def inside(self, strides: bool) -> Iterator[None]:
        """A body that may run several times or not at all: what it names is gone afterwards."""
        outer, before = self.strides, self.scope
        self.strides = self.strides and strides
        tensors = dict(before.tensors)
        if self.strides:
            tensors = dict.fromkeys(tensors, -1)
        self.scope = Scope(dict(before.values), tensors, before.size, before.in_block)
        yield
        inner = self.scope
        self.scope, self.strides = before, outer
        before.values = {n: k for n, k in before.values.items() if inner.values.get(n) == k}
        for name, size in before.tensors.items():
            if inner.tensors.get(name) != size:
                before.tensors[name] = -1
        if inner.size != before.size:
            self.changed_size()

    def changed_size(self) -> None:
        self.sizes += 1
        self.scope.size = self.sizes

    def body(self, depth: int, count: int, *, stages: bool = False) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            lines += self.statement(depth, stages)
        return lines

    def statement(self, depth: int, stages: bool) -> list[str]:
        pad = "  " * depth
        options: list[Callable[[], list[str]]] = [
            lambda: [pad + self.chain(depth)],
            lambda: [pad + self.chain(depth)],
            lambda: self.bind(depth),
            lambda: self.let(depth),
            lambda: [f"{pad}{self.chain(depth)} as {self.named()}"],
        ]
        if depth < 4 and self.budget > 0:
            options += [lambda: self.choice(depth, stages), lambda: self.any_loop(depth, stages)]
        if stages:
            options += [lambda: self.stage(depth)] * 4
            options += [lambda: self.aux(depth)]
        return self.random.choice(options)()

    def named(self) -> str:
        name = self.fresh("low", "high", "skip", "out", "x", "self")
        self.scope.tensors.pop(name, None)
        return name

    def bind(self, depth: int) -> list[str]:
        known = list(self.scope.tensors)
        rebinds = known and self.chance(0.4)
        name = self.random.choice(known) if rebinds else self.fresh("t", "y", "a", "lambda")
        before = self.scope.size
        text = f"{'  ' * depth}{name} = {self.chain(depth)}"
        self.scope.tensors[name] = self.scope.size
        self.scope.size = before
        return [text]

    def let(self, depth: int) -> list[str]:
        known = list(self.scope.values)
        if known and self.chance(0.5):
            name = self.random.choice(known)
            kind = self.scope.values[name]
        else:
            kind = self.random.choice(("width", "width", "count", "flag"))
            name = self.fresh("w", "hidden", "i", "nnx", "rngs")
        value = self.value(kind)
        if kind == "count":
            value = f"min({value}, 3)"
        self.scope.values[name] = kind
        return [f"{'  ' * depth}let {name} = {value}"]

    def choice(self, depth: int, stages: bool) -> list[str]:
        pad = "  " * depth
        lines = [f"{pad}if {self.condition()} {{"]
        with self.inside(self.chance(0.5)):
            lines += self.body(depth + 1, self.random.randint(1, 2), stages=stages)
        if self.chance(0.3):
            lines.append(f"{pad}}} else if {self.condition()} {{")
            with self.inside(self.chance(0.5)):
                lines += self.body(depth + 1, 1, stages=stages)
        if self.chance(0.5):
            lines.append(f"{pad}}} else {{")
            with self.inside(self.chance(0.5)):
                lines += self.body(depth + 1, self.random.randint(0, 2), stages=stages)
        return [*lines, f"{pad}}}"]

    def any_loop(self, depth: int, stages: bool) -> list[str]:
        kinds = ("width",)
        if self.chance(0.3):
            items = f"0 .. {self.value('count')}"
            kinds = ("index",)
        elif self.chance(0.4):
            kinds = ("width", "kernel")
            rows = [f"[{self.value('width')}, {self.constant('kernel')}]" for _ in range(2)]
            items = f"[{', '.join(rows)}]"
        else:
            items = f"[{', '.join(self.value('width') for _ in range(self.random.randint(1, 3)))}]"
        with self.inside(self.chance(0.4)):
            return self.loop(items, kinds, depth, stages=stages)

    def loop(self, items: str, kinds: tuple[str, ...], depth: int, *, stages: bool) -> list[str]:
        names = []
        for kind in kinds:
            name = self.fresh("i", "c", "n", "s", "features", "block_")
            names.append(name)
            self.scope.values[name] = kind
            if kind == "index":  # from zero on
                self.scope.values[name] = "width"
                self.scope.values.pop(name)
        body = self.body(depth + 1, self.random.randint(1, 2), stages=stages)
        if "index" in kinds:
            body.insert(0, f"{'  ' * (depth + 1)}conv({names[0]} + {self.value('width')}, 1)")
        head = f"{'  ' * depth}for {', '.join(names)} in {items} {{"
        return [head, *body, f"{'  ' * depth}}}"]

    def stage(self, depth: int) -> list[str]:
        name = self.fresh("stem", "body", "part", "layer", "head", "import", "train_")
        lines = self.body(depth + 1, self.random.randint(1, 2))
        return [f"{'  ' * depth}stage {name} {{", *lines, f"{'  ' * depth}}}"]

    def aux(self, depth: int) -> list[str]:
        name = self.fresh("aux1", "side")
        pad = "  " * depth
        with self.inside(False):
            body = self.chain(depth)
        head = f"{pad}aux {name}(weight = 0.4) {{"
        return [head, f"{pad}  {body}", f"{pad}  global_avg_pool -> dense(classes)", f"{pad}}}"]

    # --- chains -----------------------------------------------------------------------

    def chain(self, depth: int) -> str:
        parts = []
        if self.chance(0.25):
            parts += self.start()
        parts += [self.element(depth) for _ in range(self.random.randint(1, 3))]
        return " -> ".join(parts)

    def start(self) -> list[str]:
        fits = [n for n, size in self.scope.tensors.items() if size == self.scope.size]
        anywhere = list(self.scope.tensors) if self.strides else fits
        if not anywhere:
            return ["here"]
        name = self.random.choice(anywhere)
        if self.scope.tensors[name] != self.scope.size:
            self.changed_size()
        return [name]

    def element(self, depth: int) -> str:
        self.budget -= 1
        options: list[Callable[[], str]] = [self.weighted, self.weighted, self.plain]
        if self.blocks:
            options += [self.call] * 3
        if depth < 4 and self.budget > 0:
            options += [
                lambda: self.group(depth),
                lambda: self.merge(depth),
                lambda: self.repeated(depth),
            ]
        if self.strides:
            options.append(self.strided)
        return self.random.choice(options)()

    def weighted(self) -> str:
        width, kernel = self.value("width"), self.value("kernel")
        return self.pick(
            f"conv({width}, {kernel})",
            f"conv({width}, {kernel}) -> relu",
            f"conv({width}, {kernel}, bias = {self.value('flag')}) -> bn -> relu",
            f"separable({width}, {kernel})",
            f"depthwise({kernel}, multiplier = {self.constant('count')}) -> bn(eps = 1e-3)",
            "bn",
            "layer_norm(eps = 0.1)",  # of few channels: the default would amplify rounding
            "prelu",
        )

    def plain(self) -> str:
        return self.pick(
            "relu",
            "tanh",
            f"leaky_relu({self.pick('0.1', '0.2')})",
            "dropout(0.2)",
            "max_pool(3, stride = 1, pad = same)",
            f"avg_pool({self.value('kernel')}, stride = 1, pad = same)",
            "scale(0.5)",
            "pad_channels(here.channels + 1)",
            "lrn(3)",
        )

    def strided(self) -> str:
        self.changed_size()
        return self.pick(
            f"conv({self.value('width')}, {self.value('kernel')}, stride = 2)",
            "max_pool(2, pad = same)",
            "avg_pool(3, stride = 2, pad = same)",
            f"depthwise(3, stride = {self.value('count')})",
        )

    def call(self) -> str:
        fitting = [block for block in self.blocks if self.strides or not block.strides]
        if not fitting:
            return self.weighted()
        block = self.random.choice(fitting)
        given: list[str] = []
        named = False
        for parameter in block.parameters:
            if parameter.default is not None and self.chance(0.5):
                named = True
                continue
            tensors = [*self.scope.tensors, "here", "in"]
            kind = parameter.kind
            value = self.random.choice(tensors) if kind == "tensor" else self.value(kind)
            if kind == "count":
                value = f"min({value}, 3)" if not value.isdigit() else value
            given.append(f"{parameter.name} = {value}" if named or self.chance(0.1) else value)
            named = named or "=" in given[-1].split("(")[0]
        if block.strides or any(p.kind == "tensor" for p in block.parameters):
            self.changed_size()
        return f"{block.name}({', '.join(given)})" if given else block.name

    def group(self, depth: int) -> str:
        return f"{{ {self.inline(depth)} }}"

    def inline(self, depth: int) -> str:
        """The statements of a group, on one line's worth of braces."""
        names, values = set(self.names), dict(self.scope.values)
        tensors = dict(self.scope.tensors)
        lines = self.body(depth + 1, self.random.randint(1, 2))
        self.names, self.scope.values = names | self.names, values
        self.scope.tensors = tensors
        return "\n" + "\n".join(lines) + "\n" + "  " * depth

    def merge(self, depth: int) -> str:
        outer, self.strides = self.strides, False
        size = self.scope.size
        tensors = [name for name, own in self.scope.tensors.items() if own == size]
        kind = self.pick("add", "concat", "concat", "mul")
        width = self.value("width")
        items = []
        for _ in range(self.random.randint(1, 3)):
            start = [self.random.choice(tensors)] if tensors and self.chance(0.4) else []
            chain = " -> ".join([*start, self.element(depth + 1)])
            items.append(chain if kind == "concat" else f"{chain} -> conv({width}, 1)")
        if kind == "concat":
            items += [self.random.choice(["here", *tensors])]
        if kind == "mul":
            items.append(f"global_avg_pool(keep = true) -> conv({width}, 1) -> sigmoid")
        self.strides = outer
        return f"{kind} [ {', '.join(items)} ]"

    def repeated(self, depth: int) -> str:
        count = self.value("count")
        if not count.isidentifier() and not count.isdigit():
            count = f"({count})"
        if self.known("count") and self.chance(0.2):
            count = f"({self.random.choice(self.known('count'))} - 1)"
        with self.inside(self.chance(0.3)):
            what = self.random.choice(
                [self.weighted, self.plain, self.call, lambda: self.group(depth)]
            )()
        if " -> " in what and not what.startswith("{"):
            what = f"{{ {what} }}"
        return f"{what} * {count}"
