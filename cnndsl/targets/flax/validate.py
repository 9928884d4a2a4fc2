"""Proves that a generated module is the elaborated networks.

The module's tree is run on symbolic tensors, and every endpoint compared with the term that
the language gives it: ops, settings, initialisers, order of branches, sharing of weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnndsl.ir import Network
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.bodies import Bodies
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.expected import heads_of
from cnndsl.targets.flax.expected_blocks import Blocks
from cnndsl.targets.flax.fragments import fragment
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.parts import Parts
from cnndsl.targets.flax.symbolic_brought import imported
from cnndsl.targets.flax.symbolic_flax import Flax
from cnndsl.targets.flax.trial import Trial
from cnndsl.targets.flax.validate_constants import NAMES, constants_of
from cnndsl.targets.python.assignment import Names
from cnndsl.targets.python.callables import ClassValue
from cnndsl.targets.python.closed import is_closed
from cnndsl.targets.python.interpret import interpret
from cnndsl.targets.python.module_tree import Helper, Module
from cnndsl.targets.python.values import Budget, Failure, described
from cnndsl.walks import hands_packs


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
        try:
            run = Run(module, initialisers, networks)
        except Failure as failure:
            return [Difference("", "", str(failure))]
        return differences(run, networks)


def differences(run: Run, networks: Sequence[Network]) -> list[Difference]:
    """The same of a module that was run."""
    found = [*_helpers(run.module, run.names), *_constants(run.names, networks)]
    for network in networks:
        if not run.proves(network, {}):
            found.extend(run.model(network, {}, network.name))
    return found


def _helpers(module: Module, names: Names) -> Iterator[Difference]:
    """What definitions that the module carries take from its imports."""
    for definition in module.body:
        if isinstance(definition, Helper):
            for name in sorted(fragment(definition.name).imports):
                if name not in names:
                    yield Difference("", "", f"{definition.defines} needs `{name}`")


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


class Run:
    """A module that was run, with flax as it sees it; raises `Failure` where it cannot be.

    Args:
      module: the tree of the module.
      initialisers: whether how the kernels start is compared.
      networks: what it was made of, which knows the layers that their author brings.
    """

    def __init__(self, module: Module, initialisers: bool = True, networks: Sequence[Network] = ()):
        self.module = module
        self.initialisers = initialisers
        self.flax = Flax(Budget())
        imports = self.flax.imports | imported(networks, self.flax.built)
        self.names = interpret(module, imports, self.flax.helpers, self.flax.budget)
        bodies = Bodies(initialisers)
        self.blocks = Blocks(bodies)
        self.parts = Parts(self.flax, bodies) if is_closed(module, self.names) else None

    def proves(self, network: Network, arguments: Mapping[str, object]) -> bool:
        """Whether the class of a network's name is that network, block by block.

        Where blocks are no classes, or classes no blocks, where layers are shared, or blocks get
        packs or give several results, this says nothing; `model` does.

        Args:
          network: as elaborated with these arguments.
          arguments: for the constructor.
        """
        if self.parts is None or network.shared or hands_packs(network):
            return False
        classes = [value for value in self.names.values() if isinstance(value, ClassValue)]
        for cls in classes:
            cls.maker = self.parts.made
        try:
            return not self._differences(network, arguments, "", self.blocks)
        finally:
            for cls in classes:
                cls.maker = None

    def model(
        self,
        network: Network,
        arguments: Mapping[str, object],
        title: str,
        *,
        initialisers: bool = True,
    ) -> list[Difference]:
        """What differs between a network and the class of its name, op by op.

        Args:
          network: as elaborated with these arguments.
          arguments: for the constructor.
          title: how differences call the model.
          initialisers: whether how the kernels start is compared, if it is at all.
        """
        return self._differences(network, arguments, title, None, initialisers)

    def _differences(
        self,
        network: Network,
        arguments: Mapping[str, object],
        title: str,
        blocks: Blocks | None,
        initialisers: bool = True,
    ) -> list[Difference]:
        cls = self.cls(network)
        if cls is None:
            return [Difference(title, "", "the module has no such class")]
        has_heads = any(True for _ in heads_of(network))
        builds = [(title, arguments, has_heads)]
        if has_heads:
            builds.append((f"{title}(aux=False)", {**arguments, "aux": False}, False))
        starts = initialisers and self.initialisers
        for words, given, with_heads in builds:
            try:
                trial = Trial(self.flax, cls, given, network, words, starts, blocks)
                found = trial.differences(aux=with_heads)
            except Failure as failure:
                found = [Difference(words, "", str(failure))]
            if found:
                return found
        return []

    def cls(self, network: Network) -> ClassValue | None:
        found = self.names.get(safe(network.name, RESERVED))
        return found if isinstance(found, ClassValue) else None
