"""The models of the zoo whose outputs are compared with those of Keras applications."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PLAIN = {"include_preprocessing": False}


@dataclass(frozen=True)
class Case:
    """A model of a spec, the Keras application it equals, and the images to try it on."""

    spec: str
    model: str
    application: str
    size: int = 64
    set: dict[str, Any] = field(default_factory=dict)
    # Compare a pass in training: of one model of a family, without anything random in it.
    batch_norm: bool = True
    pixels: float = 1.0  # what Keras divides images by
    options: dict[str, Any] = field(default_factory=dict)  # of the application


FAST = [
    Case("vgg16", "VGG16", "VGG16", set={"size": 64}, batch_norm=False),
    Case("vgg19", "VGG19", "VGG19", set={"size": 64}, batch_norm=False),
    Case("resnet_keras", "ResNet50Keras", "ResNet50"),
]
SLOW = [
    Case("resnet_keras", "ResNet101Keras", "ResNet101", batch_norm=False),
    Case("resnet_keras", "ResNet152Keras", "ResNet152", batch_norm=False),
    Case("resnet_keras", "ResNet50V2", "ResNet50V2"),
    Case("resnet_keras", "ResNet101V2", "ResNet101V2", batch_norm=False),
    Case("resnet_keras", "ResNet152V2", "ResNet152V2", batch_norm=False),
    Case("densenet", "DenseNet121", "DenseNet121"),
    Case("densenet", "DenseNet169", "DenseNet169", batch_norm=False),
    Case("densenet", "DenseNet201", "DenseNet201", batch_norm=False),
    Case("inception_v3", "InceptionV3", "InceptionV3", 96),
    Case("inception_resnet", "InceptionResNetV2", "InceptionResNetV2", 128),
    Case("xception", "Xception", "Xception", 96),
    Case("mobilenet", "MobileNet", "MobileNet"),
    Case("mobilenet", "MobileNetV2", "MobileNetV2"),
    Case("nasnet", "NASNetMobile", "NASNetMobile"),
    Case("nasnet", "NASNetLarge", "NASNetLarge", batch_norm=False),
    *(
        Case(
            "efficientnet",
            f"EfficientNetB{n}",
            f"EfficientNetB{n}",
            batch_norm=False,
            pixels=255.0,
        )
        for n in range(8)
    ),
    *(
        Case("convnext", f"ConvNeXt{name}", f"ConvNeXt{name}", batch_norm=False, options=PLAIN)
        for name in ("Tiny", "Small", "Base", "Large", "XLarge")
    ),
    Case("mobilenet_v3", "MobileNetV3Small", "MobileNetV3Small", options=PLAIN),
    Case("mobilenet_v3", "MobileNetV3Large", "MobileNetV3Large", options=PLAIN),
    *(
        Case(
            "efficientnet_v2",
            f"EfficientNetV2{name}",
            f"EfficientNetV2{name}",
            batch_norm=False,
            options=PLAIN,
        )
        for name in ("B0", "B1", "B2", "B3", "S", "M", "L")
    ),
]
