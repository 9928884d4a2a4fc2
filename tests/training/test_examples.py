"""Every example of docs/training.md runs, on less than it asks for by itself."""

from __future__ import annotations

import importlib
import sys

import pytest

pytestmark = [pytest.mark.xla, pytest.mark.slow]


def run(monkeypatch: pytest.MonkeyPatch, name: str, *options: str) -> object:
    """What the `main` of an example gives."""
    monkeypatch.setattr(sys, "argv", [name, *options])
    return importlib.import_module(f"examples.{name}").main()


def test_from_scratch(monkeypatch, capsys):
    accuracy = run(monkeypatch, "from_scratch", "--pictures", "40", "--epochs", "6")
    assert isinstance(accuracy, float)
    assert accuracy > 0.6
    assert "circle: " in capsys.readouterr().out


def test_fine_tune(monkeypatch):
    scratch, tuned = run(monkeypatch, "fine_tune", "--epochs", "8")  # type: ignore[misc]
    assert tuned > scratch


def test_features(monkeypatch, capsys):
    accuracy = run(monkeypatch, "features", "--epochs", "1")
    assert isinstance(accuracy, float)
    assert accuracy > 0.8
    assert "conv2: 4 x 4 x 16" in capsys.readouterr().out


def test_own_loop(monkeypatch):
    accuracy = run(monkeypatch, "own_loop", "--epochs", "2")
    assert isinstance(accuracy, float)
    assert accuracy > 0.7


def test_many_devices(monkeypatch):
    furthest = run(monkeypatch, "many_devices")
    assert isinstance(furthest, float)
    assert furthest < 1e-5
