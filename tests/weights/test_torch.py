"""Networks of torchvision and timm, with their own weights, give the logits that ours give.

They must be installed beside what the tests need: `pip install torch torchvision timm`. Of
torchvision the Python code is enough.
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from flax import nnx

from cnndsl.weights import export, load
from cnndsl.weights.network import image_shape
from tests.weights.libraries import PUBLISHED, Published
from tests.weights.test_layouts import model_of
from tests.weights.test_load import values

pytestmark = [pytest.mark.xla, pytest.mark.torch, pytest.mark.filterwarnings("default")]

NAMES = (
    "vgg16",
    "inception_v3",
    "resnet18",
    "resnet50",
    "wide_resnet50_2",
    "resnext50_32x4d",
    "densenet121",
    "mobilenet_v2",
    "squeezenet1_0",
    "squeezenet1_1",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "mnasnet1_0",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "inception_v4",
    "nasnetalarge",
    "tf_efficientnet_b0",
    "tf_efficientnet_lite0",
    "tf_efficientnetv2_b0",
    "mobilenetv2_100",
)
TOLERANCE = 1e-5  # of the largest logit


def library(name: str):
    """torchvision's models, or timm; operations that classifiers never use may be missing."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    found = torch.library.Library("torchvision", "FRAGMENT")
    boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    for operation in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operation):
            found.define(operation + boxes)
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    return importlib.import_module("torchvision.models" if name == "torchvision" else name)


def randomised(network):
    """The network with batch statistics, scales and biases that differ from 0 and 1."""
    import torch

    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if not tensor.is_floating_point() or tensor.ndim != 1:
            continue
        positive = name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1)
        low, high = (0.7, 1.3) if positive else (-0.2, 0.2)
        tensor.uniform_(low, high, generator=generator)
    return network.eval()


@pytest.mark.parametrize(
    "published",
    [pytest.param(p, id=f"{p.library}-{p.name}") for p in PUBLISHED if p.name in NAMES],
)
def test_logits(published: Published, tmp_path: Path, record_property):
    models = library(published.library)
    import torch
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    make = getattr(models, published.name, None) or (lambda: models.create_model(published.name))
    arguments = {"init_weights": True} if published.name == "inception_v3" else {}
    theirs = randomised(make(**arguments))
    state = theirs.state_dict()
    torch.save(state, tmp_path / "net.pth")
    save_file(state, tmp_path / "net.safetensors")
    ours, again = (model_of(published.model, **published.aux) for _ in range(2))
    assert load(ours, tmp_path / "net.pth").layout == published.layout
    assert load(again, tmp_path / "net.safetensors").layout == published.layout
    first, second = values(ours), values(again)
    assert all(np.array_equal(first[name], second[name]) for name in first)

    images = np.random.default_rng(0).normal(size=(2, *image_shape(ours))).astype(np.float32)
    with torch.no_grad():
        want = theirs(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    ours.eval()
    got = np.asarray(nnx.jit(lambda net, x: net(x))(ours, images))
    gap = float(np.abs(got - want).max() / np.abs(want).max())
    record_property("gap", gap)
    print(f"\n{published.library} {published.name}: {gap:.2e} of the largest logit")
    assert want.std() > 0 and gap <= TOLERANCE

    export(ours, tmp_path / "out.safetensors", published.library)
    back = load_file(tmp_path / "out.safetensors")
    assert back.keys() == state.keys()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    assert all(torch.equal(back[name], state[name]) for name in state.keys() - counters)
    export(ours, tmp_path / "out.pth", published.library)
    read = OrderedDict(torch.load(tmp_path / "out.pth", weights_only=True))
    if published.name.startswith("mnasnet"):  # torchvision wants to know which of two stems it is
        read._metadata = {"": {"version": 2}}
    theirs.load_state_dict(read, strict=True)
