"""Which parameters, `let`s and uses hold layers, and where those run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from cnndsl.elaborate.reuse import layer_key
from cnndsl.ir import Frame, Instance, LayerArgument, Named, Network, Node, Passed, Value
from cnndsl.syntax import ast
from cnndsl.walks import children

Place = Hashable  # a parameter, a `let` or an element that holds layers


class Places:
    """Which places hold the same layers, for those flow from one to the other."""

    def __init__(self) -> None:
        self._above: dict[Place, Place] = {}

    def __contains__(self, place: Place) -> bool:
        return place in self._above

    def root(self, place: Place) -> Place:
        above = self._above.setdefault(place, place)
        while above != place:
            self._above[place] = self._above[above]
            place, above = above, self._above[above]
        return place

    def join(self, one: Place, other: Place) -> None:
        self._above[self.root(one)] = self.root(other)


class Layers:
    """The layers among the values of some networks, and where they run."""

    def __init__(self, networks: Sequence[Network], first: Callable[[Instance], Instance]):
        self.first = first
        self.places = Places()
        self.defaults: set[Hashable] = set()
        self._same: dict[LayerArgument, LayerArgument] = {}  # of uses that are alike
        self.runs: dict[LayerArgument, list[Passed]] = {}
        self.uses: dict[int, list[Passed]] = {}  # by the identity of an element
        self.held: dict[str, list[Passed]] = {}  # by the block that holds the use
        self.all: dict[LayerArgument, Place] = {}
        for network in networks:
            for parameter in network.definition.parameters:
                self._note_default(parameter, network.arguments[parameter.name])
            for name, value in network.arguments.items():
                self.hold(("argument", network.definition.name, name), value)
            self._find(network.frame)
        self.mixed = {
            key for key, held in self.uses.items() if len({key_of_layer(p.layer) for p in held}) > 1
        }
        # What has to be said in one word: those layers that differ from use to use.
        several = [p for key in self.mixed for p in self.uses[key]]
        self.named = {p.layer.name for p in several if p.layer is not None}

    def hold(self, place: Place, value: object) -> None:
        if not isinstance(value, LayerArgument):
            return
        self.places.join(place, value)
        if value not in self.all:
            self.all[value] = value
            for name, inner in value.args.items():
                self.hold(("argument", value.name, name), inner)

    def _find(self, frame: Frame) -> None:
        stack: list[tuple[Node, str]] = [(frame, "")]
        while stack:
            current, inside = stack.pop()
            match current:
                case Instance():
                    inside = current.block.name
                    for name, value in current.args.items():
                        self.hold(("argument", inside, name), value)
                    for parameter in current.block.parameters:
                        self._note_default(parameter, current.args[parameter.name])
                    first = self.first(current)
                    if first is not current:
                        self._note_same(current.args, first.args)
                        continue
                case Named():
                    self.hold(("let", id(current.statement)), current.value)
                case Passed():
                    self.hold(("use", id(current.element)), current.layer)
                    self.uses.setdefault(id(current.element), []).append(current)
                    self.held.setdefault(inside, []).append(current)
                    if current.layer is not None:
                        self.runs.setdefault(current.layer, []).append(current)
            stack.extend((part, inside) for part in children(current))

    def _note_default(self, parameter: ast.Parameter, value: object) -> None:
        if is_default(parameter, value) and isinstance(value, LayerArgument):
            self.defaults.add(layer_key(value))

    def _note_same(self, args: Mapping[str, Value], firsts: Mapping[str, Value]) -> None:
        for name, value in args.items():
            first = firsts[name]
            if not isinstance(value, LayerArgument) or not isinstance(first, LayerArgument):
                continue
            if value is not first and value not in self._same:
                self._same[value] = first
                self._note_same(value.args, first.args)

    def is_default(self, layer: LayerArgument) -> bool:
        """Whether a parameter holds this layer where it is not given."""
        return layer_key(layer) in self.defaults

    def runs_of(self, layer: LayerArgument) -> list[Passed]:
        """Where a layer runs, or one like it in a use that is alike."""
        seen: set[LayerArgument] = set()
        while layer not in self.runs and layer in self._same and layer not in seen:
            seen.add(layer)
            layer = self._same[layer]
        return self.runs.get(layer, [])


def is_default(parameter: ast.Parameter, value: object) -> bool:
    """Whether a parameter has a layer, or none, because it was not given."""
    if parameter.default is None:
        return False
    if isinstance(value, LayerArgument):
        return value.element.span is parameter.default.span
    return value is None and isinstance(parameter.default, ast.Literal)


def key_of_layer(layer: LayerArgument | None) -> Hashable:
    return None if layer is None else layer_key(layer)
