"""Classes, functions and blocks of statements as text: lines in parts, printed by templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from cnndsl.targets.python import lines, spelling
from cnndsl.targets.python.document import INDENT
from cnndsl.targets.python.module_tree import Class, Function
from cnndsl.targets.python.tree import (
    Assign,
    Augment,
    Blank,
    Constant,
    Declare,
    Do,
    For,
    If,
    Pass,
    Pending,
    Remark,
    Return,
    Statement,
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cnndsl.targets.python"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # Python, not HTML; names and texts are made safe in the tree's spelling
        keep_trailing_newline=True,
    )


@cache
def template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")


@cache
def _macro(kind: str) -> Callable[..., str]:
    """What prints a kind of statement."""
    macro: Callable[..., str] = getattr(template("statement").module, kind)
    return macro


# --- classes and functions ------------------------------------------------------------


def class_(node: Class) -> str:
    _, base, _ = lines.class_(node, 0)
    margin = " " * INDENT
    attributes = [
        assign(item, INDENT) if isinstance(item, Assign) else _declare(item, INDENT)
        for item in node.attributes
    ]
    methods = [function(method, INDENT) for method in node.methods]
    sections = [spelling.docstring(node.doc, margin), "\n".join(attributes), *methods]
    sections = [section for section in sections if section] or [_macro("pass_")(margin)]
    return template("class").render(name=node.name, base=base, sections=sections)


def function(node: Function, indent: int) -> str:
    _, parameters, arrow, result, _ = lines.function(node, indent)
    doc = spelling.docstring(node.doc, " " * (indent + INDENT))
    is_stub = not doc and node.body == (Do(Constant(...)),)
    return template("stub" if is_stub else "function").render(
        margin=" " * indent,
        name=node.name,
        parameters=parameters,
        arrow=arrow,
        result=result,
        body=_block(node.body, indent + INDENT, doc),
    )


# --- statements -----------------------------------------------------------------------


def _block(statements: Sequence[Statement], indent: int, doc: str = "") -> list[str]:
    """The statements below a docstring; empty lines stand only between them, one at a time."""
    found = [doc] if doc else []
    does_nothing = not doc
    may_part = is_parted = False
    for statement in statements:
        if isinstance(statement, Blank):
            is_parted = may_part
            continue
        if is_parted:
            found.append("")
        found.append(_statement(statement, indent))
        may_part, is_parted = True, False
        does_nothing = does_nothing and isinstance(statement, Remark)
    if does_nothing:
        found.append(_macro("pass_")(" " * indent))
    return found


def _statement(statement: Statement, indent: int) -> str:
    margin = " " * indent
    match statement:
        case Assign():
            return assign(statement, indent)
        case Augment():
            target, _, value = lines.augment(statement, indent)
            return _macro("augment")(margin, target, statement.op, value)
        case Declare():
            return _declare(statement, indent)
        case Do():
            return _macro("do")(margin, *lines.do(statement.value, indent))
        case If():
            return _if(statement, indent)
        case For():
            _, target, _, iterable, _ = lines.for_(statement, indent)
            return _macro("for_")(margin, target, iterable, _block(statement.body, indent + INDENT))
        case Return():
            _, value = lines.return_(statement, indent)
            return _macro("return_")(margin, value)
        case Remark():
            return _macro("remark")(margin, remark_lines(statement))
        case Pass():
            return _macro("pass_")(margin)
        case Blank():
            return ""
        case Pending():
            raise AssertionError(f"{type(statement).__name__} is no statement")


def line_count(statement: Statement, indent: int = 8) -> int:
    """How many lines a statement takes."""
    return _statement(statement, indent).count("\n") + 1


def assign(statement: Assign, indent: int) -> str:
    *heads, value, comment = lines.assign(statement, indent)
    if statement.annotation is not None:
        return _macro("assign_as")(" " * indent, heads[0], heads[2], value, comment)
    return _macro("assign")(" " * indent, heads[::2], value, comment)


def _declare(statement: Declare, indent: int) -> str:
    name, _, *texts = lines.declare(statement, indent)
    if statement.value is None:
        return _macro("declare")(" " * indent, name, *texts)
    return _macro("assign_as")(" " * indent, name, texts[0], texts[-1], "")


def _if(statement: If, indent: int) -> str:
    """An `if` with its `elif`s, of which each is alone in what is otherwise, and its `else`."""
    margin, keyword = " " * indent, "if"
    found: list[str] = []
    while True:
        _, test, _ = lines.test(keyword, statement.test, indent)
        found.append(_macro(f"{keyword}_")(margin, test, _block(statement.body, indent + INDENT)))
        match statement.other:
            case ():
                break
            case (If() as statement,):
                keyword = "elif"
            case other:
                found.append(_macro("else_")(margin, _block(other, indent + INDENT)))
                break
    return "\n".join(found)


def remark_lines(remark: Remark) -> list[str]:
    return [spelling.comment(line) for line in remark.text.split("\n")]
