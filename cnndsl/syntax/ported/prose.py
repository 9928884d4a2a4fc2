"""Networks in sentences, which say their layers one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnndsl.syntax.ported import phrases
from cnndsl.syntax.ported.reader import Reader

_NUMBERS = {word: str(n) for n, word in enumerate("two three four five six seven eight".split(), 2)}
_ASIDE = re.compile(r"\b(?:first|then|next|finally|after that|lastly|it is)\b,?\s*", re.I)
_EACH = re.compile(
    r"\b(?:\d+x?\s+)?([\w -]+?)\s+layers?\s+(?:with|of)"
    r"\s+((?:\d+,\s*)*\d+,?\s+and\s+\d+|(?:\d+,\s*)+\d+)\s+(.*)",
    re.I,
)
_CLAUSES = re.compile(r",\s*(?:and\s+)?|\s+and\s+|\s+followed by\s+")


def read(text: str, reader: Reader) -> bool:
    """Whether a text says a network in sentences, at least two of which have layers."""
    found = 0
    for sentence in re.split(r"(?<=[.;:!])\s+", " ".join(text.split())):
        if size := phrases.image(sentence) or _image(sentence):
            reader.script.image = reader.script.image or size
            continue
        if not phrases.has_layers(sentence):
            continue
        for said in _said(sentence):
            if not reader.read(said):
                return False
        found += 1
    return found > 1


def _said(sentence: str) -> Iterator[str]:
    """The parts of a sentence that are read one by one."""
    text = _ASIDE.sub("", sentence)
    counted = re.compile(rf"\b({'|'.join(_NUMBERS)})\s+(?=[\w -]*layers)", re.I)
    text = counted.sub(lambda word: f"{_NUMBERS[word[1].lower()]}x ", text)
    if each := _EACH.search(text):
        for number in re.findall(r"\d+", each[2]):
            yield f"{each[1]} layer with {number} {each[3]}"
    elif phrases.entries(text) is not None:
        yield text
    else:
        yield from filter(None, _CLAUSES.split(text))


def _image(sentence: str) -> str | None:
    """`an RGB image of 227x227`."""
    sides = re.search(r"(\d+)\s*[x×]\s*(\d+)(?:\s*[x×]\s*(\d))?\b", sentence)
    if sides is None or not re.search(r"\b(?:images?|inputs?|pictures?)\b", sentence, re.I):
        return None
    gray = re.search(r"\bgr[ae]y|\bblack", sentence, re.I)
    return f"{sides[1]}x{sides[2]}x{sides[3] or ('1' if gray else '3')}"
