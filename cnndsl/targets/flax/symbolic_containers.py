"""flax's containers of modules, and the base of all modules."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.targets.flax.symbolic import Tensor, tensor
from cnndsl.targets.flax.symbolic_modules import Given, Layer
from cnndsl.targets.python.callables import Instance
from cnndsl.targets.python.library import Function, Operation
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
        return Operation("append", self.append)

    def append(self, args: list[object], keywords: Given) -> None:
        if keywords or len(args) != 1:
            raise Failure("`append` takes one argument")
        reject_data(args[0], "an item of `nnx.List`")
        self.values.append(args[0])


class NamedModules(External):
    """`nnx.Dict`: modules by name."""

    def __init__(self, values: dict[str, object]):
        self.values: dict[str, object] = {}
        for name, value in values.items():
            self.store(name, value)

    def describe(self) -> str:
        return "an `nnx.Dict`"

    def items(self) -> list[object]:
        return list(self.values)

    def item(self, index: object) -> object:
        if not isinstance(index, str) or index not in self.values:
            raise Failure(f"{self.describe()} has no {described(index)}")
        return self.values[index]

    def store(self, index: object, value: object) -> None:
        if not isinstance(index, str):
            raise Failure(f"{described(index)} names nothing in an `nnx.Dict`")
        reject_data(value, f"`{index}` of `nnx.Dict`")
        self.values[index] = value

    def attribute(self, name: str) -> object:
        if name in self.values:
            return self.values[name]
        whole: dict[str, list[object]] = {
            "items": list(self.values.items()),
            "keys": list(self.values.keys()),
            "values": list(self.values.values()),
        }
        if name not in whole:
            return super().attribute(name)
        return Operation(name, lambda args, keywords: whole[name])


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


def is_data(value: object) -> bool:
    """Whether flax keeps something in a module's state: a module, or what holds some."""
    return isinstance(value, Layer | Instance | Modules | NamedModules | Sequence | Tensor)


def reject_data(value: object, what: str) -> None:
    """flax keeps modules in its own containers alone: a plain list of them is an error."""
    held = list(value.values()) if isinstance(value, dict) else value
    for item in held if isinstance(held, list | tuple) else ():
        if is_data(item):
            kind = type(value).__name__
            raise Failure(f"{what} is a plain {kind} with modules: flax wants its own containers")
        reject_data(item, what)


class ModuleBase(External):
    """`nnx.Module`. Objects are put together while they are built, and only then."""

    is_base = True
    is_constant = True

    def __init__(self) -> None:
        self.is_building = True

    def describe(self) -> str:
        return "`nnx.Module`"

    def accept(self, instance: External, name: str, value: object) -> None:
        if not self.is_building:
            raise Failure(f"a call sets `self.{name}`")
        reject_data(value, f"`self.{name}`")
        held = instance.members.get(name, value) if isinstance(instance, Instance) else value
        if is_data(value) and not is_data(held):
            raise Failure(f"flax makes no module of `self.{name}`, which was {described(held)}")


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
    for held, path in attributes(value, prefix):
        if isinstance(held, Layer):
            yield held, path


def attributes(value: object, prefix: str) -> Iterator[tuple[Layer | Instance, str]]:
    """The layers and objects below an object, and itself, each before those that it holds."""
    todo = [(value, prefix)]
    while todo:
        current, path = todo.pop()
        if isinstance(current, Layer | Instance):
            yield current, path
        if isinstance(current, Instance):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.members.items()))
        elif isinstance(current, Modules | Sequence):
            held = list(enumerate(current.values))
            path += ".layers" if isinstance(current, Sequence) else ""
            todo.extend((v, f"{path}[{i}]") for i, v in reversed(held))
        elif isinstance(current, NamedModules):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.values.items()))
