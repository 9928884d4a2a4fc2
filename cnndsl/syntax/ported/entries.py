"""A layer as any notation lists it, by the meaning of its settings, and the element that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnndsl.syntax.ported.dialects import PLAIN, Dialect
from cnndsl.syntax.ported.meaning import op_meant


class Unknown(Exception):
    """What has no words here."""


@dataclass(frozen=True)
class Entry:
    """A layer: its op, and its settings by what they mean (`meaning.setting_meant`).

    `behind` are ops that follow it, `shape` the size that is said of its result.
    """

    op: str
    given: Mapping[str, str] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    count: str = "1"
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Layers that run where a condition holds."""

    condition: str
    row: tuple[Entry | str | Choice, ...]


@dataclass
class Arriving:
    """What is known of the tensor that arrives: its sides, its channels, whether it is a vector."""

    sides: tuple[int, ...] = ()
    channels: int | None = None
    flat: bool = False


MADE = {"conv": "filters", "conv_transpose": "filters", "separable": "filters", "dense": "units"}
_WINDOWS = frozenset({"max_pool", "avg_pool"})
_FIELDS = (*MADE, "depthwise")
_OF_LRN = ("alpha", "beta", "k")
_PLAIN_FIRST = ("filters", "kernel", "units", "window", "rate", "factor", "groups", "size", "slope")


def element(entry: Entry, at: Arriving, dialect: Dialect = PLAIN) -> list[str]:
    """The elements that a layer is here, in a row; `at` becomes what leaves them.

    Raises:
      Unknown: if it has no words here, or lacks what it needs.
    """
    op, given = entry.op, {k: v for k, v in entry.given.items() if k and k != "idle"}
    behind = list(entry.behind)
    if said := given.pop("behind", None):
        behind += behind_of(said)
    elif dialect.relu and op in ("conv", "dense") and "behind" not in entry.given:
        behind.append("relu")
    if said := given.pop("norm", None):
        behind = [*behind_of(said), *behind]
    op = _settled(op, given, at)
    found: list[str] = []
    if op == "dense" and not at.flat and (dialect.flattens or at.sides):
        found.append("flatten")
    if op == "here" or (op == "flatten" and at.flat):
        return behind
    found.append(_call(op, given, at, dialect, entry.shape))
    _follow(op, given, at, entry.shape)
    row = [*found, *behind]
    if entry.count != "1":
        whole = " -> ".join(row)
        return [f"{{ {whole} }} * {entry.count}" if len(row) > 1 else f"{whole} * {entry.count}"]
    return row


def behind_of(said: str) -> list[str]:
    """The ops that an activation or a norm is, behind the layer that has it."""
    word = said.strip("\"'")
    if word.lower() in ("none", "linear", "false", "identity", "nothing", "-", "no"):
        return []
    if word.lower() == "true":
        return ["bn"]
    op = op_meant(re.sub(r"\(.*", "", word).rpartition(".")[2])
    if op is None:
        raise Unknown
    return [op]


def _settled(op: str, given: dict[str, str], at: Arriving) -> str:
    """The op, where its settings decide which one it is."""
    ones = given.get("kernel") in ("1", "1x1", "[1, 1]") or given.get("out") in ("1", "1x1")
    if op == "adaptive_avg_pool" and (ones or given.get("size") in ("1", "1x1")):
        given.clear()
        return "global_avg_pool"
    if op in _WINDOWS and not given.get("kernel"):
        return f"global_{op}" if op == "avg_pool" or at.flat else op
    if op == "resize" and "factor" in given:
        return "upsample"
    if op == "upsample" and "kernel" in given:
        given.setdefault("factor", given.pop("kernel"))
    groups, arrives = given.get("groups"), given.get("arrives")
    if op == "conv" and groups is not None and groups == arrives == given.get("out"):
        del given["groups"], given["out"]
        return "depthwise"
    if "kept" in given:
        kept = float(given.pop("kept"))
        given["rate"] = f"{1 - kept:g}"
    return op


