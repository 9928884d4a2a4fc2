"""Committed modules repeat no default of what they call, as its own signature has it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flax import nnx

from tests.compiled import GENERATED
from tests.modules import imported

pytestmark = pytest.mark.xla

MODULES = sorted(GENERATED.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_argument_equals_its_default(path: Path):
    code = path.read_text(encoding="utf-8")
    found = list(redundant(ast.parse(code), imported(code)))
    assert not found, "\n".join(found)


def redundant(tree: ast.Module, module: Any) -> Iterator[str]:
    """Keyword arguments, and last positional ones, that say what the callee assumes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        args, callee = node.args, node.func
        if isinstance(callee, ast.Name) and callee.id == "partial" and args:
            callee, args = args[0], args[1:]
        function = resolved(callee, module)
        if function is None or any(isinstance(arg, ast.Starred) for arg in args):
            continue
        parameters = inspect.signature(function).parameters
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if args and len(args) <= len(parameters):
            given[list(parameters)[len(args) - 1]] = args[-1]
        for name, value in given.items():
            if name in parameters and isinstance(value, (ast.Constant, ast.Tuple)):
                default = parameters[name].default
                if ast.unparse(value) == repr(default):
                    yield f"{ast.unparse(node)}: {name}"


def resolved(callee: ast.expr, module: Any) -> Callable[..., Any] | None:
    """What is called, where the module or flax defines it."""
    match callee:
        case ast.Name(id=name) if inspect.isfunction(function := getattr(module, name, None)):
            return function
        case ast.Name(id=name) if inspect.isclass(cls := getattr(module, name, None)):
            return cls
        case ast.Attribute(value=ast.Name(id="nnx"), attr=name):
            return getattr(nnx, name)
    return None
