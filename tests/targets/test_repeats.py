"""Assignments of what a variable already is are left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.print import print_module
from cnndsl.targets.python.repeats import without_repeats
from tests.targets.parse import parse_module

HEAD = "def f(x, n, sizes, layers):\n"


def left(body: str) -> str:
    """What is left of the lines of a function, none of which is empty."""
    lines = [f"    {line}" for line in body.strip().split("\n")]
    module = parse_module(HEAD + "\n".join(lines) + "\n")
    (function,) = module.body
    assert isinstance(function, Function)
    steps = tuple(without_repeats(function.body))
    printed = print_module(replace(module, body=(replace(function, body=steps),)))
    _, _, found = printed.partition(":\n")
    return "\n".join(line.removeprefix("    ") for line in found.split("\n") if line.strip())


REPEATS = {
    "the same name": ("x = x\nreturn x", "return x"),
    "an item": ("y = sizes[-2 - n]\ny = sizes[-2 - n]\nreturn y", "y = sizes[-2 - n]\nreturn y"),
    "an `if`": (
        "y = sizes[0]\nif n > 1:\n    y = sizes[0]\nreturn y",
        "y = sizes[0]\nreturn y",
    ),
    "a loop": (
        "y = 128\nfor i in range(n):\n    layers.append(y)\n    y = 128\nreturn y",
        "y = 128\nfor i in range(n):\n    layers.append(y)\nreturn y",
    ),
    "a loop in a loop": (
        "y = 2 * n\n"
        "for i in range(n):\n    for j in range(n):\n        layers.append(y)\n        y = 2 * n\n"
        "return y",
        "y = 2 * n\nfor i in range(n):\n    for j in range(n):\n        layers.append(y)\nreturn y",
    ),
    "all of a loop": (
        "y = 128\nfor i in range(n):\n    for j in range(i):\n        y = 128\nreturn y",
        "y = 128\nreturn y",
    ),
    "all of a loop in a loop": (
        "y = 8\nfor i in range(n):\n    layers.append(y)\n    for j in range(n):\n        y = 8\n"
        "return y",
        "y = 8\nfor i in range(n):\n    layers.append(y)\nreturn y",
    ),
    "an attribute": (
        "y = self.width\nself.layers.append(y)\ny = self.width\nreturn y",
        "y = self.width\nself.layers.append(y)\nreturn y",
    ),
}


@pytest.mark.parametrize("case", REPEATS)
def test_what_says_nothing_is_left_out(case: str) -> None:
    body, wanted = REPEATS[case]
    assert left(body) == wanted


KEPT = {
    "another value": "y = sizes[0]\ny = sizes[1]\nreturn y",
    "what it is made of": "y = sizes[n]\nn = 2\ny = sizes[n]\nreturn y",
    "a list that grows": "y = sizes[-1]\nsizes.append(n)\ny = sizes[-1]\nreturn y",
    "a list that grows in a loop": (
        "y = sizes[-1]\nfor i in range(n):\n    sizes.append(i)\n    y = sizes[-1]\nreturn y"
    ),
    "an item that is set": 'y = sizes["a"]\nsizes["a"] = n\ny = sizes["a"]\nreturn y',
    "an attribute that is set": "y = self.width\nself.width = n\ny = self.width\nreturn y",
    "a list of `self` that grows": (
        "y = self.sizes[-1]\nself.sizes.append(n)\ny = self.sizes[-1]\nreturn y"
    ),
    "a call": "y = layers(x)\ny = layers(x)\nreturn y",
    "two values in a loop": (
        "y = 128\nfor i in range(n):\n    layers.append(y)\n    y = 64\n"
        "    layers.append(y)\n    y = 128\nreturn y"
    ),
    "what a loop walks": "i = 3\nfor i in range(n):\n    i = 3\nreturn i",
    "the last item of a loop": "y = 3\nfor i in range(n):\n    y = 3\nreturn y + i",
    "the last item of a loop in a loop": (
        "y = 3\ni = 1\nfor j in range(n):\n    layers.append(i)\n    for i in range(n):\n"
        "        y = 3\nreturn y"
    ),
    "an arm": "if n:\n    y = 3\nelse:\n    y = 4\ny = 3\nreturn y",
    "behind a loop that may change it": ("y = 3\nfor i in range(n):\n    y = 4\ny = 3\nreturn y"),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_changes_something_stays(case: str) -> None:
    assert left(KEPT[case]) == KEPT[case]
