"""What variants say of themselves, what models of one body share, and how each is trained."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl import errors
from cnndsl.elaborate.collect import Collector, Failure
from cnndsl.elaborate.context import Shared
from cnndsl.elaborate.preprocess import check_preprocess
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.recipe import check_recipe
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Network, Node, Staged
from cnndsl.ops.ranks import NAMES
from cnndsl.syntax import ast
from cnndsl.walks import children


def check_shared_body(networks: list[Network], found: Collector) -> None:
    """Models that share a body have the same results, and inputs of the same ranks: one class
    gives them."""
    first: dict[int, Network] = {}
    for network in networks:
        base = first.setdefault(id(network.definition), network)
        if network.outputs != base.outputs:
            message = f"{network.name} and {base.name}, of one body, have different outputs"
            help = "name the same ones in both, or give each a body of its own: model NAME { … }"
            found.add(errors.misplaced_output(network.declared.name_span, message, help))
        own, shared = (_ranks(each) for each in (network, base))
        if None not in (own, shared) and own != shared:
            kinds = [NAMES[rank] for ranks in (own, shared) for rank in ranks or ()]
            message = f"{network.name} gets {kinds[0]}, {base.name}, of the same body, {kinds[-1]}"
            found.add(errors.other_axes(network.declared.name_span, message))


def _ranks(network: Network) -> tuple[int, ...] | None:
    """The axes of every input; None where one is not known."""
    shapes = [tensor.known for tensor in network.received.values()]
    return None if None in shapes else tuple(len(shape or ()) - 1 for shape in shapes)


def check_training(network: Network, shared: Shared, scope: Scope, found: Collector) -> None:
    """The recipe and what images go through; of an image that was set from outside, only where
    they hold for it too."""
    image = network.input.known
    wrong = found if shared.image is None else Collector()
    if shared.recipe is not None:
        stages = list(_stages(network))
        recipe = check_recipe(shared.recipe, image, stages, shared.evaluator, scope, wrong)
        if wrong is found or not wrong:
            network.recipe, network.recipe_said = recipe
    wrong = found if shared.image is None else Collector()
    if shared.preprocess is not None:
        preprocess = check_preprocess(shared.preprocess, image, shared.evaluator, scope, wrong)
        network.preprocess = preprocess if wrong is found or not wrong else None


def _stages(network: Network) -> Iterator[str]:
    stack: list[Node] = [network.frame]
    while stack:
        node = stack.pop()
        if isinstance(node, Staged):
            yield node.name
        stack.extend(reversed(list(children(node))))


def read_variant(model: ast.Variant, program: Program, shared: Shared, scope: Scope) -> None:
    """A variant asserts on its own account, and may be trained and fed in its own way.

    Otherwise it is trained and fed as what it varies, which may be a variant itself.
    """
    for statement in model.statements:
        if isinstance(statement, ast.Expect):
            _expect(statement, shared, scope)
    recipe, preprocess = _of_variant(model, shared)
    varied = program.models[model.base.id]
    while isinstance(varied, ast.Variant):
        recipe = recipe or next((s for s in varied.statements if isinstance(s, ast.Train)), None)
        preprocess = preprocess or next(
            (s for s in varied.statements if isinstance(s, ast.Preprocess)), None
        )
        varied = program.models[varied.base.id]
    shared.recipe = recipe or shared.recipe
    shared.preprocess = preprocess or shared.preprocess


def _of_variant(
    model: ast.Variant, shared: Shared
) -> tuple[ast.Train | None, ast.Preprocess | None]:
    """What a variant itself says of its training and its images, each once."""
    recipe: ast.Train | None = None
    preprocess: ast.Preprocess | None = None
    for statement in model.statements:
        if isinstance(statement, ast.Train):
            if recipe is not None:
                message = "this model already has a recipe"
                shared.found.add(errors.bad_setting(statement.span, message))
            recipe = statement
        elif isinstance(statement, ast.Preprocess):
            if preprocess is not None:
                message = "this model already says how images are prepared"
                shared.found.add(errors.bad_preprocessing(statement.span, message))
            preprocess = statement
    return recipe, preprocess


def _expect(statement: ast.Expect, shared: Shared, scope: Scope) -> None:
    try:
        value = shared.evaluator.evaluate(statement.value, scope)
    except Failure as failure:
        if failure.diagnostic:
            shared.found.add(failure.diagnostic)
        return
    shared.expectations.append((statement, value))
