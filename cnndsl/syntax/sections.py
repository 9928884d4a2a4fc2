"""Networks as Darknet, Ultralytics, Caffe and MATLAB list them: each entry as the layer that it is.

An entry is one mistake, whatever else is unreadable in it. Its edit is given where all that it says
is known to mean the same here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Source, Span
from cnndsl.syntax.misplaced import end_of_braces
from cnndsl.syntax.python_calls import chain_of
from cnndsl.syntax.python_read import op_of

_LONGEST = 100_000  # characters of a text that is searched
_MOST = 100  # entries of a text
_SECTION = re.compile(
    r"^[ \t]*\[([a-z_]+)\][ \t]*$((?:\n[ \t]*(?:\w+[ \t]*=[^\n]*|#[^\n]*)?$)*)", re.M
)
_SETTING = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*([^\n#]*[^\n#\s])", re.M)
_ROW = re.compile(
    r"^([ \t]*)(?:-[ \t]*)?(\[[ \t]*(-?\d+|\[[-\d, \t]*\])[ \t]*,[ \t]*(\d+)[ \t]*,"
    r"[ \t]*[\"']?((?:nn\.)?[A-Z]\w*)[\"']?[ \t]*,[ \t]*\[([^\[\]\n]*)\][ \t]*\][ \t]*,?)",
    re.M,
)
_HEADED = re.compile(r"^[ \t]*(\w+)[ \t]*:[ \t]*$(?=\s*(?:-[ \t]*)?\[[ \t]*[-\d\[])", re.M)
_LAYER = re.compile(r"^[ \t]*(layers?[ \t]*\{)", re.M)
_LISTED = re.compile(
    r"^[ \t]*(\w+[ \t]*=[ \t]*\[)[ \t]*\n"
    r"((?:[^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)?\n)*[^\[\]\n]*)(\][ \t]*;?)",
    re.M,
)
_FIELD = re.compile(r"(\w+)[ \t]*(?::[ \t]*(\"[^\"\n]*\"|[\w.+-]+)|:?[ \t]*\{)")
_ACTIVATIONS = {"leaky": " -> leaky_relu(0.1)", "linear": "", "logistic": " -> sigmoid"}
_BESIDE = frozenset({"route", "shortcut", "concat", "add", "bifpn", "eltwise"})
_SILENT = frozenset({"data", "input", "softmaxwithloss", "accuracy", "imagedata", "euclideanloss"})
_SECTIONS = frozenset(
    "net convolutional maxpool avgpool upsample route shortcut connected dropout softmax yolo"
    " region batchnorm activation deconvolutional crop cost local".split()
)


def listed(source: Source, found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The mistakes of a text, with one for each entry of another notation."""
    if len(source.text) > _LONGEST or not found:
        return list(found)
    entries = [*_darknet(source), *_rows(source), *_caffe(source), *_matlab(source)]
    if not entries or len(entries) > _MOST:
        return list(found)
    spans = [(span.start, span.end) for span, _ in entries]
    left = [each for each in found if not _is_in(each, spans)]
    return [*left, *(diagnostic for _, diagnostic in entries)]


def _is_in(mistake: Diagnostic, spans: Sequence[tuple[int, int]]) -> bool:
    place = mistake.primary.span.start if mistake.primary else -1
    return any(start <= place < end for start, end in spans)


def _told(whole: Span, head: Span, chain: str | None, joins: bool) -> tuple[Span, Diagnostic]:
    message = "a layer is no list of settings: a layer has its arguments in parentheses"
    help = None
    if joins:
        message = "layers have no numbers: what is joined has names"
        help = "name a result where it is made, … as route, and write concat [ here, route ]"
    fix = None if chain is None else Fix(whole, chain)
    if chain == "":
        help = "leave it out: it says nothing of the network"
    elif chain is not None and "\n" not in chain:
        help = f"write {errors.shown(chain, 100)}"
    return whole, errors.written_differently(head, message, help, fix)


# --- Darknet --------------------------------------------------------------------------


