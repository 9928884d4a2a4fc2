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
        self._given: dict[Place, set[Hashable]] = {}
        self._handed_on: list[tuple[Place, Place]] = []  # `none`, from parameter to parameter
        for network in networks:
            for parameter in network.definition.parameters:
                self._note_default(parameter, network.arguments[parameter.name])
            for name, value in network.arguments.items():
                self.hold(("argument", network.definition.name, name), value)
            self._find(network.frame, network.definition.name)
        self._join_handed_on()
        self.mixed = {
            key for key, held in self.uses.items() if len({key_of_layer(p.layer) for p in held}) > 1
        }
        # A parameter that differs is named also where the uses that are left have one layer.
        self.named_by = {
            id(use.element)
            for block, held in self.held.items()
            for use in held
            if len(self._given.get(("argument", block, use.element.name), ())) > 1
        }
        self.mixed |= self.named_by
        # What has to be said in one word: those layers that differ from use to use.
        several = [p for key in self.mixed for p in self.uses[key]]
        self.named = {p.layer.name for p in several if p.layer is not None}

    def hold(self, place: Place, value: object) -> None:
        if value is None:
            self._given.setdefault(place, set()).add(None)
        if not isinstance(value, LayerArgument):
            return
        self.places.join(place, value)
        self._given.setdefault(place, set()).add(key_of_layer(value))
        if value not in self.all:
            self.all[value] = value
            for name, inner in value.args.items():
                self.hold(("argument", value.name, name), inner)

    def _find(self, frame: Frame, model: str) -> None:
        stack: list[tuple[Node, str]] = [(frame, model)]
        while stack:
            current, inside = stack.pop()
            match current:
                case Instance():
                    self._note_handed_on(current, inside)
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

    def _note_handed_on(self, use: Instance, inside: str) -> None:
        names = [p.name for p in use.block.parameters]
        for position, given in enumerate(use.element.args or ()):
            name = given.name or names[position]
            if use.args[name] is None and isinstance(given.value, ast.Name):
                inner = ("argument", use.block.name, name)
                self._handed_on.append((("argument", inside, given.value.id), inner))

    def _join_handed_on(self) -> None:
        """What hands `none` on to a parameter of layers is one, too, and the reverse."""
        left = list(dict.fromkeys(self._handed_on))
        while ready := [pair for pair in left if any(place in self.places for place in pair)]:
            for one, other in ready:
                self.places.join(one, other)
            left = [pair for pair in left if pair not in ready]

    def _note_default(self, parameter: ast.Parameter, value: object) -> None:
        if is_default(parameter, value) and isinstance(value, LayerArgument):
            self.defaults.add(layer_key(value))

    def _note_same(self, args: Mapping[str, Value], firsts: Mapping[str, Value]) -> None:
        for name, value in args.items():
            first = firsts.get(name)  # what one says may be a default of the other
            if not isinstance(value, LayerArgument) or not isinstance(first, LayerArgument):
                continue
            if value is not first and value not in self._same:
                self._same[value] = first
                self._note_same(value.args, first.args)

    def is_default(self, layer: LayerArgument) -> bool:
        """Whether a parameter holds this layer where it is not given."""
        return layer_key(layer) in self.defaults

    def runs_of(self, layer: LayerArgument) -> list[Passed]:
        """Where a layer runs, and where one like it does in uses that are alike.

        What stands last is first: so all uses of a block agree on which of several runs that is.
        """
        found, seen = list(self.runs.get(layer, [])), {layer}
        while (like := self._same.get(layer)) is not None and like not in seen:
            layer = like
            seen.add(layer)
            found += self.runs.get(layer, [])
        return sorted(found, key=lambda run: -run.element.span.start)


def is_default(parameter: ast.Parameter, value: object) -> bool:
    """Whether a parameter has a layer, or none, because it was not given."""
    if parameter.default is None:
        return False
    if isinstance(value, LayerArgument):
        return value.element.span is parameter.default.span
    return value is None and isinstance(parameter.default, ast.Literal)


def key_of_layer(layer: LayerArgument | None) -> Hashable:
    return None if layer is None else layer_key(layer)
