"""Where things stand: a `flatten` too early, places counted from one, and sums of nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.calls import without
from cnndsl.elaborate.mends.mend import LIKELY, POSSIBLE, Mend, holds
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_WIDENS = ("conv", "separable", "conv_transpose")


def flattened(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`flatten` in front of convolutions, which want a map; it belongs before the first `dense`."""
    wanted = first.code == "E304" and "feature map, not a vector" in first.message
    if first.primary is None or not wanted:
        return
    place = first.primary.span
    calls = [n for n in nodes if isinstance(n, ast.Apply)]
    early = [c for c in calls if c.name == "flatten" and c.span.end <= place.start]
    if not early:
        return
    gone = _without(early[-1])
    behind = [c for c in calls if c.name == "dense" and c.span.start > place.start]
    why = "only what is no map any more is flat: `flatten` stands before the first `dense`"
    if behind:
        start = min(call.span.start for call in behind)
        moved = Fix(Span(place.source, start, start), "flatten -> ")
        yield Mend(LIKELY, (gone, moved), why)
    yield Mend(LIKELY, (gone,), "what was made flat before it has no height and width")


def _without(call: ast.Apply) -> Fix:
    """A layer taken out of its chain, or with its line."""
    text, source = call.span.source.text, call.span.source
    if behind := re.compile(r"[ \t]*->[ \t\n]*").match(text, call.span.end):
        return Fix(Span(source, call.span.start, behind.end()), "")
    before = re.search(r"[ \t\n]*->[ \t]*$", text[max(0, call.span.start - 200) : call.span.start])
    if before:
        return Fix(Span(source, call.span.start - len(before[0]), call.span.end), "")
    begin = text.rfind("\n", 0, call.span.start) + 1
    end = text.find("\n", call.span.end)
    is_line = text[begin : len(text) if end < 0 else end].strip() == call.span.text
    return Fix(Span(source, begin, end + 1) if is_line and end >= 0 else call.span, "")


