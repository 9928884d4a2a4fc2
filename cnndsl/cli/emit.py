"""`cnndsl compile --emit`: the stages of the compiler as text to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from cnndsl.checked import Checked
from cnndsl.ir import (
    Auxiliary,
    Chosen,
    Instance,
    ItemsChosen,
    ItemsLooped,
    Layer,
    Looped,
    Merged,
    Network,
    Node,
    Packed,
    Repeated,
    Staged,
    Tensor,
    Value,
)
from cnndsl.ops.base import Op
from cnndsl.ops.spelled import show
from cnndsl.source import Source, Span
from cnndsl.summary import shape_text
from cnndsl.walks import children

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def emit(stage: str, checked: Checked, overrides: dict[str, Value], model: str | None) -> str:
    """The spec's syntax tree, its networks, or the tree of the module."""
    networks = [network for network in checked.networks if model in (None, network.name)]
    if stage == "ast":
        return tree(checked.proven.spec)
    if stage == "ir":
        return "\n\n".join(map(outline, networks))
    from cnndsl.targets.flax import Flax
    from cnndsl.targets.target import origin_of

    asked = replace(checked, networks=tuple(networks))
    return tree(Flax().module(asked, origin_of(checked, overrides, model, None)))


# --- trees of dataclasses -------------------------------------------------------------


def tree(node: object) -> str:
    """A tree of dataclasses, one field a line; places in the source are left out."""
    return "\n".join(_lines(node, ""))


def _lines(node: object, indent: str) -> Iterator[str]:
    """Without Python's own stack: a spec may nest deeper than that."""
    stack: list[tuple[object, str, str]] = [(node, indent, "")]
    while stack:
        value, indent, label = stack.pop()
        inner = indent + "  "
        if isinstance(value, (tuple, list)) and _is_nested(value):
            yield f"{indent}{label}[{len(value)}]"
            stack += [(item, inner, "") for item in reversed(value)]
        elif _is_tree(value):
            plain, nested = _split(value)
            yield f"{indent}{label}{type(value).__name__}{plain}"
            stack += [(item, inner, f"{name}: ") for name, item in reversed(nested)]
        else:
            yield f"{indent}{label}{value!r}"


def _split(node: DataclassInstance) -> tuple[str, list[tuple[str, object]]]:
    """The plain fields of a node as text, and those with nodes below them."""
    plain: list[str] = []
    nested: list[tuple[str, object]] = []
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, (Span, Source)) or value in (None, (), [], ""):
            continue
        if _is_tree(value) or _is_nested(value):
            nested.append((field.name, value))
        elif not field.name.endswith(("span", "spans")):
            plain.append(f" {field.name}={value!r}")
    return "".join(plain), nested


def _is_nested(value: object) -> bool:
    """Whether a sequence is shown an item a line: of nodes, or of much text."""
    if not isinstance(value, (tuple, list)):
        return False
    return any(map(_is_tree, value)) or sum(len(i) for i in value if isinstance(i, str)) > 60


def _is_tree(value: object) -> TypeGuard[DataclassInstance]:
    return is_dataclass(value) and not isinstance(value, (Span, Source, type))


# --- networks -------------------------------------------------------------------------


def outline(network: Network) -> str:
    """A network as elaborated: every instance and layer, with the shape of its result."""
    given = ", ".join(f"{name} = {show(value)}" for name, value in network.arguments.items())
    lines = [f"network {network.name}({given})", *_inputs(network)]
    stack: list[tuple[Node, int]] = [(network.frame, 1)]
    while stack:
        record, depth = stack.pop()
        title = _title(record)
        if title:
            lines.append("  " * depth + title)
        stack += [(child, depth + bool(title)) for child in reversed(list(children(record)))]
    return "\n".join(lines)


def _inputs(network: Network) -> list[str]:
    named = [f"  input {name}: {_shape(tensor)}" for name, tensor in network.inputs.items()]
    return named or [f"  input: {_shape(network.input)}"]


def _title(record: Node) -> str | None:
    match record:
        case Layer():
            return f"{record.path}: {_call(record.op)} -> {_shape(record.out)}"
        case Instance():
            return f"{record.path}: block {record.block.name} -> {_shape(record.out)}"
        case Staged():
            return f"stage {record.name} -> {_shape(record.out)}"
        case Auxiliary():
            return f"aux {record.name}, weight {record.weight:g} -> {_shape(record.out)}"
        case Repeated():
            return f"repeated {len(record.items)} times"
        case Looped():
            return f"for {', '.join(record.statement.targets)}: {len(record.frames)} times"
        case Chosen():
            return f"if: branch {record.taken}" if record.frame else "if: no branch"
        case Merged():
            return f"{record.element.name} -> {_shape(record.out)}"
        case Packed():
            return f"{record.statement.name}: a pack of {len(record.pack.tensors)}"
        case ItemsLooped():
            return f"for {', '.join(record.item.targets)}: {len(record.rounds)} times"
        case ItemsChosen():
            return f"if: branch {record.taken}" if record.chosen else "if: no branch"
    return None


def _call(op: Op) -> str:
    args = ", ".join(f"{f.name} = {show(getattr(op, f.name))}" for f in fields(op))
    return f"{op.name}({args[:200]})" if args else op.name


def _shape(tensor: Tensor) -> str:
    return "unknown" if tensor.known is None else shape_text(tensor.shape)
