"""Proves that a generated module is the elaborated networks.

The module's tree is run on symbolic tensors, and every endpoint compared with the term that
the language gives it: ops, settings, initialisers, order of branches, sharing of weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnndsl.elaborate.models import deep_stack
from cnndsl.ir import Network
from cnndsl.targets.flax.compare import difference
from cnndsl.targets.flax.expected import Expectation, expected, heads_of, known_shape
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.sharing import alike, anonymous
from cnndsl.targets.flax.symbolic import DTYPE, PARAM_DTYPE, RNGS, Tensor
from cnndsl.targets.flax.symbolic_containers import paths
from cnndsl.targets.flax.symbolic_flax import Flax
from cnndsl.targets.flax.terms import Term, Terms
from cnndsl.targets.flax.use import misused
from cnndsl.targets.flax.validate_constants import NAMES, constants_of
from cnndsl.targets.python.assignment import Names
from cnndsl.targets.python.callables import ClassValue
from cnndsl.targets.python.interpret import interpret
from cnndsl.targets.python.tree import Module
from cnndsl.targets.python.values import Budget, External, Failure, described


@dataclass(frozen=True)
class Difference:
    """Something that a module does not do as its networks say.

    `model` and `endpoint` are empty where it is of the whole module or model.
    """

    model: str
    endpoint: str
    words: str

    def __str__(self) -> str:
        where = ".".join(filter(None, (self.model, self.endpoint)))
        return f"{where}: {self.words}" if where else self.words


def validate(
    module: Module, networks: Sequence[Network], *, initialisers: bool = True
) -> list[Difference]:
    """What differs between a module and the networks that it was made of; nothing if it is them.

    Args:
      module: the tree of the module.
      networks: as elaborated, all that the module has a class of its own for.
      initialisers: whether how the kernels start is compared too.
    """
    with deep_stack():
        run = _Run(initialisers)
        try:
            names = run.module(module)
        except Failure as failure:
            return [Difference("", "", str(failure))]
        found = list(_constants(names, networks))
        for network in networks:
            found.extend(run.model(names, network, {}, network.name))
        return found


def _constants(names: Names, networks: Sequence[Network]) -> Iterator[Difference]:
    wanted = constants_of(networks)
    for name in NAMES:
        if name in wanted and name not in names:
            yield Difference("", "", f"the module has no {name}")
        elif name in names and name not in wanted:
            yield Difference("", "", f"the module has a constant {name}")
        elif name in wanted and names[name] != wanted[name]:
            seen, said = described(names[name]), described(wanted[name])
            yield Difference("", "", f"{name} is {seen}, expected {said}")


class _Run:
    """One validation: its terms, and flax as the module sees it."""

    def __init__(self, initialisers: bool):
        self.initialisers = initialisers
        self.terms = Terms()
        self.budget = Budget()
        self.flax = Flax(self.budget)

    def module(self, module: Module) -> Names:
        return interpret(module, self.flax.imports, self.flax.helpers, self.budget)

    def forms(self) -> Forms:
        return Forms(self.terms, self.initialisers)

    def model(
        self, names: Names, network: Network, arguments: Mapping[str, object], title: str
    ) -> list[Difference]:
        """What differs between a network and the class of its name, built with `arguments`."""
        cls = names.get(safe(network.name, RESERVED))
        if not isinstance(cls, ClassValue):
            return [Difference(title, "", "the module has no such class")]
        has_heads = any(True for _ in heads_of(network))
        found: list[Difference] = []
        try:
            found += self.whole(cls, network, arguments, title, has_heads)
            if has_heads and not found:
                without = {**arguments, "aux": False}
                found += self.whole(cls, network, without, f"{title}(aux=False)", False)
        except Failure as failure:
            found.append(Difference(title, "", str(failure)))
        return found

    def whole(
        self,
        cls: ClassValue,
        network: Network,
        arguments: Mapping[str, object],
        title: str,
        has_heads: bool,
    ) -> list[Difference]:
        """What differs in the endpoints of a model, in its layers, and in its logits."""
        wanted = expected(network, self.forms(), aux=has_heads)
        model = self.built(cls, arguments)
        held = [layer for layer in self.flax.built if layer.is_weighted]
        found = self.endpoints(model, network, {}, wanted, title)
        if not found:
            words = misused(model, held, wanted, self.terms)
            found = [Difference(title, "", line) for line in words]
        if has_heads and not found:
            wanted = expected(network, self.forms(), aux=False)
            found = self.endpoints(model, network, {"aux": False}, wanted, title)
        if not found:
            result = {"__call__": model.call([self.image(network)], {})}
            found = self.compared(model, {"__call__": wanted.logits}, result, wanted, title)
        return found

    def built(self, cls: ClassValue, arguments: Mapping[str, object]) -> External:
        self.flax.built.clear()
        handed_on = {"rngs": RNGS, "dtype": DTYPE, "param_dtype": PARAM_DTYPE}
        model = cls.call([], {**arguments, **handed_on})
        if not isinstance(model, External):
            raise Failure(f"{cls.describe()} gives no model")
        return model

    def image(self, network: Network) -> Tensor:
        forms = self.forms()
        return Tensor(forms.image(known_shape(network.input)), forms)

    def endpoints(
        self,
        model: External,
        network: Network,
        options: Mapping[str, object],
        wanted: Expectation,
        title: str,
    ) -> list[Difference]:
        """The endpoints of a model beside those of its network."""
        method = model.attribute("endpoints")
        if not isinstance(method, External):
            raise Failure(f"`endpoints` is {described(method)}")
        found = method.call([self.image(network)], dict(options))
        if not isinstance(found, dict):
            raise Failure(f"`endpoints` gives {described(found)}")
        missing = [name for name in wanted.endpoints if name not in found]
        extra = [name for name in found if name not in wanted.endpoints]
        if missing or extra:
            words = f"missing are {missing}, too many are {extra}"
            return [Difference(title, "endpoints", words)]
        return self.compared(model, wanted.endpoints, found, wanted, title)

    def compared(
        self,
        model: External,
        terms: Mapping[str, Term],
        found: Mapping[str, object],
        wanted: Expectation,
        title: str,
    ) -> list[Difference]:
        """The first difference between results by name, where there is one."""
        results: dict[str, Term] = {}
        for name in terms:
            value = found[name]
            if not isinstance(value, Tensor):
                return [Difference(title, name, f"{described(value)} is no tensor")]
            results[name] = value.term
        if results == terms:
            return []
        plain: dict[Term, Term] = {}
        ours = anonymous(terms.values(), self.terms, plain)
        theirs = anonymous(results.values(), self.terms, plain)
        wanted_paths = {plain.get(term, term): path for term, path in wanted.paths.items()}
        found_paths = {
            plain.get(term, term): path
            for layer, path in paths(model, "self")
            for term in layer.results
        }
        for name, one, other in zip(terms, ours, theirs, strict=True):
            if one is not other:
                words = difference(one, other, wanted_paths, found_paths)
                return [Difference(title, name, words)]
        if alike(terms, results, plain):
            return []
        words = "layers with equal settings that get the same tensor are used for one another"
        return [Difference(title, "", words)]
