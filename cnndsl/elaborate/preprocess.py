"""What images go through: `preprocess { … }` with its settings checked, as plain data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Collector, Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.scope import Scope
from cnndsl.fixes import joined_fixes
from cnndsl.ops.base import Shape, rank_of
from cnndsl.ops.ranks import NAMES
from cnndsl.ops.spelled import seen
from cnndsl.source import Span
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

if TYPE_CHECKING:
    from cnndsl.ir import Value
    from cnndsl.plain import Json

WORDS = {
    "interpolation": ("nearest", "bilinear", "bicubic", "lanczos", "area"),
    "channels": ("rgb", "bgr", "gray"),
}
SIZES = ("size", "crop")
STATISTICS = ("mean", "std")
_WHITE = 255
SETTINGS = (*SIZES, *WORDS, "range", *STATISTICS)


def check_preprocess(
    preprocess: ast.Preprocess,
    image: Shape | None,
    evaluator: Evaluator,
    scope: Scope,
    found: Collector,
) -> dict[str, Json]:
    """The settings by name, for an input of this shape (None: unknown).

    Sizes are integers or `[height, width]`, statistics numbers or lists of them, one per
    channel; the rest are a word each, and `range` a number.
    """
    said: dict[str, Json] = {}
    channels = image[-1] if image else None
    if image and len(image) not in (1, 3):
        what = NAMES[rank_of(image)]
        message = f"only images are preprocessed, and the network's input is {what}"
        found.add(errors.bad_preprocessing(preprocess.span, message))
        return said
    other = _other_channels(preprocess, channels)
    if other:
        found.add(_of_other_channels(other, channels or 0))
    for setting in preprocess.settings:
        try:
            told = None if setting in other else channels
            said[setting.name] = _value(setting, said, told, evaluator, scope)
        except Failure as failure:
            if failure.diagnostic:
                found.add(failure.diagnostic)
    _check_range(preprocess, said, found)
    if "size" in said and "crop" in said:
        _check_crop(preprocess, said, found)
    return said


def _other_channels(preprocess: ast.Preprocess, channels: int | None) -> list[ast.Setting]:
    """The settings that are of images with another number of channels than the network takes,
    where there are several.
    """
    found = [s for s in preprocess.settings if _channels_of(s) not in (None, channels)]
    counts = {_channels_of(setting) for setting in found}
    return found if channels is not None and len(found) > 1 and len(counts) == 1 else []


def _channels_of(setting: ast.Setting) -> int | None:
    """The channels that a setting says an image has."""
    if len(setting.values) != 1:
        return None
    (value,) = setting.values
    if setting.name == "channels" and isinstance(value, ast.Name):
        return {"rgb": 3, "bgr": 3, "gray": 1}.get(value.id)
    if setting.name in STATISTICS and isinstance(value, ast.List):
        return len(value.items)
    return None


def _of_other_channels(settings: list[ast.Setting], channels: int) -> Diagnostic:
    """One mistake, that every such setting shows, with the edit of all of them for a gray image."""
    first, *more = settings
    several = _channels_of(first) or 0
    message = f"this is for images of {several} channel{'s' * (several != 1)}, "
    message += f"and the network's input has {channels}"
    edits: list[Fix] = []
    for setting in settings:
        (value,) = setting.values
        text = "gray"
        if isinstance(value, ast.List):
            numbers = [item.value for item in value.items if isinstance(item, ast.Literal)]
            plain = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)]
            if len(plain) < len(value.items):
                edits = []
                break
            text = f"{sum(plain) / len(plain):.3g}"
        edits.append(Fix(value.span, text))
    fix = help = None
    if channels == 1 and edits:
        edits.sort(key=lambda edit: edit.span.start)
        fix = joined_fixes(edits)
        texts = [f"{s.name} {e.text}" for s, e in zip(settings, edits, strict=True)]
        help = f"of gray images these are: {', '.join(texts)}"
    elif several in (1, 3):
        help = f"write the numbers of {channels} channels, or let the network take {several}"
    labels = tuple(Label(each.span, "this too") for each in more)
    return errors.bad_preprocessing(first.values[0].span, message, help, fix, labels)


def _value(
    setting: ast.Setting,
    said: dict[str, Json],
    channels: int | None,
    evaluator: Evaluator,
    scope: Scope,
) -> Json:
    name = setting.name
    help: str | None
    if name not in SETTINGS:
        help = did_you_mean(name, SETTINGS) or f"there are {', '.join(SETTINGS)}"
        message = f"`preprocess` has no setting `{name}`"
        raise Failure(errors.bad_preprocessing(setting.name_span, message, help))
    if name in said:
        raise Failure(errors.bad_preprocessing(setting.name_span, f"`{name}` is set twice"))
    if len(setting.values) != 1:
        raise Failure(_several(setting))
    (expression,) = setting.values
    if name in WORDS:
        return _word(name, expression, channels)
    value = evaluator.evaluate(expression, scope)
    if name in SIZES:
        return _size(name, value, expression)
    if name == "range":
        return _positive(name, value, expression)
    return _statistic(name, value, expression, channels)


def _several(setting: ast.Setting) -> Diagnostic:
    """`mean 0.5, 0.5, 0.5`: the channels are a list."""
    message = f"`{setting.name}` has one value"
    if setting.name not in STATISTICS or not setting.values:
        return errors.bad_preprocessing(setting.name_span, message, None)
    whole = setting.values[0].span.to(setting.values[-1].span)
    fix = Fix(whole, f"[{whole.text}]")
    help = f"write the channels as a list: {setting.name} {fix.text}"
    return replace(errors.bad_preprocessing(setting.name_span, message, help), fix=fix)


def _word(name: str, expression: ast.Expr, channels: int | None) -> str:
    known = WORDS[name]
    word = expression.id if isinstance(expression, ast.Name) else None
    if isinstance(expression, ast.Literal) and isinstance(expression.value, str):
        word = expression.value
    if word is None or word not in known:
        help = did_you_mean(word, known) if word else None
        message = f"`{name}` is one of {', '.join(known)}"
        raise Failure(errors.bad_preprocessing(expression.span, message, help))
    wanted = 1 if word == "gray" else 3
    if name == "channels" and channels not in (None, wanted):
        message = f"`{word}` images have {wanted} channel{'s' * (wanted > 1)}, "
        message += f"and the network's input has {channels}"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    return word


def _size(name: str, value: Value, expression: ast.Expr) -> int | list[int]:
    sides = _sides(value)
    if sides is None:
        message = f"`{name}` is a number of pixels, or height x width; this is {seen(value)}"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    return list(sides) if isinstance(value, list) else sides[0]


def _sides(size: object) -> tuple[int, int] | None:
    """(height, width) of a size, or None if it is none."""
    pair = size if isinstance(size, list) and len(size) == 2 else (size, size)
    height, width = pair
    if values.is_int(height) and height > 0 and values.is_int(width) and width > 0:
        return height, width
    return None


def _positive(name: str, value: Value, expression: ast.Expr) -> float:
    if not values.is_number(value) or value <= 0:
        message = f"`{name}` is the value of a white pixel, such as 1 or 255; this is {seen(value)}"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    return value


def _statistic(
    name: str, value: Value, expression: ast.Expr, channels: int | None
) -> float | list[float]:
    items = value if isinstance(value, list) else [value]
    numbers = [item for item in items if values.is_number(item)]
    if not numbers or len(numbers) < len(items):
        message = f"`{name}` is a number, or one per channel; this is {seen(value)}"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    if isinstance(value, list) and channels not in (None, len(value)):
        message = f"`{name}` has {len(value)} numbers, and the network's input {channels} channels"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    if name == "std" and any(number <= 0 for number in numbers):
        message = "images are divided by `std`: its numbers are positive"
        raise Failure(errors.bad_preprocessing(expression.span, message))
    return numbers if isinstance(value, list) else numbers[0]


def _check_range(preprocess: ast.Preprocess, said: dict[str, Json], found: Collector) -> None:
    """A mean is a value that pixels can have: none is 123 where white is 1."""
    white = said.get("range", 1)
    mean, std = (_numbers(said.get(name)) for name in STATISTICS)
    if not mean or not isinstance(white, int | float) or max(mean) <= white:
        return
    (value,) = next(s for s in preprocess.settings if s.name == "mean").values
    message = f"a mean of {max(mean):g} lies outside of the pixels, which go from 0 to {white:g}"
    if white != 1 or max(mean) > _WHITE or "range" in said:
        found.add(errors.bad_preprocessing(value.span, message))
        return
    if std and max(std) <= 1:  # of pixels up to 1
        texts = [f"{number / _WHITE:.3f}" for number in mean]
        text = f"[{', '.join(texts)}]" if isinstance(value, ast.List) else texts[0]
        found.add(errors.bad_preprocessing(value.span, message, None, Fix(value.span, text)))
        return
    start = next(s for s in preprocess.settings if s.name == "mean").span.start
    line = value.span.source.text.rfind("\n", 0, start) + 1
    lead = value.span.source.text[line:start]
    fix = Fix(Span(value.span.source, start, start), f"range {_WHITE}\n{lead}")
    help = f"say what white is, in a line of its own: range {_WHITE}"
    alone = None if lead.strip() else fix
    found.add(errors.bad_preprocessing(value.span, message, help, alone))


def _numbers(value: Json) -> list[float]:
    items = value if isinstance(value, list) else [value]
    return [float(item) for item in items if values.is_number(item)]


def _check_crop(preprocess: ast.Preprocess, said: dict[str, Json], found: Collector) -> None:
    """A crop lies within the resized image."""
    size, crop = (_sides(said[name]) for name in SIZES)
    if size is None or crop is None:
        return
    if crop[0] <= size[0] and crop[1] <= size[1]:
        return
    setting = next(s for s in preprocess.settings if s.name == "crop")
    message = "the crop is larger than the image that it is cut from"
    found.add(errors.bad_preprocessing(setting.span, message))
