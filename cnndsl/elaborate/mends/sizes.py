"""Maps that do not meet: the way up of a decoder, and shortcuts around what changes the map."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.elaborate.mends.channels import asserted_shapes
from cnndsl.elaborate.mends.mend import LIKELY, POSSIBLE, Mend, holds
from cnndsl.ops import ACTIVATIONS
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_OF_MERGES = ("E301", "E302", "E303")
_POOLS = ("max_pool", "avg_pool")
_NEAR = 4  # of a size that much less is what halvings of odd sizes leave
_BEFORE_PAD = 4  # the place of `pad` among the arguments of a convolution
_SIZE = re.compile(r"(\d+) x (\d+) x \d+$")


def upwards(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`conv_transpose(32, 3)` in front of a merge, without the stride that enlarges its map."""
    if first.code not in _OF_MERGES or first.primary is None:
        return
    sizes = [_SIZE.match(label.text) for label in first.labels]
    sides = sorted({int(found[1]) for found in sizes if found})
    if len(sides) != 2 or sides[1] % sides[0]:
        return
    factor, place = sides[1] // sides[0], first.primary.span
    calls = [
        node
        for node in nodes
        if isinstance(node, ast.Apply)
        and node.name == "conv_transpose"
        and node.args
        and not any(argument.name == "stride" for argument in node.args)
        and sum(argument.name is None for argument in node.args) < 3
    ]
    near = sorted(calls, key=lambda call: abs(call.span.start - place.start))
    for call in near[:2]:
        end = call.span.end - 1
        fix = Fix(Span(call.span.source, end, end), f", stride = {factor}")
        yield Mend(LIKELY, (fix,), "without a stride it does not enlarge its map")


def enlarged(first: Diagnostic) -> Iterator[Mend]:
    """`add [ lateral, top ]` of two levels of a pyramid, the upper one not enlarged."""
    if first.code not in _OF_MERGES:
        return
    sized = [(label.span, found) for label in first.labels if (found := _SIZE.match(label.text))]
    sides = sorted({int(found[1]) for _, found in sized})
    if len(sides) != 2 or sides[1] % sides[0]:
        return
    factor = sides[1] // sides[0]
    for span, found in sized:
        if int(found[1]) == sides[0] and span.text.isidentifier() and span.text != "in":
            fix = Fix(span, f"{span.text} -> upsample({factor})")
            yield Mend(POSSIBLE, (fix,), "the smaller map is enlarged first")


