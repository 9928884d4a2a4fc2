"""Arguments that a call should not have: what was meant, and the edit that makes it so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.reshaped_calls import followed, listed, pooled, rewritten
from cnndsl.fixes import corrected, joined_fixes
from cnndsl.ir import Layer, Tensor
from cnndsl.ops import MERGES, OPS, initial
from cnndsl.ops.conv import Conv, Depthwise
from cnndsl.source import Span
from cnndsl.suggest import closest, did_you_mean
from cnndsl.syntax import ast
from cnndsl.syntax.ported.meaning import setting_meant

_OF_MERGES = ("axis", "dim", "name", "mode", "concat_axis")  # what merges are told elsewhere
_JOINS = {"+": "add", "*": "mul", "-": "sub"}
_FEW = 20  # parameters of a block that are compared with what they may be called elsewhere
_SHORT = 60  # characters of a call that a help has as an example


def unknown(
    callee: str,
    names: Sequence[str],
    args: Sequence[ast.Argument],
    position: int,
    call: Span,
    signature: Callable[[], str],
    required: Sequence[str] = (),
) -> Diagnostic:
    """An argument by a name that the callee does not have, which may be one that it needs."""
    argument = args[position]
    name, span = argument.name or "", argument.name_span or argument.span
    message = f"`{callee}` has no argument `{name}`"
    if found := followed(callee, args, call):
        named, whole = found
        help = f"what follows a layer stands behind it: {whole.text}"
        if name == "activation":
            help = f"activations are layers of their own: -> {named}" if named else "leave it out"
        return errors.unknown_argument(span, message, signature(), help, whole)
    if instead := pooled(callee, args, call):
        return errors.unknown_argument(span, message, signature(), None, instead)
    if meant := next((n for n in elsewhere.ARGUMENTS.get(name, ()) if n in names), None):
        help, change = f"did you mean `{meant}`?", Fix(span, meant)
        if argument.value.span.text not in (written := renamed(argument, name, meant)):
            help, change = f"write {written}", Fix(argument.span, written)
        return errors.unknown_argument(span, message, signature(), help, change)
    if name in ("trainable", "requires_grad") and "frozen" in names:
        is_learned = argument.value.span.text.lower() == "true"
        fix = without(args, position, call) if is_learned else Fix(argument.span, "frozen = true")
        help = "leave it out: it learns" if is_learned else "write frozen = true"
        return errors.unknown_argument(span, message, signature(), help, fix)
    if closest(name, names):
        return errors.unknown_argument(span, message, signature(), did_you_mean(name, names))
    value = argument.value.span.text.lower()
    if callee in OPS and value in elsewhere.NOTHING:
        help = "leave it out: it is so without it"
        return errors.unknown_argument(
            span, message, signature(), help, without(args, position, call)
        )
    if why := elsewhere.DROPPED.get(name):
        fix = without(args, position, call)
        return errors.unknown_argument(span, message, signature(), f"leave it out: {why}", fix)
    if name == "padding_mode" and (padded := _padded(callee, args, position, call)):
        help = "a layer of its own pads in other ways"
        line = corrected(padded)
        help = f"{help}: {line}" if line else help
        return errors.unknown_argument(span, message, signature(), help, padded)
    if callee == "flatten":  # from whatever dimension on
        return errors.unknown_argument(span, message, signature(), None, rewritten(call, callee))
    missing = [each for each in required if each not in _given(names, args)]
    strange = [each.name for each in args if each.name is not None and each.name not in names]
    if callee in OPS and len(missing) == len(strange) == 1:
        help = f"did you mean `{missing[0]}`?"
        return errors.unknown_argument(span, message, signature(), help)
    own = callee not in OPS and callee not in initial.NAMES and callee != "aux"
    if own and (meant := _akin(name, names, args)):
        return errors.unknown_argument(span, message, signature(), f"did you mean `{meant}`?")
    told = f"give `{callee}` that parameter where it is defined, and use it there" if own else None
    return errors.unknown_argument(span, message, signature(), told)


def _given(names: Sequence[str], args: Sequence[ast.Argument]) -> set[str | None]:
    """The parameters that a call gives, by their names or by their places."""
    return {each.name for each in args} | set(names[: sum(each.name is None for each in args)])


def _akin(name: str, names: Sequence[str], args: Sequence[ast.Argument]) -> str | None:
    """The one parameter left that means the same in other libraries' words: `out` for `output`."""
    means = setting_meant(name) if len(names) <= _FEW else None
    given = _given(names, args)
    left = [each for each in names if means not in (None, "idle") and each not in given]
    alike = [each for each in left if setting_meant(each) == means]
    alike = [each for each in alike if "class" in name or "class" not in each]
    return alike[0] if len(alike) == 1 else None


_EXAMPLES = {  # what an op's argument is as a rule
    **{"kernel": "3", "window": "2", "rate": "0.5", "units": "10", "filters": "64"},
    **{"factor": "2", "axis": "channels", "groups": "2", "amount": "1", "size": "7x7"},
}


def lacking(
    callee: str, args: Sequence[ast.Argument], missing: Sequence[str], call: Span
) -> str | None:
    """The call with what it lacks, as an example of how to say it."""
    if len(missing) > 2 or "\n" in call.text or len(call.text) > _SHORT:
        return None
    listed = args[0].value if len(args) == 1 and args[0].name is None else None
    if isinstance(listed, ast.List) and not listed.size and len(listed.items) == len(missing) + 1:
        return f"one by one, they are {callee}({listed.span.text[1:-1].strip()})"
    said = [argument.span.text for argument in args]
    named = any(argument.name for argument in args)
    for name in missing:
        value = _EXAMPLES.get(name) if callee in OPS else None
        said.append(value if value and not named else f"{name} = {value or '…'}")
    return f"say it, as in {callee}({', '.join(said)})"


def surplus(
    callee: str,
    names: Sequence[str],
    args: Sequence[ast.Argument],
    position: int,
    call: Span,
    signature: Callable[[], str],
) -> Diagnostic:
    """The first argument by position that is one too many."""
    takes = f"takes {len(names)} argument{'s' * (len(names) != 1)}, not {len(args)}"
    message = f"`{callee}` {takes if names else 'takes no arguments'}"
    argument = args[position]
    fix = applied(callee, args, call) if not names and callee in OPS else None
    fix = fix or pooled(callee, args, call) or listed(callee, args, call)
    if fix is None and not names and callee in OPS:
        fix = rewritten(call, callee)
    return errors.unknown_argument(argument.span, message, signature(), None, fix)


def applied(callee: str, args: Sequence[ast.Argument], call: Span) -> Fix | None:
    """`relu(x)` and `relu(conv(64, 3))` as chains: the first argument is what arrives."""
    first, *others = args
    value = first.value
    is_layer = isinstance(value, ast.Call) and value.func.id in OPS
    is_tensor = isinstance(value, ast.Name) and value.id not in elsewhere.VALUES
    sum_ = summed(value)
    if first.name is not None or not (is_layer or is_tensor or sum_):
        return None
    left = ", ".join(argument.span.text for argument in others)
    element = f"{callee}({left})" if left else callee
    return rewritten(call, f"{sum_ or value.span.text} -> {element}")


def begun(element: ast.Apply, inputs: Sequence[str]) -> Fix | None:
    """`conv(16, 3, left)` as a chain that starts from that input."""
    args = element.args or ()
    places = [i for i, each in enumerate(args) if each.value.span.text in inputs]
    if len(places) != 1:
        return None
    left = [each.span.text for i, each in enumerate(args) if i != places[0]]
    call = f"{element.name}({', '.join(left)})" if left else element.name
    return rewritten(element.span, f"{args[places[0]].value.span.text} -> {call}")


def summed(value: ast.Expr) -> str | None:
    """`x + y + z` of tensors as a merge; None of anything else."""
    terms: list[str] = []
    while (
        isinstance(value, ast.Binary) and value.op in _JOINS and isinstance(value.right, ast.Name)
    ):
        op, terms = value.op, [value.right.span.text, *terms]
        value = value.left
        if isinstance(value, ast.Name):
            return f"{_JOINS[op]} [ {', '.join([value.span.text, *terms])} ]"
        if not isinstance(value, ast.Binary) or value.op != op:
            return None
    return None


def misread(
    element: ast.Apply, focus: str | None, argument: ast.Argument | None, value: object
) -> tuple[str | None, Fix] | None:
    """What an argument that an op refuses was meant for, by its place: channels as in PyTorch, or
    the tensor that arrives. The help, or None where the corrected line says it all, and the edit.
    """
    args = element.args or ()
    if argument is not None and (whole := pooled(element.name, args, element.span)):
        return None, whole
    if argument is None or argument.name is not None or not args:
        return None
    if isinstance(value, Tensor) and argument is args[0]:
        fix = applied(element.name, args, element.span)
        return None if fix is None else (None, fix)
    said = argument.value
    if isinstance(said, ast.Name) and said.id in OPS and argument is args[-1]:
        shorter = without(args, len(args) - 1, element.span)
        fix = rewritten(element.span, f"{_cut(element.span, shorter)} -> {said.id}")
        return None if fix is None else (f"activations are layers of their own: -> {said.id}", fix)
    counts = isinstance(value, int) and not isinstance(value, bool)
    sides = [each.span.text for each in args if each.name is None]
    is_pair = len(sides) == len(args) == 2 and all(side.isdigit() for side in sides)
    if is_pair and argument is args[-1] and focus in ("method", "mode"):
        fix = rewritten(element.span, f"{element.name}({'x'.join(sides)})")
        return None if fix is None else (None, fix)
    is_dense = (element.name, focus) == ("dense", "bias")
    is_norm = focus == "eps" or (element.name, focus) == ("bn", "momentum")
    gone = args.index(argument) if is_norm else 0
    gone = len(args) - 1 if is_dense and "class" in args[0].span.text else gone
    shape = focus == "eps" and isinstance(value, list)  # PyTorch's `normalized_shape`
    counted = (counts and (is_dense or is_norm)) or shape
    fix = without(args, gone, element.span) if counted else None
    if fix and is_norm and len(args) > gone + 1 and args[gone + 1].name is None:
        last = Fix(args[-1].span, f"eps = {args[-1].span.text}")  # as PyTorch goes on
        fix = joined_fixes([fix, last]) if len(args) == gone + 2 else None
    line = corrected(fix) if fix else None
    if fix is None or line is None:
        return None
    what = "features" if is_dense else "channels"
    return f"the {what} that arrive are not written: {line}", fix


