"""The classifier of a network: what `classes = 0` leaves out of it.

It is the last dense layer or 1x1 convolution whose units or filters are exactly the model's
parameter `classes`; behind it, up to the result, only layers without parameters stand. Each of
several outputs and each head for training has one of its own, which is left out with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import is_

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.elaborate.collect import Collector, Place
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Element, Layer, Merged, Network, Reference, Tensor
from cnndsl.ops.base import Op
from cnndsl.ops.conv import Conv
from cnndsl.ops.dense import Dense
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.walks import aux_heads, layers

CLASSES = "classes"  # the parameter of a model

_COUNTS = {"dense": "units", "conv": "filters"}


def classifiers(network: Network, *, aux: bool = True) -> list[Layer]:
    """Those of a network with classes, one for each output, and those of its auxiliary heads."""
    ends = [*results(network), *(head.out for head in aux_heads(network) if aux)]
    return [layer for end in ends if (layer := _before(end)) is not None]


def dispensable(network: Network) -> list[Layer]:
    """The same where the network can do without them: no other layer counts its classes."""
    found = classifiers(network)
    own = set(map(id, found))
    others = (layer for layer in layers(network.frame) if layer.counts_classes)
    return found if all(id(layer) in own for layer in others) else []


def results(network: Network) -> list[Tensor]:
    return [network.endpoints[name] for name in network.outputs] or [network.output]


def _before(result: Tensor) -> Layer | None:
    end = _end(result)
    return end if isinstance(end, Layer) and end.classifies else None


def _end(result: Tensor) -> Layer | Merged | None:
    """The last layer with parameters, or the merge behind it."""
    layer = result.origin
    while isinstance(layer, Layer) and not layer.classifies:
        if layer.op.params(layer.x.shape):
            break
        layer = layer.x.origin
    return layer


def no_classifier(span: Span, name: str, results: list[Tensor]) -> Diagnostic:
    """That there is none in front of any of these results, and what is there."""
    labels = {}
    for result in results:
        if (end := _end(result)) is not None:
            place = end.element.span
            is_layer = isinstance(end, Layer)
            at = "this is the last layer with parameters" if is_layer else "several are merged here"
            labels[id(place.source), place.start] = Label(place, at)
    return errors.no_classifier(span, name, tuple(labels.values()))


def not_left_out(mistake: Diagnostic | None) -> Diagnostic | None:
    """That there cannot be 0 classes, of a layer that is no classifier."""
    if mistake is None:
        return None
    note = "`classes = 0` leaves out the last dense or 1x1 convolution of the classes, and no other"
    return replace(mistake, notes=(note,))


def counted(op: str, given: Mapping[str, ast.Argument], scope: Scope) -> str | None:
    """The argument by which an op counts classes, if it is the parameter itself."""
    name = _COUNTS.get(op)
    if name is None or name not in given:
        return None
    return name if is_classes(given[name].value, scope) else None


def is_classes(value: ast.Expr, scope: Scope) -> bool:
    return isinstance(value, ast.Name) and scope.is_classes(value.id)


def can_classify(op: Op) -> bool:
    """Whether an op is of the kind that can be left out."""
    if isinstance(op, Conv):
        return set(op.kernel) == {1} and op.groups == 1 and op.connect is None
    return isinstance(op, Dense)


@dataclass(frozen=True)
class _Candidate:
    layer: Layer
    mistake: Diagnostic | None  # that there cannot be 0 of them, unless it is left out
    place: Place | None


class Head:
    """What becomes of the layers that count classes where there are 0 of them.

    Which one is the classifier is known only at the end. So such a model is elaborated twice:
    first to find it, while all of them pass on what they receive, then without it.
    """

    def __init__(self, found: bool = False):
        self.found = found
        self._candidates: list[_Candidate] = []
        self.is_decided = False  # by an `if` of the author's, which asks for the classes
        self._names: dict[int, frozenset[str]] = {}

    def pass_on(
        self, layer: Layer, mistake: Diagnostic | None, place: Place | None
    ) -> Layer | Reference:
        """What a layer becomes that counts 0 classes; its op has 1 in their place."""
        if self.found:
            element = layer.element
            return Reference(ast.Apply(element.span, "here", element.name_span, None), layer.x)
        layer.out = replace(layer.x, origin=layer)
        self._candidates.append(_Candidate(layer, mistake, place))
        return layer

    def without_it(self, chain: ast.Chain, elements: list[Element]) -> ast.Chain:
        """A chain as it would be written without the classifier: with `here` in its place."""
        left = tuple([element.element for element in elements])
        is_same = all(map(is_, left, chain.elements))
        return chain if is_same else replace(chain, elements=left)

    def is_mentioned(self, expr: ast.Expr, scope: Scope) -> bool:
        """Whether an expression depends on the classes of which there are none."""
        names = self._names.get(id(expr))
        if names is None:
            found = (node.id for node in walk(expr) if isinstance(node, ast.Name))
            names = self._names[id(expr)] = frozenset(found)
        return any(map(scope.is_classes, names))

    def decide(self, condition: ast.Expr, scope: Scope) -> None:
        """A network that asks for its classes may have a form without a classifier."""
        self.is_decided = self.is_decided or self.is_mentioned(condition, scope)

    def settle(self, network: Network, found: Collector) -> bool:
        """Whether to elaborate again, without the classifier; reports what stands in the way."""
        heads = [head.out for head in aux_heads(network)]
        span, name = network.declared.name_span, network.name
        return self.settle_at(results(network), heads, span, name, found)

    def settle_at(
        self, results: list[Tensor], heads: list[Tensor], span: Span, name: str, found: Collector
    ) -> bool:
        """The same of some results and auxiliary heads."""
        if any(result.known is None for result in results):
            return False
        chosen = [_before(end) for end in (*results, *heads)]
        if not any(chosen[: len(results)]) and not self.is_decided:
            found.add(no_classifier(span, name, results))
            return False
        for each in self._candidates:
            mistake = None if each.layer in chosen else not_left_out(each.mistake)
            if mistake is not None:
                found.add(mistake, each.place)
        return bool(self._candidates) and not found
