"""What a caller may ask of a spec: one of its models, and values for their parameters."""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.pipeline import Checked
from cnndsl.suggest import did_you_mean


class NoSuch(ValueError):
    """A model or a parameter that the spec does not have."""

    def __init__(self, message: str, help: str | None = None):
        super().__init__(f"{message}; {help}" if help else message)
        self.message = message
        self.help = help


def check_model(checked: Checked, model: str | None) -> None:
    """Raises `NoSuch` unless the spec is wrong, or has a network of that name."""
    program = checked.program
    if model is None or program is None or not program.sound:
        return
    name = checked.source.name
    names = [definition.name for definition in program.own]
    if model not in names:
        help = did_you_mean(model, names) or _listed("its models are", names)
        raise NoSuch(f"{name} has no model `{model[:60]}`", help)
    if checked.diagnostics or any(network.name == model for network in checked.networks):
        return
    root = program.root(program.models[model])
    missing = [p.name for p in root.parameters if p.default is None]
    help = " ".join(f"--set {parameter}=…" for parameter in missing)
    raise NoSuch(f"`{model}` of {name} is only a base: its parameters need values", help)


def check_overrides(checked: Checked, overrides: Mapping[str, object]) -> None:
    """Raises `NoSuch` unless the spec is wrong, or some model has each of the parameters."""
    program = checked.program
    if program is None or not program.sound:
        return
    known = {p.name for model in program.own for p in program.root(model).parameters}
    for name in overrides:
        if name not in known:
            help = did_you_mean(name, known) or _listed("there are", sorted(known))
            raise NoSuch(f"no model of {checked.source.name} has a parameter `{name[:60]}`", help)


def _listed(what: str, names: list[str]) -> str | None:
    if not names:
        return None
    return f"{what} {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
