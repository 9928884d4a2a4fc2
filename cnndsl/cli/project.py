"""`[tool.cnndsl]`: what a project has settled for every call, in its pyproject.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cnndsl.cli.console import CallError
from cnndsl.files import Files, Unreadable
from cnndsl.syntax.decode import MAX_BYTES

NAME = "pyproject.toml"
_KEYS = {  # with an example of each
    "output": 'output = "networks", the folder of the modules',
    "strict": "strict = true",
}


@dataclass(frozen=True)
class Project:
    """What a call does where its options say nothing.

    `output` is the folder of the modules, as it is reached from the current folder; `file` the
    pyproject.toml that says so.
    """

    file: str | None = None
    output: str | None = None
    strict: bool = False


def find_project(start: str | None = None) -> Project:
    """The settings of the nearest pyproject.toml with `[tool.cnndsl]`, from a folder upwards.

    The folder is the current one by default.

    Raises:
      CallError: if a pyproject.toml on the way cannot be read, or a setting is none.
    """
    try:
        folder = os.getcwd() if start is None else os.path.abspath(start)
    except FileNotFoundError:  # it was deleted
        return Project()
    while True:
        path = os.path.join(folder, NAME)
        if os.path.isfile(path):
            table = _table(path)
            if table is not None:
                return _project(path, table)
        if folder == os.path.dirname(folder):
            return Project()
        folder = os.path.dirname(folder)


def _table(path: str) -> object | None:
    """The table `tool.cnndsl` of a file; None where it has none."""
    try:
        data, _ = Files(path, None).read(path)
    except Unreadable as error:
        raise CallError(f"cannot read {_shown(path)}: {error}") from None
    if b"cnndsl" not in data:  # most have none, and need not be parsed
        return None
    if len(data) > MAX_BYTES:
        raise CallError(f"{_shown(path)} is larger than {MAX_BYTES:,} bytes")
    import tomllib

    try:
        content = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise CallError(f"{_shown(path)} is not written in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"{_shown(path)} is no TOML: {error}") from None
    except RecursionError:
        raise CallError(f"{_shown(path)} is nested too deeply") from None
    tool = content.get("tool")
    return tool.get("cnndsl") if isinstance(tool, dict) else None


def _project(path: str, table: object) -> Project:
    """The settings of a table, each of them checked."""
    if not isinstance(table, dict):
        message = f"{_shown(path)}: tool.cnndsl must be a table, not {_what(table)}"
        raise CallError(message, f"[tool.cnndsl] begins it, and then {_KEYS['output']}")
    for key in table:
        if key not in _KEYS:
            from cnndsl.suggest import did_you_mean

            help = did_you_mean(key, _KEYS) or f"there are {' and '.join(_KEYS)}"
            raise CallError(f"{_shown(path)}: [tool.cnndsl] has no key `{key[:60]}`", help)
    output, strict = table.get("output"), table.get("strict", False)
    if not isinstance(strict, bool):
        raise _wrong(path, "strict", "true or false", _what(strict))
    if output is None:
        return Project(_shown(path), None, strict)
    if not isinstance(output, str):
        raise _wrong(path, "output", "the name of a folder", _what(output))
    if output in ("", "-") or output.endswith(".py") or "\0" in output:
        raise _wrong(path, "output", "the name of a folder", f"{output[:60]!r}")
    folder = os.path.join(os.path.dirname(path), output)
    return Project(_shown(path), _shown(folder), strict)


def _wrong(path: str, key: str, wanted: str, seen: str) -> CallError:
    message = f"{_shown(path)}: `{key}` of [tool.cnndsl] must be {wanted}, not {seen}"
    return CallError(message, f"write {_KEYS[key]}")


def _what(value: object) -> str:
    """A value as TOML calls it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else f"`{str(value)[:60]}`"


def _shown(path: str) -> str:
    """A path as it is reached from the current folder."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return path
