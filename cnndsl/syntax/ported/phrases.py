"""Layers in words and figures: `3x3 conv, 64 filters, stride 2, ReLU`, as papers and people say.

Every word of a phrase is read or is one that says nothing: a sentence about something else is no
layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cnndsl.syntax.ported.entries import MADE, Entry
from cnndsl.syntax.ported.meaning import op_meant

_BULLET = re.compile(
    r"^\s*(?:(?:->|→|=>)\s*|[-*•+]\s+|\(?\d+[.):]\s+|(?:layer|step|stage)\s*\d+\s*[:.)-]\s*)+", re.I
)
_OPS = re.compile(
    r"(?:depth-?wise(?:[ -]?separable)?[ -]conv\w*|separable[ -]conv\w*|transposed?[ -]conv\w*"
    r"|(?:conv\w*[ -]transposed?)|deconv\w*|(?:point-?wise[ -])?conv(?:olution(?:al|s)?)?(?:[12]d)?"
    r"|global[ -](?:avg|average|max)\w*(?:[ -]pool\w*)?|(?:max|avg|average|mean)[ -]?pool\w*"
    r"|pool\w*[ -](?:max|avg|average)|pool\w*"
    r"|(?:batch|layer|group|instance)[ -]?norm\w*|bn|local response norm\w*|lrn"
    r"|fully[ -]connected|fc|dense|linear|leaky[ -]?relu|prelu|relu6?|rectified linear units?"
    r"|swish|silu|gelu|elu|selu|mish|sigmoid|tanh|softmax|drop-?out|flatten\w*|up-?sampl\w*|gap)"
    r"(?=$|[\W_]|\d)",
    re.I,
)  # fmt: skip
_NUMBER = r"(\d+(?:\.\d+)?)"
_OF = r"\s*(?:size|rate|of|is|=|:|\()?\s*(?:of|is|=|:|\()?\s*"
_SIZE = r"(\d+)\s*(?:[x×*]|by)\s*(\d+)(?:\s*px)?"
_OUTS = (
    r"(?:filters?|(?:output\s+)?channels?|(?:feature\s+)?maps?|kernels?|outputs?|units?|neurons?"
    r"|nodes?|features?|ch|classes|hidden)"
)
_SETTINGS = tuple(
    (re.compile(pattern, re.I), key)
    for pattern, key in (
        (r"\b(?:no|without|zero)\s+(?:bias(?:es)?)\b", "no bias"),
        (r"\b(?:no|without|valid)\s+padding\b|\bpadding\s*[:=]?\s*[\"']?valid[\"']?|\bvalid\b",
         "valid"),
        (r"\bsame\s+padding\b|\bpadding\s*[:=]?\s*[\"']?same[\"']?|\bsame\b", "same"),
        (rf"\bpad(?:ding)?{_OF}(\d+)(?:\s*x\s*\d+)?", "pad"),
        (rf"\bstrides?[ -]?{_OF}(\d+)(?:\s*x\s*\d+)?|\bs\s*=?\s*(\d)\b|/(\d)\b", "stride"),
        (rf"\bdilat\w*{_OF}(\d+)", "dilation"),
        (rf"\bgroups?{_OF}(\d+)", "groups"),
        (rf"\b(?:kernels?|filters?|windows?|pool)(?:\s+size)?{_OF}{_SIZE}"
         rf"|\b{_SIZE}(?![x×\d])(?:\s*(?:kernels?|windows?))?", "kernel"),
        (rf"\b(?:kernel|window|pool)(?:\s+size)?{_OF}(\d+)|\bk\s*=?\s*(\d+)\b"
         rf"|\bsize{_OF}(\d+)", "kernel"),
        (rf"\b(\d+)\s*(?:-|\s)?\s*{_OUTS}\b|\b{_OUTS}{_OF}(\d+)\b", "out"),
        (rf"\b(?:rate|p|prob\w*){_OF}{_NUMBER}|\b(0?\.\d+)", "rate"),
        (r"\b(\d+)\s*%", "percent"),
        (r"(?:[x×*]|\brepeat(?:ed)?)\s*(\d+)\b|\b(\d+)\s*(?:times|[x×](?!\s*\d))", "count"),
        (r"->\s*(\d+)\b|\b(\d+)[ -](?:way|d|dim\w*)\b", "out"),
    )
)  # fmt: skip
_SILENT = re.compile(
    r"\b(?:a|an|the|of|with|and|then|followed|by|layers?|size|activations?|functions?|using|apply|use|has"
    r"|having|to|in|for|on|non-?linearity|operation|output|2d|normali[sz]ation|regulari[sz]ation"
    r"|is|each|block|one|final|first|second|third|last|another|add|pooling|window|kernel|filters?|all"
    r"|over|stride|rate|padding|probability|units?|vector|maps?|spatial|dimensions?|at|per)\b"
    r"|[\s,;.:()\[\]|+&/\"'`*-]|->|→|=>",
    re.I,
)  # fmt: skip
_MAJOR = frozenset("conv conv_transpose separable depthwise dense max_pool avg_pool".split())


@dataclass
class _Said:
    """An op of a phrase, with what is said around it."""

    op: str
    given: dict[str, str] = field(default_factory=dict)
    count: str = "1"
    bare: list[str] = field(default_factory=list)


_SHORT = tuple(
    (re.compile(pattern, re.I), said)
    for pattern, said in (
        (r"conv(\d+)-(\d+)", r"\1x\1 conv, \2 filters"),  # as VGG's table has it
        (r"(\d+)c(\d+)", r"\2x\2 conv, \1 filters"),
        (r"(?:mp?|p)(\d+)", r"\1x\1 max pool"),
        (r"ap(\d+)", r"\1x\1 average pool"),
        (r"fc-?(\d+)|(\d+)(?:fc|n|l)", r"fc \1\2"),
        (r"soft-max", "softmax"),
        (r"(\d+\s*[x×]\s*\d+)\s*,\s*(\d+)((?:,\s*|/)stride\s*\d+)?", r"\1 conv, \2 filters\3"),
    )
)


def plain(line: str) -> str:
    """A line without the signs of Markdown."""
    return re.sub(r"\*\*|__|`", "", line)


def short(line: str) -> list[str]:
    """The layers of a line in the short notation of papers, in more words: `64c7-p2-10fc`."""
    items = [line.strip()]
    if not any(pattern.fullmatch(items[0]) for pattern, _ in _SHORT):
        items = [each.strip() for each in re.split(r"->|→|[-–,]", line.strip())]
    found = [spelt(each) for each in items]
    return found if any(a != b for a, b in zip(items, found, strict=True)) else [line]


def spelt(item: str) -> str:
    """A layer in the short notation of papers in more words; others as they are."""
    for pattern, said in _SHORT:
        if found := pattern.fullmatch(item):
            return found.expand(said)
    return item


def entries(line: str) -> list[Entry] | None:
    """The layers that a line says in words; None for one that says something else."""
    text = _BULLET.sub("", plain(line.partition("#")[0])).strip().rstrip(".;,")
    if not text or len(text) > 200:
        return None
    label = re.match(r"[A-Za-z_][\w ]{0,24}:\s+(?=\S)", text)
    if label and _names_again(label[0], text[label.end() :]):
        text = text[label.end() :]
    text = re.sub(r"^([A-Za-z]+)[-_]?\d+(?:_\d+)?\s*:", r"\1", text)  # `Conv1: 96 kernels of 11x11`
    places = [(found.start(), found.end(), op) for found, op in _ops(text)]
    if not places:
        return None
    said = [_Said(op) for _, _, op in places]
    left = text
    for start, end, _ in places:
        left = left[:start] + " " * (end - start) + left[end:]
    owners = _Owners(text, places, [each.op for each in said])
    for found in list(re.finditer(r"\((\w+)\)", left)):  # `Dense(classes)`
        if not found[1][0].isdigit() and said[owners.of(found.start(), "out")].op in MADE:
            said[owners.of(found.start(), "out")].given.setdefault("out", found[1])
            left = left[: found.start()] + " " * len(found[0]) + left[found.end() :]
    for pattern, key in _SETTINGS:
        for found in list(pattern.finditer(left)):
            words = [word for word in found.groups() if word]
            _give(said[owners.of(found.start(), key)], key, words)
            left = left[: found.start()] + " " * (found.end() - found.start()) + left[found.end() :]
    for found in list(re.finditer(r"(?<![\w.])\d+(?![\w.])", left)):
        said[owners.of(found.start(), "bare")].bare.append(found[0])
        left = left[: found.start()] + " " * (found.end() - found.start()) + left[found.end() :]
    if _SILENT.sub("", left):
        return None
    made = [_entry(each) for each in said]
    kept = [each for each in made if each is not None]
    return kept if len(kept) == len(made) else None


def has_layers(text: str) -> bool:
    return any(True for _ in _ops(text))


def _names_again(label: str, rest: str) -> bool:
    """Whether what stands behind a label says itself which layer it is: `conv1: 5x5 conv, 6`."""
    ops, named = [op for _, op in _ops(rest)], [op for _, op in _ops(label)]
    return bool(ops) and (not named or named[0] in ops)


def _ops(text: str) -> Iterator[tuple[re.Match[str], str]]:
    last = ""
    for found in _OPS.finditer(text):
        if found.start() and text[found.start() - 1].isalpha():
            continue
        word = found[0]
        op = op_meant(word)
        if re.match(r"[123]d\b", text[found.end() :], re.I):  # `Dropout2d`, which is another layer
            op = op_meant(word + text[found.end() :][:2])
        if op is None or (word.lower() in ("pooling", "pool") and last.startswith("global")):
            continue
        last = op
        yield found, op


@dataclass
class _Owners:
    """Which layer of a phrase a number belongs to."""

    text: str
    places: list[tuple[int, int, str]]
    ops: list[str]

    def of(self, place: int, key: str) -> int:
        """The last major layer in front, or the first one behind where nothing stands in front."""
        takes = ("dropout",) if key in ("rate", "percent") else tuple(_MAJOR)
        takes = tuple(MADE) if key == "out" else takes
        before = [i for i, (start, _, _) in enumerate(self.places) if start < place]
        able = [i for i in before if self.ops[i] in takes or len(self.ops) == 1]
        behind = [i for i in range(len(self.places)) if i not in before]
        able_behind = [i for i in behind if self.ops[i] in takes]
        if able and not (able_behind and self._opens(place, able_behind[0])):
            return able[-1]
        if able_behind:
            return able_behind[0]
        return (before or behind)[-1]

    def _opens(self, place: int, index: int) -> bool:
        """Whether a number stands right in front of a layer: `…, 3x3 conv`."""
        between = self.text[place : self.places[index][0]]
        return re.fullmatch(r"[\dx×]+\s+", between) is not None


def _give(said: _Said, key: str, words: list[str]) -> None:
    if key == "no bias":
        said.given["bias"] = "false"
    elif key in ("valid", "same"):
        said.given["pad"] = key
    elif key == "percent":
        said.given["rate"] = f"{int(words[0]) / 100:g}"
    elif key == "count":
        said.count = words[0]
    elif key == "kernel":
        said.given.setdefault("kernel", "x".join(words[:2]))
    elif words:
        said.given.setdefault(key, words[0])


def _entry(said: _Said) -> Entry | None:
    given, bare = dict(said.given), list(said.bare)
    if said.op in MADE:
        if said.op != "dense" and "kernel" not in given and len(bare) > 1:
            small = min(bare, key=int)
            bare.remove(small)
            given["kernel"] = small
        if "out" not in given and bare:
            given["out"] = bare.pop(0)
    elif said.op in ("max_pool", "avg_pool", "depthwise") and "kernel" not in given and bare:
        given["kernel"] = bare.pop(0)
    elif said.op == "upsample" and bare:
        given["factor"] = bare.pop(0)
    if "out" in given and said.op not in MADE:
        return None
    return None if bare else Entry(said.op, given, (), said.count)


_IMAGE = re.compile(
    r"^\W*(?:\d+[.)]\s*)?(?:the\s+)?(?:input|image)s?\b[^\d\n]*(\d+)\s*[x×,]\s*(\d+)"
    r"(?:\s*[x×,]\s*(\d+))?\s*(.*)$", re.I
)  # fmt: skip


def image(line: str) -> str | None:
    """`Input: 128x128 RGB image`: its size, or None."""
    text = re.sub(r"^(\d+\s*[x×][\dx× ]*\d)\s+(?=(?:rgb|gr[ae]y|colou?r|image|input))",
                  r"input \1 ", plain(line).strip(), flags=re.I)  # fmt: skip
    found = _IMAGE.match(text)
    if found is None:
        return None
    words = found[4].lower()
    gray = any(word in words for word in ("gray", "grey", "mono", "black"))
    sides = [found[1], found[2], found[3] or ("1" if gray else "3")]
    if re.sub(r"rgb|colou?r|images?|pixels?|gr[ae]y\w*|[\W_]|px|scale|channels?|\d", "", words):
        return None
    from cnndsl import elsewhere

    return elsewhere.size(sides, is_image=True)
