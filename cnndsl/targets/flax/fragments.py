"""Definitions that generated modules carry with them, such as `keep_float32`.

Each is a file of templates/ops/: its imports, then one definition. They are read as text
and never imported here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

# The order in which a module defines those it needs: functions, constants, then classes.
ORDER = (
    "cast",
    "keep_float32",
    "normalize",
    "local_response_norm",
    "scaled_tanh",
    "avg_pool",
    "pad_channels",
    "channel_shuffle",
    "upsample",
    "rbf",
    "he_normal",
    "prelu",
    "layer_scale",
    "subsample",
    "sparse_conv",
)

# What a fragment may import, by the name that it binds.
IMPORTS = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "nnx": "from flax import nnx",
    "promote_dtype": "from flax.nnx.nn.dtypes import promote_dtype",
    "TupleArg": "from flax.typing import TupleArg",
    "DTypeLike": "from jax.typing import DTypeLike",
}

_DEFINED = re.compile(r"^(?:(?:class|def) )?(\w+)")


@dataclass(frozen=True)
class Fragment:
    """One definition: its text, the name it binds, and the names of `IMPORTS` it needs."""

    text: str
    defines: str
    imports: frozenset[str]


@cache
def fragment(name: str) -> Fragment:
    """The fragment that an emission lists among its helpers; a KeyError if there is none."""
    if name not in ORDER:
        raise KeyError(name)
    folder = resources.files("cnndsl.targets.flax") / "templates" / "ops"
    source = (folder / f"{name}.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    needs = frozenset(bound for bound, statement in IMPORTS.items() if statement in lines)
    text = "\n".join(lines[len(needs) :]).strip() + "\n"
    defined = _DEFINED.match(text)
    assert defined is not None
    return Fragment(text, defined[1], needs)
