"""The lines of statements and headers in parts: flat if they fit, or broken as ruff does.

Every function takes the columns that the line is indented, and returns its texts from left to
right, fixed words among them: `["for ", target, " in ", iterable, ":"]`.
"""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.targets.python.breaking import (
    TARGET,
    VALUE,
    at_end,
    can_split,
    declared,
    if_broken,
    in_parentheses,
    last_target,
    middle_target,
    right_first,
    tuple_if_broken,
    wrapped_if_broken,
)
from cnndsl.targets.python.document import CUT, SOFT, Comment, Doc, Group, Indent, Only, Printer
from cnndsl.targets.python.inline import inline, is_bare_target, target
from cnndsl.targets.python.layout import arguments, items, layout
from cnndsl.targets.python.module_tree import Class, Function, Parameter
from cnndsl.targets.python.parentheses import Needs, has_brackets, needs
from cnndsl.targets.python.places import INSIDE, NOWHERE, sequence
from cnndsl.targets.python.spelling import WIDTH, comment, reserved, width
from cnndsl.targets.python.tree import (
    Assign,
    Augment,
    Binary,
    Declare,
    Expr,
    For,
    Item,
    Return,
    Tuple,
)


def _fitted(indent: int, texts: list[str], broken: Callable[[], Doc]) -> list[str]:
    """The texts if they fit on one line, else those of the document with as many cuts."""
    if indent + sum(map(width, texts)) <= WIDTH:
        return texts
    return Printer(indent).print(broken(), indent)


# --- statements -----------------------------------------------------------------------


def assign(statement: Assign, indent: int) -> list[str]:
    """`[target, " = ", …, value, comment]`; with a type, `[target, ": ", type, " = ", …]`."""
    value, last = statement.value, statement.targets[-1]
    annotation = statement.annotation
    is_bare = is_bare_target(last) and is_bare_target(value)  # `a, b = b, a`
    texts: list[str] = []
    for bound in statement.targets:
        texts += [target(bound), " = "]
    if annotation is not None:
        texts[-1:] = [": ", inline(annotation), " = "]
    texts.append(target(value) if is_bare else inline(value))
    note = comment(statement.comment) if statement.comment else ""
    behind = f"  {note}" if note else ""
    if indent + sum(map(width, texts)) + reserved(note) <= WIDTH:
        return [*texts, behind]
    found = Comment(behind, reserved(note))
    if annotation is None:
        doc = _assigned(statement.targets, value, found, is_bare)
    else:
        doc = _annotated(layout(last, NOWHERE), annotation, value, found)
    return Printer(indent).print(doc, indent)


def _assigned(targets: tuple[Expr, ...], value: Expr, note: Comment, is_bare: bool) -> Doc:
    first, *others = targets
    if not others and not isinstance(first, Tuple) and not has_brackets(first):
        return [layout(first, NOWHERE), CUT, " = ", CUT, at_end(value, note)]
    heads: list[Doc] = []
    if others:
        heads = [tuple_if_broken(first) if is_bare_target(first) else layout(first, NOWHERE)]
        heads += [CUT, " = ", CUT]
        for bound in others[:-1]:
            heads += [middle_target(bound), CUT, " = ", CUT]
    content = tuple_if_broken(value, VALUE) if is_bare else None
    return [*heads, right_first(last_target(targets[-1]), " = ", value, note, content)]


def _annotated(bound: Doc, annotation: Expr, value: Expr, note: Comment | None) -> Doc:
    head: Doc = [bound, CUT, ": ", CUT]
    if can_split(annotation):
        return [head, right_first(declared(annotation), " = ", value, note)]
    return [head, layout(annotation, NOWHERE), CUT, " = ", CUT, at_end(value, note)]


def augment(statement: Augment, indent: int) -> list[str]:
    """`[target, " += ", value]`."""
    bound, value, op = statement.target, statement.value, f" {statement.op}= "

    def broken() -> Doc:
        if has_brackets(bound):
            return right_first(last_target(bound), op, value, None)
        return [layout(bound, NOWHERE), CUT, op, CUT, at_end(value, None)]

    return _fitted(indent, [inline(bound), op, inline(value)], broken)


def declare(statement: Declare, indent: int) -> list[str]:
    """`[name, ": ", annotation, " = ", value]`, or only the first three."""
    name, annotation, value = statement.name, statement.annotation, statement.value

    def broken() -> Doc:
        if value is None:
            return [name, CUT, ": ", CUT, at_end(annotation, None)]
        return _annotated(name, annotation, value, None)

    texts = [name, ": ", inline(annotation)]
    return _fitted(indent, texts if value is None else [*texts, " = ", inline(value)], broken)


