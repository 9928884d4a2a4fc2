"""Bytes or a string to a `Source`: the rules of the text before the rules of the language."""

from __future__ import annotations

import re
from itertools import islice

from cnndsl import errors
from cnndsl.diagnostics import LIMIT, Diagnostic
from cnndsl.source import Source, Span

MAX_BYTES = 2 * 1024 * 1024
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(name: str, data: bytes) -> tuple[Source | None, list[Diagnostic]]:
    """The source in a file's bytes, or what is wrong with them."""
    if len(data) > MAX_BYTES:
        return None, [_too_large(name)]
    try:
        return decode_text(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return None, [_undecodable(name, data, error.start)]


def decode_text(name: str, text: str) -> tuple[Source | None, list[Diagnostic]]:
    """The source in a string, by the same rules."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return None, [_too_large(name)]
    source = Source(name, _normalised(text))
    places: dict[str, list[Span]] = {}
    for match in _FORBIDDEN.finditer(source.text):
        places.setdefault(match.group(), []).append(Span(source, *match.span()))
    wrong = [errors.control_character(*spans) for spans in islice(places.values(), LIMIT)]
    return (None, wrong) if wrong else (source, [])


def _normalised(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _too_large(name: str) -> Diagnostic:
    return errors.text_too_large(Span(Source(name, ""), 0, 0), "2 MiB")


def _undecodable(name: str, data: bytes, at: int) -> Diagnostic:
    start = len(_normalised(data[:at].decode("utf-8")))
    source = Source(name, _normalised(data.decode("utf-8", "replace")))
    span = Span(source, start, start + 1)
    if data.startswith(_UTF16):
        return errors.not_utf8(span, "the text is UTF-16, not UTF-8", "save the file as UTF-8")
    return errors.not_utf8(span, f"the text is not UTF-8: byte 0x{data[at]:02X} cannot stand here")
