"""Several tensors under one name: item lists, packs, and blocks that get or give several."""

from __future__ import annotations

from tests.writing.chains import branch
from tests.writing.draft import Draft
from tests.writing.expressions import condition, constant, value
from tests.writing.grammar import BLOCKS, ELEMENTS, STATEMENTS, chain
from tests.writing.layers import activation, norm

PACKS = "xs skips features branches self nnx all levels list out jnp append".split()
COUNTERS = "i j k level n index s".split()
DEEPEST = 2  # loops and choices of items in each other


def items(draft: Draft, filters: str, depth: int = 0) -> list[str]:
    """Items that each give any number of tensors of `filters` channels and the flow's size."""
    found: list[str] = []
    for _ in range(draft.number(1, 3)):
        way = draft.pick("chain", "chain", "for", "if") if depth < DEEPEST else "chain"
        if way == "chain":
            found.append(f"{branch(draft)} -> conv({filters}, 1)")
        elif way == "if":
            text = f"if {condition(draft)} {{ {inside(draft, filters, depth)} }}"
            if draft.chance(0.3):
                text += f" else if {condition(draft)} {{ {inside(draft, filters, depth)} }}"
            if draft.chance(0.5):
                text += f" else {{ {inside(draft, filters, depth)} }}"
            found.append(text)
        else:
            found.append(item_loop(draft, filters, depth))
    return found


def inside(draft: Draft, filters: str, depth: int) -> str:
    """The items of a choice or a loop."""
    return ", ".join(items(draft, filters, depth + 1)[:2])


def item_loop(draft: Draft, filters: str, depth: int) -> str:
    with draft.own_scope():
        draft.repeats += 1
        name = draft.fresh(*COUNTERS)
        draft.scope.values[name] = "width"
        walked, first = constant(draft, "widths"), f"conv({name}, 1) -> conv({filters}, 1)"
        targets = name
        if draft.chance(0.3):
            place = draft.fresh(*COUNTERS)
            targets, walked = f"{place}, {name}", f"enumerate({walked})"
            draft.scope.values[place] = "index"
            first = f"conv({name} + {place}, 1) -> {activation(draft)} -> conv({filters}, 1)"
        elif draft.chance(0.4):
            draft.scope.values[name] = "index"
            walked = f"0 .. {draft.number(0, 3)}"
            first = f"conv({name} + 1, 2 * {name} + 1) -> {norm(draft)} -> conv({filters}, 1)"
        if draft.chance(0.5) or depth + 1 >= DEEPEST:
            text = first
        else:
            text = f"{first}, {inside(draft, filters, depth)}"
        draft.repeats -= 1
    return f"for {targets} in {walked} {{ {text} }}"


def some(draft: Draft, filters: str) -> list[str]:
    """An item list that is never empty."""
    found = items(draft, filters)
    found.insert(draft.number(0, len(found)), f"{branch(draft)} -> conv({filters}, 1)")
    return found


@ELEMENTS.enter(3, Draft.nests)
def merge_of_items(draft: Draft) -> str:
    draft.depth += 1
    filters = value(draft, "width", steady=True)
    kind = draft.pick("add", "concat", "concat", "mul", "maximum", "minimum")
    with draft.keeping(), draft.lock(filters):
        held = some(draft, filters)
    draft.depth -= 1
    last = f" -> conv({filters}, 1)" if kind == "concat" else ""
    return f"{kind} [ {', '.join(held)} ]{last}"


# --- packs ----------------------------------------------------------------------------


def merged(draft: Draft, pack: str, filters: str) -> list[str]:
    """Lines that make one tensor of a pack which is not empty."""
    counter, other = draft.fresh(*COUNTERS), draft.fresh(*PACKS)
    joined = draft.pick("add", "concat", "mul", "maximum")
    return draft.random.choice(
        [
            [f"{joined} {pack} -> conv({filters}, 1)"],
            [f"{pack}[0] -> {activation(draft)}"],
            [f"add [ {pack}[-1], {pack}[len({pack}) - 1] -> {norm(draft)} ]"],
            [f"concat [ here, {pack}.. ] -> conv({filters}, 1)"],
            [f"add [ {pack}.., {pack}[0] -> conv({pack}[0].channels, 3) ]"],
            [f"concat {pack}[0 .. len({pack})] -> conv({filters}, 1)"],
            [f"concat {pack}[0 .. 1] -> conv({pack}[-1].channels + len({pack}), 1)"],
            [
                f"{pack}[0] -> relu",
                f"for {counter} in 0 .. len({pack}) {{",
                f"concat [ {pack}[-1 - {counter}], here ] -> conv({filters}, 1)",
                "}",
            ],
            [
                f"{other} = []",
                f"for {counter} in 0 .. len({pack}) {{",
                f"{other} = [ {pack}[{counter}] -> conv({filters}, 1), {other}.. ]",
                "}",
                f"concat {other} -> conv({filters}, 1)",
            ],
            [
                f"add [ for {counter} in 0 .. len({pack}) {{",
                f"{pack}[{counter}] -> conv({filters}, 1) -> {activation(draft)}",
                "} ]",
            ],
            [f"{other} = [ {pack}.., here -> conv({filters}, 1) ]", f"add {other} -> relu"],
        ]
    )


