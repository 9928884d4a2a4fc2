"""The files that modules are written to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnndsl.cli.console import CallError
from cnndsl.cli.project import find_project
from cnndsl.names import module_name

FOLDER = Path("generated")


@dataclass(frozen=True)
class Asked:
    """A spec of the call, or a model of the zoo: its name, and the file that it is read from."""

    name: str
    file: str

    def stem(self) -> str:
        """The spec's name; a model's in small letters, where a model was asked for."""
        return Path(self.file.strip("<>")).stem if self.name == self.file else self.name.lower()


def destinations(asked: Sequence[Asked], output: str | None) -> list[Path]:
    """The file of every spec's module; where the call does not say, as the project does.

    Raises:
      CallError: if `output` is one file for several specs, two specs have one file, or a
        module would replace a spec.
    """
    if output is not None:
        return _paths(asked, output)
    project = find_project()
    try:
        return _paths(asked, project.output)
    except CallError as error:
        if project.output is None or error.help is not None:
            raise
        help = f"{project.file} names it: `output` of [tool.cnndsl]"
        raise CallError(str(error), help) from None


def _paths(asked: Sequence[Asked], output: str | None) -> list[Path]:
    folder = FOLDER if output is None else Path(output)
    if folder.suffix == ".py" and not folder.is_dir():
        if len(asked) > 1:
            raise CallError(f"{folder} is one file, for {len(asked)} specs", "name a folder")
        paths = [folder]
    elif not folder.is_dir() and (folder.exists() or _is_file_name(output or "")):
        raise CallError(f"{folder} is neither a folder nor a file ending in .py")
    else:
        paths = [folder / f"{module_name(each.stem())}.py" for each in asked]
    check_taken([(path, each.name) for path, each in zip(paths, asked, strict=True)], asked, {})
    return paths


def _is_file_name(output: str) -> bool:
    """Whether a name that nothing has yet is a file's: `a.txt`, but neither `a.txt/` nor `v1.2`."""
    return not output.endswith(("/", os.sep)) and Path(output).suffix[1:].isalpha()


def check_taken(
    files: Sequence[tuple[Path, str]], asked: Sequence[Asked], before: Mapping[Path, str]
) -> None:
    """Raises `CallError` where one file is to be two modules, or is one of the specs.

    `files` have the names of the specs that they are of; so have those of other modules, `before`.
    """
    taken: dict[Path, str] = {}
    for path, name in files:
        if path in taken or before.get(path, name) != name:
            taken = {**before, **taken}
            raise CallError(f"{taken[path]} and {name} would both be written to {path}")
        taken[path] = name
        specs = [each.file for each in asked if os.path.exists(each.file)]
        if path.exists() and any(path.samefile(spec) for spec in specs):
            raise CallError(f"{path} is a spec: the module would replace it")
