"""The tree that a text becomes."""

from __future__ import annotations

import dataclasses

import pytest

from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse
from tests.syntax.specs import ALL, EVERYTHING, VGG


def parsed(text: str) -> ast.Spec:
    spec, diagnostics = parse(Source("test.cnn", text))
    assert not diagnostics, diagnostics[0].message
    assert spec is not None
    return spec


def statements(text: str) -> tuple[ast.Statement, ...]:
    (block,) = parsed(f"block test() {{\n{text}\n}}\n").definitions
    return block.body.statements


def statement(text: str) -> ast.Statement:
    (only,) = statements(text)
    return only


def expression(text: str) -> ast.Expr:
    return statement(f"let x = {text}").value


def drawn(node) -> str:
    """An expression or a chain with every bracket that it means."""
    match node:
        case ast.Literal(value=value):
            return str(value)
        case ast.List(items=items):
            return f"[{', '.join(map(drawn, items))}]"
        case ast.Name(id=name):
            return name
        case ast.Attribute(base=base, attr=attr):
            return f"{drawn(base)}.{attr}"
        case ast.Index(base=base, index=index):
            return f"{drawn(base)}[{drawn(index)}]"
        case ast.Call(func=func, args=args):
            return f"{func.id}({', '.join(map(drawn, args))})"
        case ast.Argument(name=name, value=value):
            return f"{name}={drawn(value)}" if name else drawn(value)
        case ast.Unary(op=op, operand=operand):
            return f"({op} {drawn(operand)})"
        case ast.Binary(op=op, left=left, right=right):
            return f"({drawn(left)} {op} {drawn(right)})"
        case ast.Conditional(then=then, condition=condition, other=other):
            return f"({drawn(then)} if {drawn(condition)} else {drawn(other)})"
        case ast.Range(start=start, stop=stop):
            return f"({drawn(start)} .. {drawn(stop)})"
        case ast.Comprehension(item=item, targets=targets, items=items, condition=condition):
            test = f" if {drawn(condition)}" if condition else ""
            return f"[{drawn(item)} for {', '.join(targets)} in {drawn(items)}{test}]"
        case ast.Chain(elements=elements):
            return " -> ".join(map(drawn, elements))
        case ast.Apply(name=name, args=None):
            return name
        case ast.Apply(name=name, args=args):
            return f"{name}({', '.join(map(drawn, args))})"
        case ast.Merge(name=name, items=items):
            return f"{name} [{', '.join(map(drawn, items))}]"
        case ast.Group(body=body):
            return "{" + "; ".join(drawn(run.chain) for run in body.statements) + "}"
        case ast.Repeat(element=element, count=count):
            return f"<{drawn(element)} * {drawn(count)}>"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1_000", "1000"),
        ("1e-4", "0.0001"),
        ("0.5", "0.5"),
        ('"he_normal"', "he_normal"),
        ('"a\\n"', "a\\n"),
        ("same", "same"),
        ("none", "None"),
        ("true", "True"),
        ("3x3", "[3, 3]"),
        ("[1, 2,]", "[1, 2]"),
        ("[]", "[]"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("int(c + 4) // 8 * 8", "((int((c + 4)) // 8) * 8)"),
        ("2 ** 3 ** 4", "(2 ** (3 ** 4))"),
        ("-2 ** -n", "(- (2 ** (- n)))"),
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("0 .. n - 1", "(0 .. (n - 1))"),
        ("0..5", "(0 .. 5)"),
        ("xs[i][0]", "xs[i][0]"),
        ("in.channels // 2", "(in.channels // 2)"),
        ("here.shape[0]", "here.shape[0]"),
        ("f(1, g(2), a = 3,)", "f(1, g(2), a=3)"),
        ("xs[-1]", "xs[(- 1)]"),
        ("xs[a .. -1]", "xs[(a .. (- 1))]"),
        ("[f(x) for x in xs]", "[f(x) for x in xs]"),
        ("[x for x in 0 .. n if x > 1 and y]", "[x for x in (0 .. n) if ((x > 1) and y)]"),
        ("[a if b else c for a, b, in xs]", "[(a if b else c) for a, b in xs]"),
        ("[[y for y in x] for x in xs + ys]", "[[y for y in x] for x in (xs + ys)]"),
        ("within", "within"),
        ("samesame + validity", "(samesame + validity)"),
    ],
)
def test_expressions(text, meaning):
    assert drawn(expression(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("relu", "relu"),
        ("norm() -> relu", "norm() -> relu"),
        ("conv(64, 3, bias = false)", "conv(64, 3, bias=False)"),
        ("in -> here -> relu", "in -> here -> relu"),
        ("unit * 3", "<unit * 3>"),
        ("unit(1) * depths[i][0] -> relu", "<unit(1) * depths[i][0]> -> relu"),
        ("unit * (depths[i] - 1)", "<unit * (depths[i] - 1)>"),
        ("unit * n * 2", "<<unit * n> * 2>"),
        ("{ conv(64) -> relu } * n", "<{conv(64) -> relu} * n>"),
        ("{ a\nb\n }", "{a; b}"),
        ("{ }", "{}"),
        ("add [ a, b -> c ] -> relu", "add [a, b -> c] -> relu"),
        ("add [\n a\n b\n ] * 2", "<add [a, b] * 2>"),
        ("concat []", "concat []"),
    ],
)
def test_chains(text, meaning):
    run = statement(text)
    assert drawn(run.chain) == meaning
    assert run.name is None and run.shape is None


