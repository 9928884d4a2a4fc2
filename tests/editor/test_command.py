"""`cnndsl lsp` as a command: what it needs, and how it ends."""

from __future__ import annotations

import sys

import pytest

from cnndsl.cli import main
from tests.editor.client import Client


def test_a_session_ends_with_code_0(client: Client):
    assert client.stop() == 0


def test_an_editor_that_is_gone_ends_the_server(client: Client):
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(10) == 0


def test_without_pygls_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in [name for name in sys.modules if name.startswith("cnndsl.editor.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("lsprotocol", "pygls"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["lsp"]) == 2
    error = capsys.readouterr().err
    assert "`cnndsl lsp` needs" in error and "is not installed" in error
    assert "pip install 'cnndsl[editor]'" in error
