"""Networks of torchvision and timm: names and shapes of their tensors, and which of ours they are.

`data/state_dicts.json.gz` holds the state dicts of 43 networks, in order: by library and network,
pairs of a name and a shape.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cnndsl.weights.archive import Archive, Raw

DATA = Path(__file__).parent / "data" / "state_dicts.json.gz"


@dataclass(frozen=True)
class Published:
    """A network of a library, the model of the zoo that takes its weights, and the layout."""

    library: str
    name: str
    model: str
    layout: str

    @property
    def aux(self) -> dict[str, bool]:
        """The arguments of the model: with the heads that the file has."""
        return {"aux": True} if self.model == "InceptionV3Aux" else {}


PUBLISHED = (
    Published("torchvision", "vgg16", "VGG16", "torchvision vgg16"),
    Published("torchvision", "vgg19", "VGG19", "torchvision vgg19"),
    Published("torchvision", "inception_v3", "InceptionV3Aux", "torchvision inception_v3"),
    Published("torchvision", "resnet18", "ResNet18", "torchvision resnet"),
    Published("torchvision", "resnet34", "ResNet34", "torchvision resnet"),
    Published("torchvision", "resnet50", "ResNet50", "torchvision resnet"),
    Published("torchvision", "resnet101", "ResNet101", "torchvision resnet"),
    Published("torchvision", "resnet152", "ResNet152", "torchvision resnet"),
    Published("torchvision", "wide_resnet50_2", "WideResNet50_2", "torchvision resnet"),
    Published("torchvision", "wide_resnet101_2", "WideResNet101_2", "torchvision resnet"),
    Published("torchvision", "resnext50_32x4d", "ResNeXt50_32x4d", "torchvision resnet"),
    Published("torchvision", "resnext101_32x8d", "ResNeXt101_32x8d", "torchvision resnet"),
    Published("torchvision", "densenet121", "DenseNet121", "torchvision densenet"),
    Published("torchvision", "densenet169", "DenseNet169", "torchvision densenet"),
    Published("torchvision", "densenet201", "DenseNet201", "torchvision densenet"),
    Published("torchvision", "mobilenet_v2", "MobileNetV2Torch", "torchvision mobilenet_v2"),
    Published("torchvision", "squeezenet1_0", "SqueezeNet1_0", "torchvision squeezenet1_0"),
    Published("torchvision", "squeezenet1_1", "SqueezeNet1_1", "torchvision squeezenet1_1"),
    Published(
        "torchvision", "shufflenet_v2_x0_5", "ShuffleNetV2_x0_5", "torchvision shufflenet_v2"
    ),
    Published(
        "torchvision", "shufflenet_v2_x1_0", "ShuffleNetV2_x1_0", "torchvision shufflenet_v2"
    ),
    Published("torchvision", "mnasnet1_0", "MNASNet1_0", "torchvision mnasnet"),
    Published("torchvision", "regnet_x_400mf", "RegNetX400MF", "torchvision regnet"),
    Published("torchvision", "regnet_y_400mf", "RegNetY400MF", "torchvision regnet"),
    Published(
        "torchvision",
        "mobilenet_v3_large",
        "MobileNetV3LargeTorch",
        "torchvision mobilenet_v3_large",
    ),
    Published(
        "torchvision",
        "mobilenet_v3_small",
        "MobileNetV3SmallTorch",
        "torchvision mobilenet_v3_small",
    ),
    Published("timm", "inception_v4", "InceptionV4", "timm inception_v4"),
    Published("timm", "nasnetalarge", "NASNetLargeTimm", "timm nasnetalarge"),
    Published("timm", "resnet50", "ResNet50", "torchvision resnet"),
    Published("timm", "densenet121", "DenseNet121", "torchvision densenet"),
    Published("timm", "tf_efficientnet_b0", "EfficientNetB0", "timm tf_efficientnet"),
    Published("timm", "tf_efficientnet_b1", "EfficientNetB1", "timm tf_efficientnet"),
    Published("timm", "tf_efficientnet_b4", "EfficientNetB4", "timm tf_efficientnet"),
    Published("timm", "tf_efficientnet_b7", "EfficientNetB7", "timm tf_efficientnet"),
    Published("timm", "tf_efficientnet_lite0", "EfficientNetLite0", "timm tf_efficientnet_lite"),
    Published("timm", "tf_efficientnetv2_b0", "EfficientNetV2B0", "timm tf_efficientnetv2"),
    Published("timm", "mobilenetv2_100", "MobileNetV2Torch", "timm mobilenetv2"),
)


@cache
def shapes(library: str, name: str) -> dict[str, tuple[int, ...]]:
    """By name, the shapes of the tensors of a network, in the order of its state dict."""
    with gzip.open(DATA) as file:
        found = json.load(file)[library][name]
    return {tensor: tuple(shape) for tensor, shape in found}


def state(library: str, name: str) -> dict[str, np.ndarray]:
    """Tensors for every name, each of one number that no other tensor has."""
    found = shapes(library, name)
    return {
        tensor: np.full(shape, number, np.float32)
        for number, (tensor, shape) in enumerate(found.items(), 1)
    }


def archive(library: str, name: str, seed: int | None = None, ordered: bool = True) -> Archive:
    """The same as a file holds it, without memory; with a seed, in another order."""
    tensors = [
        Raw(tensor, shape, "float32", lambda n=n, s=shape: np.broadcast_to(np.float32(n), s))
        for n, (tensor, shape) in enumerate(shapes(library, name).items(), 1)
    ]
    if seed is not None:
        random.Random(seed).shuffle(tensors)
    return Archive(f"{name}.pth", "PyTorch archive", tuple(tensors), ordered=ordered)
