"""The small changes of a text after which it may say what its author meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from cnndsl.diagnostics import Fix
from cnndsl.elaborate.program import Program
from cnndsl.fixes import joined_fixes
from cnndsl.ops import OPS
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import below, walk

MOST = 200  # changes that are tried
_LONGEST = 60  # characters of what a note repeats
_COUNTED = ("conv", "depthwise", "separable", "conv_transpose", "dense")
_IMAGES = (1, 3, 4)  # channels
_SMALL = 40  # up to it a number in a list is a depth, and one more or fewer is likely


@dataclass(frozen=True)
class Change:
    """An edit, and how likely it is what was forgotten: the smaller `rank`, the likelier."""

    rank: int
    fix: Fix
    said: str = ""  # of several edits together

    @property
    def place(self) -> tuple[int, int, str]:
        """Where the edit is, and what it writes there."""
        return self.fix.span.start, self.fix.span.end, self.fix.text

    def note(self, name: str, figure: str) -> str:
        """`Net has exactly 1,234 parameters with `64` in place of `32` in line 3`."""
        span = self.fix.span
        if self.said:
            return f"{name} has exactly {figure} {self.said}"
        old, new = (" ".join(text.split()) for text in (span.text, self.fix.text))
        if new == "here":
            said = f"without `{_brief(old)}`"
        elif old:
            said = f"with `{_brief(new)}` in place of `{_brief(old)}`"
        else:
            said = f"with `{_brief(new.strip(', '))}` behind `{_brief(_before(span))}`"
        return f"{name} has exactly {figure} {said} in line {span.line}"


def changes(program: Program) -> list[Change]:
    """What may have been meant, the likelier first."""
    found: list[Change] = []
    for definition in program.spec.definitions:
        if isinstance(definition, ast.Block | ast.Model | ast.Variant):
            found += [*_unpadded(definition), *_of(definition)]
    found.sort(key=lambda change: change.rank)
    return found[:MOST]


def _unpadded(definition: ast.Named) -> Iterator[Change]:
    """`pad = valid` at all convolutions that say nothing of it, as Keras has them."""
    calls = [n for n in walk(definition) if isinstance(n, ast.Apply) and n.name in _COUNTED[:3]]
    edits: list[Fix] = []
    for call in calls:
        args, place = call.args or (), list(OPS[call.name].arguments()).index("pad")
        if args and len(args) <= place and not any(argument.name == "pad" for argument in args):
            end = args[-1].span.end
            edits.append(Fix(Span(call.span.source, end, end), ", pad = valid"))
    if edits:
        lines = ", ".join(dict.fromkeys(str(edit.span.line) for edit in edits))
        said = f"with `pad = valid`, Keras's default, at the convolutions (line {lines})"
        yield Change(3, joined_fixes(edits), said)


def _of(definition: ast.Named) -> Iterator[Change]:
    waiting: list[ast.Node] = [definition]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Expect() | ast.Train() | ast.Preprocess():
                continue
            case ast.Input(shape=shape):
                yield from _image(shape)
                continue
            case ast.For(items=ast.List() as rows) | ast.Let(value=ast.List() as rows):
                yield from _value(rows)
            case ast.Repeat(count=ast.Literal() as count):
                yield from _numbers(count, 2, deep=True)
            case ast.Parameter(name=name, default=default) if default and name != "classes":
                yield from _value(default)
            case ast.Variant(args=args):
                for argument in args:
                    yield from _value(argument.value)
            case ast.Apply():
                yield from _layer(node)
        waiting += reversed(below(node))


def _image(shape: ast.Expr) -> Iterator[Change]:
    items = shape.items if isinstance(shape, ast.List) else ()
    if len(items) != 3 or not isinstance(items[2], ast.Literal):
        return
    said = [item.span.text for item in items]
    texts = shape.span.text.split("x") if isinstance(shape, ast.List) and shape.size else said
    for channels in _IMAGES:
        if items[2].value != channels:
            new = [*texts[:2], str(channels)]
            is_size = isinstance(shape, ast.List) and shape.size
            text = "x".join(new) if is_size else f"[{', '.join(new)}]"
            yield Change(1, Fix(shape.span, text))


def _value(expr: ast.Expr) -> Iterator[Change]:
    """Another number in a default or in what an argument gives: a depth, a width."""
    match expr:
        case ast.Literal():
            deep = isinstance(expr.value, int) and expr.value <= _SMALL
            yield from _numbers(expr, 3 if deep else 4, deep=deep)
        case ast.List(items=items, size=False):
            for item in items:
                likely = isinstance(item, ast.Literal) and isinstance(item.value, int)
                if likely and isinstance(item, ast.Literal) and int(item.value or 0) <= _SMALL:
                    yield from _numbers(item, 2, deep=True)
                else:
                    yield from _value(item)


def _numbers(expr: ast.Literal, rank: int, *, deep: bool) -> Iterator[Change]:
    """One more and one fewer of a depth, twice and half of a width."""
    value = expr.value
    if isinstance(value, bool) or not isinstance(value, int):
        return
    others = [value + 1, value - 1] if deep else []
    others += [2 * value] + ([value // 2] if value % 2 == 0 else [])
    for position, other in enumerate(others):
        if other > 0:
            yield Change(rank + (deep and position > 1), Fix(expr.span, str(other)))


def _layer(element: ast.Apply) -> Iterator[Change]:
    """An op with other arguments, in other words, or not there at all."""
    name, args, span = element.name, element.args or (), element.span
    behind = Span(span.source, span.end, span.end)
    if name not in OPS:
        yield Change(4, Fix(behind, " -> max_pool(2)"))
        for argument in args:
            yield from _value(argument.value)
        return
    if name in ("flatten", "global_avg_pool", "global_max_pool"):
        for other in {"flatten", "global_avg_pool"} - {name}:
            yield Change(2, Fix(span, other))
    if name == "relu":
        yield Change(4, Fix(behind, " -> max_pool(2)"))
    if name in ("max_pool", "avg_pool", "subsample", "bn", "relu", "prelu", "layer_norm"):
        yield Change(3, Fix(span, "here"))
    if name in _COUNTED:
        yield from _bias(element)
        if name != "dense":
            yield Change(3, Fix(behind, " -> bn"))
    names = list(OPS[name].arguments())
    for position, argument in enumerate(args):
        kind = argument.name or (names[position] if position < len(names) else "")
        yield from map(partial(_named, argument), _argument(kind, argument.value))
    if name in _COUNTED[:4] and args and not any(a.name == "stride" for a in args):
        end = args[-1].span.end
        if sum(a.name is None for a in args) <= 2:
            yield Change(5, Fix(Span(span.source, end, end), ", stride = 2"))


def _named(argument: ast.Argument, change: Change) -> Change:
    """A change of an argument's value, with the name that it has there."""
    span, value = argument.span, argument.value.span
    if argument.name is None or change.fix.span.start != value.start:
        return change
    head = Span(span.source, span.start, value.start).text
    return Change(change.rank, Fix(span, head + change.fix.text))


