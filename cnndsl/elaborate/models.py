"""Models and variants to networks: arguments, bodies, assertions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from cnndsl import errors
from cnndsl.diagnostics import Label
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters
from cnndsl.elaborate.collect import AnyMistake, Collector, Failure, Mistaken
from cnndsl.elaborate.context import MAX_DEPTH, Budget, Context, Shared
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.expect import check_counts, check_expectations
from cnndsl.elaborate.head import CLASSES, Head, classifiers, no_classifier, results
from cnndsl.elaborate.inputs import as_variant, input_layer, receive
from cnndsl.elaborate.layers import LayerValues
from cnndsl.elaborate.otherwise import Effort, Trials
from cnndsl.elaborate.paths import assign_paths
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reuse import Known
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.sharing import check_used
from cnndsl.elaborate.statements import Statements
from cnndsl.elaborate.steps import MAX_STEPS
from cnndsl.elaborate.variants import check_shared_body, check_training, read_variant
from cnndsl.ir import Frame, Network, Noted, Value
from cnndsl.ops.base import MOST_AXES, rank_of
from cnndsl.stack import deep_stack
from cnndsl.syntax import ast

INPUT = "input"  # no parameter has this name: it is a keyword
_A_MODEL = 100  # steps, however small it is


def elaborate(
    program: Program,
    found: Collector,
    overrides: Mapping[str, Value] | None = None,
    only: str | None = None,
    known: Known | None = None,
    effort: Effort | None = None,
) -> list[Network]:
    """The networks of a file's own models, in order, or that of the model `only`.

    `overrides` are model parameters set from outside; each applies to every model that has it.
    `input` is the size of the image for all of them: what a spec asserts of its own image, of
    another one it does not.
    With blocks that are `known`, further uses share their frames, and nothing has a path. `effort`
    is what the explanations of failed counts may take.
    """
    return list(elaborating(program, found, overrides, only, known, effort))


def elaborating(
    program: Program,
    found: Collector,
    overrides: Mapping[str, Value] | None = None,
    only: str | None = None,
    known: Known | None = None,
    effort: Effort | None = None,
) -> Iterator[Network]:
    """The same, one after the other, for who has other things to do in between."""
    networks: list[Network] = []
    overrides = overrides or {}
    program.claims = None  # with a budget of its own each time
    evaluator = Evaluator(program.fns, program.complete, program.joins)
    budget = Budget(known or Known(), effort=effort or Effort())
    evaluator.as_layer = LayerValues(program, evaluator, budget.known).value
    for model in chosen(program, overrides, only):
        shared = Shared(program, evaluator, found, budget)
        try:
            with deep_stack():
                network = _network(program, model, shared, overrides)
        except RecursionError:  # deep expressions in deep functions in deep blocks
            message = "evaluating this model nests too deeply"
            found.add(errors.over_budget(model.name_span, message))
            continue
        if network is not None:
            networks.append(network)
            yield network
    check_shared_body(networks, found)
    budget.effort.spent += budget.nodes + min(evaluator.steps, MAX_STEPS) // 10


def proven(
    program: Program, overrides: Mapping[str, Value] | None = None, only: str | None = None
) -> list[Network] | None:
    """The same without paths, uses of blocks that are alike sharing one frame; None where there is
    a mistake, for `elaborate` to tell.
    """
    known = Known(is_shared=True)
    try:
        return elaborate(program, AnyMistake(), overrides, only, known, Effort(0, 0))
    except Mistaken:
        return None


def image_of(value: Value) -> tuple[int, ...] | None:
    """The size of an input as set from outside, height x width x channels or with other axes in
    front of its channels, or one number of features; None where `value` is none."""
    items = value if isinstance(value, list) else [value]
    sizes = tuple(item for item in items if values.is_int(item) and item > 0)
    return sizes if len(sizes) == len(items) and 1 <= len(sizes) <= MOST_AXES + 1 else None


def chosen(
    program: Program, overrides: Mapping[str, Value], only: str | None = None
) -> list[ast.Model | ast.Variant]:
    """The models that become networks: the file's own or one of them, unless only a base."""
    asked = [model for model in program.own if only in (None, model.name)]
    return [model for model in asked if not needed(model, overrides)]


