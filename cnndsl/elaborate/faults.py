"""What is wrong with values: the diagnostics of their faults."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.scope import Scope, Unknown
from cnndsl.ir import Pack, Tensor, Value
from cnndsl.source import Span
from cnndsl.suggest import closest, did_you_mean
from cnndsl.syntax import ast

_BY_CODE = {
    "E106": lambda span, message, help: errors.unknown_argument(span, message, "", help),
    "E118": errors.bad_attribute,
    "E201": errors.wrong_type,
    "E202": errors.not_a_number,
    "E203": errors.no_such_item,
    "E206": errors.too_large,
    "E209": errors.not_a_condition,
}


IN_PACKS = "several tensors are a pack, `xs = [ a, b ]`, and `xs[i]` is one of them"


def is_word(text: str) -> bool:
    """Whether an expression is so short and simple that a help can repeat it."""
    return len(text) < 40 and text.replace("_", "").replace(".", "").isalnum()


def not_a_list(expr: ast.Expr, value: Value) -> Diagnostic:
    """What is to be walked is no list."""
    text = expr.span.text
    counts = values.is_int(value) and len(text) <= 40 and "\n" not in text
    help = f"count up to it: 0 .. {text}" if counts else None
    if isinstance(value, Pack) and is_word(text):
        help = f"take its tensors by number: for i in 0 .. len({text}) {{ {text}[i] -> … }}"
    fix = Fix(expr.span, f"0 .. {text}") if counts else None
    return errors.not_a_list(expr.span, values.kind(value), help, fix)


def _rows(items: ast.Expr) -> tuple[ast.Expr, ...]:
    return items.items if isinstance(items, ast.List) else ()


def _is_row(row: ast.Expr, item: Value) -> bool:
    """Whether a row as written is the one that has a value, as far as its literals say."""
    if not isinstance(item, list):
        return isinstance(row, ast.Literal) and row.value == item
    if not isinstance(row, ast.List) or len(row.items) != len(item):
        return False
    pairs = zip(row.items, item, strict=True)
    return all(not isinstance(e, ast.Literal) or e.value == v for e, v in pairs)


def unpacked(targets: tuple[str, ...], items: ast.Expr, item: Value) -> list[Value]:
    """The values of the names that walk a list, for one of its items."""
    if len(targets) == 1:
        return [item]
    if not isinstance(item, list) or len(item) != len(targets):
        seen = f"a list of {len(item)}" if isinstance(item, list) else values.kind(item)
        row = next((r for r in _rows(items) if _is_row(r, item)), items)
        raise Failure(errors.cannot_unpack(row.span, targets, seen))
    return item


def no_endpoint(span: Span, name: str, scope: Scope) -> Diagnostic | None:
    """Why `t.size` is no tensor: what `t` is has no endpoint of that name, or is no model."""
    stem, _, end = name.partition(".")
    found, value = scope.value(stem)
    tensor = scope.tensor(stem)
    if tensor is None and (not found or isinstance(value, Unknown)):
        if found or scope.is_incomplete():
            return None
        return errors.unknown_name(span, stem, did_you_mean(stem, scope.names()))
    if tensor is not None and tensor.known is None:
        if end in values.ATTRIBUTES or end == "shape" or not scope.has_no_endpoints(stem):
            return None
        tensor = Tensor(None)
    known = [n.removeprefix(f"{stem}.") for n in scope.names() if n.startswith(f"{stem}.")]
    if known:
        meant = closest(end, known)
        help = f"did you mean `{meant}`?" if meant else ", ".join(known[:8])
        fix = Fix(span, f"{stem}.{meant}") if meant and span.text == name else None
        return errors.bad_attribute(span, f"`{stem}` has no endpoint `{end}`", help, fix)
    if isinstance(value, Unknown):
        return None
    try:
        values.attribute(value if tensor is None else tensor, end)
    except values.Fault as fault:
        return diagnose(fault, span)
    return None


def diagnose(fault: values.Fault, span: Span) -> Diagnostic:
    """The diagnostic of a fault at a place."""
    return _BY_CODE[fault.code](span, fault.message, fault.help)
