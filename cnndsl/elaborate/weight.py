"""The weight of an auxiliary head in the loss."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match
from cnndsl.elaborate.collect import Failure
from cnndsl.ir import Value
from cnndsl.syntax import ast

_WEIGHT = 0.3  # Szegedy et al., "Going Deeper with Convolutions", 2014, section 5
_SIGNATURE = f"aux NAME(weight = {_WEIGHT})"


def weight_of(head: ast.Aux, evaluate: Callable[[ast.Expr], Value]) -> float:
    """What a head says of its weight, or the default.

    Raises:
      Failure: if it says anything else, or no number of at least 0.
    """
    given = match("aux", ["weight"], [], head.args, head.span, lambda: _SIGNATURE)
    if "weight" not in given:
        return _WEIGHT
    said = evaluate(given["weight"].value)
    if not values.is_number(said) or said < 0:
        message = "`weight` is a number, zero or more"
        raise Failure(errors.bad_argument(given["weight"].value.span, message, _SIGNATURE, None))
    return float(said)
