"""A draft to the statements of its methods: webs, lines, lists, headers, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from cnndsl.targets.flax.ops.emission import FORKED
from cnndsl.targets.flax.shaping.comments import comment_lines
from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.shaping.flags import name_flags
from cnndsl.targets.flax.shaping.lifted import lifted_lets
from cnndsl.targets.flax.shaping.lines import join_lines
from cnndsl.targets.flax.shaping.naming import name_attributes, name_variables, rename_attributes
from cnndsl.targets.flax.shaping.spacing import tidy_call
from cnndsl.targets.flax.shaping.widths import built_width, width
from cnndsl.targets.flax.staging.draft import Draft, Slot
from cnndsl.targets.flax.staging.tidy import resimplified, without_unread
from cnndsl.targets.python.appends import LIST
from cnndsl.targets.python.choices import begun, choices, upright
from cnndsl.targets.python.draft import Build, Line, Loop, Step
from cnndsl.targets.python.expressions import attributes, names, walk
from cnndsl.targets.python.foretold import foretold
from cnndsl.targets.python.growth import grown, grown_tuples
from cnndsl.targets.python.headers import settle_headers
from cnndsl.targets.python.lists import Lists
from cnndsl.targets.python.liveness import live_call
from cnndsl.targets.python.repeats import without_repeats
from cnndsl.targets.python.sequences import sequences
from cnndsl.targets.python.simultaneous import simultaneous
from cnndsl.targets.python.slices import open_ended
from cnndsl.targets.python.statements import (
    bodies,
    expressions,
    flat,
    map_step,
    mentions,
    with_bodies,
    written,
)
from cnndsl.targets.python.tree import Assign, Attribute, Augment, Binary, Blank, Call, Expr, Name
from cnndsl.targets.python.webs import Webs

_STEPS = frozenset({"+", "-", "*", "/", "//"})


def finish(draft: Draft, module: frozenset[str], *, plain: bool = False) -> Finished:
    """The readable form of a draft. `module` are the names that the module itself defines;
    `plain` leaves lines and loops as they were transcribed."""
    params = [p.name for p in draft.arguments]
    arriving = ["x"] if draft.takes_x else []
    fixed = ["self", *arriving, *draft.received, "aux", "out", "rngs", FORKED, "dtypes", *params]
    mark = Blank()
    init = Webs([*draft.init, mark, *draft.heads], fixed).steps
    results = {"out"} if draft.keeps_endpoints else set[str]()
    draft.call = live_call(Webs(draft.call, fixed).steps, results)
    _alias_webs(draft, [*init, *draft.call])
    if not plain:
        join_lines(draft)
        uses = Counter(e.function for e in mentions(init) if isinstance(e, Build))
        init, draft.call = sequences(init, draft.call, partial(_together, draft))
        fresh = partial(_target, draft)
        lists = Lists(
            fresh, partial(_all_of_a_stage, draft), partial(built_width, uses), draft.flat_loops
        )
        init, draft.call = lists.shape(init, draft.call)
        init = resimplified(draft, choices(init, width))
        init, draft.call = simultaneous(init), simultaneous(draft.call)
    draft.call = live_call(draft.call, results)
    if not plain:
        init, draft.call = grown_tuples(init), grown(begun(draft.call))
        init = without_repeats(init, always=draft.flat_loops)
    lists_of = _lists(init), _lists(draft.call)
    draft.call = settle_headers(draft.call)
    init = settle_headers(lifted_lets(draft, without_unread(draft, init)))
    called = {a for step in flat(draft.call) for e in expressions(step) for a in attributes(e)}
    stored = [p for p in params if p in called and not draft.is_function]
    init, draft.call = _named(draft, init, draft.call, lists_of, fixed, module, stored)
    init = without_repeats([_augmented(step) for step in init])
    at = next(i for i, step in enumerate(init) if step is mark or isinstance(step, Blank))
    heads = init[at + 1 :]
    init = init[:at] if plain else foretold(init[:at])
    draft.call = without_repeats(draft.call)
    count = 0
    while count < len(init) and _is_let(init[count], stored):
        count += 1
    call = tidy_call(comment_lines(draft, [_augmented(s) for s in draft.call]))
    return Finished(draft, init[:count], init[count:], heads, call, stored)


def _lists(steps: Sequence[Step]) -> set[str]:
    """The variables of constructor or call that hold lists of modules."""
    found: set[str] = set()
    for step in flat(steps):
        match step:
            case Assign(targets=targets, value=Call(function=function)) if function == LIST:
                found |= {t.id for t in targets if isinstance(t, Name)}
            case Loop():
                found |= {s.id for _, s in step.walked if isinstance(s, Name)}
    return found


def _together(draft: Draft, modules: list[str]) -> str | None:
    """A slot for blocks that are all of a binding or a stage, by the name of that."""
    if any(name not in draft.slots for name in modules):  # layers that it was given
        return None
    slots = [draft.slots[name] for name in modules]
    path = slots[0].path
    own = _modules_of(draft, path)
    if not path or own != set(modules) or not all(s.is_block for s in slots):
        return None
    name = draft.unique(path[-1])
    draft.slots[name] = Slot("", path, is_block=True, weighted=True, arms=slots[0].arms)
    return name


def _modules_of(draft: Draft, path: tuple[str, ...]) -> set[str]:
    """The slots of the modules of a binding or stage."""
    slots = draft.slots.items()
    return {n for n, s in slots if s.path == path and not s.is_value and "@" not in n}


def _all_of_a_stage(draft: Draft, one: Expr, other: Expr, gone: set[Expr]) -> bool:
    """Whether two modules are all of a binding or stage, but for some that are gone."""
    both = {_slot_name(one), _slot_name(other)}
    path = next((draft.slots[name].path for name in both if name in draft.slots), ())
    left = _modules_of(draft, path) - {_slot_name(expr) for expr in gone}
    return bool(path) and left == both


def _slot_name(expr: Expr) -> str:
    name = expr.name if isinstance(expr, Attribute) else getattr(expr, "id", "")
    return str(name).split("@")[0]


def _target(draft: Draft, stem: str) -> str:
    return draft.variable(stem, "target").id


def _alias_webs(draft: Draft, steps: Sequence[Step]) -> None:
    """What is known of a variable is known of its webs."""
    for step in flat(steps):
        held = written(step) | {n for e in expressions(step) for n in names(e)}
        for name in held:
            base = name.split("@")[0]
            if base == name:
                continue
            if base in draft.variables:
                draft.variables.setdefault(name, draft.variables[base])
            elif base in draft.slots:
                draft.slots.setdefault(name, draft.slots[base])


def _is_let(step: Step, stored: list[str]) -> bool:
    """Whether a statement only names a value: such ones begin a constructor."""
    if not isinstance(step, Assign) or len(step.targets) != 1:
        return False
    (target,) = step.targets
    plain = not any(isinstance(e, Build) for e in walk(step.value))
    if isinstance(target, Name):
        return plain and target.id not in ("features",) and not _is_list(step.value)
    return isinstance(target, Attribute) and plain and not _is_list(step.value)


def _is_list(expr: Expr) -> bool:
    return any(isinstance(e, Attribute) and e.name in ("List", "Sequential") for e in walk(expr))


def _named(
    draft: Draft,
    init: list[Step],
    call: list[Step],
    lists_of: tuple[set[str], set[str]],
    fixed: list[str],
    module: frozenset[str],
    stored: list[str],
) -> tuple[list[Step], list[Step]]:
    init, call = name_flags(draft, init, call)
    init, call = ([map_step(s, upright) for s in steps] for steps in (init, call))
    init, call = ([map_step(s, open_ended) for s in steps] for steps in (init, call))
    order = _slots_in_order(draft, [*init, *call])
    chosen = name_attributes(draft, order, stored)
    init, call = rename_attributes(init, chosen), rename_attributes(call, chosen)
    params = {p.name for p in draft.arguments}
    built = [name for name in fixed if name != "out" or name in params]  # endpoints are the call's
    init = name_variables(draft, init, lists_of[0], built, module)
    call = name_variables(draft, call, lists_of[1], fixed, module)
    return init, call


def _slots_in_order(draft: Draft, steps: Sequence[Step]) -> list[str]:
    """The slots on `self`, in order of their appearance in the constructor."""
    order: dict[str, None] = {}
    for part in mentions(steps):
        match part:
            case Attribute(base=Name("self"), name=name) if name in draft.slots:
                order.setdefault(name)
    return list(order)


def _augmented(step: Step) -> Step:
    """`features += growth` for a variable that is given another value."""
    inner = bodies(step)
    if inner:
        return with_bodies(step, *([_augmented(s) for s in body] for body in inner))
    match step:
        case Assign(targets=(Name(id=name) as target,), value=Binary() as value):
            if value.op in ("+", "*") and value.right == Name(name):
                value = Binary(value.op, value.right, value.left)
            is_own = value.left == Name(name) and name not in names(value.right)
            if value.op in _STEPS and is_own and not isinstance(step, Line):
                return Augment(target, value.op, value.right)
    return step
