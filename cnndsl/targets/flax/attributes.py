"""Names of attributes: the author's bindings and the op; numbers only where there are several."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

from cnndsl.targets.flax.definitions import ClassLowering
from cnndsl.targets.flax.draft import Attr, Branching, Line, Suite, tokens
from cnndsl.targets.flax.names import MODULE_ATTRIBUTES, RESERVED, VARIABLES, plural, safe

_WORD = re.compile(r"(?<![.\w])\w+")  # no attribute

_TAKEN = MODULE_ATTRIBUTES | frozenset(keyword.kwlist)

GENERIC = frozenset({"stem", "head", "classifier", "body", "top"})


class Attributes:
    """Names the submodules of one class, and the items of lists that its call walks."""

    def __init__(self, lowering: ClassLowering):
        self.lowering = lowering
        self.state = lowering.state

    def name_attrs(self) -> None:
        """Names from the author's bindings and the op; numbers only where there are several."""
        lines = [*self.state.init, *self.lowering.heads, *self.state.call]
        live = tokens(lines, "alv") | tokens([self.lowering.result.text], "alv")
        attrs = [a for a in self.state.attrs if a.index in live]
        for attr in attrs:
            while attr.same_as is not None and attr.same_as.same_as is not None:
                attr.same_as = attr.same_as.same_as
        kept = [a for a in attrs if not a.local and a.same_as is None]
        taken = set(MODULE_ATTRIBUTES) | {b.name for b in self.state.bound}
        names = self.attr_names(kept)
        holders: dict[str, list[Attr]] = {}
        for attr in kept:
            name = safe(names[attr.index], _TAKEN)
            attr.name = _first_free(name, partial(_is_taken, attr, taken, holders))
            holders.setdefault(attr.name, []).append(attr)
        for attr in attrs:
            if attr.same_as is not None:
                attr.name = attr.same_as.name
        bound = {b.name for b in self.state.bound}
        inner = bound | {"x", "out"}
        for attr in attrs:
            stem = "block" if attr.block else safe(attr.stem, RESERVED | VARIABLES)
            if attr.local:
                attr.name = fresh(plural(stem), inner)
                inner.add(attr.name)
            attr.item = fresh(_item(stem, attr), bound)
        self.number_items([*self.state.init, *self.state.call])

    def attr_names(self, attrs: list[Attr]) -> dict[int, str]:
        modules: dict[tuple, list[Attr]] = {attr.path: [] for attr in attrs}
        for attr in attrs:
            if attr.stem not in ("dropout", "drop_path"):
                modules[attr.path].append(attr)
        weighted = {
            path: [m for m in held if m.weighted or m.block] for path, held in modules.items()
        }
        wanted = {
            attr.index: self.attr_name(attr, modules[attr.path], weighted[attr.path])
            for attr in attrs
        }
        numbers: dict[int, int] = {}
        last: dict[str, dict[tuple, Attr]] = {}  # the last of a name in every branch
        for attr in attrs:
            alike = last.setdefault(wanted[attr.index], {})
            earlier = [numbers[a.index] for a in alike.values() if not _exclusive(a, attr)]
            numbers[attr.index] = 1 + max(earlier, default=0)
            alike[attr.arms] = attr
        several = {wanted[a.index] for a in attrs if numbers[a.index] > 1}
        return {
            a.index: f"{wanted[a.index]}{numbers[a.index]}"
            if wanted[a.index] in several
            else wanted[a.index]
            for a in attrs
        }

    def attr_name(self, attr: Attr, modules: list[Attr], weighted: list[Attr]) -> str:
        stage = attr.path[0] if len(attr.path) == 1 and self.lowering.is_model else None
        lone = len(modules) == 1 or (weighted == [attr] and not attr.block)
        if stage and stage not in GENERIC and lone:
            return stage
        if stage and attr.block and len(modules) == 1:
            return stage
        stem = plural(attr.stem) if attr.many and not attr.path else attr.stem
        said = bool(attr.path) and stem.startswith(f"{attr.path[-1]}_")  # pool, pool_projection
        return "_".join([*attr.path[: -1 if said else None], stem])

    def number_items(self, lines: list[Line], taken: frozenset[str] = frozenset()) -> None:
        """Items of lists that are walked together, or inside one another, have different names."""
        for line in lines:
            match line:
                case Branching():
                    for body in line.bodies:
                        self.number_items(body, taken)
                case Suite():
                    inner = taken
                    if line.header.startswith("for "):
                        inner |= self.number_header(line.header, taken)
                    self.number_items(line.body, inner)

    def number_header(self, header: str, taken: frozenset[str]) -> set[str]:
        walked = tokens([header.split(" in ")[0]], "v")
        together = [self.state.attrs[number] for number in sorted(walked)]
        for name, count in Counter(a.item for a in together).items():
            alike = [a for a in together if a.item == name]
            for number, attr in enumerate(alike, 1):
                attr.item = f"{name}{number}" if count > 1 else name
        for attr in together:
            attr.item = fresh(attr.item, taken)
        return {attr.item for attr in together}


def _exclusive(first: Attr, second: Attr) -> bool:
    """Whether two attributes stand in different branches of one `if`."""
    arms = dict(first.arms)
    return any(arms.get(number, arm) != arm for number, arm in second.arms)


def fresh(name: str, taken: Collection[str]) -> str:
    return _first_free(name, taken.__contains__)


def _first_free(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, with a number from 2 where it is taken."""
    if not is_taken(name):
        return name
    number = 2
    while is_taken(f"{name}{number}"):
        number += 1
    return f"{name}{number}"


def _is_taken(attr: Attr, taken: set[str], holders: dict[str, list[Attr]], name: str) -> bool:
    """Whether the class has the name, or an attribute that can exist together with `attr`."""
    return name in taken or any(not _exclusive(a, attr) for a in holders.get(name, ()))


def _item(stem: str, attr: Attr) -> str:
    """What a walk calls an item: a module, a list of them, or lists of lists."""
    depth, inner = 0, attr.holds
    while inner is not None:
        depth, inner = depth + 1, inner.holds
    if depth < 2:
        return plural(stem) if depth else stem
    return f"{stem}_lists" + (str(depth - 1) if depth > 2 else "")
