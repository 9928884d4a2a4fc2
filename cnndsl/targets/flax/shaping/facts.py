"""The constants of a module, above its classes: what it is, and tables too long for a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnndsl.endpoints import endpoints_of
from cnndsl.ir import Network
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.expected import heads_of
from cnndsl.targets.flax.staging.kinds import frozen
from cnndsl.targets.python.expressions import call, constant
from cnndsl.targets.python.module_tree import Frozen
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Name,
    Tuple,
)

MOST_TABLES = 4  # of endpoints, of one model and its variants
_ROW = 80


def facts(networks: Sequence[Network], tables: Mapping[str, Expr]) -> list[Assign | Frozen]:
    """What differs between the module's models is a dict by model."""
    if not networks:
        return []
    summaries = [summarize_network(n) for n in networks]
    params = {s.model: Constant(s.params, grouped=True) for s in summaries}
    heads = {s.model: sum(r.params for r in s.stages if r.training) for s in summaries}
    comment = ""
    if any(heads.values()) and len(summaries) == 1:
        without = summaries[0].params - heads[summaries[0].model]
        comment = f"with the auxiliary heads; {without:,} without"
    found: list[Assign | Frozen] = [_assign("NUM_PARAMS", _by_model(params), comment)]
    found.append(_assign("INPUT_SHAPE", _shapes({n.name: n.input_shape for n in networks})))
    weights = {n.name: held for n in networks if (held := dict(heads_of(n)))}
    if weights:
        found.append(_assign("AUX_WEIGHTS", _value(_one_if_same(weights, len(weights)))))
    prepared = {n.name: frozen_settings(n.preprocess) for n in networks if n.preprocess}
    if prepared:
        found.append(_assign("PREPROCESS", _grouped(_one_if_same(prepared, len(networks)))))
    found += _endpoints(networks)
    return [*found, *(_table(name, value) for name, value in tables.items())]


def _shapes(shapes: Mapping[str, object]) -> Expr:
    """The image of every model; said once where it is the same for several."""
    values = [_value(shape) for shape in shapes.values()]
    if len(values) > 1 and len(set(values)) == 1:
        return Comprehension("dict", values[0], Name("name"), Name("NUM_PARAMS"), Name("name"))
    return _by_model({name: _value(shape) for name, shape in shapes.items()})


def _assign(name: str, value: Expr, comment: str = "") -> Assign:
    return Assign((Name(name),), value, comment)


def frozen_settings(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: frozen(value) for name, value in settings.items()}


def _endpoints(networks: Sequence[Network]) -> list[Assign]:
    """`ENDPOINTS = (("stem", (56, 56, 64), 4, 64), …)`: name, shape, reduction, channels.

    A family in which nearly every variant has a table of its own would be more table than code.
    """
    tables: dict[str, tuple[object, ...]] = {}
    families: dict[str, set[str]] = {}
    for network in networks:
        points = endpoints_of(network)
        table = tuple((e.name, e.shape, e.reduction, e.channels) for e in points)
        tables[network.name] = table
        families.setdefault(network.definition.name, set()).add(repr(table))
    if max(map(len, tables.values())) < 2 or max(map(len, families.values())) > MOST_TABLES:
        return []
    if len(tables) == 1:
        return [_assign("ENDPOINTS", constant(tables[networks[0].name]))]
    return [_assign("ENDPOINTS", _grouped(tables))]


def _table(name: str, value: Expr) -> Assign | Frozen:
    """A constant that is too long for a line; a formatter would give every number one."""
    rows = value.items if isinstance(value, Tuple) else ()
    if max((len(print_expression(row)) for row in rows), default=0) <= _ROW:
        return _assign(name, value)
    marks = {item for row in rows if isinstance(row, Tuple) for item in row.items}
    if len(marks) == 2 and all(isinstance(m, Constant) for m in marks):
        ink, ground = sorted(marks, key=print_expression)
        if _number(ink) < _number(ground):
            ink, ground = ground, ink
        return _picture(name, rows, ink, ground)
    return Frozen(name, tuple(rows))


def _number(expr: Expr) -> float:
    held = expr.value if isinstance(expr, Constant) else 0
    return float(held) if isinstance(held, (int, float)) else 0.0


def _picture(name: str, rows: Sequence[Expr], ink: Expr, ground: Expr) -> Assign:
    """A table of two values as marks: codes that are pictures stay legible."""
    texts = []
    for row in rows:
        marks = row.items if isinstance(row, Tuple) else ()
        texts.append("".join("x" if item == ink else "." for item in marks))
    codes = Tuple(tuple(map(Constant, texts)))
    mark = Conditional(ink, Binary("==", Name("mark"), Constant("x")), ground)
    inner = call("tuple", Comprehension("generator", mark, Name("mark"), Name("code")))
    return _assign(name, call("tuple", Comprehension("generator", inner, Name("code"), codes)))


def _by_model(values: Mapping[str, Expr]) -> Expr:
    """One value where a module has one model, a dict by model otherwise."""
    if len(values) == 1:
        return next(iter(values.values()))
    return Dict(tuple((Constant(k), v) for k, v in values.items()))


def _one_if_same(values: Mapping[str, object], models: int) -> object:
    """What so many models have in common, or it by model where they differ."""
    first, *others = values.values()
    return first if len(values) == models and all(o == first for o in others) else values


def _grouped(values: object) -> Expr:
    """A dict in which equal values are written once: `{name: {…} for name in ("A", "B")}`."""
    if not isinstance(values, dict):
        return _value(values)
    groups: dict[str, list[str]] = {}
    for key, value in values.items():
        if isinstance(value, (dict, tuple)):
            groups.setdefault(repr(value), []).append(key)
    alike = [keys for keys in groups.values() if len(keys) > 1]
    taken = {key for keys in alike for key in keys}
    parts: list[Expr] = [
        Comprehension(
            "dict",
            _value(values[keys[0]]),
            Name("name"),
            Tuple(tuple(map(Constant, keys))),
            Name("name"),
        )
        for keys in alike
    ]
    rest = {key: value for key, value in values.items() if key not in taken}
    if rest or not parts:
        parts.append(_value(rest))
    found = parts[0]
    for part in parts[1:]:
        found = Binary("|", found, part)
    return found


def _value(value: object) -> Expr:
    if isinstance(value, Mapping):
        return Dict(tuple((Constant(k), _value(v)) for k, v in value.items()))
    if type(value) is int:
        return Constant(value, grouped=True)
    return constant(value)
