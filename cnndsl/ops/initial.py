"""How tensors start: initialisers by name, with the arguments that some of them take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

from cnndsl.ops.base import Kind, Reject
from cnndsl.ops.spelled import Written, show

# Those of jax.nn.initializers that take no number, and PyTorch's `dirac`.
PLAIN = (
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "glorot_normal",
    "glorot_uniform",
    "xavier_normal",
    "xavier_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "truncated_normal",
    "uniform",
    "orthogonal",
    "zeros",
    "ones",
    "dirac",
)
OF_VECTORS = ("zeros", "ones", "normal", "truncated_normal", "uniform")  # without a fan-in
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "normal", "uniform")


@dataclass(frozen=True)
class Initial(Written):
    """An initialiser with its arguments: `truncated_normal(0.01)`."""

    name: str
    args: tuple[float | str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(show, self.args))})"


Start = str | Initial  # a name, or a name with other arguments than its defaults


@dataclass(frozen=True)
class _Argument:
    """`default` is None where there is none."""

    name: str
    default: float | None
    describe: str
    accepts: Callable[[object], bool]


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and isfinite(value)  # type: ignore[arg-type]


def _is_positive(value: object) -> bool:
    return _is_number(value) and value > 0  # type: ignore[operator]


def _deviation(default: float) -> tuple[_Argument, ...]:
    return (_Argument("std", default, "a positive number", _is_positive),)


_ARGUMENTS: dict[str, tuple[_Argument, ...]] = {
    **{name: () for name in PLAIN},
    "constant": (_Argument("value", None, "a number", _is_number),),
    "normal": _deviation(0.01),
    "truncated_normal": _deviation(0.01),
    "uniform": (_Argument("scale", 0.01, "a positive number", _is_positive),),
    "orthogonal": (_Argument("scale", 1.0, "a positive number", _is_positive),),
    "variance_scaling": (
        _Argument("scale", None, "a positive number", _is_positive),
        _Argument("mode", None, "one of the strings fan_in fan_out fan_avg", MODES.__contains__),
        _Argument(
            "distribution",
            None,
            "one of the strings truncated_normal normal uniform",
            DISTRIBUTIONS.__contains__,
        ),
    ),
}
NAMES = tuple(_ARGUMENTS)


def signature(name: str) -> str:
    """`truncated_normal(std = 0.01)`."""
    parts = [
        a.name if a.default is None else f"{a.name} = {show(a.default)}" for a in _ARGUMENTS[name]
    ]
    return f"{name}({', '.join(parts)})"


def parameters(name: str) -> tuple[list[str], list[str]]:
    """The arguments of an initialiser in order, and those that it needs."""
    taken = _ARGUMENTS[name]
    return [a.name for a in taken], [a.name for a in taken if a.default is None]


def initial(name: str, given: Mapping[str, object]) -> Initial:
    """The initialiser with these arguments; raises `Reject`, with the argument as its focus."""
    args: list[float | str] = []
    for argument in _ARGUMENTS[name]:
        value = given.get(argument.name, argument.default)
        if not argument.accepts(value):
            shown = show(value) if isinstance(value, bool | int | float | str) else "that"
            raise Reject(f"`{argument.name}` is {argument.describe}, not {shown}", argument.name)
        assert isinstance(value, int | float | str)
        args.append(float(value) if isinstance(value, int) else value)
    return Initial(name, tuple(args))


def normal_form(value: Initial) -> Start:
    """The name alone where the arguments are what they are anyway; one word for constants."""
    if value.name == "constant" and value.args in ((0.0,), (1.0,)):
        return "zeros" if value.args == (0.0,) else "ones"
    defaults = tuple(argument.default for argument in _ARGUMENTS[value.name])
    return value.name if value.args == defaults else value


class Initializer(Kind[Start | None]):
    """An initialiser, or none: the compiler chooses."""

    own_words = frozenset(PLAIN)

    def describe(self) -> str:
        return "none or an initializer"

    def convert(self, value: object) -> Start | None:
        return None if value is None else _start(self, value, PLAIN, NAMES)


class VectorInitializer(Kind[Start]):
    """An initialiser of one value per channel, which has no fan-in."""

    own_words = frozenset(OF_VECTORS)

    def describe(self) -> str:
        return "a number, or an initializer of single values"

    def convert(self, value: object) -> Start:
        return _start(self, value, OF_VECTORS, (*OF_VECTORS, "constant"))


class TensorInitializer(Kind[Start]):
    """An initialiser of a tensor that is no kernel."""

    own_words = frozenset(PLAIN)

    def describe(self) -> str:
        return "a number, or an initializer of a tensor"

    def convert(self, value: object) -> Start:
        words = tuple(name for name in PLAIN if name != "dirac")  # which is a kernel
        return _start(self, value, words, (*words, "constant", "variance_scaling"))


def name_of(start: Start) -> str:
    """An initialiser without its arguments."""
    return start.name if isinstance(start, Initial) else start


def _start(
    kind: Kind[Start] | Kind[Start | None],
    value: object,
    plain: tuple[str, ...],
    all: tuple[str, ...],
) -> Start:
    if _is_number(value):
        assert isinstance(value, int | float)
        return normal_form(Initial("constant", (float(value),)))
    if isinstance(value, str) and value in plain:
        return value
    if isinstance(value, Initial) and value.name in all:
        return normal_form(value)
    help = f"one of {', '.join(signature(name) if _ARGUMENTS[name] else name for name in all)}"
    raise kind.mismatch(value, help=help)


def check_start(what: str, present: bool, start: Start, usual: str) -> None:
    """Rejects how a tensor starts that an op does not have."""
    if not present and start != usual:
        focus = f"{what}_init"
        raise Reject(f"with `{what} = false` nothing starts", focus, f"leave out `{focus}`")


INITIALIZER = Initializer()
VECTOR_INITIALIZER = VectorInitializer()
TENSOR_INITIALIZER = TensorInitializer()
