"""What Python's own parser reads of a line, and its names and values as they are here."""

from __future__ import annotations

import ast as python
import re
import warnings
from collections.abc import Sequence

from cnndsl import elsewhere

INPUT = "input_of_this"  # `in` is a word of Python's own
LIBRARIES = frozenset(elsewhere.MODULES - {"self"})
_LONGEST = 400  # characters of a line that is read
_INPUTS = frozenset({"input", "imageinput", "inputs"})
_PLAIN = re.compile(r"[\w.\s+\-*/()]+")


class Unknown(Exception):
    """What has no words here."""


def value(node: python.expr) -> str:
    """A setting."""
    match node:
        case python.Constant(value=bool() as said):
            return "true" if said else "false"
        case python.Constant(value=None):
            return "none"
        case python.Constant(value=str(said)):
            word = said.lower()
            if word in ("same", "valid", "nearest", "bilinear"):
                return word
            return f'"{said}"'
        case python.Tuple(elts=items) | python.List(elts=items):
            return _listed([value(item) for item in items])
        case python.Name(id=name):
            return elsewhere.VALUES.get(name, name)
        case python.Attribute(value=python.Name(id="self"), attr=name):
            return name
    text = python.unparse(node)
    if isinstance(node, python.Call) or not _PLAIN.fullmatch(text):
        raise Unknown
    return text


def _listed(items: Sequence[str]) -> str:
    if len(items) == 1:
        return items[0]
    if len(items) in (2, 3) and all(item.isdigit() for item in items):
        return "x".join(items)
    return f"[{', '.join(items)}]"


def given(keyword: python.keyword) -> str:
    if keyword.arg is None:
        raise Unknown
    return f"{keyword.arg} = {value(keyword.value)}"


def activation(node: python.expr) -> str:
    """The layer that an `activation` is, behind the one that has it; `linear` is none."""
    match node:
        case python.Constant(value=str(said)) | python.Name(id=said):
            pass
        case python.Attribute(attr=said):
            pass
        case _:
            raise Unknown
    if said.lower() in ("linear", "none"):
        return ""
    op = op_of(said)
    if op is None:
        raise Unknown
    return f" -> {op}"


def op_of(name: str) -> str | None:
    """The one op that a name stands for, in whatever library."""
    from cnndsl.ops import OPS  # only mistakes ask for them

    if name in OPS:
        return name
    plain = elsewhere.plain(name)
    meant = elsewhere.op(name) or next((op for op in OPS if elsewhere.plain(op) == plain), None)
    return meant if meant in OPS or meant == "here" else None


def image_of(node: python.expr | None) -> str | None:
    """`Input(shape=(28, 28, 1))` and `imageInputLayer([28 28 1])`: the size that it says."""
    if not isinstance(node, python.Call) or isinstance(node.func, python.Call):
        return None
    name, module = named(node.func)
    if elsewhere.plain(name) not in _INPUTS or module not in (None, *LIBRARIES):
        return None
    given = [k.value for k in node.keywords if k.arg in ("shape", "batch_shape", None)]
    sides = [*node.args, *given]
    if not sides or not isinstance(sides[0], python.Tuple | python.List):
        return None
    try:
        words = [value(side) for side in sides[0].elts]
    except Unknown:
        return None
    return elsewhere.size(words, is_image=True)


def is_whole(node: python.expr | None) -> bool:
    """`Model(inputs, outputs)`, which says nothing that a spec does not."""
    if not isinstance(node, python.Call) or isinstance(node.func, python.Call):
        return False
    return named(node.func)[0] in ("Model", "Functional")


def results_of(call: python.expr | None) -> str | None:
    """The name of what such a model gives."""
    if not isinstance(call, python.Call):
        return None
    named = [each.value for each in call.keywords if each.arg == "outputs"]
    last = [*call.args[1:2], *named][:1]
    return last[0].id if last and isinstance(last[0], python.Name) else None


def read(text: str) -> python.stmt | None:
    """A statement of Python's, of the words that a spec and Python share."""
    if len(text) > _LONGEST or "->" in text:
        return None
    text = re.sub(r"\b(\d+)x(\d+)(?:x(\d+))?\b", _sides, text)
    text = re.sub(r"^(\w+)[ \t]*\+=", r"\1 = \1 +", text.strip())
    text = re.sub(r"\bin\b", INPUT, text.strip().removesuffix(";"))
    text = re.sub(r"(?<=[\[\s])(\d+) +(?=\d)", r"\1, ", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = python.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body[0] if len(body) == 1 else None


def _sides(found: re.Match[str]) -> str:
    return f"({', '.join(each for each in found.groups() if each)})"


def named(func: python.expr) -> tuple[str, str | None]:
    """A callee's own name, and the library in front of it; a tensor in front is no library."""
    if isinstance(func, python.Name):
        return func.id, None
    if isinstance(func, python.Attribute):
        path, node = [], func.value
        while isinstance(node, python.Attribute):
            path.append(node.attr)
            node = node.value
        if isinstance(node, python.Name) and node.id in elsewhere.MODULES:
            return func.attr, path[0] if path and node.id != "self" else node.id
        return func.attr, None
    raise Unknown
