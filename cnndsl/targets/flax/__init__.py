"""Flax NNX: networks to a module of classes that read as if written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnndsl.elaborate.program import Program
from cnndsl.ir import Network

if TYPE_CHECKING:
    from cnndsl.targets.flax.view import ModuleView


def generate(
    program: Program, networks: list[Network], overrides: dict[str, Any] | None = None
) -> str:
    """The text of the module; it needs jax and flax alone."""
    from cnndsl.targets.flax.render import render

    return render(lower(program, networks, overrides))


def lower(
    program: Program, networks: list[Network], overrides: dict[str, Any] | None = None
) -> ModuleView:
    """What the templates print: the module in Flax's words."""
    from cnndsl import __version__
    from cnndsl.elaborate.models import deep_stack
    from cnndsl.targets.flax.module import footer, module_view

    source = program.spec.source
    with deep_stack():
        origin = footer(source.label or source.name, source.text, __version__)
        return module_view(program, networks, origin)
