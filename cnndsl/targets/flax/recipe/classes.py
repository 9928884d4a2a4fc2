"""Recipes that differ, as classes: one that only adds to or changes another one derives from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.flax.recipe.constants import OPEN, TYPES
from cnndsl.targets.flax.recipe.scope import Trained, listed
from cnndsl.targets.flax.shaping.docs import INSIDE, paragraphs, wrapped
from cnndsl.targets.python.expressions import attributes, call
from cnndsl.targets.python.module_tree import Class, Definition, Function
from cnndsl.targets.python.statements import expressions, flat
from cnndsl.targets.python.tree import Assign, Constant, Declare, Dict, Do, Name

_COMMON = "Recipe"


def classes(recipes: Sequence[Trained]) -> list[Definition]:
    """A class for each recipe, and `RECIPES`, an instance of one for every model.

    What those without a parent have in common is a class above them.
    """
    parents = [_parent(recipe, recipes[:index]) for index, recipe in enumerate(recipes)]
    roots = [r for r, parent in zip(recipes, parents, strict=True) if parent is None]
    shared = _shared(roots)
    found: list[Definition] = [_common(roots, shared)] if shared else []
    for recipe, parent in zip(recipes, parents, strict=True):
        changed = {
            name
            for child, its_parent in zip(recipes, parents, strict=True)
            if its_parent is recipe
            for name in _changes(child, recipe)
        }
        found.append(_class(recipe, parent, shared, changed))
    entries = [(model, recipe) for recipe in recipes for model in recipe.models]
    items = tuple((Constant(model), call(_name(recipe))) for model, recipe in entries)
    return [*found, Assign((Name("RECIPES"),), Dict(items))]


# --- who derives from whom ------------------------------------------------------------


def _parent(recipe: Trained, earlier: Sequence[Trained]) -> Trained | None:
    """The one among others that it differs least from; it has every constant of its parent.

    That it shares no more than a constant or two with it is no reason to derive from it.
    """
    fitting = [e for e in earlier if e.constants.keys() <= recipe.constants.keys()]
    best = min(fitting, key=lambda e: _distance(recipe, e), default=None)
    if best is None or _distance(recipe, best) >= _size(recipe) // 2:
        return None
    return best


def _changes(child: Trained, parent: Trained) -> list[str]:
    return [n for n, v in child.constants.items() if parent.constants.get(n) != v]


def _distance(recipe: Trained, other: Trained) -> int:
    functions = [f for f in recipe.functions if f not in other.functions]
    return len(_changes(recipe, other)) + 3 * len(functions)


def _size(recipe: Trained) -> int:
    return len(recipe.constants) + 3 * len(recipe.functions)


# --- what several have in common ------------------------------------------------------


def _shared(roots: Sequence[Trained]) -> tuple[Function, ...]:
    """The functions that all of several recipes have."""
    if len(roots) < 2:
        return ()
    first, *others = roots
    return tuple(f for f in first.functions if all(f in other.functions for other in others))


def _reads(function: Function) -> set[str]:
    """The constants and the functions of its recipe that a function names."""
    held = (expr for step in flat(function.body) for expr in expressions(step))
    return {name for expr in held for name in attributes(expr)}


def _common(roots: Sequence[Trained], shared: Sequence[Function]) -> Class:
    """Functions, and the names and types of what they read and each recipe has for itself."""
    needed = {name for function in shared for name in _reads(function)}
    names = [name for name in roots[0].constants if name in needed]
    declared = tuple(Declare(name, TYPES[name]) for name in names)
    stubs = [
        replace(f, body=(Do(Constant(...)),), doc="")
        for f in roots[0].functions
        if f.name in needed and f not in shared
    ]
    doc = "What the recipes have in common."
    base = Name("Protocol") if stubs else None
    return Class(_COMMON, base, declared, (*stubs, *shared), doc)


# --- a class --------------------------------------------------------------------------


def _name(recipe: Trained) -> str:
    return f"{recipe.models[0]}{_COMMON}"


def _class(
    recipe: Trained, parent: Trained | None, shared: Sequence[Function], changed: set[str]
) -> Class:
    """The class of a recipe; `changed` are the constants that others set anew."""
    if parent is None:
        own, known = list(recipe.constants), shared
        base = Name(_COMMON) if shared else None
    else:
        own, known = _changes(recipe, parent), parent.functions
        base = Name(_name(parent))
    constants = tuple(
        Assign(
            (Name(name),),
            recipe.constants[name],
            annotation=TYPES[name] if name in changed and name in OPEN else None,
        )
        for name in own
    )
    comment = "" if parent and parent.comment == recipe.comment else recipe.comment
    doc = paragraphs(wrapped(f"Trains {listed(recipe.models)}.", INSIDE), wrapped(comment, INSIDE))
    functions = tuple(f for f in recipe.functions if f not in known)
    return Class(_name(recipe), base, constants, functions, doc)
