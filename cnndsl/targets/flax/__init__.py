"""Flax NNX: networks to a module of classes that read as if written by hand."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.program import Program
from cnndsl.ir import Network


def generate(
    program: Program, networks: list[Network], overrides: dict[str, Any] | None = None
) -> str:
    """The text of the module; it needs jax and flax alone."""
    from cnndsl import __version__
    from cnndsl.elaborate.models import deep_stack
    from cnndsl.targets.flax.module import footer, module_view
    from cnndsl.targets.flax.render import render

    source = program.spec.source
    with deep_stack():
        view = module_view(program, networks, footer(source.name, source.text, __version__))
    return render(view)
