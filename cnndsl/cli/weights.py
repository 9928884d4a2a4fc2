"""`cnndsl weights`: what files of weights hold, and how they get into generated networks."""

from __future__ import annotations

from argparse import Namespace
from itertools import islice
from typing import TYPE_CHECKING

from cnndsl.cli.console import CallError, Console
from cnndsl.cli.reading import read_overrides
from cnndsl.diagnostics import CompileError
from cnndsl.excerpt import clean
from cnndsl.files import reason
from cnndsl.selection import NoSuch
from cnndsl.summary import format_table

if TYPE_CHECKING:
    from flax import nnx

    from cnndsl.plain import Json
    from cnndsl.weights.match import Matching

MOST_METADATA = 40  # lines
INSTALL = "pip install 'cnndsl[weights]'"


def run(arguments: Namespace, console: Console) -> int:
    try:
        from cnndsl.weights.errors import WeightsError

        try:
            return _ACTIONS[arguments.action](arguments, console)
        except WeightsError as error:
            message, *rows = str(error).split("\n")
            console.fail(message, error.help)
            for row in rows:
                console.remark(clean(row))
            return 1
        except MemoryError:
            console.fail("the weights need more memory than there is")
            return 1
    except ModuleNotFoundError as error:
        message = f"`cnndsl weights` needs {error.name}: it is not installed"
        raise CallError(message, INSTALL) from None


def _inspect(arguments: Namespace, console: Console) -> int:
    from cnndsl.weights.layer import count
    from cnndsl.weights.readers import read
    from cnndsl.weights.sorting import layers_of_archive

    archive = read(arguments.file)
    if arguments.json:
        tensors: list[Json] = [
            {"name": t.name, "shape": t.shape, "dtype": t.dtype} for t in archive.tensors
        ]
        metadata = dict(archive.metadata)
        console.data({"kind": archive.kind, "metadata": metadata, "tensors": tensors})
        return 0
    layers = layers_of_archive(archive)
    console.line(
        f"{clean(archive.path)}: {archive.kind}, {len(layers)} layers, {count(layers):,} numbers"
    )
    for key, value in islice(archive.metadata.items(), MOST_METADATA):
        console.line(clean(f"{key[:40]}: {' '.join(value[:1_000].split())[:200]}"))
    rows = [("layer", "weights", "numbers")]
    rows += [(layer.name, layer.spelled, f"{count([layer]):,}") for layer in layers]
    console.line("\n" + format_table(rows, (2,)))
    return 0


def _import(arguments: Namespace, console: Console) -> int:
    from cnndsl.weights.files import explained, matched, save
    from cnndsl.weights.fill import fill
    from cnndsl.weights.layer import count
    from cnndsl.weights.mapping import Choices, read_mapping
    from cnndsl.weights.readers import read

    output: str | None = None if arguments.dry_run else arguments.output
    if output is None and not arguments.dry_run:
        raise CallError("where to? -o names the file to write", "or show the pairs with --dry-run")
    archive = read(arguments.file)
    choices = read_mapping(arguments.map) if arguments.map else Choices()
    model = _network(arguments)
    matching = matched(model, archive, choices, arguments.skip_head)
    if output is None:  # a dry run
        _print(matching, console)
        return int(not matching.complete)
    with explained(model, archive):
        fill(model, matching)
    try:
        save(model, output)
    except OSError as error:
        raise CallError(f"cannot write {output}: {reason(error)}") from None
    numbers = count([pair.ours for pair in matching.pairs])
    console.line(f"{output}  {arguments.model} {numbers:,} numbers of {archive.kind}")
    return 0


def _network(arguments: Namespace) -> nnx.Module:
    """The network of the call. Its weights take no memory unless some keep their first values."""
    from cnndsl.api import load
    from cnndsl.weights.errors import WeightsError
    from cnndsl.weights.network import abstract, initialised

    overrides = read_overrides(arguments.set)
    try:
        module = load(arguments.spec, model=arguments.model, set=overrides)
    except NoSuch as error:
        raise CallError(error.message, error.help) from None
    except OSError as error:
        raise CallError(f"cannot read {arguments.spec}: {reason(error)}") from None
    except CompileError:
        help = f"`cnndsl check {arguments.spec}` shows what is wrong"
        raise WeightsError(f"{arguments.spec} is no spec that holds", help) from None
    build = initialised if arguments.skip_head else abstract
    return build(getattr(module, arguments.model))


def _print(matching: Matching, console: Console) -> None:
    rows = [("ours", "theirs", "by", "weights")]
    rows += [(p.ours.attribute, p.theirs.name, p.by, p.ours.spelled) for p in matching.pairs]
    rows += [(layer.attribute, "-", "kept", layer.spelled) for layer in matching.kept]
    rows += [(layer.attribute, "?", "", layer.spelled) for layer in matching.ours]
    rows += [("?", layer.name, "", layer.spelled) for layer in matching.theirs]
    console.line(format_table(rows, ()))


_ACTIONS = {"inspect": _inspect, "import": _import}
