"""Lowered classes to what the templates print: signatures, docstrings, attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnndsl.ir import Network
from cnndsl.syntax import ast
from cnndsl.targets.flax.blocks import BlockLowering
from cnndsl.targets.flax.describe import (
    block_shapes,
    docstring,
    model_shapes,
    type_of,
    wrapped,
)
from cnndsl.targets.flax.emission import KINDS
from cnndsl.targets.flax.models import ModelLowering
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.printing import Printed, Printer, Shared
from cnndsl.targets.flax.pyexpr import Binding, Scope, bindings, frozen, literal, render
from cnndsl.targets.flax.spelling import MISSING, Env, Unspellable
from cnndsl.targets.flax.view import ClassView, FunctionView

BASE = "nnx.Module"
_DTYPES = "`dtypes` are flax's: `dtype` to compute in, `param_dtype` of the weights."
_KEYWORDS = {
    "rngs": "rngs: nnx.Rngs",
    "dtypes": "**dtypes: DTypeLike",
}


def block_view(block: BlockLowering, shared: Shared) -> ClassView | FunctionView:
    printed = Printer(block, shared).print()
    own = [p for p in block.params if p.source == "own"]
    channels = next((p.binding.name for p in block.params if p.source == "in"), None)
    first = block.instances[0].x.shape[-1]
    known = len({i.x.shape[-1] for i in block.instances}) == 1
    shapes = block_shapes(
        block.instances,
        [p.binding for p in own],
        channels or (str(first) if known else "C"),
        block.exported(block.result.channels),
        block.state.spatial,
    )
    quoted = [
        f"`{p.binding.name}`: {_quote(block.block, p.origin)}."
        for p in block.params
        if p.source == "computed" and _quote(block.block, p.origin)
    ]
    told = wrapped(block.block.doc, 80)
    doc = docstring(told or shapes, *quoted, shapes if told else "")
    receives = [_receive(block, name) for name in block.receives]
    arguments = [_argument(block, p) for p in block.params]
    if block.is_function:
        body = (*printed.init, *printed.call, f"return {printed.result}")
        return FunctionView(
            block.name, doc, _ordered("x: jax.Array", *receives, *arguments), "jax.Array", body
        )
    return ClassView(
        block.name,
        BASE,
        doc,
        signature=_signature(arguments, (), printed.takes),
        init=tuple(printed.init),
        receives=_ordered(*receives),
        call=tuple(printed.call),
        result=printed.result,
    )


def _signature(
    arguments: Iterable[str], keywords: Iterable[str], takes: Iterable[str]
) -> tuple[str, ...]:
    """A constructor's, with a star where something must be given by name."""
    rngs = [_KEYWORDS["rngs"]] if "rngs" in takes else []
    named = [*keywords, *rngs]
    dtypes = [_KEYWORDS["dtypes"]] if "dtypes" in takes else []
    return ("self", *arguments, *(["*"] if named else []), *named, *dtypes)


def _quote(block: ast.Block, name: str) -> str:
    """How the spec defines a `let` that became an argument."""
    from cnndsl.elaborate.program import walk

    for node in walk(block):
        if isinstance(node, ast.Let) and node.name == name:
            return " ".join(node.value.span.text.split())
    return ""


def _receive(block: BlockLowering, name: str) -> str:
    variable = block.variable(name)
    if any(i.args[name] is None for i in block.instances):
        return f"{variable}: jax.Array | None = None"
    return f"{variable}: jax.Array"


def _ordered(*parameters: str) -> tuple[str, ...]:
    """Parameters without the defaults that others without one follow."""
    required = [i for i, text in enumerate(parameters) if " = " not in text]
    last = max(required, default=-1)
    return tuple(t.split(" = ")[0] if i < last else t for i, t in enumerate(parameters))


def _argument(block: BlockLowering, param: Any) -> str:
    values = list(param.binding.values.values())
    text = f"{param.binding.name}: {type_of(values)}"
    if param.default is None:
        return text
    return f"{text} = {literal(param.default.value)}"


