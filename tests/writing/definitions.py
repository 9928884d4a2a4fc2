"""Blocks and functions of a random spec."""

from __future__ import annotations

from tests.writing.chains import call, callable_blocks
from tests.writing.draft import Draft
from tests.writing.expressions import argument, constant, value
from tests.writing.fitting import fit
from tests.writing.grammar import BLOCKS, body
from tests.writing.kinds import (
    FITTING,
    LATER,
    LAYER,
    MAYBE,
    RARE,
    TENSOR,
    UNKNOWN,
    WORDS,
    Block,
    Function,
    Kind,
    Parameter,
)
from tests.writing.layers import activation, norm, vector

NAMES = "unit cell Stem res_block Mix layer self Conv_ nnx next_ features Linear type".split()
PARAMETERS = {
    "width": "f filters out features conv x in_features_ width dense".split(),
    "count": "n depth len range count".split(),
    "times": "repeats n_ all".split(),
    "flag": "wide self se norm bn bias is".split(),
    "kernel": "k kernel class window".split(),
    "stride": "stride s step".split(),
    "pair": "size pair".split(),
    "mode": "mode act type nnx".split(),
    "alpha": "alpha width_multiplier lambda".split(),
    "rate": "rate drop dropout".split(),
    "init": "init init_".split(),
    "weight": "weight norm kernel_ how".split(),
    "start": "start gamma_init bias_init zero".split(),
    "widths": "widths ws list filters_".split(),
    LAYER: "act norm_ then mix self nnx layer_ between".split(),
    TENSOR: "prev other y skip next".split(),
    FITTING: "like left h all".split(),
    MAYBE: "extra prev skip_ rngs".split(),
}


def parameter(draft: Draft, kind: str, defaults: bool) -> Parameter:
    """A parameter, in scope from here on; with `defaults` it may or must have one."""
    name = draft.fresh(*PARAMETERS[kind])
    default = None
    if defaults:
        default = "none" if kind == MAYBE else default_value(draft, kind)
    if kind == MAYBE:
        draft.scope.maybe += (name,)
    elif kind in (TENSOR, FITTING):
        draft.scope.tensors[name] = UNKNOWN if kind == TENSOR else 0
    else:
        draft.scope.values[name] = kind
    return Parameter(name, kind, default)


def default_value(draft: Draft, kind: Kind) -> str:
    """It may use earlier parameters, and no tensors."""
    if draft.chance(0.6):
        return constant(draft, kind)
    scope = draft.scope
    tensors, size, maybe = scope.tensors, scope.size, scope.maybe
    scope.tensors, scope.size, scope.maybe = {}, None, ()
    text = value(draft, kind)
    scope.tensors, scope.size, scope.maybe = tensors, size, maybe
    return text


def parameters(draft: Draft, most: int, kinds: tuple[str, ...]) -> tuple[Parameter, ...]:
    """Those without a default first; tensors of the block are among them."""
    drawn = [draft.pick(*kinds) for _ in range(draft.number(0, most))]
    required = [kind for kind in drawn if kind in (TENSOR, FITTING) or draft.chance(0.6)]
    optional = [kind for kind in drawn if kind not in (TENSOR, FITTING, *required)]
    required = [kind for kind in required if kind != MAYBE]
    listed = [parameter(draft, kind, False) for kind in required]
    listed += [parameter(draft, kind, True) for kind in optional]
    return tuple(listed)


def function(draft: Draft) -> str:
    """One expression of its parameters; later ones may call earlier ones."""
    draft.begin("fn", 0)
    kind = draft.pick("width", "width", "count", "flag", "kernel", "mode", "widths", "alpha")
    kinds = [kind if draft.chance(0.6) else draft.pick(*WORDS) for _ in range(draft.number(1, 3))]
    required = draft.number(1, len(kinds))
    listed = tuple(parameter(draft, k, i >= required) for i, k in enumerate(kinds))
    stem = draft.pick("round_up", "pick", "scaled", "all", "make", "repeats")
    name = f"{stem}{len(draft.functions)}"
    head = f"fn {name}({', '.join(map(str, listed))})"
    if draft.chance(0.6):
        text = f"{head} = {value(draft, kind)}"
    else:
        lines = [f"{head} {{"]
        for _ in range(draft.number(1, 2)):
            held = draft.pick(kind, "width")
            known = draft.scope.of(held)
            local = draft.random.choice(known) if known and draft.chance(0.3) else ""
            local = local or draft.fresh("half", "r", "all", "rest")
            lines.append(f"let {local} = {value(draft, held)}")
            draft.scope.values[local] = held
        text = "\n".join([*lines, value(draft, kind), "}"])
    draft.functions.append(Function(name, listed, kind))
    return text


