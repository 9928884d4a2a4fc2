"""Whether two trees say the same, wherever it stands."""

from __future__ import annotations

from dataclasses import fields

from cnndsl.source import Span
from cnndsl.syntax import ast


def same(one: ast.Spec, other: ast.Spec) -> bool:
    """Compares two specs, comments that become documentation included, without recursion."""
    waiting: list[tuple[object, object]] = [
        (one.doc, other.doc),
        (one.definitions, other.definitions),
    ]
    while waiting:
        a, b = waiting.pop()
        if isinstance(a, Span) and isinstance(b, Span):
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple) and isinstance(b, tuple):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif isinstance(a, ast.Node):
            waiting += [(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)]
        elif a != b:
            return False
    return True
