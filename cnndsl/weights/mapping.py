"""What a user says about which layer is which: a file for `--map`.

```toml
ambiguous = "order"             # branches that are alike: the first of ours is their first

[layers]                        # ours = theirs
"stem_conv" = "conv1"
"head_dense" = "fc"
```
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnndsl.weights.errors import WeightsError

_MOST = 4 << 20  # bytes: a line for each of fifty thousand layers


@dataclass(frozen=True)
class Choices:
    """Pairs of layers by name, and whether branches that are alike go by order."""

    layers: Mapping[str, str] = field(default_factory=dict)
    by_order: bool = False


def read_mapping(path: str | os.PathLike[str]) -> Choices:
    """Raises: WeightsError: if the file is no mapping."""
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST + 1)
        if len(text) > _MOST:
            raise WeightsError(f"{path}: a mapping is at most {_MOST >> 20} MiB of text")
        found = tomllib.loads(text.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: {error}") from None
    layers = found.pop("layers", {})
    ambiguous = found.pop("ambiguous", "refuse")
    if found or ambiguous not in ("refuse", "order"):
        raise WeightsError(f'{path}: a mapping has [layers] and `ambiguous = "order"`')
    if not isinstance(layers, dict) or not all(isinstance(v, str) for v in layers.values()):
        raise WeightsError(f'{path}: [layers] has lines of the form "ours" = "theirs"')
    return Choices(layers, ambiguous == "order")
