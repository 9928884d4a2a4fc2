"""`cnndsl weights`: what files of weights hold, and how they get into generated networks."""

from __future__ import annotations

import json
from argparse import Namespace
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cnndsl.cli.console import CallError, Console
from cnndsl.cli.reading import read_overrides
from cnndsl.diagnostics import CompileError
from cnndsl.excerpt import clean
from cnndsl.files import reason
from cnndsl.selection import NoSuch
from cnndsl.summary import format_table
from cnndsl.writing import Unwritable, write_all

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
    from cnndsl.weights.known import recognised
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
    if known := ", ".join(dict.fromkeys(k.layout.name for k in recognised(layers))):
        console.line(f"layout: {known}")
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
    if output is not None and not output.endswith(".safetensors"):
        help = "weights are written as safetensors; `cnndsl weights export` writes .pth and .h5"
        raise CallError(f"{output} is no file ending in .safetensors", help)
    archive = read(arguments.file)
    choices = read_mapping(arguments.map) if arguments.map else Choices()
    model = network(arguments)
    matching = matched(model, archive, choices, arguments.skip_head)
    if arguments.report:
        _report(arguments, matching)
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
    layout = f", layout: {matching.layout}" if matching.layout else ""
    console.line(f"{output}  {arguments.model} {numbers:,} numbers of {archive.kind}{layout}")
    return 0


def _report(arguments: Namespace, matching: Matching) -> None:
    from cnndsl.weights.report import as_json, as_text

    path: str = arguments.report
    if path.endswith(".json"):
        table = as_json(matching, arguments.file, arguments.model)
        text = json.dumps(table, indent=2, ensure_ascii=False) + "\n"
    elif path.endswith(".txt"):
        text = as_text(matching, arguments.file, arguments.model)
    else:
        raise CallError(f"{path} says not which kind of report", "reports end in .txt or .json")
    try:
        write_all({Path(path): text})
    except Unwritable as error:
        raise CallError(str(error)) from None


def _export(arguments: Namespace, console: Console) -> int:
    from cnndsl.weights.export import export
    from cnndsl.weights.files import explained, matched
    from cnndsl.weights.fill import fill
    from cnndsl.weights.mapping import Choices
    from cnndsl.weights.readers import read

    archive = read(arguments.file)
    arguments.model = arguments.model or clean(archive.metadata.get("model", "")) or None
    if arguments.model is None:
        raise CallError(f"{arguments.file} does not say of which network it is", "--model names it")
    model = network(arguments)
    matching = matched(model, archive, Choices())
    with explained(model, archive):
        fill(model, matching)
    try:
        layout = export(model, arguments.output, arguments.layout)
    except OSError as error:
        raise CallError(f"cannot write {arguments.output}: {reason(error)}") from None
    console.line(f"{arguments.output}  {arguments.model} as {layout.name}")
    return 0


def _diff(arguments: Namespace, console: Console) -> int:
    from cnndsl.weights.diff import difference
    from cnndsl.weights.files import source_of
    from cnndsl.weights.network import network_of
    from cnndsl.weights.readers import read

    first, second = (source_of(read(name)) for name in (arguments.file, arguments.other))
    whose = network_of(network(arguments)) if arguments.model else None
    found = difference(first, second, whose)
    same = found.tensors - len(found.changes)
    rows = [(change.name, change.spelled) for change in found.changes]
    if rows:
        console.line(format_table([("tensor", "difference"), *rows], ()) + "\n")
    console.line(f"{same:,} of {found.tensors:,} tensors are the same")
    return int(bool(rows))


def network(arguments: Namespace) -> nnx.Module:
    """The network of the call. Its weights take no memory unless some keep their first values."""
    from cnndsl.weights.network import abstract, initialised

    keeps = getattr(arguments, "skip_head", False) and not arguments.dry_run
    build = initialised if keeps else abstract
    if arguments.spec is None and not arguments.set:
        return build(_of_zoo(arguments.model))
    module = _compiled(arguments)
    return build(getattr(module, arguments.model))


def _of_zoo(name: str) -> type[nnx.Module]:
    from cnndsl.zoo.index import UnknownModel, find
    from cnndsl.zoo.modules import import_module

    try:
        entry = find(name)
    except UnknownModel as error:
        help = error.help or "--spec names the spec that it stands in"
        raise CallError(error.message, help) from None
    found: type[nnx.Module] = getattr(import_module(entry), entry.name)
    return found


def _compiled(arguments: Namespace) -> ModuleType:
    from cnndsl.api import load
    from cnndsl.weights.errors import WeightsError
    from cnndsl.zoo.index import UnknownModel, find, spec_path

    overrides = read_overrides(arguments.set)
    spec = arguments.spec
    try:
        spec = spec or spec_path(find(arguments.model))
        return load(spec, model=arguments.model, set=overrides)
    except UnknownModel as error:
        raise CallError(error.message, error.help) from None
    except NoSuch as error:
        raise CallError(error.message, error.help) from None
    except OSError as error:
        raise CallError(f"cannot read {spec}: {reason(error)}") from None
    except CompileError:
        help = f"`cnndsl check {spec}` shows what is wrong"
        raise WeightsError(f"{spec} is no spec that holds", help) from None


def _print(matching: Matching, console: Console) -> None:
    rows = [("ours", "theirs", "by", "weights")]
    rows += [(p.ours.attribute, p.theirs.name, p.by, p.ours.spelled) for p in matching.pairs]
    rows += [(layer.attribute, "-", "kept", layer.spelled) for layer in matching.kept]
    rows += [("-", layer.name, "left out", layer.spelled) for layer in matching.left_out]
    rows += [(layer.attribute, "?", "", layer.spelled) for layer in matching.ours]
    rows += [("?", layer.name, "", layer.spelled) for layer in matching.theirs]
    if matching.layout:
        console.line(f"layout: {matching.layout}\n")
    console.line(format_table(rows, ()))


_ACTIONS = {"inspect": _inspect, "import": _import, "export": _export, "diff": _diff}
