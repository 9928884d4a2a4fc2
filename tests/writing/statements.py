"""Statements: names, conditions, loops, stages and auxiliary heads."""

from __future__ import annotations

from collections.abc import Sequence

from tests.writing.chains import bracketed, callable_blocks, repetition
from tests.writing.draft import Draft
from tests.writing.expressions import arguments, condition, constant, known, named, value
from tests.writing.fitting import fit
from tests.writing.grammar import STATEMENTS, body, chain
from tests.writing.kinds import Kind, Row, Table
from tests.writing.layers import resizing, to_vector, vector

# Names that Python, flax or the generated module have a use for are as good as any.
TENSORS = "t y a all next self lambda features x out skip jnp lax class input_ super".split()
VALUES = "w hidden i nnx rngs depth width int list conv bn jax math dtypes is partial".split()
LOOPED = "i c n s k features block_ row layer range len item".split()
STAGES = "stem body part layer head_ import train_ features blocks next rngs logits_".split()
HEADS = "aux_head side all classifier aux_ self loss".split()


def renamed(draft: Draft, kind: Kind, stems: Sequence[str], part: float) -> str:
    """A name for a value, sometimes one that is of this kind already."""
    names = [name for name in draft.scope.of(kind) if name not in draft.locked]
    return draft.pick(*names) if names and draft.chance(part) else draft.fresh(*stems)


@STATEMENTS.enter(8)
def run(draft: Draft) -> list[str]:
    return [chain(draft)]


@STATEMENTS.enter(4)
def run_named(draft: Draft) -> list[str]:
    """Where the name is an endpoint in a loop it gets a number, by which it is not read here."""
    text = chain(draft)
    name = draft.fresh("low", "high", "skip", "out", "x", "self", "all", "next", "layer", "call")
    if not draft.numbered and draft.scope.size is not None:
        draft.scope.tensors[name] = draft.scope.size
    return [f"{text} as {name}"]


@STATEMENTS.enter(2)
def run_asserted(draft: Draft) -> list[str]:
    filters = value(draft, "width", steady=True)
    text = f"{chain(draft, 2)} -> conv({filters}, 1)"
    sizes = draft.scope.fitting()
    if not sizes:
        return [text, f"here : {draft.extents('here', 'here.channels')}" if draft.rank else "relu"]
    like = draft.pick(*sizes)
    if not draft.rank:
        return [text]
    return [f"{text} : {draft.extents(like, filters)}"]


@STATEMENTS.enter(4)
def bind(draft: Draft) -> list[str]:
    """A new tensor, or one bound anew.

    In a loop that keeps the size, a name keeps its own: the next round relies on it.
    """
    size = draft.scope.size
    names = [n for n in draft.scope.tensors if n != "in" and n not in draft.locked]
    with draft.branch():
        text = chain(draft)
        got = draft.scope.size or 0
    if draft.repeats and not draft.strides:
        names = [n for n in names if draft.scope.tensors[n] == size]
    name = draft.pick(*names) if names and draft.chance(0.4) else draft.fresh(*TENSORS)
    draft.scope.tensors[name] = got
    return [f"{name} = {text}"]


@STATEMENTS.enter(2)
def shared_layers(draft: Draft) -> list[str]:
    """Layers that run in several places; they keep the channels, so that they can."""
    name = draft.fresh("unit", "tied", "head", "step", "self", "conv1", "classifier", "layer")
    width = value(draft, "width", steady=True)
    kept = draft.pick("1", "3", "3, dilation = 2", "1x3" if draft.maps else "2")
    first = draft.pick(f"conv({width}, {kept})", f"separable({width}, 3)", f"conv({width}, 1)")
    others = draft.pick("", " -> bn", " -> bn -> relu", " -> relu", " -> dropout(0.1) -> swish")
    uses = [
        name,
        f"add [ here, {name} ]",
        f"{{ {name} }} * {draft.number(1, 3)}",
        f"concat [ here -> {name}, relu -> {name} ] -> conv({width}, 1)",
        f"for {draft.fresh(*LOOPED)} in 0 .. {draft.number(1, 3)} {{ {name} }}",
        f"if {condition(draft)} {{ {name} }}",
        f"{{ {name} -> relu }}",
    ]
    ran = [draft.pick(*uses) for _ in range(draft.number(1, 3))]
    return [f"shared {name} = {first}{others}", f"conv({width}, 1)", name, *ran]


