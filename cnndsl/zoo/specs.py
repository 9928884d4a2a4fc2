"""The specs of the zoo as a spec uses them: `use zoo "resnet.cnn"`."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.suggest import did_you_mean
from cnndsl.syntax.decode import decode
from cnndsl.zoo.index import folder


def names() -> list[str]:
    """The files of the zoo."""
    return sorted(path.name for path in folder("specs").glob("*.cnn"))


def load_zoo(name: str) -> Source | str | list[Diagnostic]:
    """A spec of the zoo by its file's name, or why there is none."""
    known = names()
    if name not in known:
        hint = did_you_mean(name, known)
        return "the zoo has no such spec" + (f"; {hint}" if hint else "")
    path = folder("specs") / name
    source, diagnostics = decode(f"zoo/{name}", path.read_bytes())
    return diagnostics if source is None else replace(source, is_zoo=True)
