"""Expressions of every kind, right for whatever the names in them may be."""

from __future__ import annotations

from collections.abc import Callable

from tests.writing.constants import MODES, RANKED, options
from tests.writing.draft import Draft
from tests.writing.kinds import Function, Kind, Parameter, Row, Table


def constant(draft: Draft, kind: Kind) -> str:
    """A value without names."""
    if isinstance(kind, Row):
        return f"[{', '.join(constant(draft, column) for column in kind.columns)}]"
    if isinstance(kind, Table):
        rows = [constant(draft, Row(kind.columns)) for _ in range(draft.number(1, 3))]
        return f"[{', '.join(rows)}]"
    if kind == "layer":
        return layer(draft, constant)
    if kind == "widths":
        return f"[{', '.join(constant(draft, 'width') for _ in range(draft.number(1, 3)))}]"
    return draft.random.choice(options(draft, kind))


def layer(draft: Draft, part: Callable[[Draft, str], str]) -> str:
    """An op, a block or none, with values that `part` writes."""
    fitting = [b for b in draft.blocks if b.uses_none and not (b.strides or b.vectors)]
    fitting = [b for b in fitting if draft.takes(b)]
    if draft.later and draft.chance(0.25):
        return later_layer(draft, part)
    if fitting and draft.chance(0.3):
        block = draft.random.choice(fitting)
        given = [f"{p.name} = {part(draft, str(p.kind))}" for p in block.parameters]
        return f"{block.name}({', '.join(given)})" if given else block.name
    return draft.pick(
        *("none", "none", "relu", "relu", "gelu", "tanh", "leaky_relu(0.2)", "prelu", "bn", "bn"),
        *("bn(momentum = 0.99)", "layer_norm(eps = 0.1)", "dropout(0.1)", "rescale(0.5, 0.25)"),
        *("scale(0.5)", "max_pool(3, stride = 1, pad = same)", "layer_scale", "abs", "mish"),
        f"conv({part(draft, 'width')}, {part(draft, 'kernel')})",
        f"conv({part(draft, 'width')}, 1, bias = {part(draft, 'flag')})",
        f"depthwise({part(draft, 'kernel')})",
        f"separable({part(draft, 'width')}, 3)",
        "avg_pool(3, stride = 1, pad = same)",
    )


def later_layer(draft: Draft, part: Callable[[Draft, str], str]) -> str:
    """A layer that starts, or stays, as it says."""
    frozen, start = part(draft, "flag"), part(draft, "start")
    return draft.pick(
        f"conv({part(draft, 'width')}, 3, weight = {part(draft, 'weight')})",
        f"conv({part(draft, 'width')}, 1, frozen = {frozen}, bias_init = {start})",
        f"separable({part(draft, 'width')}, 3, init = {part(draft, 'init')})",
        f"depthwise(3, weight = {part(draft, 'weight')}, frozen = {frozen})",
        f"bn(scale_init = {start})",
        f"bn(frozen = {frozen}, shift_init = {start})",
        f"rms_norm(eps = 0.1, frozen = {frozen})",
        f"prelu(frozen = {frozen})",
        f"layer_scale(0.5, frozen = {frozen})",
    )


def known(draft: Draft, kind: Kind) -> list[str]:
    """Names of this kind, and items of lists that are."""
    found = draft.scope.of(kind)
    for name, own in draft.scope.values.items():
        if isinstance(own, (Row, Table)) and isinstance(kind, str):
            row = name
            if isinstance(own, Table):
                row = draft.pick(f"{name}[0]", f"{name}[len({name}) - 1]", f"{name}[-1]")
            found += [f"{row}[{i}]" for i, column in enumerate(own.columns) if column == kind]
        if own == "widths" and kind == "width":
            found += [f"{name}[0]", f"{name}[-1]", f"max({name})"]
        if kind == "count" and (own == "widths" or isinstance(own, Table)):
            found.append(f"len({name})")
    return found


def named(draft: Draft, kind: Kind) -> str:
    """Something of this kind that has a name, or a constant."""
    names = known(draft, kind)
    return draft.random.choice(names) if names and draft.chance(0.75) else constant(draft, kind)