@STATEMENTS.enter(6, lambda draft: any(map(draft.takes, draft.models)) and draft.nests())
def model_in_a_model(draft: Draft) -> list[str]:
    """Another model on what flows here, of which the result or an endpoint is read."""
    inner = draft.random.choice(draft.models)
    given = arguments(draft, inner.parameters[1:]) if draft.chance(0.3) else []
    named = [f"{p.name} = {g}" for p, g in zip(inner.parameters[1:], given, strict=False)]
    given = named if all("=" not in g for g in given) else []
    classes = draft.pick("", "", "classes = 0" if inner.headed else "", "classes = 2")
    if draft.definition == "model":
        classes = draft.pick(classes, "classes = classes")
    text = f"{inner.name}({', '.join([*([classes] if classes else []), *given])})"
    text = text.removesuffix("()")
    name = draft.fresh("features", "trunk", "inner", "t", "self")
    used = draft.pick(f"{name}.tap", name, f"{name}.tap -> relu", f"{name}.logits")
    filters = constant(draft, "width")
    joined = f"add [ conv({filters}, 1), {used} -> conv({filters}, 1) ]"
    if draft.chance(0.3):
        return [draft.pick(text, f"{{ {text} }} * 2")]
    draft.scope.tensors[name] = draft.scope.size or 0
    before = draft.pick("", "", "conv(2, 1) -> ")
    more = draft.pick("", "", f"conv({name}.tap.channels, 1)")
    return [f"{name} = {before}{text}", *([more] if more else []), joined]


@STATEMENTS.enter(4)
def let(draft: Draft) -> list[str]:
    kind = draft.pick("width", "width", "count", "flag", "kernel", "mode", "widths", "pair")
    if draft.scope.of("layer") and draft.chance(0.3):
        kind = "layer"
    text = value(draft, kind)
    if kind == "width" and draft.repeats:
        text = f"({text}) % 7 + 1"
    name = renamed(draft, kind, VALUES, 0.5)
    draft.scope.values[name] = kind
    return [f"let {name} = {text}"]


# --- conditions -----------------------------------------------------------------------


def arm(draft: Draft, least: int, most: int) -> list[str]:
    with draft.inside(strides=draft.chance(0.5), repeats=False):
        return body(draft, least, most)


@STATEMENTS.enter(5, Draft.nests)
def choice(draft: Draft) -> list[str]:
    lines = [f"if {condition(draft)} {{", *arm(draft, 1, 2)]
    while draft.chance(0.3):
        lines += [f"}} else if {condition(draft)} {{", *arm(draft, 0, 1)]
    if draft.chance(0.5):
        lines += ["} else {", *arm(draft, 0, 2)]
    return [*lines, "}"]


@STATEMENTS.enter(2, Draft.nests)
def bound_in_every_arm(draft: Draft) -> list[str]:
    """A tensor and a value that each arm says in its own way, read behind the `if`."""
    tensor, number = draft.fresh(*TENSORS), draft.fresh(*VALUES)
    runs = draft.chance(0.3) and not draft.numbered
    arms = []
    for _ in range(draft.number(2, 3)):
        with draft.inside(strides=False, repeats=False):
            lines = [f"let {number} = {value(draft, 'width')}"]
            with draft.branch():
                text = chain(draft, 2)
            lines.append(f"{text} as {tensor}" if runs else f"{tensor} = {text}")
        arms.append("\n".join(["{", *lines, "}"]))
    text = " else ".join(f"if {condition(draft)} {arm}" for arm in arms[:-1])
    draft.scope.values[number] = "width"
    if draft.scope.size is not None:
        draft.scope.tensors[tensor] = draft.scope.size
    return [f"{text} else {arms[-1]}", f"concat [ {tensor}, conv({number}, 1) ]"]


