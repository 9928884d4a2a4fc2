"""What the templates print: finished texts, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    text: str  # "stride: int = 1"


@dataclass(frozen=True)
class ClassView:
    """One emitted class."""

    name: str
    base: str
    doc: str
    attributes: tuple[str, ...] = ()  # "depths: tuple[int, ...]", "skip = True"
    has_init: bool = True
    has_call: bool = True  # of a model: `__call__` gives the logits
    signature: tuple[str, ...] = ()  # "self", "in_features: int", "stride: int = 1", "*"
    init: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()  # "prev: jax.Array"
    call: tuple[str, ...] = ()
    result: str = ""
    is_model: bool = False
    has_aux: bool = False
    endpoints_doc: str = ""


@dataclass(frozen=True)
class FunctionView:
    """A compile-time function of the spec, or a block without weights."""

    name: str
    doc: str
    arguments: tuple[str, ...]
    returns: str
    body: tuple[str, ...]


@dataclass(frozen=True)
class ModuleView:
    doc: str
    standard: tuple[str, ...]  # imports of the standard library
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    helpers: tuple[str, ...]  # fragments: functions, constants and classes
    functions: tuple[FunctionView, ...]
    partials: tuple[str, ...]
    definitions: tuple[ClassView | FunctionView | str, ...]  # a text is a line as it stands
