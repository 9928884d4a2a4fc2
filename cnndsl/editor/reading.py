"""The names of one definition, in the order of its text; scopes are those of the language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.editor.scopes import (
    Occurrence,
    Scope,
    Symbol,
    Symbols,
    name_of,
    root_of,
    words_of,
)
from cnndsl.elaborate.numbers import stems
from cnndsl.elaborate.program import Program
from cnndsl.ops import MERGES, OPS
from cnndsl.recipes.tables import CALLS
from cnndsl.source import Span
from cnndsl.syntax import ast


class Reader:
    """Reads one definition in the order of its text."""

    def __init__(self, program: Program, symbols: Symbols):
        self.program = program
        self.symbols = symbols
        self.pending: list[tuple[Span, str, Scope, bool]] = []  # not known where they stand
        self.is_model = False
        self.words: set[int] = set()  # names that mean themselves, by identity

    def read(self, definition: ast.Named) -> None:
        scope = Scope()
        if isinstance(definition, ast.Variant):
            self.variant(definition, scope)
            return
        own = self.symbols.parameters[definition.name]
        for parameter in definition.parameters:
            scope.values[parameter.name] = own[parameter.name]
            self.note(name_of(parameter), own[parameter.name], True)
            self.expressions((parameter.default,), scope)
        self.is_model = isinstance(definition, ast.Model)
        if isinstance(definition, ast.Fn):
            self.statements(definition.lets, scope, False)
            self.expressions((definition.value,), scope)
        elif isinstance(definition, ast.Op):
            for setting in definition.settings:
                self.expressions(setting.values, scope)
        else:
            self.statements(definition.body.statements, scope, False)
        self.symbols.tensors[definition.name] = scope.tensors
        for pending in self.pending:
            self.refer(*pending, may_wait=False)

    def variant(self, definition: ast.Variant, scope: Scope) -> None:
        base = self.symbols.globals.get(definition.base.id)
        if base is not None:
            self.note(definition.base.span, base, False)
        root = root_of(definition.name, self.program)
        self.arguments(definition.args, self.symbols.parameters.get(root, {}), scope)
        for name, symbol in self.symbols.parameters.get(root, {}).items():
            scope.values[name] = symbol
        self.statements(definition.statements, scope, False)
        for statement in definition.statements:
            if isinstance(statement, ast.Expect) and statement.of and statement.of_span:
                self.symbols.endpoints.append((statement.of_span, statement.of, definition))

    # --- statements -------------------------------------------------------------------

    def statements(self, statements: Iterable[ast.Statement], scope: Scope, in_loop: bool) -> None:
        for statement in statements:
            self.statement(statement, scope, in_loop)

    def statement(self, statement: ast.Statement, scope: Scope, in_loop: bool) -> None:
        numbered = in_loop and self.is_model
        match statement:
            case ast.Input(shape=shape, name=name, name_span=span):
                self.expressions((shape,), scope)
                self.bind(scope, True, name, span, "tensor", statement)
            case ast.Run(chain=chain, shape=shape, name=name, name_span=span):
                self.chain(chain, scope, in_loop)
                self.bind(scope, True, name, span, "tensor", statement, numbered)
                self.expressions((shape,), scope)
            case ast.Bind(chain=chain, shape=shape, name=name, name_span=span):
                self.chain(chain, scope, in_loop)
                self.bind(scope, True, name, span, "tensor", statement)
                self.expressions((shape,), scope)
            case ast.Pack(items=items, name=name, name_span=span):
                self.items(items, scope, in_loop)
                self.bind(scope, True, name, span, "pack", statement)
            case ast.Unpack(chain=chain, names=names, name_spans=spans):
                self.chain(chain, scope, in_loop)
                for each, at in zip(names, spans, strict=True):
                    self.bind(scope, True, each, at, "tensor", statement)
            case ast.Results(chains=chains):
                self.items(chains, scope, in_loop)
            case ast.Shared(chain=chain, name=name, name_span=span):
                self.chain(chain, scope, in_loop)
                self.bind(scope, True, name, span, "shared", statement)
            case ast.Let(value=value, name=name, name_span=span):
                self.expressions((value,), scope)
                self.bind(scope, False, name, span, "value", statement)
            case ast.Stage(body=body, shape=shape, name=name, name_span=span):
                self.statements(body.statements, scope, in_loop)
                self.bind(scope, True, name, span, "stage", statement, numbered)
                self.expressions((shape,), scope)
            case ast.For(items=items, body=body):
                self.expressions((items,), scope)
                self.targets(statement, scope)
                self.statements(body.statements, scope, True)
            case ast.If(branches=branches, other=other):
                for condition, body in branches:
                    self.expressions((condition,), scope)
                    self.statements(body.statements, scope, in_loop)
                self.statements(other.statements if other else (), scope, in_loop)
            case ast.Aux(args=args, body=body, name=name, name_span=span):
                self.arguments(args, {}, scope)
                self.statements(body.statements, Scope(scope), in_loop)
                self.bind(scope, True, name, span, "aux", statement, numbered)
            case ast.Expect(value=value, of=of, of_span=of_span):
                if of is not None and of_span is not None:
                    self.refer(of_span, of, scope, True)
                self.expressions((value,), scope)
            case ast.Train(settings=settings):
                for setting in settings:
                    self.setting(setting, scope)
            case ast.Preprocess(settings=settings):
                for setting in settings:
                    words = setting.name in ("interpolation", "channels")
                    self.expressions(() if words else setting.values, scope)

    def setting(self, setting: ast.Setting, scope: Scope) -> None:
        """A setting of a recipe: what it names are words of its own, with arguments."""
        for value in setting.values:
            match value:
                case ast.Name() if setting.name in CALLS:
                    pass
                case ast.Call(args=args) if setting.name in CALLS:
                    self.arguments(args, {}, scope)
                case _:
                    self.expressions((value,), scope)

    def targets(self, node: ast.For | ast.Comprehension | ast.ItemLoop, scope: Scope) -> None:
        for name, span in zip(node.targets, node.target_spans, strict=True):
            self.bind(scope, False, name, span, "value", node)

    # --- chains -----------------------------------------------------------------------

    def chain(self, chain: ast.Chain, scope: Scope, in_loop: bool) -> None:
        for element in chain.elements:
            self.element(element, scope, in_loop)

    def element(self, element: ast.Element, scope: Scope, in_loop: bool) -> None:
        match element:
            case ast.Apply(name=name, name_span=span, args=args):
                self.arguments(args or (), self.head(name, span, args or (), scope), scope)
            case ast.Group(body=body):
                self.statements(body.statements, Scope(scope), in_loop)
            case ast.Merge(items=items):
                self.items(items, scope, in_loop)
            case ast.Pick(place=place):
                self.expression(place, scope)
            case ast.Repeat(element=repeated, count=count):
                self.expressions((count,), scope)
                self.element(repeated, scope, True)

    def items(self, items: Iterable[ast.Item], scope: Scope, in_loop: bool) -> None:
        for item in items:
            match item:
                case ast.Chain():
                    self.chain(item, scope, in_loop)
                case ast.Spread(value=value):
                    self.expression(value, scope)
                case ast.ItemLoop(values=walked, items=inner):
                    self.expression(walked, scope)
                    within = Scope(scope)
                    self.targets(item, within)
                    self.items(inner, within, True)
                case ast.ItemChoice(branches=branches, other=other):
                    for condition, inner in branches:
                        self.expression(condition, scope)
                        self.items(inner, scope, in_loop)
                    self.items(other or (), scope, in_loop)

    def head(
        self, name: str, span: Span, args: Sequence[ast.Argument], scope: Scope
    ) -> dict[str, Symbol]:
        """The name of an element; returns the parameters that its arguments may name."""
        if scope.tensor(name) is not None:
            self.refer(span, name, scope, True)
        elif name in self.symbols.globals and name not in self.program.fns:
            self.note(span, self.symbols.globals[name], False)
            return self.symbols.parameters.get(root_of(name, self.program), {})
        elif name in OPS:
            self.words.update(map(id, words_of(OPS[name], args)))
        elif name not in MERGES:
            self.refer(span, name, scope, True)
        return {}

    # --- expressions ------------------------------------------------------------------

    def expressions(self, expressions: Sequence[ast.Expr | None], scope: Scope) -> None:
        for each in expressions:
            self.expression(each, scope)

    def expression(self, expression: ast.Expr | None, scope: Scope) -> None:
        match expression:
            case ast.Name(id=name, span=span) if id(expression) not in self.words:
                is_known = scope.value(name) is not None or scope.tensor(name) is not None
                is_layer = name in self.program.blocks or name in self.program.ops
                if is_layer and not is_known:
                    self.note(span, self.symbols.globals[name], False)
                else:
                    self.refer(span, name, scope, False)
            case ast.List(items=items):
                self.expressions(items, scope)
            case ast.Attribute(base=below) | ast.Unary(operand=below):
                self.expression(below, scope)
            case ast.Index(base=base, index=index):
                self.expressions((base, index), scope)
            case ast.Call(func=func, args=args):
                called = self.symbols.globals.get(func.id)
                if called is not None:
                    self.note(func.span, called, False)
                self.arguments(args, self.symbols.parameters.get(func.id, {}), scope)
            case ast.Binary(left=left, right=right):
                self.expressions((left, right), scope)
            case ast.Conditional(then=then, condition=condition, other=other):
                self.expressions((then, condition, other), scope)
            case ast.Range(start=start, stop=stop):
                self.expressions((start, stop), scope)
            case ast.Comprehension(items=items, item=item, condition=condition):
                self.expressions((items,), scope)
                inner = Scope(scope)
                self.targets(expression, inner)
                self.expressions((item, condition), inner)

    def arguments(
        self, arguments: Sequence[ast.Argument], parameters: dict[str, Symbol], scope: Scope
    ) -> None:
        for argument in arguments:
            if argument.name_span is not None and argument.name in parameters:
                self.note(argument.name_span, parameters[argument.name], False)
            self.expressions((argument.value,), scope)

    # --- names ------------------------------------------------------------------------

    def bind(
        self,
        scope: Scope,
        is_tensor: bool,
        name: str | None,
        span: Span | None,
        kind: str,
        node: ast.Node,
        numbered: bool = False,
    ) -> None:
        """Names something. What has that name already is the same symbol, also in a scope around:
        of a `let` in an `if` in a group, which of the two is meant shows only when it runs, and
        of a parameter, whether it is a tensor.
        """
        if name is None or span is None or name == "_":  # which drops a result
            return
        known = scope.tensor(name) if is_tensor else scope.value(name)
        given = scope.value(name)
        if known is None and given is not None and isinstance(given.node, ast.Parameter):
            known = given
        symbol = known or Symbol(name, kind, span, node)
        (scope.tensors if is_tensor else scope.values)[name] = symbol
        symbol.numbered |= numbered
        symbol.plain |= not numbered
        self.note(span, symbol, True)

    def refer(
        self, span: Span, name: str, scope: Scope, is_tensor: bool, may_wait: bool = True
    ) -> None:
        """Finds what a name means; of `features.layer3` only the first part."""
        first, _, endpoint = name.partition(".")
        symbol = scope.tensor(first) if is_tensor else scope.value(first)
        symbol = symbol or (scope.value(first) if is_tensor else scope.tensor(first))
        suffix = ""
        if symbol is None or (symbol.numbered and not symbol.plain):
            found = ((scope.tensor(stem), first[len(stem) :]) for stem in stems(first))
            counted = ((held, suffix) for held, suffix in found if held and held.numbered)
            symbol, suffix = next(counted, (None, ""))
            if symbol is None:
                self.pending += [(span, name, scope, is_tensor)] if may_wait else []
                return
        end = span.start + len(first) - len(suffix)
        own = Span(span.source, span.start, end)
        self.symbols.occurrences.append(Occurrence(own, symbol, False, suffix))
        if endpoint:
            place = Span(span.source, span.end - len(endpoint), span.end)
            self.symbols.endpoints.append((place, endpoint, symbol.node))

    def note(self, span: Span, symbol: Symbol, defines: bool) -> None:
        self.symbols.occurrences.append(Occurrence(span, symbol, defines))
