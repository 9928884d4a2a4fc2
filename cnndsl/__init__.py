"""A compiler from CNN architectures, written the way papers state them, to Flax NNX modules.

>>> import cnndsl
>>> (mistake,) = cnndsl.check("model Net { batch_norm }")
>>> mistake.code, mistake.message
('E111', 'model `Net` does not begin with `input`')

`check`, `summarize` and `compile` map the text of a spec to values; `load` imports the module
of a spec, `load_training` the one that trains its networks. Each is loaded when it is first used.
"""

from __future__ import annotations

from cnndsl._version import __version__

TYPE_CHECKING = False  # without `typing`, which takes a while: type checkers know the name

if TYPE_CHECKING:
    from cnndsl.api import Summarized, check, compile, load, load_training, summarize
    from cnndsl.diagnostics import CompileError, Diagnostic
    from cnndsl.pipeline import Compiled

_HOMES = {
    "CompileError": "cnndsl.diagnostics",
    "Compiled": "cnndsl.pipeline",
    "Diagnostic": "cnndsl.diagnostics",
    "Summarized": "cnndsl.api",
    "check": "cnndsl.api",
    "compile": "cnndsl.api",
    "load": "cnndsl.api",
    "load_training": "cnndsl.api",
    "summarize": "cnndsl.api",
}

__all__ = [
    "CompileError",
    "Compiled",
    "Diagnostic",
    "Summarized",
    "__version__",
    "check",
    "compile",
    "load",
    "load_training",
    "summarize",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnndsl' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
