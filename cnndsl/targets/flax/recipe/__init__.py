"""Recipes to a module of their own, which needs jax, flax and optax alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnndsl.ir import Network
from cnndsl.targets.flax.fragments import RECIPE_ORDER, fragment
from cnndsl.targets.flax.recipe.classes import classes
from cnndsl.targets.flax.recipe.constants import Subject, constants, subject
from cnndsl.targets.flax.recipe.functions import augment, loss, optimizer
from cnndsl.targets.flax.recipe.schedules import schedule
from cnndsl.targets.flax.recipe.scope import Scope, Trained, listed
from cnndsl.targets.flax.shaping.above import mentioned
from cnndsl.targets.flax.shaping.docs import paragraphs, wrapped
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.module_tree import Definition, Helper, Import, Module
from cnndsl.targets.python.tree import Assign, Name

_IMPORTS = (
    Import("collections.abc", "Callable", True),
    Import("collections.abc", "Mapping", True),
    Import("functools", "partial", True),
    Import("typing", "Protocol", True),
    Import("jax", "jax"),
    Import("jax.numpy", "jnp"),
    Import("optax", "optax"),
    Import("flax", "nnx", True),
)
_TITLE = 5  # models that a title names


def training_module(
    networks: Sequence[Network],
    rates: Mapping[str, Mapping[str, float]],
    footer: Sequence[str],
) -> Module | None:
    """The tree of the module that trains the networks with a recipe; None where none has one.

    Networks with one recipe share constants and functions of the module; where recipes differ,
    each is a class with the same constants and methods, and `RECIPES` has them by model.

    Args:
      rates: by model, then by path, the factors of the learning rate.
    """
    subjects = [
        (n, subject(n, n.recipe, rates.get(n.name, {}))) for n in networks if n.recipe is not None
    ]
    if not subjects:
        return None
    is_one = len(_grouped(subjects, Scope(in_class=False))) == 1
    recipes = _grouped(subjects, Scope(in_class=not is_one))
    body: list[Definition] = []
    if is_one:
        (only,) = recipes
        body.append(Assign((Name("MODELS"),), constant(only.models)))
        body += [Assign((Name(name),), value) for name, value in only.constants.items()]
        definitions: list[Definition] = list(only.functions)
    else:
        definitions = classes(recipes)
    needed = mentioned(definitions)
    if any(each.recipe.ema is not None for _, each in subjects):
        needed.add("average")  # for the loop, which has the parameters
    helpers = [_helper(name) for name in RECIPE_ORDER if fragment(name).defines in needed]
    body += helpers
    body += definitions
    for helper in helpers:
        needed |= fragment(helper.name).imports
    comments = dict.fromkeys(each.recipe.comment for _, each in subjects) if is_one else ()
    doc = paragraphs(_title([n.name for n, _ in subjects]), *map(wrapped, comments))
    imports = tuple(i for i in _IMPORTS if i.name in needed)
    return Module(paragraphs(doc, "\n".join(footer)), imports, tuple(body))


def _grouped(subjects: Sequence[tuple[Network, Subject]], scope: Scope) -> list[Trained]:
    """The recipes that differ, in order, with the models of each.

    A network without auxiliary heads goes with others that have them.
    """
    weights: dict[str, float] = {}
    for _, each in subjects:
        for name, weight in each.heads.items():
            weights.setdefault(name, weight)
    found: list[Trained] = []
    for network, each in subjects:
        fitting = all(weights[name] == weight for name, weight in each.heads.items())
        made = _trained(network, replace(each, heads=weights) if fitting else each, scope)
        for index, known in enumerate(found):
            if (known.constants, known.functions) == (made.constants, made.functions):
                found[index] = replace(known, models=(*known.models, *made.models))
                break
        else:
            found.append(made)
    return found


def _trained(network: Network, each: Subject, scope: Scope) -> Trained:
    functions = (
        schedule(each.recipe.schedule, scope),
        optimizer(each, scope),
        loss(each, scope),
        augment(each, scope),
    )
    return Trained((network.name,), each.recipe.comment, constants(each), functions)


def _helper(name: str) -> Helper:
    found = fragment(name)
    return Helper(name, found.defines, found.text.rstrip("\n"))


def _title(models: Sequence[str]) -> str:
    shown = [*models[:_TITLE], *(["others"] if len(models) > _TITLE else [])]
    return wrapped(f"How {listed(shown)} {'is' if len(models) == 1 else 'are'} trained.")
