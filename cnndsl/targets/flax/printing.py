"""Lines with tokens to lines of Python: attributes get their names, partials are hoisted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from cnndsl.targets.flax.attributes import Attributes, fresh
from cnndsl.targets.flax.definitions import ClassLowering
from cnndsl.targets.flax.draft import (
    TOKEN,
    Blank,
    Branching,
    Built,
    Carry,
    Definition,
    Line,
    Suite,
    norm_key,
    tokens,
)
from cnndsl.targets.flax.emission import KINDS
from cnndsl.targets.flax.names import RESERVED, VARIABLES, safe, snake
from cnndsl.targets.flax.pyexpr import Scope
from cnndsl.targets.flax.tidy import (
    branches_tidied,
    swapped,
    tidy,
    unread_items,
    unread_locals,
    without_unread,
)

HANDED_ON = {"rngs": "rngs=rngs", "dtypes": "**dtypes"}
_LOCALS = {"nnx.Conv": "conv", "nnx.Linear": "dense", "nnx.ConvTranspose": "conv_transpose"}


@dataclass
class Printed:
    """The finished lines of a class: four spaces deeper for every level."""

    init: list[str]
    call: list[str]
    result: str
    takes: list[str]  # of rngs and dtypes: what the constructor hands on


@dataclass
class Shared:
    """Partials of the module: normalisations by their settings, layers by their callee."""

    norms: dict[tuple, str] = field(default_factory=dict)
    layers: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


def common_keywords(calls: list[Built]) -> dict[str, str]:
    """The keywords that all of some calls have, with values that no name of a class is in."""
    if not calls:
        return {}
    return {
        key: value
        for key, value in calls[0].kwargs.items()
        if not TOKEN.search(value) and all(c.kwargs.get(key) == value for c in calls)
    }


def has_all(built: Built, keywords: dict[str, str]) -> bool:
    return all(built.kwargs.get(key) == value for key, value in keywords.items())


class Printer:
    """Prints one lowered class."""

    def __init__(self, lowering: ClassLowering, shared: Shared):
        self.lowering = lowering
        self.state = lowering.state
        self.module = shared
        self.used = lowering.used("bc")
        self.at_call = lowering.used("c")
        self.walked = self.read_loop_variables()
        self.locals: dict[str, str] = {}
        self.shared: dict[str, dict[str, str]] = {}
        self.opposites: dict[str, str] = {}  # conditions that were printed, with their negations

    def print(self) -> Printed:
        state = self.state
        Attributes(self.lowering).name_attrs()
        builds = self.builds()
        kinds = self.hoist(builds)
        lets = _leading(state.init)
        lines = [*self.hoisted(kinds), *self.text_lines(lets, 0)]
        body = [*self.stored_arguments(), *self.text_lines(state.init[len(lets) :], 0)]
        lines = [*lines, *([""] if lines and body else []), *body]
        if self.lowering.heads:
            heads = Branching(["aux", None], ["not aux", None], [self.lowering.heads, []])
            lines += self.branches(heads)
        result = self.text(self.lowering.result.text)
        call = without_unread(self.text_lines(state.call, 0), result)
        call = swapped(tidy(unread_items(branches_tidied(call, self.opposites))))
        lets = {b.name for b in self.state.bound if b.scope is Scope.LOCAL}
        read = "" if self.lowering.is_function else r"self\."
        lines = unread_locals(lines, "\n".join([*call, result]), lets, read)
        lines = unread_items(branches_tidied(lines, self.opposites))
        if not self.lowering.is_model and call and call[-1].startswith(f"{result} = "):
            value = call[-1].removeprefix(f"{result} = ")
            if "  # " not in value:  # a last line that only names what is returned
                result = value
                call.pop()
        takes = [k for k in KINDS if any(k in b.takes for b in builds)]
        return Printed(lines, call, result, takes)

    def read_loop_variables(self) -> dict[str, set[int]]:
        """What something besides the headers of loops reads, in constructor and call."""
        texts = [_HEADER.sub("", text) for text in self.lowering.live_texts]
        return {kind: tokens(texts, kind) for kind in "bc"}

    # --- constructor calls ------------------------------------------------------------

    def builds(self) -> list[Built]:
        numbers = sorted(tokens(self.lowering.live_texts, "k"))
        for number in numbers:
            built = self.state.built[number]
            key = norm_key(built)
            if key in self.module.norms:
                built.callee, built.kwargs = self.module.norms[key], {}
            elif built.callee in self.module.layers:
                name, common = self.module.layers[built.callee]
                if not has_all(built, common):
                    continue
                built.callee = name
                built.kwargs = {k: v for k, v in built.kwargs.items() if k not in common}
        return [self.state.built[number] for number in numbers]

    def hoist(self, builds: list[Built]) -> bool:
        """Decides which calls get a partial of the constructor's; whether there are `kinds`."""
        uses = Counter(built.callee for built in builds)
        full = sum(1 for b in builds if b.takes == KINDS)
        names = {b.name for b in self.state.bound}
        for callee, count in uses.items():
            calls = [b for b in builds if b.callee == callee]
            common = common_keywords(calls)
            if calls[0].takes != KINDS or count < (2 if common else 3):
                continue
            name = _LOCALS.get(callee) or snake(callee.removeprefix("nnx."))
            if callee.startswith("nnx.") and callee not in _LOCALS:
                name = calls[0].stem
            name = safe(name, RESERVED | VARIABLES)
            self.locals[callee] = fresh(name, names | set(self.locals.values()))
            self.shared[callee] = common
        self.kinds = (
            len(self.locals)
            + sum(1 for b in builds if b.takes == KINDS and b.callee not in self.locals)
            > 1
            and full > 1
        )
        return self.kinds

    def hoisted(self, kinds: bool) -> list[str]:
        lines = []
        if kinds:
            lines.append('kinds = {"rngs": rngs, **dtypes}')
        for callee, name in self.locals.items():
            shared = [f"{key}={value}" for key, value in self.shared[callee].items()]
            lines.append(f"{name} = partial({', '.join([callee, *shared, self.kind_text(KINDS)])})")
        return lines

    def kind_text(self, takes: tuple[str, ...]) -> str:
        if self.kinds and takes == KINDS:
            return "**kinds"
        return ", ".join(HANDED_ON[name] for name in takes)

    def built_text(self, built: Built) -> str:
        shared = self.shared.get(built.callee, {})
        kwargs = [f"{k}={self.text(v)}" for k, v in built.kwargs.items() if k not in shared]
        args = [*map(self.text, built.args), *kwargs]
        if built.callee in self.locals:
            return f"{self.locals[built.callee]}({', '.join(args)})"
        if built.takes:
            args.append(self.kind_text(built.takes))
        return f"{built.callee}({', '.join(args)})"

    # --- lines ------------------------------------------------------------------------

    def stored_arguments(self) -> list[str]:
        """`self.stride = stride` for the arguments that the call needs."""
        if self.lowering.is_function:
            return []
        bound = [p.binding for p in self.lowering.params]
        lines = [f"self.{b.name} = {b.name}" for b in bound if b.index in self.at_call]
        return [*(["self.aux = aux"] if self.lowering.heads else []), *lines]

    def text_lines(self, lines: list[Line], depth: int) -> list[str]:
        indent = "    " * depth
        texts: list[str] = []
        for line in lines:
            match line:
                case Blank():
                    texts.append("")
                case Suite():
                    body = self.text_lines(line.body, depth + 1)
                    if not body:
                        continue
                    texts.append(indent + self.text(line.header))
                    texts.extend(body)
                case Branching():
                    texts.extend(indent + text if text else "" for text in self.branches(line))
                case Carry():
                    texts.extend(indent + text for text in self.carry(line))
                case Definition():
                    texts.extend(indent + text for text in self.definition(line))
                case _:
                    texts.append(indent + self.text(line))
        return texts

    def branches(self, line: Branching) -> list[str]:
        """The arms that have lines; of two, a lone second one stands under the negation."""
        bodies = [self.text_lines(body, 1) for body in line.bodies]
        if len(bodies) == 2 and bodies[1] and not bodies[0]:
            return [f"if {self.text(line.negated[0])}:", *bodies[1]]
        self.opposites[self.text(line.conditions[0])] = self.text(line.negated[0])
        texts: list[str] = []
        while bodies and not bodies[-1]:
            bodies.pop()
        for condition, body in zip(line.conditions, bodies, strict=False):
            header = "else:" if condition is None else f"if {self.text(condition)}:"
            texts.append(f"el{header}" if texts and condition is not None else header)
            texts.extend(body or ["    pass"])
        return texts

    def carry(self, line: Carry) -> list[str]:
        live = [
            (binding.name, self.text(text))
            for binding, text in zip(line.bound, line.texts, strict=True)
            if binding.index in self.lowering.live_carries(line)
        ]
        live = [(name, value) for name, value in live if name != value]
        if not live:
            return []
        if line.step is not None:
            return [self.text(line.step)]
        names, values = zip(*live, strict=True)
        return [f"{', '.join(names)} = {', '.join(values)}"]

    def definition(self, line: Definition) -> list[str]:
        binding = line.binding
        if binding.index not in self.lowering.live:
            return []
        name = self.token("b", binding.index)
        if line.step is not None:
            return [f"{name} {self.text(line.step)}"]
        text = self.text(line.text)
        return [f"{name} = {text}"] if text != name else []

    def text(self, text: str) -> str:
        return TOKEN.sub(lambda match: self.token(match[1], int(match[2])), text)

    def token(self, kind: str, number: int) -> str:
        if kind in "bc":
            binding = self.state.bound[number]
            if binding.scope is Scope.LOOP and number not in self.walked[kind]:
                return "_"
            own = binding.scope is Scope.CLASS or (
                not self.lowering.is_function
                and (
                    (kind == "c" and binding.scope is Scope.ARGUMENT)
                    or (binding.scope is Scope.LOCAL and number in self.at_call)
                )
            )
            return f"self.{binding.name}" if own else binding.name
        if kind == "k":
            return self.built_text(self.state.built[number])
        attr = self.state.attrs[number]
        if kind == "v":
            return attr.item
        if kind == "l" and attr.local:
            return attr.name
        return f"self.{attr.name}"


_HEADER = re.compile(r"^for .*? in (?=\S)")


def _leading(lines: list[Line]) -> list[Line]:
    """The `let`s that a constructor begins with."""
    count = 0
    while count < len(lines) and isinstance(lines[count], Definition):
        count += 1
    return lines[:count]
