"""Uses of a block at one place that stand for several definitions.

A block that uses itself is a definition of its own by how deep it is, and one that runs on signals
and on maps by how many axes it gets: its layers have other kernels. Where uses at one place are of
several definitions, an `if` says which: as if the author had written it. So it does for an op
whose code depends on the axes.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.elaborate.program import Program
from cnndsl.ir import Chained, Chosen, Frame, Instance, Layer, Network, Node, Passed, Ran
from cnndsl.ops.base import rank_of
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops import is_of_axes
from cnndsl.targets.flax.staging.again import first_uses
from cnndsl.walks import children


def tell_apart(networks: Sequence[Network], program: Program, *, apart: bool) -> None:
    """Makes uses of a block that uses itself uses of one definition or, where these are to be
    `apart`, of one for each depth; and of one that gets other axes uses of one for each rank."""
    uses: list[Instance] = []
    stack: list[Node] = [network.frame for network in networks]
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            uses.append(current)
            current.block = program.unranked.get(current.block.name, current.block)
        if isinstance(current, Instance) and current.level > 0:
            name = current.block.name_span.text
            base = program.blocks[name]
            deeper = apart and current.level > 1
            current.block = program.level(base, current.level) if deeper else base
        stack.extend(children(current))
    ranks: dict[str, set[int]] = {}
    first = first_uses(networks)
    for use in uses:
        ranks.setdefault(use.block.name, set()).add(rank_of(first.get(use, use).x.shape))
    for use in uses:
        if len(ranks[use.block.name] - {0}) > 1:
            rank = rank_of(first.get(use, use).x.shape)
            if rank not in (0, _usual(ranks[use.block.name])):
                use.block = program.of_rank(use.block, rank)


def _usual(ranks: set[int]) -> int:
    """The rank for which a block keeps its name: that of feature maps, if it gets some."""
    return 2 if 2 in ranks else min(ranks - {0})


Use = Instance | Layer | Passed


def definition_of(use: Use) -> str:
    """The name of the block that a use runs; none for what is no block."""
    run = use.run if isinstance(use, Passed) else use
    return run.block.name if isinstance(run, Instance) else ""


def _code_of(use: Use) -> str | int:
    """What a use runs: the name of its block, or the axes that decide how its op is written."""
    run = use.run if isinstance(use, Passed) else use
    if isinstance(run, Layer) and is_of_axes(run.op):
        while run.first is not None:  # shared layers are one, whatever arrives
            run = run.first
        return rank_of(run.x.shape)
    return definition_of(use)


def is_mixed(uses: Sequence[Use]) -> bool:
    """Whether some uses of one block are of several depths, or of one op on several axes."""
    if len({len(use.x.shape) for use in uses}) < 2 and all(isinstance(u, Layer) for u in uses[:1]):
        return False
    called = {_called(use) for use in uses}
    return len(called) == 1 and len(set(map(_code_of, uses))) > 1


def _called(use: Use) -> str:
    """The block as it was written; a layer that is an argument may be another one each time."""
    if not isinstance(use, Passed):
        return ""
    return "" if use.layer is None else use.layer.name


def sorted_out(element: ast.Apply, uses: Sequence[Use]) -> tuple[ast.Body, list[Frame]]:
    """A body with an `if` over the definitions, and what became of it in every execution."""
    span = element.span
    kinds = list(dict.fromkeys(map(_code_of, uses)))
    chain = ast.Chain(span, (element,))
    runs = [ast.Run(span, chain, None, None, None) for _ in kinds]
    bodies = [ast.Body(span, (run,)) for run in runs]
    # What no expression of the constructor says: which it is, the compiler works out.
    test = ast.Comprehension(span, ast.Literal(span, 0), (), (), ast.List(span, ()), None)
    branches = tuple((test, body) for body in bodies[:-1])
    choice = ast.If(span, branches, bodies[-1])
    frames: list[Frame] = []
    whole = ast.Body(span, (choice,))
    for use in uses:
        taken = kinds.index(_code_of(use))
        ran = Ran(runs[taken], Chained(chain, use.x, use.out, [use]), None)
        inner = Frame(bodies[taken], use.x, use.out, [ran])
        frames.append(Frame(whole, use.x, use.out, [Chosen(choice, taken, inner)]))
    return whole, frames
