"""The arguments of calls of any library, by what they mean."""

from __future__ import annotations

import ast as python
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnndsl.syntax.ported.dialects import FLUX, PLAIN, Dialect
from cnndsl.syntax.ported.entries import MADE, Unknown
from cnndsl.syntax.ported.meaning import op_meant, setting_meant
from cnndsl.syntax.ported.values import Values

_ACTIVATIONS = frozenset(
    "relu relu6 leaky_relu elu selu gelu swish sigmoid tanh softmax mish softplus here".split()
)
_SWITCHED = (_ACTIVATIONS | {"dropout"}) - {"gelu"}
TAKE_THEM = frozenset({*MADE, "depthwise"})


@dataclass
class Arguments(Values):
    """Reads the arguments of layers as a notation has them."""

    dialect: Dialect = PLAIN

    def arguments(
        self, op: str, args: Sequence[python.expr], keywords: Sequence[python.keyword]
    ) -> Iterator[tuple[str, python.expr]]:
        """What every argument means, and its value."""
        named = {setting_meant(each.arg or "") for each in keywords}
        plain, pairs = _paired(args)
        if op == "upsample" and self.dialect.upsample[0] != "size":  # PyTorch's `Upsample(None, 2)`
            plain = [n for n in plain if not (isinstance(n, python.Constant) and n.value is None)]
        for node in plain:
            if isinstance(node, python.Dict):  # `conv2d({filters: 32, kernelSize: 3})`
                pairs += [(_key(k), v) for k, v in zip(node.keys, node.values, strict=True)]
        plain = [node for node in plain if not isinstance(node, python.Dict)]
        order = list(self.dialect.order(op))
        if any(_is_pair(node) for node in plain):
            order = [key for key in order if key not in ("arrives", "out")]
        if op in ("conv", "conv_transpose") and order[:1] == ["arrives"] and len(plain) == 1:
            order = order[1:] if "arrives" not in named else order
        if op == "dense" and order[:1] == ["arrives"] and len(plain) == 1 and "out" not in named:
            order = order[1:]
        for node in plain:
            if _is_pair(node):
                yield "out", node
            elif op in _SWITCHED and isinstance(getattr(node, "value", 0), bool | None):
                yield "idle", node  # in place, or for training
            else:
                if not order:
                    raise Unknown
                key = self._likely(node, op) or order[0]
                order.remove(key if key in order else order[0])
                if key == "kernel" and self.dialect is FLUX and not isinstance(node, python.Tuple):
                    key = "behind"
                yield key or "idle", node
        for name, node in [*((each.arg or "", each.value) for each in keywords), *pairs]:
            meant = setting_meant(name)
            if meant is None:
                raise Unknown
            is_size = meant == "out" and op in ("max_pool", "avg_pool", "adaptive_avg_pool")
            meant = "pad" if name == "p" and op in TAKE_THEM else meant
            meant = f"aside {name}" if meant == "aside" else meant
            yield "size" if is_size else meant, node

    def _likely(self, node: python.expr, op: str) -> str | None:
        """What a value says of itself, wherever it stands: an activation, a padding."""
        match node:
            case python.Constant(value=str(said)) | python.Name(id=said):
                if said.lower() in ("same", "valid"):
                    return "pad"
                meant = op_meant(said) if said not in self.values else None
                return "behind" if meant in _ACTIVATIONS and op in TAKE_THEM else None
        return None


def _is_pair(node: python.expr) -> bool:
    """`1 => 16`, the channels that arrive and those that leave."""
    return isinstance(node, python.BinOp) and isinstance(node.op, python.RShift)


def _key(node: python.expr | None) -> str:
    match node:
        case python.Constant(value=str(name)) | python.Name(id=name):
            return name
    raise Unknown


def _paired(
    args: Sequence[python.expr],
) -> tuple[list[python.expr], list[tuple[str, python.expr]]]:
    """Arguments, and those that follow their names as strings: `'Padding', 'same'`."""
    for place, node in enumerate(args):
        match node:
            case python.Constant(value=str(name)):
                rest = args[place:]
                if len(rest) % 2 or setting_meant(name) is None or len(rest) < 2:
                    break
                keys = [_key(each) for each in rest[::2]]
                return list(args[:place]), list(zip(keys, rest[1::2], strict=True))
    return list(args), []