def value(draft: Draft, kind: Kind, *, steady: bool = False) -> str:
    """An expression of this kind; a `steady` one does not depend on the flow."""
    name = named(draft, kind)
    if not isinstance(kind, str):
        return name
    calls = [f for f in draft.functions if f.kind == kind]
    if calls and draft.chance(0.3):
        return called(draft, draft.random.choice(calls), steady)
    if kind not in DERIVED or draft.chance(0.5):
        return name
    return DERIVED[kind](draft, name, steady)


def called(draft: Draft, function: Function, steady: bool) -> str:
    return f"{function.name}({', '.join(arguments(draft, function.parameters, steady))})"


def arguments(draft: Draft, parameters: tuple[Parameter, ...], steady: bool = False) -> list[str]:
    """By position, then by name; some of those that have a default are left out."""
    given: list[str] = []
    by_name = False
    for parameter in parameters:
        if parameter.default is not None and draft.chance(0.5):
            by_name = True
            continue
        by_name = by_name or draft.chance(0.1)
        text = argument(draft, parameter.kind, steady)
        given.append(f"{parameter.name} = {text}" if by_name else text)
    return given


def argument(draft: Draft, kind: Kind, steady: bool) -> str:
    scope = draft.scope
    if kind == "tensor":
        return draft.pick(*scope.tensors, "here")
    if kind == "fitting":
        return draft.pick(*scope.fitting(), "here")
    if kind == "maybe":
        return draft.pick(*scope.tensors, *scope.maybe, *scope.maybe, "here", "none")
    return value(draft, kind, steady=steady)


# --- one function for each kind that is computed ---------------------------------------


def channels(draft: Draft, steady: bool) -> list[str]:
    """Numbers of channels of tensors."""
    found = [f"{tensor}.channels" for tensor in draft.scope.tensors]
    return found if steady or draft.scope.size is None else [*found, "here.channels"]


def width(draft: Draft, name: str, steady: bool) -> str:
    options = [
        f"{name} + 1",
        f"2 * {name}",
        f"max(1, {name} // 2)",
        f"({name} + 3) // 4 * 4",
        f"{name} if {condition(draft, steady=steady)} else {named(draft, 'width')}",
        f"{name} + {named(draft, 'index')}",
        f"max({name}, {named(draft, 'width')})",
    ]
    options += [f"min({name}, {count})" for count in channels(draft, steady)]
    options += [f"min({count}, 5)" for count in channels(draft, steady)]
    for alpha in known(draft, "alpha"):
        options += [f"max(1, int({name} * {alpha}))", f"ceil({alpha} * {name})"]
    for widths in draft.scope.of("widths"):
        options += [f"sum({widths}) % 7 + 1", f"min({widths})"]
    return draft.random.choice(options)


def count(draft: Draft, name: str, steady: bool) -> str:
    return draft.pick(
        f"min({name} + 1, 3)",
        f"max({name} - 1, 1)",
        f"2 if {condition(draft, steady=steady)} else {name}",
    )


def times(draft: Draft, name: str, steady: bool) -> str:
    counts = known(draft, "count")
    options = [
        f"max({name} - 1, 0)",
        f"{name} % 2",
        f"1 if {condition(draft, steady=steady)} else 0",
    ]
    return draft.pick(*options, *[f"{c} - 1" for c in counts], *counts)


def flag(draft: Draft, name: str, steady: bool) -> str:
    return condition(draft, steady=steady)


def kernel(draft: Draft, name: str, steady: bool) -> str:
    pairs = known(draft, "pair")
    options = [f"{name} if {condition(draft, steady=steady)} else {constant(draft, 'kernel')}"]
    if not draft.maps:
        return draft.pick(*options, *pairs, *[f"{p}[0]" for p in pairs if draft.rank])
    options += [*pairs, *[f"[{p}[1], {p}[0]]" for p in pairs], *[f"{p}[0]" for p in pairs]]
    return draft.random.choice(options)


def mode(draft: Draft, name: str, steady: bool) -> str:
    return f"{name} if {condition(draft, steady=steady)} else {draft.pick(*MODES)}"


def alpha(draft: Draft, name: str, steady: bool) -> str:
    return draft.pick(f"{name} / 2", f"{name} * 0.5 + 0.25", f"sqrt({name})")


