"""Small changes of a spec, each at a random place: most of them give another spec that holds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.ops import MERGES, OPS
from cnndsl.pipeline import check_source
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from tests.edits import Edit, edited, nodes, parsed, relaxed, replace, walk

ATTEMPTS = 12  # until a changed spec holds
PLAIN = (ast.Run, ast.Bind, ast.Let, ast.For, ast.If)  # statements that stand anywhere

Mutation = Callable[[ast.Spec, Random], list[Edit]]


def mutated(text: str, random: Random) -> str | None:
    """The spec after one to three changes, or None where none of the attempts holds."""
    for _ in range(ATTEMPTS):
        changed = relaxed(text) if random.random() < 0.7 else text
        for _ in range(random.randint(1, 3)):
            changed = once(changed, random)
        if changed != text and holds(changed):
            return changed
    return None


def once(text: str, random: Random) -> str:
    spec = parsed(text)
    if spec is None:
        return text
    return edited(text, random.choice(MUTATIONS)(spec, random))


def holds(text: str) -> bool:
    return not check_source(Source("spec.cnn", text)).diagnostics


def fresh(spec: ast.Spec, stem: str) -> str:
    number = 1
    while f"{stem}_{number}" in spec.source.text:
        number += 1
    return f"{stem}_{number}"


# --- elements -------------------------------------------------------------------------


def group(spec: ast.Spec, random: Random) -> list[Edit]:
    """Elements that follow each other, in braces."""
    elements = random.choice(nodes(spec, ast.Chain)).elements
    first = random.randrange(len(elements))
    last = random.randrange(first, len(elements))
    return around(elements[first].span.to(elements[last].span), "{ ", "\n}")


def around(span: Span, before: str, after: str) -> list[Edit]:
    return [Edit(span.start, span.start, before), Edit(span.end, span.end, after)]


def repeated_element(spec: ast.Spec, random: Random) -> list[Edit]:
    element = random.choice(random.choice(nodes(spec, ast.Chain)).elements)
    count = random.choice(("1", "2", "(2 - 1)"))
    if isinstance(element, ast.Repeat):
        return around(element.span, "{ ", f"\n}} * {count}")
    return around(element.span, "", f" * {count}")


def literal(spec: ast.Spec, random: Random) -> list[Edit]:
    """A literal in place of another one; the text holds no assertions that it could break."""
    kinds = ast.Literal, ast.List
    found = random.choice([n for n in walk(spec.definitions) if isinstance(n, kinds)])
    if isinstance(found, ast.List):
        sizes = found.size and len(found.items) == 2
        return [replace(found, random.choice(("1x3", "3x3", "2", "3x1")))] if sizes else []
    match found.value:
        case bool(value):
            return [replace(found, "false" if value else "true")]
        case int(value):
            others = (value + 1, max(value - 1, 0), value * 2, max(value // 2, 1), 1, 2)
            return [replace(found, str(random.choice(others)))]
        case float(value):
            return [replace(found, str(value / 2))]
        case str():
            return [replace(found, random.choice(nodes(spec, ast.Literal)).span.text)]
    return []


# --- statements -----------------------------------------------------------------------


def body(spec: ast.Spec, random: Random) -> tuple[ast.Statement, ...]:
    """The statements of a body that has some that stand anywhere."""
    bodies = [b.statements for b in nodes(spec, ast.Body)]
    return random.choice([b for b in bodies if any(isinstance(s, PLAIN) for s in b)])


def statement(spec: ast.Spec, random: Random) -> ast.Statement:
    return random.choice([s for s in body(spec, random) if isinstance(s, PLAIN)])


def repeated_statement(spec: ast.Spec, random: Random) -> list[Edit]:
    chosen = statement(spec, random)
    return [Edit(chosen.span.end, chosen.span.end, f"\n{chosen.span.text}")]


def reordered(spec: ast.Spec, random: Random) -> list[Edit]:
    """Two neighbours, each in the place of the other."""
    statements = body(spec, random)
    if len(statements) < 2:
        return []
    first = random.randrange(len(statements) - 1)
    a, b = statements[first], statements[first + 1]
    return [replace(a, b.span.text), replace(b, a.span.text)]


def looped(spec: ast.Spec, random: Random) -> list[Edit]:
    header = f"for {fresh(spec, 'round')} in 0 .. {random.choice('112')} {{\n"
    return around(statement(spec, random).span, header, "\n}")


def conditional(spec: ast.Spec, random: Random) -> list[Edit]:
    test = random.choice(("here.channels > 3", "true", "in.channels != here.channels"))
    return around(statement(spec, random).span, f"if {test} {{\n", "\n}")


def named_value(spec: ast.Spec, random: Random) -> list[Edit]:
    """A `let` before the statement for an argument in it."""
    chosen = statement(spec, random)
    arguments = [node for node in walk(chosen) if isinstance(node, ast.Argument)]
    if not arguments:
        return []
    name, value = fresh(spec, "named"), random.choice(arguments).value
    let = Edit(chosen.span.start, chosen.span.start, f"let {name} = {value.span.text}\n")
    return [let, replace(value, name)]


def extracted(spec: ast.Spec, random: Random) -> list[Edit]:
    """A block of statements that follow each other; it gets the names they use as arguments."""
    statements = body(spec, random)
    first = random.randrange(len(statements))
    last = random.randrange(first, min(first + 3, len(statements)))
    chosen = statements[first : last + 1]
    if not all(isinstance(s, PLAIN) for s in chosen):
        return []
    span = chosen[0].span.to(chosen[-1].span)
    name, listed = fresh(spec, "part"), ", ".join(free(spec, chosen))
    end = len(spec.source.text)
    block = Edit(end, end, f"\nblock {name}({listed}) {{\n{span.text}\n}}\n")
    return [Edit(span.start, span.end, f"{name}({listed})"), block]


def free(spec: ast.Spec, statements: tuple[ast.Statement, ...]) -> list[str]:
    """The names that statements use and do not bind themselves, in order."""
    defined = {d.name for d in spec.definitions if isinstance(d, (ast.Block, ast.Fn))}
    known = {*OPS, *MERGES, *FUNCTIONS, *defined, "in", "here"}
    used: dict[str, None] = {}
    for node in walk(statements):
        match node:
            case ast.Name(id=name) | ast.Apply(name=name, args=None) if name not in known:
                used[name] = None
            case ast.Let(name=name) | ast.Bind(name=name):
                if name not in used:
                    known.add(name)
            case ast.For(targets=names):
                known.update(n for n in names if n not in used)
    return list(used)


MUTATIONS: tuple[Mutation, ...] = (
    group,
    repeated_element,
    literal,
    repeated_statement,
    reordered,
    looped,
    conditional,
    named_value,
    extracted,
)
