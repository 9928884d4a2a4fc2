"""What may stand at a cursor, and what the call around it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from cnndsl.editor.callables import Callable, find
from cnndsl.editor.cursor import Call, Cursor, Where, local_names
from cnndsl.editor.records import Sightings, endpoints
from cnndsl.elaborate import values
from cnndsl.elaborate.brought import CLAIMS
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.preprocess import SETTINGS as IMAGE_SETTINGS
from cnndsl.elaborate.preprocess import WORDS as IMAGE_WORDS
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.recipe import SETTINGS
from cnndsl.ops import MERGES, OPS
from cnndsl.recipes.tables import CALLS

Kind = types.CompletionItemKind
_TOP = ("use", "fn", "block", "model", "op")
_STATEMENTS = (
    "input",
    "stage",
    "let",
    "for",
    "if",
    "aux",
    "expect",
    "train",
    "preprocess",
    "shared",
    "param",
    "constant",
    "return",
)
_KINDS = {
    "op": Kind.Function,
    "merge": Kind.Operator,
    "block": Kind.Class,
    "fn": Kind.Function,
    "model": Kind.Module,
    "function": Kind.Function,
    "parameter": Kind.Variable,
    "value": Kind.Variable,
    "tensor": Kind.Field,
}
_SETTINGS = {"train": SETTINGS, "preprocess": IMAGE_SETTINGS, "op": CLAIMS}  # by what has them
_ORDER = "0123"  # of groups: the author's own names stand before those of the language


def completions(
    at: Cursor, program: Program | None, seen: Sightings, snippets: bool
) -> list[types.CompletionItem]:
    """The items for a place; with `snippets` the arguments that a call needs are to be filled in.

    `program` is the last one that parsed, `seen` what the last networks were made of.
    """
    found: dict[str, types.CompletionItem] = {}
    owner = at.words[-2].text if at.where is Where.ATTRIBUTE and len(at.words) > 1 else ""
    of_model = _words(endpoints(seen, owner), 0, Kind.Field)
    for item in (*of_model, *_items(at, program, snippets)):
        if item.label.lower().startswith(at.prefix[:1].lower()):
            found.setdefault(item.label, item)
    return list(found.values())


def _items(at: Cursor, program: Program | None, snippets: bool) -> Iterator[types.CompletionItem]:
    match at.where:
        case Where.TOP:
            yield from _words(_TOP, 1)
        case Where.STATEMENT:
            yield from _chain(at, program, snippets)
            yield from _words(_STATEMENTS, 2)
        case Where.CHAIN:
            yield from _chain(at, program, snippets)
        case Where.BASE:
            for name in program.models if program else ():
                yield from _called(name, program, 1, snippets)
        case Where.ATTRIBUTE:
            yield from _words((*values.ATTRIBUTES, "shape"), 1, Kind.Property)
        case Where.SETTING:
            yield from _words(_SETTINGS[at.settings or "train"], 1, Kind.Property)
        case Where.VALUE:
            yield from _values(at, program, snippets)


def _chain(at: Cursor, program: Program | None, snippets: bool) -> Iterator[types.CompletionItem]:
    for local in local_names(at):
        if local.kind in ("tensor", "parameter"):
            yield _item(local.name, _KINDS[local.kind], 0, local.kind)
    yield from _words(("here", "in"), 2)
    own = (*program.blocks, *program.ops) if program else ()
    for name in (*own, *OPS, *MERGES):
        group = 1 if name in own else 3
        yield from _called(name, program, group, snippets)


def _values(at: Cursor, program: Program | None, snippets: bool) -> Iterator[types.CompletionItem]:
    call, setting = at.call, at.setting
    callee = None if call is None else find(call.name, program, setting)
    if call is not None and callee is not None:
        yield from _of_call(call, callee)
    elif setting in CALLS and call is None:
        for name in CALLS[setting]:
            called = find(name, program, setting)
            yield _item(name, Kind.Function, 0, called.signature if called else "")
        return
    elif setting in IMAGE_WORDS:
        yield from _words(IMAGE_WORDS[setting], 0, Kind.EnumMember)
        return
    for local in local_names(at):
        yield _item(local.name, _KINDS[local.kind], 1, local.kind)
    for name in (*(program.fns if program else ()), *FUNCTIONS):
        yield from _called(name, program, 3, snippets)
    yield from _words(("true", "false", "none", "in", "here"), 3)
    if callee is not None and callee.kind in ("block", "model"):  # which may take a layer
        for name in (*((*program.blocks, *program.ops) if program else ()), *OPS):
            yield from _called(name, program, 3, snippets)


def _of_call(call: Call, callee: Callable) -> Iterator[types.CompletionItem]:
    """The names of arguments that are not given yet, or the words that the one here may be."""
    if not call.is_innermost:
        return
    taken = {argument.name: argument for argument in callee.arguments}
    names = list(taken)
    if call.argument is None:
        for argument in callee.arguments[call.position :]:
            if argument.name not in call.given:
                item = _item(
                    argument.name, Kind.Property, 0, argument.written, f"{argument.name} = "
                )
                item.documentation = argument.doc or None
                yield item
    here = call.argument or (names[call.position] if call.position < len(names) else "")
    if here in taken:
        yield from _words(taken[here].words, 0, Kind.EnumMember)


def _called(
    name: str, program: Program | None, group: int, snippets: bool
) -> Iterator[types.CompletionItem]:
    found = find(name, program)
    if found is None:
        return
    item = _item(name, _KINDS[found.kind], group, found.signature)
    required = [argument.name for argument in found.arguments if argument.is_required]
    if snippets and required:
        filled = ", ".join(f"${{{n}:{argument}}}" for n, argument in enumerate(required, 1))
        item.insert_text, item.insert_text_format = (
            f"{name}({filled})",
            types.InsertTextFormat.Snippet,
        )
    yield item


def _words(
    names: Iterable[str], group: int, kind: Kind = Kind.Keyword
) -> Iterator[types.CompletionItem]:
    for name in names:
        yield _item(name, kind, group)


def _item(
    label: str, kind: Kind, group: int, detail: str = "", insert: str | None = None
) -> types.CompletionItem:
    return types.CompletionItem(
        label, kind=kind, detail=detail or None, sort_text=_ORDER[group] + label, insert_text=insert
    )


def documented(item: types.CompletionItem, program: Program | None) -> types.CompletionItem:
    """The same with what the documentation says of it."""
    found = find(item.label, program)
    if found is not None and found.doc and found.signature == item.detail:
        item.documentation = types.MarkupContent(types.MarkupKind.Markdown, found.doc)
    return item


def signature_help(at: Cursor, program: Program | None) -> types.SignatureHelp | None:
    """The signature of the call around a cursor, and which argument it is in."""
    call = at.call
    callee = None if call is None else find(call.name, program, at.setting)
    if call is None or callee is None or not callee.arguments:
        return None
    names = [argument.name for argument in callee.arguments]
    active = len(names) if call.given else call.position  # behind names only names may follow
    if call.argument is not None and call.argument in names:
        active = names.index(call.argument)
    offset = len(callee.name) + 1
    parameters: list[types.ParameterInformation] = []
    for argument in callee.arguments:
        place = offset, offset + len(argument.written)
        parameters.append(types.ParameterInformation(place, argument.doc or None))
        offset = place[1] + len(", ")
    information = types.SignatureInformation(callee.signature, parameters=parameters)
    return types.SignatureHelp([information], 0, min(active, len(names)))