# --- blocks ---------------------------------------------------------------------------


def finished(
    draft: Draft, lines: list[str], listed: tuple[Parameter, ...], *, vectors: bool = False
) -> list[str]:
    """The definition of a block, which later ones may call."""
    name = f"{draft.pick(*NAMES)}{'abcdefgh'[len(draft.blocks)]}"
    lines = [line.replace("SELF", name) for line in lines]
    text = "\n".join(lines)
    alone = not any(block.name in text for block in draft.blocks)
    plain = all(p.kind in (*WORDS, *RARE, *LATER) for p in listed)
    made = Block(name, listed, draft.strides, vectors, alone and plain, ranks=draft.ranks)
    draft.blocks.append(made)
    head = f"block {name}({', '.join(map(str, listed))})" if listed else f"block {name}"
    doc = ["# What it does: math.floor(x), partial(f) and jnp.add."] if draft.chance(0.05) else []
    return [*doc, f"{head} {{", *lines, "}"]


@BLOCKS.enter(12)
def free_block(draft: Draft) -> list[str]:
    draft.strides = draft.chance(0.4)
    kinds = (*WORDS, *WORDS, *RARE, "width", LAYER, LAYER, TENSOR, FITTING, FITTING, MAYBE, MAYBE)
    kinds += LATER if draft.later else ()
    listed = parameters(draft, 4, kinds)
    return finished(draft, body(draft, 1, 3), listed)


@BLOCKS.enter(2)
def bare_block(draft: Draft) -> list[str]:
    """Nothing but one layer without arguments, or nothing at all."""
    return finished(draft, [draft.pick(norm(draft), "bn", activation(draft), "")], ())


@BLOCKS.enter(10, lambda draft: bool(callable_blocks(draft)))
def forwarding_block(draft: Draft) -> list[str]:
    """Nothing but another block, with this one's parameters for all of its, or for some."""
    inner = draft.random.choice([block for block in draft.blocks if not block.vectors])
    draft.strides = inner.strides
    listed: list[Parameter] = []
    given: list[str] = []
    for own in inner.parameters:
        kind = own.kind
        if own.default is not None and draft.chance(0.3):
            continue
        text = argument(draft, kind, True)
        if isinstance(kind, str) and (kind in (TENSOR, FITTING, MAYBE) or draft.chance(0.7)):
            listed.append(parameter(draft, kind, kind == MAYBE or any(p.default for p in listed)))
            text = listed[-1].name
        given.append(f"{own.name} = {text}")
    text = f"{inner.name}({', '.join(given)})" if given else inner.name
    before = draft.pick("", "", "", "here -> ")
    return finished(draft, [before + text], tuple(listed))


@BLOCKS.enter(4)
def block_of_layers(draft: Draft) -> list[str]:
    """Layers that each call says anew, in this order or that."""
    draft.strides = False
    listed = [parameter(draft, "width", False)]
    listed += [parameter(draft, LAYER, True) for _ in range(draft.number(1, 2))]
    filters, *layers = [p.name for p in listed]
    held = " -> ".join(layers)
    test = draft.pick(*layers)
    lines = [
        draft.pick(
            f"conv({filters}, 3, bias = {test} == none) -> {held}",
            f"conv({filters}, 1) -> {{ here -> {held} }} * 2",
            f"for i in 0 .. 2 {{ conv({filters}, 3) -> {held} }}",
            f"add [ conv({filters}, 1), here -> {held} -> conv({filters}, 1) ]",
            f"if {test} != none {{ conv({filters}, 3) -> {held} }}",
        )
    ]
    return finished(draft, [*lines, *body(draft, 0, 1)], tuple(listed))


@BLOCKS.enter(2)
def recursive_block(draft: Draft) -> list[str]:
    """A block that uses itself, once, twice or nowhere."""
    draft.strides = False
    listed = [parameter(draft, "count", False), parameter(draft, "width", draft.chance(0.3))]
    n, filters = (p.name for p in listed)
    less = f"SELF({n} - 1{draft.pick('', f', {filters}') if listed[1].default else f', {filters}'})"
    first = draft.pick(f"conv({filters}, 3)", f"conv({filters} + {n}, 1) -> bn -> relu", "relu")
    lines = [
        draft.pick(
            f"if {n} > 0 {{ {first} -> {less} }}",
            f"if {n} > 0 {{ {first} -> {less} -> conv({filters}, 1) }} else {{ bn }}",
            f"if {n} == 0 {{ {first} }} else {{ concat [ here, {less} ] -> conv({filters}, 1) }}",
            f"if {n} > 1 {{ {less} -> {less} }}",
            f"{{ {less} }} * (min({n}, 1))",
            f"for i in 0 .. {n} {{ SELF(i, {filters}) -> {first} }}",
        )
    ]
    return finished(draft, [*body(draft, 0, 1), *lines], tuple(listed))


