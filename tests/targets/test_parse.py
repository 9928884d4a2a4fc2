"""The reader of generated modules: what becomes which node, and what is refused."""

from __future__ import annotations

import textwrap

import pytest

from cnndsl.targets.flax.fragments import ORDER, fragment
from cnndsl.targets.python.module_tree import Class, Frozen, Function, Helper, Import, Parameter
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Blank,
    Call,
    Constant,
    Dict,
    If,
    Item,
    Name,
    Remark,
    Return,
    Slice,
    Tuple,
)
from tests.compiled import GENERATED
from tests.targets.parse import Unsupported, parse_module

X = Name("x")


def definition(text: str):
    (found,) = parse_module(textwrap.dedent(text)).body
    return found


def value(text: str):
    return definition(f"y = {text}").value


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.py")), ids=lambda path: path.stem)
def test_committed_modules_are_read(path):
    module = parse_module(path.read_text(encoding="utf-8"))
    assert module.doc and module.imports
    is_network = not path.stem.endswith("_training")
    assert any(isinstance(d, Class if is_network else Function | Class) for d in module.body)


def test_imports_stand_above():
    module = parse_module("import jax\nimport jax.numpy as jnp\nfrom flax import nnx\n")
    assert module.imports == (
        Import("jax", "jax"),
        Import("jax.numpy", "jnp"),
        Import("flax", "nnx", is_from=True),
    )


def test_a_number_says_how_its_digits_stand():
    assert value("11_689_512") == Constant(11689512, grouped=True)
    assert value("11689512") == Constant(11689512)
    assert definition('y = "é", 1_000').value.items[1].grouped


def test_expressions():
    assert value("a and b and x") == Binary("and", Binary("and", Name("a"), Name("b")), X)
    assert value("x[..., 1:]") == Item(X, Tuple((Constant(...), Slice(Constant(1)))))
    assert value("{'a': 1, **x}") == Dict(((Constant("a"), Constant(1)), (None, X)))


def test_comments_and_blank_lines():
    function = definition(
        """
        def f(x, *, y=1):
            a = b = g(
                x
            )  # (N, 2)

            # Why.
            # So.
            if a:
                return a
            elif b:
                return b
            return x
        """
    )
    assert function == Function(
        "f",
        (Parameter("x"), Parameter("", star="*"), Parameter("y", default=Constant(1))),
        None,
        (
            Assign((Name("a"), Name("b")), Call(Name("g"), (X,)), "(N, 2)"),
            Blank(),
            Remark("Why.\nSo."),
            If(
                Name("a"),
                (Return(Name("a")),),
                (If(Name("b"), (Return(Name("b")),)),),
            ),
            Return(X),
        ),
    )


def test_a_remark_belongs_to_the_body_at_whose_column_it_stands():
    function = definition(
        """
        def f(x):
            for i in x:
                y = i
                # in
            # out
            return x
        """
    )
    assert Remark("out") in function.body
    assert Remark("in") in function.body[0].body


def test_tables_that_no_formatter_touches():
    table, name = parse_module("# fmt: off\nT = (\n    (1, 2),\n)\n# fmt: on\nx = 1\n").body
    assert table == Frozen("T", (Tuple((Constant(1), Constant(2))),))
    assert name == Assign((X,), Constant(1))


@pytest.mark.parametrize("name", ORDER)
def test_a_fragment_is_a_helper_word_for_word(name):
    known = fragment(name)
    assert definition(known.text) == Helper(name, known.defines, known.text)


def test_another_definition_of_that_name_is_read():
    found = definition("def avg_pool(x):\n    return x\n")
    assert isinstance(found, Function)


@pytest.mark.parametrize(
    "text",
    [
        "import a.b",
        "from a import b as c",
        "x = 1\nimport a",
        "@a\ndef f(x):\n    return x",
        "@a\nclass F(b):\n    pass",
        "class F(a, b):\n    pass",
        "def f(x):\n    while x:\n        pass",
        "def f(x):\n    return",
        "def f(x, /):\n    return x",
        "def f(x):\n    for i in x:\n        pass\n    else:\n        pass",
        "def f(x):\n    with x:\n        pass",
        "def f(x):\n    global y",
        "try:\n    x = 1\nfinally:\n    x = 2",
        "f()",
        "x = lambda: 1",
        "x = {1, 2}",
        "x = 1 < 2 < 3",
        "x = [a for b in c if b]",
        "x = [a for b in c for a in b]",
        "x = f'{y:3}'",
        "x = f'{y!r}'",
        "x = (y := 2)",
        "x = ~1",
        "x = a @ b",
        "x = b'1'",
        "x = 1j",
        "x = [\n    1,  # one\n]",
        "class F(a):\n    # why\n    pass",
    ],
)
def test_what_the_tree_has_no_kind_for(text):
    with pytest.raises(Unsupported):
        parse_module(text + "\n")


def test_where_it_stands():
    with pytest.raises(Unsupported, match="line 2: `While`"):
        parse_module("def f(x):\n    while x:\n        pass\n")
