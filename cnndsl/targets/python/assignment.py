"""Targets of assignments as functions that store a value."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.targets.python.brief import brief
from cnndsl.targets.python.tree import Attribute, Expr, Item, ListOf, Name, Star, Tuple
from cnndsl.targets.python.values import Budget, External, Failure, described, listed


class Names(dict[str, object]):
    """The names of a module, or those of a call of a function."""

    def __missing__(self, name: str) -> object:
        raise Failure(f"`{name}` has no value here")


Evaluate = Callable[[Names], object]
Store = Callable[[Names, object], None]


def store(
    target: Expr,
    function: Callable[[Expr], Evaluate],
    module: Names,
    local: frozenset[str],
    budget: Budget,
) -> Store:
    """The function that assigns a value to a target.

    Args:
      target: a name, an attribute, an item, or a tuple of these.
      function: makes expressions run.
      module: where names go that are not `local`.
      local: the names of the body itself.
      budget: for the items of what is unpacked.
    """
    match target:
        case Name(id=name):
            if name not in local:  # of the module's own body
                return lambda names, value: module.__setitem__(name, value)
            return lambda names, value: names.__setitem__(name, value)
        case Attribute(base=base, name=name):
            return _store_attribute(function(base), name)
        case Item(base=base, index=index):
            return _store_item(function(base), function(index))
        case Tuple(items=items) | ListOf(items=items):
            return _unpack(items, lambda item: store(item, function, module, local, budget), budget)
    raise Failure(f"nothing can be assigned to `{brief(target)}`")


def _unpack(items: tuple[Expr, ...], store_to: Callable[[Expr], Store], budget: Budget) -> Store:
    stars = [place for place, item in enumerate(items) if isinstance(item, Star)]
    stores = [store_to(item.value if isinstance(item, Star) else item) for item in items]
    size = len(items)

    def run(names: Names, value: object) -> None:
        values = listed(value, budget)
        rest = len(values) - size + 1
        if stars and rest >= 0:
            at = stars[0]
            values[at : at + rest] = [values[at : at + rest]]
        if len(values) != size:
            raise Failure(f"{len(values)} values for {size} names")
        for run_store, item in zip(stores, values, strict=True):
            run_store(names, item)

    return run


def _store_attribute(base: Evaluate, name: str) -> Store:
    def run(names: Names, value: object) -> None:
        holder = base(names)
        if not isinstance(holder, External):
            raise Failure(f"{described(holder)} takes no attribute `{name}`")
        holder.assign(name, value)

    return run


def _store_item(base: Evaluate, index: Evaluate) -> Store:
    def run(names: Names, value: object) -> None:
        holder, at = base(names), index(names)
        if isinstance(holder, External):
            holder.store(at, value)
            return
        if isinstance(holder, dict):
            holder[at] = value
            return
        if not isinstance(holder, list) or not isinstance(at, int):
            raise Failure(f"{described(holder)} takes no item {described(at)}")
        holder[at] = value

    return run


def target_names(target: Expr) -> frozenset[str]:
    """The names that an assignment to a target binds."""
    match target:
        case Name(id=name):
            return frozenset({name})
        case Star(value=value):
            return target_names(value)
        case Tuple(items=items) | ListOf(items=items):
            return frozenset().union(*map(target_names, items))
    return frozenset()
