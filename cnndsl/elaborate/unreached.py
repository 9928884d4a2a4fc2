"""What can be said of a spec without running it: names, arguments and arity, wherever they stand.

Elaboration reports what it runs into, and of a call only the first mistake. Here every definition
of the file is read, so that blocks, fns and branches which no network reaches are checked too. Only
what is wrong in any case is reported: a name counts as known where anything in its definition
binds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from itertools import chain

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.bind import signature
from cnndsl.elaborate.bound import bound_in
from cnndsl.elaborate.calls import (
    applied,
    lacking,
    merged,
    surplus,
    unknown,
)
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.forms import labelled
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.lets import value_meant
from cnndsl.elaborate.packs import SPLIT
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.unknown_names import (
    is_attribute,
    of_a_tensor,
    unknown_element,
    unknown_function,
    unknown_value,
)
from cnndsl.fixes import corrected
from cnndsl.ops import MERGES, OPS, SOURCES, initial
from cnndsl.ops.base import Op, takes_tensors
from cnndsl.syntax import ast
from cnndsl.syntax.walk import below

_MOST = 100  # mistakes that are reported from here


def check_unreached(program: Program, found: Collector) -> None:
    """Reports what is wrong in the definitions of the file itself, reached or not."""
    for definition in program.spec.definitions:
        if not isinstance(definition, ast.Use):
            _Definition(program, found, definition).check()


class _Definition:
    """One definition, and the names in it."""

    def __init__(self, program: Program, found: Collector, definition: ast.Named):
        self.program = program
        self.found = found
        self.definition = definition
        self.names = bound_in(definition)
        self.words: set[int] = set()  # names that are words of an op, by identity

    def check(self) -> None:
        waiting: list[ast.Node] = [self.definition]
        while waiting and self.found.reports < _MOST:
            node = waiting.pop()
            match node:
                case ast.Train() | ast.Preprocess():  # words of their own
                    continue
                case ast.Variant():
                    self.variant(node)
                    waiting += [node.args[index].value for index in range(len(node.args))]
                    waiting += [s for s in node.statements if isinstance(s, ast.Expect)]
                    continue
                case ast.Run() if mistake := labelled(node, self.program):
                    self.report(mistake)
                    continue
                case ast.Bind() | ast.Pack() if mistake := value_meant(
                    node, self.program, self.is_value
                ):
                    self.names.values.add(node.name)
                    if value_meant(node, self.program, lambda _: False):  # no layer perhaps
                        self.report(mistake)
                    continue
                case ast.Call():
                    self.call(node)
                    waiting += [argument.value for argument in node.args]
                    continue
                case ast.Name():
                    self.name(node)
                case ast.Apply():
                    self.apply(node)
                case ast.Merge():
                    self.merge(node)
            waiting += reversed(below(node))

    def is_value(self, name: str) -> bool:
        """Whether a name is a value wherever it is known; a layer it may be too."""
        return name in self.names.values and name not in self.names.tensors

    # --- names ------------------------------------------------------------------------

    def name(self, node: ast.Name) -> None:
        if self.names.has(node.id) or id(node) in self.words:
            return
        if is_attribute(node.id, self.program):
            in_block = isinstance(self.definition, ast.Block)
            self.report(of_a_tensor(node, in_block=in_block))
            return
        if self.program.is_layer(node):
            self.layer(node, node.id, ())
            return
        known = chain(self.names.values, self.names.tensors)
        self.report(unknown_value(node, self.program.fns, known))

    def apply(self, node: ast.Apply) -> None:
        name, program = node.name, self.program
        for argument in node.args or ():
            if argument.name in elsewhere.LAYERS:  # is said of the argument
                self.words.add(id(argument.value))
        if isinstance(node, ast.Made):
            self.op(SOURCES[name], node.args or (), node)
            return
        if self.names.has(name):
            if name in OPS:  # which a value with its name leaves what it is
                self.note_all_words(OPS[name], node.args or ())
            return
        is_op = program.op(name) is not None or name == SPLIT
        if is_op or name in program.blocks or name in program.models:
            self.layer(node, name, node.args or ())
        elif what := program.what(name):
            fix = merged(node)
            shown = (fix and corrected(fix)) or f"{name} [ …, … ]"
            branches = f"give it branches: {shown}" if name in MERGES else None
            what = "a merge" if name in MERGES else what
            self.report(errors.not_runnable(node.name_span, name, what, branches, fix))
        elif program.complete:
            known = chain(OPS, program.ops, program.blocks, self.names.tensors, ("here", SPLIT))
            self.report(unknown_element(node, known))
            for argument in node.args or ():  # which the op that is meant may know
                self.note_words(argument.value, all_words())

    def layer(self, node: ast.Node, name: str, args: Sequence[ast.Argument]) -> None:
        """An op or a block, in a chain or as an argument."""
        block = self.program.blocks.get(name)
        if block is None and self.program.sound:
            block = self.program.nested_block(name)
        if block is not None:
            self.parameters(block, args, node)
            return
        kind = self.program.op(name)
        if kind is not None:
            self.op(kind, args, node)

    def op(self, op: type[Op], args: Sequence[ast.Argument], node: ast.Node) -> None:
        """The arguments of an op."""
        names, required = list(op.arguments()), op.required()
        self.arguments(op.name, names, required, args, node, op.signature)
        self.tensor(op, args, node)
        self.note_all_words(op, args)

    def note_all_words(self, op: type[Op], args: Sequence[ast.Argument]) -> None:
        """Notes the names that mean themselves as arguments of an op."""
        names = list(op.arguments())
        for position, argument in enumerate(args):
            place = argument.name or (names[position] if position < len(names) else "")
            if place in names:
                self.note_words(argument.value, op.arguments()[place].kind.own_words)

    def tensor(self, op: type[Op], args: Sequence[ast.Argument], node: ast.Node) -> None:
        """A tensor as the first argument of an op, `bn(y)`, which is what arrives there."""
        value = args[0].value if args else None
        if not isinstance(value, ast.Name) or args[0].name is not None:
            return
        is_tensor = value.id in self.names.tensors and value.id not in self.names.values
        first = next(iter(op.arguments().items()), None)
        if not is_tensor or first is None or takes_tensors(first[1].kind):
            return
        fix = applied(op.name, args, node.span)
        if fix is not None:
            message = f"`{first[0]}` is no tensor: what arrives stands in front of `{op.name}`"
            self.report(errors.bad_argument(value.span, message, op.signature(), None, fix))

    def note_words(self, expr: ast.Expr, own: frozenset[str]) -> None:
        """Notes the names that mean themselves as an argument of an op."""
        if isinstance(expr, ast.Conditional):
            self.note_words(expr.then, own)
            self.note_words(expr.other, own)
        elif isinstance(expr, ast.Name) and expr.id in own:
            self.words.add(id(expr))

    def merge(self, node: ast.Merge) -> None:
        if node.name in MERGES and not node.items:
            self.report(errors.no_branches(node.name_span, node.name))

    def call(self, node: ast.Call) -> None:
        name, fns = node.func.id, self.program.fns
        if name in fns:
            self.parameters(fns[name], node.args, node)
        elif name in initial.NAMES:
            known, required = initial.parameters(name)
            described = partial(initial.signature, name)
            self.arguments(name, known, required, node.args, node, described)
        elif self.program.is_layer(node):
            self.layer(node, name, node.args)
        elif name not in FUNCTIONS and self.program.complete:
            self.report(unknown_function(node, chain(FUNCTIONS, fns)))

    def variant(self, node: ast.Variant) -> None:
        if node.args and self.program.sound and node.base.id in self.program.models:
            root = self.program.root(node)
            names = [parameter.name for parameter in root.parameters]
            self.arguments(root.name, names, (), node.args, node, lambda: signature(root))

    # --- arguments --------------------------------------------------------------------

    def parameters(
        self, callee: ast.Block | ast.Fn, args: Sequence[ast.Argument], node: ast.Node
    ) -> None:
        names = [parameter.name for parameter in callee.parameters]
        required = [p.name for p in callee.parameters if p.default is None]
        self.arguments(callee.name, names, required, args, node, lambda: signature(callee))

    def arguments(
        self,
        callee: str,
        names: Sequence[str],
        required: Iterable[str],
        args: Sequence[ast.Argument],
        node: ast.Node,
        described: Callable[[], str],
    ) -> None:
        """Every argument that a call should not have, then those that it lacks.

        What is missing may be meant by one that is not known: then that one is all that is said.
        """
        known = frozenset(names)
        given: dict[str, ast.Argument] = {}
        certain = True
        for position, argument in enumerate(args):
            name = argument.name
            if name is None and position >= len(names):
                self.report(surplus(callee, names, args, position, node.span, described))
                break
            if name is None:
                name = names[position]
            elif name not in known:
                self.report(unknown(callee, names, args, position, node.span, described))
                certain = False
                continue
            if name in given:
                first = given[name].span
                self.report(errors.argument_twice(argument.span, callee, name, first))
            given.setdefault(name, argument)
        missing = [name for name in required if name not in given]
        if missing and certain:
            help = lacking(callee, args, missing, node.span)
            self.report(errors.missing_argument(node.span, callee, missing, described(), help))

    def report(self, mistake: Diagnostic) -> None:
        self.found.add(mistake)


@cache
def all_words() -> frozenset[str]:
    """The words of the arguments of all ops: `causal`, `reflect`, …"""
    arguments = (each for op in OPS.values() for each in op.arguments().values())
    return frozenset().union(*(argument.kind.own_words for argument in arguments))
