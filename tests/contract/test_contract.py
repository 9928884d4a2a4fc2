"""Every line of the language's contract: what it means in figures, what a mistake in it is told.

`lines/*.toml` are the table: a section each, an entry per line, with a spec that means something
(`right`, and its params, macs and output, worked out by hand) and one that does not (`wrong`, and
the one diagnostic that it gets). A spec without a model is the body of one whose input is 8x8x4.

What the emitted modules compute stands elsewhere: ops in test_laws, sharing and several inputs in
test_input, outputs in test_outputs, learned tensors in test_learned, kernels of a norm in
test_weight_norms, attention, heads and packs in networks/, models in models in zoo/, and layers of
an author's own in brought/.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypedDict

import pytest

import cnndsl

SECTIONS = sorted(Path(__file__).parent.glob("lines/*.toml"))


class Line(TypedDict, total=False):
    """One entry; `set` overrides parameters and the size of the input."""

    line: str
    right: str
    params: int
    total: int
    macs: int
    output: list[int]
    outputs: dict[str, list[int]]
    set: dict[str, object]
    wrong: str
    error: str
    help: str


def lines(kind: str) -> list[object]:
    """The entries that have a `kind`, each with its section and line for a name."""
    found: list[object] = []
    for path in SECTIONS:
        entries: list[Line] = tomllib.loads(path.read_text(encoding="utf-8"))["lines"]
        for number, entry in enumerate(entries):
            if kind in entry:
                name = f"{path.stem}.{number}: {entry['line']}"
                found.append(pytest.param(entry, id=name.replace("[", "(").replace("]", ")")))
    return found


def spec(text: str) -> str:
    return text if "model " in text else f"model Net {{\ninput 8x8x4\n{text}\n}}\n"


@pytest.mark.parametrize("entry", lines("right"))
def test_it_means(entry: Line):
    found = cnndsl.summarize(spec(entry["right"]), set=entry.get("set"))
    assert not found.diagnostics, found.diagnostics[0].message
    summary = found.summaries[-1]
    figures = {
        "params": summary.params,
        "total": summary.total,
        "macs": summary.macs,
        "output": list(summary.output),
        "outputs": {name: list(summary.endpoints[name]) for name in summary.outputs},
    }
    wanted = {name: entry[name] for name in figures if name in entry}
    assert wanted
    assert {name: figures[name] for name in wanted} == wanted


@pytest.mark.parametrize("entry", lines("wrong"))
def test_a_mistake_in_it_is_told(entry: Line):
    (found,) = cnndsl.check(spec(entry["wrong"]))
    assert f"{found.code}: {found.message}" == entry["error"]
    assert "help" not in entry or found.help == entry["help"]


def test_every_line_has_its_mistake_and_every_section_its_meanings():
    for path in SECTIONS:
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["lines"]:
            assert {"right", "wrong"} & entry.keys(), entry["line"]
    assert len(SECTIONS) == 9
