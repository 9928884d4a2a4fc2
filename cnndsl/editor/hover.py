"""What is known of the thing under the mouse: documentation, shapes, values, instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from cnndsl.counts import count, count_layer
from cnndsl.editor.callables import Callable, find
from cnndsl.editor.cursor import cursor
from cnndsl.editor.document import View
from cnndsl.editor.hints import stage_table
from cnndsl.editor.records import Sighting, shapes, size_text
from cnndsl.editor.scopes import Occurrence, Symbol
from cnndsl.ir import Instance, Layer, Pack, Tensor, Value
from cnndsl.ops.spelled import brief
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_MOST = 12  # rows of a list


def hover(view: View, offset: int) -> types.Hover | None:
    """What a place of the text of now shows; `view` is the newest analysis with networks."""
    word = _word(view.plain, offset)
    old = view.alignment.to_old(offset)
    if not word or old is None:
        return None
    name = view.plain[word[0] : word[1]]
    at = cursor(view.plain, word[0])
    if at.is_inert:
        return None
    parts: list[str] = []
    occurrence = view.analysis.symbols.at(view.source, old)
    program = view.analysis.program
    if occurrence is not None:
        parts += _symbol(occurrence, view)
    elif at.call is not None and view.plain[word[1] :].lstrip(" ")[:1] == "=":
        callee = find(at.call.name, program, at.setting)
        parts += _argument(callee, name) if callee else []
    elif (found := find(name, program, at.setting) or find(name, program)) is not None:
        parts += [_described(found)]
    parts += _here(_element(view, old), view)
    if not parts:
        return None
    text = types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(parts))
    return types.Hover(text, view.positions.range(*word))


def _word(text: str, offset: int) -> tuple[int, int] | None:
    """The identifier around an offset."""
    start = end = offset
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return (start, end) if end > start and not text[start].isdigit() else None


def _code(text: str) -> str:
    return f"```cnn\n{text}\n```"


def _described(found: Callable) -> str:
    if found.kind in ("op", "merge"):
        return found.doc  # begins with its signature
    prefix = f"{found.kind} " if found.kind in ("block", "fn", "model") else ""
    parts = [_code(prefix + found.signature), found.doc]
    parts += [f"- `{taken.written}`: {taken.doc}" for taken in found.arguments if taken.doc]
    return "\n\n".join(part for part in parts if part)


def _argument(callee: Callable, name: str) -> list[str]:
    taken = next((argument for argument in callee.arguments if argument.name == name), None)
    return [] if taken is None else [f"{_code(taken.written)}\n\n{taken.doc}".strip()]


# --- names of the author's ------------------------------------------------------------


def _symbol(occurrence: Occurrence, view: View) -> list[str]:
    symbol = occurrence.symbol
    seen = view.analysis.sightings
    match symbol.node:
        case ast.Block() as block:
            found = find(symbol.name, view.analysis.program)
            instances = seen.instances.get(block, [])
            return [*([_described(found)] if found else []), *_instances(instances)]
        case ast.Fn() | ast.Model() | ast.Variant() | ast.Op():
            found = find(symbol.name, view.analysis.program)
            return [_described(found)] if found else []
        case ast.Parameter():
            return [_code(_written(symbol)), *_values(_given(symbol, view))]
        case ast.Let() as let:
            return [_code(" ".join(let.span.text.split())), *_values(seen.values.get(let, []))]
        case ast.Stage() | ast.Aux() as stage:
            table = stage_table(seen.records.get(stage, []))
            return [_code(f"{symbol.kind} {symbol.name}"), *([table] if table else [])]
        case ast.Run() | ast.Bind() as run:
            known = shapes(seen.records.get(run, []))
            return [_code(f"{symbol.kind} {symbol.name}"), *_sizes(known)]
        case _:
            return [_code(f"{symbol.kind} {symbol.name}")]


def _written(symbol: Symbol) -> str:
    return f"parameter {' '.join(symbol.node.span.text.split())[:200]}"


def _given(symbol: Symbol, view: View) -> Iterator[Value]:
    """The values that a parameter had."""
    for network in view.analysis.networks:
        if symbol.node in network.definition.parameters:
            yield network.arguments[symbol.name]
    for block, instances in view.analysis.sightings.instances.items():
        if symbol.node in block.parameters:
            yield from (instance.args[symbol.name] for instance in instances)


def _shown(value: Value) -> str:
    """A value as an author would write it, a tensor as its shape."""
    if isinstance(value, Pack):
        return f"[ {', '.join(map(_shown, value.tensors))} ]"
    if isinstance(value, Tensor):
        return "a tensor" if value.known is None else size_text(value.shape)
    return brief(value)


def _values(values: Iterable[Value]) -> list[str]:
    shown = list(dict.fromkeys(_shown(value) for value in values))
    if not shown:
        return []
    more = " …" if len(shown) > _MOST else ""
    return ["is " + ", ".join(f"`{value}`" for value in shown[:_MOST]) + more]


def _sizes(known: Sequence[tuple[int, ...]]) -> list[str]:
    listed = ", ".join(f"`{size_text(shape)}`" for shape in known[:_MOST])
    return [listed + (" …" if len(known) > _MOST else "")] if known else []


def _instances(instances: Sequence[Instance]) -> list[str]:
    """The uses of a block, those that are alike as one."""
    rows: dict[str, int] = {}
    for instance in instances:
        if instance.out.known is None or instance.x.known is None:
            continue
        args = ", ".join(f"{name} = {_shown(value)}" for name, value in instance.args.items())
        sizes = f"{size_text(instance.x.shape)} → {size_text(instance.out.shape)}"
        row = f"| {args} | {sizes} | {count(instance).params:,} |"
        rows[row] = rows.get(row, 0) + 1
    if not rows:
        return []
    lines = [f"{len(instances)} instances", ""] if len(instances) > 1 else ["1 instance", ""]
    lines += ["| arguments | shapes | params | uses |", "| --- | --- | ---: | ---: |"]
    lines += [f"{row} {uses} |" for row, uses in list(rows.items())[:_MOST]]
    if len(rows) > _MOST:
        lines.append(f"| … and {len(rows) - _MOST} more | | | |")
    return ["\n".join(lines)]


# --- what it is here ------------------------------------------------------------------


def _element(view: View, old: int) -> ast.Apply | ast.Merge | None:
    """The element of a chain whose name is at a place of the older text."""
    spec = view.analysis.spec
    for definition in spec.definitions if spec else ():
        if definition.span.start <= old <= definition.span.end:
            for node in walk(definition):
                if isinstance(node, ast.Apply | ast.Merge):
                    span = node.name_span
                    if span.start <= old <= span.end:
                        return node
    return None


def _here(element: ast.Apply | ast.Merge | None, view: View) -> list[str]:
    """The shapes of an element where it stands, with the counts of a layer."""
    if element is None:
        return []
    lines = dict.fromkeys(
        line for each in view.analysis.sightings.records.get(element, []) for line in _line(each)
    )
    if not lines:
        return []
    more = [f"- … and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return ["\n".join(["Here:", "", *list(lines)[:_MOST], *more])]


def _line(each: Sighting) -> Iterator[str]:
    record, out = each.record, each.out
    if out.known is None or not each.is_tensor:
        return
    if isinstance(record, Layer) and record.x.known is not None:
        figures = count_layer(record)
        counted = f", {figures.params:,} params" if figures.params else ""
        counted += f", {figures.macs:,} MACs" if figures.macs else ""
        yield f"- `{size_text(record.x.shape)}` → `{size_text(out.shape)}`{counted}"
    else:
        yield f"- `{size_text(out.shape)}`"
