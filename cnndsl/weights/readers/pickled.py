"""A pickle machine that builds containers and descriptions of tensors, and nothing else.

A pickle is a program: `pickle.load` runs whatever it names. This machine has no way to import or
to call: what a pickle names stays a name, and the four names that PyTorch's archives call are
answered here. Opcodes are taken apart by `pickletools`, which only parses.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TypeVar

from cnndsl.weights.errors import WeightsError

Wanted = TypeVar("Wanted")

MAX_STEPS = 1_000_000  # some forty per tensor
FEW_STEPS = 1_000  # of a pickle that holds next to nothing
DAMAGED = "its pickle is damaged or cut off"


@dataclass(frozen=True)
class Name:
    """What a pickle would import: `collections.OrderedDict`."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Reference:
    """A persistent id: how an archive refers to the bytes of a tensor."""

    parts: tuple[object, ...]


_FAILURES = (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError)
_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,
}
_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
_IGNORED = {"PROTO", "FRAME"}
_PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
_GET = {"GET", "BINGET", "LONG_BINGET"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def load(
    file: IO[bytes],
    call: Callable[[Name, tuple[object, ...]], object],
    steps: int = MAX_STEPS,
) -> object:
    """The value of the pickle that begins where `file` stands; it ends where the pickle ends.

    Args:
      file: held in memory, so that no argument can be longer than what is there.
      call: answers a call of a name, or raises `WeightsError`.
      steps: opcodes, and items that calls copy, at most.

    Raises:
      WeightsError: if the pickle does anything but build values, or is damaged.
    """
    machine = _Machine(call, steps)
    with suppress(*_FAILURES), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pickletools thinks of damaged texts
        for opcode, argument, _ in pickletools.genops(file):
            machine.charge(1)
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    raise WeightsError(DAMAGED)


class _Machine:
    def __init__(self, call: Callable[[Name, tuple[object, ...]], object], steps: int):
        self.call = call
        self.left = steps
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}

    def charge(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise WeightsError("its pickle has more steps than any network needs")

    def pop(self) -> object:
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError
        return value

    def popped(self) -> list[object]:
        """What lies above the last mark."""
        index = len(self.stack) - 1
        while self.stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise IndexError
        values = self.stack[index + 1 :]
        del self.stack[index:]
        return values

    def step(self, opcode: str, argument: object) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _EMPTY:
            self.stack.append(_EMPTY[opcode]())
        elif opcode in _PUT:
            self.memo[_of(int, argument)] = self.stack[-1]
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif opcode in _GET:
            self.stack.append(self.memo[_of(int, argument)])
        elif opcode in _TUPLES:
            self.stack[-_TUPLES[opcode] :] = [tuple(self.stack[-_TUPLES[opcode] :])]
        elif opcode not in _IGNORED:
            self.compose(opcode, argument)

    def compose(self, opcode: str, argument: object) -> None:
        match opcode:
            case "MARK":
                self.stack.append(_MARK)
            case "POP":
                self.stack.pop()
            case "POP_MARK":
                self.popped()
            case "DUP":
                self.stack.append(self.stack[-1])
            case "TUPLE":
                self.stack.append(tuple(self.popped()))
            case "LIST":
                self.stack.append(self.popped())
            case "DICT":
                items = self.popped()
                self.stack.append(table(zip(items[::2], items[1::2], strict=True)))
            case "APPEND":
                value = self.pop()
                _of(list, self.stack[-1]).append(value)
            case "APPENDS" | "ADDITEMS":
                values = self.popped()
                _of(list, self.stack[-1]).extend(values)
            case "SETITEM":
                value, key = self.pop(), self.pop()
                _of(dict, self.stack[-1]).update(table([(key, value)]))
            case "SETITEMS":
                items = self.popped()
                _of(dict, self.stack[-1]).update(table(zip(items[::2], items[1::2], strict=True)))
            case "GLOBAL":
                self.stack.append(Name(*_of(str, argument).split(" ", 1)))
            case "STACK_GLOBAL":
                name, module = self.pop(), self.pop()
                self.stack.append(Name(_of(str, module), _of(str, name)))
            case "BINPERSID":
                self.stack.append(Reference(_of(tuple, self.pop())))
            case "REDUCE":
                arguments, function = _of(tuple, self.pop()), _of(Name, self.pop())
                self.charge(sum(len(value) for value in arguments if isinstance(value, list)))
                self.stack.append(self.call(function, arguments))
            case "BUILD":  # attributes of a container, such as the versions of its modules
                self.pop()
                _of(dict, self.stack[-1])
            case _:
                raise WeightsError(f"its pickle does what no tensor needs: {opcode}")


def table(items: Iterable[tuple[object, object]]) -> dict[str | int, object]:
    """A dict of plain keys: to hash a tuple of a million tuples would end the process."""
    found: dict[str | int, object] = {}
    for key, value in items:
        if not isinstance(key, str | int):
            raise ValueError
        found[key] = value
    return found


def _of(kind: type[Wanted], value: object) -> Wanted:
    if not isinstance(value, kind):
        raise ValueError
    return value
