"""Where names are defined and used, and the outline of a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsprotocol import types

from cnndsl.editor.document import View, file_of
from cnndsl.editor.hints import summary_of
from cnndsl.editor.positions import Positions
from cnndsl.editor.present import Spot
from cnndsl.editor.records import shapes, size_text
from cnndsl.editor.rename import Change
from cnndsl.editor.scopes import Occurrence
from cnndsl.source import Source, Span
from cnndsl.syntax import ast

Uri = Callable[[str], str]  # of the real path of a file

_KINDS = {
    ast.Fn: types.SymbolKind.Function,
    ast.Block: types.SymbolKind.Class,
    ast.Op: types.SymbolKind.Class,
    ast.Model: types.SymbolKind.Module,
    ast.Variant: types.SymbolKind.Module,
}


def found_at(view: View, offset: int) -> Occurrence | None:
    """The name at a place of the text of now."""
    old = view.alignment.to_old(offset)
    return None if old is None else view.analysis.symbols.at(view.source, old)


def definition(view: View, offset: int, uri: Uri) -> list[types.Location]:
    """Where a name is defined, every binding of one that is bound again; or the file of a `use`."""
    old = view.alignment.to_old(offset)
    spec = view.analysis.spec
    for used in spec.definitions if spec and old is not None else ():
        if isinstance(used, ast.Use) and used.path_span.start <= (old or 0) <= used.path_span.end:
            loaded = view.analysis.used.get(view.source.name, {}).get(used.path)
            if used.is_zoo:
                loaded = next((s for s in _sources(view) if s.name == f"zoo/{used.path}"), None)
            start = types.Range(types.Position(0, 0), types.Position(0, 0))
            path = None if loaded is None else file_of(loaded)
            return [] if path is None else [types.Location(uri(path), start)]
    occurrence = found_at(view, offset)
    if occurrence is None:
        return []
    every = view.analysis.symbols.of(occurrence.symbol)
    places = [_here(each.span, view, uri) for each in every if each.defines]
    return [place for place in places if place is not None]


def _sources(view: View) -> set[Source]:
    return {each.span.source for each in view.analysis.symbols.occurrences}


def _here(span: Span, view: View, uri: Uri) -> types.Location | None:
    """A place of an analysis in the text of now; that of another file as it was read."""
    if span.source is not view.source:
        positions = Positions(span.source.text, view.document.encoding)
        return types.Location(uri(file_of(span.source)), positions.of(span))
    where = view.alignment.range_to_new(span.start, span.end)
    if where is None:
        return None
    return types.Location(view.document.uri, view.positions.range(*where))


def highlights(view: View, offset: int) -> list[types.DocumentHighlight]:
    """All places of a name in its document."""
    occurrence = found_at(view, offset)
    found: list[types.DocumentHighlight] = []
    for each in view.analysis.symbols.of(occurrence.symbol) if occurrence else ():
        where = view.alignment.range_to_new(each.span.start, each.span.end)
        if each.span.source is view.source and where is not None:
            kind = types.DocumentHighlightKind
            found.append(
                types.DocumentHighlight(
                    view.positions.range(*where), kind.Write if each.defines else kind.Read
                )
            )
    return found


def locations(
    found: Iterable[Spot], encoding: str, uri: Uri, *, defining: bool
) -> list[types.Location]:
    """Places of a workspace, those that define the name only if that is asked for."""
    positions: dict[str, Positions] = {}
    places: list[types.Location] = []
    for each in found:
        if defining or not each.defines:
            known = positions.setdefault(each.path, Positions(each.text, encoding))
            places.append(types.Location(uri(each.path), known.range(each.start, each.end)))
    return places


def edited(changes: Iterable[Change], encoding: str, uri: Uri) -> types.WorkspaceEdit:
    """The changes of a rename as edits, by file."""
    positions: dict[str, Positions] = {}
    edits: dict[str, list[types.TextEdit]] = {}
    for each in changes:
        known = positions.setdefault(each.path, Positions(each.source, encoding))
        edit = types.TextEdit(known.range(each.start, each.end), each.text)
        edits.setdefault(uri(each.path), []).append(edit)
    return types.WorkspaceEdit(edits)


# --- outline --------------------------------------------------------------------------


def outline(view: View) -> list[types.DocumentSymbol]:
    """The definitions of a spec, with the stages of models and the names that bodies give."""
    spec = view.analysis.spec
    found: list[types.DocumentSymbol] = []
    for each in spec.definitions if spec else ():
        if not isinstance(each, ast.Use):
            inner = each.body.statements if isinstance(each, ast.Block | ast.Model) else ()
            children = _children(inner, view)
            found += _entry(
                each, each.name_span, _KINDS[type(each)], _figures(each, view), children, view
            )
    return found


def _children(statements: Iterable[ast.Statement], view: View) -> list[types.DocumentSymbol]:
    found: list[types.DocumentSymbol] = []
    for each in statements:
        match each:
            case ast.Stage(name_span=span, body=body) | ast.Aux(name_span=span, body=body):
                inner = _children(body.statements, view)
                found += _entry(
                    each, span, types.SymbolKind.Struct, _sizes(each, view), inner, view
                )
            case ast.Bind(name_span=span) | ast.Run(name_span=Span() as span):
                found += _entry(each, span, types.SymbolKind.Variable, _sizes(each, view), [], view)
            case ast.Pack(name_span=span):
                found += _entry(each, span, types.SymbolKind.Array, "", [], view)
            case ast.Unpack(name_spans=spans):
                for span in spans:
                    found += _entry(each, span, types.SymbolKind.Variable, "", [], view)
            case ast.Let(name_span=span) | ast.Shared(name_span=span):
                found += _entry(each, span, types.SymbolKind.Constant, "", [], view)
            case ast.For(body=body):
                found += _children(body.statements, view)
            case ast.If(branches=branches, other=other):
                for _, body in branches:
                    found += _children(body.statements, view)
                found += _children(other.statements if other else (), view)
            case _:
                pass
    return found


def _entry(
    node: ast.Node,
    name: Span,
    kind: types.SymbolKind,
    detail: str,
    children: list[types.DocumentSymbol],
    view: View,
) -> list[types.DocumentSymbol]:
    """One symbol; what it holds instead, where its own name was changed since."""
    start, end = (view.alignment.to_new(at) for at in (node.span.start, node.span.end))
    named = view.alignment.range_to_new(name.start, name.end)
    if start is None or end is None or named is None:
        return children
    whole, own = view.positions.range(start, end), view.positions.range(*named)
    return [types.DocumentSymbol(name.text, kind, whole, own, detail or None, children=children)]


def _figures(definition: ast.Named, view: View) -> str:
    for network in view.analysis.networks:
        summary = summary_of(network) if network.declared is definition else None
        if summary is not None:
            return f"{summary.params:,} params"
    if isinstance(definition, ast.Variant):
        return f"= {definition.base.id}"
    return f"({', '.join(parameter.name for parameter in definition.parameters)})"


def _sizes(statement: ast.Statement, view: View) -> str:
    known = shapes(view.analysis.sightings.records.get(statement, []))
    return " | ".join(map(size_text, known[:3]))
