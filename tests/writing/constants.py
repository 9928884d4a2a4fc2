"""Values without names, by kind."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.kinds import Kind

MODES = ('"a"', '"b"', '"relu"', '"swish"', '"none"', '"‹b0›"')
INITIALIZERS = ("none", '"he_normal"', '"zeros"', '"glorot_uniform"', '"orthogonal"', '"ones"')

CONSTANTS = {
    "width": ("1", "2", "3", "4", "5", "6"),
    "count": ("1", "2", "3"),
    "times": ("0", "1", "2", "3"),
    "index": ("0", "1", "2"),
    "flag": ("true", "false"),
    "kernel": ("1", "3", "2", "1x3", "[3, 1]", "3x3", "[1, 2]"),
    "stride": ("1", "2", "1x2", "[2, 1]"),
    "pair": ("1x3", "[3, 1]", "[2, 2]", "3x3"),
    "mode": MODES,
    "alpha": ("0.25", "0.5", "1.0", "1.5", "2"),
    "rate": ("0.0", "0.1", "0.25", "1e-1"),
    "init": INITIALIZERS,
}

# Of the whole language, and of other ranks than that of feature maps; 0 is any.
LATER = {
    "init": (
        *INITIALIZERS,
        *("dirac()", '"dirac"', "truncated_normal(0.02)", "constant(0.1)", "normal(std = 0.3)"),
        *("0.25", "orthogonal(2.0)", 'variance_scaling(2.0, "fan_out", "truncated_normal")'),
    ),
    "weight": ("none", '"standardized"', '"normalized"', '"spectral"'),
    "start": ('"zeros"', '"ones"', "constant(0.5)", "normal(0.1)", "0", "0.25", '"uniform"'),
}
RANKED: dict[int, dict[Kind, tuple[str, ...]]] = {
    0: {"kernel": ("1", "3", "2"), "stride": ("1", "2"), "pair": ("1", "3")},
    1: {
        "kernel": ("1", "3", "2", "5", "[3]"),
        "stride": ("1", "2", "[2]"),
        "pair": ("[3]", "[1]", "[2]"),
    },
    3: {
        "kernel": ("1", "3", "2", "3x1x1", "1x3x3", "[1, 2, 2]"),
        "stride": ("1", "2", "1x2x2", "[2, 1, 1]"),
        "pair": ("1x3x3", "[3, 1, 1]", "[2, 2, 2]", "3x1x1"),
    },
}


def options(draft: Draft, kind: str) -> tuple[str, ...]:
    """Constants of one kind."""
    found = LATER.get(kind) if draft.later else None
    if not draft.maps:
        found = RANKED[draft.rank].get(kind, found)
    return found or CONSTANTS[kind]
