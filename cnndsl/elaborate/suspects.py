"""Why a count may differ from the asserted one: the usual causes, with what each amounts to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from cnndsl.counts import Count, count, count_layer, size
from cnndsl.diagnostics import Fix
from cnndsl.elaborate.reshaped_calls import without_bias
from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Network, Node, Repeated
from cnndsl.ops.conv import Conv
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.walks import aux_heads, children, layers

_LISTED = 2  # several may fit a difference; more than a few explain nothing
_CONVOLUTIONS = ("conv", "depthwise", "separable", "conv_transpose")
_USUAL = (10, 100, 200, 1000, 1001, 21_841)  # classes of CIFAR, Tiny ImageNet and ImageNet


@dataclass(frozen=True, slots=True)
class Cause:
    """`difference` is what the asserted count is larger by, if this is the cause; `edits` make it
    so, where the text says where.
    """

    difference: int
    note: str
    edits: tuple[Fix, ...] = ()


def explanations(causes: list[Cause], difference: int) -> list[Cause]:
    """The causes that account for a difference exactly."""
    found = {cause.note: cause for cause in causes if cause.difference == difference != 0}
    return list(found.values())[:_LISTED]


def causes(network: Network, what: str) -> list[Cause]:
    """What could make `params`, `total` or `macs` differ."""
    found = list(_of_macs(network) if what == "macs" else _of_params(network, what))
    used_again = _of_uses(network, what) if what != "macs" else ()
    return [*found, *_of_repetitions(network, what), *used_again]


def _of_params(network: Network, what: str) -> Iterator[Cause]:
    every = list(layers(network.frame))
    scales, shifts = (_left_out(every, name) for name in ("scale", "shift"))
    note = "what `bn` leaves out by `{} = false` is exactly {:,}"
    yield Cause(scales, note.format("scale", scales))
    yield Cause(shifts, note.format("shift", shifts))
    present, absent = _biases_before_norm(every)
    note = f"the biases of the convolutions before `bn` are exactly {present:,}"
    yield Cause(-present, note, _unbiased(every))
    yield Cause(absent, f"biases in the convolutions before `bn` would add exactly {absent:,}")
    yield from _of_biases(every, present, absent)
    state = sum(one.total - one.params for one in map(count_layer, every))
    note = f"the batch statistics are exactly {state:,}: `total` counts them, `params` does not"
    yield Cause(state if what == "params" else -state, note)
    norms = sum(one.params if what == "params" else one.total for one in _norms(every))
    yield Cause(-norms, f"the batch norms are exactly {norms:,}")
    bare = sum(layer.out.shape[-1] for layer in _bare(every))
    each = 2 if what == "params" else 4
    note = f"batch norm behind the convolutions without one would add exactly {each * bare:,}"
    yield Cause(each * bare, note)
    if not present:  # as many as the biases would be, and less likely
        scales = sum(size(_tensors(layer)["scale"]) for layer in _named(every, "bn", "scale"))
        yield Cause(-scales, f"the scales of `bn` are exactly {scales:,}")
    grouped = sum(_grouping_saves(layer) for layer in every)
    yield Cause(grouped, f"without groups the convolutions would have exactly {grouped:,} more")
    heads = sum(count(head).params for head in aux_heads(network))
    yield Cause(-heads, f"the auxiliary heads are exactly {heads:,}: `params` counts them")
    yield from _of_classes(every)


def _of_macs(network: Network) -> Iterator[Cause]:
    macs = count(network.frame).macs
    yield Cause(macs, "it is twice the count: a FLOP is half of a multiply-accumulate")
    heads = sum(count(head.frame).macs for head in aux_heads(network))
    yield Cause(heads, f"the auxiliary heads take exactly {heads:,}: `macs` leaves them out")


def _of_biases(every: list[Layer], before: int, without: int) -> Iterator[Cause]:
    """Those of the classifier, and those of all convolutions, where these are others than those
    `before` batch norms, or those that are left out there (`without`)."""
    dense = [layer for layer in every if layer.op.name == "dense"]
    for layer in dense[-1:]:
        units, line = layer.out.shape[-1], layer.element.span.line
        here = f"of the last `dense`, line {line},"
        yield Cause(-units, f"the bias {here} is exactly {units:,}")
        yield Cause(units, f"a bias {here} would add exactly {units:,}")
    convs = [layer for layer in every if layer.op.name in _CONVOLUTIONS]
    present = sum(size(_tensors(layer).get("bias", (0,))) for layer in convs)
    absent = sum(layer.out.shape[-1] for layer in convs if "bias" not in _tensors(layer))
    if present != before:
        yield Cause(-present, f"the biases of all convolutions are exactly {present:,}")
    if absent != without:
        yield Cause(absent, f"biases in all convolutions would add exactly {absent:,}")


def _of_classes(every: list[Layer]) -> Iterator[Cause]:
    """Other classes in all the classifiers: one more or fewer, or those of a usual data set."""
    dense = [layer for layer in every if layer.op.name == "dense"]
    if not dense:
        return
    classes = dense[-1].out.shape[0]
    ends = [layer for layer in dense if layer.out.shape[0] == classes]
    each = sum(count_layer(layer).params for layer in ends) // classes
    for wanted in dict.fromkeys((classes + 1, classes - 1, *_USUAL)):
        change = abs(wanted - classes) * each
        more = "more" if wanted > classes else "fewer"
        note = f"{wanted:,} classes instead of {classes:,} are exactly {change:,} {more}"
        yield Cause(change if wanted > classes else -change, note)


def _of_repetitions(network: Network, what: str) -> Iterator[Cause]:
    """One repetition of a block, an op or a group more or fewer."""
    counts = _counts(network.frame)
    stack: list[Node] = [network.frame]
    while stack:
        current = stack.pop()
        stack.extend(children(current))
        if not isinstance(current, Repeated) or not current.items:
            continue
        last = current.items[-1]
        figure = getattr(counts[id(last)], what)
        name = " ".join(current.element.element.span.text[:40].split("\n")[0].split())
        where = f" ({last.path})" if isinstance(last, (Instance, Layer)) else ""
        for sign, change in ((1, "more"), (-1, "fewer")):
            note = f"one repetition of `{name}` {change} is exactly {figure:,}{where}"
            yield Cause(sign * figure, note)


def _of_uses(network: Network, what: str) -> Iterator[Cause]:
    """A block that was meant to have the same weights wherever it runs."""
    counts = _counts(network.frame)
    uses: dict[str, list[Instance]] = {}
    stack: list[Node] = [network.frame]
    while stack:
        current = stack.pop()
        stack.extend(children(current))
        if isinstance(current, Instance):
            uses.setdefault(current.block.name, []).append(current)
    for name, held in uses.items():
        figures = [getattr(counts[id(use)], what) for use in held]
        again = sum(figures) - figures[0]
        if again and len(set(figures)) == 1:
            times = "second" if len(held) == 2 else f"other {len(held) - 1}"
            note = f"the {times} `{name}` is exactly {again:,}: layers that share their weights are"
            note += f" declared once, `shared NAME = {name}`, and run by NAME"
            yield Cause(-again, note, _shared(network, held))


def _shared(network: Network, uses: list[Instance]) -> tuple[Fix, ...]:
    """The edits that declare the layers of a block in a model's body once, and run them by name."""
    spans = sorted({use.element.span for use in uses}, key=lambda span: span.start)
    model = network.definition
    lines = [st for st in model.body.statements if not isinstance(st, ast.Input)]
    own = all(span.source is model.span.source for span in spans)
    if len(spans) != len(uses) or len({span.text for span in spans}) > 1 or not (own and lines):
        return ()
    if any(not model.span.start <= span.start < model.span.end for span in spans):
        return ()
    at, name = lines[0].span, f"shared_{uses[0].block.name}"
    indent = at.source.text[at.source.text.rfind("\n", 0, at.start) + 1 : at.start]
    if indent.strip():
        return ()
    declared = f"shared {name} = {spans[0].text}\n{indent}"
    return Fix(Span(at.source, at.start, at.start), declared), *(Fix(s, name) for s in spans)


