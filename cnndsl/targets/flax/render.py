"""The view to text: Jinja2 prints, ruff formats."""

from __future__ import annotations

import subprocess
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cnndsl.targets.flax.view import ModuleView


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cnndsl.targets.flax"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # Python, not HTML; names and texts are made safe in the view
        keep_trailing_newline=True,
    )


def render(view: ModuleView) -> str:
    template = _environment().get_template("module.jinja")
    macros = _environment().get_template("macros.jinja").module
    return formatted(template.render(module=view, macros=macros))


def formatted(text: str) -> str:
    """The text as ruff formats it, whatever configuration lies around."""
    from ruff import find_ruff_bin

    command = [find_ruff_bin(), "format", "--isolated", "--stdin-filename", "module.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(f"the generated module does not parse:\n{done.stderr}")
    return done.stdout
