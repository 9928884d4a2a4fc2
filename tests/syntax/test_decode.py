"""Bytes and strings to sources."""

from __future__ import annotations

import pytest

from cnndsl.syntax import decode as decoding
from cnndsl.syntax.decode import decode, decode_text
from cnndsl.syntax.parser import parse


def test_line_ends_and_a_byte_order_mark():
    source, diagnostics = decode("a.cnn", b"\xef\xbb\xbfblock a() {\r\n\trelu\r\n}\n")
    assert diagnostics == []
    assert source.name == "a.cnn"
    assert source.text == "block a() {\n\trelu\n}\n"
    assert parse(source)[1] == []


def test_a_string_follows_the_same_rules():
    assert decode_text("a", "\ufeff# é\r\n")[0].text == "# é\n"
    assert decode_text("a", "a\rb")[1][0].code == "E002"
    assert decode_text("a", "# \ud800")[1][0].code == "E002"


@pytest.mark.parametrize(
    ("data", "code", "position"),
    [
        (b"\xef\xbb\xbf# caf\xc3\xa9\r\n# \xff", "E001", (2, 3)),
        (b"\xff\xfea\x00", "E001", (1, 1)),
        (b"relu \xc3", "E001", (1, 6)),
        (b"relu\rrelu", "E002", (1, 5)),
        (b"relu\n\x00", "E002", (2, 1)),
        (b"relu\x0c", "E002", (1, 5)),
        ("relu\n\n \x85".encode(), "E002", (3, 2)),
    ],
)
def test_text_that_is_none(data, code, position):
    source, diagnostics = decode("a.cnn", data)
    assert source is None
    span = diagnostics[0].primary.span
    assert diagnostics[0].code == code
    assert span.source.position(span.start) == position


def test_control_characters_are_collected():
    _, diagnostics = decode("a.cnn", b"a\x00b\x01c" + b"\x02" * 1000)
    assert len(diagnostics) == 3
    assert "U+0001" in diagnostics[1].message
    assert diagnostics[2].notes == ("there are 999 more of it",)
    _, diagnostics = decode("a.cnn", "".join(map(chr, range(1, 9))).encode() * 50)
    assert len(diagnostics) == 8


def test_size(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 8)
    assert decode("a.cnn", b"#" * 8)[1] == []
    assert decode("a.cnn", b"#" * 9)[1][0].code == "E003"
    assert decode_text("a.cnn", "é" * 4)[1] == []
    assert decode_text("a.cnn", "é" * 5)[1][0].code == "E003"
