"""The interpreter of trees: what it computes as Python does, and what it refuses."""

from __future__ import annotations

import pytest

from cnndsl.targets.python.interpret import interpret
from cnndsl.targets.python.values import Budget, External, Failure
from tests.targets.parse import parse_module


class Base(External):
    """A class to derive from."""

    is_base = True


class Recorder(External):
    """Something of the target's that can be called."""

    def __init__(self):
        self.calls = []

    def call(self, args, keywords):
        self.calls.append((args, keywords))
        return len(self.calls)


def run(text: str, budget: int = 100_000, **externals: External) -> dict[str, object]:
    imports = {("target", name): value for name, value in {"Base": Base(), **externals}.items()}
    lines = "".join(f"from target import {name}\n" for _, name in imports)
    module = parse_module(f"import math\nfrom functools import partial\n{lines}{text}\n")
    return interpret(module, imports, {}, Budget(budget))


def value(expression: str) -> object:
    return run(f"result = {expression}")["result"]


def test_a_type_is_never_evaluated() -> None:
    text = """
class Net(Base):
    def __init__(self):
        self.units: unknown[1 / 0] = []
        depth: unknown = 3
        self.units.append(depth)

    def __call__(self):
        return self.units
"""
    assert run(f"{text}\n\nresult = Net()()")["result"] == [3]


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 2 * 3 - 7 // 2 + 7 % 4 + 2**5",
        "(1 / 4, -3, not 1, 1 < 2, 1 == 1.0, 2 != 2, 3 >= 4, 1 in (1, 2), 3 not in [1])",
        "0 or 5 and 3",
        "None is None, True is not None",
        "'yes' if 0 else 'no'",
        "[*range(3), *(i * i for i in (1, 2))]",
        "[i + j for i, j in zip((1, 2), (3, 4), strict=True)]",
        "{**{'a': 1}, 'b': 2} | {'c': 3}",
        "{k: len(k) for k in ('a', 'bb')}",
        "f'layer{1 + 1}'",
        "(1, 2, 3)[1:], [1, 2][-1], {'a': 4}['a'], 'text'[0]",
        "tuple(tuple(1 if m == 'x' else -1 for m in c) for c in ('x.', '.x'))",
        "sum((1, 2)), min(3, 1), max([1, 5]), abs(-2), round(2.567, 1), int(3.7)",
        "sorted((3, 1, 2), reverse=True), list(reversed([1, 2])), list(enumerate('ab', 1))",
        "isinstance(3, int), isinstance((1,), tuple), bool(0), str(3), float(2)",
        "any([0, 1]), all([0, 1]), len((1, 2)), list(range(4, 0, -2))",
        "(1, 2) + (3,), [0] * 3, (1, 2) == (1, 2)",
    ],
)
def test_expressions_have_pythons_values(expression):
    assert repr(value(expression)) == repr(eval(expression))


def test_math():
    assert value("math.ceil(2.1), math.sqrt(16)") == (3, 4.0)


CLASSES = """
SIZE = 3


def double(n: int) -> int:
    if n > 10:
        return 0
    return n * 2


class Animal(Base):
    legs = 4
    sound: str = "none"

    def __init__(self, name, *, size=SIZE, **rest):
        super().__init__()
        self.name, self.size = name, size
        self.rest = rest

    def __call__(self, n):
        total = 0
        for i, (a, *b) in enumerate([(1, 2, 3), (4, 5, 6)]):
            total += double(a) + sum(b) + i
        return total + n + self.legs

    def described(self):
        return f"{self.name} {self.sound} {self.legs * self.size}"


class Bird(Animal):
    legs = 2
    sound = "song"


bird = Bird("finch", size=2, colour="red")
make = partial(Animal, "cat", size=1)
results = (bird(1), bird.described(), bird.rest, make(size=5).size, Animal("dog").size)
"""


def test_classes_and_functions():
    assert run(CLASSES)["results"] == (30, "finch song 4", {"colour": "red"}, 5, 3)


