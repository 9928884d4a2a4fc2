"""Names of elements, values and functions that nothing has: what was meant, with its edit."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.elaborate.calls import merged, renamed
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.reshaped_calls import activation_of, left_out, rewritten
from cnndsl.elaborate.values import ATTRIBUTES
from cnndsl.fixes import corrected
from cnndsl.ops import MERGES, OPS
from cnndsl.source import Span
from cnndsl.suggest import MOST, closest, did_you_mean, meant_value
from cnndsl.syntax import ast

if TYPE_CHECKING:
    from cnndsl.elaborate.program import Program

_OF_SIZED = 3  # arguments of torchvision's `conv3x3`: channels that arrive and leave, a stride
_POINTWISE = ("pointwise", "pointwiseconv", "pwconv")
_NO_LIST = "leave it out: layers follow each other as they stand, and no list holds them"
_OF_ALL = ("avgpool", "averagepool", "averagepooling")  # without a window
_BORDERS = {"reflectionpad": "reflect", "reflectpad": "reflect", "replicationpad": "edge"}
_ARRIVING = frozenset({"x", "inputs"})  # what arrives, as other libraries call it
RESULTS = frozenset({"output", "outputs", "result"})  # with a colon behind them


def unknown_element(
    element: ast.Apply, known: Iterable[str], below: Span | None = None
) -> Diagnostic:
    """The head of an element that nothing is called; `below` is a later line that names it."""
    name, span = element.name, element.name_span
    if below is not None:
        labels = (Label(below, "named further down"),)
        help = "a name is known from its line on: move that line up"
        return errors.unknown_element(span, name, help, labels=labels)
    if name == "Activation" and len(args := element.args or ()) == 1:
        value = args[0].value
        said = value.value if isinstance(value, ast.Literal) else value.span.text
        if op := closest(str(said), OPS):
            help = f"activations are layers of their own: -> {op}"
            return errors.unknown_element(span, name, help, rewritten(element.span, op))
    merge = elsewhere.op(name) or ""
    numbered = re.search(r"[\[(][ \t]*-?\d", element.span.text)  # layers by their numbers
    if merge in MERGES and not numbered and (joined := merged(replace(element, name=merge))):
        help = f"give it branches: {corrected(joined) or joined.text}"
        return errors.unknown_element(span, name, help, joined)
    if found := _meant(element):
        return found
    if elsewhere.plain(name) == "logsoftmax":
        help = "leave it out: a loss takes what stands before it"
        return errors.unknown_element(span, name, help, left_out(element.span))
    if whole := _sized(element) or _repeated(element):
        fix = rewritten(span.to(element.span), whole)
        return errors.unknown_element(span, name, f"write {whole}", fix)
    if elsewhere.plain(name) in ("sequential", "modulelist"):
        return errors.unknown_element(span, name, _NO_LIST)
    if elsewhere.plain(name) in _OF_ALL and element.args is None:
        return errors.unknown_element(span, name, "did you mean `global_avg_pool`?")
    if name in _ARRIVING and element.args is None:
        return errors.unknown_element(span, name, "did you mean `here`?")
    known = list(islice(known, MOST + 1))
    place, meant = elsewhere.said_elsewhere(name) or _in_zoo(name), closest(name, known)
    if meant is None and place is None:
        meant = akin(name, known)
    if place or meant is None:
        labelled = re.compile(r"[ \t]*:[ \t]*(?=[A-Za-z_])").match(span.source.text, span.end)
        gone = Fix(Span(span.source, span.start, labelled.end()), "") if labelled else None
        if name in RESULTS and (asserted := _asserted(span)):
            help = "the last line is the result; its size is asserted by `expect`"
            return errors.unknown_element(span, name, f"{help}: {asserted.text}", asserted)
        if place is None and element.args is None and _begins(element):
            place = f"a tensor has its name where it is made: … as {errors.shown(name, 30)}"
        return errors.unknown_element(span, name, place, gone if name in RESULTS else None)
    fix = _translated(element, meant)
    help = f"did you mean `{meant}`?" + (f" {errors.shown(fix.text, 80)}" if fix else "")
    return errors.unknown_element(span, name, help, fix)


def _asserted(result: Span) -> Fix | None:
    """`output: 1000`, the size of the result, as it is asserted."""
    sized = re.compile(r"[ \t]*:[ \t]*([\d_]+)[ \t]*(?:#[^\n]*)?(?=\n)")
    figure = sized.match(result.source.text, result.end)
    line = Span(result.source, result.start, figure.end(1)) if figure else None
    return Fix(line, f"expect output {figure[1]}") if line and figure else None


def _in_zoo(name: str) -> str | None:
    """How a spec gets a network of the zoo."""
    spec = _networks().get(name)
    return f'it is a network of the zoo: use zoo "{spec}" above the models' if spec else None


@cache
def _networks() -> dict[str, str]:
    """The specs of the networks of the zoo."""
    from cnndsl.zoo.index import list_models  # most specs have no such name

    return {entry.name: entry.spec for entry in list_models()}


def _begins(element: ast.Apply) -> bool:
    """Whether a chain starts with an element and goes on: `trunk -> dense(10)`."""
    text, end = element.span.source.text, element.span.end
    start = text.rfind("\n", 0, element.span.start) + 1
    before = text[start : element.span.start].rpartition("=")[2].strip()
    return not before and re.compile(r"[ \t]*->").match(text, end) is not None


def akin(name: str, known: Iterable[str]) -> str | None:
    """The one name of several words that begins with the same one, of a block that was renamed:
    `conv_norm_act` for `conv_bn_relu`.
    """
    words = name.split("_")
    if len(words) < 2:
        return None
    alike = {each for each in known if each not in OPS and each not in MERGES}
    found = [e for e in alike if e.split("_")[0] == words[0] and len(e.split("_")) > 1]
    return found[0] if len(found) == 1 else None


def _meant(element: ast.Apply) -> Diagnostic | None:
    """An op of another framework that may be several here, or one without its arguments."""
    name, args = element.name, element.args or ()
    if name.lower() == "pooling" and any(argument.name == "pool" for argument in args):
        return _pooling(element, args)
    likely = [each for each in elsewhere.ops(name) if each in OPS]
    if not likely or likely == [elsewhere.op(name)] or not args:
        return None
    if all(argument.name in (None, "dim", "axis", "dims", "axes") for argument in args):
        whole = elsewhere.of_sizes(name, [argument.value.span.text for argument in args])
        if whole is not None:
            fix = rewritten(element.span, whole)
            return errors.unknown_element(element.name_span, name, f"write {whole}", fix)
    fitting = (each for each in likely if all(_has(each, a.name) for a in args))
    meant = next(fitting, None)
    if meant is None:
        return None
    help = f"did you mean `{meant}`?"
    return errors.unknown_element(element.name_span, name, help, _translated(element, meant))


def _sized(element: ast.Apply) -> str | None:
    """`conv3x3(in, out, stride)` and `reflection_pad(3)`, which say an argument in their names."""
    sized = re.fullmatch(r"conv_?(\d+)x(\d+)", element.name, re.IGNORECASE)
    args = [argument.span.text for argument in element.args or () if argument.name is None]
    named = [argument.span.text for argument in element.args or () if argument.name is not None]
    if elsewhere.plain(element.name) in _POINTWISE and len(args) == 1:
        return f"conv({', '.join([*args, '1', *named])})"
    if (mode := _BORDERS.get(elsewhere.plain(element.name))) and len(args) == 1:
        return f"pad({args[0]}, mode = {mode})"
    if sized is None or not args or len(args) > _OF_SIZED:
        return None
    out, *stride = args[1:] if len(args) > 1 else args
    kernel = sized[1] if sized[1] == sized[2] else f"{sized[1]}x{sized[2]}"
    return f"conv({', '.join([out, kernel, *(f'stride = {each}' for each in stride), *named])})"


def _repeated(element: ast.Apply) -> str | None:
    """`repeat(unit(16), 3)`, and with the count in front."""
    args = [argument.value for argument in element.args or ()]
    layers = [each for each in args if isinstance(each, ast.Call)]
    if element.name not in elsewhere.REPEATS or len(args) != 2 or len(layers) != 1:
        return None
    count = next(each for each in args if each is not layers[0])
    plain = isinstance(count, ast.Literal | ast.Name)
    return f"{layers[0].span.text} * {count.span.text if plain else f'({count.span.text})'}"


def _pooling(element: ast.Apply, args: Sequence[ast.Argument]) -> Diagnostic:
    """Caffe's pooling, which says by an argument which one it is."""
    kinds = {a.value.span.text.strip('"').upper() for a in args if a.name == "pool"}
    meant = "avg_pool" if "AVE" in kinds else "max_pool"
    left = tuple(argument for argument in args if argument.name != "pool")
    fix = _translated(replace(element, args=left), meant)
    call = fix or rewritten(element.span, f"{meant}({', '.join(a.span.text for a in left)})")
    help = f"write {call.text}" if call else f"did you mean `{meant}`?"
    return errors.unknown_element(element.name_span, element.name, help, call)


