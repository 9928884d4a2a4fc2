"""What methods of blocks and of models have in common."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.flax.ops.emission import FORKED
from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.shaping.partials import hoist
from cnndsl.targets.python import tree
from cnndsl.targets.python.closing import closing
from cnndsl.targets.python.comprehensions import comprehensions
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import attributes, path, self_
from cnndsl.targets.python.module_tree import Parameter
from cnndsl.targets.python.statements import mentions, plain
from cnndsl.targets.python.tree import Assign, Blank, Call, Name

BASE = path("nnx.Module")


ARRAY = path("jax.Array")


RNGS = Parameter("rngs", path("nnx.Rngs"))


STAR = Parameter("", None, None, "*")


SELF = Parameter("self")


FORK = Assign(
    (Name(FORKED),), Call(path("rngs.fork"), ()), "without heads, a seed gives the same network"
)


def constructor(finished: Finished) -> tuple[tree.Statement, ...]:
    """Partials and `let`s, an empty line, then what is kept on `self`."""
    builds = finished.builds()
    partials = hoist(finished)
    called = {a for e in mentions(whole(finished.call)) for a in attributes(e)}
    stored = [Assign((self_(n),), Name(n)) for n in finished.stored if n in called]
    forks = [FORK] if any(FORKED in b.takes for b in builds) else []
    head: list[Step] = [*forks, *partials, *finished.lets]
    body: list[Step] = [*stored, *finished.init]
    if finished.heads:
        body.append(tree.If(Name("aux"), whole(finished.heads, 12)))
    gap: list[Step] = [Blank()] if head and body else []
    return whole([*head, *gap, *body])


def whole(steps: Sequence[Step], indent: int = 8) -> tuple[tree.Statement, ...]:
    """The statements as the tree alone has them."""
    return closing(comprehensions([plain(step) for step in steps], indent), indent)
