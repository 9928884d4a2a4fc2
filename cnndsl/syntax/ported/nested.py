"""Settings under names in records: in braces as JSON and Caffe have them, indented as YAML has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cnndsl.syntax.ported.entries import Unknown


@dataclass
class Record:
    """Pairs of names and values, in order; a value is a text, a record, or a list of them."""

    pairs: list[tuple[str, Value]] = field(default_factory=list)

    def get(self, name: str) -> Value | None:
        return next((value for key, value in self.pairs if key.lower() == name), None)


Value = str | Record | list["Value"]


_WORD = re.compile(
    r"""\s*(?:#[^\n]*\s*|//[^\n]*\s*)*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[{}\[\]:,=;]|[^\s{}\[\]:,=;"']+)"""
)


def braced(text: str) -> Record | None:
    """Records in braces: JSON, and Caffe's `layer { name: "conv1" … }`."""
    words = [found[1] for found in _WORD.finditer(text)]
    if _WORD.sub("", text).strip():
        return None
    try:
        if words[:2] == ["[", "{"]:
            listed, place = _value(words, 0)
            record = Record([("layers", listed)])
        else:
            record, place = _pairs(words, 0)
    except (IndexError, Unknown, RecursionError):
        return None
    return record if place == len(words) and record.pairs else None


def _pairs(words: Sequence[str], place: int) -> tuple[Record, int]:
    record = Record()
    if place < len(words) and words[place] == "{" and not record.pairs:
        inner, place = _value(words, place)
        if isinstance(inner, Record):
            return inner, place
    while place < len(words) and words[place] != "}":
        if words[place] in (",", ";"):
            place += 1
            continue
        key = words[place].strip("\"'")
        place += 1
        if place < len(words) and words[place] in (":", "="):
            place += 1
        elif not (place < len(words) and words[place] == "{"):
            raise Unknown
        value, place = _value(words, place)
        record.pairs.append((key, value))
    return record, place


def _value(words: Sequence[str], place: int) -> tuple[Value, int]:
    word = words[place]
    if word == "{":
        record, place = _pairs(words, place + 1) if words[place + 1] != "{" else (Record(), place)
        if place >= len(words) or words[place] != "}":
            raise Unknown
        return record, place + 1
    if word == "[":
        items: list[Value] = []
        place += 1
        while words[place] != "]":
            if words[place] == ",":
                place += 1
                continue
            item, place = _value(words, place)
            items.append(item)
        return items, place + 1
    if word in "}]:,=;":
        raise Unknown
    return word.strip("\"'"), place + 1


def indented(text: str) -> Record | None:
    """Records by indentation, as YAML has them."""
    lines = [line.partition(" #")[0].rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line.strip() and not line.strip().startswith(("#", "---"))]
    try:
        value, left = _block(lines, -1)
    except (Unknown, RecursionError):
        return None
    if left:
        return None
    return value if isinstance(value, Record) else Record([("layers", value)]) if value else None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], outer: int) -> tuple[Value, list[str]]:
    """What is further right than `outer`, and the lines behind it."""
    if not lines or (_depth(lines[0]) <= outer and not lines[0].lstrip().startswith("- ")):
        raise Unknown
    depth = _depth(lines[0])
    if lines[0].lstrip().startswith("-"):
        items: list[Value] = []
        while lines and _depth(lines[0]) == depth and lines[0].lstrip().startswith("-"):
            head = lines[0].lstrip()[1:]
            inner = depth + 1 + len(head) - len(head.lstrip())
            rest = [" " * inner + head.lstrip(), *lines[1:]]
            end = next(
                (i for i, line in enumerate(rest[1:], 1) if _depth(line) <= depth), len(rest)
            )
            items.append(_item(rest[:end]))
            lines = rest[end:]
        return items, lines
    record = Record()
    while lines and _depth(lines[0]) == depth:
        found = re.fullmatch(r"\s*[\"']?([\w .-]+?)[\"']?\s*:(?:\s+(.*))?", lines[0])
        if found is None:
            raise Unknown
        lines = lines[1:]
        if found[2]:
            record.pairs.append((found[1], _inline(found[2])))
        elif lines and (_depth(lines[0]) > depth or lines[0].lstrip().startswith("- ")):
            if _depth(lines[0]) < depth:
                raise Unknown
            value, lines = _block(lines, depth)
            record.pairs.append((found[1], value))
        else:
            record.pairs.append((found[1], Record()))
    if lines and _depth(lines[0]) > depth:
        raise Unknown
    return record, lines


def _item(lines: list[str]) -> Value:
    if len(lines) == 1 and not re.match(r"\s*[\w .-]+?\s*:(\s|$)", lines[0]):
        return _inline(lines[0].strip())
    value, left = _block(lines, -1)
    if left:
        raise Unknown
    return value


def _inline(text: str) -> Value:
    if text[:1] in "[{":
        words = [found[1] for found in _WORD.finditer(text)]
        try:
            value, place = _value(words, 0)
        except IndexError:
            raise Unknown from None
        if place != len(words):
            raise Unknown
        return value
    return text.strip("\"'")


def sectioned(text: str) -> Record | None:
    """Records under heads in brackets, as TOML has them: `[[layers]]` and `type = "conv"`."""
    record, section = Record(), Record()
    for line in text.splitlines():
        said = line.partition("#")[0].strip()
        head = re.fullmatch(r"\[\[?\s*([\w.]+)\s*\]\]?", said)
        pair = re.fullmatch(r"(\w+)\s*=\s*(\S.*)", said)
        if head:
            section = Record()
            record.pairs.append((head[1].rpartition(".")[2], section))
        elif pair:
            try:
                section.pairs.append((pair[1], _inline(pair[2])))
            except Unknown:
                return None
            if not record.pairs:
                record = section
        elif said:
            return None
    return record if any(isinstance(value, Record) for _, value in record.pairs) else None
