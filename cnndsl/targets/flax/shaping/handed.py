"""Arguments that all uses of a class in a constructor hand on alike, which its partial may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.staging.draft import Param
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.statements import all_written
from cnndsl.targets.python.tree import Attribute, Constant, Expr, Keyword, Name


def handed_alike(finished: Finished, calls: Sequence[Build], name: str) -> tuple[Keyword, ...]:
    """The last arguments that calls of a class have in common, in order: flags, what the
    constructor has from its class, and what it was given under the same name."""
    params = finished.signatures.get(name, ())
    stable = {p.name for p in finished.draft.arguments}
    stable -= all_written([*finished.lets, *finished.init, *finished.heads])
    given = [_by_name(params, build) for build in calls]
    found: list[Keyword] = []
    for position in reversed(range(len(params))):
        param = params[position]
        first = given[0].get(param.name)
        is_alike = all(held.get(param.name) == first for held in given)
        if is_alike and _is_handed(param, first, stable, finished.draft.class_values):
            assert first is not None
            found.insert(0, Keyword(param.name, first))
            continue
        if found:
            break
        if param.default is None and any(len(build.args) > position for build in calls):
            break
    return tuple(found)


def _by_name(params: Sequence[Param], build: Build) -> dict[str, Expr]:
    by_place = {param.name: value for param, value in zip(params, build.args, strict=False)}
    return by_place | {k.name: k.value for k in build.keywords if k.name}


def _is_handed(
    param: Param, value: Expr | None, stable: set[str], class_values: dict[str, dict[int, object]]
) -> bool:
    if param.source in ("in", "features"):
        return False
    match value:
        case Constant(kind="bool"):
            return True
        case Name(id=name):
            return name == param.name and name in stable
        case Attribute(base=Name("self"), name=name):
            return name in class_values
    return False


def by_keyword(finished: Finished, build: Build, name: str, common: Sequence[Keyword]) -> Build:
    """A call with some of its arguments, and all that come behind them, by name."""
    params = finished.signatures[name]
    moved = {k.name for k in common}
    count = next((i for i, p in enumerate(params) if p.name in moved), len(params))
    held = zip(params[count:], build.args[count:], strict=False)
    by_name = tuple(Keyword(param.name, value) for param, value in held)
    return replace(build, args=build.args[:count], keywords=(*by_name, *build.keywords))
