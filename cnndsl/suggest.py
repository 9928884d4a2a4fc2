"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 40  # characters: no name worth a suggestion is longer
_MOST = 500  # names to compare with: a suggestion must not cost more than it is worth

# What other frameworks call it, in lower case and without underscores.
ELSEWHERE = {
    "adaptiveavgpool": "adaptive_avg_pool",
    "averagepool": "avg_pool",
    "averagepooling": "avg_pool",
    "batchnorm": "bn",
    "batchnormalization": "bn",
    "bmm": "matmul",
    "cat": "concat",
    "clamp": "clip",
    "concatenate": "concat",
    "convolution": "conv",
    "convtranspose": "conv_transpose",
    "deconv": "conv_transpose",
    "depthwiseconv": "depthwise",
    "einsum": "matmul",
    "expandas": "expand",
    "fc": "dense",
    "flops": "macs",
    "fullyconnected": "dense",
    "gap": "global_avg_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalresponsenorm": "grn",
    "hardswish": "hard_swish",
    "hswish": "hard_swish",
    "interpolate": "resize",
    "linear": "dense",
    "localresponsenorm": "lrn",
    "maxpooling": "max_pool",
    "multiply": "mul",
    "parameters": "params",
    "reflectionpad": "pad",
    "replicationpad": "pad",
    "separableconv": "separable",
    "sepconv": "separable",
    "silu": "swish",
    "stochasticdepth": "drop_path",
    "subtract": "sub",
    "sum": "add",
    "unitnorm": "l2_normalize",
    "zeropadding": "pad",
}


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where none is like it."""
    known = set(islice(known, _MOST + 1))
    plain = word.lower().replace("_", "").removesuffix("2d")
    if ELSEWHERE.get(plain) in known:
        return ELSEWHERE[plain]
    if len(word) > _LONGEST or len(known) > _MOST:
        return None
    word, most = word.lower(), max(1, len(word) // 3)
    letters = set(word)
    likely = [
        each
        for each in known
        if abs(len(each) - len(word)) <= most and len(letters.difference(each.lower())) <= most
    ]
    ranked = sorted((_distance(word, each.lower()), each) for each in likely)
    return ranked[0][1] if ranked and ranked[0][0] <= most else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    found = closest(word, known)
    return f"did you mean `{found}`?" if found else None


def _distance(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
