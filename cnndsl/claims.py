"""What a spec says of its own layers, held against their classes: `cnndsl check --run`.

This alone imports jax, flax and the classes that `op … from "module:Class"` names; nothing that
checks or compiles a spec does. A class is built and called on shapes, without any numbers.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx

from cnndsl import errors
from cnndsl.checked import Checked
from cnndsl.counts import totals
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.elaborate.program import Program
from cnndsl.ir import Layer, Network
from cnndsl.loading import WHERE, importing_here, module_from
from cnndsl.ops.base import Shape
from cnndsl.ops.brought import Brought
from cnndsl.ops.spelled import show, sized
from cnndsl.pipeline import compile_checked
from cnndsl.source import Span
from cnndsl.streams import rngs
from cnndsl.summary import declared_ops
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.walks import layers

_IMAGES = 2  # so that a class which mixes them shows
_LONGEST = 300  # characters of what a class raised


@dataclass(frozen=True)
class _Seen:
    """What a class is for one use: the shapes of its result, its parameters and its state."""

    result: Shape
    params: tuple[Shape, ...]
    state: tuple[Shape, ...]


class _Unlike(Exception):
    """What is wrong with a class; `at` is a claim of the op, "" where it is the class itself."""

    def __init__(self, message: str, at: str = "", help: str | None = None):
        super().__init__(message)
        self.message = message
        self.at = at
        self.help = help


def unlike(checked: Checked) -> list[Diagnostic]:
    """Where the layers of an author's own are not what a spec without mistakes says of them.

    First each use of a layer is asked by itself; where all are as they should be, the networks are,
    in the generated module. Modules are looked for where Python looks, and then in the folder that
    one is in.

    Raises:
      Miscompiled: if no module can be made of the spec.
    """
    networks = [network for network in checked.networks if network.brought]
    with importing_here():
        found = _of_uses(checked.proven, networks)
        return found or (list(_of_networks(checked, networks)) if networks else [])


def _of_uses(program: Program, networks: Sequence[Network]) -> list[Diagnostic]:
    """What each use of a layer differs in, each claim that does not hold once."""
    found: list[Diagnostic] = []
    classes: dict[str, type[nnx.Module] | None] = {}
    seen: set[tuple[str, str, Shape]] = set()
    told: set[tuple[str, str]] = set()
    for layer in (layer for network in networks for layer in layers(network.frame)):
        op, x = layer.op, tuple(map(int, layer.x.shape))
        if not isinstance(op, Brought) or (op.name, repr(op.values), x) in seen:
            continue
        seen.add((op.name, repr(op.values), x))
        definition, origin = program.brought[op.name], op.origin()
        try:
            if origin not in classes:
                classes[origin] = None
                classes[origin] = _class(op)
            cls = classes[origin]
            # Of a class that is not there, it was told.
            differences = [] if cls is None else list(_differences(op, x, _built(cls, op, x)))
        except _Unlike as unusable:
            differences = [unusable]
        for wrong in differences:
            if (op.name, wrong.at) not in told:
                told.add((op.name, wrong.at))
                found.append(_diagnostic(wrong, definition, layer))
    return found


def _of_networks(checked: Checked, networks: Sequence[Network]) -> Iterator[Diagnostic]:
    """What does not run, or is not what was proven, once the layers stand in their networks."""
    compiled = compile_checked(checked)
    if compiled.code is None:
        yield from compiled.diagnostics
        return
    module = module_from(checked.name, compiled.code)
    for network in networks:
        make: Callable[..., nnx.Module] = getattr(module, safe(network.name, RESERVED))
        images = [
            jax.ShapeDtypeStruct((_IMAGES, *x.shape), jnp.float32)
            for x in network.received.values()
        ]
        message, declared = "", declared_ops([network])
        try:
            params, given = _traced(make, images)
        except Exception as error:
            message = f"with {declared} in it, `{network.name}` does not run: {_words(error)}"
        else:
            wanted = {name: tuple(x.shape) for name, x in network.endpoints.items()}
            if given != wanted:
                name = next(n for n in (*wanted, *given) if given.get(n) != wanted.get(n))
                seen = sized(given[name]) if name in given else "nothing"
                said = sized(wanted[name]) if name in wanted else "nothing"
                message = f"with {declared} in it, `{name}` is {seen}, not {said}"
            elif params != totals(network).params:
                counted = f"{params:,} parameters, not {totals(network).params:,}"
                message = f"with {declared} in it, `{network.name}` has {counted}"
        if message:
            yield errors.unlike_its_class(network.declared.name_span, message, (), None)


def _traced(
    make: Callable[..., nnx.Module], images: Sequence[jax.ShapeDtypeStruct]
) -> tuple[int, dict[str, Shape]]:
    """The parameters of a network, and the shapes of its endpoints."""
    model = nnx.eval_shape(lambda: make(rngs=rngs(0)))
    given = nnx.eval_shape(lambda model, *images: model.endpoints(*images), model, *images)
    params = sum(_size(shape) for shape in _shapes(nnx.state(model, nnx.Param)))
    return params, {name: tuple(result.shape[1:]) for name, result in given.items()}


def _class(op: Brought) -> type[nnx.Module]:
    """The class that an op names."""
    try:
        module = importlib.import_module(op.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{op.module}.".startswith(f"{error.name}."):
            raise _Unlike(f"`{op.module}` cannot be imported: {_words(error)}") from None
        raise _Unlike(f"there is no module `{error.name}`", help=WHERE) from None
    except Exception as error:
        raise _Unlike(f"`{op.module}` cannot be imported: {_words(error)}") from None
    cls = vars(module).get(op.cls)
    if cls is None:
        raise _Unlike(f"`{op.module}` has no `{op.cls}`")
    if not isinstance(cls, type) or not issubclass(cls, nnx.Module):
        raise _Unlike(f"`{op.cls}` of `{op.module}` is no class of an nnx.Module")
    return cls


def _built(cls: Callable[..., nnx.Module], op: Brought, x: Shape) -> _Seen:
    """What a class is, built as the generated module builds it and called on images of a shape."""
    given = {name: _python(value) for name, value in op.values}
    call = ", ".join([str(x[-1]), *(f"{n}={v!r}" for n, v in given.items()), "rngs=rngs"])

    def build() -> nnx.Module:
        return cls(x[-1], **given, rngs=nnx.Rngs(0))

    try:
        layer = nnx.eval_shape(build)
    except Exception as error:
        raise _Unlike(f"`{op.cls}({call})` cannot be built: {_words(error)}") from None
    images = jax.ShapeDtypeStruct((_IMAGES, *x), jnp.float32)
    try:
        result = nnx.eval_shape(lambda layer, images: layer(images), layer, images)
    except Exception as error:
        raise _Unlike(f"`{op.cls}({call})` cannot be called: {_words(error)}", "shape") from None
    if not isinstance(result, jax.ShapeDtypeStruct):
        raise _Unlike(f"`{op.cls}` gives {type(result).__name__}, and no array", "shape")
    if result.shape[:1] != (_IMAGES,):
        raise _Unlike(
            f"`{op.cls}` gives {sized(result.shape) or 'one number'} for {_IMAGES} images: the "
            "first axis is theirs",
            "shape",
        )
    params, others = nnx.state(layer, nnx.Param, ...)
    state = nnx.filter_state(others, nnx.Not(nnx.RngState))
    return _Seen(result.shape[1:], _shapes(params), _shapes(state))


def _differences(op: Brought, x: Shape, seen: _Seen) -> Iterator[_Unlike]:
    """Where what was seen of a class is not what its op says."""
    claim = op.claim(x)
    if seen.result != claim.shape:
        message = f"`{op.cls}` gives {sized(seen.result)}, and the op says {sized(claim.shape)}"
        yield _Unlike(message, "shape")
    for what, words, has, said in (
        ("params", "parameters", seen.params, claim.params),
        ("state", "state", seen.state, claim.state),
    ):
        if Counter(has) != Counter(said):
            message = f"`{op.cls}` has {_total(has)} {words} in {_listed(has)}, and the op says "
            yield _Unlike(f"{message}{_total(said)} in {_listed(said)}", what)


def _diagnostic(wrong: _Unlike, definition: ast.Op, layer: Layer) -> Diagnostic:
    used = Label(layer.element.span, f"used here on {sized(layer.x.shape)}")
    span: Span = definition.origin_span
    if wrong.at:
        said = [setting for setting in definition.settings if setting.name == wrong.at]
        span = said[0].span if said else definition.name_span
    return errors.unlike_its_class(span, wrong.message, (used,), wrong.help)


def _shapes(state: nnx.State) -> tuple[Shape, ...]:
    return tuple([tuple(leaf.shape) for leaf in jax.tree.leaves(state)])


def _total(shapes: tuple[Shape, ...]) -> str:
    return f"{sum(_size(shape) for shape in shapes):,}"


def _size(shape: Shape) -> int:
    total = 1
    for extent in shape:
        total *= extent
    return total


def _listed(shapes: tuple[Shape, ...]) -> str:
    """`[3, 3, 16, 32], [32]`, as the spec writes them."""
    return ", ".join(show(list(shape)) for shape in shapes) or "no tensors"


def _python(value: object) -> object:
    """A value as the generated module has it: integers that remember nothing else."""
    if isinstance(value, tuple):
        return tuple(map(_python, value))
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return errors.shown(
        f"{type(error).__name__}: {text}" if text else type(error).__name__, _LONGEST
    )