def needed(model: ast.Model | ast.Variant, overrides: Mapping[str, Value]) -> list[str]:
    """The parameters without which a model is only a base; a variant has given them."""
    if isinstance(model, ast.Variant):
        return []
    return [p.name for p in model.parameters if p.default is None and p.name not in overrides]


def _network(
    program: Program, model: ast.Model | ast.Variant, shared: Shared, overrides: Mapping[str, Value]
) -> Network | None:
    root, found = program.root(model), shared.found
    before, known = found.reports, len(found)
    try:
        bound = _arguments(model, program, shared.evaluator)
        named = {p.name for p in root.parameters}
        bound.update({n: v for n, v in overrides.items() if n in named})
        scope = _scope(root, bound, shared)
    except Failure as failure:
        if failure.diagnostic:
            found.add(failure.diagnostic)
        return None
    overridden = any(n in named or n == INPUT for n in overrides)
    shared.image = image_of(overrides.get(INPUT))
    nodes = shared.budget.nodes
    network = _run(model, root, scope, shared, frozenset(bound))
    if isinstance(model, ast.Variant) and model.args and len(found) > known:
        said = errors.shown(", ".join(argument.span.text for argument in model.args), 60)
        found.label(known, Label(model.name_span, f"in this variant: {said}"))
    if found.reports > before:
        if whole := _without_classifier(model, program, shared, overrides):
            found.keep(known)
            found.add(no_classifier(model.name_span, model.name, results(whole)))
    elif network is not None and shared.head is not None and shared.head.settle(network, found):
        shared.budget.nodes = nodes
        image = shared.image
        shared = Shared(program, shared.evaluator, found, shared.budget, Head(found=True))
        shared.image = image
        scope = _scope(root, bound, shared)
        network = _run(model, root, scope, shared, frozenset(bound))
    if network is None:
        return None
    if isinstance(model, ast.Variant):
        shared.expectations.clear()
        read_variant(model, program, shared, scope)
    if shared.recipe is not None and len(network.inputs) > 1:
        message = "a recipe trains a network with one input, and this one has several"
        help = "leave it out, and train the compiled module in a loop of your own"
        found.add(errors.misplaced_output(shared.recipe.span, message, help))
        shared.recipe = None
    if shared.recipe is not None and len(network.outputs) > 1:
        message = "a recipe trains a network with one result, and this one has several"
        help = "leave it out; to train one result, make it the only output, and name others by `as`"
        found.add(errors.misplaced_output(shared.recipe.span, message, help))
        shared.recipe = None
    check_training(network, shared, scope, found)
    if network.output.known is not None and found.reports == before:
        if not shared.budget.known.is_shared:
            assign_paths(network)
        if shared.budget.known.is_proof:
            check_counts(network, found)
        if not overridden and found.reports == before and shared.budget.known.is_proof:
            trials = None
            if not shared.budget.known.is_shared:
                recount = partial(_recount, model.name, overrides)
                trials = Trials(network, program, recount, shared.budget.effort)
            check_expectations(network, shared.expectations, found, trials)
    return network


def _without_classifier(
    model: ast.Model | ast.Variant,
    program: Program,
    shared: Shared,
    overrides: Mapping[str, Value],
) -> Network | None:
    """The network with classes, where that it has no classifier is why there cannot be 0 of them;
    other mistakes follow from this one.
    """
    head = shared.head
    if head is None or head.is_decided or shared.budget.known.is_shared:
        return None
    default = next(p.default for p in program.root(model).parameters if p.name == CLASSES)
    usual = default.value if isinstance(default, ast.Literal) else None
    classes = usual if values.is_int(usual) and usual > 0 else 1
    whole = _recount(model.name, {**overrides, CLASSES: classes}, program)
    return whole if whole is not None and not classifiers(whole) else None


