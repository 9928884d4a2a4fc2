"""Which parts of a network do not learn, named as `cnndsl summary --layers` prints them."""

from __future__ import annotations

from collections.abc import Sequence

from flax import nnx

from cnndsl.suggest import did_you_mean
from cnndsl.training.errors import TrainingError

Path = tuple[object, ...]


def attribute(path: Path) -> str:
    """`layer1[0].conv`: a path of the network as Python has it.

    The list of an `nnx.Sequential` is not said: its elements are those of the attribute.
    """
    text = ""
    for part in path:
        if part == "layers" and text:
            continue
        text += f"[{part}]" if isinstance(part, int) else f"{'.' * bool(text)}{part}"
    return text


def lies_below(path: Path, prefixes: Sequence[str]) -> bool:
    """Whether a path is one of the prefixes or leads on from one."""
    name = attribute(path)
    return any(name == p or name.startswith((f"{p}.", f"{p}[")) for p in prefixes)


def check_prefixes(model: nnx.Module, prefixes: Sequence[str]) -> None:
    """Raises `TrainingError` where a prefix names no layer, or all parameters lie below some."""
    paths = [path for path, _ in nnx.to_flat_state(nnx.state(model, nnx.Param))]
    modules = [path for path, _ in nnx.iter_modules(model) if path]
    for prefix in prefixes:
        if not any(lies_below(path, [prefix]) for path in (*paths, *modules)):
            known = {attribute(path[:i]) for path in paths for i in range(1, len(path))}
            help = did_you_mean(prefix, known)
            help = help or "`cnndsl summary SPEC --layers` lists the layers by their paths"
            raise TrainingError(f"the network has no layers at `{prefix[:80]}`", help)
    if paths and all(lies_below(path, prefixes) for path in paths):
        raise TrainingError("every layer is frozen: there is nothing to train")


def evaluate_below(model: nnx.Module, prefixes: Sequence[str]) -> None:
    """Frozen layers compute as in use: batch norms by what they know, and no dropout."""
    for path, module in nnx.iter_modules(model):
        if path and lies_below(path, prefixes):
            module.eval()
