"""A model of a generated module beside its network: built and called on a symbolic image."""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.ir import Network
from cnndsl.targets.flax.compare import Difference, difference
from cnndsl.targets.flax.expected import Expectation, expected, known_shape
from cnndsl.targets.flax.expected_blocks import Blocks
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.sharing import alike, anonymous
from cnndsl.targets.flax.symbolic import DTYPE, PARAM_DTYPE, RNGS, Tensor
from cnndsl.targets.flax.symbolic_containers import paths
from cnndsl.targets.flax.symbolic_flax import Flax
from cnndsl.targets.flax.terms import Term, Terms
from cnndsl.targets.flax.use import misused
from cnndsl.targets.python.callables import Bound, ClassValue
from cnndsl.targets.python.values import External, Failure, described


class Trial:
    """One model, built once and run as often as its network asks for.

    Args:
      flax: what the module imports.
      cls: the model's class.
      arguments: for its constructor, besides random numbers and dtypes.
      network: what the model has to be.
      title: how differences call the model.
      initialisers: whether how kernels start is compared.
      blocks: with them, each use of a block is one term.
    """

    def __init__(
        self,
        flax: Flax,
        cls: ClassValue,
        arguments: Mapping[str, object],
        network: Network,
        title: str,
        initialisers: bool,
        blocks: Blocks | None = None,
    ):
        self.blocks = blocks
        self.terms = Terms() if blocks is None else blocks.terms
        self.network = network
        self.title = title
        self.initialisers = initialisers
        self.unread = False  # whether uses of shared layers that nobody reads are run
        flax.budget.refill()
        flax.built.clear()
        flax.cast_models.clear()
        flax.module.is_building = True
        given: dict[str, object] = {"rngs": RNGS, "dtype": DTYPE, "param_dtype": PARAM_DTYPE}
        self.model = cls.made([], {**arguments, **given})
        self.built = list(flax.built)
        is_cast = flax.cast_models == [(self.model, len(self.built))]
        if any(layer.is_weighted for layer in self.built) and not is_cast:
            raise Failure(f"{cls.describe()} does not give its layers their dtypes")
        flax.module.is_building = False

    def differences(self, *, aux: bool) -> list[Difference]:
        """What differs; `aux` where the network has auxiliary heads, and they were built."""
        found = self.each(aux=aux)
        if found and self.network.shared:
            self.unread = True
            found = found if self.each(aux=aux) else []
            self.unread = False
        return found

    def each(self, *, aux: bool) -> list[Difference]:
        """The same, with or without uses of shared layers that nobody reads."""
        if not aux:
            return self.called({})
        wanted = self.expected(aux=True)
        found = self.compared(wanted.endpoints, self.endpoints({}), wanted)
        return found or self.misused(wanted) or self.called({"aux": False})

    def called(self, options: dict[str, object]) -> list[Difference]:
        """What differs in a call, and in the endpoints for some options, all without heads.

        A call of a model runs `endpoints`: what that gives is listened to, so that one run
        shows both.
        """
        wanted = self.expected(aux=False)
        endpoints = Heard(self.method("endpoints"))
        self.model.members["endpoints"] = endpoints
        result = self.run(self.model, {})
        del self.model.members["endpoints"]
        called = sum(len(layer.results) for layer in self.built if layer.is_weighted)
        heard = endpoints.given == options
        results = endpoints.result if heard else self.endpoints(options)
        found = self.compared(wanted.endpoints, results, wanted)
        found = found or (self.idle(called, wanted) if options else self.misused(wanted))
        if found or not self.network.outputs:
            return found or self.result(wanted.logits, result, wanted)
        if len(self.network.outputs) == 1:
            return self.result(wanted.endpoints[self.network.outputs[0]], result, wanted)
        named = {name: wanted.endpoints[name] for name in self.network.outputs}
        return self.compared(named, result, wanted)

    def result(self, term: Term, result: object, wanted: Expectation) -> list[Difference]:
        return self.compared({"__call__": term}, {"__call__": result}, wanted)

    def expected(self, *, aux: bool) -> Expectation:
        if self.blocks is not None:
            return self.blocks.expected(self.network, self.forms(), aux=aux)
        return expected(self.network, self.forms(), aux=aux, unread=self.unread)

    def forms(self) -> Forms:
        return Forms(self.terms, self.initialisers)

    def method(self, name: str) -> External:
        found = self.model.attribute(name)
        if not isinstance(found, Bound):
            raise Failure(f"`{name}` is {described(found)}")
        return found

    def endpoints(self, options: dict[str, object]) -> object:
        return self.run(self.method("endpoints"), options)

    def run(self, function: External, options: dict[str, object]) -> object:
        """What a function of what the network receives gives."""
        for layer in self.built:
            layer.results.clear()
        forms = self.forms()
        images = [
            Tensor(forms.image(known_shape(tensor), name), forms)
            for name, tensor in self.network.received.items()
        ]
        return function.call([*images], dict(options))

    def idle(self, called: int, wanted: Expectation) -> list[Difference]:
        """A call leaves the auxiliary heads alone."""
        if called <= len(wanted.weighted) + len(wanted.repeated):
            return []
        return [Difference(self.title, "__call__", "it runs the auxiliary heads")]

    def misused(self, wanted: Expectation) -> list[Difference]:
        words = misused(self.model, self.built, wanted, self.terms, self.forms())
        return [Difference(self.title, "", line) for line in words]

    # --- comparison -------------------------------------------------------------------

    def compared(
        self, terms: Mapping[str, Term], found: object, wanted: Expectation
    ) -> list[Difference]:
        """The first difference between results by name, where there is one."""
        if not isinstance(found, dict):
            return [Difference(self.title, "endpoints", f"they are {described(found)}")]
        missing = [name for name in terms if name not in found]
        extra = [name for name in found if name not in terms]
        if missing or extra:
            words = f"missing are {missing}, too many are {extra}"
            return [Difference(self.title, "endpoints", words)]
        results: dict[str, Term] = {}
        for name in terms:
            value = found[name]
            if not isinstance(value, Tensor):
                return [Difference(self.title, name, f"{described(value)} is no tensor")]
            results[name] = value.term
        return [] if results == terms else self.first(terms, results, wanted)

    def first(
        self, terms: Mapping[str, Term], results: Mapping[str, Term], wanted: Expectation
    ) -> list[Difference]:
        """The first difference between terms, whatever the order in which their layers ran."""
        plain: dict[Term, Term] = {}
        ours = anonymous(terms.values(), self.terms, plain)
        theirs = anonymous(results.values(), self.terms, plain)
        for name, one, other in zip(terms, ours, theirs, strict=True):
            if one is not other:
                places = {plain[t]: path for t, path in wanted.paths.items() if t in plain}
                named = paths(self.model, "self")
                held = {plain[t]: p for la, p in named for t in la.results if t in plain}
                return [Difference(self.title, name, difference(one, other, places, held))]
        if alike(terms, results, plain) is not None:
            return []
        words = "layers with equal settings that get the same tensor are used for one another"
        return [Difference(self.title, "", words)]


class Heard(External):
    """A method that is listened to: the options of its last call, and what that gave."""

    def __init__(self, method: External):
        self.method = method
        self.given: dict[str, object] | None = None
        self.result: object = None

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        self.result = self.method.call(args, keywords)
        self.given = keywords if all(isinstance(arg, Tensor) for arg in args) else None
        return self.result
