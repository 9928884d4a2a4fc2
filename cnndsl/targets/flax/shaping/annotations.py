"""Annotations that checkers of types need: of lists that begin empty, and of what is given values
of several types. Whatever a checker infers by itself stays without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.bound import bound
from cnndsl.targets.flax.shaping.definitions import definitions
from cnndsl.targets.flax.shaping.distinct import one_type_each
from cnndsl.targets.flax.shaping.functions import with_functions
from cnndsl.targets.flax.shaping.gaps import without_gaps
from cnndsl.targets.flax.shaping.growing import Growing, Type, finished
from cnndsl.targets.flax.shaping.inference import Definitions, Variables
from cnndsl.targets.flax.shaping.reading import Reading, Set
from cnndsl.targets.flax.shaping.types import (
    ARRAY,
    CALLABLE,
    LAYER,
    LIST,
    fits,
    list_of,
    members,
    readable,
    type_of_value,
    union,
)
from cnndsl.targets.python.expressions import NONE, path, walk
from cnndsl.targets.python.module_tree import Class, Definition, Function, Import, Module, Parameter
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.tree import (
    Assign,
    Call,
    Constant,
    Declare,
    Expr,
    For,
    If,
    ListOf,
    Name,
    Statement,
    Tuple,
)

ANY_MODULE = path("nnx.Module")
_CALLABLE = Import("collections.abc", "Callable", is_from=True)


def annotate(module: Module, *, plain: bool = False) -> Module:
    """The module with what mypy and pyright ask for; if `plain`, without what changes more than
    annotations."""
    module = with_functions(replace(module, body=_with_attributes(module)))
    known = definitions(module)
    body = tuple(_definition(node, known, plain) for node in module.body)
    return replace(module, imports=_imports(module.imports, body), body=body)


# --- class attributes -----------------------------------------------------------------


def _with_attributes(module: Module) -> tuple[Definition, ...]:
    """Classes whose attributes say their types where those of variants have other ones."""
    known = definitions(module)
    given: dict[tuple[str, str], list[Expr]] = {}
    for node in module.body:
        if isinstance(node, Class) and isinstance(node.base, Name):
            for name, kind in _own(node, known):
                given.setdefault((node.base.id, name), []).append(kind)
            for name, kind in filter(None, map(_held_function, node.attributes)):
                given.setdefault((node.base.id, name), []).append(kind)
    return tuple(
        _widened(node, known, given) if isinstance(node, Class) else node for node in module.body
    )


def _own(node: Class, known: Definitions) -> Iterator[tuple[str, Expr]]:
    for item in node.attributes:
        if isinstance(item, Assign) and isinstance(item.targets[0], Name):
            kind = finished(Variables(known).infer(item.value))
            if kind is not None:
                yield item.targets[0].id, kind


def _widened(node: Class, known: Definitions, given: dict[tuple[str, str], list[Expr]]) -> Class:
    kinds = dict(_own(node, known))
    attributes: list[Assign | Declare] = []
    for item in node.attributes:
        name = print_expression(item.targets[0]) if isinstance(item, Assign) else item.name
        others = given.get((node.name, name), [])
        own = kinds.get(name)
        if isinstance(item, Declare) and (item.annotation, item.value) == (LAYER, NONE):
            item = replace(item, value=None)  # which every variant sets
        elif isinstance(item, Assign) and others and (held := _held_function(item)):
            item = replace(item, annotation=held[1])
        elif isinstance(item, Assign) and own is not None and not _all_fit(others, own):
            item = replace(item, annotation=readable(union([own, *others])))
        attributes.append(item)
    return replace(node, attributes=tuple(attributes))


def _held_function(item: Assign | Declare) -> tuple[str, Expr] | None:
    """The name of `act = staticmethod(nnx.relu)`, and its type."""
    match item:
        case Assign(targets=(Name(id=name),), value=Call(function=Name(id="staticmethod"))):
            return name, type_of_value(item.value)
    return None


def _all_fit(kinds: Sequence[Expr], declared: Expr) -> bool:
    return all(fits(kind, declared) for kind in kinds)


# --- functions ------------------------------------------------------------------------


def _definition(node: Definition, known: Definitions, plain: bool) -> Definition:
    match node:
        case Function():
            node = node if plain else _checkable(node, known, {})
            return _function(node, Reading(known, node))
        case Class():
            held = known.attributes.get(node.name, {})
            attributes: dict[str, Type] = {f"self.{name}": kind for name, kind in held.items()}
            methods: list[Function] = []
            for method in node.methods:
                method = _with_defaults(method, known)
                method = method if plain else _checkable(method, known, attributes)
                reading = Reading(known, method, attributes)
                attributes = reading.attributes()
                methods.append(_function(method, reading))
            return replace(node, methods=tuple(methods))
    return node


def _with_defaults(function: Function, known: Definitions) -> Function:
    """The function with parameters whose types are also those of their defaults."""
    found: list[Parameter] = []
    for parameter in function.parameters:
        kind = parameter.annotation
        if kind is not None and isinstance(parameter.default, (Constant, Tuple)):
            given = finished(Variables(known).infer(parameter.default))
            if given is not None and not fits(given, kind):
                parameter = replace(parameter, annotation=readable(union([kind, given])))
        found.append(parameter)
    return replace(function, parameters=tuple(found))


def _checkable(function: Function, known: Definitions, attributes: Mapping[str, Type]) -> Function:
    """The function in words that a checker understands."""
    function = bound(function, known, attributes)
    function = one_type_each(function, known, attributes)
    return without_gaps(function, known, attributes)


def _function(function: Function, reading: Reading) -> Function:
    function = _with_values(function, reading)
    kinds = _needed(reading)
    return replace(function, body=_annotated(function.body, kinds)) if kinds else function


def _with_values(function: Function, reading: Reading) -> Function:
    """The function with parameters whose types are also those of what they are set to."""
    found: list[Parameter] = []
    for parameter in function.parameters:
        kind = parameter.annotation
        given = [finished(s.kind) for s in reading.found if s.key == parameter.name]
        others = [other for other in given if other is not None]
        if kind is not None and kind != ARRAY and not _all_fit(others, kind):
            parameter = replace(parameter, annotation=readable(union([kind, *others])))
        found.append(parameter)
    return replace(function, parameters=tuple(found))


def _needed(reading: Reading) -> dict[int, Expr]:
    """The annotations by the statements that they belong to, which are known by their identity:
    of a variable or attribute it is the first that sets it."""
    found: dict[int, Expr] = {}
    by_key: dict[str, list[Set]] = {}
    for held in reading.found:
        by_key.setdefault(held.key, []).append(held)
    for key, sets in by_key.items():
        first = sets[0].statement
        if isinstance(first, Assign) and len(first.targets) == 1 and key not in reading.parameters:
            kind = _annotation(first, sets)
            if kind is not None:
                found[id(first)] = kind
    return found


def _annotation(first: Assign, held: Sequence[Set]) -> Expr | None:
    """The type that a checker cannot infer from the first value."""
    start = held[0].kind
    known = [kind for each in held if (kind := finished(each.kind)) is not None]
    if isinstance(start, Growing):
        items = [each.kind.item() for each in held if isinstance(each.kind, Growing)]
        inner = [item for item in items if item is not None]
        if not inner:
            return LIST if start.items else list_of(ANY_MODULE)
        item = union(inner)
        is_empty = isinstance(first.value, Call) and not first.value.args
        return list_of(item) if is_empty or len(members(item)) > 1 else None
    if isinstance(first, Assign) and first.value == ListOf(()):
        return finished(start)
    if not known or len(known) < len(held) or _all_fit(known, known[0]):
        return None
    return readable(union(known))


def _annotated(body: Sequence[Statement], kinds: dict[int, Expr]) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for statement in body:
        match statement:
            case Assign() if id(statement) in kinds:
                statement = replace(statement, annotation=kinds.pop(id(statement)))
            case If(body=then, other=other):
                then, other = _annotated(then, kinds), _annotated(other, kinds)
                statement = replace(statement, body=then, other=other)
            case For(body=inner):
                statement = replace(statement, body=_annotated(inner, kinds))
        found.append(statement)
    return tuple(found)


# --- imports --------------------------------------------------------------------------


def _imports(imports: tuple[Import, ...], body: Sequence[Definition]) -> tuple[Import, ...]:
    """The imports with `Callable` where a type says it."""
    if _CALLABLE in imports or not any(
        part == CALLABLE for kind in _annotations(body) for part in walk(kind)
    ):
        return imports
    at = sum(1 for each in imports if not each.is_from and each.module in ("functools", "math"))
    return (*imports[:at], _CALLABLE, *imports[at:])


def _annotations(body: Sequence[Definition | Statement]) -> Iterator[Expr]:
    for node in body:
        match node:
            case Assign(annotation=kind) if kind is not None:
                yield kind
            case Class():
                yield from _annotations(node.attributes)
                yield from _annotations(node.methods)
            case Function():
                yield from _annotations(node.body)
            case If():
                yield from _annotations((*node.body, *node.other))
            case For():
                yield from _annotations(node.body)
