"""What a generated module calls the layers of its networks: `layer1[0].shortcut.conv`.

A module that is proven computes the terms of its networks. A layer of a network is therefore
the attribute whose result is the layer's term.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnndsl.elaborate.paths import Paths, numbered, parts_of
from cnndsl.elaborate.sharing import counterparts
from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Network, Staged
from cnndsl.names import camel
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.expected import Expectation, heads_of
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.sharing import alike, anonymous
from cnndsl.targets.flax.symbolic import Tensor
from cnndsl.targets.flax.symbolic_containers import attributes
from cnndsl.targets.flax.symbolic_modules import Layer as Module
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.targets.flax.trial import Trial
from cnndsl.targets.flax.validate import Run
from cnndsl.targets.python.module_tree import Module as Tree
from cnndsl.walks import layers

BOTH = " + "  # between the two convolutions of a separable one

_MODEL = "self"


def attribute_paths(tree: Tree, networks: Sequence[Network]) -> list[Paths]:
    """By network, what a module calls its layers and its instances of blocks.

    Layers without an attribute have their op's name, behind the object whose call applies them
    or, where that is the model, behind their stage.

    Args:
      tree: proven to be the networks.
      networks: as elaborated.
    """
    with deep_stack():
        run = Run(tree, networks=networks)
        return [_Names(_Held.by(run, network)).of(network) for network in networks]


@dataclass(frozen=True)
class _Object:
    """An object of a class of the module, below the model."""

    path: str
    cls: str


@dataclass(frozen=True)
class _Held:
    """What a model holds: its objects, and the attributes of each layer of its network."""

    objects: Mapping[str, _Object]  # by path
    layers: Mapping[Layer, tuple[str, ...]]

    @classmethod
    def by(cls, run: Run, network: Network) -> _Held:
        model = run.cls(network)
        if model is None:
            return cls({}, {})
        trial = Trial(run.flax, model, {}, network, network.name, initialisers=True)
        wanted = trial.expected(aux=any(True for _ in heads_of(network)))
        found = trial.endpoints({})
        objects: dict[str, _Object] = {}
        modules: dict[Module, str] = {}
        for value, path in attributes(trial.model, _MODEL):
            path = path.removeprefix(_MODEL).removeprefix(".")
            if isinstance(value, Module):
                modules.setdefault(value, path)
            elif value is not trial.model:
                objects[path] = _Object(path, value.cls.name)
        return cls(objects, _paired(wanted, _mapping(trial, wanted, found), modules, trial.forms()))


def _mapping(trial: Trial, wanted: Expectation, found: object) -> Mapping[Term, Term]:
    """The module's terms by the network's, where they are others: layers ran in another order."""
    if not isinstance(found, dict):
        return {}
    results = {name: v.term for name, v in found.items() if isinstance(v, Tensor)}
    if results == wanted.endpoints or results.keys() != wanted.endpoints.keys():
        return {}
    plain: dict[Term, Term] = {}
    ours = anonymous(wanted.endpoints.values(), trial.terms, plain)
    theirs = anonymous([results[name] for name in wanted.endpoints], trial.terms, plain)
    if any(one is not other for one, other in zip(ours, theirs, strict=True)):
        return {}
    return alike(wanted.endpoints, results, plain) or {}


def _paired(
    wanted: Expectation, mapping: Mapping[Term, Term], modules: Mapping[Module, str], forms: Forms
) -> dict[Layer, tuple[str, ...]]:
    """The attributes of each layer that has some; for one with weights all of them, or none."""
    places: dict[Term, str] = {}
    for module, path in modules.items():
        for term in module.results:
            if module.is_weighted or term.op == "dropout":  # without a rate, it gives its input
                places.setdefault(term, path)
    idle = [(m, path) for m, path in modules.items() if m.is_weighted and not m.results]
    weighted, mapped = set(wanted.weighted), set(mapping.values())
    found: dict[Layer, tuple[str, ...]] = {}
    for layer, terms in wanted.made:
        held: list[str] = []
        for term in terms:
            theirs = mapping.get(term, None if term in mapped else term)
            place = places.get(theirs) if theirs else None
            if place is None and term in weighted:
                place = _unused(term, idle, forms, _owner(held[0]) if held else "")
            held += [place] if place is not None else []
        if len(held) == len(terms):
            found[layer] = tuple(held)
            found.setdefault(layer.first or layer, tuple(held))
    return found


def _unused(term: Term, idle: list[tuple[Module, str]], forms: Forms, owner: str) -> str | None:
    """The first module without a call that would give a term that nothing uses; taken away."""
    for place, (module, path) in enumerate(idle):
        if not path.startswith(owner):
            continue
        try:
            result = module.apply(term.inputs[0] if term.inputs else term, forms)  # or whatever
        except Unfit:
            continue
        if (result.op, result.settings) == (term.op, term.settings):
            del idle[place]
            return path
    return None


class _Names:
    """Gives every layer and instance of a network its name."""

    def __init__(self, held: _Held):
        self.held = held
        self.found: dict[Layer | Instance, str] = {}
        self.nameless: dict[str, list[Layer]] = {}  # by what stands before their names
        self.lost: list[Layer] = []  # with weights, but nobody knows where

    def of(self, network: Network) -> Paths:
        self.walk(network.frame, "", "")
        taken = {path for paths in self.held.layers.values() for path in paths}
        for prefix, members in self.nameless.items():
            kinds = [layer.op.name for layer in members]
            for layer, name in zip(members, numbered(kinds, Counter(kinds)), strict=True):
                path = _free(f"{prefix}.{name}" if prefix else name, taken)
                taken.add(path)
                self.found[layer] = path
        for layer in self.lost:
            self.found[layer] = _free(layer.path, taken)
        for again, first in counterparts(network):
            self.found[again] = self.found.get(first, first.path)
        return self.found

    def walk(self, frame: Frame, owner: str, stage: str) -> None:
        """Names what a body holds.

        Args:
          owner: the path of the object whose call runs the body; empty for the model.
          stage: the stage or head that it is of, for what the model itself runs.
        """
        for part in parts_of(frame):
            if isinstance(part, (Staged, Auxiliary)):
                self.walk(part.frame, owner, f"{stage}.{part.name}" if stage else part.name)
            elif isinstance(part, Instance):
                own = self.owner(part, owner)
                self.walk(part.frame, own, stage)
                paths = [path for la in layers(part) for path in self.held.layers.get(la, ())]
                if own == owner and len(paths) == 1:
                    self.found[part] = paths[0]  # a block that is nothing but a module of flax
                elif own:
                    self.found[part] = own
            elif part in self.held.layers:
                self.found[part] = _joined(self.held.layers[part])
            elif not part.op.params(part.x.shape or ()):
                self.nameless.setdefault(owner or stage, []).append(part)
            else:
                self.lost.append(part)

    def owner(self, instance: Instance, outer: str) -> str:
        """The object that a block became, or the one that its body is written into."""
        held = self.held.layers
        chains = [
            [self.held.objects[p] for p in _above(path) if p in self.held.objects]
            for layer in layers(instance)
            for path in held.get(layer, ())
        ]
        if not chains:
            return outer
        shared = [each for each in chains[0] if all(each in chain for chain in chains)]
        inner = [each for each in shared if len(each.path) > len(outer)]
        name = _plain(camel(instance.block.name))
        for each in inner:
            if _plain(each.cls) == name:
                return each.path
        nested = {_plain(camel(i.block.name)) for i in _instances(instance)}
        return outer if not inner or _plain(inner[0].cls) in nested else inner[0].path


def _joined(paths: tuple[str, ...]) -> str:
    """`sep.depthwise + pointwise`: those behind the first without the owner that they share."""
    first, *others = paths
    return BOTH.join([first, *(path.removeprefix(_owner(first)) for path in others)])


def each_path(joined: str) -> list[str]:
    """The paths of a layer's parts, each with its owner: `sep.depthwise`, `sep.pointwise`."""
    first, *others = joined.split(BOTH)
    return [first, *(_owner(first) + path for path in others)]


def _owner(path: str) -> str:
    """What stands before the last name: `sep.` of `sep.pointwise`."""
    return path[: path.rfind(".") + 1]


def _plain(name: str) -> str:
    """The name of a class without what tells it from others of that name."""
    return name.rstrip("_0123456789")


def _above(path: str) -> Iterator[str]:
    """`a[0].b.c`: `a`, `a[0]`, `a[0].b`."""
    return (path[:i] for i, char in enumerate(path) if char in ".[")


def _instances(instance: Instance) -> Iterator[Instance]:
    """Those of blocks below one."""
    todo = list(parts_of(instance.frame))
    while todo:
        part = todo.pop()
        if isinstance(part, Instance):
            yield part
            todo.extend(parts_of(part.frame))


def _free(path: str, taken: set[str]) -> str:
    """A path that nothing else has."""
    free, count = path, 1
    while free in taken:
        count += 1
        free = f"{path}_{count}"
    return free