def _darknet(source: Source) -> Iterator[tuple[Span, Diagnostic]]:
    """`[convolutional]` and the settings in the lines below it."""
    for section in _SECTION.finditer(source.text):
        if section[1] not in _SECTIONS:
            continue
        settings = {key.lower(): word for key, word in _SETTING.findall(section[2])}
        start = section.start(1) - 1
        end = section.start() + len(section[0].rstrip())
        whole = Span(source, start, end)
        head = Span(source, start, section.end(1) + 1)
        chain = _of_darknet(section[1], settings)
        yield _told(whole, head, chain, section[1] in _BESIDE)


def _of_darknet(kind: str, settings: dict[str, str]) -> str | None:
    size, stride = settings.get("size", "1"), settings.get("stride", "1")
    step = f", stride = {stride}" if stride != "1" else ""
    behind = _ACTIVATIONS.get(activation := settings.get("activation", "logistic"))
    op = op_of(activation)
    behind = behind if behind is not None else f" -> {op}" if op else None
    if (
        kind in ("convolutional", "deconvolutional")
        and "filters" in settings
        and behind is not None
    ):
        normed = settings.get("batch_normalize", "0") == "1"
        pad = "" if settings.get("pad") == "1" or size == "1" else ", pad = valid"
        name = "conv" if kind == "convolutional" else "conv_transpose"
        bias, norm = (", bias = false", " -> bn") if normed else ("", "")
        return f"{name}({settings['filters']}, {size}{step}{pad}{bias}){norm}{behind}"
    if kind == "maxpool":
        pad = ", pad = same" if stride == "1" else ""
        step = f", stride = {stride}" if stride != size else ""
        return f"max_pool({size}{step}{pad})"
    if kind == "upsample":
        return f"upsample({settings.get('stride', '2')})"
    if kind == "connected" and "output" in settings and behind is not None:
        return f"dense({settings['output']}){behind}"
    if kind == "dropout":
        return f"dropout({settings.get('probability', '0.5')})"
    if kind == "net" and {"width", "height"} <= settings.keys():
        sides = settings["height"], settings["width"], settings.get("channels", "3")
        return f"input {'x'.join(sides)}" if all(side.isdigit() for side in sides) else None
    return {"avgpool": "global_avg_pool", "softmax": "softmax"}.get(kind)


# --- Ultralytics ----------------------------------------------------------------------


def _rows(source: Source) -> Iterator[tuple[Span, Diagnostic]]:
    """`- [-1, 1, Conv, [64, 3, 2]]`, and the `backbone:` above such rows."""
    rows = list(_ROW.finditer(source.text))
    if not rows:
        return
    for headed in _HEADED.finditer(source.text):
        whole = Span(source, headed.start(1), headed.start() + len(headed[0].rstrip()))
        message = "a list of layers has no name: what belongs together is a stage, in braces"
        fix = Fix(whole, f"# {headed[1]}")
        help = f"write stage {errors.shown(headed[1], 30)} {{ … }} around them, or a comment"
        yield whole, errors.written_differently(whole, message, help, fix)
    for row in rows:
        whole = Span(source, row.start() + len(row[1]), row.end())
        head = Span(source, row.start(5), row.end(5))
        joins = row[3].startswith("[") or row[3] != "-1" or row[5].lower() in _BESIDE
        chain = None if joins else _of_row(row[5], row[6], row[4])
        yield _told(whole, head, chain, joins)


def _of_row(module: str, said: str, repeats: str) -> str | None:
    words = [word.strip(" \t\"'") for word in said.split(",") if word.strip()]
    times = "" if repeats == "1" else f" * {repeats}"
    if module in ("Conv", "DWConv") and 1 <= len(words) <= 4 and all(map(_is_number, words[:3])):
        filters, kernel, stride = [*words, "1", "1"][:3]
        step = f", stride = {stride}" if stride != "1" else ""
        call = f"conv({filters}, {kernel}{step}, bias = false) -> bn -> swish"
        return f"{{ {call} }}{times}" if times else call
    if module in ("nn.Upsample", "Upsample") and len(words) == 3:
        method = "" if words[2] == "nearest" else f", {words[2]}"
        return f"upsample({words[1]}{method})"
    quoted = ", ".join(word if _is_number(word) else repr(word) for word in words)
    known = chain_of(f"{module}({quoted})") if op_of(module.rpartition(".")[2]) else None
    return f"{known}{times}" if known else None


def _is_number(word: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.\d+)?", word) is not None


# --- Caffe ----------------------------------------------------------------------------


