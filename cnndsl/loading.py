"""Modules made of text, in memory, whose tracebacks show their source."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePath
from types import ModuleType

from cnndsl.names import module_name

_PACKAGE = "cnndsl.loaded"
_LIBRARIES = ("jax", "flax", "optax")
WHERE = "modules are found where Python finds them, and in the folder that you are in"


class NoSuchLayers(ModuleNotFoundError):
    """A module that has layers of the author's own is not found."""


@contextmanager
def importing_here() -> Iterator[None]:
    """Lets modules of this folder be imported, behind all others."""
    folder = str(Path.cwd())
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def module_from(spec: str, code: str) -> ModuleType:
    """The module of a spec's generated code, imported: `cnndsl.loaded.vgg16`.

    The same code is one module, so that its classes are the same however often it is loaded;
    other code under the same name has a digest in its own.
    """
    name = f"{_PACKAGE}.{module_name(PurePath(spec).stem)}"
    known = sys.modules.get(name)
    if known is not None and _source(known) != code:
        name += f"_{sha256(code.encode()).hexdigest()[:12]}"
        known = sys.modules.get(name)
    if known is not None:
        return known
    module = ModuleType(name)
    module.__file__ = f"<{name}>"
    linecache.cache[module.__file__] = (len(code), None, code.splitlines(True), module.__file__)
    sys.modules[name] = module
    try:
        with importing_here():
            exec(compile(code, module.__file__, "exec"), module.__dict__)
    except ModuleNotFoundError as error:
        del sys.modules[name]
        if error.name not in _LIBRARIES:  # of a layer of the author's own
            message = f"the module of {spec} imports {error.name}, which Python does not find"
            raise NoSuchLayers(message, name=error.name) from None
        message = f"generated modules need {error.name}: pip install 'cnndsl[train]'"
        raise ModuleNotFoundError(message, name=error.name) from None
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _source(module: ModuleType) -> str:
    return "".join(linecache.getlines(module.__file__ or ""))
