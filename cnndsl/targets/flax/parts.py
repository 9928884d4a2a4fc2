"""Instances of a module's classes that are alike, built and run once.

A class that is called with equal arguments builds the same layers, and an instance that is
called with tensors of the same shapes does the same with them, as long as nothing is shared
that changes. So the second of them is neither built nor run: each is a `Part`, whose result is
one term. What parts cannot do is a `Failure`, after which a model is to be run without them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from cnndsl.targets.flax.bodies import Bodies, Body
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.symbolic import Tensor
from cnndsl.targets.flax.symbolic_flax import Flax
from cnndsl.targets.flax.symbolic_modules import Built
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.callables import ClassValue, Instance
from cnndsl.targets.python.values import Failure, key_of

Args = list[object]
Keywords = dict[str, object]


@dataclass
class Recipe:
    """How some instances are made; `fresh` is one that was built and has not run."""

    cls: ClassValue
    args: Args
    keywords: Keywords
    fresh: tuple[Instance, list[Built]] | None = None
    is_part: bool = False
    bodies: dict[Hashable, Body] = field(default_factory=dict)


class Part(Instance):
    """An instance that can be called, and nothing else, once."""

    is_weighted = True

    def __init__(self, recipe: Recipe, parts: Parts):
        super().__init__(recipe.cls)
        self.recipe = recipe
        self.parts = parts
        self.results: list[Term] = []

    def attribute(self, name: str) -> object:
        raise Failure(f"`{name}` of a part")

    def assign(self, name: str, value: object) -> None:
        raise Failure(f"`{name}` of a part")

    def apply(self, x: Term, forms: Forms) -> Term:
        raise Failure("what a part would have given")

    def call(self, args: Args, keywords: Keywords) -> object:
        given = Given(args, keywords)
        body = self.parts.body(self.recipe, given)
        forms = given.tensors[0].forms
        result = body.used(given.terms, forms)
        self.results.append(result)
        return Tensor(result, forms)


class Given:
    """The arguments of a call: those that are one tensor are one place."""

    def __init__(self, args: Args, keywords: Keywords):
        self.args = args
        self.keywords = keywords
        self.tensors: list[Tensor] = []  # one for each place
        self.terms: list[Term] = []
        self.key: tuple[Hashable | None, ...] = (
            *[self._key(value) for value in args],
            *[(name, self._key(value)) for name, value in keywords.items()],
        )
        if None in self.key or not self.tensors:
            raise Failure("a part gets what may change")
        if any(tensor.forms is not self.tensors[0].forms for tensor in self.tensors):
            raise Failure("a part gets tensors of two calls")

    def _key(self, value: object) -> Hashable | None:
        if not isinstance(value, Tensor):
            return key_of(value)
        if value.term not in self.terms:
            self.tensors.append(value)
            self.terms.append(value.term)
        return Tensor, self.terms.index(value.term), value.term.shape

    def placed(self, numbers: list[int], forms: Forms) -> tuple[Args, Keywords]:
        """The same with places of these numbers instead of tensors."""
        shapes = [term.shape for term in self.terms]
        places = [
            Tensor(forms.place(number, shape), forms)
            for number, shape in zip(numbers, shapes, strict=True)
        ]

        def placed(value: object) -> object:
            return places[self.terms.index(value.term)] if isinstance(value, Tensor) else value

        keywords = {name: placed(value) for name, value in self.keywords.items()}
        return [placed(value) for value in self.args], keywords


class Parts:
    """Makes the instances of a module's classes, in their place."""

    def __init__(self, flax: Flax, bodies: Bodies):
        self.flax = flax
        self.bodies = bodies
        self.recipes: dict[Hashable, Recipe] = {}

    def made(self, cls: ClassValue, args: Args, keywords: Keywords) -> object:
        """An instance of a class, or a part in its place."""
        given = key_of((*args, *keywords.values()))
        if given is None:
            return cls.made(args, keywords)
        key = cls, len(args), *keywords, given
        recipe = self.recipes.get(key)
        if recipe is None:
            recipe = self.recipes[key] = Recipe(cls, args, keywords)
            _, built = recipe.fresh = self.built(recipe)
            recipe.is_part = any(layer.is_weighted for layer in built)
        if not recipe.is_part:
            return cls.made(args, keywords)
        part = Part(recipe, self)
        self.flax.built.append(part)
        return part

    def built(self, recipe: Recipe) -> tuple[Instance, list[Built]]:
        """An instance and its layers, which are nobody else's."""
        built, cast = self.flax.built, len(self.flax.cast_models)
        start, before = len(built), self.flax.module.is_building
        self.flax.module.is_building = True
        instance = recipe.cls.made(recipe.args, recipe.keywords)
        self.flax.module.is_building = before
        own = built[start:]
        del built[start:]
        if len(self.flax.cast_models) != cast:
            raise Failure("a part casts its layers")
        return instance, own

    def body(self, recipe: Recipe, given: Given) -> Body:
        """What an instance does with some arguments."""
        body = recipe.bodies.get(given.key)
        if body is None:

            def make(numbers: list[int]) -> tuple[Term, Forms]:
                return self._run(recipe, given, numbers)

            body = recipe.bodies[given.key] = self.bodies.found(make, len(given.terms))
        return body

    def _run(self, recipe: Recipe, given: Given, numbers: list[int]) -> tuple[Term, Forms]:
        """What an instance gives for tensors in some places, each of its layers used once."""
        instance, built = recipe.fresh or self.built(recipe)
        recipe.fresh = None  # it may change when it runs
        forms = self.bodies.forms()
        args, keywords = given.placed(numbers, forms)
        result = instance.call(args, keywords)
        if not isinstance(result, Tensor) or result.forms is not forms:
            raise Failure("a part gives no tensor of its own")
        weighted = [layer for layer in built if layer.is_weighted]
        results = [term for layer in weighted for term in layer.results]
        is_each_once = all(len(layer.results) == 1 for layer in weighted)
        if not is_each_once or not all(layer.results for layer in built):
            raise Failure("a part does not use each of its layers once")
        if set(results) != set(forms.weighted) or len(results) != len(forms.weighted):
            raise Failure("a part uses layers that are not its own")
        return result.term, forms
