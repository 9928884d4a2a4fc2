"""Every error of the compiler: one constructor per code, all wording in this file.

A constructor's docstring is its long form, printed by `cnndsl explain CODE`.
Codes by phase: E0xx syntax, E1xx names and arguments, E2xx values, E3xx shapes,
E4xx assertions, W warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.fixes import corrected, rewritten
from cnndsl.source import Span

EXPLANATIONS: dict[str, str] = {}
Constructor = TypeVar("Constructor", bound=Callable[..., Diagnostic])


def explained(code: str) -> Callable[[Constructor], Constructor]:
    """Registers the constructor's docstring as the long form of `code`."""

    def register(constructor: Constructor) -> Constructor:
        EXPLANATIONS[code] = constructor.__doc__ or ""
        return constructor

    return register


# --- E0xx: syntax ---------------------------------------------------------------------


def shown(text: str, limit: int = 40) -> str:
    """Text of a spec as a message may repeat it: short, and without characters that act."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in short)


@explained("E001")
def not_utf8(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """A spec is UTF-8 text; a byte-order mark at its beginning is skipped."""
    return error("E001", message, span, help=help)


@explained("E002")
def control_character(span: Span, *others: Span) -> Diagnostic:
    """The text holds a control character other than newline and tab.

    Lines end in LF or CR LF; a CR alone does not end one. The others are invisible, and most
    come from a copy out of another program.
    """
    is_return = span.text == "\r"
    name = "a carriage return without a newline" if is_return else shown(span.text)
    notes = (f"there are {len(others)} more of it",) if others else ()
    help = "save the file with the newlines of Unix or Windows" if is_return else "delete it"
    message = f"control character in the text: {name}"
    all_of_them = span.to(others[-1]) if others else span
    fix = Fix(all_of_them, all_of_them.text.replace(span.text, "\n" if is_return else ""))
    return error("E002", message, span, notes=notes, help=help, fix=fix)


@explained("E003")
def text_too_large(span: Span, limit: str) -> Diagnostic:
    """A spec may be 2 MiB of UTF-8 text and 250,000 words, with the files that it uses.

    Networks of a thousand layers take a few kilobytes.
    """
    return error("E003", f"a spec may be at most {limit} long", span)


@explained("E004")
def unknown_character(span: Span, help: str | None = None, fix: Fix | None = None) -> Diagnostic:
    """A character that nothing in the language is written with.

    Outside of comments and strings a spec is ASCII: names, numbers, brackets and operators.
    """
    char = span.text
    drawn = f"`{char}` (U+{ord(char):04X})" if char.isprintable() else f"U+{ord(char):04X}"
    return error("E004", f"unknown character {drawn}", span, help=help, fix=fix)


@explained("E005")
def unclosed_string(span: Span) -> Diagnostic:
    """A string ends on the line it begins on, with `"`; there are no escapes in it."""
    return error("E005", "this string is not closed", span, 'no `"` before the end of the line')


@explained("E006")
def unclosed_bracket(span: Span, seen: Span, what: str, fix: Fix | None = None) -> Diagnostic:
    """A bracket is still open where the file ends or the next definition begins."""
    closer = {"{": "}", "[": "]", "(": ")"}[span.text]
    labels = (Label(seen, f"{what}, and no `{closer}` before it"),)
    return error("E006", f"this `{span.text}` is never closed", span, labels=labels, fix=fix)


@explained("E007")
def unmatched_bracket(span: Span, opener: Span | None) -> Diagnostic:
    """A closing bracket that does not belong to the bracket opened last, or to none."""
    if opener is None:
        return error("E007", f"this `{span.text}` closes nothing", span)
    message = f"`{span.text}` cannot close `{opener.text}`"
    return error("E007", message, span, labels=(Label(opener, "opened here"),))


def surplus_brace(span: Span, opener: Span | None) -> Diagnostic:
    """A `}` that closes the braces around what follows it, which are closed again later."""
    labels = () if opener is None else (Label(opener, "it closes this, and what follows is in it"),)
    return error("E007", "this `}` is one too many", span, labels=labels)


@explained("E008")
def nested_too_deeply(span: Span) -> Diagnostic:
    """Brackets and operators may be nested 1,000 deep.

    A sum of a thousand terms nests a thousand deep, too: the first sum is an operand of the
    second. `sum([ … ])` of a list does not.
    """
    return error("E008", "nested too deeply: more than 1,000 levels", span)


@explained("E009")
def number_too_large(span: Span) -> Diagnostic:
    """Integers are smaller than 2^53 in magnitude, floats are finite."""
    return error("E009", f"the number {shown(span.text, 24)} is too large", span)


@explained("E010")
def malformed_number(
    span: Span, message: str, help: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """A number is written `64`, `138_357_544`, `0.5` or `1e-4`, a size `3x3` without spaces."""
    return error("E010", message, span, help=help, fix=fix)


@explained("E011")
def reserved_name(
    span: Span, what: str, renamed: tuple[str | None, Fix] | None = None
) -> Diagnostic:
    """Keywords and the values `same valid nearest bilinear` cannot name anything else."""
    line, fix = renamed or (None, None)
    help = f"write {line}" if line else None
    return error("E011", f"`{span.text}` is {what} and cannot be a name", span, help=help, fix=fix)


@explained("E012")
def positional_after_named(span: Span, named: Span) -> Diagnostic:
    """Arguments without a name come first, in the order of the parameters."""
    labels = (Label(named, "named arguments begin here"),)
    message = "an argument without a name after a named one"
    return error("E012", message, span, labels=labels)


@explained("E013")
def written_differently(
    span: Span, message: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """Something that other languages write in this way, and this one in another."""
    return error("E013", message, span, help=help, fix=fix)


def ported(span: Span, message: str, written: str | None, help: str, fix: Fix | None) -> Diagnostic:
    """A part of a network in another notation, and that part as it is `written` here."""
    return Diagnostic("E013", message, Label(span), help=help, fix=fix, table=written)


def left_unmerged(span: Span, labels: tuple[Label, ...], help: str) -> Diagnostic:
    """What git writes into a file that it could not merge."""
    message = "a conflict that git left: both of its sides stand here"
    return error("E013", message, span, labels=labels, help=help)


@explained("E014")
def missing_separator(
    span: Span, message: str, labels: tuple[Label, ...], help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """Two things follow each other with nothing in between.

    In `{ }` every statement has a line of its own, in `[ ]` a comma or a newline separates
    items, in `( )` a comma does; the elements of a chain are joined by `->`.
    """
    return error("E014", message, span, labels=labels, help=help, fix=fix)


@explained("E015")
def unexpected(
    span: Span, found: str, expected: str, help: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """Something stands where the grammar has no place for it.

    The message says what could have stood there. docs/language.md describes every statement.
    """
    return error("E015", f"expected {expected}, found {found}", span, help=help, fix=fix)


@explained("E016")
def unpaired_else(span: Span, message: str, help: str | None) -> Diagnostic:
    """`else` follows the `}` of an `if`; a value has both: `a if condition else b`."""
    return error("E016", message, span, help=help)


@explained("E017")
def chained_comparison(span: Span, first: Span) -> Diagnostic:
    """Comparisons do not chain: `a < b < c` is written `a < b and b < c`."""
    labels = (Label(first, "the first comparison"),)
    help = "join two comparisons with `and`"
    return error("E017", "comparisons cannot be chained", span, labels=labels, help=help)


@explained("E018")
def chain_in_expression(
    span: Span, message: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """Arguments, `let`s and conditions are values known at compile time; chains are not.

    Name a chain's result with `NAME = chain` and hand on the name.
    """
    return error("E018", message, span, help=help, fix=fix)


@explained("E019")
def broken_line(span: Span, message: str, help: str | None, fix: Fix | None = None) -> Diagnostic:
    """A newline in `{ }` ends the statement, unless the next line goes on with `->` or `else`.

    A line that ends in `->`, `,`, `=` or an operator is continued by the next one, and within
    parentheses newlines mean nothing.
    """
    return error("E019", message, span, help=help, fix=fix)


@explained("E020")
def long_count(span: Span) -> Diagnostic:
    """The count of a repetition is a literal, a name, an index, or anything in parentheses."""
    help = "put the whole count in parentheses: `unit * (n - 1)`"
    return error("E020", "a count of more than a name or an index", span, help=help)


@explained("E021")
def no_spec(span: Span, kind: str, example: str, family: str | None) -> Diagnostic:
    """A text in another notation, of which nothing can be read here.

    Python of the usual libraries, layers in YAML, JSON and prototxt, tables with a head and lists
    of layers in words are written as specs by the compiler; of other texts it says what they are.
    """
    network = f"`cnndsl show {family}`" if family else "one of `cnndsl list`"
    help = f"begin with a model like this one, a layer in a line, or with {network}"
    return Diagnostic("E021", f"this is {kind}, not a spec", Label(span), help=help, table=example)


# --- E1xx: names and arguments --------------------------------------------------------


@explained("E101")
def unknown_element(
    span: Span,
    name: str,
    help: str | None,
    fix: Fix | None = None,
    labels: tuple[Label, ...] = (),
) -> Diagnostic:
    """The head of a chain element is none of the ops, the blocks or the tensors in scope.

    A chain runs ops (`conv(64, 3)`), blocks of this file or of a used one, and may start
    from a tensor that a statement above has named. `cnndsl ops` lists the ops.
    """
    message = f"there is no op, block or tensor `{name}`" + (" yet" if labels else "")
    return error("E101", message, span, labels=labels, help=help, fix=fix)


@explained("E102")
def unknown_name(span: Span, name: str, help: str | None, fix: Fix | None = None) -> Diagnostic:
    """An expression uses a name that nothing above it has bound.

    A block sees only its own parameters; `let` and loop variables are visible from their
    line on. `fn`s and the built-in functions are called with parentheses.
    """
    return error("E102", f"nothing named `{name}` is known here", span, help=help, fix=fix)


@explained("E103")
def defined_twice(span: Span, name: str, first: Span | None, what: str) -> Diagnostic:
    """Models, blocks, fns and ops share one namespace, so that a name means one thing.

    A definition may not reuse the name of another one, of an op or of a built-in function.
    """
    labels = (Label(first, "first defined here"),) if first else ()
    return error("E103", f"`{name}` is already {what}", span, labels=labels, help="rename one")


@explained("E104")
def recursion(span: Span, what: str, cycle: list[str]) -> Diagnostic:
    """Fns, variants, models and files may not contain themselves, directly or through others, and
    blocks only where an `if` or a loop ends it; nor may a block receive what leads back to it as an
    argument.

    A network is finite: say how often something repeats with `* n` or `for`, or let a block use
    itself with another argument until an `if` says that it is enough.
    """
    shown = cycle if len(cycle) <= 8 else [*cycle[:4], "…", *cycle[-3:]]
    steps = " -> ".join(name if name == "…" else f"`{name}`" for name in shown)
    return error("E104", f"this {what} contains itself: {steps}", span)


def endless(span: Span, name: str, calls: list[str], again: bool) -> Diagnostic:
    """A block that uses itself without an end; the calls that lead there."""
    shown = calls if len(calls) <= 6 else [*calls[:4], "…", calls[-1]]
    steps = " -> ".join(call if call == "…" else f"`{call}`" for call in shown)
    message = f"`{name}` uses itself without an end"
    seen = "the same as around it" if again else f"{len(calls) - 1} uses deep"
    help = f"end it: if … {{ {name}(…) }}, with an argument that changes"
    return error("E104", message, span, seen, notes=(f"the calls: {steps}",), help=help)


@explained("E105")
def missing_argument(
    span: Span, callee: str, names: list[str], signature: str, help: str | None = None
) -> Diagnostic:
    """A parameter without a default got no argument."""
    listed = ", ".join(f"`{name}`" for name in names[:8]) + (", …" if len(names) > 8 else "")
    notes = (f"its signature: {signature}",)
    return error("E105", f"`{callee}` needs {listed}", span, notes=notes, help=help)


@explained("E106")
def unknown_argument(
    span: Span, message: str, signature: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """An argument that the callee does not take: too many, or by a name it does not have."""
    notes = (f"its signature: {signature}",) if signature else ()
    return error("E106", message, span, notes=notes, help=help, fix=fix)


@explained("E107")
def argument_twice(span: Span, callee: str, name: str, first: Span) -> Diagnostic:
    """One parameter got two arguments, by position and by name or twice by name."""
    labels = (Label(first, "already given here"),)
    return error("E107", f"`{callee}` gets `{name}` twice", span, labels=labels)


@explained("E108")
def name_taken(
    span: Span,
    name: str,
    what: str,
    held: str = "a tensor",
    first: Span | None = None,
    note: str | None = None,
) -> Diagnostic:
    """A tensor, or a layer that is an argument, may not be named like an op or a block: a chain
    could mean either.

    Other values (`let`, parameters) may share such a name; `dropout(dropout)` is fine.
    """
    labels = (Label(first, "defined here"),) if first else ()
    message = f"{held} cannot be named `{name}`: that is {what}"
    notes, help = (note,) if note else (), "rename one" if first else None
    return error("E108", message, span, labels=labels, notes=notes, help=help)


@explained("E109")
def unusable_file(span: Span, path: str, reason: str) -> Diagnostic:
    """`use` reads another spec, by a path relative to the file that says `use`.

    Nothing outside the folder of the spec named on the command line is read, links
    resolved.
    """
    return error("E109", f'cannot use "{path[:60]}": {reason}', span)


@explained("E110")
def misplaced(span: Span, what: str, where: str, fix: Fix | None = None) -> Diagnostic:
    """Some statements have one place: `input` opens a model, `stage`, `aux` and `expect` stand
    in a model's body (also inside its `for` and `if`), `train` and `preprocess` in a model's body
    alone.
    Stages and aux heads do not nest.
    """
    return error("E110", f"`{what}` cannot stand {where}", span, fix=fix)


@explained("E111")
def no_input(span: Span, name: str, fix: Fix | None = None) -> Diagnostic:
    """Every model says what it receives before anything else: `input 224x224x3`."""
    help = None if fix else "open its body with the size of the image: input 224x224x3"
    if span.text.startswith("input "):
        first = fix.text.partition("\n")[0] if fix else span.text
        help = f"nothing stands in front of it: open the body with {shown(first, 60)}"
    return error("E111", f"model `{name}` does not begin with `input`", span, help=help, fix=fix)


@explained("E112")
def not_a_model(span: Span, name: str, what: str | None, help: str | None) -> Diagnostic:
    """A variant names the model that it varies: `model VGG19 = VGG16(depths = …)`."""
    seen = f"`{name}` is {what}, not a model" if what else f"there is no model `{name}`"
    return error("E112", seen, span, help=help)


@explained("E113")
def not_runnable(
    span: Span, name: str, what: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """A chain runs ops and blocks. Functions give values, models stand alone."""
    return error(
        "E113", f"`{name}` is {what}: it cannot stand in a chain", span, help=help, fix=fix
    )


@explained("E114")
def takes_no_branches(span: Span, name: str, what: str, help: str | None) -> Diagnostic:
    """Branches in `[ ]` are for the merges: `add`, `concat` and `mul`."""
    return error("E114", f"`{name}` is {what}: it takes no branches", span, help=help)


@explained("E115")
def endpoint_twice(span: Span, name: str, first: Span | None, fix: Fix | None = None) -> Diagnostic:
    """Stages, `as` names and aux heads are the endpoints of a network; each name is one of them.

    Inside a `for` they are numbered: `stage dense` becomes `dense1`, `dense2`, …. `logits`
    always names the result of the network.
    """
    if first is None:
        return error("E115", f"`{name}` is the endpoint of the network's result", span)
    labels = (Label(first, "first named here"),)
    message = f"this model already has an endpoint `{name}`"
    return error("E115", message, span, labels=labels, fix=fix)


@explained("E116")
def bad_setting(
    span: Span, message: str, help: str | None = None, at: str = "", fix: Fix | None = None
) -> Diagnostic:
    """A recipe has the settings optimizer, schedule, epochs, batch, weight_decay,
    label_smoothing, loss, clip, ema, rates and augment, each once, with the values that
    docs/language.md lists.

    Optimizers have the names, the arguments and the defaults of optax, without the learning
    rate: that is the schedule's.
    """
    return error("E116", message, span, at, help=help, fix=fix)


@explained("E117")
def no_branches(span: Span, name: str) -> Diagnostic:
    """A merge joins the results of at least one branch."""
    return error("E117", f"`{name}` has no branches", span)


@explained("E118")
def bad_attribute(span: Span, message: str, help: str | None, fix: Fix | None = None) -> Diagnostic:
    """Tensors have `channels`, `height`, `width` and `shape`; signals have a `length` in place of
    the two, clips a `depth` besides. Values have no attributes."""
    return error("E118", message, span, help=help, fix=fix)


@explained("E119")
def bad_preprocessing(
    span: Span,
    message: str,
    help: str | None = None,
    fix: Fix | None = None,
    labels: tuple[Label, ...] = (),
) -> Diagnostic:
    """`preprocess` says what an image goes through before the network sees it: size, crop,
    interpolation, channels, range, mean and std, each once, with the values that
    docs/language.md lists.
    """
    return error("E119", message, span, labels=labels, help=help, fix=fix)


@explained("E120")
def incomplete_recipe(span: Span, wanting: Sequence[str], help: str) -> Diagnostic:
    """A recipe says at least which `optimizer`, which `schedule`, how many `epochs` and how large
    a `batch`: with less than that nothing can be trained.
    """
    message = f"this recipe lacks {', '.join(f'`{name}`' for name in wanting)}"
    return error("E120", message, span, help=help)


@explained("E121")
def recipe_conflict(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """Every setting of a recipe is right by itself, but not with the others or with the network:
    a warm-up that is longer than the run, a change of the rate behind its end, two weight decays,
    a change of colours for images that have none.
    """
    return error("E121", message, span, help=help)


@explained("E122")
def not_a_class(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """`op NAME(parameters) from "module:Class"` names a class of Python as an import does: dotted
    names, a colon and the name of the class.

    The compiler never imports it. A generated module does, so that the names are held to what an
    import can say: ASCII letters, digits and underscores, no word of Python's own, and no module
    of Python's own library, which has no layers.
    """
    return error("E122", message, span, help=help)


@explained("E123")
def bad_claim(
    span: Span, message: str, help: str | None = None, labels: tuple[Label, ...] = ()
) -> Diagnostic:
    """What an op says of its class: `shape`, that of the result, and where there are some `params`
    and `state`, the shapes of tensors, and `macs`.

    They are expressions over the parameters of the op and `in`, what arrives. The class gets the
    channels that arrive first, then the parameters by their names, and `rngs`.
    """
    return error("E123", message, span, labels=labels, help=help)


@explained("E130")
def not_shareable(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """`shared NAME = chain` declares layers that run wherever NAME stands in a chain.

    Its chain holds ops and blocks, one after the other; what branches, repeats or starts from a
    tensor goes into a block. Shared layers take no arguments where they run, a name that they
    read means the same there, and they run at least once: what arrives tells their channels. Where
    an `if` decides whether they run, they are declared in one.
    """
    return error("E130", message, span, help=help)


@explained("E131")
def misplaced_output(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """`chain output NAME` makes the result of a chain a result of the network: `model(x)` gives
    it, or a dict of all of them. It stands in a model's body or in a stage, in their loops and
    branches too; a block gives back what it has by `return`. All variants of a model have the
    same outputs. A recipe needs one result, the logits.
    """
    return error("E131", message, span, help=help)


def no_last_output(span: Span, name: str) -> Diagnostic:
    message = f"it is not written which output of `{name}` is the last: that one flows on"
    return misplaced_output(span, message, f"let `{name}` end in it, or in the loop that gives it")


@explained("E132")
def nothing_flows(span: Span, inputs: Sequence[str], fix: Fix | None = None) -> Diagnostic:
    """Where the inputs of a model have names, `input left 105x105x1`, nothing flows at first: every
    chain starts from a name, until one that has none before it gives what flows on.
    """
    listed = " or ".join(f"`{name}`" for name in inputs[:4]) or "an input"
    help = None if fix else f"start from {listed}"
    return error("E132", "nothing flows here yet", span, help=help, fix=fix)


@explained("E133")
def several_inputs(span: Span, name: str, count: int) -> Diagnostic:
    """A model that is an element runs on the tensor that arrives there: it has one `input`.

    A block that has tensors for parameters takes several.
    """
    message = f"`{name}` has {count} inputs, and one tensor arrives here"
    return error("E133", message, span, help="write what both share as a block with two parameters")


@explained("E140")
def not_a_tensor(span: Span, name: str, size: int, help: str | None = None) -> Diagnostic:
    """A pack holds several tensors, and a chain runs on one.

    `xs[0]` is one of them; `concat xs` and `add xs` make one of all. A pack may stand as a whole in
    `xs..`, in the arguments of a block, and where a name is given to it: `ys = xs`.
    """
    count = "one tensor" if size == 1 else f"{size} tensors"
    help = help or (f"take one of them, {name}[0], or merge them: concat {name}" if size else None)
    return error(
        "E140", f"`{name}` is a pack of {count}, and one tensor is wanted", span, help=help
    )


@explained("E141")
def not_a_pack(span: Span, name: str, what: str, help: str | None = None) -> Diagnostic:
    """`xs..` and `xs[i]` are of packs: `xs = [ a, b ]`, and parameters that were given one."""
    return error("E141", f"`{name}` is {what}, and a pack is wanted", span, help=help)


@explained("E142")
def several_results(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """A block that ends in `return a, b` gives several results, which `a, b = chain` names.

    They cannot flow on through `->`, and there are as many names as results; `_` drops one.
    """
    return error("E142", message, span, help=help)


# --- E2xx: values ---------------------------------------------------------------------


@explained("E201")
def wrong_type(
    span: Span, message: str, help: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """An operator or a function got a value of a type that it does not work on.

    Numbers are integers and floats; a boolean is no number, and nothing converts by itself.
    """
    return error("E201", message, span, help=help, fix=fix)


@explained("E202")
def not_a_number(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """A division by zero, or a result that is infinite or not a number."""
    return error("E202", message, span, help=help)


@explained("E203")
def no_such_item(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """Lists and packs are indexed from 0 to their length less one, or from -1 at their end."""
    return error("E203", message, span, help=help)


@explained("E204")
def cannot_unpack(span: Span, names: Sequence[str], seen: str) -> Diagnostic:
    """`for a, b in rows` wants a list of as many items as there are names in every row."""
    wanted = len(names)
    help = f"a row has {', '.join(names)}" if wanted <= 8 else None
    message = f"{wanted} names want a list of {wanted} items; this is {seen}"
    return error("E204", message, span, help=help)


@explained("E205")
def bad_argument(
    span: Span, message: str, signature: str, help: str | None, fix: Fix | None = None
) -> Diagnostic:
    """An argument of an op has a type or a range that the op does not accept.

    A float where an op wants an integer is an error, even `64.0`: write `int(…)`, `round(…)`
    or `//`.
    """
    return error("E205", message, span, notes=(f"its signature: {signature}",), help=help, fix=fix)


@explained("E206")
def too_large(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """Integers stay below 2**53 in magnitude, and so do the elements of a tensor and the counts
    of a network; lists hold at most a million items.
    """
    return error("E206", message, span, help=help)


def too_large_tensor(span: Span, shape: str) -> Diagnostic:
    return too_large(span, f"{shape} is too large: a tensor has fewer than 2**53 elements")


def too_many(span: Span, message: str) -> Diagnostic:
    return too_large(span, f"{message}: counts stay below 2**53")


@explained("E207")
def over_budget(span: Span, message: str) -> Diagnostic:
    """A spec is untrusted text, so compilation holds budgets: 100,000 nodes, a million
    evaluation steps, nesting of 1,000, 64 files and 2 MiB of text.

    Steps are operations on values, calls with their parameters, statements that run, and the
    items of lists. A network of a thousand layers takes some ten thousand.

    A module is made of at most 10,000 names, numbers, ops and statements of the spec, a thousand
    lines or more, and of 40,000 nodes as they run, uses of a block that are alike counted once. A
    loop, `*` and blocks say more in fewer words; `--model` chooses one of many models.
    """
    return error("E207", message, span)


@explained("E208")
def bad_count(span: Span, seen: str, fix: Fix | None = None) -> Diagnostic:
    """`element * n` wants an integer that is zero or more. `scale(x)` multiplies a tensor by x."""
    message = f"a repetition count is an integer from 0 on; this is {seen}"
    return error("E208", message, span, fix=fix)


@explained("E209")
def not_a_condition(span: Span, message: str, help: str | None = None) -> Diagnostic:
    """`if`, `and`, `or` and `not` work on booleans. A number or `none` is compared first."""
    return error("E209", message, span, help=help)


@explained("E210")
def not_a_list(
    span: Span, seen: str, help: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """`for` runs over a list or over a range such as `0 .. n`."""
    return error(
        "E210", f"`for` runs over a list or a range; this is {seen}", span, help=help, fix=fix
    )


@explained("E211")
def bad_shape(span: Span, seen: str) -> Diagnostic:
    """A shape is positive integers, channels last: `[height, width, channels]` of an image,
    `[length, channels]` of a signal, `[depth, height, width, channels]` of a clip, and one number
    for a vector. All models of one body get inputs with as many axes.

    An image is written `input 224x224x3`, or `input [size, size, 3]` with expressions.
    """
    message = f"a shape is [height, width, channels] or a vector's size; this is {seen}"
    help = "a signal has a length and channels, a clip a depth before its height"
    return error("E211", message, span, help=help)


def other_axes(span: Span, message: str) -> Diagnostic:
    help = "layers of another rank have other kernels: give it a body of its own"
    return error("E211", message, span, help=help)


@explained("E212")
def bad_extent(span: Span, seen: str, fix: Fix | None = None) -> Diagnostic:
    """The sizes in a shape are integers from 1 on: `size / 2` is a float, `size // 2` is none."""
    message = f"the sizes in a shape are positive integers; this is {seen}"
    return error("E212", message, span, fix=fix)


@explained("E213")
def no_classifier(span: Span, name: str, ends: tuple[Label, ...]) -> Diagnostic:
    """`classes = 0` leaves out the classifier of a network, and the features before it become
    its result. That is the last `dense` or 1x1 `conv` whose units or filters are exactly the
    model's parameter `classes`; behind it only ops without parameters may stand.
    """
    message = f"`{name}` has no classifier that `classes = 0` could leave out"
    return error("E213", message, span, labels=ends)


# --- E3xx: shapes ---------------------------------------------------------------------


@explained("E301")
def cannot_add(
    span: Span, message: str, branches: tuple[Label, ...], help: str | None
) -> Diagnostic:
    """`add [ … ]` sums its branches element by element, so all have one shape.

    In a residual block the usual cause is a shortcut that must be a projection where the
    stride or the number of channels changes.
    """
    at = "the branches must have one shape"
    return error("E301", message, span, at, labels=branches, help=help)


@explained("E302")
def cannot_concat(
    span: Span, message: str, branches: tuple[Label, ...], help: str | None
) -> Diagnostic:
    """`concat [ … ]` joins channels, so its branches agree in height and width, or in what other
    axes they have.

    The usual causes are a pool without `pad = same` at stride 1, or a branch that strides
    where the others do not.
    """
    at = "the branches must have one size along each axis"
    if "height or width" in message and "depth" not in message:
        at = "the branches must have one height and width"
    return error("E302", message, span, at, labels=branches, help=help)


@explained("E303")
def cannot_combine(
    span: Span, message: str, branches: tuple[Label, ...], help: str | None
) -> Diagnostic:
    """`mul`, `div`, `sub`, `maximum` and `minimum` combine values at the same place. Along each
    axis the branches have one size, or 1 where others are larger: `1x1xC` is a weight per
    channel, as squeeze and excitation has it (`global_avg_pool(keep = true)`), `HxWx1` one per
    position (`reduce_mean(channels)`). `div` and `sub` take two branches.
    """
    at = "along each axis the branches must have one size, or 1"
    return error("E303", message, span, at, labels=branches, help=help)


@explained("E304")
def does_not_fit(
    span: Span, message: str, at: str, notes: tuple[str, ...], help: str | None
) -> Diagnostic:
    """An op does not accept the tensor that arrives: a window larger than the map, a vector
    where a map is wanted, a clip where only feature maps are, channels that do not divide into
    groups.
    """
    return error("E304", message, span, at, notes=notes, help=help)


@explained("E305")
def wrong_shape(
    span: Span, said: str, seen: str, source: Label | None, fix: Fix | None = None
) -> Diagnostic:
    """The shape that a chain or a stage asserts is not the shape that it has.

    Where the `pad` or the stride of one layer would make it true, the help says which.
    """
    labels = (source,) if source else ()
    message = f"the shape here is {seen}, not {said}"
    line = corrected(fix) if fix else None
    help = f"it would be true of {line}" if line else None
    return error("E305", message, span, "asserted here", labels=labels, help=help, fix=fix)


@explained("E306")
def no_tensor(span: Span, name: str) -> Diagnostic:
    """A tensor argument that is `none` cannot start a chain: test it first
    (`if prev == none { … }`).
    """
    help = f"run this only where there is one: if {name} != none {{ … }}"
    return error("E306", f"`{name}` is `none` here, not a tensor", span, help=help)


@explained("E307")
def cannot_matmul(
    span: Span, message: str, branches: tuple[Label, ...], help: str | None
) -> Diagnostic:
    """`matmul [ a, b ]` sums over the channels of its first branch and the positions of its
    second one, so there are as many of both: `HxWxK` and `K` positions of `C` channels give
    `HxWxC`. In attention the keys are transposed, the values are not:
    `matmul [ query, key -> transpose ] -> softmax -> matmul [ here, value ]`.
    """
    at = "the first branch needs as many channels as the second has positions"
    return error("E307", message, span, at, labels=branches, help=help)


@explained("E308")
def meant_otherwise(
    span: Span, message: str, follows: tuple[Label, ...], help: str, fix: Fix
) -> Diagnostic:
    """What is written here can be read, but as something else than was meant: a shape with its
    channels first, as PyTorch has it, or a layer with the channels that arrive.

    It shows further down, where shapes do not fit. It is told only where the spec is right, or has
    fewer mistakes, with the edit of the help.
    """
    return error("E308", message, span, labels=follows, help=help, fix=fix)


@explained("E320")
def shared_differs(span: Span, message: str, at: str, first: Label) -> Diagnostic:
    """Shared layers have one set of tensors, so the channels that arrive agree wherever they run,
    and so does every setting. Heights and widths may differ.
    """
    return error("E320", message, span, at, labels=(first,))


# --- E4xx: assertions -----------------------------------------------------------------


@explained("E401")
def wrong_count(span: Span, message: str, at: str) -> Diagnostic:
    """A count that the spec asserts is not the count of the network.

    `params` are trainable parameters with the training-only heads, `total` adds state such
    as batch statistics, `macs` counts convolutions, dense layers and `matmul` for one image
    without the heads. The table shows where they lie; an explanation is given only where it
    accounts for the difference exactly.
    """
    return error("E401", message, span, at)


@explained("E402")
def wrong_output(span: Span, said: str, seen: str, name: str | None = None) -> Diagnostic:
    """`expect output` asserts the shape of the network's result, and `expect output mask : 8x8x1`
    that of the output `mask`.
    """
    which = "the network's output" if name is None else f"the output `{name}`"
    return error("E402", f"{which} is {seen}, not {said}", span)


@explained("E403")
def bad_expectation(
    span: Span, message: str, help: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """`expect` asserts `params`, `total`, `macs` or `output`; one of several outputs has its name
    behind that, `expect output mask : 8x8x1`.
    """
    return error("E403", message, span, help=help, fix=fix)


@explained("E404")
def unlike_its_class(
    span: Span, message: str, labels: tuple[Label, ...], help: str | None
) -> Diagnostic:
    """What an op says of its class is not what the class does.

    A check takes an op's word for it. `cnndsl check --run` asks the class: it imports it, builds it
    as the generated module does, calls it on shapes with `jax.eval_shape`, and compares the shape
    of the result, the parameters and the state, whatever their order. Where these hold, it runs the
    generated module in the same way. MACs are not compared.
    """
    return error("E404", message, span, labels=labels, help=help)


def error(
    code: str,
    message: str,
    span: Span | None,
    at: str = "",
    *,
    labels: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """A diagnostic; where an edit is all the help there is, the corrected lines are the help."""
    primary = Label(span, at) if span else None
    table = None
    if fix is not None and help is None:
        help, table = rewritten(fix)
    return Diagnostic(code, message, primary, labels, notes, help, fix=fix, table=table)
