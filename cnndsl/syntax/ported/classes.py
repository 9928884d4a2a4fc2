"""Whole programs of other libraries: classes, functions and lists of layers as definitions."""

from __future__ import annotations

import ast as python
from collections.abc import Sequence
from functools import partial

from cnndsl import elsewhere
from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.constructors import declare_or_leave
from cnndsl.syntax.ported.control import without_packs, without_scopes
from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import Unknown, is_trusted
from cnndsl.syntax.ported.flows import FLOW, Merged, Ran, Step, Tensor, ran, safe
from cnndsl.syntax.ported.meaning import is_silent, op_meant
from cnndsl.syntax.ported.running import runs_through
from cnndsl.syntax.ported.scripts import Script
from cnndsl.syntax.ported.values import name_of_call
from cnndsl.syntax.ported.written import Definition

_MAKES = frozenset({"__init__", "setup", "build", "initialize"})
_RUNS = ("forward", "__call__", "call", "hybrid_forward", "construct")
_HIDDEN = frozenset(
    "self rngs rng key train training is_training name scope reuse kwargs prefix dtype"
    " deterministic F cls".split()
)


def program(
    body: Sequence[python.stmt], dialect: Dialect, *, leaves: bool = False
) -> list[Definition]:
    """What a whole program defines, the model last; `leaves` says whether a statement that cannot
    be read costs that statement alone.

    Raises:
      Unknown: where a part of it has no words here.
    """
    defined = definitions(without_packs(without_scopes(body)), dialect, leaves=leaves)
    layers = [layer for each in defined for step in each.script.steps for layer in ran(step.tensor)]
    if not is_trusted(layers):
        raise Unknown
    return defined


# --- definitions ----------------------------------------------------------------------


def definitions(
    body: Sequence[python.stmt], dialect: Dialect, *, leaves: bool = False
) -> list[Definition]:
    """What a text defines, the model last."""
    heads = [each for each in body if isinstance(each, python.ClassDef | python.FunctionDef)]
    heads = [each for each in heads if not isinstance(each, python.FunctionDef) or each.args.args]
    makers = [each for each in body if isinstance(each, python.FunctionDef) and each not in heads]
    own = {each.name for each in heads}
    rest = [each for each in body if each not in heads and each not in makers]
    rest = [each for each in rest if not _is_main(each)]
    gone = {each.name: _gone(each) for each in heads}
    calls = partial(Calls, dialect=dialect, own=own, gone=gone, keeps=True, leaves=leaves)
    found = [head for each in heads for head in _heads(each, calls())]
    script = Script(calls())
    for maker in makers:
        script.run(maker.body)
    run = runs_through(rest, own)
    try:
        script.run([each for each in rest if each in run or not _is_aside(each, rest, own)])
    except Unknown:
        if not found:
            raise
        script.steps.clear()
    if script.steps and not _only_calls(script.steps, own):
        found.append(Definition("Net", [], script))
    elif found:
        found = _model_last(found)
    return found


def _is_main(statement: python.stmt) -> bool:
    return isinstance(statement, python.If) and "__main__" in python.unparse(statement.test)


def _is_aside(statement: python.stmt, body: Sequence[python.stmt], own: set[str]) -> bool:
    """Whether a statement of a script is about data or training: it calls functions alone that
    make no layer and are none of its `own`, and unpacks or indexes what they give.
    """
    if isinstance(statement, python.With | python.Assert | python.Delete):
        return True
    if not isinstance(statement, python.Assign | python.Expr | python.For | python.If):
        return False
    match statement:
        case python.Assign(targets=[python.Name(id=name)]) if is_silent(name):
            return True  # `loss = …`, whatever it is computed with
    calls = [node for node in python.walk(statement) if isinstance(node, python.Call)]
    makes = any(
        op_meant(name_of_call(call)) or "sequential" in name_of_call(call) for call in calls
    ) or any(getattr(call.func, "id", None) in own for call in calls)
    plain = isinstance(statement, python.Assign) and not calls
    if any(isinstance(call.func, python.Call) for call in calls):
        return False  # a layer that is made and called, whatever it is
    return bool(calls) and not makes and not plain and not _reads_layers(statement, body)


def _reads_layers(statement: python.stmt, body: Sequence[python.stmt]) -> bool:
    """Whether a statement calls a name that the text makes, as a layer or a network."""
    made = {
        target.id
        for each in body
        if isinstance(each, python.Assign)
        for target in each.targets
        if isinstance(target, python.Name)
    }
    called = [node.func for node in python.walk(statement) if isinstance(node, python.Call)]
    return any(isinstance(func, python.Name) and func.id in made for func in called)


