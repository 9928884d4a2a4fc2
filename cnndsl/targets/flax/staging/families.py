"""A model with its variants, to one draft."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Network
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.staging.bodies import Bodies
from cnndsl.targets.flax.staging.classes import copy_rebound
from cnndsl.targets.flax.staging.draft import Draft, Env, Param, Run, Value
from cnndsl.targets.flax.staging.draft import Tensor as Held
from cnndsl.targets.flax.staging.flow import Surroundings
from cnndsl.targets.flax.staging.kinds import frozen
from cnndsl.targets.flax.staging.scopes import binding_counts
from cnndsl.targets.flax.staging.spelling import Known
from cnndsl.targets.flax.staging.tidy import simplify
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.draft import Shadow
from cnndsl.targets.python.expressions import NONE, constant, is_constant, self_
from cnndsl.targets.python.tree import Binary, Conditional, Expr, Name, Return


def stage_model(
    module: Surroundings,
    model: ast.Model,
    name: str,
    networks: Sequence[Network],
    known: Known,
    fixed: set[str],
) -> Draft:
    """The class of a family. `fixed` are parameters that cannot stay arguments."""
    draft = Draft(model, name, is_model=True)
    values = Values(draft, known)
    bodies = Bodies(values, module)
    env = Env()
    bound = binding_counts(model.body)
    for parameter in model.parameters:
        is_bound = parameter.name in bound
        _declare_model(parameter, draft, values, env, networks, fixed, is_bound, module)
    runs: list[Run] = [(n, ()) for n in range(len(networks))]
    for name, statement in zip(networks[0].received, model.body.statements, strict=False):
        assert isinstance(statement, ast.Input)
        variable = safe(name, RESERVED | {"out", "aux", *(p.name for p in draft.params)})
        channels = _channels(statement, values, env, module)
        if channels is None:
            seen = [n.received[name].shape[-1] for n in networks]
            channels = values.residual("in_channels", seen, runs)
        env.tensors[statement.name or "in"] = Held(Name(variable), channels)
        draft.received.append(variable)
    first = next(iter(env.tensors.values()))
    copy_rebound(model.body, bodies, env)
    flow = draft.variable("x", "tensor")
    bodies.flow.copy(first.call, first.features, flow)
    bodies.run(model.body, [n.frame for n in networks], flow, runs, env)
    values.at_call(Return(Name("out") if networks[0].outputs else flow))
    values.at_init(Shadow("out", bodies.flow.features(flow)))
    simplify(draft)
    return draft


def _channels(statement: ast.Input, values: Values, env: Env, module: Surroundings) -> Expr | None:
    """The channels of an input in the author's words."""
    shape = statement.shape
    if not isinstance(shape, ast.List) or len(shape.items) < 2 or not module.asserts:
        return None
    return values.spell(shape.items[-1], env)


def _declare_model(
    parameter: ast.Parameter,
    draft: Draft,
    values: Values,
    env: Env,
    networks: Sequence[Network],
    fixed: set[str],
    rebound: bool,
    module: Surroundings,
) -> None:
    """One parameter of a model: an argument if it can be, what variants set is the class's."""
    name = parameter.name
    seen = [n.arguments[name] for n in networks]
    model = draft.definition.name
    held = [frozen(module.passing.argument(model, name, v)) for v in seen]
    is_layer = module.passing.holds(model, name)
    alike = all(repr(v) == repr(held[0]) for v in held)
    given = any(name in n.given for n in networks)

    def start(expr: Expr) -> None:
        value = expr
        if rebound:
            variable = draft.variable(name, "let", named=True)
            values.define(variable, expr)
            value = variable
        env.values[name] = Value(value, None, seen)

    if (
        name not in fixed
        and not given
        and not is_layer
        and not isinstance(parameter.default, (ast.Literal, type(None)))
    ):
        default = values.spell(parameter.default, env)
        if default is not None and not is_constant(default):
            free = values.param_name(name)
            draft.params.append(Param(free, "own", name, dict(enumerate(held)), NONE))
            settled = draft.variable(name, "let", stable=not rebound, named=True)
            draft.late[settled.id] = free
            test = Binary("is", Name(free), NONE)
            values.define(settled, Conditional(default, test, Name(free)))
            env.values[name] = Value(settled, None, seen)
            return
    if not alike:
        start(self_(values.class_value(name, dict(enumerate(held)))))
        return
    if name in fixed or held[0] is None or parameter.default is None:
        start(constant(held[0]))
        return
    free = values.param_name(name)
    draft.params.append(Param(free, "own", name, dict(enumerate(held)), constant(held[0])))
    start(Name(free))
