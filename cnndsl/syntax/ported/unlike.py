"""Texts that are no spec, and that nothing here reads: what they are, and how a spec begins."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source, Span

_LONGEST = 20_000  # characters of a text that is looked at
_KINDS = tuple(  # the first whose signs a text has
    (re.compile(signs, re.M), kind)
    for signs, kind in (
        (r"\\(?:begin|hline|times|documentclass)\b", "LaTeX"),
        (r"^graph\s+\w+\s*\(|%\w+ = \w+[\[(]|\bir_version\b", "the text of an ONNX graph"),
        (r"\b\w+Cfg\(|\bdefault_cfgs\b|\b_cfg\(", "a configuration of timm"),
        (r"Output Shape\s+Param", "the summary of a network"),
        (r"^\s*layers?\s*\{|\bbottom\s*:", "a prototxt of Caffe"),
        (r"\A\s*<|</\w+>", "XML"),
        (r"^[ \t]*\|(?:[^|\n]*\|){2,}[ \t]*\n[ \t]*\|[-:| \t]+\|", "a table in Markdown"),
        (r"\[\s*(?:CONV|INPUT|FC)\b|\b(?:CONV|INPUT)\s*->", "a sketch of an architecture"),
        (
            r"^\s*\w+\s*:(?:[ \t]+\S.*)?\n(?:\s*(?:-[ \t]|\w+\s*:).*\n?){2}",
            "YAML",
        ),
        (r"\A\s*[\[{]\s*[\"{]", "JSON"),
        (
            r"^\s*(?:import|from)\s+\w+|^\s*(?:def|class)\s+\w+.*:\s*$|\bself\.\w",
            "a program in Python",
        ),
        (r"^[A-Z][a-z]+(?:[ ,]+[\w-]+){5,}", "prose"),
    )
)
_SIDES = re.compile(
    r"(?<![\d.])(\d{2,3})\s*(?:[x×]|\\times|,)\s*\1\b(?:\s*(?:[x×,]|\\times)\s*([134])\b)?"
)


def unlike(source: Source) -> Diagnostic | None:
    """The one mistake of a text without a definition of ours, where it is plain what it is."""
    text = source.text
    known = _KINDS if len(text) <= _LONGEST else ()
    kind = next((kind for signs, kind in known if signs.search(text)), None)
    if kind is None:
        return None
    start = len(text) - len(text.lstrip())
    head = re.compile(r"[\w.]+|\S").match(text, start)
    sides = _SIDES.search(text)
    side, channels = (sides[1], sides[2] or "3") if sides else ("224", "3")
    example = f"""\
model Net(classes = 10) {{
  input {side}x{side}x{channels}
  conv(64, 3) -> relu -> max_pool(2)
  global_avg_pool -> dense(classes)
}}"""
    span = Span(source, start, head.end() if head else start)
    return errors.no_spec(span, kind, example, _family(text))


def _family(text: str) -> str | None:
    """A spec of the zoo whose network a text names."""
    from cnndsl.zoo.index import list_models  # no spec asks for it

    words = re.findall(r"[a-z]\w{4,}", text.lower())
    specs = {entry.spec.removesuffix(".cnn") for entry in list_models()}
    named = [word for word in words if word in specs or word.partition("_")[0] in specs]
    return (named[0] if named[0] in specs else named[0].partition("_")[0]) if named else None
