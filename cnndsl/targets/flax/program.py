"""All classes of a module, each lowered before the classes that use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnndsl.elaborate.program import Program
from cnndsl.ir import Instance, Layer, Merged, Network, Tensor, children, layers
from cnndsl.names import camel
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import Emitted
from cnndsl.targets.flax.blocks import BlockLowering
from cnndsl.targets.flax.calls import emit
from cnndsl.targets.flax.calls.conv import RELU_FAMILY
from cnndsl.targets.flax.definitions import ClassLowering
from cnndsl.targets.flax.draft import Built, norm_key
from cnndsl.targets.flax.emission import Constant, Context
from cnndsl.targets.flax.fragments import ORDER, fragment
from cnndsl.targets.flax.instances import only_element
from cnndsl.targets.flax.models import ModelLowering
from cnndsl.targets.flax.names import RESERVED, safe, snake
from cnndsl.targets.flax.spelling import Speller, Unspellable

# Ops that an activation sees through: what it follows, the kernel before them feeds too.
_TRANSPARENT = frozenset(
    "bn layer_norm group_norm lrn dropout drop_path max_pool avg_pool global_avg_pool "
    "global_max_pool pad crop upsample flatten reshape channels pad_channels shuffle scale "
    "layer_scale normalize rescale".split()
)


class ModuleLowering:
    """The classes of one module, and what they ask of it."""

    def __init__(self, program: Program, networks: list[Network]):
        self.program = program
        self.networks = networks
        self.families = _families(networks)
        self.taken = self._module_names()
        self.fn_names = {name: self.unique(snake(name)) for name in program.fns}
        self.speller = Speller(program.fns, self.fn_names)
        self.norm_blocks: dict[tuple, str] = {}
        self.constants: dict[str, tuple] = {}
        self._after = _activations(networks)
        self._has_modules: dict[str, bool] = {}
        self._modular: set[str] | None = None
        self._instances = _instances(networks)
        self._emitted: dict[str, dict[int, Emitted]] = {}
        self.blocks: list[tuple[str, list[BlockLowering]]] = []
        self.models: list[ModelLowering] = []

    def _module_names(self) -> set[str]:
        names = {fragment(name).defines for name in ORDER}
        return names | {safe(n.name, RESERVED) for n in self.networks}

    def unique(self, name: str) -> str:
        name = safe(name, RESERVED | self.taken)
        self.taken.add(name)
        return name

    def numbered(self, name: str) -> str:
        """A name of the module's own: `Norm`, then `Norm2`."""
        number = 2
        wanted = name
        while wanted in self.taken:
            wanted, number = f"{name}{number}", number + 1
        return self.unique(wanted)

    def run(self) -> None:
        """Lowers every model, and by that every block that one of them uses."""
        self.class_names = {
            name: self.unique(camel(name))
            for name, instances in self._instances.items()
            if self.sole(instances[0]) is None
        }
        for root, networks in self.families:
            self.models.extend(self._family(root, networks))
        order = list(self.program.blocks)
        self.blocks.sort(key=lambda entry: order.index(entry[0]))

    def _family(self, root: ast.Model, networks: list[Network]) -> list[ModelLowering]:
        name = self.family_name(root, networks)
        try:
            return [self._model(root, name, networks)]
        except Unspellable:
            pass
        models = []
        for network in networks:
            name = safe(network.name, RESERVED)
            try:
                models.append(self._model(root, name, [network]))
            except Unspellable:
                models.append(self._model(root, name, [network], unrolls=True))
        return models

    def family_name(self, root: ast.Model, networks: list[Network]) -> str:
        """The root's own name where it is of this module, else the first variant's."""
        if any(n.name == root.name for n in networks):
            return safe(root.name, RESERVED)
        if len(networks) == 1:
            return safe(networks[0].name, RESERVED)
        if root in self.program.own:
            return self.unique(root.name)
        return safe(networks[0].name, RESERVED)

    def _model(
        self, root: ast.Model, name: str, networks: list[Network], unrolls: bool = False
    ) -> ModelLowering:
        """A model with as many parameters left arguments as can be."""
        fixed: set[str] = set()
        while True:
            lowering = ModelLowering(self, root, name, networks, fixed)
            lowering.unrolls = unrolls
            lowering.lower()
            more = lowering.folded_arguments() - fixed
            if not more:
                lowering.finish()
                return lowering
            fixed |= more

    def classes(self) -> list[ClassLowering]:
        """All that the module defines, the models last."""
        return [*(b for _, blocks in self.blocks for b in blocks), *self.models]

    # --- blocks -----------------------------------------------------------------------

    def emitted(self, recs: list[Instance]) -> Emitted:
        """The class of some uses of a block; an error where they are of several classes."""
        name = recs[0].block.name
        if name not in self._emitted:
            self._emitted[name] = self._block(recs[0].block)
        classes = {id(c): c for c in (self._emitted[name][id(rec)] for rec in recs)}
        if len(classes) > 1:
            raise Unspellable(name)
        return next(iter(classes.values()))

    def _block(self, block: ast.Block) -> dict[int, Emitted]:
        instances = self._instances[block.name]
        name = self.class_names[block.name]
        if not any(map(self.has_modules, instances)):
            name = self.unique(snake(block.name))
        try:
            lowerings = [self._lowered(block, name, instances)]
        except Unspellable:
            lowerings = [
                self._constant(block, name, number, alike)
                for number, alike in enumerate(_alike(instances), start=1)
            ]
        self.blocks.append((block.name, [lowering for lowering, _ in lowerings]))
        return {
            id(instance): emitted
            for lowering, emitted in lowerings
            for instance in lowering.instances
        }

    def _constant(
        self, block: ast.Block, name: str, number: int, alike: list[Instance]
    ) -> tuple[BlockLowering, Emitted]:
        """A class for uses that are all the same, where one for all of them cannot be spelled."""
        if number > 1 or self.has_modules(alike[0]) == name.islower():
            stem = camel(block.name) if self.has_modules(alike[0]) else snake(block.name)
            name = self.unique(f"{stem}{number}" if number > 1 else stem)
        try:
            return self._lowered(block, name, alike)
        except Unspellable:
            return self._lowered(block, name, alike, unrolls=True)

    def _lowered(
        self, block: ast.Block, name: str, instances: list[Instance], unrolls: bool = False
    ) -> tuple[BlockLowering, Emitted]:
        lowering = BlockLowering(self, block, name, instances)
        lowering.unrolls = unrolls
        lowering.lower()
        return lowering, lowering.emitted()

    # --- questions of the classes -----------------------------------------------------

    def sole(self, instance: Instance) -> Layer | Instance | None:
        """The layer, or the use of another block, that a use of a block is nothing but."""
        if only_element(instance.block) is None:
            return None
        (record,) = instance.frame.records
        within = record.run.elements[0]
        if isinstance(within, Layer):
            return within
        alike = self._instances[instance.block.name]
        values = [v for i in alike for v in i.args.values()]
        if not isinstance(within, Instance) or any(isinstance(v, Tensor) for v in values):
            return None
        return None if any(isinstance(v, Tensor) for v in within.args.values()) else within

    def takes_more(self, instance: Instance) -> bool:
        """Whether its call takes more than the flow: it cannot stand in a plain list."""
        emitted = self.emitted([instance])
        return emitted.is_function or bool(emitted.tensors)

    def has_modules(self, instance: Instance) -> bool:
        """Whether a block builds modules in some of its uses, itself or in blocks it uses."""
        if self._modular is None:
            self._modular = self._modular_blocks()
        return instance.block.name in self._modular

    def _modular_blocks(self) -> set[str]:
        uses = {
            name: {i.block.name for held in instances for i in _nested(held)}
            for name, instances in self._instances.items()
        }
        modular = {
            name
            for name, instances in self._instances.items()
            if any(self.builds(layer) for held in instances for layer in layers(held))
        }
        while more := {n for n, used in uses.items() if used & modular} - modular:
            modular |= more
        return modular

    def builds(self, layer: Layer) -> bool:
        name = layer.op.name
        if name not in self._has_modules:
            self._has_modules[name] = bool(emit(layer.op, layer.x.shape, Context()).layers)
        return self._has_modules[name]

    def name_norm(self, block: str, built: Built) -> None:
        """A block that is one normalisation gives the module-level partial its name."""
        self.norm_blocks.setdefault(norm_key(built), block)

    def constant(self, constant: Constant) -> str:
        """The module-level name of a value that is too long for a line."""
        for name, value in self.constants.items():
            if value == constant.value:
                return name
        name = self.unique(constant.stem.upper())
        self.constants[name] = constant.value
        return name

    def followed_by(self, recs: list[Layer]) -> str | None:
        """The activation that all of these layers feed, a ReLU before others."""
        names = {self._after.get(id(rec.out)) for rec in recs}
        if names <= RELU_FAMILY:
            return sorted(names)[0]
        return None


