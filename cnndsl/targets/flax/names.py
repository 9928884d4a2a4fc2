"""Names of the spec that are safe in the emitted module."""

from __future__ import annotations

import keyword
import re

# Names that emitted constructors give a meaning of their own.
RESERVED = frozenset(
    {
        *keyword.kwlist,
        *(
            "self jax jnp nnx math functools partial dtype param_dtype dtypes rngs DTypeLike "
            "Callable Any as_pair"
        ).split(),
        *("range enumerate zip len min max sum int round abs tuple list dict staticmethod").split(),
        *("cast keep_float32 he_normal").split(),
        *("endpoints eval set_attributes").split(),  # methods, which an attribute would hide
        *(
            "Frozen Parameter PReLU LayerScale GlobalResponseNorm GlobalResponseNormNd DropPathNd "
            "Subsample SparseConv WeightNorm ScaledWeight SpectralNorm"
        ).split(),
        *("INPUT_SHAPE NUM_PARAMS AUX_WEIGHTS PREPROCESS ENDPOINTS").split(),
    }
)

# Names of the module that a value may have and be the same everywhere.
GLOBALS = frozenset({"nnx", "jnp", "jax", "math", "functools", "keep_float32", "he_normal"})

# Variables of every emitted call, and those of what flows there besides.
CALL = frozenset("x out aux".split())
FLOW = ("x", "y", "z", "w", "v", "u")
VARIABLES = CALL | set(FLOW)

# What `nnx.Module` itself has.
MODULE_ATTRIBUTES = frozenset(
    "aux endpoints eval train perturb set_attributes set_mode sow iter_modules iter_children "
    "init partial_init apply bind dtype param_dtype".split()
)


def safe(name: str, taken: frozenset[str] | set[str]) -> str:
    """The name itself, with an underscore behind it where Python or the module has it."""
    if name.startswith("__"):
        name = name.strip("_") or "name"
    while name in taken:
        name += "_"
    return name


def snake(name: str) -> str:
    """`ConvBlock` as a variable is named: `conv_block`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return name.lower().strip("_") or "block"


def plural(name: str) -> str:
    if name.endswith(("ch", "sh", "x", "z")):
        return f"{name}es"
    return name if name.endswith("s") else f"{name}s"