def _translated(element: ast.Apply, meant: str) -> Fix | None:
    """An op's call with all names as they are here; None where only its own name changes."""
    if meant not in OPS:
        return None
    names, args, behind = OPS[meant].arguments(), [], ""
    for argument in element.args or ():
        said, text = argument.name, argument.span.text
        if said in elsewhere.LAYERS and (activation := activation_of(argument)):
            behind += f" -> {activation}"
            continue
        if said is None or said in names:
            args.append(text)
        elif ours := next((n for n in elsewhere.ARGUMENTS.get(said, ()) if n in names), None):
            args.append(renamed(argument, said, ours))
        elif said not in elsewhere.DROPPED:
            return None
    places = [argument.name for argument in element.args or ()][:2]
    if element.name.endswith("2dLayer") and places == [None, None] and "conv" in meant:
        args[:2] = args[1::-1]  # MATLAB's sizes stand in front of the filters
    if elsewhere.plain(element.name) == "linear" and len(args) > 1 and places == [None, None]:
        args = args[1:]  # the features that arrive
    if args == [argument.span.text for argument in element.args or ()]:
        return None
    call = f"{meant}({', '.join(args)})" if args else meant
    return rewritten(element.span, call + behind)


def _has(op: str, argument: str | None) -> bool:
    """Whether an op has an argument, by the name that it has here or elsewhere."""
    names = OPS[op].arguments()
    if argument is None or argument in elsewhere.DROPPED:
        return True
    return argument in names or any(n in names for n in elsewhere.ARGUMENTS.get(argument, ()))


