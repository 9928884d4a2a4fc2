"""A spec that is longer than people write, made of those of the zoo."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "specs"
SPECS = sorted(FOLDER.glob("*.cnn"))
# Each is a whole one by itself, and no block of one is called as a tensor of another is.
_LONG = (
    *("alexnet", "convnext", "densenet", "efficientnet", "efficientnet_lite", "efficientnet_v2"),
    *("googlenet", "inception_v2", "inception_v3", "inception_v4", "inception_resnet", "lenet5"),
    *("mnasnet", "mobilenet", "mobilenet_v3", "nasnet", "regnet", "resnet_cifar", "resnet_keras"),
    *("resnext", "shufflenet_v2", "squeezenet", "vgg16", "vgg19", "wide_resnet", "xception"),
)


def long_spec(lines: int = 2_000) -> str:
    """The zoo's specs as one, until there are so many lines."""
    texts: list[str] = []
    for path in (FOLDER / f"{name}.cnn" for name in _LONG):
        if sum(text.count("\n") + 1 for text in texts) < lines:
            texts.append(path.read_text(encoding="utf-8"))
    return distinct(texts)


def distinct(texts: Iterable[str]) -> str:
    """Specs as one text, in which each name is its own."""
    found = []
    for number, text in enumerate(texts):
        defined = set(re.findall(r"^(?:block|fn|model) (\w+)", text, re.M))
        for name in defined:
            text = re.sub(rf"\b{name}\b(?! = (?!\w+\())", f"{name}_{number}", text)
        found.append(text)
    return "\n".join(found)