def test_functions():
    short, long, braced = parsed(
        "fn a(c) = c\nfn b(c, d = 2) {\n  let e = c * d\n  # why\n  let f = e\n  f + 1\n}\n"
        "# Doc.\nfn c(n) { n if n > 1 else\n 1 }\n"
    ).definitions
    assert (short.lets, drawn(short.value)) == ((), "c")
    assert [(let.name, drawn(let.value)) for let in long.lets] == [("e", "(c * d)"), ("f", "e")]
    assert drawn(long.value) == "(f + 1)"
    assert long.span.text.endswith("}")
    assert (braced.lets, drawn(braced.value)) == ((), "(n if (n > 1) else 1)")
    assert braced.doc == "Doc."


def test_rounded_counts():
    expect = statement("expect macs 4.10G")
    assert (expect.value.value, expect.unit, expect.tolerance) == (4_100_000_000, 10**7, None)
    assert expect.value.span.text == "4.10G"
    (exact,) = statements("expect macs 4_100 within 1%")
    assert (exact.unit, exact.tolerance.value) == (0, 1)


def test_statements():
    run = statement("relu -> bn as features : 7x7x64")
    assert (drawn(run.chain), run.name, drawn(run.shape)) == (
        "relu -> bn",
        "features",
        "[7, 7, 64]",
    )
    assert run.name_span.text == "features"
    bind = statement("p = prev -> adjust(in) : [n]")
    assert (bind.name, drawn(bind.chain), drawn(bind.shape)) == ("p", "prev -> adjust(in)", "[n]")
    let = statement("let i = i + 1")
    assert (let.name, drawn(let.value)) == ("i", "(i + 1)")
    stage = statement("stage stem { relu } : 56")
    assert (stage.name, len(stage.body.statements), stage.shape.value) == ("stem", 1, 56)
    loop = statement("for a, b, in table { relu }")
    assert (loop.targets, [span.text for span in loop.target_spans]) == (("a", "b"), ["a", "b"])
    aux = statement("aux head { relu }")
    assert (aux.name, aux.args) == ("head", ())
    assert drawn(statement("input 224x224x3").shape) == "[224, 224, 3]"


def test_if_collects_its_branches():
    choice = statement("if a { x } else if b { y }\n\n# so\nelse if c { }\nelse { z }")
    assert [drawn(condition) for condition, _ in choice.branches] == ["a", "b", "c"]
    assert drawn(choice.other.statements[0].chain) == "z"
    assert statement("if a { x }").other is None


def test_expectations():
    exact, rounded = statements("expect params 25_557_032\nexpect macs 4.1 * 10 ** 9 within 0.5%")
    assert (exact.what, exact.value.value, exact.tolerance) == ("params", 25557032, None)
    assert drawn(rounded.value) == "(4.1 * (10 ** 9))"
    assert rounded.tolerance.value == 0.5
    assert rounded.tolerance.span.text == "0.5"