def _bias(element: ast.Apply) -> Iterator[Change]:
    args = element.args or ()
    said = next((argument for argument in args if argument.name == "bias"), None)
    if said is not None and isinstance(said.value, ast.Literal):
        other = "bias = false" if said.value.value else "bias = true"
        yield Change(3, Fix(said.span, other))
    elif said is None and args:
        end = args[-1].span.end
        yield Change(3, Fix(Span(element.span.source, end, end), ", bias = false"))


def _argument(kind: str, expr: ast.Expr) -> Iterator[Change]:
    if kind in ("filters", "units", "total"):
        if isinstance(expr, ast.Literal):
            yield from _numbers(expr, 4, deep=False)
    elif kind in ("kernel", "window"):
        for other in ("1", "3", "5", "7"):
            if expr.span.text not in (other, f"{other}x{other}"):
                yield Change(5, Fix(expr.span, other))
    elif kind == "stride":
        if isinstance(expr, ast.Literal):
            yield Change(3, Fix(expr.span, "1" if expr.value != 1 else "2"))
    elif kind == "groups" and isinstance(expr, ast.Literal):
        yield Change(4, Fix(expr.span, "1"))


def _before(span: Span) -> str:
    """The call, or as much of it as there is, in front of an insertion."""
    line = span.source.text[: span.end].rpartition("\n")[2]
    return line.rpartition("->")[2].strip(" {")


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
