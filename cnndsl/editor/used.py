"""What may stand between the quotes of a `use`: specs near a document, or those of the zoo."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lsprotocol import types

from cnndsl.editor.cursor import Cursor
from cnndsl.editor.positions import Positions
from cnndsl.zoo.specs import names

_SUFFIX = ".cnn"
_SKIPPED = frozenset({"node_modules", "__pycache__"})
_MOST = 200  # folders that are searched for a spec before one counts as having some


def paths(
    at: Cursor, offset: int, positions: Positions, real: str | None
) -> list[types.CompletionItem]:
    """The items for a cursor in the path of a `use`, which is at `offset`.

    Of the folders that a path goes through, one is completed after the other. What lies outside the
    document's folder is left out, since a spec cannot use it.

    Args:
      positions: those of the document's text.
      real: the document's real path; None where it was never saved.
    """
    above, slash, begun = (at.path or "").rpartition("/")
    quote = "" if '"' in positions.text[offset:].partition("\n")[0] else '"'
    where = positions.range(offset - len(begun), offset)
    if at.is_zoo:
        found = [] if slash else [(name, True) for name in names()]
    else:
        found = list(_beside(real, above + slash)) if real is not None else []
    return [
        types.CompletionItem(
            name if is_spec else f"{name}/",
            kind=types.CompletionItemKind.File if is_spec else types.CompletionItemKind.Folder,
            sort_text=f"{'10'[is_spec]}{name}",
            text_edit=types.TextEdit(where, name + (quote if is_spec else "/")),
        )
        for name, is_spec in found
        if name.lower().startswith(begun[:1].lower())
    ]


def _beside(real: str, above: str) -> Iterator[tuple[str, bool]]:
    """The specs in a folder below a document's own, and the folders with specs; which is which."""
    for each in _inside(os.path.dirname(real), above):
        if each.is_dir():
            if _has_spec(each):
                yield each.name, False
        elif _is_spec(each) and os.path.realpath(each.path) != real:
            yield each.name, True


def _is_spec(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(_SUFFIX) and entry.is_file()


def _inside(home: str, above: str) -> Iterator[os.DirEntry[str]]:
    """What a folder has that a path can name, in order; nothing outside of `home`."""
    folder = os.path.realpath(os.path.join(home, above))
    if folder != home and not folder.startswith(os.path.join(home, "")):
        return
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return
    for entry in found:
        if not entry.name.startswith(".") and '"' not in entry.name and entry.name.isprintable():
            yield entry


def _has_spec(folder: os.DirEntry[str]) -> bool:
    """Whether there is a spec below a folder; taken for granted where there is much to search."""
    if folder.name in _SKIPPED:
        return False
    for number, (_, inner, files) in enumerate(os.walk(folder.path)):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in _SKIPPED]
        if number >= _MOST or any(name.endswith(_SUFFIX) for name in files):
            return True
    return False
