"""JSON from strangers: no larger in memory than a description of tensors is."""

from __future__ import annotations

import json
from typing import Any

from cnndsl.weights.errors import WeightsError


def table_of(data: bytes, tables: int, what: str) -> dict[str, Any]:
    """A JSON object.

    Args:
      tables: how many tables and lists it may hold, each of which takes hundreds of bytes.
      what: what messages call it.

    Raises:
      WeightsError: if the text is none, has a key twice, or holds more than it may.
    """
    if data.count(b"{") + data.count(b"[") > tables:
        raise WeightsError(f"{what} holds more than any network needs")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_table)
    except (ValueError, RecursionError):
        raise WeightsError(f"{what} is no JSON: it is damaged") from None
    if not isinstance(found, dict):
        raise WeightsError(f"{what} is no table of tensors")
    return found


def _table(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise WeightsError("a name stands in it twice: which is meant?")
    return table
