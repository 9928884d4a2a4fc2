"""The stages in order, each stoppable: source -> AST -> networks -> Python.

Everything here maps text to a result and diagnostics; reading files is the `Loader`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from cnndsl.checked import Checked
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.definitions import Loader, collect
from cnndsl.elaborate.models import elaborating, proven
from cnndsl.elaborate.otherwise import Effort
from cnndsl.elaborate.paths import assign_paths
from cnndsl.elaborate.unreached import check_unreached
from cnndsl.garbage import uncollected
from cnndsl.ir import Network, Value
from cnndsl.source import Source
from cnndsl.summary import Summary, summarize_network
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse
from cnndsl.targets.limits import too_large

if TYPE_CHECKING:
    from cnndsl.targets.target import Target


# What `prove` and `check_source` are.
Check = Callable[[Source, Loader, "dict[str, Value] | None", "str | None"], Checked]


def no_files(path: str, source: Source) -> str:
    """The loader of text that stands alone."""
    return "this text has no folder to read from"


@uncollected()
def prove(
    source: Source,
    load: Loader = no_files,
    overrides: dict[str, Value] | None = None,
    model: str | None = None,
) -> Checked:
    """Like `check_source`, for who asks whether the spec holds: its layers have no paths, and uses
    of blocks that are alike share theirs. That takes a third of the time.
    """
    *_, checked = checking(source, load, overrides, model, brief=True)
    return checked


@uncollected()
def check_source(
    source: Source,
    load: Loader = no_files,
    overrides: dict[str, Value] | None = None,
    model: str | None = None,
) -> Checked:
    """Parses and elaborates: every shape, count and assertion, or those of one `model`."""
    *_, checked = checking(source, load, overrides, model)
    return checked


def checking(
    source: Source,
    load: Loader = no_files,
    overrides: dict[str, Value] | None = None,
    model: str | None = None,
    *,
    brief: bool = False,
) -> Iterator[Checked]:
    """The same in steps, for who has other things to do in between: first the program, without a
    network; then that again, after each of them; and last all. `brief` is what `prove` does."""
    effort = Effort()
    checked = Checked(source, None, (), ())
    for step in _checking(source, load, overrides, model, effort, brief):
        checked = step
        yield step
    if not checked.diagnostics:
        return

    def mended_of(checked: Checked) -> Sequence[Diagnostic]:
        from cnndsl.elaborate.doubts import beside
        from cnndsl.elaborate.mending import mended  # only mistakes pay for it

        def recheck(text: str) -> Sequence[Diagnostic]:
            changed = Source(source.name, text)
            return _checked(changed, load, overrides, model, Effort(0, 0)).diagnostics

        if checked.program is None:
            return checked.diagnostics
        wrong = mended(checked.diagnostics, checked.program, effort.spent, recheck)
        return beside(checked.program, wrong)

    def check(changed: Source) -> tuple[bool, Sequence[Diagnostic]]:
        effort.spent = 0
        again = _checked(changed, load, overrides, model, none := Effort(0, 0))
        effort.spent = none.spent
        return again.program is not None, mended_of(again)

    def read_on(changed: Source) -> Sequence[Diagnostic]:
        from cnndsl.syntax.left import left_of

        if (left := left_of(changed)) is None:
            return ()
        *_, again = _elaborating(left.spec, load, overrides, model, Effort(0, 0))
        return [each for each in again.diagnostics if left.tells(each)]

    from cnndsl.syntax.further import Second, further

    wrong = further(source, mended_of(checked), Second(check, read_on))
    from cnndsl.syntax.grouped import grouped
    from cnndsl.syntax.ported import ported

    told_of = ported(source, wrong, check, lambda: effort.spent)
    yield replace(checked, diagnostics=tuple(grouped(told_of)))


def _checked(
    source: Source,
    load: Loader,
    overrides: dict[str, Value] | None,
    model: str | None,
    effort: Effort,
) -> Checked:
    *_, checked = _checking(source, load, overrides, model, effort)
    return checked


def _checking(
    source: Source,
    load: Loader,
    overrides: dict[str, Value] | None,
    model: str | None,
    effort: Effort,
    brief: bool = False,
) -> Iterator[Checked]:
    """The same without edits that are found by trying; `effort` is for what explains counts."""
    spec, diagnostics = parse(source)
    if spec is None or diagnostics:
        yield Checked(source, None, (), tuple(diagnostics))
        return
    yield from _elaborating(spec, load, overrides, model, effort, brief)


def _elaborating(
    spec: ast.Spec,
    load: Loader,
    overrides: dict[str, Value] | None,
    model: str | None,
    effort: Effort,
    brief: bool = False,
) -> Iterator[Checked]:
    """The same of a text that was read."""
    source, found = spec.source, Collector()
    program = collect(spec, load, found)
    networks: list[Network] = []
    yield (begun := Checked(source, program, (), ()))
    known = proven(program, overrides, model) if brief and program.sound and not found else None
    if known is not None:
        networks += known
    elif program.sound:
        for network in elaborating(program, found, overrides, model, effort=effort):
            networks.append(network)
            yield begun
    if model is None:
        check_unreached(program, found)
    if found:
        wrong = tuple(found.diagnostics())
        yield Checked(source, program, (), wrong, attempts=tuple(networks))
    else:
        yield Checked(source, program, tuple(networks), ())


def warnings(checked: Checked) -> list[Diagnostic]:
    """What is seldom meant in a spec that holds, but where its line says that it is."""
    *_, found = warning(checked)
    return found


def warning(checked: Checked) -> Iterator[list[Diagnostic]]:
    """The same in steps, the last of which has them all."""
    if checked.diagnostics or checked.program is None:
        yield []
        return
    from cnndsl.elaborate.doubts import doubts, evident, unasserted
    from cnndsl.elaborate.shadows import shadows
    from cnndsl.elaborate.unread import dropped, unread
    from cnndsl.elaborate.unused import Ignored, unused

    found, ignored = Collector(), Ignored(checked.source)
    of_names = chain(unused(checked.program), shadows(checked.program), evident(checked.program))
    networks = checked.networks
    of_all = chain(unread(networks), dropped(networks), unasserted(networks))
    for each in (of_names, *map(doubts, checked.networks), of_all):
        for advised in each:
            source = advised.primary.span.source if advised.primary else checked.source
            if advised not in ignored and not source.is_zoo:
                found.add(advised)
        yield []
    yield found.diagnostics()


def summaries(checked: Checked) -> tuple[Summary, ...]:
    return tuple(summarize_network(network) for network in checked.networks)


@dataclass(frozen=True)
class Compiled:
    """A generated module, or the diagnostics that stand in its way.

    `training` is the text of the module of the recipes, None where no network has one.
    """

    code: str | None
    summaries: tuple[Summary, ...]
    diagnostics: tuple[Diagnostic, ...]
    training: str | None = None


@uncollected()
def compile_checked(
    checked: Checked,
    overrides: dict[str, Value] | None = None,
    model: str | None = None,
    output: str | None = None,
    target: Target | None = None,
) -> Compiled:
    """The Flax module of a spec that was checked, with the same `overrides`; with `model`, of that
    model alone.

    `output` is where the module goes, as its header repeats it; `target` is Flax by default.

    Raises:
      Miscompiled: if the module is not what was proven of the spec.
    """
    if checked.diagnostics:
        return Compiled(None, (), checked.diagnostics)
    from cnndsl.targets.flax import Flax  # Jinja2 is not on the path of `check`
    from cnndsl.targets.target import origin_of

    target = Flax() if target is None else target
    networks = tuple(n for n in checked.networks if model in (None, n.name))
    if over := too_large(networks):
        return Compiled(None, (), (over,))
    asked = replace(checked, networks=networks)
    origin = origin_of(checked, overrides or {}, model, output)
    module = target.module(asked, origin)
    code = target.text(module)
    summaries = tuple(map(summarize_network, networks))
    return Compiled(code, summaries, (), target.training(asked, origin, module))


def name_layers(
    checked: Checked,
    overrides: dict[str, Value] | None = None,
    model: str | None = None,
    target: Target | None = None,
) -> None:
    """Gives the layers of a checked spec the names that they have in its module.

    Where a module cannot be made of the spec, they keep the names of their own. `target` is Flax
    by default, and with `model` only that model is compiled.
    """
    networks = tuple(n for n in checked.networks if model in (None, n.name))
    if not networks or too_large(networks):
        return
    from cnndsl.targets.flax import Flax  # a summary by stage needs no module
    from cnndsl.targets.target import Miscompiled, origin_of

    target = Flax() if target is None else target
    origin = origin_of(checked, overrides or {}, model, None)
    try:
        module = target.module(replace(checked, networks=networks), origin)
    except Miscompiled:
        return
    for network, paths in zip(networks, target.paths(module, networks), strict=True):
        assign_paths(network, paths)
