"""What the names of a module stand for, as far as its own definitions say."""

from __future__ import annotations

from cnndsl.targets.flax.shaping.growing import finished
from cnndsl.targets.flax.shaping.inference import Definitions, Variables, partial_of
from cnndsl.targets.flax.shaping.types import ARRAY
from cnndsl.targets.python.module_tree import Class, Frozen, Function, Helper, Module
from cnndsl.targets.python.tree import Assign, Declare, Expr, Name, Tuple


def definitions(module: Module) -> Definitions:
    """What calls of a module's names give, and the types of its constants and class attributes."""
    found = Definitions()
    for node in module.body:
        match node:
            case Helper():
                is_class = node.text.startswith("class ")
                found.made[node.defines] = Name(node.defines) if is_class else ARRAY
                found.inputs[node.defines] = 1
            case Function():
                if node.returns is not None:
                    found.made[node.name] = node.returns
            case Class():
                found.made[node.name] = Name(node.name)
                found.attributes[node.name] = _attributes(node, found)
                found.inputs[node.name] = _inputs(node)
                for method in node.methods:
                    if method.name == "__call__" and method.returns is not None:
                        found.called[node.name] = method.returns
            case Frozen():
                _hold(found, node.name, Tuple(node.rows))
            case Assign(targets=(Name(id=name),)):
                _hold(found, name, node.value)
    return found


def _inputs(node: Class) -> int:
    """How many values a call of an instance takes besides itself."""
    calls = [method for method in node.methods if method.name == "__call__"]
    return sum(p.default is None for call in calls for p in call.parameters) - 1


def _hold(found: Definitions, name: str, value: Expr) -> None:
    variables = Variables(found)
    made = partial_of(value, variables)
    if made is not None:
        found.made[name] = made
    kind = finished(variables.infer(value))
    if kind is not None:
        found.held[name] = kind


def _attributes(node: Class, found: Definitions) -> dict[str, Expr]:
    """The class attributes with those of the base, as it declares them."""
    base = node.base.id if isinstance(node.base, Name) else ""
    kinds = dict(found.attributes.get(base, {}))
    for item in node.attributes:
        match item:
            case Declare():
                kinds[item.name] = item.annotation
            case Assign(targets=(Name(id=name),)) if name not in kinds:
                kind = item.annotation or finished(Variables(found).infer(item.value))
                if kind is not None:
                    kinds[name] = kind
    return kinds