def _caffe(source: Source) -> Iterator[tuple[Span, Diagnostic]]:
    """`layer { name: "conv1" type: "Convolution" convolution_param { … } }`."""
    place = 0
    while found := _LAYER.search(source.text, place):
        end = end_of_braces(source.text, found.end() - 1)
        place = found.end()
        if end is None or not re.search(r"\btype[ \t]*:", source.text[place:end]):
            continue
        whole = Span(source, found.start(1), end)
        head = Span(source, found.start(1), found.end(1) - 1)
        text = source.text[place : end - 1]
        kind = re.search(r"\btype[ \t]*:[ \t]*\"?(\w+)", text)
        settings = {key: word.strip('"') for key, word in _FIELD.findall(text) if word}
        chain = _of_caffe(kind[1].lower().replace("_", "") if kind else "", settings)
        joins = len(re.findall(r"\bbottom[ \t]*:", text)) > 1
        yield _told(whole, head, None if joins else chain, False)
        place = end


def _of_caffe(kind: str, settings: dict[str, str]) -> str | None:
    size = settings.get("kernel_size", "1")
    step = f", stride = {settings['stride']}" if settings.get("stride", "1") != "1" else ""
    padding = settings.get("pad", "0")
    if kind in _SILENT:
        return ""
    if kind in ("convolution", "deconvolution") and "num_output" in settings:
        pad = f", pad = {padding}" if padding != "0" else ", pad = valid" if size != "1" else ""
        groups = f", groups = {settings['group']}" if settings.get("group", "1") != "1" else ""
        bias = ", bias = false" if settings.get("bias_term") == "false" else ""
        name = "conv" if kind == "convolution" else "conv_transpose"
        text = f"{name}({settings['num_output']}, {size}{step}{pad}{groups}{bias})"
        return f"{text} as {settings['top']}" if settings.get("top", "").isidentifier() else text
    if kind == "pooling":
        name = "avg_pool" if settings.get("pool") == "AVE" else "max_pool"
        if settings.get("global_pooling") == "true":
            return f"global_{name}"
        pad = f", pad = {padding}" if padding != "0" else ""
        return f"{name}({size}{step or ', stride = 1'}{pad}, ceil = true)"
    if kind == "innerproduct" and "num_output" in settings:
        return f"flatten -> dense({settings['num_output']})"
    if kind == "lrn":
        names = (("local_size", "size"), ("alpha", "alpha"), ("beta", "beta"))
        given = [f"{ours} = {settings[theirs]}" for theirs, ours in names if theirs in settings]
        return f"lrn({', '.join(given)})" if given else "lrn"
    if kind == "dropout":
        return f"dropout({settings.get('dropout_ratio', '0.5')})"
    return op_of(kind) if kind in ("relu", "sigmoid", "tanh", "softmax", "flatten", "elu") else None


# --- MATLAB ---------------------------------------------------------------------------


def _matlab(source: Source) -> Iterator[tuple[Span, Diagnostic]]:
    """`layers = [ imageInputLayer([28 28 1]) … ];`: the layers stand by themselves."""
    for found in _LISTED.finditer(source.text):
        if "Layer" not in found[2]:
            continue
        lines: list[str] = []
        flat = False
        for line in found[2].split("\n"):
            said = line.partition("%")[0].strip().removesuffix(",")
            image = re.match(r"imageInputLayer\(\[([\d ,]+)\]", said)
            if re.match(r"classificationLayer|regressionLayer|classOutput", said) or not said:
                continue
            word = op_of(said) if said.isidentifier() else chain_of(said)
            if image:
                word = f"input {'x'.join(re.findall(r'[0-9]+', image[1]))}"
            is_first = word is not None and word.startswith("dense(") and not flat
            flat |= is_first or word == "flatten"
            word = f"flatten -> {word}" if is_first else word  # as it is done there unsaid
            lines.append(f"  {word}" if word else "")
        whole = Span(source, found.start(1), found.end(3))
        head = Span(source, found.start(1), found.end(1))
        text = None if not lines or not all(lines) else "\n".join(lines).lstrip()
        message = "layers stand by themselves, one in a line: no list holds them"
        fix = None if text is None else Fix(whole, text)
        help = f"write {', '.join(line.strip() for line in lines[:3])}, …" if fix else None
        if fix is not None:
            yield whole, errors.written_differently(head, message, help, fix)
