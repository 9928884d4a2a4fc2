"""Networks of the zoo give what those of torchvision and timm give, with the same weights.

As in `test_torch`, whose networks go through files, too; these go from memory to memory, with
images as small as they allow, and may give maps, or scores and boxes at several resolutions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np
import pytest
from flax import nnx

from cnndsl.weights.archive import Archive, Raw
from cnndsl.weights.export import exported, layout_of
from cnndsl.weights.files import matched
from cnndsl.weights.fill import fill
from cnndsl.weights.mapping import Choices
from cnndsl.weights.network import image_shape, network_of
from tests.modules import QUICK
from tests.weights.test_layouts import model_of
from tests.weights.test_torch import library, randomised

pytestmark = [pytest.mark.xla, pytest.mark.torch, pytest.mark.filterwarnings("default")]

TOLERANCE = 1e-5  # of the largest value
FPN = "resnet_fpn_backbone"


@dataclass(frozen=True)
class Family:
    """A network of a library, the one of the zoo that computes the same, and the layout.

    Attributes:
      size: of the sides of the image; that of the network if it is 0.
      options: of the library's network.
    """

    library: str
    name: str
    model: str
    layout: str
    size: int = 64
    options: Mapping[str, object] = field(default_factory=dict)
    tolerance: float = TOLERANCE


def torchvision(name: str, model: str, layout: str, size: int = 64, **options: object) -> Family:
    return Family("torchvision", name, model, f"torchvision {layout}", size, options)


def timm(name: str, model: str, layout: str, size: int = 64) -> Family:
    return Family("timm", name, model, f"timm {layout}", size)


SEGMENTED = {"weights_backbone": None, "aux_loss": True}
FAMILIES = (
    torchvision("video.r3d_18", "R3D18", "video_resnet", 32),
    torchvision("video.mc3_18", "MC3_18", "video_resnet", 32),
    torchvision("video.r2plus1d_18", "R2Plus1D18", "video_resnet", 32),
    torchvision("segmentation.fcn_resnet50", "FCNResNet50", "segmentation", 72, **SEGMENTED),
    torchvision(
        "segmentation.deeplabv3_resnet50", "DeepLabV3ResNet50", "segmentation", 72, **SEGMENTED
    ),
    torchvision(
        "segmentation.lraspp_mobilenet_v3_large",
        "LRASPPMobileNetV3Large",
        "lraspp_mobilenet_v3_large",
        72,
        weights_backbone=None,
    ),
    torchvision(FPN, "FPNResNet50", FPN, 128),
    torchvision(
        "detection.retinanet_resnet50_fpn",
        "RetinaNetResNet50",
        "retinanet_resnet50_fpn",
        128,
        weights_backbone=None,
    ),
    torchvision("detection.ssd300_vgg16", "SSD300VGG16", "ssd300_vgg16", 0, weights_backbone=None),
    torchvision("vgg11", "VGG11", "vgg", 0),
    torchvision("vgg13", "VGG13", "vgg", 0),
    torchvision("vgg11_bn", "VGG11BN", "vgg_bn", 0),
    torchvision("vgg13_bn", "VGG13BN", "vgg_bn", 0),
    torchvision("vgg16_bn", "VGG16BN", "vgg_bn", 0),
    torchvision("vgg19_bn", "VGG19BN", "vgg_bn", 0),
    torchvision("convnext_tiny", "ConvNeXtTiny", "convnext"),
    torchvision("resnext101_64x4d", "ResNeXt101_64x4d", "resnet"),
    torchvision("regnet_x_800mf", "RegNetX800MF", "regnet"),
    torchvision("regnet_y_1_6gf", "RegNetY1_6GF", "regnet"),
    timm("convnext_atto", "ConvNeXtAtto", "convnext_atto"),
    timm("convnext_femto", "ConvNeXtFemto", "convnext_atto"),
    timm("convnext_pico", "ConvNeXtPico", "convnext_atto"),
    timm("convnext_nano", "ConvNeXtNano", "convnext_atto"),
    timm("convnext_tiny", "ConvNeXtTiny", "convnext"),
    timm("regnetx_002", "RegNetX200MF", "regnet"),
    timm("regnetx_004", "RegNetX400MFTimm", "regnet"),
    timm("regnetx_006", "RegNetX600MF", "regnet"),
    timm("regnetx_040", "RegNetX4GF", "regnet"),
    timm("regnety_006", "RegNetY600MF", "regnet"),
    timm("regnety_040", "RegNetY4GF", "regnet"),
    timm("resnet18d", "ResNet18d", "resnet_d"),
    timm("resnet50d", "ResNet50d", "resnet_d"),
    timm("resnet50c", "ResNet50c", "resnet"),
    timm("resnet50s", "ResNet50s", "resnet"),
    timm("resnet10t", "ResNet10t", "resnet_d", 80),  # whose maps have odd sides: 10, 5, 3
    timm("resnet26", "ResNet26", "resnet"),
    timm("resnet26t", "ResNet26t", "resnet_d"),
    timm("resnext50d_32x4d", "ResNeXt50d_32x4d", "resnet_d"),
    timm("resnext101_32x4d", "ResNeXt101_32x4d", "resnet"),
    timm("seresnet18", "SEResNet18", "resnet"),
    timm("seresnet50", "SEResNet50", "resnet"),
    timm("seresnext26d_32x4d", "SEResNeXt26d_32x4d", "resnet_d"),
    timm("seresnext26t_32x4d", "SEResNeXt26t_32x4d", "resnet_d"),
    timm("ecaresnet26t", "ECAResNet26t", "resnet_d"),
    timm("ecaresnet50d", "ECAResNet50d", "resnet_d"),
    timm("skresnet18", "SKResNet18", "skresnet"),
    timm("skresnet50", "SKResNet50", "skresnet"),
    timm("skresnet50d", "SKResNet50d", "skresnet"),
    timm("skresnext50_32x4d", "SKNet50", "skresnet"),
    timm("res2net50_26w_4s", "Res2Net50_26w_4s", "res2net"),
    timm("res2net50_26w_8s", "Res2Net50_26w_8s", "res2net"),
    timm("res2net50_48w_2s", "Res2Net50_48w_2s", "res2net"),
    timm("res2net50d", "Res2Net50d", "res2net"),
    timm("res2next50", "Res2NeXt50", "res2net"),
    timm("resnetv2_18", "ResNetV2_18", "resnetv2"),
    timm("resnetv2_18d", "ResNetV2_18d", "resnetv2"),
    timm("resnetv2_50", "ResNetV2_50", "resnetv2"),
    timm("resnetv2_50t", "ResNetV2_50t", "resnetv2"),
    Family("timm", "resnetv2_50x1_bit", "BiTR50x1", "timm resnetv2_bit", tolerance=1e-4),
    timm("repvgg_a0", "RepVGGA0", "repvgg"),
    timm("repvgg_b1g4", "RepVGGB1g4", "repvgg"),
    timm("lcnet_035", "LCNet035", "lcnet"),
    timm("lcnet_100", "LCNet100", "lcnet"),
    timm("ghostnet_050", "GhostNet050", "ghostnet"),
    timm("ghostnet_100", "GhostNet", "ghostnet"),
    timm("ghostnet_130", "GhostNet130", "ghostnet"),
    timm("ese_vovnet19b_dw", "VoVNet19bDW", "ese_vovnet"),
    timm("ese_vovnet19b_slim", "VoVNet19bSlim", "ese_vovnet"),
    timm("ese_vovnet39b", "VoVNet39b", "ese_vovnet"),
    timm("dpn68", "DPN68", "dpn"),
    timm("dpn68b", "DPN68b", "dpn"),
    timm("dpn92", "DPN92", "dpn"),
    timm("hrnet_w18_small", "HRNetW18Small", "hrnet"),
    timm("hrnet_w18_small_v2", "HRNetW18SmallV2", "hrnet"),
    timm("hrnet_w18", "HRNetW18", "hrnet"),
)


def made(family: Family):
    """The network of the library, its weights random."""
    models = library(family.library)
    import torch

    torch.manual_seed(0)
    if family.library == "timm":
        return randomised(models.create_model(family.name, **family.options))
    if family.name == FPN:
        from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

        return randomised(
            resnet_fpn_backbone(
                backbone_name="resnet50",
                weights=None,
                norm_layer=torch.nn.BatchNorm2d,
                trainable_layers=5,
            )
        )
    *folder, name = family.name.split(".")
    for part in folder:
        models = getattr(models, part)
    return randomised(getattr(models, name)(**family.options))


def archive(state) -> Archive:
    """A state dict as a file would hold it."""
    tensors = [
        Raw(name, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), tensor.numpy)
        for name, tensor in state.items()
    ]
    return Archive("net.pth", "PyTorch archive", tuple(tensors), ordered=True)


def results(family: Family, network, images) -> list[np.ndarray]:
    """What the library's network gives: logits, maps with channels last, or scores and boxes."""
    match family.name.partition(".")[0]:
        case "segmentation":
            return [channels_last(network(images)["out"])]
        case "detection":
            found = network.head(list(network.backbone(images).values()))
            return [found["cls_logits"].numpy(), found["bbox_regression"].numpy()]
        case name if name == FPN:
            return [channels_last(level) for level in network(images).values()]
    return [network(images).numpy()]


