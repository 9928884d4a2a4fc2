"""Times every answer of `cnndsl lsp`, over the protocol, on 2,000 lines and on a spec of the zoo.

    python -m benchmarks.editor [--runs 5] [--output FILE]

Of each request there are three figures: `cold`, the first of its kind after the diagnostics of a
file that was just opened; the median of the next ones; `after an edit`, the slowest of those that
follow at once upon a change of the text, while it is analysed. Exits with 1 past a target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measuring import ROOT, machine, report, row

from tests.editor.client import REFRESHING, Client, Json, place
from tests.editor.long import long_spec

TARGET = 100.0  # milliseconds
LARGEST = ROOT / "specs" / "lenet5.cnn"
EVERYWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 10**6, "character": 0}}
OPTIONS = {"tabSize": 2, "insertSpaces": True}


def requests(text: str) -> dict[str, Json]:
    """Every request with its parameters, at a layer and at a name in the middle of a text."""
    middle = text[: text.index("\n", len(text) // 2)].count("\n")
    lines = text.split("\n")
    number = next(n for n in range(middle, len(lines)) if "conv(" in lines[n])
    layer = {"line": number, "character": lines[number].index("conv(") + len("conv(")}
    name = place(text, "model ", text.count("\nmodel ", 0, len(text) // 2), len("model "))
    whole = {"range": EVERYWHERE}
    return {
        "hover": {"position": {**layer, "character": layer["character"] - 2}},
        "completion": {"position": layer},
        "signatureHelp": {"position": layer},
        "definition": {"position": name},
        "documentHighlight": {"position": name},
        "references": {"position": name, "context": {"includeDeclaration": True}},
        "prepareRename": {"position": name},
        "rename": {"position": name, "newName": "Renamed"},
        "documentSymbol": {},
        "inlayHint": whole,
        "codeLens": {},
        "codeAction": {**whole, "context": {"diagnostics": []}},
        "formatting": {"options": OPTIONS},
    }


def timed(client: Client, method: str, uri: str, params: Json) -> float:
    """The milliseconds that an answer takes."""
    start = time.perf_counter()
    client.ask(method, uri, **params)
    return 1000 * (time.perf_counter() - start)


def edited(client: Client, uri: str, text: str) -> float:
    """The milliseconds from a change of the text to its diagnostics."""
    start = time.perf_counter()
    client.change(uri, text)
    client.wait(uri)
    return 1000 * (time.perf_counter() - start)


def measure(name: str, text: str, runs: int) -> list[dict[str, object]]:
    """The figures of one text."""
    asked = requests(text)
    warm: dict[str, list[float]] = {method: [] for method in asked}
    busy: dict[str, list[float]] = {method: [] for method in asked}
    with tempfile.TemporaryDirectory() as folder, Client(Path(folder), REFRESHING) as client:
        path = Path(folder) / "spec.cnn"
        path.write_text(text, encoding="utf-8")
        start = time.perf_counter()
        uri = client.open(path)
        client.wait(uri)
        opened = 1000 * (time.perf_counter() - start)
        cold = {method: timed(client, method, uri, params) for method, params in asked.items()}
        for _ in range(runs):
            for method, params in asked.items():
                warm[method].append(timed(client, method, uri, params))
        edits = []
        for run in range(runs):
            edits.append(edited(client, uri, _changed(text, run)))
        for run in range(runs):
            for number, (method, params) in enumerate(asked.items()):
                if method != "rename":  # of the text of now, or not at all
                    client.change(uri, _changed(text, runs + run * len(asked) + number))
                    busy[method].append(timed(client, method, uri, params))
                    client.wait(uri)
    figures = [row(f"{name}: diagnostics of a file that is opened (ms)", opened, None)]
    figures.append(row(f"{name}: diagnostics after an edit (ms)", statistics.median(edits), TARGET))
    for method in asked:
        figures.append(row(f"{name}: {method}, cold (ms)", cold[method], None))
        figures.append(row(f"{name}: {method} (ms)", statistics.median(warm[method]), TARGET))
        if busy[method]:
            figures.append(row(f"{name}: {method} after an edit (ms)", max(busy[method]), TARGET))
    return figures


def _changed(text: str, number: int) -> str:
    """The text with a comment behind it."""
    return f"{text}# {number}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Times the answers of the language server.")
    parser.add_argument("--runs", type=int, default=5, help="repetitions (default: 5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON to a file")
    options = parser.parse_args()

    long = long_spec()
    figures = measure(LARGEST.name, LARGEST.read_text(encoding="utf-8"), options.runs)
    figures += measure(f"{long.count(chr(10)):,} lines", long, options.runs)
    report({"machine": machine("pygls"), "figures": figures}, options.output)
    if not all(figure["met"] for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