@BLOCKS.enter(3)
def windowed_block(draft: Draft) -> list[str]:
    """A window and a stride that each call says in its own way."""
    draft.strides = draft.chance(0.5)
    listed = [parameter(draft, "kernel", False), parameter(draft, "width", draft.chance(0.5))]
    k, filters = listed[0].name, listed[1].name
    if not draft.strides:
        lines = [f"conv({filters}, {k}) -> max_pool({k}, stride = 1, pad = same)"]
        return finished(draft, lines, tuple(listed))
    listed.append(parameter(draft, "stride", True))
    s = listed[-1].name
    if listed[1].default is None and draft.chance(0.5):
        listed = [listed[1], listed[0], listed[2]]
    lines = [
        draft.pick(
            f"depthwise({k}, stride = {s}) -> conv({filters}, 1, bias = false) -> bn",
            f"conv({filters}, {k}, stride = {s}) -> avg_pool({s}, pad = same)",
            f"{{ if {s} == 1 or {k} == 1 {{ conv({filters}, {k}) }} else {{ max_pool(1, {s}) }} }}",
            f"max_pool({k}, stride = {s}, pad = same)",
        )
    ]
    return finished(draft, lines, tuple(listed))


@BLOCKS.enter(3)
def residual_block(draft: Draft) -> list[str]:
    """A residual unit whose shortcut is a projection only where the shape changes."""
    draft.strides = draft.chance(0.5)
    listed = [parameter(draft, "width", False)]
    if draft.strides:
        listed.append(parameter(draft, "stride", True))
    draft.fresh("width")
    filters = listed[0].name
    step = f", stride = {listed[1].name}" if draft.strides else ""
    test = f"in.channels != {filters}"
    if draft.strides:
        test = draft.pick(f"{listed[1].name} != 1 or {test}", "in.shape != y.shape")
    else:
        axis = "height" if draft.maps else (*draft.axes(), "channels")[0]
        test = draft.pick(test, f"in.channels != {filters} or in.{axis} > 6")
    lines = [
        f"y = conv({filters}, 3{step}) -> {norm(draft)} -> relu -> conv({filters}, 1)",
        f"let shortcut = {test}",
        f"add [ {{ if shortcut {{ conv({filters}, 1{step}) }} }}, y ] -> {activation(draft)}",
    ]
    return finished(draft, lines, tuple(listed))


@BLOCKS.enter(3)
def joining_block(draft: Draft) -> list[str]:
    """Two tensors or three, one of them perhaps none, brought to one size."""
    listed = [parameter(draft, draft.pick(TENSOR, FITTING), False)]
    if draft.chance(0.5):
        listed.append(parameter(draft, "width", False))
    listed.append(parameter(draft, MAYBE, True))
    first, last = listed[0].name, listed[-1].name
    filters = listed[1].name if len(listed) > 2 else f"{first}.channels"
    lines = [
        f"p = {fit(draft, first, 'in')} -> conv({filters}, 1)",
        f"h = in -> {activation(draft)} -> conv({filters}, 3)",
        f"if {last} != none {{ h = concat [ h, {fit(draft, last, 'in')} ] -> conv({filters}, 1) }}",
        draft.pick("add [ p, h ]", "concat [ p, add [ h, p ], in ]"),
    ]
    inner = [b for b in callable_blocks(draft) if any(p.kind == MAYBE for p in b.parameters)]
    if inner:
        lines.append(call(draft, draft.random.choice(inner)))
    draft.scope.tensors |= {"p": 0, "h": 0}
    return finished(draft, [*lines, *body(draft, 0, 1)], tuple(listed))


@BLOCKS.enter(1)
def vector_block(draft: Draft) -> list[str]:
    """For the head of a network."""
    listed = parameters(draft, 2, ("width", "flag", "rate", "count"))
    draft.scope.tensors, draft.scope.size = {}, None
    lines = [vector(draft) for _ in range(draft.number(1, 2))]
    for p in listed:
        if p.kind == "width":
            lines.append(f"{{ dense({p.name}) -> relu }} * {draft.pick('1', '2')}")
    return finished(draft, lines, listed, vectors=True)


def block(draft: Draft) -> list[str]:
    draft.begin("block", draft.random.choice((2, 4, 6, 8)))
    return BLOCKS.write(draft)