def _families(networks: list[Network]) -> list[tuple[ast.Model, list[Network]]]:
    """Networks by the model whose body they share, in order."""
    families: dict[int, tuple[ast.Model, list[Network]]] = {}
    for network in networks:
        families.setdefault(id(network.definition), (network.definition, []))[1].append(network)
    return list(families.values())


def _instances(networks: list[Network]) -> dict[str, list[Instance]]:
    """Every use of every block, in order of execution."""
    found: dict[str, list[Instance]] = {}
    for network in networks:
        stack: list[Any] = [network.frame]
        while stack:
            current = stack.pop()
            if isinstance(current, Instance):
                found.setdefault(current.block.name, []).append(current)
            stack.extend(reversed(list(children(current))))
    return found


def _nested(instance: Instance) -> Iterator[Instance]:
    """The uses of blocks directly inside a use of one."""
    stack: list[Any] = [instance.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            yield current
        else:
            stack.extend(children(current))


def _alike(instances: list[Instance]) -> list[list[Instance]]:
    """Uses with equal arguments and equal shapes, each of which can be a class of constants."""
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        args = {n: getattr(v, "shape", v) for n, v in instance.args.items()}
        groups.setdefault(repr((instance.x.shape, args)), []).append(instance)
    return list(groups.values())


def _activations(networks: list[Network]) -> dict[int, str]:
    """For every tensor the activation that it reaches, through what keeps its meaning."""
    after: dict[int, str] = {}
    for network in networks:
        for record in reversed(list(_steps(network.frame))):
            if isinstance(record, Layer):
                name, inputs = record.op.name, [record.x]
            else:
                name, inputs = "add", [branch.out for branch in record.branches]
            if name in _TRANSPARENT or isinstance(record, Merged):
                reached = after.get(id(record.out))
            else:
                reached = name if not _has_kernel(record) else None
            for tensor in inputs:
                held = after.get(id(tensor))
                if reached is not None and (held is None or reached in RELU_FAMILY):
                    after[id(tensor)] = reached
    return after


def _has_kernel(layer: Layer) -> bool:
    return "kernel" in layer.op.params(layer.x.shape) or layer.op.name in ("separable", "rbf")


def _steps(record: Any):
    """Layers and merges below a record, in order of execution."""
    stack = [(record, False)]
    while stack:
        current, done = stack.pop()
        if isinstance(current, Layer) or done:
            yield current
            continue
        if isinstance(current, Merged):
            stack.append((current, True))
        stack.extend((child, False) for child in reversed(list(children(current))))