def rate(draft: Draft, name: str, steady: bool) -> str:
    return draft.pick(f"{name} / 2", f"{name} * {named(draft, 'index')} / 4", f"min({name}, 0.2)")


def widths(draft: Draft, name: str, steady: bool) -> str:
    if draft.chance(0.6):
        other, w = named(draft, "widths"), draft.pick("w", "n", "each")
        return draft.pick(
            f"{name} + [{value(draft, 'width', steady=steady)}]",
            f"{name} + {other}[0 .. 1]",
            f"{name}[0 .. (len({name}) + 1) // 2]",
            f"({name} + {other})[-1 .. len({name} + {other})]",
            f"[{w} + {named(draft, 'index')} for {w} in {name}]",
            f"[max({w}, i) for i, {w} in enumerate({name}) if i < {draft.pick('1', '2', '3')}]",
            f"[a if {condition(draft, steady=True)} else b for a, b in zip({name}, {name})]",
        )
    return f"[{', '.join(value(draft, 'width', steady=steady) for _ in range(draft.number(1, 3)))}]"


def layers(draft: Draft, name: str, steady: bool) -> str:
    if draft.chance(0.3):
        return f"{name} if {condition(draft, steady=True)} else {named(draft, 'layer')}"
    return layer(draft, lambda draft, kind: value(draft, kind, steady=True))


def chosen(kind: str) -> Callable[[Draft, str, bool], str]:
    def written(draft: Draft, name: str, steady: bool) -> str:
        return f"{name} if {condition(draft, steady=True)} else {constant(draft, kind)}"

    return written


DERIVED = {
    "weight": chosen("weight"),
    "start": chosen("start"),
    "layer": layers,
    "width": width,
    "count": count,
    "times": times,
    "flag": flag,
    "kernel": kernel,
    "mode": mode,
    "alpha": alpha,
    "rate": rate,
    "widths": widths,
}


# --- conditions -----------------------------------------------------------------------


def condition(draft: Draft, *, steady: bool = False) -> str:
    first = comparison(draft, steady)
    if draft.chance(0.8):
        return first
    return f"{first} {draft.pick('and', 'or', 'and not')} {comparison(draft, steady)}"


def comparison(draft: Draft, steady: bool) -> str:
    """What `and`, `or` and `not` may stand before."""
    options = []
    for name in known(draft, "flag"):
        options += [name, f"not {name}"]
    for name in known(draft, "mode"):
        options += [f"{name} {draft.pick('==', '!=')} {draft.pick(*MODES)}"] * 2
    for name in known(draft, "kernel"):
        said = ("3", "1x3", "[3, 1]") if draft.maps else RANKED[draft.rank]["kernel"]
        options.append(f"{name} == {draft.pick(*said)}")
    for name in known(draft, "weight") if draft.later else []:
        options.append(f"{name} {draft.pick('==', '!=')} {constant(draft, 'weight')}")
    for kind, limits in (("width", "345"), ("count", "12"), ("times", "01"), ("alpha", "12")):
        for name in known(draft, kind):
            options.append(f"{name} {draft.pick('==', '>', '<=', '!=')} {draft.pick(*limits)}")
    for name in (*draft.scope.maybe, *draft.scope.of("layer")):
        options.append(f"{name} {draft.pick('==', '!=')} none")
    options += [f"{count} > 3" for count in channels(draft, steady)]
    tensors = [*draft.scope.tensors, *([] if steady or draft.scope.size is None else ["here"])]
    axes = draft.axes()
    for name in tensors if axes else []:
        options += [f"{name}.{axes[0]} == {name}.{axes[-1]}"] if len(axes) > 1 else []
        options += [f"{name}.{draft.pick(*axes)} > 4"]
    if len(tensors) > 1:
        a, b = draft.random.sample(tensors, 2)
        compared = draft.pick(*axes, "channels", "channels", "shape")
        options.append(f"{a}.{compared} {draft.pick('==', '!=')} {b}.{compared}")
        if axes:
            options.append(f"{a}.{axes[0]} {draft.pick('<', '>=')} {b}.{axes[0]}")
    return draft.random.choice(options or ["true", "false"])
