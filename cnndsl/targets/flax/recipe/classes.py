"""Recipes that differ, as classes: one that only adds to or changes another one derives from it."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.flax.recipe.constants import TYPES
from cnndsl.targets.flax.recipe.scope import Trained, listed
from cnndsl.targets.flax.shaping.docs import INSIDE, paragraphs, wrapped
from cnndsl.targets.python.expressions import call
from cnndsl.targets.python.tree import Assign, Class, Constant, Definition, Dict, Name


def classes(recipes: Sequence[Trained]) -> list[Definition]:
    """A class for each recipe, and `RECIPES`, an instance of one for every model."""
    parents = [_parent(recipe, recipes[:index]) for index, recipe in enumerate(recipes)]
    found: list[Definition] = []
    for recipe, parent in zip(recipes, parents, strict=True):
        changed = {
            name
            for child, its_parent in zip(recipes, parents, strict=True)
            if its_parent is recipe
            for name in _changes(child, recipe)
        }
        found.append(_class(recipe, parent, changed))
    entries = [(model, recipe) for recipe in recipes for model in recipe.models]
    items = tuple((Constant(model), call(_name(recipe))) for model, recipe in entries)
    return [*found, Assign((Name("RECIPES"),), Dict(items))]


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


def _name(recipe: Trained) -> str:
    return f"{recipe.models[0]}Recipe"


def _class(recipe: Trained, parent: Trained | None, changed: set[str]) -> Class:
    """The class of a recipe; `changed` are the constants that others set anew."""
    own = (
        recipe.constants
        if parent is None
        else {name: recipe.constants[name] for name in _changes(recipe, parent)}
    )
    known = () if parent is None else parent.functions
    attributes = tuple(
        Assign((Name(name),), value, annotation=TYPES.get(name) if name in changed else None)
        for name, value in own.items()
    )
    comment = "" if parent and parent.comment == recipe.comment else recipe.comment
    doc = paragraphs(wrapped(f"Trains {listed(recipe.models)}.", INSIDE), wrapped(comment, INSIDE))
    base = None if parent is None else Name(_name(parent))
    functions = tuple(f for f in recipe.functions if f not in known)
    return Class(_name(recipe), base, attributes, functions, doc)
