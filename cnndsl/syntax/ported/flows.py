"""What computes what, in whatever notation, as the lines of a body.

A program of another notation is a list of steps: a name, and the tensor that it is. Here a tensor
flows down the page, so that most names go; what is read further down keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cnndsl.syntax.ported.dialects import Dialect
from cnndsl.syntax.ported.entries import SPREAD, Arriving, Choice, Entry, Unknown, element
from cnndsl.syntax.tables import KEYWORDS

_LONG = 96  # characters of a line
_SMALL = tuple(  # what stands behind the layer before it
    "bn norm relu dropout drop_path sigmoid tanh softmax log swish elu mish lrn max_pool "
    "avg_pool".split()
)
_OF = re.compile("⟦(.*?)⟧")  # a tensor whose size a setting or condition says
Layer = Entry | str | Choice
FLOW = ""  # the name of what arrives


@dataclass(frozen=True)
class Named:
    """A tensor that has a name; `FLOW` is what arrives."""

    name: str


@dataclass(frozen=True)
class Ran:
    """A tensor behind a layer: an entry, or an element as it is written here."""

    layer: Layer
    source: Tensor


@dataclass(frozen=True)
class Merged:
    name: str
    items: tuple[Tensor, ...]


Tensor = Named | Ran | Merged


@dataclass(frozen=True)
class Step:
    name: str
    tensor: Tensor


def names_in(tensor: Tensor) -> Iterator[str]:
    """The names that a tensor is computed from, each as often as it is read."""
    match tensor:
        case Named(name):
            yield name
        case Ran(layer, source):
            yield from names_in(source)
            yield from sizes_in(layer)
        case Merged(_, items):
            for item in items:
                yield from names_in(item)


def ran(tensor: Tensor) -> Iterator[Layer]:
    """The layers that a tensor runs through, those of its branches too."""
    match tensor:
        case Ran(layer, source):
            yield from ran(source)
            yield layer
        case Merged(_, items):
            for item in items:
                yield from ran(item)


def sizes_in(layer: Layer) -> Iterator[str]:
    """The names of the tensors whose sizes a layer says."""
    match layer:
        case Entry():
            yield from _OF.findall(" ".join(layer.given.values()))
        case Choice():
            yield from _OF.findall(layer.condition)
            for each in (*layer.row, *layer.other):
                yield from sizes_in(each)
        case str():
            yield from _OF.findall(layer)


def of_size(name: str) -> str:
    """What stands for a tensor in a setting, until it is known what that is called here."""
    return f"⟦{name}⟧"


@dataclass
class Lines:
    """The lines of steps; `known` are tensors that have a name already.

    Raises:
      Unknown: where a layer has no words here, or a tensor no name.
    """

    dialect: Dialect
    at: Arriving
    known: Collection[str] = ()
    entrance: str = "in"  # what arrived first, once it is no longer what flows; "" has no name
    lines: list[str] = field(default_factory=list)
    _states: dict[str, Arriving] = field(default_factory=dict)
    _bound: dict[str, str] = field(default_factory=dict)
    _joins: bool = False  # whether the last line goes on
    _notes: list[str] = field(default_factory=list)  # comments of the line that is made
    _is_named: bool = False  # whether it names its result

    def written(self, steps: Sequence[Step], live: Collection[str] = ()) -> list[str]:
        """The lines; the names in `live` are read behind them."""
        flow = FLOW
        self._states[FLOW] = self.at
        if self.entrance:
            self._bound[FLOW] = self.entrance
        self._bound |= {name: name for name in self.known}
        for step, later in zip(steps, _read_behind(steps, live), strict=True):
            if isinstance(step.tensor, Named):
                flow = self._renamed(step, flow, later)
                continue
            kept = later - {step.name}
            said = {name for layer in ran(step.tensor) for name in sizes_in(layer)}
            if flow in kept | said and flow not in self._bound:
                self._bind(flow)
            state = self._step(step.tensor, flow)
            self._bound.pop(step.name, None)
            self._states[step.name] = state
            flow = step.name
        if flow in live and flow:
            self._bind(flow)
        return self.lines

    def assigned(self, steps: Sequence[Step]) -> list[str]:
        """The lines of steps that read tensors with names alone, each with a name for its own: what
        flows past them stays what it is.
        """
        self._bound |= {name: name for name in self.known}
        for step in steps:
            text, self._states[step.name] = self._chain(step.tensor, FLOW)
            self._comment()
            own = self._bound[step.name] = safe(step.name)
            self.lines.append(f"{own} = {text}")
        return self.lines

    def _renamed(self, step: Step, flow: str, later: Collection[str]) -> str:
        """What flows is called, once a tensor has another name."""
        assert isinstance(step.tensor, Named)
        other = step.tensor.name
        self._states[step.name] = self._states.get(other, Arriving())
        if other != flow:
            if other not in self._bound:
                raise Unknown
            self._bound[step.name] = self._bound[other]
            return flow
        if flow not in later:
            return step.name
        if step.name in later:
            self._bind(step.name)
        return flow

    def _bind(self, name: str) -> None:
        own = self._bound[name] = safe(name) or "start"
        if self.lines and not self._is_named and " : " not in self.lines[-1]:
            self.lines[-1] += f" as {own}"
        else:
            self.lines.append(f"{own} = here")
        self._joins, self._is_named = False, True

    def _step(self, tensor: Tensor, flow: str) -> Arriving:
        """The lines of one step; what is known of what flows then."""
        layers: list[Layer] = []
        while isinstance(tensor, Ran):
            layers.append(tensor.layer)
            tensor = tensor.source
        text, state = self._chain(tensor, flow)
        self._comment()
        if text:
            self.lines.append(text)
            self._joins, self._is_named = len(text) < _LONG, False
        for layer in reversed(layers):
            row, state = self._row(layer, state)
            self._comment()
            arrives = layer.given.get("arrives", "") if isinstance(layer, Entry) else ""
            for place, each in enumerate(row):
                self._add(each)
                if each == "flatten" and place + 1 < len(row) and arrives.isdigit():
                    self.lines[-1] += f" : {arrives}"
                    self._joins = False
            if isinstance(layer, Entry) and (said := layer.given.get("said")) and row:
                self.lines[-1] += f" : {said}"
                self._joins = False
        return state

    def _row(self, layer: Layer, state: Arriving) -> tuple[list[str], Arriving]:
        if isinstance(layer, Choice):
            inner, after = self._rows(layer.row, state)
            other, _ = self._rows(layer.other, state)
            chosen = f"if {self._called(layer.condition)} {{ {' -> '.join(inner) or 'here'} }}"
            chosen += f" else {{ {' -> '.join(other)} }}" if other else ""
            return ([f"{{ {chosen} }}"] if inner or other else []), after
        if isinstance(layer, str):
            return [self._called(layer)], Arriving()
        found = [self._called(each) for each in element(layer, state, self.dialect)]
        self._notes += [each for each in found if each.startswith("#")]
        return [each for each in found if not each.startswith("#")], state

    def _rows(self, layers: Sequence[Layer], state: Arriving) -> tuple[list[str], Arriving]:
        found: list[str] = []
        for each in layers:
            row, state = self._row(each, replace(state))
            found += row
        return found, state

    def _called(self, text: str) -> str:
        """A text with the names that tensors have here."""
        names = {each: self._bound.get(each) for each in _OF.findall(text)}
        if not all(names.values()):
            raise Unknown
        return _OF.sub(lambda found: names[found[1]] or "", text)

    def _comment(self) -> None:
        """What was noted of layers, once, in front of their line."""
        for note in dict.fromkeys(self._notes):
            if note not in self.lines:
                self.lines.append(note)
                self._joins, self._is_named = False, True
        self._notes.clear()

    def _add(self, text: str) -> None:
        """An element, behind the line above where it belongs to that."""
        op = text.partition("(")[0]
        joins = self._joins and (op.endswith(_SMALL) or self.lines[-1].endswith("flatten"))
        if joins and len(self.lines[-1]) + len(text) < _LONG:
            self.lines[-1] += f" -> {text}"
        else:
            self.lines.append(text)
            self._is_named = False
        self._joins = True

    def _chain(self, tensor: Tensor, flow: str, *, item: bool = False) -> tuple[str, Arriving]:
        """A tensor as a chain behind what flows, and what is known of it."""
        match tensor:
            case Named(name):
                state = replace(self._states.get(name, Arriving()))
                if name == flow:
                    return ("here" if item else ""), state
                if name not in self._bound:
                    raise Unknown
                return self._bound[name], state
            case Ran(layer, source):
                text, state = self._chain(source, flow)
                row, state = self._row(layer, state)
                joined = " -> ".join(each for each in (text, *row) if each)
                return (joined or "here" if item else joined), state
            case Merged(name, items):
                found = [self._chain(each, flow, item=True) for each in items]
                if len(found) < 2:
                    raise Unknown
                flat = [state.flat and name == "mul" for _, state in found]
                texts = [
                    f"{text} -> {SPREAD}" if is_flat and not all(flat) else text
                    for (text, _), is_flat in zip(found, flat, strict=True)
                ]
                state = found[flat.index(False) if False in flat else 0][1]
                return f"{name} [ {', '.join(texts)} ]", state


def _read_behind(steps: Sequence[Step], live: Collection[str]) -> list[frozenset[str]]:
    """For each step the names that those behind it read as they are then."""
    found: list[frozenset[str]] = []
    read = frozenset(live)
    for step in reversed(steps):
        found.append(read)
        read = (read - {step.name}) | set(names_in(step.tensor))
    return found[::-1]


def safe(name: str) -> str:
    """A name that may be bound here."""
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    taken = name in OPS or name in MERGES or name in KEYWORDS or name in ("same", "valid")
    return f"{name}_" if taken else name
