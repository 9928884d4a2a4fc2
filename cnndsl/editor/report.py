"""Diagnostics of the compiler as the protocol has them, and the edits that their helps are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsprotocol import types

from cnndsl.diagnostics import Diagnostic, Label, Severity
from cnndsl.editor.analysis import Analysis
from cnndsl.editor.document import Document, file_of, uri_of
from cnndsl.editor.positions import Positions
from cnndsl.excerpt import clean
from cnndsl.fixes import fixes
from cnndsl.source import Source, Span
from cnndsl.syntax import ast

_MOST = 100  # diagnostics of a document
_LONGEST = 1_000  # characters of a message
_UNUSED = frozenset({"W101", "W102", "W103", "W104"})
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}


def reported(document: Document, analysis: Analysis) -> list[types.Diagnostic]:
    """What is wrong with a document; a mistake in a used file stands at its `use`."""
    return [_reported(each, document, analysis) for each in analysis.diagnostics[:_MOST]]


def _reported(each: Diagnostic, document: Document, analysis: Analysis) -> types.Diagnostic:
    positions = Positions(analysis.source.text, document.encoding)
    place = each.primary.span if each.primary else None
    labels = list(each.labels)
    message = _message(each)
    if place is not None and each.primary is not None and not _is_here(place, analysis):
        line, column = place.source.position(place.start)
        message = f"in {place.source.name}:{line}:{column}: {message}"
        labels.insert(0, Label(place, each.primary.text or each.message))
        place = _use_of(place.source, analysis)
    related = [_related(label, document, analysis) for label in labels if label.text]
    return types.Diagnostic(
        types.Range(types.Position(0, 0), types.Position(0, 0))
        if place is None
        else positions.of(place),
        clean(message[:_LONGEST]) if "\n" not in message else _clean_lines(message[:_LONGEST]),
        _SEVERITIES[each.severity],
        each.code,
        source="cnndsl",
        tags=[types.DiagnosticTag.Unnecessary] if each.code in _UNUSED else None,
        related_information=related or None,
    )


def _clean_lines(text: str) -> str:
    return "\n".join(map(clean, text.split("\n")))


def _message(each: Diagnostic) -> str:
    """The title, what was seen at the place, the facts and the help."""
    said = [each.message]
    if each.primary is not None and each.primary.text:
        said[0] += f": {each.primary.text}"
    said += [f"note: {note}" for note in each.notes]
    if each.help:
        said.append(f"help: {each.help}")
    return "\n".join(said)


def _is_here(span: Span, analysis: Analysis) -> bool:
    return span.source.name == analysis.source.name


def _related(
    label: Label, document: Document, analysis: Analysis
) -> types.DiagnosticRelatedInformation:
    span = label.span
    uri = document.uri if _is_here(span, analysis) else uri_of(file_of(span.source))
    positions = Positions(span.source.text, document.encoding)
    return types.DiagnosticRelatedInformation(
        types.Location(uri, positions.of(span)), clean(label.text[:_LONGEST])
    )


def _use_of(source: Source, analysis: Analysis) -> Span | None:
    """The `use` of the document through which a file is part of it."""
    uses = _uses(analysis)
    for definition, loaded in uses:
        if source.name in _reached(loaded.name, analysis.used):
            return definition.path_span
    return uses[0][0].path_span if uses else None


def _uses(analysis: Analysis) -> list[tuple[ast.Use, Source]]:
    if analysis.spec is None:
        return []
    loaded = analysis.used.get(analysis.source.name, {})
    definitions = [d for d in analysis.spec.definitions if isinstance(d, ast.Use)]
    return [(d, loaded[d.path]) for d in definitions if d.path in loaded]


def _reached(name: str, used: Mapping[str, Mapping[str, Source]]) -> set[str]:
    """A file and all that it uses, by the names of their sources."""
    found, waiting = {name}, [name]
    while waiting:
        for source in used.get(waiting.pop(), {}).values():
            if source.name not in found:
                found.add(source.name)
                waiting.append(source.name)
    return found


# --- quick fixes ----------------------------------------------------------------------


def quick_fixes(document: Document, analysis: Analysis, at: types.Range) -> list[types.CodeAction]:
    """The edits of the diagnostics that touch a range, if the analysis is of the text of now."""
    return list(_quick_fixes(document, analysis, at))


def _quick_fixes(
    document: Document, analysis: Analysis, at: types.Range
) -> Iterator[types.CodeAction]:
    positions = Positions(analysis.source.text, document.encoding)
    first, last = positions.offset(at.start), positions.offset(at.end)
    for each in analysis.diagnostics[:_MOST]:
        span = each.primary.span if each.primary else None
        if span is None or not _is_here(span, analysis):
            continue
        if span.end < first or last < span.start:
            continue
        found = fixes(each)
        if found and all(_is_here(fix.span, analysis) for fix in found):
            edits = [types.TextEdit(positions.of(fix.span), fix.text) for fix in found]
            yield types.CodeAction(
                clean(each.help or "apply the help"),
                types.CodeActionKind.QuickFix,
                [_reported(each, document, analysis)],
                is_preferred=True,
                edit=types.WorkspaceEdit({document.uri: edits}),
            )