def _cut(call: Span, gone: Fix | None) -> str:
    """The text of a call without what an edit takes out of it."""
    if gone is None:
        return call.text
    return call.text[: gone.span.start - call.start] + call.text[gone.span.end - call.start :]


def merged(element: ast.Apply) -> Fix | None:
    """`add(a, b)` as a merge of branches; of one, `add(a)`, with what arrives."""
    args = element.args or ()
    named = {argument.name for argument in args} - {None, *_OF_MERGES}
    places = [argument.value for argument in args if argument.name is None]
    if element.name not in MERGES or not places or named:
        return None
    if isinstance(places[-1], ast.Literal) and len(places) > 1:  # the axis, by its place
        places.pop()
    if len(places) == 1 and isinstance(places[0], ast.List):
        places = list(places[0].items)
    if len(places) == 1 and isinstance(places[0], ast.Name):
        name, text = places[0].id, element.span.source.text
        if re.search(rf"^[ \t]*{re.escape(name)}[ \t]*=[ \t]*\[", text, re.M):
            return rewritten(element.span, f"{element.name} {name}")
        arrives = [] if name == "here" else ["here, "]
        return rewritten(element.span, f"{element.name} [ {''.join(arrives)}{name} ]")
    branches = ", ".join(value.span.text for value in places)
    return rewritten(element.span, f"{element.name} [ {branches} ]")


def says_channels(layer: Layer) -> bool:
    """Whether a layer may have the channels that arrive in front, as PyTorch has them: among its
    arguments by their places, it has as many filters, or as large a depthwise kernel.
    """
    op, channels = layer.op, layer.x.shape[-1]
    places = sum(argument.name is None for argument in layer.element.args or ())
    if isinstance(op, Depthwise):
        return set(op.kernel) == {channels} and places > 1
    return isinstance(op, Conv) and op.filters == channels and places > 2


def without(args: Sequence[ast.Argument], position: int, call: Span) -> Fix | None:
    """A call without one of its arguments."""
    if len(args) == 1:
        start = call.text.find("(")
        return Fix(Span(call.source, call.start + start, call.end), "") if start > 0 else None
    start, end = args[position].span.start, args[position].span.end
    if position + 1 < len(args):
        end = args[position + 1].span.start
    else:
        start = args[position - 1].span.end
    return Fix(Span(call.source, start, end), "")


def _padded(callee: str, args: Sequence[ast.Argument], position: int, call: Span) -> Fix | None:
    """`conv(64, 3, padding_mode = reflect)` behind a layer that pads so."""
    value = args[position].value
    said = value.value if isinstance(value, ast.Literal) else value.span.text
    mode = elsewhere.PADDING_MODES.get(str(said))
    names = list(OPS[callee].arguments()) if callee in OPS else []
    given = {argument.name or name: argument for argument, name in zip(args, names, strict=False)}
    kernel = given.get("kernel")
    size = re.fullmatch(r"(\d+)(?:x\1)?", kernel.value.span.text) if kernel else None
    if mode is None or size is None or not int(size[1]) % 2 or len(args) > len(names):
        return None
    kept = [a.span.text for a in args if a.name not in ("pad", "padding", "padding_mode")]
    shorter = f"{callee}({', '.join([*kept, 'pad = valid'])})"
    return rewritten(call, f"pad({int(size[1]) // 2}, mode = {mode}) -> {shorter}")


def renamed(argument: ast.Argument, said: str, ours: str) -> str:
    """An argument by the name that it has here; dimension 1 of PyTorch's tensors are channels."""
    value = argument.value.span.text
    value = elsewhere.VALUES.get(value.strip('"'), value) if value[:1] == '"' else value
    return f"{ours} = {'channels' if (said, value, ours) == ('dim', '1', 'axis') else value}"
