"""A block with all of its instances, or a model with its variants, to one draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from cnndsl.ir import Instance, LayerArgument, Pack, Result, Tensor
from cnndsl.ops.base import MOST_AXES, rank_of
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.names import CALL, RESERVED, safe
from cnndsl.targets.flax.staging.bodies import Bodies
from cnndsl.targets.flax.staging.draft import Draft, Env, Param, Run, Value
from cnndsl.targets.flax.staging.draft import Tensor as Held
from cnndsl.targets.flax.staging.flow import Surroundings
from cnndsl.targets.flax.staging.kinds import LISTS, frozen, sample_kinds
from cnndsl.targets.flax.staging.places import is_default
from cnndsl.targets.flax.staging.scopes import binding_counts, tensor_names
from cnndsl.targets.flax.staging.spelling import Known
from cnndsl.targets.flax.staging.tidy import simplify
from cnndsl.targets.flax.staging.uses import Apart, channels_of
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.draft import Settle, Shadow
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.tree import Assign, Call, Expr, Name, Return, Tuple


def window_parameters(block: ast.Block, instances: Sequence[Instance]) -> dict[str, int]:
    """The parameters that are a number in some uses and one for each axis in others: how many.

    One that is computed with stays what it is: 1 is not 1x1.
    """
    kinds = {p.name: sample_kinds(i.args[p.name] for i in instances) for p in block.parameters}
    mixed = {
        name: axes
        for name, held in kinds.items()
        for axes, listed in LISTS.items()
        if held == {"int", listed} and (axes == 2 or _are_clips(instances))
    }
    if mixed:
        defaults = [p.default for p in block.parameters if p.default is not None]
        for node in chain(walk(block.body), *map(walk, defaults)):
            if isinstance(node, (ast.Binary, ast.Unary, ast.Call)):
                for part in walk(node):
                    if isinstance(part, ast.Name):
                        mixed.pop(part.id, None)
    return mixed


def _are_clips(instances: Sequence[Instance]) -> bool:
    return all(rank_of(i.x.shape) == MOST_AXES for i in instances)


def stage_block(
    module: Surroundings,
    block: ast.Block,
    name: str,
    instances: Sequence[Instance],
    known: Known,
    *,
    is_function: bool,
) -> Draft:
    """The class of a block, or the function if it builds nothing."""
    draft = Draft(
        block,
        name,
        is_function=is_function,
        is_argument=module.is_argument(block),
        is_nested=bool(instances[0].endpoints),
        has_endpoints=module.has_endpoints(block),
        end=_end(instances),
    )
    module.begin(draft)
    values = Values(draft, known)
    bodies = Bodies(values, module)
    env = Env()
    channels = dict(enumerate(i.x.shape[-1] for i in instances if i.x.shape))
    draft.params.append(Param("in_features", "in", "in", dict(channels)))
    env.tensors["in"] = Held(Name("x"), Name("in_features"))
    windows = module.windows(block)
    bound = binding_counts(block.body)
    for parameter in block.parameters:
        name = parameter.name
        _declare(
            parameter, draft, values, env, instances, windows.get(name, 0), name in bound, module
        )
    copy_rebound(block.body, bodies, env)
    flow = draft.variable("x", "tensor")
    bodies.flow.copy(Name("x"), Name("in_features"), flow)
    runs: list[Run] = [(n, ()) for n in range(len(instances))]
    bodies.run(block.body, [i.frame for i in instances], flow, runs, env)
    if draft.uses_itself and any(p.source == "computed" for p in draft.params):
        raise Apart(f"{name} works out what it would have to hand to itself")
    results = bodies.results
    if len(results) > 1:
        values.at_call(Return(Tuple(tuple([result.call for result in results]))))
    else:
        is_out = draft.has_endpoints and draft.end != "logits"
        values.at_call(Return(Name("out") if is_out else flow))
    out = bodies.flow.features(flow)
    _settle(out, [i.frame.out for i in instances], values)
    values.at_init(Shadow("out", out))
    for number, result in enumerate(results):
        seen = [(i.frame.results or (i.frame.out,))[number] for i in instances]
        _settle(result.features, seen, values)
        values.at_init(Shadow(f"out{number}", result.features))
    simplify(draft)
    return draft


def _settle(features: Expr, seen: Sequence[Result], values: Values) -> None:
    """Says which channels a result has in every instance, whichever branch gave it."""
    widths = {n: t.known[-1] for n, t in enumerate(seen) if isinstance(t, Tensor) and t.known}
    if isinstance(features, Name) and len(widths) == len(seen):
        values.at_init(Settle(features, tuple(widths.items())))


def _end(instances: Sequence[Instance]) -> str:
    """The endpoint that is the result in all uses of a model; `logits` always is one."""
    ends = {instance.end for instance in instances}
    return ends.pop() if len(ends) == 1 else "logits"


def copy_rebound(body: ast.Body, bodies: Bodies, env: Env) -> None:
    """Gives tensors that arrive, and whose names get others, variables of their own."""
    for name in sorted(env.tensors.keys() & tensor_names(body).keys()):
        held = env.tensors[name]
        variable = bodies.flow.draft.variable(name, "tensor", named=True)
        bodies.flow.copy(held.call, held.features, variable)
        param = held if held.optional else None
        env.tensors[name] = replace(bodies.flow.tensor(variable), param=param)


def _declare(
    parameter: ast.Parameter,
    draft: Draft,
    values: Values,
    env: Env,
    instances: Sequence[Instance],
    axes: int,
    rebound: bool,
    module: Surroundings,
) -> None:
    """One parameter of a block: a value, a layer, or a tensor with its channels."""
    name, block = parameter.name, draft.definition.name
    seen = [i.args[name] for i in instances]
    if any(isinstance(v, Tensor | Pack) for v in seen):
        _declare_tensor(name, draft, env, seen)
        return
    if draft.is_nested and _is_settled(block_of(draft), parameter, instances):
        start: Expr = constant(frozen(seen[0]))
        if rebound or isinstance(start, Tuple):
            start = _bound(name, start, draft, values, stable=not rebound)
        in_call = start if draft.is_function and isinstance(start, Name) else None
        env.values[name] = Value(start, in_call, seen)
        return
    taken = RESERVED | (CALL if draft.is_function else frozenset())
    free = safe(name, taken | {p.name for p in draft.params})
    held: dict[int, object] = {
        n: frozen(module.passing.argument(block, name, v)) for n, v in enumerate(seen)
    }
    default = None
    if module.passing.holds(block, name):
        default = _default_layer(parameter, seen, held)
    elif isinstance(parameter.default, ast.Literal):
        default = constant(parameter.default.value)
    if axes:
        held = {n: v if isinstance(v, tuple) else (v,) * axes for n, v in held.items()}
        default = None if default is None else Tuple((default,) * axes)
    draft.params.append(Param(free, "own", name, held, default, axes))
    start = Name(free)
    if rebound:  # a `let` gives it another value: a variable of its own
        start = _bound(name, start, draft, values, stable=False)
    env.values[name] = Value(start, start if draft.is_function else None, seen, axes)


def _bound(name: str, value: Expr, draft: Draft, values: Values, *, stable: bool) -> Name:
    """A variable for a parameter, of the constructor or of a function."""
    variable = draft.variable(name, "let", stable=stable, named=True)
    values.define(variable, value)
    if draft.is_function:
        values.at_call(Assign((variable,), value))
    return variable


def block_of(draft: Draft) -> ast.Block:
    assert isinstance(draft.definition, ast.Block)
    return draft.definition


def _is_settled(block: ast.Block, parameter: ast.Parameter, instances: Sequence[Instance]) -> bool:
    """Whether a parameter of a model has one value, which no use works out."""
    names = [p.name for p in block.parameters]
    if len({repr(frozen(i.args[parameter.name])) for i in instances}) > 1:
        return False
    for instance in instances:
        for position, argument in enumerate(instance.element.args or ()):
            is_it = (argument.name or names[position]) == parameter.name
            if is_it and any(isinstance(node, ast.Name) for node in walk(argument.value)):
                return False
    return not isinstance(instances[0].args[parameter.name], LayerArgument)


def _default_layer(
    parameter: ast.Parameter, seen: Sequence[object], held: dict[int, object]
) -> Expr | None:
    """The layer that a parameter holds where it is not given, if that ever happens."""
    for number, value in enumerate(seen):
        code = held[number]
        if is_default(parameter, value) and not isinstance(code, Call):
            return constant(code)
    return None


def _declare_tensor(name: str, draft: Draft, env: Env, seen: Sequence[object]) -> None:
    taken = RESERVED | CALL | {p.name for p in draft.params}
    variable = safe(name, taken)
    features = safe(f"{variable}_features", taken)
    sizes: dict[int, object] = {
        n: channels_of(v) if isinstance(v, Tensor | Pack) else None for n, v in enumerate(seen)
    }
    draft.params.append(Param(features, "features", name, dict(sizes)))
    draft.params.append(Param(variable, "tensor", name, dict(sizes)))
    optional = any(v is None for v in seen)
    env.tensors[name] = Held(Name(variable), Name(features), optional)
