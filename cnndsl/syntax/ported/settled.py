"""Which op a layer of another notation is by its settings, and that none of them is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnndsl.elsewhere import NOTHING, PADDING_MODES, SAYS_NOTHING
from cnndsl.syntax.ported.dialects import Dialect


class Unknown(Exception):
    """What has no words here."""


@dataclass
class Arriving:
    """What is known of the tensor that arrives: its sides, its channels, whether it is a vector,
    maybe or, as `pooled` says, surely.
    """

    sides: tuple[int, ...] = ()
    channels: int | None = None
    flat: bool = False
    pooled: bool = False


MADE = {"conv": "filters", "conv_transpose": "filters", "separable": "filters", "dense": "units"}
WINDOWS = frozenset({"max_pool", "avg_pool"})
FIELDS = (*MADE, "depthwise")
_NORMS = frozenset({"bn", "instance_norm", "layer_norm", "group_norm", "rms_norm"})
PLAIN_SETTINGS = tuple(  # that are written as they are
    "rate eps slope factor method mode multiplier size alpha beta k keep scale shift offset low"
    " high".split()
)
# How tensors start; those that say what holds anyway are left out.
STARTS = {"init": "", "bias_init": "zeros", "scale_init": "ones", "shift_init": "zeros"}
SEVERAL = {"log_softmax": ("softmax", "log")}


def join_sides(given: dict[str, str]) -> None:
    """`kernel_h` and `kernel_w` as one size."""
    for name in ("kernel", "stride", "pad", "dilation"):
        unsaid = given.get(name, {"kernel": "", "pad": "0"}.get(name, "1"))
        sides = [given.pop(f"{name}_{side}", None) for side in "hw"]
        if any(sides):
            given[name] = once("x".join(side or unsaid for side in sides))


def settled(op: str, given: dict[str, str], at: Arriving, dialect: Dialect) -> str:
    """The op, where its settings decide which one it is."""
    most = given.pop("most", "none") if op == "relu" else "none"
    if most != "none":
        if most not in ("6", "6.0") or given.pop("slope", "0") not in NOTHING:
            raise Unknown
        return "relu6"
    if op == "relu" and given.get("slope", "0") not in NOTHING:
        return "leaky_relu"
    if op == "leaky_relu" and dialect.leaks:
        given.setdefault("slope", dialect.leaks)
    per_channel = dialect.slopes or given.get("arrives", "1") != "1"
    if op == "prelu" and given.pop("shared_axes", "") != "1x2" and not per_channel:
        raise Unknown
    if op == "celu" and "slope" in given:
        given["alpha"] = given.pop("slope")
    if op in _NORMS:
        if "bias" in given:
            given["shift"] = given.pop("bias")
        learns = given.pop("affine", str(dialect.learns or op != "instance_norm").lower())
        if learns != "true":
            given |= {"scale": learns, "shift": learns}
    if op in ("upsample", "resize") and dialect.upsample[0] == "size":
        if "kernel" in given:
            given["size"] = given.pop("kernel")
        if given.get("size", "none") == "none":
            given.pop("size", None)
        elif op == "upsample" and "factor" not in given:
            op = "resize"
        given.setdefault("method", "nearest")
    if op == "pad" and "method" in given:
        given["mode"] = PADDING_MODES.get(given.pop("method"), "")
    ones = given.get("kernel") in ("1", "1x1", "[1, 1]") or given.get("out") in ("1", "1x1")
    if op == "adaptive_avg_pool" and (ones or given.get("size") in ("1", "1x1")):
        given.clear()
        return "global_avg_pool"
    if op in WINDOWS and not given.get("kernel"):
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
        kept = given.pop("kept")
        is_number = re.fullmatch(r"\d*\.?\d+", kept)
        if not is_number and not re.fullmatch(r"\w+", kept):
            raise Unknown
        given["rate"] = f"{1 - float(kept):g}" if is_number else f"1 - {kept}"
    return op


def check_told(op: str, given: Mapping[str, str], names: Sequence[str]) -> None:
    """Looks that no setting is dropped: each is an argument of the op, or means nothing."""
    told = {*PLAIN_SETTINGS, *STARTS, "groups", "dilation", "bias", "ceil", "count_pad", "momentum"}
    told = told.intersection(names) | {"arrives", "out", "axis", "said"}  # as arrives tells it
    if op in (*FIELDS, *WINDOWS, "pad") and op != "dense":
        told |= {"kernel", "stride", "pad"}
    for key, value in given.items():
        if key not in told and size_of(value) not in SAYS_NOTHING.get(key, NOTHING):
            raise Unknown


def once(size: str) -> str:
    """`3` of `3x3`; other sizes as they are."""
    same = re.fullmatch(r"(\d+)(?:x\1)+", size)
    return same[1] if same else size


def size_of(text: str) -> str:
    return once(text.strip())
