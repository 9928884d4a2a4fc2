"""How other libraries say what tensors start as: by a name, or by a call of a class or function."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Sequence

from cnndsl.syntax.ported.entries import Unknown
from cnndsl.syntax.ported.notation import parsed
from cnndsl.syntax.ported.values import Values, name_of

_PLAIN = {
    "zeros": "zeros",
    "zero": "zeros",
    "ones": "ones",
    "one": "ones",
    "orthogonal": "orthogonal",
    "randomnormal": "normal(0.05)",
    "truncatednormal": "truncated_normal(0.05)",
    "randomtruncatednormal": "truncated_normal(0.05)",
}  # the deviations of Keras
_BY_FAN = re.compile(r"(he|kaiming|glorot|xavier|lecun)(normal|uniform)")
_OF_ONE = {
    "constant": "constant",
    "gaussian": "normal",
    "normal": "normal",
    "randomnormal": "normal",
    "truncatednormal": "truncated_normal",
    "uniform": "uniform",
}
_ARGUMENT = re.compile(r"value|stddev|std|sigma|scale")


def initial(node: python.expr) -> str | None:
    """An initialiser as it is here; None for one that has no words."""
    args: list[python.expr] = []
    names: list[str | None] = []
    match node:
        case python.Constant(value=int() | float()):
            return python.unparse(node)
        case python.Constant(value=str(name)):
            pass
        case python.Call(func=func, args=[*_], keywords=keywords):
            name, args = name_of(func), [*node.args, *(each.value for each in keywords)]
            names = [each.arg for each in keywords]
        case python.Name(id=name) | python.Attribute(attr=name):
            pass
        case _:
            return None
    word = re.sub(r"initiali[sz]er$|init$|[^a-z]", "", name.lower())
    if found := _BY_FAN.fullmatch(word):
        return f"{found[1]}_{found[2]}" if not args else None
    if (
        len(args) == 1
        and word in _OF_ONE
        and all(_ARGUMENT.fullmatch(each or "") for each in names)
    ):
        try:
            return f"{_OF_ONE[word]}({Values().value(args[0])})"
        except Unknown:
            return None
    return _PLAIN.get(word) if not args else None


def of_record(said: Sequence[tuple[str, str]]) -> str | None:
    """`{ type: "gaussian" std: 0.01 }`."""
    name = "".join(value for key, value in said if key.lower() in ("type", "class_name"))
    rest = ", ".join(
        f"{key} = {value}" for key, value in said if key.lower() not in ("type", "class_name")
    )
    body = parsed(f"{name}({rest})" if rest else name)
    match body:
        case [python.Expr(value=value)]:
            return initial(value)
    return None
