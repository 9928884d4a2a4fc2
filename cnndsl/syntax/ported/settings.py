"""The settings of a layer as records have them, by what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnndsl.elsewhere import NOTHING
from cnndsl.syntax.ported import starts
from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.meaning import setting_meant
from cnndsl.syntax.ported.nested import Record, Value
from cnndsl.syntax.ported.settled import STARTS

_OF_LRN = {"local_size": "size", "alpha": "alpha", "beta": "beta", "k": "k", "norm_region": "idle"}
_INNER = re.compile(
    r"\w*param\w*|params|args|kwargs|config|arguments|attrs|attributes|options|settings"
)


def flattened(record: Record) -> Iterator[tuple[str, Value]]:
    """The settings of a layer, those in records within it too."""
    for key, value in record.pairs:
        if isinstance(value, Record):
            if _INNER.fullmatch(key.lower()) or setting_meant(key) is None:
                yield from flattened(value)
            else:
                yield key, value
        else:
            yield key, value


def note(op: str, key: str, value: Value, given: dict[str, str], notes: list[str]) -> None:
    if op == "input":
        return
    meant = _OF_LRN.get(key.lower()) if op == "lrn" else setting_meant(key)
    if meant is None:
        raise Unknown
    if meant == "idle":
        return
    if meant == "aside" or meant in STARTS:
        said = [("type", value)] if isinstance(value, str) else getattr(value, "pairs", [])
        words = [(k, v) for k, v in said if isinstance(v, str)]
        if start := starts.of_record(words) if meant in STARTS else None:
            given[meant] = start
        elif text := ", ".join(each for _, each in words if each.lower() not in NOTHING):
            notes.append(f"{key} = {text}")
        return
    if op in ("max_pool", "avg_pool", "upsample", "dropout", "bn") and meant == "out":
        return
    if given.setdefault(meant, text_of(value)) != text_of(value):  # it would be dropped
        raise Unknown


def text_of(value: Value) -> str:
    if isinstance(value, str):
        return value.lower() if value.lower() in ("same", "valid", "true", "false") else value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        words = [each for each in value if isinstance(each, str)]
        return words[0] if len(words) == 1 else "x".join(words)
    raise Unknown


def size_said(record: Record) -> Value:
    for key, value in flattened(record):
        if setting_meant(key) in ("kernel", "arrives") or key.lower() in ("shape", "dims"):
            return value
    return ""


def image(value: Value) -> str | None:
    from cnndsl import elsewhere

    words = re.findall(r"\d+", value) if isinstance(value, str) else []
    if isinstance(value, list):
        words = [each for each in value if isinstance(each, str) and each.isdigit()]
    if isinstance(value, Record):
        said = [value.get(name) for name in ("height", "width", "channels")]
        if said[0] is None:
            said = [each for _, each in value.pairs]
        words = [each for each in said if isinstance(each, str) and each.isdigit()]
    if len(words) == 4:
        words = words[1:]
    if len(words) == 2:
        words.append("3")
    return elsewhere.size(words, is_image=True) if len(words) == 3 else None
