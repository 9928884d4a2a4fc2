"""A layer as any notation lists it, by the meaning of its settings, and the element that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field

from cnndsl.syntax.ported import settled
from cnndsl.syntax.ported.dialects import PLAIN, Dialect
from cnndsl.syntax.ported.meaning import op_meant
from cnndsl.syntax.ported.settled import MADE, Arriving, Unknown, once, size_of


@dataclass(frozen=True)
class Entry:
    """A layer: its op, and its settings by what they mean (`meaning.setting_meant`).

    `behind` are ops that follow it, `shape` the size that is said of its result; `text` is what
    stands in its place where it has no words here, if its author can write that by hand. `notes`
    is what a comment says in front of it, for it has no words here and changes no shape.
    """

    op: str
    given: Mapping[str, str] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    count: str = "1"
    shape: tuple[int, ...] = ()
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Layers that run where a condition holds, and those that do where not."""

    condition: str
    row: tuple[Entry | str | Choice, ...]
    other: tuple[Entry | str | Choice, ...] = ()


SPREAD = "reshape([1, 1, here.channels])"  # a vector as a map of one position
BY_HAND = "by_hand"  # what cannot be read, and stands in the comment in front of it
_TRUSTED = 2
_SHOWN = 90  # characters of a statement that a comment repeats
_NEAR = "`gelu` is exact here, and near that in flax, unless it says approximate = False"
_PLAIN_FIRST = ("filters", "kernel", "units", "window", "rate", "factor", "groups", "size", "slope")


def element(entry: Entry, at: Arriving, dialect: Dialect = PLAIN) -> list[str]:
    """The elements that a layer is here, in a row behind comments; `at` becomes what leaves them.

    Raises:
      Unknown: if it has no words here, or lacks what it needs.
    """
    try:
        return _element(entry, at, dialect)
    except Unknown:
        if not entry.text or entry.behind:
            raise
        at.sides, at.channels, at.flat = (), None, False
        notes = [f"# {each}" for each in entry.notes]
        *more, text = entry.text.splitlines()
        return [*notes, *more, text if entry.count == "1" else f"{text} * {entry.count}"]


def by_hand(said: str) -> str:
    """What stands in place of a layer that cannot be read: the text of an entry."""
    return f"# {' '.join(said.split())[:_SHOWN]}\n{BY_HAND}"


def is_trusted(layers: Sequence[object]) -> bool:
    """Whether enough of the layers could be read, two for each line that is left to the
    author.
    """
    left = {each.text for each in layers if isinstance(each, Entry) and not each.op}
    return len(layers) > _TRUSTED * len(left)


def _element(entry: Entry, at: Arriving, dialect: Dialect) -> list[str]:
    op, given = entry.op, {k: v for k, v in entry.given.items() if k and k != "idle"}
    settled.join_sides(given)
    behind = list(entry.behind)
    if said := given.pop("behind", None):
        behind += behind_of(said, dialect)
    elif dialect.relu and op in ("conv", "dense") and "behind" not in entry.given:
        behind.append("relu")
    if said := given.pop("norm", None):
        behind = [*behind_of(said), *behind]
    if op == "spread":  # a vector over the positions of a map, which a merge says
        if not at.flat:
            raise Unknown
        return []
    op = settled.settled(op, given, at, dialect)
    if op in settled.SEVERAL:
        return [*settled.SEVERAL[op], *behind]
    for norm, key, value in dialect.norms:
        if norm == op:
            given.setdefault(key, value)
    found: list[str] = []
    notes = [f"# {each}" for each in entry.notes]
    if op == "gelu" and not dialect.exact and given.get("approximate") != "false":
        notes.append(f"# {_NEAR}")
    if op == "dense" and dialect.maps and at.sides and not at.flat:
        op, given = "conv", {"kernel": "1", **given}
    if op == "dense" and not at.flat and (dialect.flattens or at.sides):
        found.append("flatten")
    if at.pooled and op in settled.FIELDS and op != "dense":
        found.append(SPREAD)
        at.flat = at.pooled = False
    if op == "here" or (op == "flatten" and at.flat):
        return [*notes, *behind]
    found.append(_call(op, given, at, dialect, entry.shape))
    _follow(op, given, at, entry.shape)
    row = [*found, *behind]
    if entry.count != "1":
        whole = " -> ".join(row)
        whole = f"{{ {whole} }}" if len(row) > 1 else whole
        return [*notes, f"{whole} * {entry.count}"]
    return [*notes, *row]


