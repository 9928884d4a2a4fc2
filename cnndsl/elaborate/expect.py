"""Checks what a spec asserts, and explains a difference where an exact cause exists."""

from __future__ import annotations

from typing import Any

from cnndsl import errors
from cnndsl.diagnostics import LIMIT
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.explain import shape_text
from cnndsl.ir import Instance, Network, Repeated
from cnndsl.suggest import did_you_mean
from cnndsl.summary import Summary, size, summarize_network, table_text
from cnndsl.syntax import ast

FIGURES = ("params", "total", "macs", "output")


def check_expectations(
    network: Network, expectations: list[tuple[ast.Expect, Any]], found: Collector
) -> None:
    if not expectations:
        return
    summary = summarize_network(network)
    explained = 0
    for expect, value in expectations:
        if expect.what == "output":
            _check_output(expect, value, network, found)
        elif expect.what in FIGURES:
            explained += _check_count(expect, value, network, summary, found, explained < LIMIT)
        else:
            message = f"`expect` asserts {', '.join(FIGURES[:-1])} or output, not `{expect.what}`"
            help = did_you_mean(expect.what, FIGURES)
            found.add(errors.bad_expectation(expect.what_span, message, help))


def _check_output(expect: ast.Expect, value: Any, network: Network, found: Collector) -> None:
    said = tuple(value) if isinstance(value, list) else (value,)
    if said != network.output.shape:
        shown = shape_text([v if values.is_number(v) else values.kind(v) for v in said])
        found.add(errors.wrong_output(expect.value.span, shown, shape_text(network.output.shape)))


def _check_count(
    expect: ast.Expect,
    value: Any,
    network: Network,
    summary: Summary,
    found: Collector,
    explain: bool,
) -> bool:
    """Reports a count that is not the asserted one; whether there is one to report."""
    if not values.is_number(value):
        message = f"`expect {expect.what}` wants a number; this is {values.kind(value)}"
        found.add(errors.bad_expectation(expect.value.span, message))
        return False
    seen = getattr(summary, expect.what)
    tolerance = expect.tolerance.value if expect.tolerance else 0
    if abs(seen - value) * 100 <= tolerance * abs(value):
        return False
    name = {"params": "parameters", "total": "parameters and state", "macs": "MACs"}[expect.what]
    message = f"{network.name} has {seen:,} {name}, not {value:,}"
    difference = seen - value
    at = f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than asserted"
    if tolerance:
        at += f", beyond {tolerance}%"
    notes = tuple(suspects(network, expect.what, -difference)) if explain and not tolerance else ()
    table = table_text(summary) if explain else None
    found.add(errors.wrong_count(expect.value.span, message, at, notes, table))
    return True


def suspects(network: Network, what: str, missing: int) -> list[str]:
    """Explanations that account exactly for `missing`: asserted less counted."""
    if what == "macs":
        return _more_or_fewer(network, what, missing)
    biases = sum(_bias_before_norm(network, present=True))
    absent = sum(_bias_before_norm(network, present=False))
    summary = summarize_network(network)
    state = summary.total - summary.params
    notes = []
    if biases and missing == -biases:
        notes.append(f"the biases of the convolutions before `bn` are {biases:,} parameters")
    if absent and missing == absent:
        notes.append(f"biases in the convolutions before `bn` would add exactly {absent:,}")
    if state and missing == (state if what == "params" else -state):
        notes.append(f"the batch statistics are exactly {state:,}: `params` leaves them out")
    last = [layer for layer in summary.layers if layer.op == "dense"]
    if last:
        per_class = last[-1].input[0] + 1
        if missing in (per_class, -per_class):
            notes.append(f"one class more or less is exactly {per_class:,} parameters")
    heads = sum(row.params for row in summary.stages if row.training)
    if heads and missing == -heads:
        notes.append(f"the auxiliary heads are exactly {heads:,}; `params` includes them")
    return notes + _more_or_fewer(network, what, missing)


def _bias_before_norm(network: Network, present: bool):
    """Sizes of the biases that convolutions before a batch norm have, or leave out."""
    from cnndsl.ir import layers

    before = None
    for layer in layers(network.frame):
        if layer.op.name == "bn" and before is not None and layer.x is before.out:
            params = before.op.params(before.x.shape)
            if present and "bias" in params:
                yield size(params["bias"])
            elif not present and "bias" not in params:
                yield layer.x.shape[-1]
        before = layer if layer.op.name in ("conv", "depthwise", "separable") else None


def _more_or_fewer(network: Network, what: str, missing: int) -> list[str]:
    """One repetition of a block more or fewer."""
    from cnndsl.ir import children
    from cnndsl.summary import count

    notes, stack, seen = [], [network.frame], set()
    while stack:
        current = stack.pop()
        if isinstance(current, Repeated) and current.items:
            last = current.items[-1]
            if isinstance(last, Instance) and missing != 0:
                figure = getattr(count(last.frame), what)
                change = "more" if missing > 0 else "fewer"
                note = f"one repetition of `{last.block.name}` {change} is exactly {figure:,}"
                where = f" ({last.path})"
                if abs(missing) == figure and note not in seen:
                    seen.add(note)
                    notes.append(note + where)
        stack.extend(children(current) if not hasattr(current, "op") else ())
    return notes[:3]
