"""What constructor calls have in common: partials of the module and of a constructor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnndsl.names import camel
from cnndsl.targets.flax.names import GLOBALS, RESERVED, VARIABLES, safe, snake
from cnndsl.targets.flax.ops.emission import FORKED, KINDS
from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.shaping.handed import by_keyword, handed_alike
from cnndsl.targets.flax.shaping.naming import first_free
from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.expressions import names, path
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.statements import flat, written
from cnndsl.targets.python.tree import Assign, Call, Expr, Keyword, Name

NORMS = ("nnx.BatchNorm", "nnx.LayerNorm", "nnx.GroupNorm")
LOCALS = {"nnx.Conv": "conv", "nnx.Linear": "dense", "nnx.ConvTranspose": "conv_transpose"}
HANDED_ON = {name: Keyword("rngs", Name(name)) for name in (*KINDS, FORKED)}

Key = tuple[str, tuple[Keyword, ...]]


def callee(build: Build) -> str:
    return print_expression(build.function)


def is_global(expr: Expr) -> bool:
    return names(expr) <= GLOBALS


def common_keywords(calls: Sequence[Build]) -> tuple[Keyword, ...]:
    """The keywords that all of some calls have, with values that no name of a class is in."""
    if not calls:
        return ()
    held = [set(c.keywords) for c in calls]
    return tuple(k for k in calls[0].keywords if is_global(k.value) and all(k in h for h in held))


@dataclass
class Shared:
    """The partials of a module, in the order in which they stand."""

    lines: list[Assign] = field(default_factory=list)


def share(
    classes: Sequence[Finished],
    norms: Sequence[tuple[Build, str]],
    unique: Callable[[str], str],
    lines: Mapping[Expr, str],
) -> Shared:
    """Names what the classes of a module have in common: `Norm = partial(nnx.BatchNorm, …)`.

    `lines` are values that have a name already.
    """
    shared = Shared()
    _share_norms(classes, norms, unique, shared, lines)
    for kind, name in (("nnx.Conv", "Conv"), ("nnx.Linear", "Dense")):
        users = [[b for b in c.builds() if callee(b) == kind] for c in classes]
        common = _most_shared([builds for builds in users if builds])
        if not common:
            continue
        free = unique(name)
        shared.lines.append(Assign((Name(free),), partial(path(kind), common)))
        for each in classes:
            each.change_builds(
                {
                    b: _less(b, free, common)
                    for b in each.builds()
                    if callee(b) == kind and set(common) <= set(b.keywords)
                }
            )
    return shared


def partial(function: Expr, keywords: Sequence[Keyword]) -> Call:
    return Call(Name("partial"), (function,), tuple(keywords))


def _less(build: Build, name: str, common: Sequence[Keyword]) -> Build:
    rest = tuple(k for k in build.keywords if k not in common)
    return replace(build, function=Name(name), keywords=rest)


def _share_norms(
    classes: Sequence[Finished],
    norms: Sequence[tuple[Build, str]],
    unique: Callable[[str], str],
    shared: Shared,
    lines: Mapping[Expr, str],
) -> None:
    blocks = {(callee(b), b.keywords): block for b, block in reversed(norms)}
    found: dict[Key, int] = {}
    for build in (b for c in classes for b in c.builds()):
        everywhere = build.keywords and all(is_global(k.value) for k in build.keywords)
        if callee(build) in NORMS and everywhere:
            key = callee(build), build.keywords
            found[key] = found.get(key, 0) + 1
    for key, count in found.items():
        block = blocks.get(key)
        value = partial(path(key[0]), key[1])
        known = lines.get(value)
        if block is None and count < 2 and known is None:
            continue
        name = known or unique(camel(block) if block else "Norm")
        if known is None:
            shared.lines.append(Assign((Name(name),), value))
        for each in classes:
            each.change_builds(
                {b: _less(b, name, key[1]) for b in each.builds() if (callee(b), b.keywords) == key}
            )


def _most_shared(users: Sequence[Sequence[Build]]) -> tuple[Keyword, ...]:
    """The keywords whose partial saves most, used at least three times, by two classes."""
    if len(users) < 2:
        return ()
    alike = [Counter(b.keywords for b in builds) for builds in users]
    examples = {b.keywords: b for builds in users for b in builds}
    candidates = {
        common_keywords([first, second]): None
        for first in examples.values()
        for second in examples.values()
    }
    best: tuple[Keyword, ...] = ()
    saved = 0
    for common in candidates:
        holds = {key: set(common) <= set(key) for key in examples}
        holders = [sum(n for key, n in counts.items() if holds[key]) for counts in alike]
        count = sum(holders)
        if count < 3 or sum(map(bool, holders)) < 2:
            continue
        if count * len(common) > saved:
            best, saved = common, count * len(common)
    return best


# --- of a constructor -----------------------------------------------------------------


def hoist(finished: Finished) -> list[Assign]:
    """The partials that a constructor begins with; its calls take what it hands on."""
    builds = finished.builds()
    taken = {p.name for p in finished.draft.arguments}
    for step in flat([*finished.lets, *finished.init, *finished.heads]):
        taken |= written(step)
    uses = Counter((callee(b), b.takes) for b in builds)
    found: list[Assign] = []
    hoisted: dict[Group, tuple[str, tuple[Keyword, ...]]] = {}
    by_name: dict[Group, tuple[Keyword, ...]] = {}
    for (name, takes), count in uses.items():
        calls = [b for b in builds if (callee(b), b.takes) == (name, takes)]
        common = common_keywords(calls)
        if not takes or count < 2:
            continue
        handed = handed_alike(finished, calls, name)
        begins = not found and not finished.lets  # an empty line would follow
        others = {b: _called(b, hoisted) for b in finished.beside(calls)} if handed else {}
        if handed and _no_longer(finished, calls, common, handed, others, begins):
            by_name[name, takes] = handed
            common = (*handed, *(k for k in common if k not in handed))
        elif not _shorter(finished, calls, common):
            continue
        stem = LOCALS.get(name) or snake(name.removeprefix("nnx."))
        if name in NORMS:
            stem = "norm"
        stem = f"head_{stem}" if FORKED in takes else stem
        local = first_free(safe(stem, RESERVED | VARIABLES), taken.__contains__)
        taken.add(local)
        hoisted[name, takes] = local, common
        found.append(Assign((Name(local),), _partial_of(calls, common)))
    finished.change_builds(
        {
            b: by_keyword(finished, b, callee(b), by_name[callee(b), b.takes])
            for b in builds
            if (callee(b), b.takes) in by_name
        }
    )
    finished.change_builds({b: _called(b, hoisted) for b in finished.builds()})
    return found


Group = tuple[str, tuple[str, ...]]  # calls of one class, which take the same


def _partial_of(calls: Sequence[Build], common: Sequence[Keyword]) -> Call:
    return partial(calls[0].function, (*common, *_handed_on(calls[0].takes)))


def _shorter(finished: Finished, calls: Sequence[Build], common: Sequence[Keyword]) -> bool:
    """Whether a constructor has fewer lines with a partial for some of its calls."""
    fewer, more = _lines(finished, calls, common, {})
    return fewer + 1 < more


def _no_longer(
    finished: Finished,
    calls: Sequence[Build],
    common: Sequence[Keyword],
    handed: Sequence[Keyword],
    others: Mapping[Build, Expr],
    begins: bool,
) -> bool:
    """Whether it has no more lines if the partial also has what is handed on alike; `others` are
    what stands in the same statements."""
    named = [by_keyword(finished, b, callee(b), handed) for b in calls]
    everything = (*handed, *(k for k in common if k not in handed))
    changed: dict[Build, Expr] = {
        b: _without(n, everything) for b, n in zip(calls, named, strict=True)
    }
    (fewer,) = finished.lines({**others, **changed})
    fewer += begins + line_count(Assign((Name("conv"),), _partial_of(calls, everything)))
    with_it, without = _lines(finished, calls, common, others)
    return fewer <= min(with_it + 1 + begins, without)


def _lines(
    finished: Finished,
    calls: Sequence[Build],
    common: Sequence[Keyword],
    others: Mapping[Build, Expr],
) -> tuple[int, int]:
    """How many lines have some calls with a partial, and how many without."""
    with_it: dict[Build, Expr] = {b: _without(b, common) for b in calls}
    handed = _handed_on(calls[0].takes)
    without: dict[Build, Expr] = {
        b: Call(b.function, b.args, (*b.keywords, *handed)) for b in calls
    }
    fewer, more = finished.lines({**others, **with_it}, {**others, **without})
    return fewer, more


def _without(build: Build, common: Sequence[Keyword]) -> Call:
    return Call(Name("conv"), build.args, tuple(k for k in build.keywords if k not in common))


def _called(build: Build, hoisted: dict[Group, tuple[str, tuple[Keyword, ...]]]) -> Expr:
    held = hoisted.get((callee(build), build.takes))
    if held is not None:
        local, common = held
        rest = tuple(k for k in build.keywords if k not in common)
        return Call(Name(local), build.args, rest)
    return Call(build.function, build.args, (*build.keywords, *_handed_on(build.takes)))


def _handed_on(takes: Sequence[str]) -> tuple[Keyword, ...]:
    return tuple(HANDED_ON[kind] for kind in takes)