@STATEMENTS.enter(3, Draft.nests)
def pack(draft: Draft) -> list[str]:
    """A list of tensors of one size, merged or looked into."""
    draft.depth += 1
    filters, name = value(draft, "width", steady=True), draft.fresh(*PACKS)
    with draft.keeping(), draft.lock(filters):
        held = some(draft, filters)
    draft.depth -= 1
    return [f"{name} = [ {', '.join(held)} ]", *merged(draft, name, filters)]


@STATEMENTS.enter(3, Draft.nests)
def growing_pack(draft: Draft) -> list[str]:
    """A pack that a loop makes longer."""
    draft.depth += 1
    filters, name = value(draft, "width", steady=True), draft.fresh(*PACKS)
    counter = draft.fresh(*COUNTERS)
    begins = draft.pick("", f" here -> conv({filters}, 1) ")
    rounds = str(draft.number(0 if begins else 1, 3))
    with draft.keeping(), draft.lock(filters), draft.inside(strides=False, repeats=True):
        draft.scope.values[counter] = "index"
        text = chain(draft, 2)
    grown = draft.pick(
        f"{name} = [ {name}.., here ]",
        f"{name} = [ here, {name}.. ]",
        f"if {condition(draft)} {{ {name} = [ {name}.., here ] }}"
        f" else {{ {name} = [ here, here ] }}",
    )
    draft.depth -= 1
    lines = [f"{name} = [{begins}]", f"for {counter} in 0 .. {rounds} {{"]
    lines += [f"{text} -> conv({filters}, 1)", grown, "}"]
    return [*lines, *merged(draft, name, filters)]


# --- blocks ---------------------------------------------------------------------------


@BLOCKS.enter(3)
def block_of_packs(draft: Draft) -> list[str]:
    """A block that gets a pack and gives one or several results, and one that hands it on."""
    draft.strides = False
    name = f"packed_{len(draft.packing)}"
    given, gives = draft.pick("xs", "self", "features"), draft.pick("one", "pack", "both", "two")
    filters = "filters"
    draft.scope.values[filters] = "width"
    made = draft.fresh("ys", "zs", "made")
    counter = draft.fresh(*COUNTERS)
    draft.names |= {given, filters}
    body = draft.random.choice(
        [
            [f"{made} = [ {given}.., here -> conv({filters}, 1) ]"],
            [
                f"{made} = []",
                f"for {counter} in 0 .. len({given}) {{",
                f"y = {given}[{counter}] -> conv({filters}, 3) -> {activation(draft)}",
                f"{made} = [ {made}.., y ]",
                "}",
            ],
            [f"{made} = [ for {counter} in 0 .. len({given}) {{ {given}[{counter}] -> bn }} ]"],
            [f"{made} = {given}"],
        ]
    )
    ends = {
        "one": f"concat {made} -> conv({filters}, 1)",
        "pack": f"return {made}",
        "both": f"return {made}, here -> conv({filters}, 1)",
        "two": f"return {made}[0] -> conv({filters}, 1), {made}[-1]",
    }
    draft.packing.append((name, gives, draft.ranks))
    return [f"block {name}({given}, {filters}) {{", *body, ends[gives], "}"]


def packing(draft: Draft) -> list[tuple[str, str]]:
    """The blocks of packs that take what arrives."""
    return [(name, gives) for name, gives, ranks in draft.packing if set(draft.ranks) <= set(ranks)]


@STATEMENTS.enter(6, lambda draft: draft.nests() and bool(packing(draft)))
def use_of_a_block_of_packs(draft: Draft) -> list[str]:
    draft.depth += 1
    block, gives = draft.random.choice(packing(draft))
    filters, name = value(draft, "width", steady=True), draft.fresh(*PACKS)
    with draft.keeping(), draft.lock(filters):
        held = some(draft, filters)
    draft.depth -= 1
    lines = [f"{name} = [ {', '.join(held)} ]"]
    handed = draft.pick(name, name, f"{name}[0 .. 1]")
    call = f"{block}({handed}, {filters})"
    one, other = draft.fresh("one", "low", "a"), draft.fresh("rest", "b", "high")
    if gives == "one":
        return [*lines, call]
    if gives == "pack":
        return [*lines, f"{other} = {call}", f"concat {other} -> conv({filters}, 1)"]
    if gives == "both":
        dropped = draft.pick("_", other)
        used = [f"add [ {one}, {one} ]"] if dropped == "_" else []
        used = used or [f"concat [ {other}.., {one} ] -> conv({filters}, 1)"]
        return [*lines, f"{dropped}, {one} = {call}", *used]
    return [
        *lines,
        f"{one}, {other} = here -> {call}",
        f"concat [ {one}, {other} ] -> conv({filters}, 1)",
    ]
