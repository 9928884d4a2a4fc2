"""A small network with everything that importing has to get right."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import cnndsl

SPEC = """\
# A residual unit and a classifier.

block shortcut(out) { conv(out, 1) -> bn }

model Net(classes = 3) {
  input 8x8x3
  stage stem { conv(4, 3, bias = false) -> bn -> relu }
  stage unit {
    add [
      conv(6, 1) -> bn -> relu -> depthwise(3) -> conv(6, 1) -> bn
      shortcut(6)
    ] -> relu -> max_pool(2)
  }
  stage head { flatten -> dense(classes) }
}

model Plain(classes = 3) {
  input 8x8x3
  stage stem { conv(4, 3, bias = false) -> bn -> relu }
  stage body { conv(6, 3) -> relu -> max_pool(2) }
  stage head { flatten -> dense(classes) }
}
"""


@pytest.fixture(scope="session")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "small.cnn"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def module(spec: Path) -> ModuleType:
    return cnndsl.load(spec)


@pytest.fixture
def plain(module: ModuleType):
    """The network without branches, its weights random."""
    from cnndsl.weights.network import abstract

    return randomised(abstract(module.Plain))


@pytest.fixture
def net(module: ModuleType):
    """The network with branches, its weights random."""
    from cnndsl.weights.network import abstract

    return randomised(abstract(module.Net))


def randomised(model, seed: int = 0):
    from cnndsl.weights.network import weights_of

    rng = np.random.default_rng(seed)
    for path, variable in weights_of(model).items():
        shape = variable.get_value().shape
        low, high = (0.5, 1.5) if path[-1] in ("scale", "var") else (-1.0, 1.0)
        variable.set_value(rng.uniform(low, high, shape).astype(np.float32))
    return model
