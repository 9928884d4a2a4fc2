"""What `cnndsl explain` and docs/errors.md say of the codes.

`python -m cnndsl.explanations.document > docs/errors.md` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from cnndsl.excerpt import clean
from cnndsl.explanations import Example, answer, examples, long_form, remarks

_INTRODUCTION = """\
# Errors and warnings

[All pages](README.md) · [Coming from PyTorch, Keras or Flax](coming-from.md) ·
[In an editor](editor.md)

What each code means, a spec that gets it with what the compiler says of it, and the spec that was
meant. `cnndsl explain CODE` prints an entry of this page, which is made from the same text.
[The language](language.md) has the rules themselves.
"""
_PARTS = {
    "E0": "Syntax",
    "E1": "Names and arguments",
    "E2": "Values",
    "E3": "Shapes",
    "E4": "Assertions",
    "W": "Warnings",
}


def describe(code: str) -> str:
    """One code as plain text: `cnndsl explain E301`."""
    example = examples()[code]
    parts = [f"{code}: {long_form(code)}"]
    for title, text, _ in _parts(example):
        parts += [f"{title}:", indent(text.rstrip("\n"), "    ")]
    return "\n\n".join(parts)


def reference() -> str:
    """All of them as a page."""
    page = [_INTRODUCTION]
    left = dict(examples())
    for begins, title in _PARTS.items():
        page.append(f"## {title}\n")
        for code in [code for code in left if code.startswith(begins)]:
            page.append(_entry(code, left.pop(code)))
    return "\n".join(page)


def _entry(code: str, example: Example) -> str:
    parts = [f"### {code}\n\n{long_form(code)}\n"]
    for title, text, language in _parts(example):
        parts.append(f"{title}:\n\n```{language}\n{text}```\n")
    return "\n".join(parts)


def _parts(example: Example) -> Iterator[tuple[str, str, str]]:
    """The wrong spec, what is said of it, and the right one: title, text and language of each."""
    is_whole = not remarks(example) and _text(example.wrong) == example.wrong
    is_checked = is_whole and not example.module
    title = ", ".join(["Wrong", *remarks(example)])
    yield title, _text(example.wrong), "cnn wrong" if is_checked else "text"
    if example.module:
        yield "With this mylayers.py", example.module, "python"
    said = "Answer of `cnndsl check --run`" if example.module else "Answer"
    yield said, answer(example), "text"
    yield "Right", example.right, "cnn"


def _text(text: str) -> str:
    """A spec as it can be shown: what is invisible is escaped."""
    return "".join(f"{clean(line)}\n" for line in text.splitlines())


if __name__ == "__main__":
    print(reference(), end="")