def channels_last(tensor) -> np.ndarray:
    return tensor.numpy().transpose(0, 2, 3, 1)


def ours_of(family: Family, found, want: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What our network gives, in the shapes of theirs: the boxes of all maps in one row."""
    if not isinstance(found, Mapping):
        return [np.asarray(found)]
    if family.name == FPN:
        return [np.asarray(level) for level in found.values()]
    rows: dict[str, list[np.ndarray]] = {"scores": [], "boxes": []}
    for name in sorted(found, key=lambda name: int(re.sub(r"\D", "", name))):
        kind = "scores" if name.startswith("scores") else "boxes"
        wide = want[list(rows).index(kind)].shape[-1]
        rows[kind].append(np.asarray(found[name]).reshape(len(found[name]), -1, wide))
    return [np.concatenate(parts, axis=1) for parts in rows.values()]


@pytest.mark.parametrize("family", [pytest.param(f, id=f"{f.library}-{f.name}") for f in FAMILIES])
def test_values(family: Family, record_property):
    theirs = made(family)
    import torch

    state = theirs.state_dict()
    ours = model_of(family.model)
    network = network_of(ours)
    filled = fill(ours, matched(ours, archive(state), Choices()))
    assert filled.layout == family.layout and {pair.by for pair in filled.pairs} == {"layout"}

    shape = list(image_shape(ours))
    if family.size:
        shape[-3:-1] = [family.size] * 2
    images = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    channels_first = (0, len(shape), *range(1, len(shape)))
    with torch.no_grad():
        want = results(family, theirs, torch.from_numpy(images.transpose(channels_first).copy()))
    ours.eval()
    graph, weights = nnx.split(ours)
    run = jax.jit(lambda weights, x: nnx.merge(graph, weights)(x), compiler_options=QUICK)
    got = ours_of(family, run(weights, images), want)
    gap = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(got, want, strict=True))
    record_property("gap", float(gap))
    print(f"\n{family.library} {family.name}: {gap:.2e} of the largest value")
    assert all(part.std() > 0.05 * np.abs(part).max() for part in want)
    assert gap <= family.tolerance

    back = exported(ours, network, layout_of(network, family.library))
    counters = {name for name in (*state, *back) if name.endswith("num_batches_tracked")}
    assert back.keys() - counters == state.keys() - counters
    for name in state.keys() - counters:
        np.testing.assert_array_equal(back[name], state[name].numpy(), name)