def _recount(name: str, overrides: Mapping[str, Value], program: Program) -> Network | None:
    """The network of a changed program; None where the change makes it wrong."""
    if not program.sound:
        return None
    known = Known(is_shared=True, is_proof=False)
    try:
        networks = elaborate(program, AnyMistake(), overrides, name, known)
    except Mistaken:
        return None
    return networks[0] if networks else None


def _arguments(
    model: ast.Model | ast.Variant, program: Program, evaluator: Evaluator
) -> dict[str, Value]:
    """What a variant, and the variants that it varies, give the root's parameters."""
    bound: dict[str, Value] = {}
    root = program.root(model)
    evaluator.spend(_A_MODEL + len(root.parameters), model.span)
    complete = ast.Model(
        root.span, root.name, root.name_span, None, _optional(root.parameters), root.body
    )
    levels = 0
    while isinstance(model, ast.Variant):
        levels += 1
        if levels > MAX_DEPTH:
            message = "variants vary each other at most 1,000 deep"
            raise Failure(errors.over_budget(model.base.span, message))
        evaluator.spend(2 + len(root.parameters), model.span)
        definition = root if model.base.id == root.name else complete
        for name, argument in match_parameters(definition, model.args, model.span).items():
            bound.setdefault(name, evaluator.evaluate(argument.value, Scope()))
        model = program.models[model.base.id]
    return bound


def _optional(parameters: tuple[ast.Parameter, ...]) -> tuple[ast.Parameter, ...]:
    """The same parameters, all with a default: a variant's base has given them."""
    return tuple(
        p if p.default else ast.Parameter(p.span, p.name, ast.Literal(p.span, None))
        for p in parameters
    )


def _scope(root: ast.Model, bound: dict[str, Value], shared: Shared) -> Scope:
    """The parameters of a model; without classes, what it lacks is a matter of its head."""
    scope = shared.evaluator.parameters(root, bound)
    scope.definition = root.name
    if CLASSES in scope.values:
        scope.classes = frozenset({CLASSES})
        classes = scope.values[CLASSES]
        if shared.head is None and values.is_int(classes) and classes == 0:
            shared.head = Head()
    return scope


def _run(
    model: ast.Model | ast.Variant,
    root: ast.Model,
    scope: Scope,
    shared: Shared,
    given: frozenset[str],
) -> Network | None:
    found = shared.found
    known = scope.known()
    arguments = {p.name: known[p.name] for p in root.parameters}
    statements = Statements(shared)
    received = receive(root, statements, scope, shared)
    if received is None:
        written = input_layer(root) or as_variant(root, shared.program.models)
        place, fix = (root.name_span, None) if written is None else written
        found.add(errors.no_input(place, root.name, fix))
        return None
    if shape := received.images[0].known:  # of what a mistake makes unknown
        statements.chains.applying.rank = rank_of(shape) or 2
    opening = received.opening
    rest = ast.Body(root.body.span, root.body.statements[len(opening) :])
    frame, output = statements.body(rest, received.flow, scope, Context("model"))
    image = received.images[0]
    whole = Frame(root.body, received.flow, output, [*map(Noted, opening), *frame.records])
    if output is shared.nothing and not shared.outputs:
        found.add(errors.nothing_flows(root.name_span, list(received.named)))
    check_used(shared.declared, shared.program, found)
    outputs = tuple(name for name in shared.outputs if name in shared.endpoints)
    endpoints = shared.endpoints if outputs else {**shared.endpoints, "logits": output}
    output = endpoints[outputs[-1]] if outputs else output
    records = [declaration.record for declaration in shared.declared]
    size: list[Value] | None = None if shared.image is None else [*shared.image]
    bound = (arguments, given, whole, image, output, endpoints)
    network = Network(model.name, root, model, *bound, outputs=outputs, image=size, shared=records)
    network.inputs = received.named
    network.brought = tuple(shared.brought)
    network.bringable = tuple(shared.program.ops.values())
    return network