def _only_calls(steps: Sequence[Step], own: set[str]) -> bool:
    return all(
        isinstance(step.tensor, Ran)
        and isinstance(step.tensor.layer, str)
        and step.tensor.layer.partition("(")[0] in own
        for step in steps
    )


def _model_last(found: list[Definition]) -> list[Definition]:
    used = {name for each in found for step in each.script.steps for name in _blocks(step.tensor)}
    tops = [each for each in found if each.name not in used]
    top = tops[-1] if tops else found[-1]
    return [*(each for each in found if each is not top), top]


def _blocks(tensor: Tensor) -> set[str]:
    match tensor:
        case Ran(layer, source):
            mine = {layer.partition("(")[0]} if isinstance(layer, str) else set()
            return mine | _blocks(source)
        case Merged(_, items):
            return {name for item in items for name in _blocks(item)}
    return set()


def _gone(head: python.ClassDef | python.FunctionDef) -> set[str]:
    """The arguments of a definition that say what arrives, by their places and names."""
    if isinstance(head, python.FunctionDef):
        names = [each.arg for each in head.args.args[1:]]
    else:
        makes = [m for m in head.body if isinstance(m, python.FunctionDef) and m.name in _MAKES]
        names = [each.arg for m in makes for each in m.args.args if each.arg != "self"]
    gone = {name for name in (*names, *_HIDDEN) if name in elsewhere.ARRIVES or name in _HIDDEN}
    return gone | {str(place) for place, name in enumerate(names) if name in gone}


def _takes_image(head: python.FunctionDef) -> bool:
    """Whether a function makes a whole model: it says the size of the image."""
    calls = [node for node in python.walk(head) if isinstance(node, python.Call)]
    return any(op_meant(name_of_call(call)) == "input" for call in calls)


def _heads(head: python.ClassDef | python.FunctionDef, calls: Calls) -> list[Definition]:
    """A definition; none where one that is no layer may be left out."""
    try:
        return [_of_head(head, calls)]
    except Unknown:
        if not calls.leaves:
            raise
        return []


def _of_head(head: python.ClassDef | python.FunctionDef, calls: Calls) -> Definition:
    script = Script(calls, free=False)
    params: list[str] = []
    if isinstance(head, python.FunctionDef):
        first, *_ = head.args.args
        taken = set() if _takes_image(head) else {first.arg}
        script.tensors |= dict.fromkeys(taken, FLOW)
        params += _params(head.args, calls, skipped=taken)
        script.run(head.body)
        return Definition(head.name, params, script)
    methods = {each.name: each for each in head.body if isinstance(each, python.FunctionDef)}
    fields = [each for each in head.body if isinstance(each, python.AnnAssign)]
    for each in head.body:
        match each:
            case python.Assign(targets=[python.Name(id=name)], value=python.Constant() as value):
                calls.values[name] = calls.value(value)
    for each in fields:
        if isinstance(each.target, python.Name) and each.target.id not in _HIDDEN:
            params.append(_param(each.target.id, each.value, calls))
    makes = [method for name, method in methods.items() if name in _MAKES]
    for method in makes:
        params += _params(method.args, calls)
        for statement in method.body:
            declare_or_leave(statement, calls)
    runs = next((methods[name] for name in _RUNS if name in methods), None)
    if runs is None:
        raise Unknown
    inputs = [arg.arg for arg in runs.args.args if arg.arg not in _HIDDEN]
    if not inputs:
        raise Unknown
    script.tensors |= dict(zip(inputs, (FLOW, *inputs[1:]), strict=True))
    params += inputs[1:]
    script.run(runs.body)
    return Definition(head.name, params, script)


def _params(
    arguments: python.arguments, calls: Calls, skipped: set[str] | None = None
) -> list[str]:
    hidden = _HIDDEN | (skipped or set())
    names = [*arguments.args]
    defaults: list[python.expr | None] = [None] * (len(names) - len(arguments.defaults))
    defaults += arguments.defaults
    pairs = [*zip(names, defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found: list[str] = []
    for argument, default in pairs:
        if argument.arg in hidden:
            continue
        if meant := elsewhere.ARRIVES.get(argument.arg):
            calls.values[argument.arg] = meant
            continue
        found.append(_param(argument.arg, default, calls))
    return found


def _param(name: str, default: python.expr | None, calls: Calls) -> str:
    own = safe(name)
    calls.values[name] = own
    return own if default is None else f"{own} = {calls.value(default)}"
