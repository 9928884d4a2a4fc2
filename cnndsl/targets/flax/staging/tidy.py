"""A draft made plain: what is known is put in, what nothing needs is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnndsl.targets.flax.ops.emission import KINDS
from cnndsl.targets.flax.staging.arguments import drop_params, free_numbers, settle_x
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.flax.staging.exported import expanded, export
from cnndsl.targets.flax.staging.settled import settle_flags
from cnndsl.targets.python.draft import Build, Settle, Shadow, Step
from cnndsl.targets.python.evaluate import Unknown, evaluate
from cnndsl.targets.python.expressions import is_constant, names, self_, size, walk
from cnndsl.targets.python.liveness import counting, live_call, live_init, used_attributes
from cnndsl.targets.python.propagate import Allowed, Choose, Definition, propagate
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import (
    flat,
    map_step,
    mentions,
    without,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Conditional,
    Constant,
    Expr,
    Item,
    Name,
    Slice,
)
from cnndsl.targets.python.tuples import item

_LARGEST = 24  # nodes of an expression of channels that is written out where it is used
_SHORT = 6  # nodes of an index that is written out where it is used


def simplify(draft: Draft) -> None:
    """Propagates, sweeps, and settles which arguments remain."""
    settle_flags(draft)
    allowed = _allowed(draft)
    steps = [*draft.init, *_marked(draft)]
    draft.init, draft.heads = _split(propagate(steps, allowed, draft.flat_loops, _choosing(draft)))
    _read_arguments(draft)
    draft.call = propagate(draft.call, allowed, draft.flat_loops, lambda *_: None)
    draft.call = live_call(counting(draft.call), _results(draft))
    export(draft)
    _note_channels(draft)
    used = _sweep_constructor(draft)
    _fold_decided(draft, used)
    drop_params(draft, used)
    settle_x(draft)
    free_numbers(draft)
    draft.takes = KINDS if draft.is_argument and not draft.is_function else _takes(draft)


def sweep(draft: Draft) -> None:
    """Leaves out what nothing reads any more, of statements and of arguments."""
    draft.call = live_call(counting(draft.call), _results(draft))
    drop_params(draft, _sweep_constructor(draft))


def _sweep_constructor(draft: Draft) -> set[str]:
    """Leaves out of the constructor what neither it nor the call reads; gives the attributes
    that the call reads."""
    used = used_attributes(draft.call)
    if draft.is_function:
        draft.init = []
    else:
        steps = counting([*draft.init, *_marked(draft)])
        whole = live_init(steps, used | _modules(draft), used & draft.variables.keys())
        draft.init, draft.heads = _split(whole)
    return used


def _results(draft: Draft) -> set[str]:
    return {"out"} if draft.keeps_endpoints else set()


def _read_arguments(draft: Draft) -> None:
    """The call reads an argument itself where the constructor would only keep it once more."""
    given = {p.name for p in draft.params} if not draft.is_function else set()
    found: dict[Expr, Expr] = {}
    for step in draft.init:
        match step:
            case Assign(targets=(Attribute(base=Name("self")) as kept,), value=value):
                if isinstance(value, Name) and value.id in given:
                    found[kept] = self_(value.id)
                elif isinstance(value, Constant) or (
                    isinstance(value, Attribute) and value.name in draft.class_values
                ):
                    found[kept] = value

    def change(expr: Expr) -> Expr:
        return found.get(expr) or rebuild(expr, change)

    if found:
        draft.call = [map_step(step, change) for step in draft.call]


def _modules(draft: Draft) -> set[str]:
    """The slots of modules with tensors, which are there whoever reads them."""
    return {n for n, s in draft.slots.items() if not s.is_value and not s.is_quiet}


def resimplified(draft: Draft, init: list[Step]) -> list[Step]:
    """The constructor once more, when its lists have been shaped."""
    plain = _allowed(draft)
    reads: Counter[str] = Counter(e.id for e in mentions(init) if isinstance(e, Name))

    def allowed(name: str, value: Expr) -> bool:
        chosen = any(isinstance(e, Conditional) for e in walk(value))
        return plain(name, value) and (not chosen or reads[name] == 2)  # set, and read once

    return without_unread(draft, propagate(init, allowed, draft.flat_loops, lambda *_: None))


def without_unread(draft: Draft, init: list[Step]) -> list[Step]:
    """The constructor without what the call, as it is now, does not read."""
    used = used_attributes(draft.call)
    values = {n for n in draft.variables if n.split("@")[0] in used}
    return live_init(init, used | _modules(draft), values)


def _allowed(draft: Draft) -> Allowed:
    """Which variables may be replaced by what expressions."""

    def allowed(name: str, value: Expr) -> bool:
        variable = draft.variables.get(name)
        if variable is None:
            return False
        plain = is_constant(value) and size(value) == 1
        copied = isinstance(value, Name) or (isinstance(value, Attribute) and _is_self(value))
        if variable.kind == "features":
            return size(value) <= _LARGEST
        if variable.kind == "tensor":
            is_member = not variable.named and _is_member(value)
            is_given = _is_endpoint(value) or _is_result(value, draft)
            return isinstance(value, Name) or is_given or is_member
        if variable.kind in ("let", "flag", "target"):
            return plain or (copied and variable.stable)
        return False

    return allowed


def _fold_decided(draft: Draft, used: set[str]) -> None:
    """Folds what decides a value that the constructor reads after all."""
    read = {e.id for e in mentions([*draft.init, *draft.heads]) if isinstance(e, Name)} | used
    for name, folded, spatial in draft.decided:
        if name in read:
            draft.folded |= folded
            draft.spatial |= spatial


def _takes(draft: Draft) -> tuple[str, ...]:
    """What the modules that a constructor builds accept of what it hands on."""
    found: set[str] = set()
    for expr in mentions([*draft.init, *draft.heads]):
        if isinstance(expr, Build):
            found |= set(expr.takes)
    return tuple(kind for kind in KINDS if kind in found)


def _is_endpoint(value: Expr) -> bool:
    """Whether a value is `out["stem"]`."""
    return isinstance(value, Item) and value.base == Name("out") and is_constant(value.index)


def _is_result(value: Expr, draft: Draft) -> bool:
    """Whether a value is an endpoint of a model that is an element."""
    if not isinstance(value, Item) or not isinstance(value.base, Name):
        return False
    held = draft.variables.get(value.base.id)
    return held is not None and held.kind == "results" and is_constant(value.index)


def _is_member(value: Expr) -> bool:
    """Whether a value is `xs[-1 - i]`, a tensor of a pack."""
    if not isinstance(value, Item) or not isinstance(value.base, Name):
        return False
    return not isinstance(value.index, Slice) and size(value.index) <= _SHORT


def _is_self(value: Attribute) -> bool:
    return value.base == Name("self")


_MARK = Shadow("heads", Name("heads"))


def _marked(draft: Draft) -> list[Step]:
    """The heads behind the constructor, so that passes see them in the order that runs."""
    return [_MARK, *draft.heads]


def _split(steps: list[Step]) -> tuple[list[Step], list[Step]]:
    at = steps.index(_MARK)
    return steps[:at], steps[at + 1 :]


def known_values(draft: Draft, number: int) -> dict[str, object]:
    """What arguments and class attributes are in one instance."""
    found = {p.name: p.values[number] for p in draft.params if number in p.values}
    for name, values in draft.class_values.items():
        if number in values:
            found[f"self.{name}"] = values[number]
    return found


def _choosing(draft: Draft) -> Choose:
    """Finds what a value by instance is in all of them: one of the options, or the first one of
    a pack, or else a name in one, `out` where a branch has `in_features + (out - in_features)`."""
    cache: dict[int, dict[str, object]] = {}

    def holds(whole: Expr, step: Settle) -> bool:
        for number, wanted in step.values:
            if number not in cache:
                cache[number] = known_values(draft, number)
            try:
                if evaluate(whole, cache[number]) != wanted:
                    return False
            except Unknown:
                return False
        return True

    def first_of(pack: Expr) -> Expr:
        return item(pack, Constant(0))

    def choose(options: Sequence[Expr], step: Settle, definition: Definition) -> Expr | None:
        expressions = [(option, expanded(option, definition)) for option in options]
        known = [(option, whole) for option, whole in expressions if whole is not None]
        known += [(first_of(option), first_of(whole)) for option, whole in known]  # of packs
        found = [option for option, whole in known if holds(whole, step)]
        inside = {name for _, whole in known for name in names(whole)}
        found += [Name(name) for name in sorted(inside) if holds(Name(name), step)]
        return found[0] if found else None

    return choose


def _note_channels(draft: Draft) -> None:
    """Keeps the channels of every line, for its comment; the questions have been answered."""
    for step in flat([*draft.init, *draft.heads]):
        if isinstance(step, Shadow) and step.key.isdigit():
            draft.channels[int(step.key)] = step.value
    draft.init = without(draft.init, Shadow)
    draft.heads = without(draft.heads, Shadow)
