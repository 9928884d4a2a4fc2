"""Networks of papers in PyTorch, as their authors wrote them, for `test_torch_papers`."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class C3D(nn.Sequential):
    """Tran et al., 2015, Figure 3: (N, 3, 16, 112, 112) to the logits."""

    def __init__(self, classes: int = 487) -> None:
        layers: list[nn.Module] = []
        before = 3
        for pool, *widths in ((1, 64), (2, 128), (2, 256, 256), (2, 512, 512), (2, 512, 512)):
            for width in widths:
                layers += [nn.Conv3d(before, width, 3, padding=1), nn.ReLU()]
                before = width
            layers.append(nn.MaxPool3d((pool, 2, 2), ceil_mode=True))
        layers.append(nn.Flatten())
        for inputs in (8192, 4096):
            layers += [nn.Linear(inputs, 4096), nn.ReLU(), nn.Dropout(0.5)]
        super().__init__(*layers, nn.Linear(4096, classes))


class WaveNet(nn.Module):
    """van den Oord et al., 2016, Figure 4: (N, 256, T) to the logits at every sample."""

    def __init__(self, cycles: int = 5, layers: int = 10, width: int = 32, skip: int = 512) -> None:
        super().__init__()
        self.front = nn.Conv1d(256, width, 2, bias=False)
        self.layers = nn.ModuleList()
        self.dilations = [2**i for i in range(layers)] * cycles
        for dilation in self.dilations:
            layer = nn.Module()
            layer.filter = nn.Conv1d(width, width, 2, dilation=dilation)
            layer.gate = nn.Conv1d(width, width, 2, dilation=dilation)
            layer.skip = nn.Conv1d(width, skip, 1)
            layer.dense = nn.Conv1d(width, width, 1)
            self.layers.append(layer)
        self.first = nn.Conv1d(skip, skip, 1)
        self.second = nn.Conv1d(skip, 256, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.front(F.pad(x, (1, 0)))
        skips = []
        for dilation, layer in zip(self.dilations, self.layers, strict=True):
            past = F.pad(x, (dilation, 0))
            z = torch.tanh(layer.filter(past)) * torch.sigmoid(layer.gate(past))
            skips.append(layer.skip(z))
            x = x + layer.dense(z)
        return self.second(F.relu(self.first(F.relu(sum(skips)))))


class Pix2PixGenerator(nn.Module):
    """Isola et al., 2016, section 6.1.1: C64-…-C512 and back, with all the skips.

    As in the authors' `UnetGenerator`: what is skipped is activated where it is read.
    """

    WIDTHS = (64, 128, 256, 512, 512, 512, 512, 512)

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        before = 3
        for i, width in enumerate(self.WIDTHS):
            conv = nn.Conv2d(before, width, 4, stride=2, padding=1, bias=False)
            norm = nn.BatchNorm2d(width) if 0 < i < 7 else nn.Identity()
            self.down.append(
                nn.Sequential(nn.Identity() if i == 0 else nn.LeakyReLU(0.2), conv, norm)
            )
            before = width
        for i, width in reversed(list(enumerate((3, *self.WIDTHS[:-1])))):
            inputs = self.WIDTHS[i] * (1 if i == 7 else 2)
            conv = nn.ConvTranspose2d(inputs, width, 4, stride=2, padding=1, bias=i == 0)
            self.up.append(
                nn.Sequential(nn.ReLU(), conv, nn.BatchNorm2d(width) if i else nn.Tanh())
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        across = []
        for down in self.down:
            x = down(x)
            across.append(x)
        x = self.up[0](across.pop())
        for up in self.up[1:]:
            x = up(torch.cat([across.pop(), x], 1))
        return x


def patch_gan(inputs: int, norms: bool) -> nn.Sequential:
    """The authors' `NLayerDiscriminator`; CycleGAN's has instance norms, and biases everywhere."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for width, stride in ((128, 2), (256, 2), (512, 1)):
        layers.append(nn.Conv2d(width // 2, width, 4, stride=stride, padding=1, bias=not norms))
        layers.append(nn.BatchNorm2d(width) if norms else nn.InstanceNorm2d(width))
        layers.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, padding=1))


class Residual(nn.Module):
    """Johnson et al., 2016, with reflections at the edges."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")
        self.second = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")
        self.norm = nn.InstanceNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.norm(self.second(F.relu(self.norm(self.first(x)))))


def cyclegan_generator(blocks: int = 9) -> nn.Sequential:
    """Zhu et al., 2017, section 7.2: c7s1-64, d128, d256, R256s, u128, u64, c7s1-3."""
    layers: list[nn.Module] = []
    for conv in (
        nn.Conv2d(3, 64, 7, padding=3, padding_mode="reflect"),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        nn.Conv2d(128, 256, 3, stride=2, padding=1),
    ):
        layers += [conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU()]
    layers += [Residual(256) for _ in range(blocks)]
    for width in (128, 64):
        conv = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)
        layers += [conv, nn.InstanceNorm2d(width), nn.ReLU()]
    last = nn.Conv2d(64, 3, 7, padding=3, padding_mode="reflect")
    return nn.Sequential(*layers, last, nn.Tanh())