def otherwise(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`h = conv(64, 3)`, and `if fits { add [ h, here ] }`: nothing of `h` is left without."""
    if first.code not in ("E301", "E302", "E303", "E305"):
        return
    for node in nodes:
        statements = node.body.statements if isinstance(node, ast.Block) else ()
        binds = [each for each in statements if isinstance(each, ast.Bind)]
        last = statements[-1] if statements else None
        flows = any(isinstance(each, ast.Run) for each in statements)
        if isinstance(last, ast.If) and last.other is None and binds and not flows:
            name, end = binds[-1].name, last.span.end
            fix = Fix(Span(last.span.source, end, end), f" else {{ {name} }}")
            why = f"`{name}` is a name, and does not flow: what comes of it is said in both cases"
            yield Mend(LIKELY, (fix,), why)


def counted_from_one(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`widths[i]` in `for i in 1 .. 4`, of three widths: places are counted from 0."""
    if first.code != "E203" or first.primary is None:
        return
    place = first.primary.span
    for node in nodes:
        picked = node.index if isinstance(node, ast.Index) else node
        is_first = node.span.start == place.start and picked is not node
        if is_first and isinstance(picked, ast.Literal) and isinstance(picked.value, int):
            fix = Fix(picked.span, str(picked.value - 1))
            yield Mend(LIKELY, (fix,), "places are counted from 0")
        if not isinstance(node, ast.For) or not holds(node.span, place):
            continue
        if len(node.targets) != 1 or not isinstance(node.items, ast.Range):
            continue
        name, items = node.targets[0], node.items
        starts_at_one = items.start.span.text == "1"
        uses = [n for n in walk(node.body) if isinstance(n, ast.Index)]
        uses = [n for n in uses if n.index.span.text == name]
        used = re.findall(rf"\b{name}\b", node.body.span.text)
        stop = items.stop
        if starts_at_one and len(used) == len(uses):
            edits = [Fix(items.start.span, "0")]
            if isinstance(stop, ast.Literal) and isinstance(stop.value, int):
                edits.append(Fix(stop.span, str(stop.value - 1)))
                yield Mend(LIKELY, tuple(edits), "places are counted from 0")
        if starts_at_one:
            moved = tuple(Fix(n.index.span, f"{name} - 1") for n in uses)
            yield Mend(LIKELY, moved, "places are counted from 0")
        lengths = [n.base.span.text for n in uses if n.span.start == place.start]
        for base in lengths[:1]:
            fix = Fix(stop.span, f"len({base})")
            yield Mend(LIKELY, (fix,), "places are counted from 0, so that the last is one less")


def at_least_one(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`in.channels // ratio` of fewer channels than that: none are left."""
    if first.code != "E205" or first.primary is None or not first.message.endswith(", not 0"):
        return
    span = first.primary.span
    for node in nodes:
        exact = (node.span.start, node.span.end) == (span.start, span.end)
        if isinstance(node, ast.Binary) and exact and node.op == "//":
            why = "there are fewer channels than what divides them, and one has to be left"
            yield Mend(LIKELY, (Fix(span, f"max(1, {span.text})"),), why)


def common_groups(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`group_norm` of 48 channels, which its 32 groups do not divide."""
    found = re.match(r"(\d+) groups do not divide (\d+)", first.message)
    if found is None or first.primary is None:
        return
    groups = math.gcd(int(found[1]), int(found[2]))
    for node in nodes:
        if not isinstance(node, ast.Apply) or not holds(node.span, first.primary.span):
            continue
        args = node.args or ()
        of_conv = [a.value for a in args if a.name == "groups"]
        if of_conv and found[2] in ("1", "3") and isinstance(of_conv[0], ast.Literal):
            place = next(i for i, each in enumerate(args) if each.name == "groups")
            fix = without(args, place, node.span)
            why = "the few channels of an image are one group"
            yield Mend(POSSIBLE, (fix,) if fix else (), why, reveals=True)
        filters = node.args[0].value.span.text if node.args else ""
        for value in of_conv if node.name == "conv" else ():
            if isinstance(value, ast.Literal) and groups > 1 and filters.isdigit():
                common = math.gcd(groups, int(filters))
                why = f"{common} groups divide {found[2]} and {filters} channels"
                fixes = (Fix(value.span, str(common)),) if common > 1 else ()
                yield Mend(POSSIBLE, fixes, why, reveals=True)
            if not isinstance(value, ast.Literal) and value.span.text == filters:
                why = "as many groups as channels arrive"
                yield Mend(LIKELY, (Fix(value.span, "here.channels"),), why)
        if node.name != "group_norm" or groups < 2:
            continue
        said = next((a for a in node.args or () if a.name in (None, "groups")), None)
        if said is not None:
            yield Mend(LIKELY, (Fix(said.value.span, str(groups)),), _divides(groups, found[2]))
        elif not node.args:
            fix = Fix(node.span, f"group_norm({groups})")
            yield Mend(LIKELY, (fix,), _divides(groups, found[2]))


def _divides(groups: int, channels: str) -> str:
    return f"{groups} groups divide {channels} channels"


def widened(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`conv(f, 1)` at the end of one branch of an `add`, and `conv(4 * f, 1)` of the other."""
    if first.code != "E301":
        return
    ends: list[ast.Expr] = []
    for label in first.labels:
        if label.text.startswith("in this"):
            continue
        calls = [n for n in nodes if isinstance(n, ast.Apply) and holds(label.span, n.span)]
        wide = [c for c in calls if c.name in _WIDENS and c.args and c.args[0].name is None]
        ends += [c.args[0].value for c in wide[-1:] if c.args]
    texts = dict.fromkeys(end.span.text for end in ends)
    for text in sorted(texts, key=len, reverse=True):  # the product that one of them lacks
        for end in ends:
            if end.span.text != text and not isinstance(end, ast.Literal):
                why = "both branches have as many filters at their end"
                yield Mend(LIKELY, (Fix(end.span, text),), why)


def beside(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`add skip` of one tensor, which is added to what flows."""
    if first.code != "E141" or first.primary is None or "is a tensor" not in first.message:
        return
    for node in nodes:
        of_it = isinstance(node, ast.Merge) and holds(node.span, first.primary.span)
        if isinstance(node, ast.Merge) and of_it and "[" not in node.span.text:
            fix = Fix(node.span, f"{node.name} [ here, {first.primary.span.text} ]")
            yield Mend(LIKELY, (fix,), "branches are items in brackets")
