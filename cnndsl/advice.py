"""Every warning of the compiler: one constructor per code, as `errors.py` has them for errors.

What is warned of holds, and is seldom meant. `# cnndsl: ignore W301` behind a line silences the
warnings of that code there, on a line of its own in the whole file. Codes: W1xx names, W3xx
networks, W4xx assertions.
"""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix, Label, Severity
from cnndsl.errors import EXPLANATIONS, explained
from cnndsl.fixes import corrected
from cnndsl.source import Span

__all__ = ["EXPLANATIONS"]  # with the errors', now that the warnings are registered


@explained("W101")
def unused_definition(span: Span, what: str, name: str) -> Diagnostic:
    """A block, an fn or an op of a file with models that nothing in the file uses.

    A file without models is there to be used by others: of it nothing is unused.
    """
    return _warning("W101", f"nothing uses {what} `{name}`", span, help="delete it, or use it")


@explained("W102")
def unused_parameter(span: Span, name: str, owner: str) -> Diagnostic:
    """A parameter that its definition never mentions: every argument for it is without effect."""
    return _warning("W102", f"`{owner}` never uses its parameter `{name}`", span)


@explained("W103")
def unused_value(span: Span, name: str) -> Diagnostic:
    """A `let` whose value nothing mentions."""
    return _warning("W103", f"nothing uses the value `{name}`", span)


@explained("W104")
def unused_tensor(span: Span, name: str) -> Diagnostic:
    """`NAME = chain` leaves the flow where it was; if nothing mentions the name, what the chain
    computes is lost.
    """
    help = "without the name, the chain's result flows on; with `as` behind it, it is an endpoint"
    return _warning("W104", f"nothing uses the tensor `{name}`", span, help=help)


def unused_pack(span: Span, name: str) -> Diagnostic:
    help = f"merge its tensors, concat {name}, or leave it out"
    return _warning("W104", f"nothing uses the pack `{name}`", span, help=help)


def unused_result(span: Span, name: str) -> Diagnostic:
    """Of a block that gives several."""
    return _warning("W104", f"nothing uses the result `{name}`", span, fix=Fix(span, "_"))


@explained("W105")
def unused_file(span: Span, path: str) -> Diagnostic:
    """A `use` of a file of which nothing here mentions a block, an fn or a model, nor one of what
    that file uses.

    In a file without models a `use` hands on, and is not unused.
    """
    message = f'nothing here is of "{path[:60]}"'
    return _warning("W105", message, span, help="delete the line, or use what the file defines")


@explained("W106")
def shadow(span: Span, name: str, what: str, first: Span) -> Diagnostic:
    """A name that hides another one: what it means depends on where it stands.

    What a group `{ … }` or an aux head binds ends with it, and leaves a name outside as it was. The
    variable of a loop or of a list hides a parameter, or the variable of a loop around it.
    """
    labels = (Label(first, "this one"),)
    message = f"`{name}` hides another {what} of that name"
    return _warning("W106", message, span, labels=labels, help="give it a name of its own")


def hidden_op(span: Span, name: str, what: str) -> Diagnostic:
    message = f"this {what} hides the op `{name}`"
    return _warning("W106", message, span, help="give it a name of its own")


@explained("W107")
def asks_for_value(span: Span, name: str, let: Span) -> Diagnostic:
    """Tensors and values have separate uses, and in an expression a name is a value: behind
    `let total = none` the question `total == none` is about that value, and always true, whatever
    tensor is called `total` by then.

    What a loop adds up begins with its first term: `if i == 0 { total = y } else { … }`.
    """
    message = f"this asks for the value `{name}`, which is none, whatever tensor has that name"
    labels = (Label(let, "the value"),)
    help = "ask for the round, as in if i == 0"
    return _warning("W107", message, span, labels=labels, help=help)


