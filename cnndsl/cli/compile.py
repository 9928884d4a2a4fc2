"""`cnndsl compile`: writes the modules of specs, compares them, or prints a stage on the way."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnndsl.checked import Checked
from cnndsl.cli.comparing import difference, present
from cnndsl.cli.console import CallError, Console
from cnndsl.cli.project import find_project
from cnndsl.cli.reading import all_diagnostics, check_choice, check_specs, read_overrides
from cnndsl.cli.traces import Sitting
from cnndsl.cli.workers import compile_all
from cnndsl.ir import Network, Value
from cnndsl.names import module_name, training_name
from cnndsl.pipeline import Compiled, compile_checked
from cnndsl.summary import Summary, macs_text
from cnndsl.targets.limits import too_large
from cnndsl.targets.seal import is_sealed, is_untouched
from cnndsl.writing import Unwritable, write_all

STDOUT = "-"
FOLDER = Path("generated")
NAMED = 3  # models that the line of a module lists


@dataclass(frozen=True)
class Module:
    """A generated module, the spec or the model it is of, and the file it belongs in.

    `trained` are the models whose recipes it holds, if it is a module that trains networks.
    """

    spec: str
    path: Path
    code: str
    summaries: tuple[Summary, ...]
    trained: tuple[str, ...] = ()

    def line(self) -> str:
        """`generated/vgg16.py  VGG16 138,357,544 params 15.47 GMACs`."""
        if self.trained:
            return f"{self.path}  trains {_listed(self.trained)}"
        models = [
            f"{s.model} {s.params:,} params {macs_text(s.macs)}" for s in self.summaries[:NAMED]
        ]
        more = len(self.summaries) - NAMED
        if more > 0:
            models.append(f"and {more} more")
        stem = Path(self.spec).stem
        renamed = self.path.stem == module_name(stem) != stem
        note = f" ({stem} is no name for a module)" if renamed else ""
        return f"{self.path}{note}  {', '.join(models)}"


def run(arguments: Namespace, console: Console) -> int:
    if not arguments.watch:
        return once(arguments, console)
    if arguments.check or arguments.diff:
        raise CallError("--watch writes modules, which --check and --diff only compare")
    from cnndsl.cli.watch import watch

    watch(once, arguments, console)


def once(arguments: Namespace, console: Console, sitting: Sitting | None = None) -> int:
    """Compiles the specs of the call.

    In a `sitting` those that are wrong do not hold up the others, and what they were read from and
    written to is noted in it.
    """
    overrides = read_overrides(arguments.set)
    unreadable: list[CallError] = []
    checked = check_specs(arguments, overrides, None if sitting is None else unreadable, sitting)
    for error in unreadable:
        console.fail(str(error), error.help)
    for each in checked:
        check_choice(each, arguments.model, overrides)
    if diagnostics := all_diagnostics(checked):
        console.diagnostics(diagnostics)
        if sitting is None:
            return 1
        checked = [each for each in checked if not each.diagnostics]
    for each in checked:
        if not each.networks:
            console.remark(f"{each.source.name} has no models: nothing to generate")
    checked = [each for each in checked if each.networks]
    if arguments.emit not in ("ast", "ir"):
        sized = [(each, too_large(_asked(each, arguments.model))) for each in checked]
        if over := [diagnostic for _, diagnostic in sized if diagnostic is not None]:
            console.diagnostics(over)
            if sitting is None:
                return 1
            checked = [each for each, diagnostic in sized if diagnostic is None]
    if arguments.emit == "training":
        return _emit_training(checked, overrides, arguments, console)
    if arguments.emit not in (None, "py"):
        from cnndsl.cli.emit import emit

        for each in checked:
            console.line(emit(arguments.emit, each, overrides, arguments.model))
        return 0
    to_stdout = arguments.output == STDOUT or arguments.emit == "py"
    if to_stdout and (arguments.check or arguments.diff):
        raise CallError("--check and --diff compare files, not standard output")
    paths = [Path(STDOUT)] * len(checked) if to_stdout else _paths(checked, arguments.output)
    modules: list[Module] = []
    compiled = compile_all(checked, overrides, arguments.model, arguments.output)
    for each, path, found in zip(checked, paths, compiled, strict=True):
        modules += _modules(each, path, found)
    if to_stdout:
        for module in modules:
            if not module.trained:
                console.module(module.code)
        return 0
    _check_paths(modules, checked, sitting)
    if arguments.check or arguments.diff:
        return _compare(modules, arguments, console)
    if not arguments.force:
        _spare_edited(modules)
    try:
        write_all({module.path: module.code for module in modules})
    except Unwritable as error:
        raise CallError(str(error)) from None
    for module in modules:
        console.line(module.line())
        if sitting is not None:
            sitting.modules[module.path] = module.spec
    return 0


def _asked(checked: Checked, model: str | None) -> list[Network]:
    return [network for network in checked.networks if model in (None, network.name)]


def _spare_edited(modules: Sequence[Module]) -> None:
    """Raises `CallError` where a module would replace a file that is somebody's own work."""
    for module in modules:
        before = present(module.path)
        if before is None or before == module.code or is_untouched(before):
            continue
        known = "was edited since" if is_sealed(before) else "is not by"
        help = "`--diff` shows what would change; `--force` replaces it"
        raise CallError(f"{module.path} {known} cnndsl{' wrote it' * is_sealed(before)}", help)


def _modules(checked: Checked, path: Path, compiled: Compiled) -> list[Module]:
    """The module of the networks, and where a network has a recipe the one that trains it."""
    if compiled.code is None:
        raise AssertionError("a spec without a mistake has a module")
    found = [Module(checked.name, path, compiled.code, compiled.summaries)]
    if compiled.training is not None:
        names = tuple(s.model for s in compiled.summaries if s.recipe is not None)
        beside = path.with_name(f"{training_name(path.stem)}.py")
        found.append(Module(checked.name, beside, compiled.training, (), names))
    return found


def _emit_training(
    checked: Sequence[Checked],
    overrides: dict[str, Value],
    arguments: Namespace,
    console: Console,
) -> int:
    """Prints the modules that train networks."""
    for each in checked:
        compiled = compile_checked(each, overrides, arguments.model, arguments.output)
        if compiled.training is None:
            console.remark(f"{each.name} has no recipe: nothing to generate")
        else:
            console.module(compiled.training)
    return 0


def _paths(checked: Sequence[Checked], output: str | None) -> list[Path]:
    """The file of every spec's module; where the call does not say, as the project does."""
    if output is not None:
        return output_paths(checked, output)
    project = find_project()
    try:
        return output_paths(checked, project.output)
    except CallError as error:
        if project.output is None or error.help is not None:
            raise
        help = f"{project.file} names it: `output` of [tool.cnndsl]"
        raise CallError(str(error), help) from None


def output_paths(checked: Sequence[Checked], output: str | None) -> list[Path]:
    """The file of every spec's module.

    Raises:
      CallError: if `output` is one file for several specs, two specs have one file, or a
        module would replace a spec.
    """
    names = [each.source.name for each in checked]
    folder = FOLDER if output is None else Path(output)
    if folder.suffix == ".py" and not folder.is_dir():
        if len(names) > 1:
            raise CallError(f"{folder} is one file, for {len(names)} specs", "name a folder")
        paths = [folder]
    elif not folder.is_dir() and (folder.exists() or _is_file_name(output or "")):
        raise CallError(f"{folder} is neither a folder nor a file ending in .py")
    else:
        paths = [folder / f"{module_name(_stem(each))}.py" for each in checked]
    _check_taken(list(zip(paths, (each.name for each in checked), strict=True)), names, {})
    return paths


def _is_file_name(output: str) -> bool:
    """Whether a name that nothing has yet is a file's: `a.txt`, but neither `a.txt/` nor `v1.2`."""
    return not output.endswith(("/", os.sep)) and Path(output).suffix[1:].isalpha()


def _check_paths(
    modules: Sequence[Module], checked: Sequence[Checked], sitting: Sitting | None
) -> None:
    """The same for all that is written, once it is known which specs have recipes.

    In a `sitting` the modules of specs that are still there count, too.
    """
    names = [each.source.name for each in checked]
    taken: dict[Path, str] = {}
    if sitting is not None:
        taken = {p: spec for p, spec in sitting.modules.items() if spec in sitting.traces}
    _check_taken([(module.path, module.spec) for module in modules], names, taken)


def _check_taken(
    files: Sequence[tuple[Path, str]], specs: Sequence[str], before: Mapping[Path, str]
) -> None:
    """Raises `CallError` where one file is to be two modules, or is one of the specs.

    `before` are the files of other modules, by the specs that these are of.
    """
    taken: dict[Path, str] = {}
    for path, name in files:
        if path in taken or before.get(path, name) != name:
            taken = {**before, **taken}
            raise CallError(f"{taken[path]} and {name} would both be written to {path}")
        taken[path] = name
        if any(os.path.exists(n) and path.exists() and path.samefile(n) for n in specs):
            raise CallError(f"{path} is a spec: the module would replace it")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"and {more} more"] if more > 0 else [])])


def _stem(checked: Checked) -> str:
    """A model's name in small letters, where a model was asked for; else the spec's."""
    if checked.model is not None:
        return checked.model.lower()
    return Path(checked.source.name.strip("<>")).stem


# --- comparing ------------------------------------------------------------------------


def _compare(modules: Sequence[Module], arguments: Namespace, console: Console) -> int:
    stale = 0
    for module in modules:
        before = present(module.path)
        if before == module.code:
            continue
        stale += 1
        if arguments.diff:
            console.line(difference(str(module.path), before, module.code))
        if arguments.check:
            state = "is missing" if before is None else "is stale"
            console.remark(f"{module.path} {state}: run cnndsl compile {module.spec}")
    if stale:
        return 1
    if arguments.check:
        count = f"{len(modules)} module{'s' * (len(modules) != 1)}"
        console.line(f"{count} up to date")
    return 0
