"""Recipes in the words of other frameworks, and what they are in ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.calls import without
from cnndsl.fixes import corrected, joined_fixes
from cnndsl.recipes import elsewhere
from cnndsl.recipes.tables import CALLS, Definition
from cnndsl.source import Span
from cnndsl.suggest import closest, did_you_mean
from cnndsl.syntax import ast

_DECAYS = ("weight_decay", "l2", "wd", "kernel_regularizer")


def unknown_setting(train: ast.Train, setting: ast.Setting, known: tuple[str, ...]) -> Diagnostic:
    """A setting that a recipe does not have."""
    name, span = setting.name, setting.name_span
    message = f"a recipe has no setting `{name}`"
    if meant := elsewhere.setting(name):
        whole = _with_peak(train, setting) if meant == "schedule" else None
        if whole is not None:
            return errors.bad_setting(span, message, f"write {whole.text}", fix=whole)
        fix = Fix(span, meant)
        return errors.bad_setting(span, message, f"did you mean `{meant}`?", fix=fix)
    if stepped := _stepped(train, name.lower()):
        return errors.bad_setting(span, message, f"the schedule says it: {stepped}")
    if help := elsewhere.ELSEWHERE.get(name.lower()):
        values = ", ".join(value.span.text for value in setting.values)
        scheduled = any(each.name == "schedule" for each in train.settings)
        if name.lower() in elsewhere.RATES and not scheduled:
            fix = Fix(setting.span, f"schedule constant(peak = {values})")
            return errors.bad_setting(span, message, help.format(errors.shown(values)), fix=fix)
        return errors.bad_setting(span, message, help.format(errors.shown(values)))
    help = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return errors.bad_setting(span, message, help)


_OF_STEPS = {
    **{"gamma": "factor", "lr_decay": "factor", "decay_rate": "factor"},
    **{"stepsize": "every", "step_size": "every"},
    **{"milestones": "at", "stepvalue": "at", "steps": "at"},
}


def _stepped(train: ast.Train, name: str) -> str | None:
    """One schedule for a rate, its factor and its steps, which are settings of other recipes."""
    said: dict[str, ast.Setting] = {}
    for setting in train.settings:
        lower = setting.name.lower()
        said[_OF_STEPS.get(lower, lower)] = setting
    if "schedule" in said or name not in {*_OF_STEPS, *elsewhere.RATES}:
        return None
    rate = next((said[each] for each in said if each in elsewhere.RATES), None)
    parts: dict[str, str] = {}
    parts |= {
        key: said[key].values[0].span.text for key in ("every", "at", "factor") if key in said
    }
    if rate is None or not parts:
        return None
    if not parts.keys() & {"every", "at"}:
        parts = {"every": "…", **parts}
    given = {"peak": rate.values[0].span.text, **parts, "factor": parts.get("factor", "0.1")}
    return f"schedule step({', '.join(f'{key} = {value}' for key, value in given.items())})"


def unknown_choice(
    train: ast.Train, setting: ast.Setting, value: ast.Name | ast.Call
) -> Diagnostic:
    """An optimizer, a schedule, a loss or an augmentation that there is not."""
    name, span, args = named(value)
    known = CALLS[setting.name]
    what = "augmentation" if setting.name == "augment" else setting.name
    message = f"there is no {what} `{name}`"
    meant = elsewhere.choice(setting.name, name) or closest(name, known)
    if meant is None:
        return errors.bad_setting(span, message, f"one of {', '.join(sorted(known))}")
    written, why = translated(train, setting.name, known[meant], args)
    if why and setting.name == "optimizer":  # what stands elsewhere is written there
        told = unknown_argument(train, setting, value, known[meant], args[0])
        help = f"did you mean `{meant}`? {told.help}"
        return errors.bad_setting(span, message, help, fix=told.fix)
    fix = Fix(span, meant) if written is None else Fix(value.span, written)
    return errors.bad_setting(span, message, f"did you mean `{meant}`?", fix=fix)


def unknown_argument(
    train: ast.Train,
    setting: ast.Setting,
    value: ast.Name | ast.Call,
    definition: Definition,
    argument: ast.Argument,
) -> Diagnostic:
    """An argument that a choice does not have; the help has all of them as they are here."""
    span = argument.name_span or argument.span
    message = f"`{definition.name}` has no argument `{argument.name}`"
    written, why = translated(train, setting.name, definition, named(value)[2])
    at = definition.signature()
    if written is None:
        help = did_you_mean(argument.name or "", definition.arguments)
        return errors.bad_setting(span, message, help, at)
    places = any(each.name is None for each in named(value)[2])
    lacking = [n for n in definition.required if not places and f"{n} = " not in written]
    if lacking:  # what only the author knows
        inner = ", ".join([f"{name} = …" for name in lacking])
        help = "; ".join([*why, f"write {written.replace('(', f'({inner}, ', 1)}"])
        return errors.bad_setting(span, message, help, at)
    fix = Fix(value.span, written)
    line = corrected(fix) or written
    given = {each.name: each.value.span.text for each in named(value)[2]}
    rate = rate_of(train) if not given.keys().isdisjoint(elsewhere.RATES) else None
    decay = next((given[name] for name in _DECAYS if name in given), None)
    names = [elsewhere.setting(each.name) or each.name for each in train.settings]
    lines = [f"schedule constant(peak = {rate})"] if rate and "schedule" not in names else []
    if decay and setting.name == "optimizer" and "weight_decay" not in names:
        lines.append(f"weight_decay {decay}")
    if lines:
        source, start = setting.span.source, setting.span.start
        indent = source.text[source.text.rfind("\n", 0, start) + 1 : start]
        gap = f"\n{indent if not indent.strip() else ''}"
        fix = Fix(value.span, gap.join([written, *lines]))
        line = f"{line}, and in a line of its own: {', '.join(lines)}"
    scheduled = [_with_peak(train, each) for each in train.settings]
    behind = next((each for each in scheduled if each and each.span.start > fix.span.end), None)
    if rate and behind:
        fix, line = joined_fixes([fix, behind]), f"{line}, and {behind.text}"
    help = f"{'; '.join(why)}: {line}" if why else f"write {line}"
    return errors.bad_setting(span, message, help, at, fix)


def _with_peak(train: ast.Train, setting: ast.Setting) -> Fix | None:
    """A schedule, by whatever name, with the learning rate that its optimizer was given."""
    value = setting.values[0] if len(setting.values) == 1 else None
    if "schedule" not in (setting.name, elsewhere.setting(setting.name)):
        return None
    if not isinstance(value, ast.Name | ast.Call) or "peak" in value.span.text:
        return None
    name, _, args = named(value)
    definition = CALLS["schedule"].get(elsewhere.choice("schedule", name) or name)
    written = translated(train, "schedule", definition, args)[0] if definition else None
    given = written is not None and "peak" in written
    return Fix(setting.span, f"schedule {written}") if given else None


def without_peak(
    train: ast.Train, value: ast.Name | ast.Call, definition: Definition
) -> Fix | None:
    """A schedule with the learning rate that its optimizer was given."""
    written, _ = translated(train, "schedule", definition, named(value)[2])
    return Fix(value.span, written) if written and "peak" in written else None


def twice(
    setting: ast.Setting, value: ast.Name | ast.Call, argument: ast.Argument, key: str
) -> Diagnostic:
    """An argument that is given twice: the learning rate, in front of the momentum."""
    name, _, args = named(value)
    message = f"`{name}` gets `{key}` twice"
    first = args[0]
    rate = setting.name == "optimizer" and first.name is None and argument.name == key
    fix = without(args, 0, value.span) if rate else None
    if fix is None:
        return errors.bad_setting(argument.span, message)
    help = f"the learning rate is the schedule's `peak`: {corrected(fix)}"
    return errors.bad_setting(argument.span, message, help, fix=fix)


def named(value: ast.Name | ast.Call) -> tuple[str, Span, tuple[ast.Argument, ...]]:
    """The name of a choice, its place, and its arguments."""
    if isinstance(value, ast.Name):
        return value.id, value.span, ()
    return value.func.id, value.func.span, value.args


def translated(
    train: ast.Train, setting: str, definition: Definition, args: tuple[ast.Argument, ...]
) -> tuple[str | None, list[str]]:
    """A choice with its arguments as they are called here, None where one is not known; and why
    others are left out.
    """
    known, parts, why = definition.arguments, [], []
    has: set[str | None] = set()
    for argument in args:
        name, text = argument.name, argument.value.span.text
        if name is None and (place := _placed(known, args)):
            parts.append(f"{place} = {argument.span.text}")
            has.add(place)
            continue
        if name is None or name in known:
            parts.append(argument.span.text)
            has.add(name)
            continue
        meant = next((n for n in elsewhere.ARGUMENTS.get(name, ()) if n in known), None)
        if meant is not None and meant not in has:
            parts.append(f"{meant} = {text}")
            has.add(meant)
        elif name == "betas" and "b2" in known and isinstance(argument.value, ast.List):
            pair = zip(("b1", "b2"), argument.value.items, strict=False)
            parts += [f"{n} = {item.span.text}" for n, item in pair]
        elif setting == "optimizer" and name in elsewhere.RATES:
            why.append("the learning rate is the schedule's `peak`")
        elif setting == "optimizer" and name in _DECAYS:
            why.append(f"`weight_decay {text}` is a setting of its own")
        elif name in elsewhere.DROPPED:
            why.append(elsewhere.DROPPED[name])
        else:
            return None, []
    rate = rate_of(train) if setting == "schedule" else None
    if rate and "peak" in known and "peak" not in has and not (args and args[0].name is None):
        parts.insert(0, f"peak = {rate}")
    return f"{definition.name}({', '.join(parts)})" if parts else definition.name, why


def rate_of(train: ast.Train) -> str | None:
    """The learning rate that an optimizer was given."""
    for setting in train.settings:
        for value in setting.values:
            if setting.name == "optimizer" and isinstance(value, ast.Call):
                for argument in value.args:
                    is_first = argument.name is None and argument is value.args[0]
                    if argument.name in elsewhere.RATES or is_first:
                        return argument.value.span.text
        if setting.name in elsewhere.RATES and len(setting.values) == 1:
            return setting.values[0].span.text
    return None


def _placed(known: Collection[str], args: Sequence[ast.Argument]) -> str | None:
    """What one argument without a name is, where another one has the name of its place."""
    meant = {
        ours for each in args for ours in (each.name, *elsewhere.ARGUMENTS.get(each.name or "", ()))
    }
    first, *others = known
    one = sum(each.name is None for each in args) == 1
    return others[0] if one and others and first in meant and others[0] not in meant else None


def has_rate(train: ast.Train) -> bool:
    """Whether an optimizer is given a learning rate by its name."""
    given = [
        argument.name
        for setting in train.settings
        for value in setting.values
        if setting.name == "optimizer" and isinstance(value, ast.Call)
        for argument in value.args
    ]
    return any(name in elsewhere.RATES for name in given)


def without_tensors(setting: ast.Setting, mistake: Diagnostic) -> Diagnostic:
    """A mistake in a setting; that a tensor stands in a list, in the words of recipes."""
    if mistake.code != "E201" or mistake.primary is None:
        return mistake
    span = mistake.primary.span
    what = "a tensor" if "tensor" in mistake.message else "no value"
    seen = errors.shown(span.text, 30)
    message = f"`{setting.name}` is made of numbers and words, and `{seen}` is {what}"
    help = "a recipe is the same for every image: write a number, or a parameter of the model"
    return replace(mistake, message=message, help=help, fix=None)
