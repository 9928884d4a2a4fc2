"""Diagnostics for programs: a line each, annotations of GitHub, and SARIF."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING

from cnndsl._version import __version__
from cnndsl.advice import EXPLANATIONS
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.excerpt import clean
from cnndsl.fixes import fixes
from cnndsl.source import Span

if TYPE_CHECKING:
    from cnndsl.plain import Json

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def concise(diagnostic: Diagnostic) -> str:
    """`net.cnn:3:17: error[E101]: there is no op, block or tensor …`."""
    title = f"{diagnostic.severity.value}[{diagnostic.code}]: {diagnostic.message}"
    help = f" ({diagnostic.help})" if diagnostic.help else ""
    return clean(f"{_place(diagnostic)}{title}{help}")


def _place(diagnostic: Diagnostic) -> str:
    if diagnostic.primary is None:
        return ""
    span = diagnostic.primary.span
    line, column = span.source.position(span.start)
    return f"{span.source.name}:{line}:{column}: "


def _words(diagnostic: Diagnostic) -> str:
    """All that a diagnostic says, but its places."""
    said = [diagnostic.message, *diagnostic.notes]
    if diagnostic.help:
        said.append(diagnostic.help)
    return "\n".join(map(clean, said))


# --- GitHub ---------------------------------------------------------------------------


def github(diagnostic: Diagnostic) -> str:
    """A workflow command: GitHub shows it beside the line in a pull request."""
    properties = {"title": diagnostic.code}
    if diagnostic.primary is not None:
        span = diagnostic.primary.span
        line, column = span.source.position(span.start)
        end_line, end_column = span.source.position(span.end)
        properties |= {"file": span.source.name, "line": str(line), "endLine": str(end_line)}
        if line == end_line:  # columns are of one line
            properties |= {"col": str(column), "endColumn": str(end_column)}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = _words(diagnostic)
    return f"::{diagnostic.severity.value} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")


# --- SARIF ----------------------------------------------------------------------------


def sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Json]:
    """A log of one run, version 2.1.0; columns are in characters."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver: dict[str, Json] = {
        "name": "cnndsl",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    results: list[Json] = [_result(diagnostic) for diagnostic in diagnostics]
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Json]:
    text = " ".join(cleandoc(EXPLANATIONS[code]).split())
    message = _message(text)
    return {"id": code, "fullDescription": message, "help": message}


def _message(text: str) -> dict[str, Json]:
    """A message, in which one brace would begin a placeholder (section 3.11.5 of SARIF)."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}


def _result(diagnostic: Diagnostic) -> dict[str, Json]:
    result: dict[str, Json] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.value,
        "message": _message(_words(diagnostic)),
    }
    if diagnostic.primary is not None:
        result["locations"] = [_location(diagnostic.primary.span)]
    if diagnostic.labels:
        result["relatedLocations"] = [_related(label) for label in diagnostic.labels]
    if found := fixes(diagnostic):
        changes: list[Json] = [
            {
                "artifactLocation": _artifact(fix.span),
                "replacements": [
                    {"deletedRegion": _region(fix.span), "insertedContent": {"text": fix.text}}
                ],
            }
            for fix in found
        ]
        result["fixes"] = [{"artifactChanges": changes}]
    return result


def _related(label: Label) -> dict[str, Json]:
    return {**_location(label.span), "message": _message(clean(label.text))}


def _location(span: Span) -> dict[str, Json]:
    return {"physicalLocation": {"artifactLocation": _artifact(span), "region": _region(span)}}


def _artifact(span: Span) -> dict[str, Json]:
    from urllib.parse import quote

    name = span.source.name.replace("\\", "/")
    return {"uri": quote(name, errors="surrogateescape")}


def _region(span: Span) -> dict[str, Json]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }
