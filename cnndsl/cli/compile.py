"""`cnndsl compile`: writes the modules of specs, compares them, or prints a stage on the way."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnndsl.checked import Checked
from cnndsl.cli.comparing import difference, present
from cnndsl.cli.console import CallError, Console
from cnndsl.cli.destinations import Asked, check_taken, destinations
from cnndsl.cli.folders import spec_files
from cnndsl.cli.reading import STDIN, all_diagnostics, check_choice, check_specs, read_overrides
from cnndsl.cli.traces import Sitting
from cnndsl.cli.workers import Made, make_ahead, make_here
from cnndsl.ir import Network, Value
from cnndsl.names import module_name, training_name
from cnndsl.pipeline import compile_checked
from cnndsl.summary import macs_text
from cnndsl.targets.limits import too_large
from cnndsl.targets.seal import is_sealed, is_untouched
from cnndsl.writing import Unwritable, write_all

STDOUT = "-"
NAMED = 3  # models that the line of a module lists


@dataclass(frozen=True)
class Module:
    """A generated module, the spec or the model it is of, and the file it belongs in.

    `models` are those that it holds, with parameters and MACs, or those that it trains.
    """

    spec: str
    path: Path
    code: str
    models: Sequence[tuple[str, int, int]] = ()
    trained: Sequence[str] = ()

    def line(self) -> str:
        """`generated/vgg16.py  VGG16 138,357,544 params 15.47 GMACs`."""
        if self.trained:
            return f"{self.path}  trains {_listed(self.trained)}"
        models = [
            f"{name} {params:,} params {macs_text(macs)}"
            for name, params, macs in self.models[:NAMED]
        ]
        more = len(self.models) - NAMED
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
    unreadable: list[CallError] | None = None if sitting is None else []
    made: dict[str, Made] = {}
    if arguments.emit is None and sitting is None:
        made = make_ahead(spec_files(arguments.specs), overrides, arguments)
    checked = check_specs(arguments, overrides, unreadable, sitting, done=made)
    for error in unreadable or ():
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
    asked = [Asked(each.name, each.source.name) for each in checked]
    if made:
        asked = _in_order([*(Asked(name, name) for name in made), *asked], arguments.specs)
    paths = [Path(STDOUT)] * len(asked) if to_stdout else destinations(asked, arguments.output)
    made |= make_here(checked, overrides, arguments)
    modules: list[Module] = []
    for spec, path in zip(asked, paths, strict=True):
        modules += _modules(spec.name, path, made[spec.name])
    if to_stdout:
        for module in modules:
            if not module.trained:
                console.module(module.code)
        return 0
    # Once more, for it is known now which specs have recipes.
    before = {} if sitting is None else sitting.written()
    check_taken([(module.path, module.spec) for module in modules], asked, before)
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


def _in_order(asked: Sequence[Asked], names: Sequence[str]) -> list[Asked]:
    """As the call names them, folders' specs in order."""
    places = {name: place for place, name in enumerate(spec_files(names))}
    return sorted(asked, key=lambda each: places.get(each.name, places.get(STDIN, 0)))


def _modules(name: str, path: Path, made: Made) -> list[Module]:
    """The module of the networks, and where a network has a recipe the one that trains it."""
    found = [Module(name, path, made.code, made.models)]
    if made.training is not None:
        beside = path.with_name(f"{training_name(path.stem)}.py")
        found.append(Module(name, beside, made.training, (), made.trained))
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


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"and {more} more"] if more > 0 else [])])


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
