"""The tree of a whole module: constants, helpers, partials, blocks, and the models last."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from cnndsl.elaborate.program import Program
from cnndsl.ir import Network
from cnndsl.syntax import ast
from cnndsl.targets.flax.shaping import docs
from cnndsl.targets.flax.shaping.above import (
    functions_of,
    helpers_of,
    imports_of,
    is_line,
    mentioned,
    with_constants,
)
from cnndsl.targets.flax.shaping.annotations import annotate
from cnndsl.targets.flax.shaping.blocks import block_definition
from cnndsl.targets.flax.shaping.facts import facts
from cnndsl.targets.flax.shaping.finish import finish
from cnndsl.targets.flax.shaping.models import family
from cnndsl.targets.flax.shaping.partials import share
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.flax.staging.program import Staging
from cnndsl.targets.flax.staging.uses import Apart
from cnndsl.targets.python import module_tree, tree
from cnndsl.targets.python.expressions import names


def assemble(
    program: Program,
    networks: Sequence[Network],
    footer: Sequence[str],
    fixed: Iterable[str] = (),
    idle: Container[ast.Node] = (),
    *,
    plain: bool = False,
) -> module_tree.Module:
    """Everything that the module says.

    Args:
      program: the definitions of the spec.
      networks: its models.
      footer: the last lines of the module's docstring.
      fixed: parameters that cannot stay arguments, as "Model.name".
      idle: loops that have no round for some values of arguments.
      plain: leaves out the passes that only make classes easier to read.
    """
    try:
        staging = Staging(program, networks, frozenset(fixed), idle, apart=plain)
    except Apart:
        staging = Staging(program, networks, frozenset(fixed), idle, apart=True)
    module = frozenset(staging.taken)
    order = list(staging.definitions)
    drafts = _defined_first(sorted(staging.blocks.items(), key=lambda b: order.index(b[0])))
    blocks = [(name, finish(draft, module, plain=plain)) for name, draft in drafts]
    models = [(finish(draft, module, plain=plain), held) for draft, held in staging.models]
    classes = [f for _, f in blocks] + [f for f, _ in models]
    signatures = {f.draft.name: f.draft.built for _, f in blocks}
    for finished in [] if plain else classes:
        finished.signatures = signatures
    lines = staging.passing.lines
    shared = share(classes, staging.norms, staging.unique, lines)
    definitions: list[module_tree.Definition] = []
    for name, finished in blocks:
        definitions.append(
            block_definition(staging.definitions[name], finished, staging.instances[name])
        )
    for finished, held in models:
        definitions += family(finished, held)
    functions = functions_of(program, staging, definitions)
    tables = {n: v for n, v in staging.constants.items() if n in mentioned(definitions)}
    read = mentioned(definitions)
    partials: list[module_tree.Definition] = [
        tree.Assign((tree.Name(name),), value) for value, name in lines.items() if name in read
    ]
    partials += shared.lines
    helpers = helpers_of(staging, [*definitions, *partials])
    partials = with_constants(partials, helpers, definitions)
    whole = [h for h in helpers if not is_line(h)]
    body: list[module_tree.Definition] = [*facts(networks, tables)]
    body += [*whole, *functions, *partials, *definitions]
    doc = docs.header(program.spec.doc, networks, footer)
    made = module_tree.Module(
        doc, imports_of(body, bool(networks), staging.imports.lines()), tuple(body)
    )
    return annotate(made, plain=plain)


def _defined_first(drafts: list[tuple[str, Draft]]) -> list[tuple[str, Draft]]:
    """Drafts in an order in which what stands in a default is defined before it."""
    by_name = {draft.name: (name, draft) for name, draft in drafts}
    found: dict[str, Draft] = {}

    def define(name: str, draft: Draft) -> None:
        if name in found:
            return
        for default in [p.default for p in draft.arguments if p.default is not None]:
            for other in sorted(names(default) & by_name.keys() - {draft.name}):
                define(*by_name[other])
        found[name] = draft

    for name, draft in drafts:
        define(name, draft)
    return list(found.items())
