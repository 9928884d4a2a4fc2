"""Offsets and positions are each other's inverse, in every encoding of the protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from cnndsl.editor.alignment import Alignment
from cnndsl.editor.positions import Positions

UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.text(st.sampled_from("ab# é𝛼😀\u2028\n\r"), max_size=40)


@pytest.mark.parametrize("encoding", UNITS)
@given(text=TEXTS)
def test_offsets_come_back(encoding: str, text: str):
    positions = Positions(text, encoding)
    codec, size = UNITS[encoding]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":  # inside of a line's end
            continue
        at = positions.position(offset)
        assert positions.offset(at) == offset
        before = lines[at.line].encode(codec)[: at.character * size].decode(codec)
        assert text[:offset].endswith(before)
    assert positions.offset(Position(len(lines), 0)) == len(text)
    for line, content in enumerate(lines):
        end = positions.offset(Position(line, 10**6))
        assert text[:end].endswith(content) and text[end : end + 1] in ("", "\n", "\r")


@given(old=TEXTS, new=TEXTS)
def test_what_two_texts_share_is_found_in_both(old: str, new: str):
    alignment = Alignment(old, new)
    for offset in range(len(old) + 1):
        there = alignment.to_new(offset)
        if there is not None:
            assert old[:offset] == new[:there] or old[offset:] == new[there:]
    assert Alignment(old, old).to_new(len(old)) == len(old)
