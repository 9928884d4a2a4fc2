"""The LALR automaton: shifts words and reduces rules, as the tables of cnn.lark say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from cnndsl.syntax import ast, tables
from cnndsl.syntax.builder import Builder
from cnndsl.syntax.scan import END, Word

State = dict[str, int]  # by symbol: a state to go to, or ~rule to reduce by

# What a symbol of the grammar became: a word, a node or a list; each rule's function knows which.
Value = Any
Build = Callable[[list[Value]], Value]


class Unexpected(Exception):
    """A word that no rule has a place for, and the terminals that could have stood there."""

    def __init__(self, word: Word, accepted: frozenset[str]):
        super().__init__(word.type)
        self.word = word
        self.accepted = accepted


def run(words: Iterable[Word]) -> tuple[ast.Definition, ...]:
    """What `Builder.start` makes of words that end in END; raises `Unexpected`."""
    states, rules = _automaton()
    path = [0]
    values: list[Value] = []
    for word in words:
        kind = word.type
        while True:
            action = states[path[-1]].get(kind)
            if action is None:
                raise Unexpected(word, _accepted(path))
            if action >= 0:
                path.append(action)
                values.append(word)
                break
            symbol, size, build = rules[~action]
            if build is None:
                path[-1] = states[path[-2]][symbol]
                continue
            split = len(values) - size
            children = values[split:]
            del values[split:], path[split + 1 :]
            value = build(children)
            if kind == END and symbol == "start":
                return value
            path.append(states[path[-1]][symbol])
            values.append(value)
    raise AssertionError("words end in END")


def accepted_at(word: Word, words: Iterable[Word]) -> frozenset[str]:
    """The terminals that could stand where a word of `words` stands.

    `Unexpected` knows fewer: rules may have been reduced that another word would have gone on with.
    """
    states, rules = _automaton()
    path = [0]
    for other in words:
        if (other.start, other.end, other.type) == (word.start, word.end, word.type):
            break
        while (action := states[path[-1]][other.type]) < 0:
            symbol, size, _ = rules[~action]
            del path[len(path) - size :]
            path.append(states[path[-1]][symbol])
        path.append(action)
    return _accepted(path)


def _accepted(path: list[int]) -> frozenset[str]:
    """The terminals that would be shifted, now or after some reductions."""
    states, _ = _automaton()
    return frozenset(kind for kind in states[path[-1]] if kind.isupper() and _shifts(path, kind))


def _shifts(path: list[int], kind: str) -> bool:
    states, rules = _automaton()
    path = list(path)
    while (action := states[path[-1]].get(kind)) is not None:
        if action >= 0:
            return True
        symbol, size, _ = rules[~action]
        del path[len(path) - size :]
        if symbol == "start":
            return True
        path.append(states[path[-1]][symbol])
    return False


@cache
def _automaton() -> tuple[list[State], list[tuple[str, int, Build | None]]]:
    builder = Builder()
    rules = [
        (symbol, size, _join(builder, name, shape)) for symbol, size, name, shape in tables.RULES
    ]
    return json.loads(tables.STATES), rules


def _join(builder: Builder, name: str, shape: str) -> Build | None:
    """The function that makes the value of a rule from those of its symbols."""
    if name == "":
        return None
    if name == "[]":
        return list if shape[0] == "." else _extend
    function = getattr(builder, name)
    if set(shape) <= {"."}:
        return lambda values: function(*values)
    return lambda values: function(*_arguments(shape, values))


def _extend(values: list[Value]) -> list[Value]:
    members, *more = values
    members.extend(more)
    return members


def _arguments(shape: str, values: list[Value]) -> list[Value]:
    """The symbols of a rule, with lists opened and None for what is not there."""
    arguments: list[Value] = []
    following = iter(values)
    for part in shape:
        if part == ".":
            arguments.append(next(following))
        elif part == "*":
            arguments.extend(next(following))
        else:
            arguments.append(None)
    return arguments
