"""What each code means, with a spec that gets it and the spec that was meant.

`cnndsl explain` and docs/errors.md say the same: the long form is the docstring of the code's
constructor, the specs stand in the tables beside this file, and what the compiler answers is asked
of the compiler.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from inspect import cleandoc

from cnndsl.advice import EXPLANATIONS
from cnndsl.diagnostics import Diagnostic
from cnndsl.pipeline import check_source, warnings
from cnndsl.source import Source
from cnndsl.syntax.decode import decode
from cnndsl.terminal import render

TABLES = ("syntax", "names", "values", "shapes", "assertions", "warnings")
NAME = "net.cnn"  # of the specs, as answers call them


@dataclass(frozen=True)
class Repeated:
    """A part of a text that stands there `times` times."""

    text: str
    times: int


@dataclass(frozen=True)
class Example:
    """A spec that gets a code, and the spec that was meant."""

    wrong: str
    right: str
    encoding: str = "utf-8"  # in which `wrong` was saved
    repeated: Repeated | None = None  # in `wrong`
    files: dict[str, str] = field(default_factory=dict)  # that it uses
    module: str = ""  # the text of mylayers.py, which `cnndsl check --run` asks
    answer: str = ""  # what that says: the classes need jax, and this does not

    @property
    def saved(self) -> bytes:
        """The wrong spec as the compiler gets it."""
        text = self.wrong
        if self.repeated:
            text = text.replace(self.repeated.text, self.repeated.text * self.repeated.times, 1)
        return text.encode(self.encoding)

    def found(self) -> list[Diagnostic]:
        """What the compiler says of the wrong spec, warnings included, without any class."""
        return self._found(self.saved)

    def left(self) -> list[Diagnostic]:
        """The same of the right one: nothing."""
        return self._found(self.right.encode())

    def _found(self, data: bytes) -> list[Diagnostic]:
        source, diagnostics = decode(NAME, data)
        if source is None:
            return diagnostics
        checked = check_source(source, self._load)
        return list(checked.diagnostics) or warnings(checked)

    def _load(self, path: str, source: Source) -> Source | str:
        text = self.files.get(path)
        return "it does not exist" if text is None else Source(path, text)


@cache
def examples() -> dict[str, Example]:
    """The examples by code, in order."""
    found: dict[str, Example] = {}
    for name in TABLES:
        table = tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))
        for code, entry in table.items():
            if "repeated" in entry:
                entry["repeated"] = Repeated(**entry["repeated"])
            found[code] = Example(**entry)
    return found


def long_form(code: str) -> str:
    """What a code means, in paragraphs."""
    return cleandoc(EXPLANATIONS[code])


def answer(example: Example) -> str:
    """What the compiler says of the wrong spec, as a terminal shows it.

    Of a text that repeats something, only the title: nobody wants to see the rest.
    """
    if example.module:
        return example.answer
    drawn = [render(diagnostic) for diagnostic in example.found()]
    if example.repeated:
        drawn = [text.partition("\n")[0] + "\n" for text in drawn]
    return "\n".join(drawn)


def remarks(example: Example) -> list[str]:
    """What cannot be seen of the wrong spec: how it was saved, what is left out of it."""
    said = []
    if example.encoding != "utf-8":
        said.append(f"saved as {example.encoding.title()}")
    if example.repeated:
        text = example.repeated.text.strip()
        said.append(f"with `{text}` {example.repeated.times:,} times")
    said += [f"and in {name}: {text.strip()}" for name, text in example.files.items()]
    return said
