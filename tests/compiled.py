"""Specs of the tests, compiled: the text of modules, which nothing imports here."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruff import find_ruff_bin

from cnndsl.files import Files
from cnndsl.ir import Network
from cnndsl.pipeline import check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax import Flax

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
GENERATED = ROOT / "generated"
CORNERS = Path(__file__).parent / "corners"
GOLDENS = Path(__file__).parent / "golden"
NETWORKS = Path(__file__).parent / "networks"


@dataclass(frozen=True)
class Text:
    """The text of a module, and the networks that it was proven to equal.

    `training` is the text of the module that trains them, where they have recipes.
    """

    code: str
    networks: tuple[Network, ...]
    training: str | None


def compile_text(
    text: str,
    name: str = "spec.cnn",
    set: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    **options: Any,
) -> Text:
    """Compiles a spec that has no mistake, to a module in its readable form.

    What the spec uses lies in `folder`.
    """
    load = Files(name, None if folder is None else str(folder)).load
    checked = check_source(Source(name, text), load, dict(set or {}))
    assert not checked.diagnostics, [d.message for d in checked.diagnostics]
    options.setdefault("target", Flax(plainer=False))
    compiled = compile_checked(checked, dict(set or {}), **options)
    assert compiled.code is not None
    return Text(compiled.code, checked.networks, compiled.training)


def compile_file(path: Path, **options: Any) -> Text:
    return compile_text(path.read_text(encoding="utf-8"), path.name, folder=path.parent, **options)


def constants(code: str) -> dict[str, Any]:
    """The tables at the head of a module: NUM_PARAMS, INPUT_SHAPE and what else it states."""
    tables = [
        node
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).isupper()
    ]
    scope: dict[str, Any] = {}
    exec(compile(ast.Module(tables, []), "<tables>", "exec"), scope)
    return {name: value for name, value in scope.items() if name.isupper()}


def lint(code: str, *ignored: str) -> None:
    """The code is as ruff would have written it in a user's own project, but for some rules."""
    rules = ("--extend-select", "B,I,SIM,UP", "--target-version", "py311")
    rules += tuple(f"--ignore={rule}" for rule in ignored)
    for command in (("check", "--quiet", *rules), ("format", "--check", "--diff")):
        done = subprocess.run(
            [find_ruff_bin(), *command, "--isolated", "--stdin-filename", "module.py", "-"],
            input=code,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