def unknown_value(name: ast.Name, fns: Container[str], known: Iterable[str]) -> Diagnostic:
    """A value that there is not; a function by itself is none."""
    if name.id in fns or name.id in FUNCTIONS:
        return errors.unknown_name(name.span, name.id, f"call it: {name.id}(…)")
    if name.id == "global" and (fix := _of_all(name.span)):
        return errors.unknown_name(name.span, name.id, f"write {fix.text}", fix)
    if name.id in _ARRIVING and (fix := _without_what_arrives(name.span)):
        line = corrected(fix)
        help = "what arrives is not an argument" + (f": {line}" if line else "")
        return errors.unknown_name(name.span, name.id, help, fix)
    if (op := elsewhere.op(name.id)) and op in OPS:
        return _handed_on(name.span, name.id, op)
    return errors.unknown_name(name.span, name.id, meant_value(name.id, known))


def _handed_on(place: Span, name: str, op: str) -> Diagnostic:
    """`act = silu` and `act = SiLU()`: a layer that is an argument."""
    fix = Fix(place, op)
    help = f"a layer is handed on by its name here: {corrected(fix) or op}"
    return errors.unknown_name(place, name, help, fix)


def _of_all(word: Span) -> Fix | None:
    """`avg_pool(global)` as the op of that."""
    text = word.source.text
    called = re.search(
        r"\b(avg|max)_?pool[ \t]*\([ \t]*$", text[max(0, word.start - 40) : word.start]
    )
    behind = re.compile(r"[ \t]*\)").match(text, word.end)
    if called is None or behind is None:
        return None
    whole = Span(word.source, word.start - len(called[0]), behind.end())
    return Fix(whole, f"global_{called[1]}_pool")


def _without_what_arrives(name: Span) -> Fix | None:
    """The call of a layer, `unit(x, 64)`, without its first argument."""
    text = name.source.text
    called = re.search(r"(\w+)[ \t]*(\([ \t]*)$", text[max(0, name.start - 80) : name.start])
    behind = re.compile(r"[ \t]*(?:,[ \t]*|(\)))").match(text, name.end)
    if called is None or behind is None or called[1] in FUNCTIONS:
        return None
    start = name.start - (len(called[2]) if behind[1] else 0)
    return Fix(Span(name.source, start, behind.end()), "")


def unknown_function(call: ast.Call, known: Iterable[str]) -> Diagnostic:
    """A function that there is not; `range(n)` is written `0 .. n`."""
    name, span, args = call.func.id, call.func.span, call.args
    if name == "range" and len(args) in (1, 2):
        start, stop = [*(["0"] * (len(args) == 1)), *(argument.span.text for argument in args)]
        help = f"a range is written {start} .. {stop}"
        return errors.unknown_name(span, name, help, rewritten(call.span, f"{start} .. {stop}"))
    op = elsewhere.op(name)
    if op and op in OPS and not args:
        return _handed_on(call.span, name, op)
    if name in OPS or op in OPS:
        help = "a layer is no value: name its result, as in x = conv(64, 3), and hand on the name"
        return errors.unknown_name(span, name, help)
    return errors.unknown_name(span, name, did_you_mean(name, known))


def is_attribute(name: str, program: Program) -> bool:
    """Whether a name in an expression is asked of a tensor, though an op has it: `channels`."""
    return name in ATTRIBUTES and name in OPS and name not in program.blocks


def of_a_tensor(expr: ast.Name, *, in_block: bool) -> Diagnostic:
    """`dense(channels // 4)`: in a block it is likely that of what came in."""
    name = expr.id
    if in_block:
        fix = Fix(expr.span, f"in.{name}")
        return errors.unknown_name(expr.span, name, f"did you mean `in.{name}`?", fix)
    help = f"say of which tensor: here.{name} of what flows, NAME.{name} of another"
    return errors.unknown_name(expr.span, name, help)
