"""Elements of chains: ops, calls, groups, merges and repetitions."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import arguments, condition, constant, known, value
from tests.writing.grammar import ELEMENTS, LAYERS, body, braced, chain, element
from tests.writing.kinds import Block
from tests.writing.layers import activation, conv, resizing


def callable_blocks(draft: Draft) -> list[Block]:
    blocks = [block for block in draft.blocks if not block.vectors and draft.takes(block)]
    return [block for block in blocks if draft.strides or not block.strides]


def call(draft: Draft, block: Block) -> str:
    given = arguments(draft, block.parameters)
    if block.strides:
        draft.resize()
    return f"{block.name}({', '.join(given)})" if given else block.name


def bracketed(text: str) -> str:
    """What may stand beside `..`, or as the count of a repetition."""
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def repetition(draft: Draft) -> str:
    """The count of a repetition."""
    count = value(draft, draft.pick("times", "count"), steady=True)
    return bracketed(count)


@ELEMENTS.enter(6)
def layer(draft: Draft) -> str:
    return LAYERS.write(draft)


@ELEMENTS.enter(3, lambda draft: draft.strides)
def resized(draft: Draft) -> str:
    return resizing(draft)


@ELEMENTS.enter(12, lambda draft: bool(callable_blocks(draft)))
def called_block(draft: Draft) -> str:
    return call(draft, draft.random.choice(callable_blocks(draft)))


@ELEMENTS.enter(4, lambda draft: bool(draft.scope.of("layer")))
def held_layer(draft: Draft) -> str:
    return f"here -> {draft.random.choice(draft.scope.of('layer'))}"


# --- groups ---------------------------------------------------------------------------


@ELEMENTS.enter(3, Draft.nests)
def group(draft: Draft) -> str:
    with draft.own_scope():
        return braced(body(draft, 1, 2))


@ELEMENTS.enter(2, lambda draft: draft.nests() and bool(draft.scope.values))
def group_of_same_names(draft: Draft) -> str:
    """Binds names of the body around to something else, by `let`, by `for` or as tensors."""
    name = draft.random.choice(list(draft.scope.values))
    tensors = [t for t in draft.scope.tensors if t != "in"]
    with draft.own_scope():
        draft.scope.values.pop(name)
        draft.depth += 1
        kind = draft.pick("width", "flag", "kernel")
        lines = [f"let {name} = {constant(draft, kind)}"]
        loops = draft.chance(0.4)
        if loops:
            kind = "width"
            lines = [f"for {name} in {constant(draft, 'widths')} {{"]
        draft.scope.values[name] = kind
        if tensors and draft.chance(0.5) and not draft.strides:
            tensor = draft.random.choice(tensors)
            with draft.branch():
                lines.append(f"{tensor} = {conv(draft)}")
            draft.scope.tensors[tensor] = draft.scope.size or 0
        used = {"width": f"conv({name}, 1)", "kernel": f"conv(2, {name})"}
        lines.append(used.get(kind, f"{{ if {name} {{ {activation(draft)} }} }}"))
        with draft.keeping(), draft.inside(strides=False, repeats=loops):
            lines += body(draft, 0, 1)
        draft.depth -= 1
        return braced([*lines, "}"] if loops else lines)


# --- merges ---------------------------------------------------------------------------


def branch(draft: Draft) -> str:
    """A chain for a merge, perhaps from a tensor that fits."""
    with draft.branch():
        fitting = draft.scope.fitting()
        starts = [draft.pick(*fitting)] if fitting and draft.chance(0.4) else []
        return " -> ".join([*starts, element(draft)])


@ELEMENTS.enter(5, Draft.nests)
def merge(draft: Draft) -> str:
    draft.depth += 1
    kind = draft.pick("add", "concat", "concat", "mul")
    filters = value(draft, "width", steady=True)
    with draft.keeping(), draft.lock(filters):
        items = [branch(draft) for _ in range(draft.number(1, 3))]
    if kind == "concat":
        grown = draft.repeats > 1
        items = [f"{item} -> conv(2, 1)" for item in items] if grown else items
        items.insert(draft.number(0, len(items)), draft.pick("here", *draft.scope.fitting()))
    else:
        items = [f"{item} -> conv({filters}, 1)" for item in items]
    if kind == "mul":
        items.append(f"global_avg_pool(keep = true) -> conv({filters}, 1) -> sigmoid")
    draft.depth -= 1
    if kind == "concat" and draft.repeats > 1:
        return f"concat [ {', '.join(items)} ] -> conv({filters}, 1)"
    return f"{kind} [ {', '.join(items)} ]"


@ELEMENTS.enter(2, Draft.nests)
def residual(draft: Draft) -> str:
    """The shortcut is projected only where it has to be, or always, or padded."""
    name = draft.fresh("y", "residual", "self", "next", "out")
    way = draft.pick("shortcut", "projected", "padded")
    draft.depth += 1
    with draft.own_scope(), draft.keeping():
        if way == "shortcut":
            draft.scope.tensors[name] = draft.scope.size or 0
        path = chain(draft, 2)
    draft.depth -= 1
    first = f"{name} = {'here' if way == 'shortcut' else path}"
    if way == "shortcut":
        lines = [first, f"add [ {name}, {path} -> conv({name}.channels, 1) ]"]
    elif way == "projected":
        test = f"here.channels != {name}.channels"
        lines = [first, f"add [ {name}, {{ if {test} {{ conv({name}.channels, 1) }} }} ]"]
    else:
        total = draft.fresh("total", "most")
        lines = [
            first,
            f"let {total} = max(here.channels, {name}.channels)",
            f"add [ pad_channels({total}), {name} -> pad_channels({total}) ]",
        ]
    return braced(lines)


@ELEMENTS.enter(1)
def excitation(draft: Draft) -> str:
    squeezed = value(draft, "width", steady=True)
    gate = draft.pick("sigmoid", "hard_sigmoid")
    ones = ", ".join(["1"] * (draft.rank or 1))
    squeezing = (
        f"{{\ny = here\nmul [ global_avg_pool -> dense({squeezed}) -> swish -> dense(y.channels)"
        f" -> {gate} -> reshape([{ones}, y.channels]), y ]\n}}"
    )
    return draft.pick(
        f"{{\ny = here\nmul [ here, global_avg_pool(keep = true) -> conv({squeezed}, 1) -> relu"
        f" -> conv(y.channels, 1) -> {gate} ]\n}}",
        *([squeezing] if draft.rank else []),
        f"mul [ here, {gate} ]",
    )


@ELEMENTS.enter(2, lambda draft: draft.strides)
def downsampling_merge(draft: Draft) -> str:
    draft.resize()
    filters = value(draft, "width", steady=True)
    stride = value(draft, "stride", steady=True)
    pooled = draft.pick("max_pool(3", "avg_pool(2", f"depthwise({value(draft, 'kernel')}")
    kind = draft.pick("add", "concat", "mul")
    first = f"conv({filters}, {value(draft, 'kernel')}, stride = {stride}) -> {activation(draft)}"
    return f"{kind} [ {first}, {pooled}, stride = {stride}, pad = same) -> conv({filters}, 1) ]"


# --- repetitions ----------------------------------------------------------------------


@ELEMENTS.enter(4, Draft.nests)
def repeated(draft: Draft) -> str:
    count = repetition(draft)
    with draft.inside(strides=draft.chance(0.3), repeats=True), draft.own_scope():
        what = group(draft) if draft.chance(0.4) else element(draft)
    if " -> " in what and not what.startswith("{"):
        what = f"{{ {what} }}"
    return f"{what} * {count}"


@ELEMENTS.enter(2)
def repeated_merge(draft: Draft) -> str:
    """Of what the block received, or of what arrives; in braces or not."""
    fits = draft.scope.tensors.get("in") == draft.scope.size
    kernels = ("1", "3", "1x3" if draft.maps else "3")
    kind, kernel = draft.pick("add", "mul", "concat"), draft.pick(*kernels)
    kind = "add" if draft.repeats > 1 else kind
    origin = "in" if fits and draft.chance(0.6) else "here"
    merged = f"{kind} [ {origin}, conv({origin}.channels, {kernel}) ]"
    if kind == "add" and origin == "in" and draft.chance(0.3):
        merged = f"add [ in -> {activation(draft)}, conv(in.channels, {kernel}), in ]"
    if draft.chance(0.3):
        merged = f"{{ {merged} -> {activation(draft)} }}"
    elif draft.chance(0.6):
        merged = f"{{ {merged} }}"
    return f"{merged} * {repetition(draft)}"


@ELEMENTS.enter(1)
def repeated_reference(draft: Draft) -> str:
    """Naming a tensor again and again gives that tensor."""
    return f"{draft.pick('here', *draft.scope.fitting())} * {repetition(draft)}"


@ELEMENTS.enter(1)
def nested_repetitions(draft: Draft) -> str:
    inner = draft.pick("here.channels + 1", value(draft, "width", steady=True))
    text = f"conv({inner}, {value(draft, 'kernel')}) -> {activation(draft)}"
    counts = [repetition(draft) for _ in range(draft.number(2, 3))]
    if draft.repeats:  # for the size of the network
        counts = [draft.pick("1", "0", "2"), "1"]
    for count in counts:
        text = f"{{ {text}{draft.pick('', ' -> relu', ' -> bn')} }} * {count}"
    return text


# --- conditions -----------------------------------------------------------------------


@ELEMENTS.enter(2)
def activation_by_name(draft: Draft) -> str:
    modes = known(draft, "mode")
    asked = draft.pick(*modes) if modes else ""
    tests = [f'{asked} == "relu"', f'{asked} == "‹b0›" or {asked} == "swish"']
    if not modes:
        tests = [condition(draft), condition(draft)]
    arms = [f"if {tests[0]} {{ relu }} else if {tests[1]} {{ {activation(draft)} }}"]
    if draft.chance(0.5):
        arms.append(f"else {{ {draft.pick('prelu', 'tanh', '')} }}")
    return f"{{ {' '.join(arms)} }}"
