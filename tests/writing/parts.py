"""Norms, activations, and the arguments that many ops take."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import value

# Layer and group norm of a few values would amplify rounding with the default `eps`.
NORMS = (
    "bn",
    "bn(momentum = 0.99, eps = 1e-3)",
    "bn(scale = false)",
    "layer_norm(eps = 0.1)",
    "group_norm(groups = 1, eps = 0.1)",
    "group_norm(groups = here.channels, eps = 0.5)",
    "instance_norm(eps = 0.1)",
    "instance_norm(eps = 0.5, scale = false)",
    "rms_norm(eps = 0.1)",
    "grn(eps = 0.1)",
)
ACTIVATIONS = (
    *"relu relu6 elu selu gelu swish sigmoid hard_sigmoid hard_swish tanh scaled_tanh".split(),
    *"softplus softmax prelu leaky_relu leaky_relu(0.2) leaky_relu(slope=0.3)".split(),
    *"mish celu celu(0.5) softmax(axis=channels) abs square".split(),
    *("clip(-1, 1.5)", "square -> sqrt", "clip(-2, 2) -> exp", "sigmoid -> exp -> log"),
)


def activation(draft: Draft) -> str:
    return "relu" if draft.chance(0.5) else draft.pick(*ACTIVATIONS)


def norm(draft: Draft) -> str:
    found = "bn" if draft.chance(0.5) else draft.pick(*NORMS)
    return started(draft, found) if draft.later and draft.chance(0.3) else found


def started(draft: Draft, norm: str) -> str:
    """A norm that says how it starts, or that it stays as it is."""
    name = norm.partition("(")[0]
    said = [f"frozen = {value(draft, 'flag')}"]
    if name != "grn" and "scale = false" not in norm:
        said.append(f"scale_init = {value(draft, 'start')}")
    if name not in ("grn", "rms_norm"):
        said.append(f"shift_init = {value(draft, 'start')}")
    text = ", ".join(draft.random.sample(said, draft.number(1, len(said))))
    return f"{norm.removesuffix(')')}, {text})" if "(" in norm else f"{norm}({text})"


def init(draft: Draft) -> str:
    text = f", init = {value(draft, 'init')}" if draft.chance(0.15) else ""
    if not draft.later:
        return text
    weight = f", weight = {value(draft, 'weight')}" if draft.chance(0.2) else ""
    return text + weight + frozen(draft)


def frozen(draft: Draft) -> str:
    """An argument behind others."""
    return f", frozen = {value(draft, 'flag')}" if draft.later and draft.chance(0.15) else ""


def bias(draft: Draft) -> str:
    if draft.later and draft.chance(0.1):
        return f", bias_init = {value(draft, 'start')}"
    return f", bias = {value(draft, 'flag')}" if draft.chance(0.25) else ""


def multiplier(draft: Draft) -> str:
    """Channels that grow in nested loops would outgrow every budget."""
    if draft.repeats > 1 or draft.chance(0.5):
        return ""
    return f", multiplier = {value(draft, 'count')}"