def test_a_comprehension_keeps_its_variables_to_itself():
    text = "def f(i):\n    squares = [i * i for i in range(3)]\n    return squares, i\n\n\nr = f(7)"
    assert run(text)["r"] == ([0, 1, 4], 7)


def test_a_generator_is_used_once():
    text = "def f():\n    g = (i for i in (1, 2))\n    return list(g), list(g)\n\n\nr = f()"
    assert run(text)["r"] == ([1, 2], [])


def test_externals_get_what_they_are_given():
    recorder = Recorder()
    run("kinds = {'b': 2}\nx = layer(1, *(2, 3), a=1, **kinds)", layer=recorder)
    assert recorder.calls == [([1, 2, 3], {"a": 1, "b": 2})]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = y", "`y` has no value here"),
        ("x = (1).real", "has no attribute `real`"),
        ("x = 'a'.upper()", "has no attribute `upper`"),
        ("x = Base.name", "a base has no attribute `name`"),
        ("x = ().__class__", "has no attribute `__class__`"),
        ("x = open('f')", "`open` has no value here"),
        ("x = __import__('os')", "`__import__` has no value here"),
        ("x = 3(4)", "cannot be called"),
        ("x = 1 + 'a'", "TypeError"),
        ("x = 1 // 0", "ZeroDivisionError"),
        ("x = (1, 2)[5]", "IndexError"),
        ("x = {'a': 1}['b']", "KeyError"),
        ("x = 9**9999", "a power of"),
        ("x = 2**62 * 4", "beyond 2**63"),
        ("x = (-1) ** 0.5", "a complex number"),
        ("x = 5 is 5", "`is` of"),
        ("x = Base + 1", "`+` of a base"),
        ("x = Base == 1", "`==` of a base"),
        ("a, b = (1, 2, 3)", "3 values for 2 names"),
        ("x = len(5)", "`len` of `5`"),
        ("x = int('5')", "`int` of `'5'`"),
        ("x = max('a')", "`max` of"),
        ("x = range(1.5)", "no integer"),
        ("x = zip((1,), (2, 3), strict=True)", "zip() argument 2 is longer"),
        ("x = partial(3)", "takes a callable first"),
        ("x = math.factorial(9)", "`math` has no `factorial`"),
        ("class F(int):\n    pass", "class F derives from `int`"),
        ("def f(x: Missing):\n    return x", "`Missing` has no value here"),
        ("def f(a):\n    return a\n\n\nx = f()", "without `a`"),
        ("def f(a):\n    return a\n\n\nx = f(1, 2)", "1 arguments by position"),
        ("def f(a):\n    return a\n\n\nx = f(1, a=2)", "given `a` twice"),
        ("def f(a):\n    return a\n\n\nx = f(1, b=2)", "no argument `b`"),
        (
            "def f(a):\n    if a:\n        b = 1\n    return b\n\n\nx = f(0)",
            "f: `return b`: `b` has",
        ),
        ("def f():\n    return f()\n\n\nx = f()", "calls itself too deeply"),
        ("x = [0] * 1000000", "too many steps"),
        ("x = list(range(1000000000))", "too many steps"),
        ("x = sum(i for i in range(1000000000))", "too many steps"),
        ("class F(Base):\n    pass\n\n\nx = F().a", "an instance of F has no attribute `a`"),
        ("class F(Base):\n    pass\n\n\nx = F(1)", "class F takes no arguments"),
    ],
)
def test_what_is_refused(text, words):
    with pytest.raises(Failure) as caught:
        run(text)
    assert words in str(caught.value)


def test_an_error_says_where():
    text = "class F(Base):\n    def __init__(self, n):\n        self.n = n // 0\n\n\nx = F(3)"
    with pytest.raises(Failure, match=r"F.__init__: `self.n = n // 0`: ZeroDivisionError"):
        run(text)


def test_what_is_imported_is_known():
    with pytest.raises(Failure, match="the module imports os"):
        interpret(parse_module("import os\n"), {}, {}, Budget())
