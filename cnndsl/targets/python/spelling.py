"""Literals as ruff leaves them: numbers, strings, docstrings, comments; and how wide text is."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from types import EllipsisType

from cnndsl.targets.python.tree import Constant

WIDTH = 88  # columns of a line

_MOST_BITS = 14_000  # of an int in decimal digits: Python reads no more than 4,300 of them
_PRAGMA = re.compile(r"[nN][oO][qQ][aA]|nosec|(isort|type|pyright|pyrefly|pylint|flake8|ruff|ty):")


def width(text: str) -> int:
    """The columns that a line takes: characters of East Asia take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


# --- numbers --------------------------------------------------------------------------


def constant(node: Constant) -> str:
    """Any constant but a string, as a programmer writes it: 1e-3, 0.5, 11_689_512."""
    value = node.value
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, EllipsisType):
        return "..."
    if isinstance(value, int):
        return _integer(value, node.grouped)
    if isinstance(value, float):
        return _float(value)
    return string(value)


def _integer(value: int, grouped: bool) -> str:
    if value.bit_length() > _MOST_BITS:
        return f"{'-' if value < 0 else ''}0x{abs(value):X}"
    return f"{value:_}" if grouped else int.__repr__(value)


def _float(value: float) -> str:
    """The shortest spelling that reads back exactly; ValueError for one that has no literal."""
    if math.isnan(value):
        raise ValueError("no literal of Python is not a number")
    if math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    text = float.__repr__(value)
    if "e" in text or 0 < abs(value) < 0.01:
        return f"{Decimal(text):e}".replace("e+", "e")
    return text


# --- strings --------------------------------------------------------------------------


def string(value: str, outer: str = "") -> str:
    """A string with the quotes that need fewer escapes, of two equal ones the double quotes.

    `outer` are the quotes of the f-strings around it: ValueError if it cannot stand there.
    """
    quote = quotes(value, outer)
    return f"{quote}{escaped(value, quote)}{quote}"


def quotes(value: str, outer: str) -> str:
    """The quotes for a text inside f-strings, where no backslash may stand before 3.12."""
    if not outer:
        return "'" if value.count('"') > value.count("'") else '"'
    free = "'\"".replace(outer[0], "").replace(outer[-1], "")
    if not free or not value.isprintable() or any(char in value for char in "'\"\\"):
        raise ValueError(f"an f-string of Python 3.11 cannot hold {value!r}")
    return free


def escaped(value: str, quote: str) -> str:
    """The text between quotes: what cannot be seen as an escape sequence."""
    if value.isprintable() and quote not in value and "\\" not in value:
        return value
    return "".join([_escape(char, quote) for char in value])


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _escape(char: str, quote: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == quote:
        return f"\\{quote}"
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# --- docstrings and comments ----------------------------------------------------------


_BARE_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)"$')  # at the end, behind no lone backslash


def docstring(doc: str, margin: str) -> str:
    """A docstring with its quotes, behind `margin`; one of several lines closes on its own."""
    lines = _dedented(doc)
    if not lines:
        return ""
    first, *rest = [_escaped_line(line) for line in lines]
    lead = " " if first.startswith('"') else ""
    if not rest:
        closed = _BARE_QUOTE.sub(r'\1\\"', first)  # four quotes would end it one too early
        return f'{margin}"""{lead}{closed}"""'
    below = [f"\n{margin}{line}" if line else "\n" for line in rest]
    return f'{margin}"""{lead}{first}{"".join(below)}\n{margin}"""'


def _escaped_line(line: str) -> str:
    """A line of a docstring, without three quotes behind one another."""
    text = line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _escape(char, "") for char in text])


def _dedented(doc: str) -> list[str]:
    """Lines without what ruff takes away: space at their ends, and the least of their indents."""
    lines = [line.rstrip() for line in doc.expandtabs().strip().split("\n")]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line]
    least = min(indents, default=0)
    return [line for line in lines[:1] if line] + [line[least:] for line in lines[1:]]


def comment(text: str) -> str:
    """A line of comment with its `#`."""
    visible = "".join([char if char.isprintable() else " " for char in text])
    return f"# {visible}".rstrip()


def reserved(text: str) -> int:
    """The columns that a comment behind a line takes; a word to a tool breaks no line."""
    return 0 if not text or _PRAGMA.match(text.removeprefix("#").lstrip()) else width(f"  {text}")
