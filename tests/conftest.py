"""What every test relies on: Keras computes with JAX, JAX on the CPU, and CI is deterministic."""

import os

from hypothesis import settings

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A deadline per example would fail on whichever example compiles first.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "default")
