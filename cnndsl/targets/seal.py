"""A digest in a module's header tells whether anybody has edited the module since."""

from __future__ import annotations

from hashlib import sha256

_UNSEALED = "0" * 12
_BEFORE = "it is yours (sha256 "

SEALED = f"{_BEFORE}{_UNSEALED})"  # what the header of a module says before it is sealed


def seal(text: str) -> str:
    """The text with its own digest where its header leaves room for one."""
    return text.replace(f"{_BEFORE}{_UNSEALED}", f"{_BEFORE}{_digest(text)}", 1)


def is_sealed(text: str) -> bool:
    """Whether a file is a module of cnndsl's, edited or not."""
    return _BEFORE in text.partition('"""\n')[0]


def is_untouched(text: str) -> bool:
    """Whether a file is as cnndsl wrote it."""
    before, found, behind = text.partition(_BEFORE)
    if not found:
        return False
    digest = behind[: len(_UNSEALED)]
    return digest == _digest(f"{before}{found}{_UNSEALED}{behind[len(_UNSEALED) :]}")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[: len(_UNSEALED)]
