"""The text of modules from corners of the language: what linters say, and what it imports."""

from __future__ import annotations

import ast

import pytest

from tests.compiled import lint
from tests.targets.test_validate import CORNERS, code_of

ALLOWED = {
    *("collections.abc", "functools", "math", "typing", "jax", "jax.numpy", "jax.typing"),
    *("flax", "flax.nnx.nn.dtypes", "flax.typing"),
}


@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_of_the_language(name: str):
    """Each compile proves its module."""
    code = code_of(CORNERS[name])
    lint(code)
    assert imports(code) <= ALLOWED


def imports(code: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names
