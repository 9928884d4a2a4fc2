"""The text of a module as the tree of tree.py; whatever that has no kind for is refused."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Sequence

from cnndsl.targets.flax.fragments import ORDER, RECIPE_ORDER, fragment
from cnndsl.targets.python.module_tree import (
    Class,
    Definition,
    Frozen,
    Function,
    Helper,
    Import,
    Module,
    Parameter,
)
from cnndsl.targets.python.tree import (
    Assign,
    Augment,
    Blank,
    Declare,
    Do,
    For,
    If,
    Pass,
    Remark,
    Return,
    Statement,
)
from tests.targets.parse_expressions import BINARY, ExpressionReader, Unsupported, kind


def parse_module(text: str) -> Module:
    """The tree of a generated module; `Unsupported` for Python that none consists of."""
    return _Reader(text).module()


class _Reader(ExpressionReader):
    def __init__(self, text: str):
        super().__init__(text.split("\n"))  # a docstring may hold other separators
        self.remarks: dict[int, tuple[int, str]] = {}  # by line: its column, its text
        self.trailing: dict[int, str] = {}
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                (line, column), words = token.start, token.string.removeprefix("#")
                if token.line[:column].strip():
                    self.trailing[line] = words.strip()
                else:
                    self.remarks[line] = column, words.removeprefix(" ")
        self.tree = ast.parse(text)

    # --- definitions ------------------------------------------------------------------

    def module(self) -> Module:
        doc, statements = _docstring(self.tree.body)
        imports: list[Import] = []
        body: list[Definition] = []
        before = 0
        for node in statements:
            if isinstance(node, ast.Import | ast.ImportFrom):
                if body:
                    raise Unsupported("an import behind a definition", node.lineno)
                imports.extend(_imports(node))
            else:
                body.extend(self.definition(node, before))
            before = _end(node)
        for line in self.remarks:
            if self.remarks[line][1] != "fmt: on":
                raise Unsupported("a comment", line)
        for line in self.trailing:
            raise Unsupported("a comment", line)
        return Module(doc, tuple(imports), tuple(body))

    def definition(self, node: ast.stmt, before: int) -> list[Definition]:
        remarks = self.remarks_between(before, node.lineno, 0)
        lines = [line for remark in remarks for line in remark.text.split("\n")]
        while lines and lines[0] == "fmt: on":  # of the table above
            lines.pop(0)
        is_frozen = bool(lines) and lines[-1] == "fmt: off"
        if is_frozen:
            lines.pop()
        found: list[Definition] = [Remark("\n".join(lines))] if lines else []
        found.append(self.frozen(node) if is_frozen else self.helper(node) or self.plain(node))
        return found

    def plain(self, node: ast.stmt) -> Definition:
        if isinstance(node, ast.FunctionDef):
            return self.function(node)
        if isinstance(node, ast.ClassDef):
            return self.class_(node)
        if isinstance(node, ast.Assign):
            return self.assign(node)
        raise Unsupported(kind(node), node.lineno)

    def helper(self, node: ast.stmt) -> Helper | None:
        """The fragment that a definition is, word for word."""
        text = "\n".join(self.lines[node.lineno - 1 : _end(node)]) + "\n"
        for name in ORDER + RECIPE_ORDER:
            known = fragment(name)
            if known.defines == _defined(node) and known.text == text:
                for line in range(node.lineno, _end(node) + 1):
                    self.remarks.pop(line, None)
                    self.trailing.pop(line, None)
                return Helper(name, known.defines, known.text)
        return None

    def frozen(self, node: ast.stmt) -> Frozen:
        name = _defined(node)
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple) or not name:
            raise Unsupported("`# fmt: off` above anything but a table", node.lineno)
        return Frozen(name, self.expressions(node.value.elts))

    def function(self, node: ast.FunctionDef) -> Function:
        if node.decorator_list:
            raise Unsupported("a decorator", node.lineno)
        doc, statements = _docstring(node.body)
        returns = None if node.returns is None else self.expression(node.returns)
        begin = _end(node.body[0]) if doc else node.lineno
        body = self.body(statements, begin, _end(node) + 1) if statements else ()
        return Function(node.name, self.parameters(node.args), returns, body, doc)

    def parameters(self, node: ast.arguments) -> tuple[Parameter, ...]:
        if node.posonlyargs:
            raise Unsupported("a positional-only parameter", node.posonlyargs[0].lineno)
        free = len(node.args) - len(node.defaults)
        found = [
            self.parameter(arg, node.defaults[i - free] if i >= free else None)
            for i, arg in enumerate(node.args)
        ]
        if node.vararg:
            found.append(self.parameter(node.vararg, None, "*"))
        elif node.kwonlyargs:
            found.append(Parameter("", star="*"))
        pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        found.extend(self.parameter(arg, default) for arg, default in pairs)
        if node.kwarg:
            found.append(self.parameter(node.kwarg, None, "**"))
        return tuple(found)

    def parameter(self, arg: ast.arg, default: ast.expr | None, star: str = "") -> Parameter:
        annotation = None if arg.annotation is None else self.expression(arg.annotation)
        value = None if default is None else self.expression(default)
        return Parameter(arg.arg, annotation, value, star)

    def class_(self, node: ast.ClassDef) -> Class:
        if node.decorator_list or node.keywords or len(node.bases) > 1:
            raise Unsupported("a class with more than one plain base", node.lineno)
        doc, statements = _docstring(node.body)
        attributes: list[Assign | Declare] = []
        methods: list[Function] = []
        for statement in statements:
            if isinstance(statement, ast.FunctionDef):
                methods.append(self.function(statement))
            elif isinstance(statement, ast.Pass) and len(statements) == 1:
                continue
            elif methods:
                raise Unsupported("an attribute below a method", statement.lineno)
            elif isinstance(statement, ast.Assign):
                attributes.append(self.assign(statement))
            else:
                attributes.append(self.declare(statement))
        base = self.expression(node.bases[0]) if node.bases else None
        return Class(node.name, base, tuple(attributes), tuple(methods), doc)

    # --- statements -------------------------------------------------------------------

    def body(self, nodes: Sequence[ast.stmt], begin: int, end: int) -> tuple[Statement, ...]:
        """The statements between two lines, with what is empty or said between them."""
        found: list[Statement] = []
        before, column = begin, nodes[0].col_offset
        for node, after in zip(nodes, [*(n.lineno for n in nodes[1:]), end], strict=True):
            remarks = self.remarks_between(before, node.lineno, column)
            if found and not self.lines[before].strip():
                found.append(Blank())
            for remark in remarks:
                found.append(remark)
                if not self.lines[node.lineno - 2].strip():
                    found.append(Blank())
            found.append(self.statement(node, after))
            before = _end(node)
        found.extend(self.remarks_between(before, end, column))
        return tuple(found)

    def remarks_between(self, before: int, after: int, column: int) -> list[Remark]:
        lines = [n for n in range(before + 1, after) if self.remarks.get(n, (-1,))[0] == column]
        texts = [self.remarks.pop(line)[1] for line in lines]
        return [Remark("\n".join(texts))] if texts else []

    def statement(self, node: ast.stmt, end: int) -> Statement:
        """One statement, whose remarks stand above the line `end`."""
        match node:
            case ast.Assign():
                return self.assign(node)
            case ast.AugAssign():
                target = self.expression(node.target)
                return Augment(target, BINARY[type(node.op)], self.expression(node.value))
            case ast.AnnAssign():
                return self.declare(node) if node.value is None else self.annotated(node)
            case ast.Expr():
                return Do(self.expression(node.value))
            case ast.If():
                return self.if_(node, end)
            case ast.For() if not node.orelse:
                target, iterable = self.expression(node.target), self.expression(node.iter)
                return For(target, iterable, self.body(node.body, node.lineno, end))
            case ast.Return() if node.value is not None:
                return Return(self.expression(node.value))
            case ast.Pass():
                return Pass()
        raise Unsupported(kind(node), node.lineno)

    def if_(self, node: ast.If, end: int) -> If:
        test = self.expression(node.test)
        begin = node.test.end_lineno or node.lineno
        if not node.orelse:
            return If(test, self.body(node.body, begin, end))
        between = _end(node.body[-1])
        while not self.lines[between].strip().startswith(("else", "elif")):
            between += 1
        body = self.body(node.body, begin, between + 1)
        return If(test, body, self.body(node.orelse, between + 1, end))

    def assign(self, node: ast.Assign) -> Assign:
        comment = self.trailing.pop(_end(node), "")
        return Assign(self.expressions(node.targets), self.expression(node.value), comment)

    def annotated(self, node: ast.AnnAssign) -> Assign:
        if not isinstance(node.target, ast.Name | ast.Attribute) or node.value is None:
            raise Unsupported(kind(node), node.lineno)
        comment = self.trailing.pop(_end(node), "")
        target, value = self.expression(node.target), self.expression(node.value)
        return Assign((target,), value, comment, self.expression(node.annotation))

    def declare(self, node: ast.stmt) -> Declare:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            raise Unsupported(kind(node), node.lineno)
        value = None if node.value is None else self.expression(node.value)
        return Declare(node.target.id, self.expression(node.annotation), value)


def _imports(node: ast.Import | ast.ImportFrom) -> list[Import]:
    found = []
    for alias in node.names:
        bound = alias.asname or alias.name
        if isinstance(node, ast.Import) and "." not in bound:
            found.append(Import(alias.name, bound))
        elif isinstance(node, ast.ImportFrom) and alias.asname is None and node.module:
            found.append(Import(node.module, bound, is_from=True))
        else:
            raise Unsupported(f"the import of {alias.name}", node.lineno)
    return found


def _docstring(body: list[ast.stmt]) -> tuple[str, list[ast.stmt]]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str(doc))), *rest]:
            return inspect.cleandoc(doc), rest
    return "", body


def _defined(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return None


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