def model_views(model: ModelLowering, shared: Shared, parent: str) -> list[ClassView]:
    """The class of a family and its variants; `parent` has the `__call__` of networks without
    heads, unless it is nnx's own class."""
    parent = BASE if model.heads else parent
    printed = Printer(model, shared).print()
    networks = model.networks
    several = len(networks) > 1
    base = next((n for n in networks if safe(n.name, RESERVED) == model.name), None)
    channels = _logits(model)
    attributes = _base_attributes(model, base)
    if not printed.init:
        printed.init.append('"""Has no weights; takes `rngs` as every model does."""')
    aux = ("aux: bool = True",) if model.heads else ()
    views = [
        ClassView(
            model.name,
            parent,
            _model_doc(model, base, several, channels),
            attributes,
            True,
            parent == BASE,
            _signature([_model_argument(p) for p in model.params], aux, KINDS),
            tuple(printed.init),
            (),
            tuple(_endpoint_lines(printed)),
            printed.result,
            True,
            bool(model.heads),
            _endpoints_doc(model),
        )
    ]
    for number, network in enumerate(networks):
        if network is not base:
            views.append(_variant(model, network, number, base, channels))
    return views


def _endpoints_doc(model: ModelLowering) -> str:
    if model.heads:
        return "The result of every stage, of the auxiliary heads, and the logits."
    if len(model.networks[0].endpoints) > 1:
        return "The result of every stage, and the logits."
    return "The logits."


def _endpoint_lines(printed: Printed) -> list[str]:
    """The body of `endpoints`; the last endpoint is the logits too."""
    lines = list(printed.call)
    last = lines[-1] if lines else ""
    if last.startswith('out["') and last.endswith(f" = {printed.result}"):
        lines[-1] = last.replace(" = ", ' = out["logits"] = ', 1)
        return lines
    if last.startswith(f'{printed.result} = out["'):
        lines[-1] = last.replace(" = ", ' = out["logits"] = ', 1)
        return lines
    return [*lines, f'out["logits"] = {printed.result}']


def _logits(model: ModelLowering) -> str:
    out = model.exported(model.result.channels)
    if out is not None and all(b.scope is Scope.ARGUMENT for b in bindings(out)):
        return render(out, lambda b: b.name)
    last = {n.output.shape[-1] for n in model.networks}
    return str(last.pop()) if len(last) == 1 else "classes"


def _model_doc(model: ModelLowering, base: Network | None, several: bool, channels: str) -> str:
    told = wrapped(model.definition.doc, 80)
    gap = "\n" if told else "\n\n"
    parts = [told, f"{model_shapes(model.networks, channels)}{gap}{_DTYPES}"]
    if several:
        first = model.networks[0].name
        if base is None:
            text = f"Base of the models below, which set its structure. Shapes: {first}."
            parts.append(text)
    if model.heads:
        parts.append(
            "The auxiliary heads serve training alone: `model(x)` never runs them,\n"
            "`model.endpoints(x)` does, and `aux=False` builds the network without them."
        )
    return docstring(*parts)


def _base_attributes(model: ModelLowering, base: Network | None) -> tuple[str, ...]:
    """Class attributes: values of the base where it is a model, annotations otherwise."""
    lines = []
    number = model.networks.index(base) if base is not None else None
    for binding, values in model.class_values.items():
        text = f"{binding.name}: {type_of(list(values.values()))}"
        if number is not None:
            text = f"{binding.name} = {literal(frozen(values[number]))}"
        elif (default := _declared(model, binding)) is not MISSING:
            text += f" = {literal(frozen(default))}"
        lines.append(text)
    return tuple(lines)


def _declared(model: ModelLowering, binding: Binding) -> Any:
    """The default that the spec gives a parameter, MISSING where others decide it."""
    for parameter in model.definition.parameters:
        if parameter.name == binding.name and parameter.default is not None:
            try:
                return model.speller.spell(parameter.default, Env()).value
            except Unspellable:
                return MISSING
    return MISSING


def _variant(
    model: ModelLowering, network: Network, number: int, base: Network | None, channels: str
) -> ClassView:
    lines = []
    for binding, values in model.class_values.items():
        if base is not None:
            inherited: Any = values[model.networks.index(base)]
        else:
            inherited = _declared(model, binding)
        if repr(values[number]) != repr(inherited):
            lines.append(f"{binding.name} = {literal(frozen(values[number]))}")
    told = wrapped(network.declared.doc, 80)
    doc = docstring(told, model_shapes([network], channels)) if told else ""
    return ClassView(safe(network.name, RESERVED), model.name, doc, tuple(lines), has_init=False)


def _model_argument(param: Any) -> str:
    value = param.default.value
    if value is None:  # worked out from other parameters
        kinds = type_of([*param.binding.values.values(), None])
        return f"{param.binding.name}: {kinds} = None"
    return f"{param.binding.name}: {type_of([value])} = {literal(value)}"
