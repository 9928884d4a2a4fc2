"""Which names the statements of a definition bind and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnndsl.elaborate.numbers import stems
from cnndsl.ops import OPS
from cnndsl.syntax import ast
from cnndsl.syntax.walk import below, walk


def bound_values(body: ast.Body) -> list[str]:
    """The values that a body binds, in its own scope."""
    found: dict[str, None] = {}
    for statement in statements_of(body):
        if isinstance(statement, ast.Let):
            found[statement.name] = None
        elif isinstance(statement, ast.For):
            found.update(dict.fromkeys(statement.targets))
    return list(found)


def bound_tensors(body: ast.Body) -> list[str]:
    found: dict[str, None] = {}
    for statement in statements_of(body):
        if isinstance(statement, ast.Bind | ast.Pack) or (
            isinstance(statement, ast.Run) and statement.name is not None
        ):
            found[str(statement.name)] = None
        elif isinstance(statement, ast.Unpack):
            found.update(dict.fromkeys(statement.names))
    found.pop("_", None)
    return list(found)


def statements_of(body: ast.Body) -> list[ast.Statement]:
    """The statements that share a body's scope."""
    found: list[ast.Statement] = []
    stack: list[ast.Statement] = list(reversed(body.statements))
    while stack:
        statement = stack.pop()
        found.append(statement)
        inner: list[ast.Body] = []
        if isinstance(statement, (ast.For, ast.Stage)):
            inner = [statement.body]
        elif isinstance(statement, ast.If):
            inner = [b for _, b in statement.branches]
            inner += [statement.other] if statement.other is not None else []
        for held in reversed(inner):
            stack.extend(reversed(held.statements))
    return found


def runs_first(name: str, statements: Sequence[ast.Statement]) -> bool:
    """Whether the first of some statements that runs shared layers does so wherever it stands."""
    for statement in statements:
        if not any(isinstance(n, ast.Apply) and n.name == name for n in walk(statement)):
            continue
        if isinstance(statement, ast.Stage):
            return runs_first(name, statement.body.statements)
        return isinstance(statement, (ast.Run, ast.Bind)) and not any(
            isinstance(node, (ast.Repeat, ast.Group, ast.ItemLoop, ast.ItemChoice))
            for node in walk(statement.chain)
        )
    return False


def binding_counts(body: ast.Body) -> Counter[str]:
    """At how many places a definition binds a value."""
    counts: Counter[str] = Counter()
    for node in walk(body):
        if isinstance(node, ast.Let):
            counts[node.name] += 1
        elif isinstance(node, ast.For):
            counts.update(node.targets)
    return counts


def overwritten(body: ast.Body) -> set[str]:
    """The values that a loop gives its target and something else binds before its next round."""
    found: set[str] = set()
    for node in walk(body):
        if isinstance(node, ast.For):
            found |= set(node.targets) & set(bound_values(node.body))
        elif isinstance(node, ast.Group):
            found |= set(bound_values(node.body))
    return found


def carried(body: ast.Body) -> set[str]:
    """The values that some round of a loop may read from the one before, or from before it."""
    found: set[str] = set()
    stack: list[ast.Node] = [body]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.For):
            found |= _carried(current)
        else:
            stack.extend(below(current))
    return found


def _carried(loop: ast.For) -> set[str]:
    """The values that a `let` of a loop binds, and that are bound or read before it as well."""
    counts = binding_counts(loop.body)
    lets = {node.name: node.span.end for node in walk(loop.body) if isinstance(node, ast.Let)}
    read = [node for node in walk(loop) if isinstance(node, ast.Name) and node.id in lets]
    early = {node.id for node in read if node.span.start < lets[node.id]}
    return early | {name for name in lets if counts[name] > 1}


def tensors_read(body: ast.Body) -> set[str]:
    """The names by which a definition may read tensors: in chains, as `x.height`, and as
    arguments of blocks."""
    found: set[str] = set()
    for node in walk(body):
        held: list[ast.Expr] = []
        if isinstance(node, ast.Apply):
            found.add(node.name)
            held = [a.value for a in node.args or () if node.name not in OPS]
        elif isinstance(node, ast.Attribute):
            held = [node.base]
        elif isinstance(node, ast.Let | ast.Spread):
            held = [node.value]
        elif isinstance(node, ast.Pick):
            held = [node.place]
        for each in held:
            if isinstance(each, ast.List):
                found |= {inner.id for inner in each.items if isinstance(inner, ast.Name)}
            while isinstance(each, ast.Index):
                each = each.base
            if isinstance(each, ast.Name):
                found.add(each.id)
    return found


def tensor_names(body: ast.Body) -> Counter[str]:
    """How often a definition names a tensor: by `NAME = chain`, `as`, a stage or a head."""
    counts: Counter[str] = Counter()
    for node in walk(body):
        if isinstance(node, (ast.Bind, ast.Pack, ast.Stage, ast.Aux)):
            counts[node.name] += 1
        elif isinstance(node, ast.Unpack):
            counts.update(node.names)
        elif isinstance(node, ast.Run) and node.name is not None:
            counts[str(node.name)] += 1
    return counts


def reads_numbered(body: ast.Body) -> bool:
    """Whether a body reads a stage of a loop by its number, as in `layer2`."""
    read, bound = tensors_read(body), tensor_names(body)
    return any(stem in bound for name in read - bound.keys() for stem in stems(name))


def read_before(body: ast.Body) -> list[str]:
    """The names that a loop's body may read before the line that gives them a tensor: from the
    second round on they have the last one's."""
    bound: dict[str, int] = {}
    read: dict[str, int] = {}
    for node in walk(body):
        if isinstance(node, ast.Bind):
            bound.setdefault(node.name, node.span.end)
        elif isinstance(node, ast.Apply):
            read.setdefault(node.name, node.span.start)
        elif isinstance(node, ast.Name):
            read.setdefault(node.id, node.span.start)
    return [name for name, end in bound.items() if read.get(name, end) < end]
