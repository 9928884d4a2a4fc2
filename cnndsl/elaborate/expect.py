"""Checks what a spec asserts, and explains a difference where an exact cause exists."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial

from cnndsl import errors
from cnndsl.counts import count_layer, totals
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.explain import shape_text
from cnndsl.elaborate.otherwise import Trials
from cnndsl.elaborate.suspects import Cause, causes, explanations
from cnndsl.fixes import corrected, joined_fixes
from cnndsl.ir import Network, Value
from cnndsl.ops.base import Shape
from cnndsl.suggest import did_you_mean
from cnndsl.summary import summarize_network, table_text
from cnndsl.syntax import ast
from cnndsl.syntax.scan import POWERS
from cnndsl.walks import layers

NOUNS = {"params": "parameters", "total": "parameters and state", "macs": "MACs"}
FIGURES = (*NOUNS, "output")
_SHOWN = 2  # explanations; more explain nothing


def check_counts(network: Network, found: Collector) -> None:
    """Reports counts that are too large to be those of a network."""
    counts = totals(network)
    for what, noun in NOUNS.items():
        total = getattr(counts, what)
        if total >= values.MAX_INT:
            held = [(getattr(count_layer(each), what), each) for each in layers(network.frame)]
            held.sort(key=lambda pair: pair[0])
            span = held[-1][1].element.name_span if held else network.declared.name_span
            found.add(errors.too_many(span, f"{network.name} has {total:,} {noun}"))
            return


def check_expectations(
    network: Network,
    expectations: list[tuple[ast.Expect, Value]],
    found: Collector,
    trials: Trials | None,
) -> None:
    """Reports what does not hold; `trials` are asked for what would make it hold. Without any,
    nothing is explained.
    """
    if not expectations:
        return
    counts = totals(network)
    exact = {e.what: v for e, v in expectations if is_exact(e) and isinstance(v, int)}
    table = cache(lambda: table_text(summarize_network(network)))  # only mistakes show it
    suspects = cache(partial(causes, network))
    for expect, value in expectations:
        if expect.what == "output":
            _check_output(expect, value, network, found)
        elif expect.what in NOUNS and expect.of_span is not None:
            message = f"`expect {expect.what}` is of the whole network, and names none of its parts"
            found.add(errors.bad_expectation(expect.of_span, message))
        elif expect.what in NOUNS:
            seen = getattr(counts, expect.what)
            mistake = _wrong_count(expect, value, network.name, seen)
            if mistake is None:
                continue
            if mistake.code == "E401" and trials is not None:
                mistake = replace(mistake, table=table())
                if expect.what == "macs" and expect.unit:
                    mistake = _halved(mistake, expect, value, seen)
                if is_exact(expect) and isinstance(value, int):
                    likely = explanations(suspects(expect.what), value - seen)
                    notes = tuple(cause.note for cause in likely)
                    if notes:
                        mistake = replace(_renamed(mistake, expect, notes), notes=notes)
                        mistake = _edited(mistake, likely)
                    else:
                        mistake = _explained(mistake, trials, expect.what, value, exact)
            found.add(mistake)
        else:
            message = f"`expect` asserts {', '.join(FIGURES[:-1])} or output, not `{expect.what}`"
            help = did_you_mean(expect.what, FIGURES)
            mistake = errors.bad_expectation(expect.what_span, message, help)
            found.add(_halved(mistake, expect, value, counts.macs))


def _renamed(mistake: Diagnostic, expect: ast.Expect, notes: tuple[str, ...]) -> Diagnostic:
    """A count that is right under another name: Keras's parameters are our `total`."""
    classes = next((note for note in notes if " classes instead of " in note), None)
    figure = re.search(r" has ([\d,]+) ", mistake.message)
    if classes is not None and figure is not None:
        right = re.sub(r".* instead of ([\d,]+) .*", r"\1", classes)
        line = corrected(Fix(expect.value.span, figure[1].replace(",", "_")))
        return replace(mistake, help=f"if {right} classes are right: {line}")
    other = {"params": "total", "total": "params"}.get(expect.what)
    if other is None or not any("batch statistics are exactly" in note for note in notes):
        return mistake
    fix = Fix(expect.what_span, other)
    line = corrected(fix)
    return replace(mistake, fix=fix, help=f"write {line}" if line else None)


