"""Names that a loop numbers: `level` becomes `level1`, `level2`, …."""

from __future__ import annotations

from collections.abc import Iterator


def stems(name: str) -> Iterator[str]:
    """What a name may be the number of, the shortest first: of `c_21` it is `c_` or `c_2`."""
    for end in range(len(name.rstrip("0123456789")), len(name)):
        if name[end] != "0":
            yield name[:end]
