"""The specs and the settings of a call, read and checked."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnndsl.checked import Checked
from cnndsl.cli.console import CallError
from cnndsl.cli.folders import spec_files
from cnndsl.diagnostics import Diagnostic
from cnndsl.files import Files, Unreadable
from cnndsl.ir import Value
from cnndsl.pipeline import Check, check_source
from cnndsl.selection import NoSuch, check_model, check_overrides
from cnndsl.source import Source
from cnndsl.syntax.decode import MAX_BYTES

if TYPE_CHECKING:
    from cnndsl.cli.traces import Sitting, Trace

STDIN = "-"
LONGEST_NAME = 100  # of a model of the zoo, by far


def check_specs(
    arguments: Namespace,
    overrides: dict[str, Value] | None = None,
    unreadable: list[CallError] | None = None,
    sitting: Sitting | None = None,
    check: Check = check_source,
    done: Iterable[str] = (),
) -> list[Checked]:
    """Every spec of the call, parsed and elaborated, in order; a spec named twice counts once.

    A name that no file has may be that of a model of the zoo: of its spec that model counts. A
    folder stands for the specs below it. Those that are `done` are left out.

    What each was read from is noted in `sitting`; `check` is `pipeline.check_source` or `prove`.

    Raises:
      CallError: if one cannot be read; with `unreadable`, that is noted there.
    """
    checked: list[Checked] = []
    seen = set(done)
    for name in arguments.specs:
        try:
            for each in spec_files([name]):
                if each in seen:
                    continue
                seen.add(each)
                trace = None if sitting is None else sitting.traces.setdefault(each, {})
                checked.append(check_spec(each, arguments, overrides, check, trace))
        except CallError as error:
            if unreadable is None:
                raise
            unreadable.append(error)
    return checked


def check_spec(
    name: str,
    arguments: Namespace,
    overrides: dict[str, Value] | None,
    check: Check,
    trace: Trace | None = None,
) -> Checked:
    """One spec, or one model of the zoo: its spec with that network alone.

    Raises:
      CallError: if it cannot be read.
    """
    model = arguments.model if "model" in arguments else None
    if not is_model(name):
        return _check_file(name, arguments, overrides, model, trace, check)
    spec = spec_of_model(name)
    if model is not None:
        raise CallError(f"--model chooses from a spec, and `{name}` is a model already")
    return replace(_check_file(spec, arguments, overrides, name, trace, check), model=name)


def _check_file(
    name: str,
    arguments: Namespace,
    overrides: dict[str, Value] | None,
    model: str | None,
    trace: Trace | None,
    check: Check,
) -> Checked:
    stdin_name = arguments.stdin_filename
    if name == STDIN:
        name = stdin_name or "<stdin>"
        files = Files(name, os.path.dirname(stdin_name or ""))
        source, diagnostics = files.put(sys.stdin.buffer.read(MAX_BYTES + 1))
    else:
        files = Files(name, os.path.dirname(name))
        if trace is not None:
            from cnndsl.cli.traces import TracedFiles

            files = TracedFiles(name, os.path.dirname(name), trace)
        try:
            source, diagnostics = files.open()
        except Unreadable as error:
            shown = name if len(name) <= 200 else f"{name[:200]}…"
            raise CallError(f"cannot read {shown}: {error}") from None
    if source is None:
        return Checked(Source(name, ""), None, (), tuple(diagnostics))
    return check(source, files.load, overrides, model)


def is_model(name: str) -> bool:
    """Whether a name of a call is that of a model of the zoo, if of anything."""
    return name.isidentifier() and len(name) <= LONGEST_NAME and not os.path.exists(name)


def spec_of_model(name: str) -> str:
    """The file of the spec of a model of the zoo.

    Raises:
      CallError: if there is none of that name.
    """
    from cnndsl.zoo.index import UnknownModel, find, spec_path

    try:
        path = spec_path(find(name))
    except UnknownModel as error:
        help = error.help or "`cnndsl list` lists the models of the zoo"
        raise CallError(f"there is no file and no model `{name[:60]}`", help) from None
    return os.path.relpath(path) if path.is_relative_to(os.getcwd()) else str(path)


def all_diagnostics(checked: Sequence[Checked]) -> list[Diagnostic]:
    """Those of all specs, in order; what several specs find in a file that they use, once."""
    found: dict[tuple[object, ...], Diagnostic] = {}
    for each in checked:
        for diagnostic in each.diagnostics:
            span = diagnostic.primary.span if diagnostic.primary else None
            place = (os.path.realpath(span.source.name), span.start) if span else ()
            found.setdefault((diagnostic.code, diagnostic.message, *place), diagnostic)
    return list(found.values())


def read_overrides(settings: Sequence[str]) -> dict[str, Value]:
    """The values of `--set NAME=VALUE`.

    Raises:
      CallError: if one is no assignment, or its value none of the language.
    """
    overrides: dict[str, Value] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name:
            raise CallError(f"--set takes NAME=VALUE, not `{setting[:60]}`")
        if name in overrides:
            raise CallError(f"--set gives `{name[:60]}` two values")
        from cnndsl.elaborate.constant import constant

        value, diagnostics = constant(name, text)
        if diagnostics:
            first = diagnostics[0]
            raise CallError(f"--set {name[:60]}: {first.message}", first.help)
        overrides[name] = value
    return overrides


def check_choice(checked: Checked, model: str | None, overrides: dict[str, Value]) -> None:
    """Raises `CallError` where there is no such model, or what is asked for lacks a parameter."""
    model = model or checked.model
    try:
        check_model(checked, model, overrides)
        check_overrides(checked, overrides, model)
    except NoSuch as error:
        raise CallError(error.message, error.help) from None