def _halved(mistake: Diagnostic, expect: ast.Expect, value: Value, seen: int) -> Diagnostic:
    """A count of operations that is twice that of multiply-accumulates, as it would be of those."""
    is_known = expect.what == "macs" or "flop" in expect.what.lower()
    if not values.is_number(value) or not is_known:
        return mistake
    if abs(2 * seen - value) * 2 > (expect.unit or 0):
        return mistake
    said = expect.value.span
    fixes = [Fix(said, _as(said.text, seen) if expect.unit else str(seen))]
    if expect.what != "macs":
        fixes = [Fix(expect.what_span, "macs"), *fixes]
    line = corrected(fix := joined_fixes(fixes))
    help = f"a FLOP is half of a multiply-accumulate: {line}"
    return replace(mistake, help=help, fix=fix) if line else mistake


def _edited(mistake: Diagnostic, causes: list[Cause]) -> Diagnostic:
    """The mistake with the edits of its one cause."""
    edits = causes[0].edits
    if mistake.fix is not None or len(causes) > 1 or not edits:
        return mistake
    lines = dict.fromkeys(edit.span.line for edit in edits)
    shown = [edit for edit in edits if edit.span.line == edits[0].span.line]
    line = corrected(joined_fixes(shown)) if "\n" not in edits[0].text else None
    text = line or edits[0].text.partition("\n")[0]
    also = f" (and in line {', '.join(map(str, [*lines][1:]))})" if len(lines) > 1 else ""
    return replace(mistake, help=f"write {text}{also}", fix=joined_fixes(edits))


def is_exact(expect: ast.Expect) -> bool:
    return expect.tolerance is None and not expect.unit and expect.what in NOUNS


def _explained(
    mistake: Diagnostic, trials: Trials, what: str, value: int, exact: dict[str, int]
) -> Diagnostic:
    """A failed count with the changes of the spec that would give it, two at most."""
    hits = trials.hits(what, value, exact)[:_SHOWN]
    figure = f"{value:,} {NOUNS[what]}"
    notes = tuple(hit.note(trials.network.name, figure) for hit in hits)
    labels = tuple(
        Label(hit.fix.span, "this may be it")
        for hit in hits[:1]
        if hit.fix.span.text and not hit.said
    )
    return replace(mistake, notes=notes, labels=labels)


def _check_output(expect: ast.Expect, value: Value, network: Network, found: Collector) -> None:
    results = network.outputs or ("logits",)
    *_, last = results
    if expect.of is None and len(results) > 1:
        message = f"this network has {len(results)} outputs: say which one has that shape"
        help = f"as in: expect output {last} : {_written(network.output.shape)}"
        found.add(errors.bad_expectation(expect.what_span, message, help))
        return
    name = expect.of or last
    if name not in results:
        span = expect.of_span or expect.what_span
        message = f"`{name[:60]}` is no output of {network.name}"
        help = did_you_mean(name, results) or f"its outputs: {', '.join(results[:8])}"
        if name in network.endpoints:
            help = f"a stage or a named tensor says its shape itself, behind a colon; {help}"
        found.add(errors.bad_expectation(span, message, help))
        return
    shape = network.endpoints[name].shape
    said = tuple(value) if isinstance(value, list) else (value,)
    if said != shape:
        shown = shape_text([v if values.is_number(v) else values.kind(v) for v in said])
        found.add(errors.wrong_output(expect.value.span, shown, shape_text(shape), expect.of))


def _written(shape: Shape) -> str:
    """A shape as a spec asserts it."""
    return "x".join(map(str, shape))


def _as(said: str, seen: int) -> str:
    """A count with the digits and the unit that another one is written with."""
    decimals = len(said[:-1].partition(".")[2])
    return f"{seen / 10 ** POWERS[said[-1]]:.{decimals}f}{said[-1]}"


def _wrong_count(expect: ast.Expect, value: Value, name: str, seen: int) -> Diagnostic | None:
    """What is wrong with an asserted count, without an explanation."""
    if not values.is_number(value):
        message = f"`expect {expect.what}` wants a number; this is {values.kind(value)}"
        return errors.bad_expectation(expect.value.span, message)
    if expect.unit:  # the asserted count is rounded to it
        if abs(seen - value) * 2 <= expect.unit:
            return None
        said = expect.value.span.text
        message = f"{name} has {seen:,} {NOUNS[expect.what]}, which are not {said}"
        return errors.wrong_count(expect.value.span, message, f"they round to {_as(said, seen)}")
    tolerance = expect.tolerance.value if expect.tolerance else 0
    assert values.is_number(tolerance), tolerance  # the grammar has no others
    difference = seen - value
    if abs(difference) * 100 <= tolerance * abs(value):
        return None
    message = f"{name} has {seen:,} {NOUNS[expect.what]}, not {value:,}"
    at = f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than asserted"
    if tolerance:
        at += f", beyond {tolerance}%"
    return errors.wrong_count(expect.value.span, message, at)
