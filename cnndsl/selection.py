"""What a caller may ask of a spec: one of its models, and values for their parameters."""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.checked import Checked
from cnndsl.elaborate.models import INPUT, chosen, image_of, needed
from cnndsl.ir import Value
from cnndsl.suggest import did_you_mean


class NoSuch(ValueError):
    """A model or a parameter that the spec does not have."""

    def __init__(self, message: str, help: str | None = None):
        super().__init__(f"{message}; {help}" if help else message)
        self.message = message
        self.help = help


def check_model(checked: Checked, model: str | None, overrides: Mapping[str, Value]) -> None:
    """Raises `NoSuch` unless the spec is wrong, or has a network of that name."""
    program = checked.program
    if model is None or program is None or not program.sound:
        return
    name = checked.source.name
    names = [definition.name for definition in program.own]
    if model not in names:
        help = did_you_mean(model, names) or _listed("its models are", names)
        raise NoSuch(f"{name} has no model `{model[:60]}`", help)
    if missing := needed(program.models[model], overrides):
        help = " ".join(f"--set {parameter}=…" for parameter in missing)
        raise NoSuch(f"`{model}` of {name} is only a base: its parameters need values", help)


def check_overrides(checked: Checked, overrides: Mapping[str, Value], model: str | None) -> None:
    """Raises `NoSuch` unless the spec is wrong, or `model` has each of the parameters.

    Without a `model`, one of those that become networks has to have it.
    """
    program = checked.program
    if program is None or not program.sound or not overrides:
        return
    roots = dict.fromkeys(map(program.root, chosen(program, overrides, model)))
    known = {parameter.name: None for root in roots for parameter in root.parameters}
    for name in overrides:
        if name in known:
            continue
        if name == INPUT:
            if any(network.inputs for network in checked.networks):
                raise NoSuch("`input` is the size of one image, and this model gets several")
            if image_of(overrides[name]) is None:
                raise NoSuch("`input` is the size of the image, such as 28x28x1")
            continue
        spec, shown = checked.source.name, f"a parameter `{name[:60]}`"
        if model is None:
            message, listed = f"no model of {spec} has {shown}", _listed("there are", sorted(known))
        else:
            message = f"`{model}` of {spec} has no {shown.removeprefix('a ')}"
            listed = _listed("its parameters are", list(known))
        raise NoSuch(message, did_you_mean(name, known) or listed)


def _listed(what: str, names: list[str]) -> str | None:
    if not names:
        return None
    return f"{what} {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