@STATEMENTS.enter(8, lambda draft: bool(draft.scope.maybe))
def optional_tensor(draft: Draft) -> list[str]:
    name = draft.pick(*draft.scope.maybe)
    now = draft.fresh("now", "here_", "flow")
    joined = f"concat [ {now}, {fit(draft, name, now)} ]"
    other = draft.pick("", f"else {{ {chain(draft, 1)} }}") if not draft.strides else ""
    kept = f"if {name} == none {{ {draft.pick('relu', 'bn')} }} else {{ {joined} }}"
    return [f"{now} = here", draft.pick(kept, f"if {name} != none {{ {joined} }} {other}")]


# --- loops ----------------------------------------------------------------------------


def loop_body(
    draft: Draft, items: str, kinds: tuple[Kind, ...], least: int = 1, *, first: str = ""
) -> list[str]:
    """`for` over items that give one name of each kind; `first` may use them as {0}, {1}, …."""
    with draft.inside(strides=draft.chance(0.4), repeats=True):
        names: list[str] = []
        for kind in kinds:
            name = renamed(draft, kind, LOOPED, 0.2)
            while name in names:
                name = draft.fresh(*LOOPED)
            names.append(name)
            draft.scope.values[name] = kind
        lines = [first.format(*names)] if first else []
        lines += body(draft, least, 2)
    return [f"for {', '.join(names)} in {items} {{", *lines, "}"]


@STATEMENTS.enter(3, Draft.nests)
def loop_over_list(draft: Draft) -> list[str]:
    if draft.chance(0.5):
        return loop_body(draft, value(draft, "widths"), ("width",))
    if draft.chance(0.3):
        return loop_body(draft, f"enumerate({value(draft, 'widths')})", ("index", "width"))
    if draft.chance(0.2):
        ways = named(draft, "widths")
        if draft.chance(0.5):
            both = [[value(draft, kind) for _ in range(2)] for kind in ("width", "kernel")]
            lists = ", ".join(f"[{', '.join(items)}]" for items in both)
            return loop_body(draft, f"zip({lists})", ("width", "kernel"))
        return loop_body(draft, f"zip({ways}, [w + 1 for w in {ways}])", ("width", "width"))
    columns: tuple[Kind, ...] = ("width", draft.pick("kernel", "flag", "mode", "count", "widths"))
    rows = [
        f"[{', '.join(value(draft, column) for column in columns)}]"
        for _ in range(draft.number(1, 3))
    ]
    return loop_body(draft, f"[{', '.join(rows)}]", columns)


@STATEMENTS.enter(2, Draft.nests)
def loop_over_range(draft: Draft) -> list[str]:
    begin, end = draft.pick("0", "0", "1"), bracketed(value(draft, "times"))
    first = f"conv({{0}} + {value(draft, 'width', steady=True)}, 1)" if draft.chance(0.5) else ""
    return loop_body(draft, f"{begin} .. {end}", ("index",), first=first)


# What reads an item of a table by the index of its row.
READ = {
    "width": "conv(ITEM + {0}, 1)",
    "count": "{{ conv(ITEM, 1) -> bn }} * ITEM",
    "flag": "{{ if ITEM {{ relu }} }}",
    "kernel": "max_pool(ITEM, stride = 1, pad = same)",
    "mode": '{{ if ITEM == "relu" {{ relu }} else if ITEM == "swish" {{ swish }} }}',
    "widths": "conv(ITEM[0], 1) -> conv(sum(ITEM) % 7 + 1, 1)",
}


def tables(draft: Draft) -> list[tuple[str, Table]]:
    return [(n, kind) for n, kind in draft.scope.values.items() if isinstance(kind, Table)]


