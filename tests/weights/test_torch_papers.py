"""Networks of the zoo that have no layout give what other implementations give, too.

Layers are paired in the order in which they run. Some implementations can be installed:
`pip install monai pytorch-tcn pytorchyolo torchgan torchsr`; others stand in `torch_by_hand`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest
from flax import nnx

from cnndsl.weights.files import matched
from cnndsl.weights.fill import fill
from cnndsl.weights.mapping import Choices
from tests.modules import QUICK
from tests.weights.test_layouts import model_of
from tests.weights.test_torch import library, randomised
from tests.weights.test_torch_values import archive

pytestmark = [pytest.mark.xla, pytest.mark.torch, pytest.mark.filterwarnings("default")]

TOLERANCE = 1e-5  # of the largest value
WEIGHTS = ("weight", "bias", "running_mean", "running_var")


def installed(name: str):
    library("torchvision")  # first, as most of them import it
    return pytest.importorskip(name)


def by_hand(name: str, *arguments: object):
    library("torchvision")
    return getattr(importlib.import_module("tests.weights.torch_by_hand"), name)(*arguments)


def unbiased(conv):
    """A convolution that its library gives a bias, and its paper none."""
    conv.bias = None
    return conv


# --- what can be installed --------------------------------------------------------------


def edsr(blocks: int = 16, filters: int = 64, factor: int = 2, scaling: float = 1.0):
    """Images from 0 to 1, where torchSR has them from 0 to 255."""
    module = installed("torchsr.models.edsr")

    class FromOne(module.EDSR):
        def forward(self, x):
            x = self.head(module.MeanShift(1)(x))
            return module.MeanShift(1, sign=1)(self.tail(self.body(x) + x))

    network = FromOne(blocks, filters, factor, scaling)
    del network.sub_mean, network.add_mean
    return network


def tcn():
    module = installed("pytorch_tcn")
    import torch

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tcn = module.TCN(1, [25] * 8, 7, dropout=0.05, use_norm=None)
            self.head = torch.nn.Linear(25, 10)

        def forward(self, x):
            return self.head(self.tcn(x)[:, :, -1])

    return Classifier()


def dcgan_generator():
    gans = installed("torchgan.models")
    import torch

    network = gans.DCGANGenerator(100, 64, 3, 64, nonlinearity=torch.nn.ReLU())
    unbiased(network.model[-1][0])
    return network


def dcgan_discriminator():
    gans = installed("torchgan.models")
    import torch

    network = gans.DCGANDiscriminator(64, 3, 64, last_nonlinearity=torch.nn.Identity())
    unbiased(network.model[0][0])
    return network


def unet_padded():
    module = installed("monai.networks.nets.basic_unet")
    how = {"act": "relu", "norm": "batch", "bias": False}
    network = module.BasicUNet(2, 3, 2, (64, 128, 256, 512, 1024, 64), **how)
    network.upcat_1 = module.UpCat(2, 128, 64, 64, **how)  # theirs is wider than the paper's
    return network


def yolov3(tmp_path: Path, monkeypatch):
    # What it imports to draw boxes and to augment images does not go with numpy 2.
    monkeypatch.setitem(sys.modules, "imgaug", ModuleType("imgaug"))
    module = installed("pytorchyolo.models")
    (tmp_path / "yolov3.cfg").write_text(darknet_configuration(), encoding="utf-8")
    network = module.Darknet(str(tmp_path / "yolov3.cfg"))

    def maps(x):
        """What the layers before those of boxes give, as in training."""
        for layer in (network, *network.yolo_layers):
            layer.training = True  # without the layers in it
        found = network(x)
        return [
            part.permute(0, 2, 3, 1, 4).flatten(3).permute(0, 3, 1, 2)  # boxes beside channels
            for part in found
        ]

    return network, maps


def darknet_configuration() -> str:
    """`yolov3.cfg` of Darknet, without what is for training."""
    lines = ["[net]", "batch=1", "subdivisions=1", "width=416", "height=416", "channels=3"]
    lines += ["momentum=0.9", "decay=0.0005", "learning_rate=0.001", "burn_in=1000"]
    lines += ["max_batches=500200", "policy=steps", "steps=400000,450000", "scales=.1,.1"]

    def section(kind: str, **settings: object) -> None:
        lines.extend([f"[{kind}]", *(f"{key}={value}" for key, value in settings.items())])

    def conv(filters: int, size: int, stride: int = 1) -> None:
        how = {"batch_normalize": 1, "size": size, "stride": stride, "pad": 1}
        section("convolutional", filters=filters, **how, activation="leaky")

    conv(32, 3)
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        conv(filters, 3, 2)
        for _ in range(blocks):
            conv(filters // 2, 1)
            conv(filters, 3)
            section("shortcut", **{"from": -3}, activation="linear")
    for filters, mask, earlier in ((512, "6,7,8", 61), (256, "3,4,5", 36), (128, "0,1,2", None)):
        for _ in range(3):
            conv(filters, 1)
            conv(2 * filters, 3)
        head = {"size": 1, "stride": 1, "pad": 1, "filters": 255, "activation": "linear"}
        section("convolutional", batch_normalize=0, **head)
        section("yolo", mask=mask, anchors=",".join(["10"] * 18), classes=80, num=9)
        if earlier is not None:
            section("route", layers=-4)
            conv(filters // 2, 1)
            section("upsample", stride=2)
            section("route", layers=f"-1, {earlier}")
    return "\n".join(lines)


# --- all of them ------------------------------------------------------------------------

# By model of the zoo, what computes the same, and the extents and channels of its input.
NETWORKS: Mapping[str, tuple[Callable[[], object], tuple[int, ...]]] = {
    "C3D": (lambda: by_hand("C3D"), (16, 112, 112, 3)),
    "CycleGANGenerator": (lambda: by_hand("cyclegan_generator"), (64, 64, 3)),
    "CycleGANGenerator6": (lambda: by_hand("cyclegan_generator", 6), (64, 48, 3)),
    "CycleGANDiscriminator": (lambda: by_hand("patch_gan", 3, False), (96, 96, 3)),
    "DCGANGenerator": (dcgan_generator, (1, 1, 100)),
    "DCGANDiscriminator": (dcgan_discriminator, (64, 64, 3)),
    "EDSRBaselineX2": (edsr, (24, 32, 3)),
    "EDSRBaselineX3": (lambda: edsr(factor=3), (24, 24, 3)),
    "EDSRBaselineX4": (lambda: edsr(factor=4), (24, 24, 3)),
    "EDSRX2": (lambda: edsr(32, 256, 2, 0.1), (16, 16, 3)),
    "PatchGAN": (lambda: by_hand("patch_gan", 6, True), (96, 96, 6)),
    "Pix2PixGenerator": (lambda: by_hand("Pix2PixGenerator"), (256, 256, 3)),
    "TCN": (tcn, (784, 1)),
    "UNetPadded": (unet_padded, (64, 96, 3)),
    "WaveNet": (lambda: by_hand("WaveNet"), (1200, 256)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_values(name: str) -> None:
    make, shape = NETWORKS[name]
    network = make()
    compare(name, network, network, shape)


def test_values_at_three_scales(tmp_path: Path, monkeypatch) -> None:
    compare("YOLOv3", *yolov3(tmp_path, monkeypatch), (64, 64, 3))


def compare(name: str, theirs, run: Callable[..., object], shape: tuple[int, ...]) -> None:
    """Asserts that our network gives, with their weights, what `run` gives."""
    import torch

    torch.manual_seed(0)
    state = {
        key: value
        for key, value in randomised(theirs).state_dict().items()
        if key.rpartition(".")[2] in WEIGHTS
    }
    ours = model_of(name)
    fill(ours, matched(ours, archive(state), Choices(by_order=True)))
    ours.eval()

    images = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    with torch.no_grad():
        found = run(torch.from_numpy(np.moveaxis(images, -1, 1).copy()))
    want = [np.moveaxis(np.atleast_2d(part.numpy()), 1, -1) for part in as_list(found)]
    graph, weights = nnx.split(ours)
    forward = jax.jit(lambda held, x: nnx.merge(graph, held)(x), compiler_options=QUICK)
    got = as_list(forward(weights, images))
    gap = max(
        np.abs(a.reshape(b.shape) - b).max() / np.abs(b).max()
        for a, b in zip(got, want, strict=True)
    )
    print(f"\n{name}: {gap:.2e} of the largest value")
    assert all(part.size == 1 or part.std() > 0.01 * np.abs(part).max() for part in want)
    assert gap <= TOLERANCE


def as_list(found) -> list:
    """The results in their order; those of ours have names."""
    if isinstance(found, Mapping):
        return list(found.values())
    return list(found) if isinstance(found, list) else [found]