def do(value: Expr, indent: int) -> list[str]:
    """`[value]`: only sums and unions get parentheses."""

    def broken() -> Doc:
        is_sum = isinstance(value, Binary) and value.op in ("+", "-", "|")
        return in_parentheses(value) if is_sum else layout(value, NOWHERE)

    return _fitted(indent, [inline(value)], broken)


def test(keyword: str, value: Expr, indent: int) -> list[str]:
    """`["if ", test, ":"]`."""
    head = f"{keyword} "
    texts = [head, inline(value), ":"]
    return _fitted(indent, texts, lambda: [head, CUT, in_parentheses(value), CUT, ":"])


def for_(statement: For, indent: int) -> list[str]:
    """`["for ", target, " in ", iterable, ":"]`."""
    bound, iterable = statement.target, statement.iterable

    def broken() -> Doc:
        if isinstance(bound, Tuple) and is_bare_target(bound):
            head = if_broken(items(bound, TARGET), TARGET)
        else:
            head = in_parentheses(bound, TARGET)
        return ["for ", CUT, head, CUT, " in ", CUT, in_parentheses(iterable), CUT, ":"]

    return _fitted(indent, ["for ", target(bound), " in ", inline(iterable), ":"], broken)


def return_(statement: Return, indent: int) -> list[str]:
    """`["return ", value]`; several values stand without parentheses."""
    value = statement.value

    def broken() -> Doc:
        if not isinstance(value, Tuple) or not is_bare_target(value):
            return ["return ", CUT, at_end(value, None)]
        place = VALUE if len(value.items) == 2 else INSIDE
        return ["return ", CUT, if_broken(items(value, place), VALUE)]

    return _fitted(indent, ["return ", target(value)], broken)


# --- headers --------------------------------------------------------------------------


def function(node: Function, indent: int) -> list[str]:
    """`["def name", parameters, " -> ", result, ":"]`; without a result, two empty texts."""
    head, result = f"def {node.name}", node.returns
    parameters = ", ".join([_parameter_text(p) for p in node.parameters])
    texts = [
        head,
        f"({parameters})",
        " -> " if result else "",
        inline(result) if result else "",
        ":",
    ]

    def broken() -> Doc:
        arrow: Doc = [CUT, " -> ", CUT, _result(node, result)] if result else [CUT, CUT]
        return [head, CUT, Group([_parameters(node.parameters), arrow]), CUT, ":"]

    return _fitted(indent, texts, broken)


def _parameters(parameters: tuple[Parameter, ...]) -> Doc:
    if not parameters:
        return "()"
    content = [*sequence([_parameter(p) for p in parameters]), Only(",")]
    if len(parameters) > 1:
        del content[-1]  # the last comma of a sequence of several
        content = [Group(content)]
    return ["(", Indent([SOFT, *content]), SOFT, ")"]


def _parameter_text(node: Parameter) -> str:
    text = node.star + node.name
    if node.annotation is not None:
        text += f": {inline(node.annotation)}"
    if node.default is None:
        return text
    return f"{text}{' = ' if node.annotation else '='}{inline(node.default)}"


def _parameter(node: Parameter) -> Doc:
    found: list[Doc] = [node.star + node.name]
    if node.annotation is not None:
        found += [": ", layout(node.annotation, INSIDE)]
    if node.default is not None:
        found += [" = " if node.annotation else "=", layout(node.default, INSIDE)]
    return found


def _result(node: Function, result: Expr) -> Doc:
    if isinstance(result, Tuple) or needs(result) is Needs.NEVER:
        return layout(result, NOWHERE)
    if not node.parameters:
        return wrapped_if_broken(result)
    if isinstance(result, Item) and needs(result) is Needs.IF_IT_HELPS:
        return layout(result, NOWHERE)  # the parameters are broken first
    return in_parentheses(result)


def class_(node: Class, indent: int) -> list[str]:
    """`["class Name", "(base)", ":"]`."""
    head, base = f"class {node.name}", node.base
    if base is None:
        return [head, "", ":"]
    texts = [head, f"({inline(base)})", ":"]
    return _fitted(indent, texts, lambda: [head, CUT, arguments((base,), (), NOWHERE), CUT, ":"])


def imports(module: str, names: list[str]) -> list[str]:
    """`["from module import ", names]`."""
    head = f"from {module} import "

    def broken() -> Doc:
        entries = [*sequence(names), Only(",")] if len(names) == 1 else sequence(names)
        return [head, CUT, if_broken(entries, VALUE)]

    return _fitted(0, [head, ", ".join(names)], broken)
