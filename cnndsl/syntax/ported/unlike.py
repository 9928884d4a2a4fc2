"""Texts that are no spec, and that nothing here reads: what they are, and how a spec begins."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source, Span

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
        (r"\A\s*[\[{]\s*[\"{\[]", "JSON"),
        (
            r"^\s*(?:import|from)\s+\w+|^\s*(?:def|class)\s+\w+.*:\s*$|\bself\.\w",
            "a program in Python",
        ),
        (r"^[A-Z][a-z]+(?:[ ,]+[\w-]+){5,}", "prose"),
    )
)
_SIDES = re.compile(r"\b(\d{2,3})\s*(?:[x×]|\\times|,)\s*\1\b(?:\s*(?:[x×,]|\\times)\s*([134])\b)?")


def unlike(source: Source) -> Diagnostic | None:
    """The one mistake of a text without a definition of ours, where it is plain what it is."""
    text = source.text
    kind = next((kind for signs, kind in _KINDS if signs.search(text)), None)
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
    return errors.no_spec(Span(source, start, head.end() if head else start), kind, example)
