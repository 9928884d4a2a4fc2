"""The constants of a module, above its classes: what it is, and tables too long for a line."""

from __future__ import annotations

import textwrap
from typing import Any

from cnndsl.endpoints import endpoints_of
from cnndsl.ir import Auxiliary, Network, children
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.program import ModuleLowering
from cnndsl.targets.flax.pyexpr import frozen, literal

MOST_TABLES = 4  # of endpoints


def constant_lines(networks: list[Network], lowering: ModuleLowering) -> tuple[str, ...]:
    """An assignment each, in order; what differs between the module's models is a dict by model."""
    if not networks:
        return ()
    summaries = [summarize_network(n) for n in networks]
    shapes = {s.model: s.input for s in summaries}
    lines = [f"INPUT_SHAPE = {_by_model(shapes)}"]
    params = {s.model: s.params for s in summaries}
    line = f"NUM_PARAMS = {_by_model(params)}"
    heads = {s.model: sum(r.params for r in s.stages if r.training) for s in summaries}
    if any(heads.values()) and len(summaries) == 1:
        (summary,) = summaries
        without = summary.params - heads[summary.model]
        line += f"  # with the auxiliary heads; {without:,} without"
    lines.append(line)
    weights = {n.name: _aux_weights(n) for n in networks if _aux_weights(n)}
    if weights:
        lines.append(f"AUX_WEIGHTS = {_dict(_one_if_same(weights, len(weights)))}")
    prepared = {n.name: _frozen(n.preprocess) for n in networks if n.preprocess}
    if prepared:
        lines.append(f"PREPROCESS = {_grouped(_one_if_same(prepared, len(networks)))}")
    lines.extend(_endpoints(networks))
    lines.extend(_table(name, value) for name, value in lowering.constants.items())
    return tuple(lines)


def _endpoints(networks: list[Network]) -> list[str]:
    """`ENDPOINTS = (("stem", (56, 56, 64), 4, 64), …)`: name, shape, reduction, channels.

    A family in which nearly every model has a table of its own would be more table than code.
    """
    tables = {
        n.name: tuple((e.name, e.shape, e.reduction, e.channels) for e in endpoints_of(n))
        for n in networks
    }
    if max(map(len, tables.values())) < 2 or len(set(tables.values())) > MOST_TABLES:
        return []
    if len(tables) == 1:
        return [f"ENDPOINTS = {literal(tables[networks[0].name])}"]
    return [f"ENDPOINTS = {_grouped(tables)}"]


def _table(name: str, value: tuple) -> str:
    """A constant that is too long for a line; ruff would give every number one of its own."""
    line = f"{name} = {literal(value)}"
    rows = [literal(row) for row in value]
    if max(map(len, rows)) <= 80:
        return line
    marks = sorted({item for row in value for item in row}, reverse=True)
    if len(marks) == 2:
        return _picture(name, value, *marks)
    wrapped_rows = ["\n    ".join(textwrap.wrap(row, 80, break_long_words=False)) for row in rows]
    body = "".join(f"    {row},\n" for row in wrapped_rows)
    return f"# fmt: off\n{name} = (\n{body})\n# fmt: on"


def _picture(name: str, value: tuple, ink: Any, ground: Any) -> str:
    """A table of two values as marks: codes that are pictures stay legible."""
    rows = ["".join("x" if item == ink else "." for item in row) for row in value]
    texts = [" ".join(f'"{part}"' for part in textwrap.wrap(row, 42)) for row in rows]
    texts = [f"({text})" if '" "' in text else text for text in texts]
    read = f'{literal(ink)} if mark == "x" else {literal(ground)}'
    codes = ", ".join(texts)
    return f"{name} = tuple(tuple({read} for mark in code) for code in ({codes},))"


def _aux_weights(network: Network) -> dict[str, float]:
    found: dict[str, float] = {}
    stack: list[Any] = [network.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Auxiliary):
            found[current.name] = current.weight
        stack.extend(reversed(list(children(current))))
    return found


def _by_model(values: dict[str, Any]) -> str:
    """One value where a module has one model, a dict by model otherwise."""
    if len(values) == 1:
        return _value(next(iter(values.values())))
    return _dict(values)


def _frozen(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: frozen(value) for name, value in settings.items()}


def _one_if_same(values: dict[str, dict[str, Any]], models: int) -> dict[str, Any]:
    """What so many models have in common, or it by model where they differ."""
    first, *others = values.values()
    return first if len(values) == models and all(o == first for o in others) else values


def _grouped(values: dict[str, Any]) -> str:
    """A dict in which equal values are written once: `{name: {…} for name in ("A", "B")}`."""
    groups: dict[str, list[str]] = {}
    for key, value in values.items():
        if isinstance(value, (dict, tuple)):
            groups.setdefault(_value(value), []).append(key)
    alike = {text: keys for text, keys in groups.items() if len(keys) > 1}
    taken = {key for keys in alike.values() for key in keys}
    parts = [f"{{name: {text} for name in {literal(keys)}}}" for text, keys in alike.items()]
    rest = {key: value for key, value in values.items() if key not in taken}
    return " | ".join([*parts, _dict(rest)] if rest else parts)


def _dict(values: dict[str, Any]) -> str:
    inner = ", ".join(f"{literal(k)}: {_value(v)}" for k, v in values.items())
    return f"{{{inner}}}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _dict(value)
    return f"{value:_}" if type(value) is int else literal(value)
