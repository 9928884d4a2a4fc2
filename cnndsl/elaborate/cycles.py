"""Definitions that lead back to themselves, and what definitions use."""

from __future__ import annotations

from collections.abc import Container
from graphlib import CycleError, TopologicalSorter

from cnndsl import errors
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.recursion import always_used
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk


def check_cycles(program: Program, found: Collector) -> None:
    """Refuses bases that are none, and what uses itself without an end."""
    for model in program.models.values():
        if isinstance(model, ast.Variant) and model.base.id not in program.models:
            name = model.base.id
            help = did_you_mean(name, program.models.keys() - {model.name})
            what = program.what(name)
            if program.complete or what:
                found.add(errors.not_a_model(model.base.span, name, what, help))
            program.sound = False
    calls = {
        "fn": {name: called(fn, program.fns) for name, fn in program.fns.items()},
        "block": {
            name: always_used(block, program.blocks) for name, block in program.blocks.items()
        },
        "variant": {
            name: {model.base.id}
            for name, model in program.models.items()
            if isinstance(model, ast.Variant)
        },
    }
    definitions = {**program.fns, **program.blocks, **program.models}
    if program.sound:
        calls["model"] = _nesting(program)
    for what, graph in calls.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = error.args[1][::-1]
            found.add(errors.recursion(definitions[cycle[0]].name_span, what, cycle))
            program.sound = False


def _nesting(program: Program) -> dict[str, set[str]]:
    """By model the models that it runs, itself or in blocks, or whose body it has."""
    known = {*program.blocks, *program.models}
    bodies: list[ast.Block | ast.Model] = [*program.blocks.values()]
    bodies += [m for m in program.models.values() if isinstance(m, ast.Model)]
    uses = {d.name: used_blocks(d, known) for d in bodies}
    if not any(used & program.models.keys() for used in uses.values()):
        return {}
    graph: dict[str, set[str]] = {}
    for name, model in program.models.items():
        if isinstance(model, ast.Variant):
            graph[name] = {model.base.id}
            continue
        found, waiting = {name}, [name]
        while waiting:
            fresh = uses[waiting.pop()] - found
            found |= fresh
            waiting += fresh & program.blocks.keys()
        is_itself = any(name in uses[other] for other in found if other in uses)
        graph[name] = (found & program.models.keys()) - (set() if is_itself else {name})
    return graph


def called(fn: ast.Fn, known: Container[str]) -> set[str]:
    """The functions among those known that a function calls itself."""
    calls = (node.func.id for node in walk(fn) if isinstance(node, ast.Call))
    return {name for name in calls if name in known}


def used_blocks(block: ast.Block | ast.Model, known: Container[str]) -> set[str]:
    """The blocks among those known that a block uses itself."""
    elements = (node.name for node in walk(block) if isinstance(node, ast.Apply))
    return {name for name in elements if name in known}
