"""Definitions that generated modules carry with them, such as `keep_float32`.

Each is a file of templates/ops/, or of templates/recipe/ for modules of recipes: its imports, then
one definition. They are read as text and never imported here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

# The order in which a module defines those it needs: functions, constants, then classes.
ORDER = (
    "frozen",
    "cast",
    "cast_frozen",
    "freeze",
    "stateless",
    "as_pair",
    "keep_float32",
    "standardized",
    "normalize",
    "local_response_norm",
    "l2_normalize",
    "mish",
    "scaled_tanh",
    "avg_pool",
    "avg_pool_nd",
    "adaptive_avg_pool",
    "adaptive_avg_pool_nd",
    "pad_channels",
    "channel_shuffle",
    "upsample",
    "upsample_nd",
    "resize",
    "resize_nd",
    "pixel_shuffle",
    "space_to_depth",
    "transpose",
    "matmul",
    "rbf",
    "fixed",
    "dirac",
    "he_normal",
    "weight_norm",
    "scaled_weight",
    "spectral_norm",
    "parameter",
    "prelu",
    "layer_scale",
    "global_response_norm",
    "global_response_norm_nd",
    "drop_path_nd",
    "subsample",
    "sparse_conv",
)

# The same of a module that trains networks.
RECIPE_ORDER = (
    "network",
    "as_floats",
    "one_hot",
    "crop",
    "random_resized_crop",
    "flip",
    "vertical_flip",
    "color_jitter",
    "pca_noise",
    "cutout",
    "mixup",
    "cutmix",
    "warm_up",
    "kernels",
    "scale_rates",
    "average",
)

# What a fragment may import, by the name that it binds.
IMPORTS = {
    "Any": "from typing import Any",
    "Callable": "from collections.abc import Callable",
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "nnx": "from flax import nnx",
    "optax": "import optax",
    "Mapping": "from collections.abc import Mapping",
    "Protocol": "from typing import Protocol",
    "promote_dtype": "from flax.nnx.nn.dtypes import promote_dtype",
    "TupleArg": "from flax.typing import TupleArg",
    "DTypeLike": "from jax.typing import DTypeLike",
}

# The same of what another fragment defines, which then stands in the module too.
OWN = {"Frozen": "from cnndsl.targets.flax.templates.ops.frozen import Frozen"}

_DEFINED = re.compile(r"^(?:(?:class|def) )?(\w+)")


@dataclass(frozen=True)
class Fragment:
    """One definition: its text, the name it binds, and the names it needs of `IMPORTS` and of
    other fragments."""

    text: str
    defines: str
    imports: frozenset[str]
    fragments: frozenset[str] = frozenset()


@cache
def fragment(name: str) -> Fragment:
    """The fragment that an emission lists among its helpers; a KeyError if there is none."""
    if name not in ORDER + RECIPE_ORDER:
        raise KeyError(name)
    folder = "ops" if name in ORDER else "recipe"
    templates = resources.files("cnndsl.targets.flax") / "templates"
    source = (templates / folder / f"{name}.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    needs = frozenset(bound for bound, statement in IMPORTS.items() if statement in lines)
    others = frozenset(bound for bound, statement in OWN.items() if statement in lines)
    imports = [*(IMPORTS[bound] for bound in needs), *(OWN[bound] for bound in others)]
    above = max(map(lines.index, imports), default=-1) + 1
    text = "\n".join(lines[above:]).strip() + "\n"
    defined = _DEFINED.match(text)
    assert defined is not None
    return Fragment(text, defined[1], needs, others)
