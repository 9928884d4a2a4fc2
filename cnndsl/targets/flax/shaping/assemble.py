"""The tree of a whole module: constants, helpers, partials, blocks, and the models last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.elaborate.program import Program
from cnndsl.ir import Network
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
from cnndsl.targets.flax.staging.program import Staging
from cnndsl.targets.python import tree


def assemble(
    program: Program,
    networks: Sequence[Network],
    footer: Sequence[str],
    fixed: Iterable[str] = (),
    *,
    plain: bool = False,
) -> tree.Module:
    """Everything that the module says.

    Args:
      program: the definitions of the spec.
      networks: its models.
      footer: the last lines of the module's docstring.
      fixed: parameters that cannot stay arguments, as "Model.name".
      plain: leaves out the passes that only make classes easier to read.
    """
    staging = Staging(program, networks, frozenset(fixed))
    module = frozenset(staging.taken)
    order = list(program.blocks)
    drafts = sorted(staging.blocks.items(), key=lambda item: order.index(item[0]))
    blocks = [(name, finish(draft, module, plain=plain)) for name, draft in drafts]
    models = [(finish(draft, module, plain=plain), held) for draft, held in staging.models]
    classes = [f for _, f in blocks] + [f for f, _ in models]
    shared = share(classes, staging.norms, staging.unique)
    definitions: list[tree.Definition] = []
    for name, finished in blocks:
        definitions.append(
            block_definition(program.blocks[name], finished, staging.instances[name])
        )
    for finished, held in models:
        definitions += family(finished, held)
    functions = functions_of(program, staging, definitions)
    tables = {n: v for n, v in staging.constants.items() if n in mentioned(definitions)}
    partials: list[tree.Definition] = list(shared.lines)
    helpers = helpers_of(staging, [*definitions, *partials])
    partials = with_constants(partials, helpers, definitions)
    whole = [h for h in helpers if not is_line(h)]
    body: list[tree.Definition] = [*facts(networks, tables)]
    body += [*whole, *functions, *partials, *definitions]
    doc = docs.header(program.spec.doc, networks, footer)
    made = tree.Module(doc, imports_of(body, bool(networks)), tuple(body))
    return annotate(made, plain=plain)