@STATEMENTS.enter(5, lambda draft: draft.nests() and bool(tables(draft)))
def loop_over_table(draft: Draft) -> list[str]:
    """Its rows unpacked, whole, or by their index."""
    name, table = draft.random.choice(tables(draft))
    way = draft.pick("unpacked", "unpacked", "whole", "index")
    with draft.lock(name):
        if way == "unpacked":
            return loop_body(draft, name, table.columns)
        if way == "whole":
            return loop_body(draft, name, (Row(table.columns),))
        column = draft.number(0, len(table.columns) - 1)
        first = READ[table.columns[column]].replace("ITEM", f"{name}[{{0}}][{column}]")
        return loop_body(draft, f"0 .. len({name})", ("index",), 0, first=first)


@STATEMENTS.enter(1, Draft.nests)
def read_behind_loop(draft: Draft) -> list[str]:
    """The last item of a list that is not empty, and what the last round has bound."""
    lines = loop_body(draft, constant(draft, "widths"), ("width",), 0)
    variable = lines[0].split()[1]
    name, number = draft.fresh(*TENSORS), draft.fresh(*VALUES)
    lines[-1:] = [f"{name} = conv({variable} + 1, 1)", f"let {number} = here.channels + 1", "}"]
    draft.scope.values |= {variable: "width", number: "width"}
    draft.scope.tensors[name] = draft.scope.size or 0
    return [*lines, f"{name} -> conv({variable} + {number} % 5, 1)"]


# --- stages and heads -----------------------------------------------------------------


def stands_in_model(draft: Draft) -> bool:
    return draft.flat and draft.nests()


@STATEMENTS.enter(12, stands_in_model)
def stage(draft: Draft) -> list[str]:
    name = draft.fresh(*STAGES)
    draft.flat = False
    lines = body(draft, 1, 2)
    draft.flat = True
    if not draft.numbered and draft.scope.size is not None:
        draft.scope.tensors[name] = draft.scope.size
    return [f"stage {name} {{", *lines, "}"]


@STATEMENTS.enter(5, stands_in_model)
def aux(draft: Draft) -> list[str]:
    """A head of blocks, loops and names of its own."""
    name = draft.fresh(*HEADS)
    endpoints, strides = draft.endpoints, draft.strides
    with draft.branch(), draft.own_scope():
        draft.endpoints, draft.numbered, numbered = False, False, draft.numbered
        lines = body(draft, 0, 2)
        if callable_blocks(draft):
            lines.append(chain(draft, 2))
        draft.scope.size = None
        lines.append(f"{to_vector(draft)} -> {vector(draft)} -> dense(classes)")
    draft.endpoints, draft.strides, draft.numbered = endpoints, strides, numbered
    weight = draft.pick("", "(weight = 0.4)", "(1)")
    rates = known(draft, "rate")
    if rates and draft.chance(0.5):
        weight = f"({draft.pick(*rates)})"
    return [f"aux {name}{weight} {{", *lines, "}"]


@STATEMENTS.enter(2, lambda draft: stands_in_model(draft) and not draft.repeats)
def ladder(draft: Draft) -> list[str]:
    """Endpoints of a loop that are read behind it, by their numbers."""
    name = draft.fresh("down", "level", "c", "stage_")
    filters = constant(draft, "widths")
    width, like = draft.fresh("f", "filters"), draft.fresh("now", "flow")
    change = "relu"
    if draft.strides:
        with draft.inside(strides=True, repeats=True):
            change = resizing(draft)
        draft.resize()
    inner = f"stage {name} {{ conv({width}, 3) -> {change} }}"
    if draft.chance(0.4):
        inner = f"conv({width}, 3) -> {change} as {name}"
    back = f"add [ here, {fit(draft, f'{name}1', like)} -> conv({like}.channels, 1) ]"
    return [f"for {width} in {filters} {{", inner, "}", f"{like} = here", back]


@STATEMENTS.enter(2)
def repeated_group(draft: Draft) -> list[str]:
    """A repetition of a body that names things: each round has a scope of its own."""
    name, count = draft.fresh(*TENSORS), repetition(draft)
    with draft.keeping(), draft.inside(strides=False, repeats=True), draft.own_scope():
        inner = chain(draft, 2)
    last = draft.pick(f"concat [ {name}, here -> conv(2, 1) ]", f"add [ {name}, {name} ]")
    return [f"{{\n{name} = {inner}\n{last}\n}} * {count}"]
