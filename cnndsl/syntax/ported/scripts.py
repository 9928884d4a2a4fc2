"""Statements of any library as steps: layers that are called with tensors, added, or listed."""

from __future__ import annotations

import ast as python
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from cnndsl.syntax.ported.calls import CONTAINERS
from cnndsl.syntax.ported.control import called, calls_in, is_true, piped, plain, unrolled
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.flows import FLOW, Layer, Merged, Named, Ran, Step, Tensor
from cnndsl.syntax.ported.images import Images
from cnndsl.syntax.ported.meaning import is_silent, op_meant
from cnndsl.syntax.ported.running import ENDS
from cnndsl.syntax.ported.tensors import USUAL
from cnndsl.syntax.ported.values import is_library, name_of, name_of_call, target_of

_ADDS = frozenset({"add", "append", "push", "push_back", "add_module"})


@dataclass
class Script(Images):
    """Reads statements in order."""

    called: set[str] = field(default_factory=set)  # names that are called, as layers are
    kept: set[str] = field(default_factory=set)  # lists of layers that are read elsewhere

    def run(self, body: Iterable[python.stmt]) -> None:
        """Notes what statements compute.

        Raises:
          Unknown: where one has no words here.
        """
        body = plain(body, self.last)
        self.called |= called(body)
        for statement in body:
            if self.calls.leaves:
                self._read_or_left(statement)
            else:
                self._statement(self.sized(statement))
        if self.image is None and (said := self.calls.image) is not None:
            self.image = self.sides(said)

    def _read_or_left(self, statement: python.stmt) -> None:
        steps, tensors, flow = len(self.steps), dict(self.tensors), self.flow
        try:
            self._statement(self.sized(statement))
            return
        except Unknown:
            del self.steps[steps:]
            self.tensors, self.flow = tensors, flow
        match statement:
            case python.Expr(value=value) if not any(
                op_meant(name_of_call(call)) for call in calls_in(value)
            ):
                return  # it computes nothing that is kept
        given = [each.id for each in python.walk(statement) if _is_given(each)]
        known = [name for name in given if name in self.tensors]
        name = [*(known or given), "x"][0]
        self.computed(name, Ran(self.calls.unread(statement), Named(self.flow)))

    def _statement(self, statement: python.stmt) -> None:
        match statement:
            case python.Import() | python.ImportFrom() | python.Pass():
                return
            case python.Expr(value=python.Constant(value=str())):
                return
            case python.Assign(targets=[target], value=value):
                self._assigned(target_of(target), value)
            case python.AnnAssign(target=target, value=value) if value is not None:
                self._assigned(target_of(target), value)
            case python.AugAssign(target=target, op=python.Add(), value=value):
                name = target_of(target)
                self.computed(name, Merged("add", (self.named(name), self.tensor(value))))
            case python.Expr(value=value):
                self._expression(value)
            case python.Return(value=value) if value is not None:
                self._returned(value)
            case python.For():
                self._loop(statement)
            case python.If(test=test, body=body, orelse=other):
                self._choice(test, body, other)
            case python.Assert():
                return
            case _:
                raise Unknown

    def _loop(self, loop: python.For) -> None:
        """`for layer in self.layers: x = layer(x)`, or statements that are repeated."""
        match loop:
            case python.For(
                target=python.Name(id=name),
                iter=python.Name() | python.Attribute() as layers,
                body=[
                    python.Assign(
                        targets=[target], value=python.Call(func=python.Name(id=called), args=[of])
                    )
                ],
            ) if called == name and name_of(layers) in self.calls.layers:
                row = self.calls.layers[name_of(layers)]
                self.computed(target_of(target), self.through(row, self.tensor(of)))
                return
        body = unrolled(loop, self.given)
        if body is None:
            raise Unknown
        self.run(body)

    def _choice(
        self, test: python.expr, body: Sequence[python.stmt], other: Sequence[python.stmt]
    ) -> None:
        """Statements that run where a condition holds, or the layers that a tensor runs through."""
        known = is_true(test)
        if known is not None:
            self.run(body if known else other)
            return
        match [*body, *other]:
            case [python.Return(value=value), python.Return(value=otherwise)] if (
                value and otherwise
            ):
                self.computed("x", self.chosen(test, value, otherwise))
                return
            case [python.Assign(targets=[target], value=value)]:
                tensor = self.chosen(test, value, target)
            case [
                python.Assign(targets=[target], value=value),
                python.Assign(targets=[again], value=otherwise),
            ] if other and target_of(target) == target_of(again):
                tensor = self.chosen(test, value, otherwise)
            case _:
                raise Unknown
        self.computed(target_of(target), tensor)

    def _assigned(self, name: str, value: python.expr) -> None:
        if self._is_silent(value):
            return
        if self.is_input(value):
            self.image = self.image_of(value) or self.image
            self.tensors[name] = FLOW
            return
        if isinstance(value, python.Call) and self._is_container(value) and not value.args:
            self.tensors[name] = self.flow  # `model = Sequential()`, to which layers are added
            return
        if isinstance(value, python.Constant | python.Tuple | python.List) and self._is_plain(
            value
        ):
            self.constants[name] = self.calls.value(value)
            self.given[name] = value
            return
        if isinstance(value, python.List) and self._is_tensors(value):
            self.given[name] = value
            return
        if self._ended(value):
            return
        try:
            tensor = self.tensor(value)
        except Unknown:
            row = self._listed(value)
            if row is None and self._is_value(value):
                self.calls.values[name] = self.calls.value_inside(value)
                return
            if row is None:
                raise
            if self._is_script_list(value) and name not in self.kept:
                self.run_row(row)
                return
            if name in USUAL - self.called:  # it stands for what the layers give
                self.computed(name, self.through(row, Named(self.flow)))
                return
            self.calls.layers[name] = row
            return
        self.computed(name, tensor)

    def _expression(self, value: python.expr) -> None:
        if self._is_silent(value) or self._ended(value):
            return
        match value:
            case python.Call(func=python.Attribute(value=of, attr=name), args=[*_, layer]) if (
                name in _ADDS and not is_library(of)
            ):
                self.run_row(self._drop_image(layer))
                return
        if self.is_input(value):
            self.image = self.image_of(value) or self.image
            return
        try:
            tensor = self.tensor(value)
        except Unknown:
            self.run_row(self._drop_image(value))
            return
        self.computed("x", tensor)

    def _drop_image(self, value: python.expr) -> list[Layer]:
        """The layers of a pipe or list, whose first may be the image."""
        items = piped(value)
        if self.is_input(items[0]):
            self.image = self.image_of(items[0]) or self.image
            items = items[1:]
        return [each for item in items for each in self.calls.row(item)]

    def run_row(self, row: Sequence[Layer]) -> None:
        """Notes layers behind what flows."""
        self.computed("x", self.through(row, Named(self.flow)))

    def computed(self, name: str, tensor: Tensor) -> None:
        self.steps.append(Step(name, tensor))
        self.tensors[name] = name
        if not isinstance(tensor, Named):  # another name for what flows, or for what did
            self.flow = name

    def _returned(self, value: python.expr) -> None:
        if isinstance(value, python.Tuple):
            raise Unknown
        if not self._ended(value):
            self.computed("x", self.tensor(value))

    def _ended(self, call: python.expr) -> bool:
        """Whether it is `Model(inputs, outputs)`, where the second is what the steps gave last."""
        if not isinstance(call, python.Call) or name_of_call(call) not in ENDS:
            return False
        given = [k.value for k in call.keywords if k.arg == "outputs"]
        match [*call.args[1:2], *given][:1]:
            case [python.Name(id=name)] if self.tensors.get(name) != self.flow:
                self.computed(name, self.named(name))
        return True

    # --- what else --------------------------------------------------------------------

    def _is_silent(self, value: python.expr) -> bool:
        if not isinstance(value, python.Call) or isinstance(value.func, python.Call):
            return False
        return (is_silent(name_of(value.func)) and not isinstance(value.func, python.Name)) or (
            isinstance(value.func, python.Name) and value.func.id in ("print", "summary", "compile")
        )

    def _is_container(self, value: python.Call) -> bool:
        return CONTAINERS.fullmatch(name_of_call(value)) is not None

    def _is_plain(self, value: python.expr) -> bool:
        try:
            return all(part.isalnum() for part in self.calls.value(value).strip("[]").split(", "))
        except Unknown:
            return False

    def _is_tensors(self, value: python.List) -> bool:
        names = [each.id for each in value.elts if isinstance(each, python.Name)]
        return len(names) == len(value.elts) > 0 and all(each in self.tensors for each in names)

    def _is_value(self, value: python.expr) -> bool:
        """Whether an expression is made of numbers and of names of settings alone."""
        names = [each.id for each in python.walk(value) if isinstance(each, python.Name)]
        known = all(each in self.calls.values or "⟦" in each for each in names if each != "self")
        calls = any(isinstance(each, python.Call) for each in python.walk(value))
        return bool(names) and known and not calls

    def _is_script_list(self, value: python.expr) -> bool:
        """Whether an assigned list of layers is the network, and no layer to be called."""
        container = isinstance(value, python.Call) and self._is_container(value)
        network = container or isinstance(value, python.List | python.BinOp)
        return not self.calls.layers and network

    def _listed(self, value: python.expr) -> list[Layer] | None:
        items = value.elts if isinstance(value, python.List) else piped(value)
        read = self.calls.row
        if isinstance(value, python.Call) and self._is_container(value):
            read = self.calls.held
            items = [
                each
                for arg in value.args
                for each in (arg.elts if isinstance(arg, python.List) else [arg])
            ]
        if items and self.is_input(items[0]):
            self.image = self.image_of(items[0]) or self.image
            items = items[1:]
        kept = [item for item in items if not _is_silent_layer(item)]
        try:
            return [each for item in kept for each in read(item)]
        except Unknown:
            return None


def _is_given(node: python.AST) -> TypeGuard[python.Name]:
    """Whether it is a name that gets a value."""
    return isinstance(node, python.Name) and isinstance(node.ctx, python.Store)


def _is_silent_layer(node: python.expr) -> bool:
    """`classificationLayer`, which says what the result is for."""
    named = node.func if isinstance(node, python.Call) else node
    try:
        return is_silent(name_of(named))
    except Unknown:
        return False