@explained("W301")
def large_kernel(
    span: Span, kernel: str, map: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """A kernel that is larger than the map it runs over sees more padding than pixels.

    `conv(3, 64, 3)` is read as 3 filters of 64x64 with a stride of 3: the channels that arrive are
    not written here, as they are in PyTorch. Of three arguments by position, as many filters as
    channels arrive and a kernel of 16 or more are taken for those, whatever the size of the map.
    `depthwise(16, 3)` behind 16 channels is one of those too: a depthwise layer takes no filters.
    """
    message = f"a kernel of {kernel} over a map of {map}"
    return _warning("W301", message, span, help=help, fix=fix)


@explained("W302")
def channels_first(span: Span, shape: str, meant: str, what: str = "an image") -> Diagnostic:
    """An image is height x width x channels. One of 3 x 224 x 224 is three pixels high. Channels of
    signals and clips stand last too.
    """
    message = f"{what} of {shape} looks as if its channels stood first"
    help = f"write the channels last: input {meant}"
    return _warning("W302", message, span, help=help, fix=Fix(span, meant))


@explained("W303")
def other_momentum(span: Span, momentum: float) -> Diagnostic:
    """`momentum` of `bn` is the weight of the old average, as in Keras and Flax; PyTorch's is that
    of the new batch, one less this one.
    """
    meant = f"{1 - momentum:g}"
    message = f"a momentum of {momentum:g} all but forgets the batches before"
    help = f"what PyTorch calls {momentum:g} is momentum = {meant}"
    return _warning("W303", message, span, help=help)


@explained("W304")
def useless_bias(span: Span, norm: Span, fix: Fix | None = None) -> Diagnostic:
    """Batch norm subtracts the mean of every channel, and a bias of the layer before it with it."""
    labels = (Label(norm, "subtracted again here"),)
    message = "a bias directly before batch norm has no effect"
    help = "leave it out: bias = false"
    return _warning("W304", message, span, labels=labels, help=help, fix=fix)


@explained("W305")
def nothing_between(span: Span, first: Span) -> Diagnostic:
    """Two convolutions with nothing between them are one linear map: the pair can express no more
    than one convolution with a larger kernel.
    """
    labels = (Label(first, "behind this one"),)
    return _warning("W305", "a convolution directly behind a convolution", span, labels=labels)


@explained("W306")
def skipped_pixels(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """Pixels that no window ever sees: between windows that lie further apart than they are large,
    or behind the last of windows that do not overlap, where the map is no multiple of them and
    a sixteenth of it or more is lost. A 1x1 window with a stride leaves out pixels on purpose.
    """
    return _warning("W306", message, span, help=help)


@explained("W307")
def no_dropout(span: Span, name: str) -> Diagnostic:
    """A rate of 0 drops nothing. One that is computed, or a parameter, may well be 0 somewhere."""
    message = f"`{name}` at a rate of 0 has no effect"
    return _warning("W307", message, span, help="leave it out, or say a rate such as 0.5")


@explained("W308")
def unread_result(span: Span) -> Diagnostic:
    """A chain whose result nothing reads: the next one starts from another tensor, or the network
    ends in named outputs before it. Its layers count, and never run.
    """
    help = "name it, `… as NAME`, or make it a result of the model, `… output NAME`; or delete it"
    return _warning("W308", "nothing reads the result of this chain", span, help=help)


@explained("W309")
def repeats_one(span: Span, name: str, fix: Fix) -> Diagnostic:
    """`conv(64, 3) -> bn -> relu * 3` repeats the `relu` alone: a count is of the element that it
    stands behind, and a chain that repeats as a whole stands in braces.

    An activation after itself, or a second dropout, is seldom meant.
    """
    message = f"this repeats `{name}` alone, not what stands before it"
    return _warning("W309", message, span, fix=fix)


@explained("W310")
def other_input(span: Span, message: str, meant: str) -> Diagnostic:
    """`input 32x32` is a signal: 32 positions with 32 channels each. A gray image is 32x32x1. And
    `input 1x224x224x3` is a clip one image deep: the images of a batch are not written.
    """
    help = f"one image is written input {meant}"
    return _warning("W310", message, span, help=help, fix=Fix(span, meant))


@explained("W311")
def one_branch(span: Span, name: str, fix: Fix | None) -> Diagnostic:
    """A merge gives what its branches make together. What arrives at it is none of them unless it
    is one, `here`: `add [ skip ]` is `skip` alone, and the layers above it are lost. Right behind
    `… as skip`, `add [ skip, here ]` is of one tensor as well: `skip = here` stands before the
    layers that it goes around.
    """
    line = corrected(fix) if fix else None
    help = f"what arrives is a branch as well: {line or f'{name} [ here, … ]'}"
    return _warning("W311", f"`{name}` of one branch is that branch", span, help=help, fix=fix)


def one_tensor(span: Span, name: str, other: str) -> Diagnostic:
    """The same of branches that are one tensor by two names."""
    other = errors.shown(other)
    help = f"name it before the layers that it goes around: {other} = here"
    return _warning(
        "W311", f"`{other}` and `here` are one tensor in this `{name}`", span, help=help
    )


def lost_identity(span: Span, fix: Fix) -> Diagnostic:
    """The same where a condition does not hold: a projection without the identity else."""
    message = "where this does not hold, `add` has one branch, and no shortcut"
    return _warning("W311", message, span, fix=fix)


@explained("W312")
def groups_by_place(span: Span, meant: str, fix: Fix) -> Diagnostic:
    """The fifth argument of `conv` is `groups`. PyTorch has the dilation there, and its groups
    behind it: from the fourth one on, arguments are named. The first one of `layer_scale` is what
    its factors begin with, and not how many there are, which what arrives says.
    """
    value = errors.shown(span.text, 20)
    message = f"by its place {value} is `groups`, which is the dilation elsewhere"
    line = corrected(fix)
    other = "groups" if meant == "dilation" else "dilation"
    help = f"say which one it is: {line or fix.text}, or {other} = {value}"
    return _warning("W312", message, span, help=help, fix=fix)


def channels_by_place(span: Span, fix: Fix) -> Diagnostic:
    """The same of a layer that scales by the number of channels, to begin with."""
    value = errors.shown(span.text, 20)
    message = f"by its place {value} is `init`, what every factor begins with"
    help = f"the channels that arrive are not written: {corrected(fix) or 'layer_scale'}"
    return _warning("W312", message, span, help=help, fix=fix)


@explained("W313")
def dropped_flow(span: Span, name: str, shared: Fix | None) -> Diagnostic:
    """A tensor's name in a chain starts from that tensor, whatever stands in front of it: of
    `conv(64, 3) -> skip` the convolution is counted, and never run. Layers that run wherever their
    name stands are declared by `shared head = …`.
    """
    message = f"`{name}` is a tensor: what arrives at it is dropped"
    line = corrected(shared) if shared else None
    layers = f"layers that run on what arrives are shared: {line}" if line else None
    help = layers or f"a chain starts from a name; another line: {name} -> …"
    return _warning("W313", message, span, help=help, fix=shared)


@explained("W314")
def applied_twice(span: Span, name: str, loss: str, fix: Fix) -> Diagnostic:
    """A loss takes what stands in front of a last softmax or sigmoid, and applies it itself.
    Through both of them a network learns slowly, and its loss never comes near 0. What is trained
    without gives the same classes; where probabilities are wanted, they are made of what it gives.
    """
    message = f"the loss `{loss}` applies {name} itself, once more"
    help = f"leave it out: {corrected(fix) or 'nothing is lost'}"
    return _warning("W314", message, span, help=help, fix=fix)


@explained("W401")
def nothing_expected(span: Span, name: str) -> Diagnostic:
    """A model that asserts nothing, in a file where another one does: a later change of it, or of
    what it uses, goes unnoticed. `cnndsl summary` prints the counts.
    """
    help = "state what the source of the network states, as in: expect params 25_557_032"
    return _warning("W401", f"`{name}` asserts no count", span, help=help)


def _warning(
    code: str,
    message: str,
    span: Span,
    *,
    labels: tuple[Label, ...] = (),
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    if fix is not None and help is None:
        line = corrected(fix)
        help = f"write {line}" if line else None
    primary, warning = Label(span), Severity.WARNING
    return Diagnostic(code, message, primary, labels, help=help, severity=warning, fix=fix)
