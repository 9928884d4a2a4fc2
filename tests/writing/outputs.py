"""Several results: a spec whose models name what some of their chains give."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from cnndsl.syntax import ast
from tests.edits import Edit, edited, parsed

SHARE = 0.35  # of the chains without a name
WORDS = ("output", "output", "output", "as")
STEMS = ("p", "map_", "c2_", "out_", "x_", "class_", "self_")


def with_outputs(text: str, random: Random) -> str | None:
    """The spec with outputs in its models, their stages, loops and branches; None without any.

    Random numbers of its own, so that seeds of `Writer` keep their specs.
    """
    spec = parsed(text)
    if spec is None:
        return None
    models = [d for d in spec.definitions if isinstance(d, ast.Model)]
    chosen = [run for m in models for run in _unnamed(m.body) if random.random() < SHARE]
    edits = []
    for number, run in enumerate(chosen):
        name = f"{random.choice(STEMS)}{number}_{random.choice(('', 'q'))}"
        end = run.chain.span.end
        edits.append(Edit(end, end, f" {random.choice(WORDS)} {name}"))
    return edited(text, edits) if edits else None


def _unnamed(body: ast.Body) -> Iterator[ast.Run]:
    for statement in body.statements:
        match statement:
            case ast.Run(name=None):
                yield statement
            case ast.Stage(body=inner) | ast.For(body=inner):
                yield from _unnamed(inner)
            case ast.If(branches=branches, other=other):
                for _, inner in branches:
                    yield from _unnamed(inner)
                if other is not None:
                    yield from _unnamed(other)