def lateral(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`add [ c4, p5 -> upsample(2) ]`, of a level that has other channels than the pyramid."""
    shapes = {each.span: each.text.split(" x ") for each in first.labels if _SIZE.match(each.text)}
    if first.code != "E301" or len(shapes) != 2 or len({tuple(s[:2]) for s in shapes.values()}) > 1:
        return
    for span, (*_, channels) in zip(shapes, reversed(shapes.values()), strict=True):
        said = [
            node.name
            for node in nodes
            if isinstance(node, ast.Parameter) and node.default is not None
            if node.default.span.text == channels and "class" not in node.name
        ]
        for filters in [*said, channels] if _is_named(span) else ():
            fix = Fix(span, f"{span.text} -> conv({filters}, 1)")
            yield Mend(POSSIBLE, (fix,), "a 1x1 convolution gives it the other's channels")


def _is_named(span: Span) -> bool:
    """Whether a branch is a tensor by its name alone."""
    return span.text.isidentifier() and span.text not in ("here", "in")


def behind_pools(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`stage down { conv(32, 3) -> max_pool(2) }` as the skip of a U-Net: it stands before the
    pool. That pool alone, or all that end a stage or what has a name.
    """
    if first.code not in _OF_MERGES:
        return
    sized = {label.span.text for label in first.labels if _SIZE.match(label.text)}
    named = [node for node in nodes if isinstance(node, ast.Stage | ast.Run)]
    found = [(node.name, edits) for node in named if (edits := _pool_taken_out(node))]
    mine = [edits for name, edits in found if name in sized]
    for some in (mine, [edits for _, edits in found]):
        fixes = tuple(fix for edits in some for fix in edits)
        yield Mend(LIKELY, fixes if mine else (), "a skip is what stands before the pool")


def _pool_taken_out(node: ast.Stage | ast.Run) -> tuple[Fix, ...]:
    """The edits that write the pool at the end of a stage, or of a named chain, below it."""
    if isinstance(node, ast.Stage):
        last = node.body.statements[-1] if node.body.statements else None
        chain = last.chain if isinstance(last, ast.Run) and last.name is None else None
    else:
        chain = node.chain if isinstance(node, ast.Run) and node.name else None
    if chain is None or len(chain.elements) < 2 or node.shape is not None:
        return ()
    *_, before, pool = chain.elements
    if not isinstance(pool, ast.Apply) or pool.name not in _POOLS:
        return ()
    source = node.span.source
    indent = source.text[source.text.rfind("\n", 0, node.span.start) + 1 : node.span.start]
    if indent.strip():
        return ()
    below = Span(source, node.span.end, node.span.end)
    gone = Span(source, before.span.end, pool.span.end)
    return Fix(gone, ""), Fix(below, f"\n{indent}{pool.span.text}")


def backwards(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`skips[level]` on the way up, where the last one has the size that fits first."""
    if first.code not in _OF_MERGES:
        return
    spans = [label.span for label in first.labels if not label.text.startswith("in this")]
    for node in nodes:
        if not isinstance(node, ast.For) or len(node.targets) != 1:
            continue
        name = node.targets[0]
        for inner in walk(node.body):
            picked = isinstance(inner, ast.Pick) and inner.place.index.span.text == name
            if isinstance(inner, ast.Pick) and picked and any(holds(s, inner.span) for s in spans):
                fix = Fix(inner.place.index.span, f"-1 - {name}")
                yield Mend(LIKELY, (fix,), "the last one comes first on the way back")


def unless_changed(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`add [ in, here ]` in a block of which some instances keep the shape, and some do not."""
    if first.code != "E301" or first.primary is None:
        return
    place = first.primary.span
    block = next((n for n in nodes if isinstance(n, ast.Block) and holds(n.span, place)), None)
    calls = [n for n in nodes if block and isinstance(n, ast.Apply) and n.name == block.name]
    if block is None or len(calls) < 2:
        return
    for node in block.body.statements:
        if not isinstance(node, ast.Run) or not holds(node.span, place) or node.name or node.shape:
            continue
        merge = node.chain.elements[0] if node.chain.elements else None
        if not isinstance(merge, ast.Merge) or merge.name != "add":
            continue
        if {item.span.text for item in merge.items} != {"in", "here"}:
            continue
        source, behind = node.span.source, node.span.source.text[merge.span.end : node.span.end]
        begin = source.text.rfind("\n", 0, node.span.start) + 1
        indent = source.text[begin : node.span.start]
        text = f"if in.shape == here.shape {{ {merge.span.text} }}"
        tail = behind.strip().removeprefix("->").strip()
        if tail.startswith(ACTIVATIONS) or _is_active(block, node):
            yield from _projected(block, merge)
        if indent.strip() or "\n" in merge.span.text:
            continue
        text += f"\n{indent}{tail}" if tail else ""
        why = "only what keeps its shape has a shortcut"
        yield Mend(POSSIBLE, (Fix(node.span, text),), why)


def _is_active(block: ast.Block, node: ast.Run) -> bool:
    """Whether an activation runs in the line below, as in residual networks."""
    statements = list(block.body.statements)
    place = next((i for i, each in enumerate(statements) if each is node), len(statements))
    below = statements[place + 1 : place + 2]
    return bool(below) and below[0].span.text.startswith(ACTIVATIONS)


def _projected(block: ast.Block, merge: ast.Merge) -> Iterator[Mend]:
    """The shortcut of a residual network: a 1x1 convolution where the shape changes."""
    calls = [n for n in walk(block.body) if isinstance(n, ast.Apply) and n.name == "conv"]
    calls = [call for call in calls if call.args and call.args[0].name is None]
    strides = [a.value.span.text for c in calls for a in c.args or () if a.name == "stride"]
    if not calls or len(set(strides)) > 1:
        return
    filters = calls[-1].args[0].value.span.text if calls[-1].args else ""
    step = f", stride = {strides[0]}" if strides else ""
    condition = f"in.channels != {filters}"
    if strides:
        condition = f"{strides[0]} != 1 or {condition}"
    text = f"in -> {{ if {condition} {{ conv({filters}, 1{step}, bias = false) -> bn }} }}"
    for item in merge.items:
        if item.span.text == "in":
            why = "a shortcut is projected where the shape changes"
            yield Mend(LIKELY, (Fix(item.span, text),), why)


def resized(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`upsample(2)` of a map that was halved from an odd size, beside what it was halved from."""
    if first.code not in _OF_MERGES or first.primary is None:
        return
    sized = [label for label in first.labels if _SIZE.match(label.text)]
    sides = sorted({int(found[1]) for label in sized if (found := _SIZE.match(label.text))})
    if len(sides) != 2 or (sides[1] - sides[0]) * _NEAR > sides[0]:
        return
    others = [label.span.text for label in sized if label.span.text.isidentifier()]
    others = [name for name in others if name not in ("here", "in")]
    place = first.primary.span
    calls = [n for n in nodes if isinstance(n, ast.Apply) and n.name == "upsample"]
    near = [call for call in calls if call.span.start < place.start or _is_in(call, sized)]
    for call in near[-1:]:
        for name in others[-1:]:
            why = f"what an odd size was halved to comes back to it by the size of `{name}`"
            yield Mend(LIKELY, (Fix(call.span, f"resize({name})"),), why, reveals=True)


def _is_in(call: ast.Apply, labels: Sequence[Label]) -> bool:
    return any(holds(label.span, call.span) for label in labels)


def unpadded(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Convolutions as PyTorch and LeNet have them, none of which pads."""
    if first.code != "E305":
        return
    calls = [n for n in nodes if isinstance(n, ast.Apply) and n.name in ("conv", "depthwise")]
    plain = [c for c in calls if c.args and not any(a.name == "pad" for a in c.args)]
    large = [c for c in plain if len(c.args or ()) > 1 and c.args and c.args[1].span.text != "1"]
    large = [c for c in large if sum(a.name is None for a in c.args or ()) < _BEFORE_PAD]
    ends = [shape.span.end for shape in asserted_shapes(nodes)]
    known = [c for c in large if c.span.end <= max(ends, default=0)]  # nothing is said behind
    flat = any(isinstance(n, ast.Apply) and n.name == "flatten" for n in nodes)
    for some in (known, large if flat else known):
        pads = [
            Fix(Span(c.span.source, c.span.end - 1, c.span.end - 1), ", pad = valid") for c in some
        ]
        if len(pads) > 1:
            yield Mend(LIKELY, tuple(pads), "a convolution pads unless it says otherwise")


def kept(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`max_pool(3, stride = 2)`, which pads only where it says so, beside what does."""
    if first.code != "E302":
        return
    edits: list[Fix] = []
    for label in first.labels:
        calls = [n for n in nodes if isinstance(n, ast.Apply) and holds(label.span, n.span)]
        found = [fix for call in calls if (fix := _padded(call))]
        if not label.text.startswith("in this") and len(found) == 1:
            edits += found
    for some in [*((edit,) for edit in edits), tuple(edits)]:
        yield Mend(POSSIBLE, some, "a window that pads keeps the size of the other branch")


def _padded(call: ast.Apply) -> Fix | None:
    """What makes a call pad that does not."""
    args = call.args or ()
    said = next((each.value.span for each in args if each.name == "pad"), None)
    if said is not None:
        return Fix(said, "same") if said.text == "valid" else None
    if call.name not in _POOLS or not args or args[-1].name != "stride":
        return None
    end = args[-1].span.end
    return Fix(Span(call.span.source, end, end), ", pad = same")


def cropped(first: Diagnostic) -> Iterator[Mend]:
    """`concat [ skip, here ]` of a U-Net whose convolutions do not pad: the larger map is cut."""
    sized = [(each.span, found) for each in first.labels if (found := _SIZE.match(each.text))]
    if first.code != "E302" or len(sized) != 2:
        return
    small, large = sorted(sized, key=lambda pair: int(pair[1][1]))
    lost = [int(large[1][axis]) - int(small[1][axis]) for axis in (1, 2)]
    if lost[0] == lost[1] and not lost[0] % 2 and int(large[1][1]) < 2 * int(small[1][1]):
        fix = Fix(Span(large[0].source, large[0].end, large[0].end), f" -> crop({lost[0] // 2})")
        yield Mend(POSSIBLE, (fix,), "the larger map is cut to the size of the other", reveals=True)
