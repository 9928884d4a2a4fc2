"""How names of a spec read elsewhere."""

from __future__ import annotations

import keyword
import re


def camel(name: str) -> str:
    """`dense_layer` as a class is named: `DenseLayer`; `SE_block` keeps its capitals."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_") if part) or "_"


def module_name(stem: str) -> str:
    """A name that Python can import, for a file called `stem`: `my_net` for `my-net`."""
    name = re.sub(r"\W", "_", stem)
    if not name.isidentifier():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def training_name(module: str) -> str:
    """The name of the module that trains the networks of another one: `vgg16_training`."""
    return f"{module}_training"
