"""The compiler as functions: text goes in, values come out, nothing is printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from cnndsl.checked import Checked
from cnndsl.diagnostics import CompileError, Diagnostic
from cnndsl.files import Files
from cnndsl.ir import Value
from cnndsl.names import training_name
from cnndsl.pipeline import Check, Compiled, check_source, compile_checked, prove, summaries
from cnndsl.pipeline import warnings as doubted
from cnndsl.selection import check_model, check_overrides
from cnndsl.source import Source
from cnndsl.summary import Summary
from cnndsl.syntax.decode import MAX_BYTES


@dataclass(frozen=True)
class Summarized:
    """The networks of a spec in figures, or the diagnostics that stand in the way."""

    summaries: tuple[Summary, ...]
    diagnostics: tuple[Diagnostic, ...]


def check(
    text: str,
    *,
    filename: str = "<spec>",
    folder: str | None = None,
    warnings: bool = False,
) -> list[Diagnostic]:
    """What is wrong with a spec: shapes, counts, names, syntax; empty for one that holds.

    Args:
      text: the spec.
      filename: what diagnostics call it.
      folder: where the files lie that it uses; without one, `use` is a mistake.
      warnings: of a spec that holds, also give what is seldom meant; those have
        `Severity.WARNING`, and are the ones of the command line.
    """
    checked = _check(text, filename, folder, {}, prove)
    return list(checked.diagnostics) or (doubted(checked) if warnings else [])


def summarize(
    text: str,
    *,
    filename: str = "<spec>",
    folder: str | None = None,
    set: Mapping[str, object] | None = None,
) -> Summarized:
    """Parameters, multiply-accumulates and shapes of every network of a spec.

    Raises:
      ValueError: if `set` names a parameter that no model has.
    """
    checked = _check(text, filename, folder, set or {})
    return Summarized(summaries(checked), checked.diagnostics)


def compile(
    text: str,
    *,
    filename: str = "<spec>",
    folder: str | None = None,
    model: str | None = None,
    set: Mapping[str, object] | None = None,
) -> Compiled:
    """The Flax module of a spec as text (`code`), or None and `diagnostics`.

    `training` is the text of the module that trains its networks; None where none has a recipe.

    Args:
      text: the spec.
      filename: what diagnostics and the module's docstring call it.
      folder: where the files lie that it uses; without one, `use` is a mistake.
      model: the only model to compile; mistakes of the others do not matter.
      set: model parameters by name, as `--set` has them.

    Raises:
      ValueError: if there is no such model, or none that is compiled has such a parameter.
    """
    files = Files(filename, folder)
    source, diagnostics = files.put(text)
    if source is None:
        return Compiled(None, (), tuple(diagnostics))
    return _compiled(source, files, model, set or {})


def load(
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    set: Mapping[str, object] | None = None,
) -> ModuleType:
    """The module that a spec compiles to, imported without being written to a file.

    Its name is `cnndsl.loaded.vgg16` for `vgg16.cnn`, and tracebacks show its source.

    Raises:
      CompileError: if the spec is wrong; its text shows the diagnostics.
      OSError: if it cannot be read.
      ValueError: if there is no such model, no model at all, or none has such a parameter.
      ImportError: if flax is not installed.
    """
    from cnndsl.loading import module_from

    name, compiled = _opened(path, model, set or {})
    return module_from(name, compiled.code or "")


def load_training(
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    set: Mapping[str, object] | None = None,
) -> ModuleType:
    """The module that trains the networks of a spec, imported as `load` does.

    Its constants and functions are a recipe: `BATCH_SIZE`, `optimizer(steps_per_epoch, model)` and
    so on. Where the models of a spec have several recipes, they are in its `RECIPES` by model; with
    `model` there is one.

    Raises:
      ValueError: if no model has a recipe, and for what `load` raises it.
      CompileError, OSError, ImportError: as `load` does.
    """
    from pathlib import PurePath

    from cnndsl.loading import module_from

    name, compiled = _opened(path, model, set or {})
    if compiled.training is None:
        raise ValueError(f"{model or name} has no recipe: no `train {{ … }}`")
    return module_from(f"{training_name(PurePath(name).stem)}.py", compiled.training)


def _opened(
    path: str | os.PathLike[str], model: str | None, set: Mapping[str, object]
) -> tuple[str, Compiled]:
    """The spec of a file, compiled."""
    name = os.fspath(path)
    files = Files(name, os.path.dirname(name))
    with open(name, "rb") as file:
        source, diagnostics = files.put(file.read(MAX_BYTES + 1))
    if source is None:
        raise _wrong(tuple(diagnostics))
    compiled = _compiled(source, files, model, set)
    if compiled.code is None:
        raise _wrong(compiled.diagnostics)
    return name, compiled


def _check(
    text: str,
    filename: str,
    folder: str | None,
    values: Mapping[str, object],
    check: Check = check_source,
) -> Checked:
    files = Files(filename, folder)
    source, diagnostics = files.put(text)
    if source is None:
        return Checked(Source(filename, ""), None, (), tuple(diagnostics))
    overrides = _plain(values)
    checked = check(source, files.load, overrides, None)
    check_overrides(checked, overrides, None)
    return checked


def _compiled(
    source: Source, files: Files, model: str | None, values: Mapping[str, object]
) -> Compiled:
    overrides = _plain(values)
    checked = check_source(source, files.load, overrides, model)
    check_model(checked, model, overrides)
    check_overrides(checked, overrides, model)
    return compile_checked(checked, overrides, model)


def _plain(values: Mapping[str, object]) -> dict[str, Value]:
    return {name: _value(name, value) for name, value in values.items()}


def _value(name: str, value: object) -> Value:
    """A value of the language; tuples are lists there."""
    if isinstance(value, (list, tuple)):
        return [_value(name, item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"`{name}` is a {type(value).__name__}, not a value of the language")


def _wrong(diagnostics: tuple[Diagnostic, ...]) -> CompileError:
    from cnndsl.terminal import render_all

    return CompileError(diagnostics, render_all(diagnostics))
