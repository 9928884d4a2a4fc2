"""mypy and pyright, as they are without settings, find nothing in modules that specs compile to.

`.ci/run` has them look at those of the zoo.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import cnndsl
from tests.compiled import CORNERS, GOLDENS, NETWORKS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("mypy") and find_spec("pyright")), reason="the extra `dev` is not installed"
    ),
]
CHECKERS = {
    # That optax has no marker of its types is nothing that a module could help.
    "mypy": ("mypy", "--config-file=", "--disable-error-code=import-untyped"),
    "pyright": ("pyright", "--pythonpath", sys.executable),
}
# One argument hands words and numbers to the padding of flax's pools, which flax types as `str`
# and takes as both.
MIXED = {"pyright": {"corner_paddings_of_every_kind.py"}}
WRONG = """\
from flax import nnx


class Net(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.convs = nnx.List()
        self.convs.append(nnx.Conv("3", 3, (1, 1), rngs=rngs))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules of the corners, of the networks and of the goldens."""
    found = tmp_path_factory.mktemp("modules")
    specs = {f"corner_{path.stem}": path for path in CORNERS.glob("*.cnn")}
    specs |= {f"network_{path.stem}": path for path in NETWORKS.glob("*.cnn")}
    specs |= {f"golden_{path.parent.name}": path for path in GOLDENS.glob("*/spec.cnn")}
    for name, path in specs.items():
        text = path.read_text(encoding="utf-8")
        compiled = cnndsl.compile(text, filename=path.name, folder=str(path.parent))
        assert compiled.code is not None, (path, compiled.diagnostics)
        (found / f"{name}.py").write_text(compiled.code, encoding="utf-8")
        if compiled.training is not None:
            (found / f"{name}_training.py").write_text(compiled.training, encoding="utf-8")
    return found


def check(checker: str, folder: Path) -> subprocess.CompletedProcess[str]:
    names = sorted({path.name for path in folder.glob("*.py")} - MIXED.get(checker, set()))
    command = [sys.executable, "-m", *CHECKERS[checker], *names]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_finds_nothing(checker: str, folder: Path) -> None:
    done = check(checker, folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_knows_the_types_of_flax(checker: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    done = check(checker, tmp_path)
    assert done.returncode == 1
    assert '"int"' in done.stdout
