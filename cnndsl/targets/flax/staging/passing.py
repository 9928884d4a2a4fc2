"""Layers that are arguments: functions of a tensor, or what builds a module for so many features.

What flows through one parameter is one of both. Where some layers have parameters of their own,
all are factories: `norm(features, rngs=rngs)` makes a module, and `stateless(nnx.relu)` is the
factory of what has none.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from cnndsl.ir import (
    Chained,
    Frame,
    Instance,
    Layer,
    LayerArgument,
    Network,
    Passed,
    Ran,
)
from cnndsl.names import camel
from cnndsl.ops.base import Op
from cnndsl.ops.brought import Brought
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import GLOBALS
from cnndsl.targets.flax.ops import emit
from cnndsl.targets.flax.ops.brought import emit_brought
from cnndsl.targets.flax.ops.conv import initializer
from cnndsl.targets.flax.ops.emission import Emission
from cnndsl.targets.flax.staging.brought import Imports
from cnndsl.targets.flax.staging.givens import Known
from cnndsl.targets.flax.staging.kinds import frozen
from cnndsl.targets.flax.staging.levels import definition_of
from cnndsl.targets.flax.staging.places import Layers, Place, key_of_layer
from cnndsl.targets.python.expressions import constant, names, path
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Keyword, Name

X, FEATURES = Name("x"), Name("in_features")
IDENTITY = path("nnx.identity")

# What the arguments of flax's modules are called, by position.
_POSITIONS = {
    "nnx.Conv": ("in_features", "out_features", "kernel_size", "strides"),
    "nnx.Linear": ("in_features", "out_features"),
    "nnx.BatchNorm": ("num_features",),
    "nnx.LayerNorm": ("num_features",),
    "nnx.RMSNorm": ("num_features",),
    "nnx.InstanceNorm": ("num_features",),
    "nnx.GroupNorm": ("num_features", "num_groups"),
}


class Passing:
    """What the layers that are arguments are in the module.

    Args:
      networks: all of the module's.
      first: the first use of a block that is like one.
      kernel_starts: the initialiser of a layer's kernel.
      block: what a block as an argument is in the module, by one of its uses.
      wrapped: takes note of a block that is one op, and of its uses.
      unique: a name that is free in the module.
      definitions: the names of all blocks, those that are one op among them.
      imports: the classes that authors bring.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        first: Callable[[Instance], Instance],
        kernel_starts: Callable[[Layer], object],
        block: Callable[[Instance], Expr],
        wrapped: Callable[[ast.Block, list[Instance]], None],
        unique: Callable[[str], str],
        definitions: Container[str],
        imports: Imports,
    ):
        self.layers = Layers(networks, first)
        self.kernel_starts = kernel_starts
        self.block = block
        self.wrapped = wrapped
        self.unique = unique
        self.definitions = definitions
        self.imports = imports
        self.lines: dict[Expr, str] = {}  # of the module, with their names
        self.modular: set[str] = set()  # blocks that are classes
        self._factories: set[Place] = set()
        self._wrapped: dict[tuple[str, tuple[str, ...], int], dict[int, Instance]] = {}

    # --- which is which ---------------------------------------------------------------

    def settle(self, modular: set[str]) -> set[str]:
        """Notes which blocks are classes; those that build what they receive are, too."""
        self.modular = modular
        places = self.layers.places
        self._factories = {places.root(layer) for layer in self.layers.all if self._builds(layer)}
        found = {
            block
            for block, held in self.layers.held.items()
            if any(self.is_factory(use) for use in held)
        }
        return found - modular

    def _builds(self, layer: LayerArgument) -> bool:
        if isinstance(layer.what, Op):
            return bool(self._emission(layer.what, None, 3).modules)
        definitions = {definition_of(use) for use in self.layers.runs_of(layer)}
        return bool((definitions or {layer.name}) & self.modular)  # one for each depth

    def is_one(self, uses: Sequence[Passed]) -> bool:
        """Whether some uses are of one layer."""
        kinds = {key_of_layer(use.layer) for use in uses}
        is_named = id(uses[0].element) in self.layers.named_by and kinds != {None}
        return len(kinds) == 1 and not is_named

    def is_factory(self, use: Passed) -> bool:
        """Whether a use of a layer builds a module, of a layer that differs from use to use."""
        key = id(use.element)
        return key in self.layers.mixed and self._is_factory(("use", key))

    def _is_factory(self, place: Place) -> bool:
        return self.layers.places.root(place) in self._factories

    def is_argument(self, block: str) -> bool:
        """Whether a block stands where others do, as an argument."""
        return block in self.layers.named

    def holds(self, definition: str, parameter: str) -> bool:
        """Whether a parameter holds layers."""
        return ("argument", definition, parameter) in self.layers.places

    def holds_let(self, statement: ast.Let) -> bool:
        """The same of a `let`."""
        return ("let", id(statement)) in self.layers.places

    # --- the words for them -----------------------------------------------------------

    def argument(self, definition: str, parameter: str, value: object) -> object:
        """The value of a parameter, which may be a layer."""
        return self._word(value, ("argument", definition, parameter))

    def let(self, statement: ast.Let, value: object) -> object:
        return self._word(value, ("let", id(statement)))

    def _word(self, value: object, place: Place) -> object:
        """What a place holds, which may be a layer in some uses and a value in others."""
        if place in self.layers.places and (value is None or isinstance(value, LayerArgument)):
            return self.code(value, place)
        return value

    def used(self, use: Passed, *, here: bool) -> Expr:
        """What runs at a place: as it must be `here`, or as its argument was handed on."""
        place = ("use", id(use.element))
        return self.code(use.layer, place, use if here else None)

    def code(self, layer: LayerArgument | None, place: Place, use: Passed | None = None) -> Expr:
        """A layer as an expression of the module's own names."""
        found, is_module = IDENTITY, False
        if layer is not None:
            runs = self.layers.runs_of(layer)
            use = use or (runs[0] if runs else None)
            is_module = self._builds(layer)
            run = use.run if use is not None else None
            if isinstance(layer.what, Op):
                known = run if isinstance(run, Layer) else None
                said = use.layer if use is not None and use.layer is not None else layer
                found = self._op(said, known.op if known else layer.what, known)
            elif isinstance(run, Instance) and self.is_argument(layer.name):
                found = self.block(run)
            else:
                is_module = False
        if self._is_factory(place) and not is_module:
            return self.line(Call(Name("stateless"), (found,)))
        return self.line(found) if layer is not None and self.layers.is_default(layer) else found

    def line(self, value: Expr) -> Expr:
        """The name that the module has for a value, where that is a call of what is not its own."""
        own = self.imports.ops
        known = GLOBALS | own.keys() | {"partial", "stateless"}
        if not isinstance(value, Call) or names(value) - known:
            return value
        if value not in self.lines:
            inner: Expr = value
            while isinstance(inner, Call):
                inner = inner.args[0]
            name = inner.name if isinstance(inner, Attribute) else "layer"
            name = camel(own[inner.id]) if isinstance(inner, Name) and inner.id in own else name
            is_class = value.function == Name("stateless") or name[0].isupper()
            self.lines[value] = self.unique(camel(name) if is_class else name)
        return Name(self.lines[value])

    def role(self, uses: Iterable[Passed]) -> str:
        """What uses of a layer are on a line of code, if they are all one thing."""
        found = {
            self._emission(use.layer.what, None, 3).role if isinstance(use.layer.what, Op) else ""
            for use in uses
            if use.layer is not None
        }
        return found.pop() if len(found) == 1 else ""

    # --- ops --------------------------------------------------------------------------

    def _emission(self, op: Op, run: Layer | None, rank: int) -> Emission:
        fields = {name: constant(frozen(op.argument(name))) for name in op.arguments()}
        if isinstance(op, Brought):
            return emit_brought(op.name, self.imports.name(type(op)), fields, FEATURES)
        if "ceil" in fields:
            fields["ceil"] = Constant(None)
        starts = getattr(op, "init", None)
        if run is not None and "init" in fields:
            starts = self.kernel_starts(run)
        start: Expr | None = None
        if starts == "he_normal":
            start = Name("he_normal")
        elif starts is not None and starts != "lecun_normal":
            start = initializer(starts)  # type: ignore[arg-type]
        given = getattr(op, "init", None)
        said = None if given is None else initializer(given)
        return emit(op.name, rank, fields, FEATURES, Known(start, said, op))

    def _op(self, layer: LayerArgument, op: Op, run: Layer | None) -> Expr:
        rank = len(run.x.shape) if run is not None else 3
        emission = self._emission(op, run, rank)
        found = self._in_a_word(emission)
        return self._in_a_block(layer, run) if found is None else found

    def _in_a_word(self, emission: Emission) -> Expr | None:
        """A function or a class of flax, with its arguments."""
        if not emission.modules:
            value = emission.apply(X, [])
            if not isinstance(value, Call) or value.args != (X,):
                return None
            if any(X.id in names(k.value) for k in value.keywords) or X.id in names(value.function):
                return None
            return _partial(value.function, value.keywords)
        built, *others = emission.modules
        if others or built.within or built.frozen != Constant(False):
            return None
        is_brought = built.callee in self.imports.names.values()
        known = (FEATURES.id,) if is_brought else _POSITIONS.get(built.callee)
        if known is None or built.args[:1] != (FEATURES,):
            return None
        given = [Keyword(n, v) for n, v in zip(known[1:], built.args[1:], strict=False)]
        given += [Keyword(n, v) for n, v in built.keywords.items()]
        if any(FEATURES.id in names(k.value) for k in given):
            return None
        return _partial(path(built.callee), given)

    def _in_a_block(self, layer: LayerArgument, run: Layer | None) -> Expr:
        """An op that is a definition of the module's own, with its arguments."""
        if run is None:
            return IDENTITY
        key = layer.element.name, tuple(layer.given), len(run.x.shape)
        if key not in self._wrapped:
            self._wrapped[key] = self._wrap(*key)
        instance = self._wrapped[key].get(id(run))
        return IDENTITY if instance is None else self.block(instance)

    def _wrap(self, name: str, given: tuple[str, ...], axes: int) -> dict[int, Instance]:
        """Uses of a block that is one op, on tensors of so many axes, by the uses of that op."""
        alike = [seen for other, *seen in self._wrapped if other == name]
        title = f"{name}{len(alike) + 1}" if alike else name
        if any(seen == given for seen, _ in alike):  # of another rank
            title = f"{name}{axes - 1}d"
        while title in self.definitions:
            title += "_"
        block, statement = _block_of(title, name, given)
        instances: dict[int, Instance] = {}
        for layer, runs in self.layers.runs.items():
            if layer.element.name != name or tuple(layer.given) != given:
                continue
            for use in runs:
                if isinstance(use.run, Layer) and len(use.run.x.shape) == axes:
                    x, out = use.run.x, use.run.out
                    ran = Ran(statement, Chained(statement.chain, x, out, [use.run]), None)
                    frame = Frame(block.body, x, out, [ran])
                    instances[id(use.run)] = Instance(
                        use.element, block, dict(layer.args), x, out, frame
                    )
        self.wrapped(block, list(instances.values()))
        return instances


def _partial(function: Expr, keywords: Iterable[Keyword]) -> Expr:
    given = tuple(keywords)
    return Call(Name("partial"), (function,), given) if given else function


def _block_of(title: str, op: str, given: tuple[str, ...]) -> tuple[ast.Block, ast.Run]:
    """A block that is one op, with what is given to it as its parameters; and its statement."""
    nowhere = Span(Source("", ""), 0, 0)
    args = tuple(ast.Argument(nowhere, n, nowhere, ast.Name(nowhere, n)) for n in given)
    chain = ast.Chain(nowhere, (ast.Apply(nowhere, op, nowhere, args),))
    statement = ast.Run(nowhere, chain, None, None, None)
    parameters = tuple(ast.Parameter(nowhere, n, None) for n in given)
    body = ast.Body(nowhere, (statement,))
    return ast.Block(nowhere, title, nowhere, None, parameters, body), statement