def test_a_tolerance_does_not_continue_its_line():
    assert len(statements("expect params 1 within 1%\nexpect total 2")) == 2


def test_train():
    train = statement("train {\n augment crop(224), flip\n loss none\n epochs 90,\n}")
    assert [setting.name for setting in train.settings] == ["augment", "loss", "epochs"]
    assert [drawn(value) for value in train.settings[0].values] == ["crop(224)", "flip"]
    assert isinstance(train.settings[0].values[0], ast.Call)
    assert statement("train { }").settings == ()


def test_preprocess():
    found = statement("preprocess {\n size 256\n mean [0.5, 0.5, 0.5]\n channels bgr\n}")
    assert isinstance(found, ast.Preprocess)
    assert [setting.name for setting in found.settings] == ["size", "mean", "channels"]
    assert statement("preprocess { }").settings == ()


def test_preprocess_is_a_name_elsewhere():
    first, second, third = statements(
        "if preprocess { relu }\nstage preprocess { preprocess -> relu }\npreprocess(2)"
    )
    assert isinstance(first, ast.If) and first.branches[0][0].id == "preprocess"
    assert isinstance(second, ast.Stage) and second.name == "preprocess"
    assert isinstance(third, ast.Run)


def test_definitions():
    spec = parsed(EVERYTHING)
    use, fn, *_, block, identity, _model, variant, copy = spec.definitions
    assert (use.path, use.path_span.text) == ("resnet_blocks.cnn", '"resnet_blocks.cnn"')
    assert (fn.name, drawn(fn.value)) == ("round8", "max(8, ((int((c + 4)) // 8) * 8))")
    assert (block.parameters, identity.body.statements) == ((), ())
    assert (variant.base.id, drawn(variant.args[1])) == ("EfficientNet", "1.1")
    assert (copy.args, len(copy.statements)) == ((), 1)


def test_parameters():
    _block, model, _variant = parsed(VGG).definitions
    classes, depths = model.parameters
    assert (classes.name, classes.default.value) == ("classes", 1000)
    assert drawn(depths.default) == "[2, 2, 3, 3, 3]"
    assert depths.span.text == "depths = [2, 2, 3, 3, 3]"


def test_python_names_are_safe():
    text = "class = lambda -> self(nnx = rngs)\nlet __init__ = True + None"
    assert len(statements(text)) == 2


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "  \t\n# a\n\n# b\n"])
def test_an_empty_file_has_no_definitions(text):
    assert parsed(text).definitions == ()


def nodes(value):
    if isinstance(value, tuple):
        for item in value:
            yield from nodes(item)
    elif isinstance(value, ast.Node):
        yield value
        for field in dataclasses.fields(value):
            yield from nodes(getattr(value, field.name))


@pytest.mark.parametrize("text", ALL)
def test_spans_hold_their_nodes(text):
    for definition in parsed(text).definitions:
        for outer in nodes(definition):
            for inner in nodes(outer):
                assert outer.span.start <= inner.span.start <= inner.span.end <= outer.span.end
            names = [getattr(outer, name) for name in outer.__slots__ if name.endswith("_span")]
            for span in names:
                assert span is None or isinstance(span, Span)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("2 * (a + b)", "2 * (a + b)"),
        ("(a + b) * 2", "(a + b) * 2"),
        ("((a))", "((a))"),
        ("f(1, b = 2)", "f(1, b = 2)"),
        ("xs[i]", "xs[i]"),
        ("in.channels", "in.channels"),
    ],
)
def test_an_expression_can_be_quoted(text, quoted):
    assert expression(text).span.text == quoted


def test_sides_of_a_size_have_their_own_places():
    size = expression("224x112x3")
    assert size.size
    assert [side.span.text for side in size.items] == ["224", "112", "3"]


def test_parses_are_independent():
    first, second = parsed(VGG), parsed(EVERYTHING)
    assert first.definitions[0].span.source is first.source
    assert second.definitions[0].span.source is second.source
