"""All drafts of a module, each block staged before what uses it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from cnndsl.elaborate.head import dispensable
from cnndsl.elaborate.program import Program
from cnndsl.ir import Chained, Instance, Layer, Network, Node, Ran
from cnndsl.names import camel
from cnndsl.ops.initial import Start
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.expected import rectified_tensors
from cnndsl.targets.flax.fragments import ORDER, fragment
from cnndsl.targets.flax.names import RESERVED, safe, snake
from cnndsl.targets.flax.staging.again import of_several_ranks
from cnndsl.targets.flax.staging.brought import Imports
from cnndsl.targets.flax.staging.classes import stage_block, window_parameters
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.flax.staging.families import stage_model
from cnndsl.targets.flax.staging.functions import Functions
from cnndsl.targets.flax.staging.itself import close
from cnndsl.targets.flax.staging.levels import tell_apart
from cnndsl.targets.flax.staging.passing import Passing
from cnndsl.targets.flax.staging.spelling import Known
from cnndsl.targets.flax.staging.surveys import (
    axes_of,
    builds_modules,
    families,
    in_order,
    opened,
    uses_inside,
)
from cnndsl.targets.flax.staging.tidy import sweep
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.tree import Call, Expr, Keyword, Name
from cnndsl.walks import children


class Staging:
    """The classes of one module, and what they ask of it."""

    def __init__(
        self,
        program: Program,
        networks: Sequence[Network],
        fixed: frozenset[str] = frozenset(),
        idle: Container[ast.Node] = (),
        *,
        apart: bool = False,
    ):
        tell_apart(networks, program, apart=apart)
        self.program = program
        self.open: dict[str, Draft] = {}  # blocks that are being written
        self.fixed = fixed  # parameters that are no arguments, as "Model.name"
        self.idle = idle  # loops that some values of arguments give no round
        self.networks = networks
        self.asserts = all(n.image is None for n in networks)  # of another image, shapes do not
        self.rectified = {t for n in networks for t in rectified_tensors(n)}
        self.instances: dict[str, list[Instance]] = {}
        self.definitions = dict(program.blocks)
        self.numbers: dict[int, int] = {}  # by the identity of a use, which of those it is like
        self._number_instances()
        self.definitions = in_order(self.definitions, program, self.instances)
        self.taken = {fragment(name).defines for name in ORDER}
        self.taken |= {safe(n.name, RESERVED) for n in networks}
        self.imports = Imports(program, networks, self.unique)
        self.functions = Functions(program.fns, self.taken, self.unique)
        self.known = Known(self.functions.spelled(), program.joins, axes_of(networks))
        self.classifiers = {id(layer) for n in networks for layer in dispensable(n)}
        self.ranked = of_several_ranks(networks)
        self.opened = opened(program, self.definitions)
        self.passing = Passing(
            networks,
            self.first,
            self.kernel_starts,
            self._passed,
            self._wrapped,
            self.unique,
            self.definitions,
            self.imports,
        )
        self.modular = self._modular_blocks()
        self.blocks: dict[str, Draft] = {}
        self.models: list[tuple[Draft, list[Network]]] = []
        self.constants: dict[str, Expr] = {}
        self.norms: list[tuple[Build, str]] = []
        self._windows: dict[str, Mapping[str, int]] = {}
        self.names = {
            name: self._name(name)
            for name in self.instances
            if self.only_element(self.definitions[name]) is None
        }
        for root, held in families(networks):
            name = self.family_name(root, held)
            self.models.append((self._model(root, name, held), held))

    def _name(self, block: str) -> str:
        """The class or function of a block, or of a model that is an element."""
        if block not in self.modular:
            return self.unique(snake(block))
        is_taken = block not in self.program.blocks and safe(block, RESERVED) in self.taken
        return self.unique(f"{camel(block)}Part" if is_taken else camel(block))

    def unique(self, name: str) -> str:
        name = safe(name, RESERVED | self.taken)
        self.taken.add(name)
        return name

    def family_name(self, root: ast.Model, networks: Sequence[Network]) -> str:
        """The root's own name where it is of this module, else the first variant's."""
        if any(n.name == root.name for n in networks):
            return safe(root.name, RESERVED)
        if len(networks) == 1 or root not in self.program.own:
            return safe(networks[0].name, RESERVED)
        return self.unique(root.name)

    def _model(self, root: ast.Model, name: str, networks: list[Network]) -> Draft:
        """A model with as many parameters left arguments as can be."""
        fixed = {f.partition(".")[2] for f in self.fixed if f.partition(".")[0] == root.name}
        while True:
            draft = stage_model(self, root, name, networks, self.known, fixed)
            folded = {draft.late.get(n, n) for n in draft.folded}
            closed = {p.origin for p in draft.params if p.name in folded}
            if draft.spatial:
                shape = root.body.statements[0]
                held = {n.id for n in walk(shape) if isinstance(n, ast.Name)}
                closed |= {p.origin for p in draft.params if p.origin in held}
            if not closed - fixed:
                return draft
            fixed |= closed

    # --- what classes ask -------------------------------------------------------------

    def function(self, fn: ast.Fn) -> Function:
        """A compile-time function of the spec."""
        return self.functions.function(fn, self.known)

    def callee(self, block: ast.Block) -> Draft:
        if block.name in self.open:
            return self.open[block.name]
        if block.name not in self.blocks:
            before = set(self.blocks)
            draft = self.blocks[block.name] = stage_block(
                self,
                block,
                self.names[block.name],
                self.instances[block.name],
                self.known,
                is_function=block.name not in self.modular,
            )
            self.open.pop(block.name)
            if draft.uses_itself:
                held = [
                    d for name, d in self.blocks.items() if name not in before and d is not draft
                ]
                close([draft, *held], sweep)
        return self.blocks[block.name]

    def _passed(self, use: Instance) -> Expr:
        """A block as an argument: its class or function, with its own arguments."""
        callee, number = self.callee(use.block), self.numbers[id(use)]
        given: list[Keyword] = []
        for param in callee.arguments:
            if param.source in ("own", "computed"):
                usual = next(iter(param.values.values()))  # where the use never reads it
                value = constant(param.values.get(number, usual))
                if value != param.default:
                    given.append(Keyword(param.name, value))
        return (
            Call(Name("partial"), (Name(callee.name),), tuple(given))
            if given
            else Name(callee.name)
        )

    def _wrapped(self, block: ast.Block, uses: list[Instance]) -> None:
        """Takes note of a block that is one op."""
        self.definitions[block.name] = block
        self.instances[block.name] = uses
        self.numbers.update((id(use), number) for number, use in enumerate(uses))
        is_class = builds_modules(uses)
        if is_class:
            self.modular.add(block.name)
        self.names[block.name] = self.unique(camel(block.name) if is_class else snake(block.name))

    def _number_instances(self) -> None:
        """The uses of every block, in order of execution; of those that are alike the first."""
        alike: dict[tuple[Instance, bool], int] = {}
        stack: list[Node] = [network.frame for network in reversed(self.networks)]
        while stack:
            current = stack.pop()
            if isinstance(current, Instance):
                key = current.like or current, id(current.out) in self.rectified
                number = alike.get(key)
                if number is not None:
                    self.numbers[id(current)] = number
                    continue
                held = self.instances.setdefault(current.block.name, [])
                self.definitions.setdefault(current.block.name, current.block)
                self.numbers[id(current)] = alike[key] = len(held)
                held.append(current)
            stack.extend(reversed(children(current)))

    def number(self, instance: Instance) -> int:
        return self.numbers[id(instance)]

    def first(self, instance: Instance) -> Instance:
        """The first use of a block that is like this one."""
        return self.instances[instance.block.name][self.number(instance)]

    def windows(self, block: ast.Block) -> Mapping[str, int]:
        if block.name not in self._windows:
            self._windows[block.name] = window_parameters(block, self.instances[block.name])
        return self._windows[block.name]

    def only_element(self, block: ast.Block) -> ast.Apply | None:
        """The op, or the use of another block, that is all of a block."""
        if len(block.body.statements) != 1 or self.is_argument(block):
            return None
        (statement,) = block.body.statements
        if not isinstance(statement, ast.Run) or len(statement.chain.elements) != 1:
            return None
        (element,) = statement.chain.elements
        if not isinstance(element, ast.Apply):
            return None
        for instance in self.instances[block.name]:
            match instance.frame.records:
                case [Ran(run=Chained(elements=[Layer() | Instance()]))]:
                    continue
            return None
        return element

    def has_endpoints(self, block: ast.Block) -> bool:
        """Whether a block is a model whose endpoints somebody reads."""
        return self.program.unranked.get(block.name, block).name in self.opened

    def begin(self, draft: Draft) -> None:
        """Takes note of a block that may use itself while it is written."""
        self.open[draft.definition.name] = draft

    def is_open(self, draft: Draft) -> bool:
        """Whether a block is still being written."""
        return self.open.get(draft.definition.name) is draft

    def is_argument(self, block: ast.Block) -> bool:
        """Whether a block stands where others do, as an argument."""
        is_one_op = block.name not in self.definitions or block.name_span.text == ""
        return is_one_op or self.passing.is_argument(block.name_span.text)

    def kernel_starts(self, layer: Layer) -> Start:
        """The initialiser of a layer's kernel."""
        given: Start | None = getattr(layer.op, "init", None)
        if given is not None:
            return given
        return "he_normal" if id(layer.out) in self.rectified else "lecun_normal"

    def is_head(self, layer: Layer) -> bool:
        return id(layer) in self.classifiers

    def constant(self, stem: str, value: Expr) -> Expr:
        """The module-level name of a value that is too long for a line."""
        for name, held in self.constants.items():
            if held == value:
                return Name(name)
        name = self.unique(stem.upper())
        self.constants[name] = value
        return Name(name)

    def name_norm(self, block: str, build: Build) -> None:
        self.norms.append((build, block))

    def _modular_blocks(self) -> set[str]:
        """The blocks that build modules in some of their uses, themselves or in others."""
        uses = {
            name: {i.block.name for held in instances for i in uses_inside(held)}
            for name, instances in self.instances.items()
        }
        modular = {
            name
            for name, instances in self.instances.items()
            if builds_modules(instances) or name in self.opened
        }
        while True:
            while more := {n for n, used in uses.items() if used & modular} - modular:
                modular |= more
            more = self.passing.settle(modular)
            if not more:
                return modular
            modular |= more
