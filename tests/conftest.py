"""What every test relies on: Keras computes with JAX, JAX on the CPU, and CI is deterministic."""

import gc
import os
import re
from pathlib import Path

import pytest
from hypothesis import settings

from tests.quick import QUICK

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Every core runs tests: threads of numpy's own wait for each other, which takes a processor, too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Of hundreds of commands in processes of their own, half of the time is the package's compilation
# to bytecode, where none is kept.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A deadline per example would fail on whichever example compiles first.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "default")


def pytest_configure(config: pytest.Config) -> None:
    """XLA compiles quickly: even of most slow tests it takes more than what is computed."""
    if not hasattr(config, "workerinput"):  # those of xdist have what is set here
        given = os.environ.get("XLA_FLAGS", "").split()
        flags = [f"--{name}={str(value).lower()}" for name, value in QUICK.items()]
        os.environ["XLA_FLAGS"] = " ".join([*given, *flags])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Under `-m "not xla"`, files whose tests all need jax are not even imported."""
    if "not xla" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    marks = re.search(r"^pytestmark = .*", collection_path.read_text(encoding="utf-8"), re.M)
    return True if marks and "mark.xla" in marks[0] else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Imported libraries are kept to the end: a search for garbage need not go through them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
