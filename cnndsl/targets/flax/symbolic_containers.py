"""flax's containers of modules, and the base of all modules."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.targets.flax.symbolic import Tensor, tensor
from cnndsl.targets.flax.symbolic_layers import Given, Layer
from cnndsl.targets.python.callables import Instance
from cnndsl.targets.python.library import Function
from cnndsl.targets.python.values import Budget, External, Failure, described, listed


class Modules(External):
    """`nnx.List`: modules, or anything that a module may hold."""

    def __init__(self, values: list[object]):
        for value in values:
            reject_data(value, "an item of `nnx.List`")
        self.values = values

    def describe(self) -> str:
        return "an `nnx.List`"

    def is_true(self) -> bool:
        return bool(self.values)

    def items(self) -> list[object]:
        return self.values

    def item(self, index: object) -> object:
        if not isinstance(index, int | slice):
            raise Failure(f"{described(index)} is no index of an `nnx.List`")
        return self.values[index]

    def attribute(self, name: str) -> object:
        if name != "append":
            return super().attribute(name)
        return Function("append", self.append)

    def append(self, args: list[object], keywords: Given) -> None:
        if keywords or len(args) != 1:
            raise Failure("`append` takes one argument")
        reject_data(args[0], "an item of `nnx.List`")
        self.values.append(args[0])


class NamedModules(External):
    """`nnx.Dict`: modules by name."""

    def __init__(self, values: dict[str, object]):
        for name, value in values.items():
            reject_data(value, f"`{name}` of `nnx.Dict`")
        self.values = values

    def describe(self) -> str:
        return "an `nnx.Dict`"

    def items(self) -> list[object]:
        return list(self.values)

    def item(self, index: object) -> object:
        if not isinstance(index, str) or index not in self.values:
            raise Failure(f"{self.describe()} has no {described(index)}")
        return self.values[index]

    def attribute(self, name: str) -> object:
        if name not in self.values:
            return super().attribute(name)
        return self.values[name]


class Sequence(External):
    """`nnx.Sequential`: callables, one after the other."""

    def __init__(self, values: list[object]):
        for value in values:
            if not isinstance(value, External):
                raise Failure(f"`nnx.Sequential` of {described(value)}")
        self.values = [value for value in values if isinstance(value, External)]

    def describe(self) -> str:
        return "an `nnx.Sequential`"

    def call(self, args: list[object], keywords: Given) -> object:
        if keywords or len(args) != 1:
            raise Failure("`nnx.Sequential` is called with one tensor alone")
        x: object = tensor(args[0], "`nnx.Sequential`")
        for value in self.values:
            x = value.call([x], {})
        return x


def reject_data(value: object, what: str) -> None:
    """flax keeps modules in its own containers alone: a plain list of them is an error."""
    todo = list(value) if isinstance(value, list | tuple) else []
    if isinstance(value, dict):
        todo = list(value.values())
    for item in todo:
        if isinstance(item, Layer | Instance | Modules | NamedModules | Sequence | Tensor):
            kind = type(value).__name__
            raise Failure(f"{what} is a plain {kind} with modules: flax wants its own containers")
        reject_data(item, what)


class ModuleBase(External):
    """`nnx.Module`."""

    is_base = True

    def describe(self) -> str:
        return "`nnx.Module`"

    def accept(self, instance: External, name: str, value: object) -> None:
        reject_data(value, f"`self.{name}`")


MODULE = ModuleBase()


def list_type(budget: Budget) -> Function:
    """`nnx.List`, whose items count as steps."""

    def run(args: list[object], keywords: Given) -> object:
        if keywords or len(args) > 1:
            raise Failure("`nnx.List` takes one iterable")
        return Modules(listed(args[0], budget) if args else [])

    return Function("nnx.List", run)


def dict_of(args: list[object], keywords: Given) -> object:
    """`nnx.Dict(…)`."""
    given = args[0] if len(args) == 1 else {}
    if len(args) > 1 or not isinstance(given, dict):
        raise Failure("`nnx.Dict` takes one dict")
    return NamedModules({**given, **keywords})


def sequential_of(args: list[object], keywords: Given) -> object:
    """`nnx.Sequential(…)`."""
    if keywords:
        raise Failure("`nnx.Sequential` takes no keywords")
    return Sequence(args)


def paths(value: object, prefix: str) -> Iterator[tuple[Layer, str]]:
    """The layers below an object, each with its attribute: `self.conv1.convs[0]`."""
    todo = [(value, prefix)]
    while todo:
        current, path = todo.pop()
        if isinstance(current, Layer):
            yield current, path
        elif isinstance(current, Instance):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.members.items()))
        elif isinstance(current, Modules | Sequence):
            held = list(enumerate(current.values))
            todo.extend((v, f"{path}[{i}]") for i, v in reversed(held))
        elif isinstance(current, NamedModules):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.values.items()))
