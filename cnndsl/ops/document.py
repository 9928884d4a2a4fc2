"""What `cnndsl ops` and docs/ops.md say about the ops, from their signatures and docstrings."""

from __future__ import annotations

import inspect
import textwrap

from cnndsl.ops import GROUPS, MERGES, SOURCES
from cnndsl.ops.base import REQUIRED, Join, Op
from cnndsl.ops.initial import INITIALIZER, NAMES, parameters, signature
from cnndsl.ops.ranks import taken

_SECTIONS = ("Shape", "Params", "State", "MACs", "Source")

_INTRODUCTION = """\
# Ops

[All pages](README.md) · [The language](language.md) ·
[Coming from PyTorch, Keras or Flax](coming-from.md)

Every op and merge of the language, its arguments by position, and what it does to a tensor.
Sizes are (height, width, channels) of a feature map and (features,) of a vector; a signal is
(length, channels), a clip (depth, height, width, channels). What is said of `h` and `w` holds for
each axis of these, where an op takes them. `cnndsl ops NAME` prints an entry of this page, which is
made from the same text.
"""


_INITIALIZERS = """\
`init` of a kernel takes one of {names}, by name where no argument is needed, or as a string. They
are those of `jax.nn.initializers`; `dirac` hands each channel on, as PyTorch's does. What starts
biases, factors and offsets takes a number, or one of these that has no fan-in.
"""


def _initializer(name: str) -> str:
    """An initializer as it is used: with its arguments, if it has any."""
    return signature(name) if parameters(name)[0] else name


def overview() -> str:
    """Every op and merge in a line, by group: `cnndsl ops`."""
    groups = {
        **{title: [(op.name, _summary(op)) for op in ops] for title, ops in GROUPS.items()},
        "Tensors of their own": [(name, _summary(op)) for name, op in SOURCES.items()],
        "Merges": [(f"{name} [ ]", _summary(type(join))) for name, join in MERGES.items()],
    }
    width = max(len(name) for entries in groups.values() for name, _ in entries)
    parts = []
    for title, entries in groups.items():
        lines = "\n".join(f"  {name:{width}}  {summary}" for name, summary in entries)
        parts.append(f"{title}\n{lines}\n")
    return "\n".join(parts)


def describe(entry: type[Op] | type[Join]) -> str:
    """One op or merge as plain text: `cnndsl ops conv`."""
    text, sections = _docstring(entry)
    parts = [_signature(entry), text]
    if rows := _arguments(entry):
        parts.append("\n".join(["Arguments:", *_columns(rows)]))
    for title, body in sections.items():
        parts.append("\n".join([f"{title}:", *(f"  {line}" for line in body.splitlines())]))
    if _takes_initializer(entry):
        parts.append("\n".join(["Initializers:", *_wrap(", ".join(map(_initializer, NAMES)))]))
    return "\n\n".join(parts) + "\n"


def reference() -> str:
    """All ops and merges as Markdown: docs/ops.md."""
    parts = [_INTRODUCTION]
    for title, ops in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [markdown(op) for op in ops]
    parts.append("## Tensors of their own\n")
    parts += [markdown(op) for op in SOURCES.values()]
    parts.append("## Merges\n")
    parts += [markdown(type(join)) for join in MERGES.values()]
    names = ", ".join(f"`{_initializer(name)}`" for name in NAMES)
    parts.append(f"## Initializers\n\n{_INITIALIZERS.format(names=names)}")
    return "\n".join(parts)


def _takes_initializer(entry: type[Op] | type[Join]) -> bool:
    if not issubclass(entry, Op):
        return False
    return any(argument.kind is INITIALIZER for argument in entry.arguments().values())


def markdown(entry: type[Op] | type[Join]) -> str:
    """One op or merge as it stands in docs/ops.md."""
    text, sections = _docstring(entry)
    parts = [f"### `{_signature(entry)}`", text]
    if rows := _arguments(entry):
        table = ["| argument | kind | default | |", "| --- | --- | --- | --- |"]
        for name, kind, default, doc in rows:
            table.append(f"| `{name}` | {kind} | {default and f'`{default}`'} | {doc} |")
        parts.append("\n".join(table))
    if sections:
        parts.append("\n".join(f"- **{title}**: {_flow(body)}" for title, body in sections.items()))
    return "\n\n".join(parts) + "\n"


def _signature(entry: type[Op] | type[Join]) -> str:
    return entry.signature() if issubclass(entry, Op) else f"{entry.name} [ … ]"


def _arguments(entry: type[Op] | type[Join]) -> list[tuple[str, str, str, str]]:
    """Name, kind, default ("" where there is none) and meaning of every argument."""
    if not issubclass(entry, Op):
        return []
    rows = []
    for name, argument in entry.arguments().items():
        shown = "" if argument.default is REQUIRED else argument.shown()
        rows.append((name, argument.kind.describe(), shown, argument.doc))
    return rows


def _columns(rows: list[tuple[str, str, str, str]]) -> list[str]:
    width = max(len(name) for name, *_ in rows)
    lines = []
    for name, kind, default, doc in rows:
        lines.append(f"  {name:{width}}  {doc}" + (f" (default {default})" if default else ""))
        lines.append(f"  {'':{width}}  {kind}")
    return lines


def _summary(entry: type) -> str:
    return _docstring(entry)[0].splitlines()[0]


def _docstring(entry: type) -> tuple[str, dict[str, str]]:
    """The text before the sections, and each section's body; the doctest is left out."""
    text: list[str] = []
    sections: dict[str, list[str]] = {}
    current = text
    for line in (inspect.getdoc(entry) or "").splitlines():
        if line.startswith(">>>"):
            break
        if line.rstrip(":") in _SECTIONS:
            current = sections.setdefault(line.rstrip(":"), [])
        else:
            current.append(line.strip())
    bodies = {title: "\n".join(body).strip() for title, body in sections.items()}
    if issubclass(entry, Op):
        bodies = {"Takes": taken(entry.ranks), **bodies}
    return "\n".join(text).strip(), bodies


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent="  ", subsequent_indent="  ")


def _flow(body: str) -> str:
    return " ".join(body.split())


if __name__ == "__main__":  # python -m cnndsl.ops.document > docs/ops.md
    print(reference(), end="")
