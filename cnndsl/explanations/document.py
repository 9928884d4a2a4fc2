"""What `cnndsl explain` and docs/errors.md say of the codes.

`python -m cnndsl.explanations.document > docs/errors.md` writes the page.
"""

from __future__ import annotations

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
    for title, text in _parts(example):
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
    is_whole = not remarks(example) and _text(example.wrong) == example.wrong
    languages = "cnn wrong" if is_whole else "text", "text", "cnn"
    for language, (title, text) in zip(languages, _parts(example), strict=True):
        parts.append(f"{title}:\n\n```{language}\n{text}```\n")
    return "\n".join(parts)


def _parts(example: Example) -> tuple[tuple[str, str], ...]:
    """The wrong spec, what is said of it, and the right one, with a title each."""
    wrong = ", ".join(["Wrong", *remarks(example)])
    return (wrong, _text(example.wrong)), ("Answer", answer(example)), ("Right", example.right)


def _text(text: str) -> str:
    """A spec as it can be shown: what is invisible is escaped."""
    return "".join(f"{clean(line)}\n" for line in text.splitlines())


if __name__ == "__main__":
    print(reference(), end="")
