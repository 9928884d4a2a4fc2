"""Writes index.json, docs/zoo.md with its pictures and README.md's table from the specs.

`python -m cnndsl.zoo.build` does it, in a checkout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from cnndsl.checked import Checked
from cnndsl.diagnostics import CompileError
from cnndsl.endpoints import endpoints_of
from cnndsl.files import Files
from cnndsl.ir import Network
from cnndsl.pipeline import check_source
from cnndsl.summary import summarize_network
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.terminal import render_all
from cnndsl.zoo.index import HERE, INDEX, Record, folder
from cnndsl.zoo.picture import picture
from cnndsl.zoo.references import References

PAGE = HERE.parents[1] / "docs" / "zoo.md"
PICTURES = PAGE.with_suffix("")
README = HERE.parents[1] / "README.md"
_CITED = re.compile(r'"[^"]+",[^"]*?\b\d{4}\b')  # a title, where it appeared, a year
_ARXIV = re.compile(r"arXiv:\d+\.\d+")


def check_specs() -> list[Checked]:
    """Every spec of the zoo, in the order of their names.

    Raises:
      CompileError: if a spec is wrong.
    """
    return [check_file(path) for path in sorted(folder("specs").glob("*.cnn"))]


def index(families: Iterable[Checked], references: References) -> list[Record]:
    """The entries of index.json, in the order of the specs."""
    return [entry for checked in families for entry in _entries(checked, references)]


def pictures(families: Iterable[Checked]) -> dict[str, str]:
    """The picture of the first network of every family, by the name of its file."""
    return {
        f"{Path(checked.source.name).stem}.svg": picture(summarize_network(checked.networks[0]))
        for checked in families
    }


def check_file(path: Path) -> Checked:
    files = Files(str(path), str(path.parent))
    source, diagnostics = files.open()
    if source is None:
        raise CompileError(tuple(diagnostics), render_all(diagnostics))
    checked = check_source(source, files.load)
    if checked.diagnostics:
        raise CompileError(checked.diagnostics, render_all(checked.diagnostics))
    return checked


def _entries(checked: Checked, references: References) -> list[Record]:
    papers = citations(checked.proven.spec.doc or "")
    entries: list[Record] = []
    for network in checked.networks:
        summary = summarize_network(network)
        entry: Record = {
            "name": summary.model,
            "task": references.of(summary.model).task,
            "spec": Path(checked.source.name).name,
            "input": summary.input,
            "params": summary.params,
            "total": summary.total,
            "macs": summary.macs,
            "source": papers[references.of(summary.model).paper - 1],
            "shapes": _asserts_shapes(network),
            "endpoints": [(e.name, e.shape, e.reduction) for e in endpoints_of(network)],
        }
        if summary.inputs:
            entry["inputs"] = summary.inputs
        entries.append(entry)
    return entries


def _asserts_shapes(network: Network) -> bool:
    """Whether the spec says the shapes of the model's stages."""
    nodes = walk(network.definition.body)
    return any(isinstance(n, ast.Stage | ast.Run) and n.shape is not None for n in nodes)


def citations(doc: str) -> list[str]:
    """The papers that a spec's comment names: authors, title, place and year, arXiv number.

    A paper without authors has those of the one before it.
    """
    text = " ".join(doc.split("\n\n", 1)[-1].split())
    found = list(_CITED.finditer(text))
    papers, authors, end = [], "", 0
    for number, each in enumerate(found):
        authors = text[end : each.start()].rpartition(", and ")[2] or authors
        end = each.end()
        after = found[number + 1].start() if number + 1 < len(found) else len(text)
        arxiv = _ARXIV.search(text, end, after)
        paper = f"{authors}{each[0]}"
        papers.append(f"{paper} ({arxiv[0]})" if arxiv else paper)
    return papers


def index_text(entries: list[Record]) -> str:
    """A line per model, so that a change shows which."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f"[\n{lines}\n]\n"


def main() -> None:
    from cnndsl.zoo.document import overview, page

    references = References.read()
    families = check_specs()
    entries = index(families, references)
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    for name, text in pictures(families).items():
        (PICTURES / name).write_text(text, encoding="utf-8")
    INDEX.write_text(index_text(entries), encoding="utf-8")
    PAGE.write_text(page(entries, references), encoding="utf-8")
    README.write_text(overview(README.read_text(encoding="utf-8"), entries), encoding="utf-8")


if __name__ == "__main__":
    main()
