"""One type for each variable: what is given values of another kind later gets another name.

A checker holds a variable to the type of its first value: a second loop over modules of another
class needs a variable of its own, which is called as its class is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cnndsl.targets.flax.names import RESERVED, VARIABLES, plural, snake
from cnndsl.targets.flax.shaping.growing import Type, finished
from cnndsl.targets.flax.shaping.inference import Definitions
from cnndsl.targets.flax.shaping.naming import BUILTINS, numbered, renamed
from cnndsl.targets.flax.shaping.partials import LOCALS, NORMS
from cnndsl.targets.flax.shaping.reading import Reading
from cnndsl.targets.flax.shaping.types import (
    ARRAY,
    FLOAT,
    INT,
    LIST,
    PARTS,
    fits,
    item_of,
    members,
    union,
)
from cnndsl.targets.python.colours import interference
from cnndsl.targets.python.draft import Join
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import expressions, flat, map_step, plain
from cnndsl.targets.python.tree import Attribute, Binary, Expr, Item, Name
from cnndsl.targets.python.webs import Webs

_NUMBERS = (INT, FLOAT)
_FEW = 9  # variables that hold modules of one class


def one_type_each(
    function: Function, module: Definitions, attributes: Mapping[str, Type]
) -> Function:
    """The function with other names for variables that checkers would find of several types.

    Args:
      function: whose variables are looked at.
      module: what the names of the module stand for.
      attributes: types of attributes of `self`, as `self.name`.
    """
    parameters = [p.name for p in function.parameters if p.name]
    if not _may_be_mixed(function, Reading(module, function, attributes)):
        return function
    body = [map_step(step, _kept) for step in function.body]
    split = tuple(map(plain, Webs(body, parameters).steps))
    kinds = _kinds(Reading(module, replace(function, body=split), attributes), parameters)
    taken = {n for step in flat(function.body) for e in expressions(step) for n in names(e)}
    meet = interference(split, set())
    chosen: dict[str, str] = {}
    for webs in _by_stem(kinds).values():
        found = _names({web: kinds[web] for web in webs}, module, taken, meet)
        chosen.update(found)
        taken |= set(found.values())
    if all(_variable(web) == name for web, name in chosen.items()):
        return function
    named = (renamed(map_step(step, _kept), chosen) for step in split)
    return replace(function, body=tuple(map(plain, named)))


def _kept(expr: Expr) -> Expr:
    """The expression as it is, where names change: `x + x` of tensors is not `2 * x`."""
    if isinstance(expr, Binary):
        return Join(expr.op, _kept(expr.left), _kept(expr.right))
    return rebuild(expr, _kept)


def _variable(web: str) -> str:
    return web.split("@")[0]


def _kinds(reading: Reading, parameters: Sequence[str]) -> dict[str, Expr | None]:
    """The types of webs, in order of their appearance."""
    found: dict[str, list[Expr | None]] = {
        name: [finished(reading.variables.types[name])] for name in parameters
    }
    for held in reading.found:
        if not held.key.startswith("self."):
            found.setdefault(held.key, []).append(finished(held.kind))
    return {web: _all(kinds) for web, kinds in found.items()}


def _all(kinds: Sequence[Expr | None]) -> Expr | None:
    known = [kind for kind in kinds if kind is not None]
    if not known or len(known) < len(kinds) or any(ARRAY in members(kind) for kind in known):
        return None  # tensors are all alike
    return union(known)


def _may_be_mixed(function: Function, reading: Reading) -> bool:
    """Whether a variable is given values of several types, in whatever webs."""
    first = {p.name: p.annotation for p in function.parameters}
    return any(
        not _agree(kind, first.setdefault(held.key, kind))
        for held in reading.found
        for kind in (_all([finished(held.kind)]),)
    )


def _by_stem(webs: Iterable[str]) -> dict[str, list[str]]:
    """The webs of `block`, `block2` and so on together."""
    found: dict[str, list[str]] = {}
    for web in webs:
        found.setdefault(_without_number(_variable(web)), []).append(web)
    return found


def _without_number(variable: str) -> str:
    return variable.rstrip("0123456789") or variable


def _names(
    webs: Mapping[str, Expr | None],
    module: Definitions,
    taken: set[str],
    meet: Mapping[str, set[str]],
) -> dict[str, str]:
    """A name for each web: that of its variable, where one type fits all that it is given."""
    if not _is_mixed(webs):
        return {web: _variable(web) for web in webs}
    forbidden = taken | RESERVED | VARIABLES | BUILTINS | set(module.made) | set(module.held)
    chosen = {web: web for web in webs if "@" not in web}  # arguments

    def is_free(name: str, web: str) -> bool:
        holders = [other for other, held in chosen.items() if held == name]
        if not holders and name != _variable(web):
            return name not in forbidden
        return all(webs[o] == webs[web] and o not in meet.get(web, ()) for o in holders)

    for web, kind in webs.items():
        if web not in chosen:
            options = _options(_variable(web), kind)
            chosen[web] = next(name for name in options if is_free(name, web))
    return chosen


def _is_mixed(webs: Mapping[str, Expr | None]) -> bool:
    """Whether a variable is given values of types that do not fit its first one."""
    first: dict[str, Expr | None] = {}
    for web, kind in webs.items():
        variable = _variable(web)
        if variable != "_" and not _agree(kind, first.setdefault(variable, kind)):
            return True
    return False


def _agree(kind: Expr | None, first: Expr | None) -> bool:
    """Whether a variable of a type may be given values of another; an int may become a float.

    What nothing is known of is no list of tensors: it may be a tensor.
    """
    if PARTS in (kind, first):
        return kind == first
    if kind is None or first is None or (kind in _NUMBERS and first in _NUMBERS):
        return True
    return fits(kind, first)


def _options(variable: str, kind: Expr | None) -> Iterator[str]:
    """Names for what a variable of a type holds: as its class is called, else with a number."""
    stem = None if kind is None else _stem(kind)
    if stem is not None:
        yield stem
        gap = "_" if stem[-1].isdigit() else ""
        yield from (f"{stem}{gap}{number}" for number in range(2, _FEW))
    yield variable
    yield from numbered(_without_number(variable))


def _stem(kind: Expr) -> str | None:
    """`conv` for convolutions, `units` for a list of units."""
    match kind:
        case Name(id=name) if name[0].isupper():
            return snake(name)
        case Attribute():
            path = print_expression(kind)
            return "norm" if path in NORMS else LOCALS.get(path, snake(kind.name))
        case Item(base=base) if base == LIST:
            item = item_of(kind)
            stem = None if item is None else _stem(item)
            return None if stem is None else plural(stem)
    return None
