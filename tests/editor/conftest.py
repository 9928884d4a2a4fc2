"""A server for a whole file of tests, and one for a single test in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.client import REFRESHING, Client

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(scope="module")
def zoo() -> Iterator[Client]:
    """A session in the folder of the zoo's specs."""
    with Client(SPECS) as client:
        yield client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A session in an empty folder."""
    with Client(tmp_path, REFRESHING) as client:
        yield client