def behind_of(said: str, dialect: Dialect = PLAIN) -> list[str]:
    """The ops that an activation or a norm is, behind the layer that has it."""
    word = said.strip("\"'")
    if word.lower() in ("none", "linear", "false", "identity", "nothing", "-", "no"):
        return []
    if word.lower() == "true":
        return ["bn"]
    op = op_meant(re.sub(r"\(.*", "", word).rpartition(".")[2])
    if op is None:
        raise Unknown
    if op == "leaky_relu" and dialect.leaks:
        return [f"leaky_relu({dialect.leaks})"]
    return list(settled.SEVERAL.get(op, (op,)))


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
    kernel = size_of(given.get("kernel", ""))
    if op in settled.FIELDS and "kernel" in names:
        if not kernel:
            raise Unknown
        said["kernel"] = kernel
    elif op in settled.WINDOWS:
        said["window"] = kernel or "2"
    if op in (*settled.FIELDS, *settled.WINDOWS) and op != "dense":
        said |= _moves(op, given, at, dialect, shape, kernel or "2")
    for key, ours in (("dilation", "dilation"), ("groups", "groups"), ("bias", "bias")):
        plain = {"groups": "1", "dilation": "1", "bias": "true"}[key]
        if ours in names and size_of(given.get(key, plain)) not in (plain, f"{plain}x{plain}"):
            said[ours] = size_of(given[key])
    for key in settled.PLAIN_SETTINGS:
        if key in given and key in names and given[key]:
            default = OPS[op].arguments()[key].default
            if not _is_same(size_of(given[key]), str(default)):
                said[key] = size_of(given[key])
    said |= {k: given[k] for k, plain in settled.STARTS.items() if given.get(k, plain) != plain}
    settled.check_told(op, given, names)
    if op == "bn" and given.get("momentum"):
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
        said["amount"] = size_of(given.get("pad") or given.get("kernel", "1"))
    if any(OPS[op].arguments()[name].default is MISSING for name in {*names} - {*said}):
        raise Unknown
    words = [_argument(name, said[name], i) for i, name in enumerate(n for n in names if n in said)]
    return f"{op}({', '.join(words)})" if words else op


def _is_same(value: str, default: str) -> bool:
    try:
        return float(value) == float(default)
    except ValueError:
        return value == default.lower()


def _argument(name: str, value: str, place: int) -> str:
    return value if place < 2 and name in _PLAIN_FIRST else f"{name} = {value}"


def _momentum(said: dict[str, str], text: str, dialect: Dialect) -> None:
    ours = text.removeprefix("1 - ")  # what a library's notation has, said by what is here
    try:
        value = float(ours)
    except ValueError:
        raise Unknown from None
    value = round(1 - value, 6) if dialect.lower_momentum and ours == text else value
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
    is_pool = op in settled.WINDOWS
    unsaid = kernel if is_pool and dialect.moves else "1"
    reach = _reach(kernel, "1" if is_pool else size_of(given.get("dilation", "1")))
    stride = size_of(given.get("stride", unsaid)) or unsaid
    ours = kernel if is_pool else "1"
    if once(stride) != once(ours):
        said["stride"] = stride
    pad = size_of(given.get("pad", ""))
    if not pad:
        pad = _pad_of(at, shape, reach, stride) or (
            "same" if dialect.pads and not is_pool else "valid"
        )
    pad = "same" if pad == "samepad" else pad
    pad = {"0": "valid", "0x0": "valid", "true": "same", "false": "valid"}.get(pad, pad)
    if op == "conv_transpose" and pad.isdigit():
        side = int(once(reach)) if once(reach).isdigit() else 0
        pad = "same" if stride.isdigit() and side - 2 * int(pad) == int(stride) else pad
    if once(kernel) == "1" and pad == "valid":
        pad = "same" if not is_pool else pad
    width, step = once(reach), once(stride)
    if width.isdigit() and pad.isdigit() and step == "1" and int(pad) * 2 + 1 == int(width):
        pad = "same"
    if re.fullmatch(r"\d+x\d+", pad):
        pads, sides = pad.split("x"), reach.split("x")
        sides *= len(pads) if len(sides) == 1 else 1
        around = [str(2 * int(each) + 1) for each in pads]
        pad = "same" if step == "1" and around == sides else f"[{', '.join(pads)}]"
    if pad != ("valid" if is_pool else "same"):
        said["pad"] = pad
    counts = given.get("count_pad", str(dialect.counts).lower()) == "true"
    if op == "avg_pool" and counts and pad != "valid":
        said["count_pad"] = "true"
    if is_pool and pad != "same" and (dialect.rounds_up or given.get("ceil") == "true"):
        said["ceil"] = "true"
    return said


def _reach(kernel: str, dilation: str) -> str:
    """The size of the window that a kernel covers; "?" where it is not known."""
    if dilation == "1":
        return kernel
    sides, steps = kernel.split("x"), dilation.split("x")
    if not all(each.isdigit() for each in (*sides, *steps)):
        return "?"
    most = max(len(sides), len(steps))
    wide, far = ((e * most if len(e) == 1 else e) for e in (sides, steps))
    pairs = zip(wide, far, strict=False)
    return "x".join(str(int(step) * (int(side) - 1) + 1) for side, step in pairs)


def _pad_of(at: Arriving, shape: tuple[int, ...], kernel: str, stride: str) -> str | None:
    """The padding by which a window gives the size that is said."""
    if len(shape) != 3 or not at.sides or not (once(kernel) + once(stride)).isdigit():
        return None
    side, wanted, k, s = at.sides[0], shape[0], int(once(kernel)), int(once(stride))
    if -(-side // s) == wanted:
        return "same"
    pads = [p for p in range(k) if (side + 2 * p - k) // s + 1 == wanted]
    return ("valid" if pads[0] == 0 else str(pads[0])) if pads else None


def _follow(op: str, given: Mapping[str, str], at: Arriving, shape: tuple[int, ...]) -> None:
    """What leaves an op, as far as it is plain."""
    at.pooled = at.pooled or op in ("global_avg_pool", "global_max_pool")
    at.flat = at.flat or op in ("flatten", "dense", "global_avg_pool", "global_max_pool")
    step = once(given.get("stride", given.get("kernel", "2") if op in settled.WINDOWS else "1"))
    at.sides = tuple(-(-side // int(step)) for side in at.sides) if step.isdigit() else ()
    if len(shape) == 3:
        at.sides = shape[:2]
    if "out" in given:
        at.channels = int(given["out"]) if given["out"].isdigit() else None
