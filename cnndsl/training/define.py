"""From a spec, or the name of a model of the zoo, to what can be trained."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cnndsl.checked import Checked
from cnndsl.diagnostics import CompileError
from cnndsl.files import Files, Unreadable
from cnndsl.ir import Network, Value
from cnndsl.ops.base import rank_of
from cnndsl.ops.ranks import NAMES
from cnndsl.ops.spelled import sized
from cnndsl.pipeline import check_source, compile_checked, name_layers
from cnndsl.selection import NoSuch, check_model, check_overrides
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.recipe.rates import paths_of_stage
from cnndsl.training.changes import Changes, default
from cnndsl.training.definition import Definition
from cnndsl.training.errors import TrainingError
from cnndsl.zoo.index import UnknownModel, find, spec_path

CLASSES = "classes"
NONE = Changes()
DROPS = frozenset({"dropout", "drop_path"})
_INDEX = re.compile(r"\.(\d+)")
# What a generated module says of itself, which is not true of a recipe that was changed.
_MADE_AGAIN = re.compile(r"^`cnndsl compile .*?\)\.$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Chosen:
    """One network of a spec, proven, with the values that the user gave to its parameters."""

    checked: Checked
    files: Files
    network: Network
    values: Mapping[str, Value]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the images that it takes, which `choose` has seen to."""
        height, width, channels = self.network.input.shape
        return height, width, channels

    @property
    def outputs(self) -> int:
        """How many classes it tells apart."""
        return self.network.output.shape[-1]

    @property
    def follows(self) -> bool:
        """Whether its number of classes is a parameter."""
        program = self.checked.proven
        parameters = program.root(program.models[self.network.name]).parameters
        return any(parameter.name == CLASSES for parameter in parameters)


def choose(
    name: str, model: str | None = None, values: Mapping[str, Value] | None = None
) -> Chosen:
    """The network of a spec, or of the zoo, checked and not yet compiled.

    Args:
      name: the path of a spec, or the name of a model of the zoo.
      model: which of the spec's models; needed if it has several.
      values: of the model's parameters, as `--set` gives them.

    Raises:
      CompileError: if the spec is wrong.
      TrainingError: if there is no such spec, model or parameter.
    """
    if name.isidentifier() and not os.path.exists(name):
        try:
            path = os.fspath(spec_path(find(name)))
        except UnknownModel as error:
            help = error.help or "`cnndsl list` lists the models of the zoo"
            raise TrainingError(f"there is no file and no model `{name[:60]}`", help) from None
        if model not in (None, name):
            raise TrainingError(f"--model chooses from a spec, and `{name}` is a model already")
        model = name
    else:
        path = name
    files = Files(path, os.path.dirname(path))
    values = dict(values or {})
    checked = _checked(files, path, model, values)
    networks = [n for n in checked.networks if model in (None, n.name)]
    if not networks:
        raise TrainingError(f"{path} has no models: there is nothing to train")
    if len(networks) > 1:
        known = ", ".join(n.name for n in networks[:8])
        raise TrainingError(f"{path} has several models: {known}", "choose one with --model")
    shape = networks[0].input.shape
    if rank_of(shape) != 2:
        what = f"{NAMES[rank_of(shape)]} of {sized(shape)}"
        raise TrainingError(
            f"{networks[0].name} takes {what}, and cnndsl trains on images",
            "the module that `cnndsl compile` makes of a recipe has what a loop of your own needs",
        )
    return Chosen(checked, files, networks[0], values)


def define(chosen: Chosen, classes: int | None = None, changes: Changes = NONE) -> Definition:
    """A chosen network compiled, with `classes` outputs if that is a parameter of it.

    Raises:
      CompileError: if the spec is wrong with that many classes.
    """
    values = dict(chosen.values)
    checked, network = chosen.checked, chosen.network
    follows = chosen.follows and CLASSES not in values
    if follows and classes not in (None, chosen.outputs):
        values[CLASSES] = classes
        checked = _checked(chosen.files, checked.source.name, network.name, values)
        network = next(n for n in checked.networks if n.name == network.name)
    recipe, origin = network.recipe, "the spec's recipe"
    if recipe is None:
        recipe, origin = default(), "cnndsl's default, since the spec has none"
    if said := changes.said():
        origin += f"; changed: {said}"
    network = replace(network, recipe=changes.of(recipe))
    compiled = compile_checked(replace(checked, networks=(network,)), values, network.name)
    if compiled.code is None or compiled.training is None:
        raise AssertionError("a checked network with a recipe has two modules")
    training = _MADE_AGAIN.sub(f"As run: {origin}.", compiled.training, count=1)
    return Definition(network.name, checked.source.text, compiled.code, training, origin)


def layers_of_stages(chosen: Chosen, names: Sequence[str]) -> tuple[str, ...]:
    """The same names, and for each that is a stage's the paths of its layers: `stem_conv`."""
    stages = {row.name for row in summarize_network(chosen.network).stages}
    if stages.isdisjoint(names):
        return tuple(names)
    name_layers(chosen.checked, dict(chosen.values), chosen.network.name)
    found: list[str] = []
    for name in names:
        held = paths_of_stage(chosen.network, name, {}, DROPS) if name in stages else []
        found += [_INDEX.sub(r"[\1]", path) for path in held] or [name]
    return tuple(found)


def _checked(files: Files, path: str, model: str | None, values: dict[str, Value]) -> Checked:
    try:
        source, _ = files.open()
    except Unreadable as error:
        raise TrainingError(f"cannot read {path[:200]}: {error}") from None
    if source is None:
        raise TrainingError(f"{path} is no text", f"`cnndsl check {path}` says more")
    checked = check_source(source, files.load, values, model)
    try:
        check_model(checked, model, values)
        check_overrides(checked, values, model)
    except NoSuch as error:
        raise TrainingError(error.message, error.help) from None
    if checked.diagnostics:
        raise _wrong(checked)
    return checked


def _wrong(checked: Checked) -> CompileError:
    from cnndsl.terminal import render_all

    return CompileError(checked.diagnostics, render_all(checked.diagnostics))