def _counts(frame: Frame) -> dict[int, Count]:
    """The counts of every record below a frame, by identity; each layer is counted once."""
    order: list[Node] = []
    stack: list[Node] = [frame]
    while stack:
        current = stack.pop()
        order.append(current)
        stack.extend(() if isinstance(current, Layer) else children(current))
    counts: dict[int, Count] = {}
    for current in reversed(order):
        if isinstance(current, Layer):
            counts[id(current)] = count_layer(current)
        else:
            below = [counts[id(child)] for child in children(current)]
            macs = 0 if isinstance(current, Auxiliary) else sum(c.macs for c in below)
            params, total = sum(c.params for c in below), sum(c.total for c in below)
            counts[id(current)] = Count(params, total, macs)
    return counts


def _biases_before_norm(every: list[Layer]) -> tuple[int, int]:
    """Biases that convolutions right before a batch norm have, and those they leave out."""
    present = absent = 0
    for before, layer in pairwise(every):
        convolves = before.op.name in ("conv", "depthwise", "separable")
        if layer.op.name != "bn" or not convolves or layer.x is not before.out:
            continue
        tensors = _tensors(before)
        present += size(tensors["bias"]) if "bias" in tensors else 0
        absent += 0 if "bias" in tensors else layer.x.shape[-1]
    return present, absent


def _unbiased(every: list[Layer]) -> tuple[Fix, ...]:
    """The edits that leave out the biases in front of batch norms; none where one is said."""
    biased = [
        before
        for before, layer in pairwise(every)
        if layer.op.name == "bn" and layer.x is before.out and "bias" in _tensors(before)
    ]
    by_call = {layer.element: layer for layer in biased}  # whose uses are several
    fixes = [without_bias(element, layer.op) for element, layer in by_call.items()]
    found = sorted((fix for fix in fixes if fix), key=lambda fix: fix.span.start)
    of_one = len({fix.span.source for fix in found}) == 1
    return tuple(found) if of_one and len(found) == len(fixes) else ()


def _left_out(every: list[Layer], tensor: str) -> int:
    """The channels of batch norms that go without one of their tensors."""
    norms = [layer for layer in every if layer.op.name == "bn"]
    return sum(layer.x.shape[-1] for layer in norms if tensor not in _tensors(layer))


def _norms(every: list[Layer]) -> Iterator[Count]:
    return (count_layer(layer) for layer in every if layer.op.name == "bn")


def _bare(every: list[Layer]) -> Iterator[Layer]:
    """The convolutions that no batch norm follows directly."""
    normed = {id(layer.x) for layer in every if layer.op.name == "bn"}
    convs = (layer for layer in every if layer.op.name in _CONVOLUTIONS)
    return (layer for layer in convs if id(layer.out) not in normed)


def _grouping_saves(layer: Layer) -> int:
    """Parameters that the groups of a convolution leave out."""
    if not isinstance(layer.op, Conv) or layer.op.groups == 1:
        return 0
    return (layer.op.groups - 1) * size(_tensors(layer)["kernel"])


def _named(every: list[Layer], op: str, tensor: str) -> list[Layer]:
    return [layer for layer in every if layer.op.name == op and tensor in _tensors(layer)]


def _tensors(layer: Layer) -> dict[str, tuple[int, ...]]:
    return layer.op.params(layer.x.shape)