def _call(
    op: str, given: dict[str, str], at: Arriving, dialect: Dialect, shape: tuple[int, ...]
) -> str:
    """An op with its arguments as they are here."""
    from cnndsl.ops import OPS  # only mistakes ask for them

    if op not in OPS:
        raise Unknown
    names = list(OPS[op].arguments())
    said: dict[str, str] = {}
    if op in MADE:
        if "out" not in given:
            raise Unknown
        said[MADE[op]] = given["out"]
    kernel = _size(given.get("kernel", ""))
    if op in _FIELDS and "kernel" in names:
        if not kernel:
            raise Unknown
        said["kernel"] = kernel
    elif op in _WINDOWS:
        said["window"] = kernel or "2"
    if op in (*_FIELDS, *_WINDOWS) and op != "dense":
        said |= _moves(op, given, at, dialect, shape, kernel or "2")
    for key, ours in (("dilation", "dilation"), ("groups", "groups"), ("bias", "bias")):
        plain = {"groups": "1", "dilation": "1", "bias": "true"}[key]
        if ours in names and _size(given.get(key, plain)) not in (plain, f"{plain}x{plain}"):
            said[ours] = _size(given[key])
    for key in ("rate", "eps", "slope", "factor", "method", "multiplier", "size", *_OF_LRN):
        if key in given and key in names and given[key]:
            said[key] = _size(given[key])
    if op == "bn" and "momentum" in given:
        _momentum(said, given["momentum"], dialect)
    if op == "upsample":
        said.setdefault("factor", "2")
        if "factor" in said and re.fullmatch(r"(\d+)x\1", said["factor"]):
            said["factor"] = said["factor"].partition("x")[0]
        if said.get("method") == "nearest":
            del said["method"]
    if op == "dropout":
        said.setdefault("rate", "0.5")
    if op == "pad":
        said["amount"] = _size(given.get("pad") or given.get("kernel", "1"))
    words = [_argument(name, said[name], i) for i, name in enumerate(n for n in names if n in said)]
    return f"{op}({', '.join(words)})" if words else op


def _argument(name: str, value: str, place: int) -> str:
    return value if place < 2 and name in _PLAIN_FIRST else f"{name} = {value}"


def _momentum(said: dict[str, str], text: str, dialect: Dialect) -> None:
    try:
        value = float(text)
    except ValueError:
        raise Unknown from None
    value = round(1 - value, 6) if dialect.lower_momentum else value
    if value != 0.9:
        said["momentum"] = f"{value:g}"


def _moves(
    op: str,
    given: dict[str, str],
    at: Arriving,
    dialect: Dialect,
    shape: tuple[int, ...],
    kernel: str,
) -> dict[str, str]:
    """Stride and padding, those left unsaid as the notation has them."""
    said: dict[str, str] = {}
    is_pool = op in _WINDOWS
    unsaid = kernel if is_pool and dialect.moves else "1"
    stride = _size(given.get("stride", unsaid)) or unsaid
    ours = kernel if is_pool else "1"
    if _once(stride) != _once(ours):
        said["stride"] = stride
    pad = _size(given.get("pad", ""))
    if not pad:
        pad = _pad_of(at, shape, kernel, stride) or (
            "same" if dialect.pads and not is_pool else "valid"
        )
    pad = "same" if pad == "samepad" else pad
    pad = {"0": "valid", "0x0": "valid", "true": "same", "false": "valid"}.get(pad, pad)
    if op == "conv_transpose" and pad.isdigit():
        side = int(_once(kernel)) if _once(kernel).isdigit() else 0
        pad = "same" if stride.isdigit() and side - 2 * int(pad) == int(stride) else pad
    if _once(kernel) == "1" and pad == "valid":
        pad = "same" if not is_pool else pad
    width, step = _once(kernel), _once(stride)
    if width.isdigit() and pad.isdigit() and step == "1" and int(pad) * 2 + 1 == int(width):
        pad = "same"
    if pad != ("valid" if is_pool else "same"):
        said["pad"] = pad
    if is_pool and given.get("count_pad") == "true":
        said["count_pad"] = "true"
    if is_pool and pad != "same" and (dialect.rounds_up or given.get("ceil") == "true"):
        said["ceil"] = "true"
    return said


def _pad_of(at: Arriving, shape: tuple[int, ...], kernel: str, stride: str) -> str | None:
    """The padding by which a window gives the size that is said."""
    if len(shape) != 3 or not at.sides or not (_once(kernel) + _once(stride)).isdigit():
        return None
    side, wanted, k, s = at.sides[0], shape[0], int(_once(kernel)), int(_once(stride))
    if -(-side // s) == wanted:
        return "same"
    pads = [p for p in range(k) if (side + 2 * p - k) // s + 1 == wanted]
    return ("valid" if pads[0] == 0 else str(pads[0])) if pads else None


def _once(size: str) -> str:
    """`3` of `3x3`; other sizes as they are."""
    same = re.fullmatch(r"(\d+)(?:x\1)+", size)
    return same[1] if same else size


def _size(text: str) -> str:
    return _once(text.strip())


def _follow(op: str, given: Mapping[str, str], at: Arriving, shape: tuple[int, ...]) -> None:
    """What leaves an op, as far as it is plain."""
    at.flat = at.flat or op in ("flatten", "dense", "global_avg_pool", "global_max_pool")
    step = _once(given.get("stride", given.get("kernel", "2") if op in _WINDOWS else "1"))
    at.sides = tuple(-(-side // int(step)) for side in at.sides) if step.isdigit() else ()
    if len(shape) == 3:
        at.sides = shape[:2]
    if "out" in given:
        at.channels = int(given["out"]) if given["out"].isdigit() else None
