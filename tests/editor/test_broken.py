"""Texts as they are while somebody types: the server answers, and recovers."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.editor.client import Client, Json, Refused, applied, place, position
from tests.editor.long import SPECS, long_spec

STRAY = [
    "{",
    "}",
    "(",
    ")",
    "[",
    '"',
    "->",
    "=",
    "conv(",
    "stage ",
    "\n",
    "😀",
    "\x00",
    "é",
    "= =",
    "* * ",
]
PLACES = 200  # over all specs


def broken(text: str, chance: random.Random) -> tuple[str, int]:
    """A text with one change that seldom leaves it right, and where."""
    at = chance.randrange(len(text))
    match chance.randrange(4):
        case 0:
            return text[:at] + chance.choice(STRAY) + text[at:], at
        case 1:
            return text[:at] + text[at + chance.randint(1, 30) :], at
        case 2:
            return text[:at], at  # the rest is not there yet
        case _:
            line = text.rfind("\n", 0, at) + 1
            return text[:at] + text[line:at] + text[at:], at


def ask_everything(client: Client, uri: str, at: Json) -> None:
    """Every feature, in the state in which the document is."""
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 10**6, "character": 0}}
    options = {"tabSize": 2, "insertSpaces": True}
    client.hints(uri)
    for method in ("hover", "completion", "signatureHelp", "definition", "documentHighlight"):
        client.ask(method, uri, position=at)
    for method in ("codeLens", "documentSymbol"):
        client.ask(method, uri)
    client.ask("codeAction", uri, range=everywhere, context={"diagnostics": []})
    client.ask("formatting", uri, options=options)
    client.ask("prepareRename", uri, position=at)


def break_and_mend(client: Client, path: Path, places: int) -> None:
    text = path.read_text(encoding="utf-8")
    chance = random.Random(path.stem)
    uri = client.open(path)
    assert client.wait(uri) == []
    before = client.hints(uri), client.ask("codeLens", uri)
    for _ in range(places):
        wrong, at = broken(text, chance)
        client.change(uri, wrong)
        ask_everything(client, uri, position(wrong, min(at, len(wrong))))
        client.wait(uri)
        client.change(uri, text)
        assert client.wait(uri) == []
        assert (client.hints(uri), client.ask("codeLens", uri)) == before
    client.close(uri)
    assert client.logged == []


@pytest.mark.parametrize("path", SPECS[::2], ids=lambda path: path.stem)
def test_it_recovers(path: Path, zoo: Client):
    break_and_mend(zoo, path, 1)


@pytest.mark.slow
def test_it_recovers_at_many_places(zoo: Client):
    for path in SPECS:
        break_and_mend(zoo, path, PLACES // len(SPECS) + 1)


@pytest.mark.slow
def test_an_answer_does_not_wait_for_an_analysis(client: Client, tmp_path: Path):
    """While 2,000 lines are checked, answers come from what is known."""
    text, path = long_spec(), tmp_path / "long.cnn"
    started = time.perf_counter()
    uri = client.open(path, text)
    assert client.wait(uri) == []
    analysis = time.perf_counter() - started
    hints = client.hints(uri)
    assert len(hints) > 500
    client.ask("formatting", uri, options={"tabSize": 2, "insertSpaces": True})
    client.slowest.clear()
    for number in range(2):
        client.change(uri, f"# {number}\n{text}")
        ask_everything(client, uri, {"line": 60, "character": 8})
    assert client.wait(uri) == []
    assert len(client.hints(uri)) == len(hints)
    assert max(client.slowest.values()) < analysis / 2  # 0.1 s on an idle machine
    assert client.refreshed > 0  # and it says when there is more to show


def test_positions_are_in_utf16_units(client: Client, tmp_path: Path):
    """A character outside of the basic plane is two units, in whatever line it stands."""
    text = (
        "# 😀😀\nmodel Net {  # é😀\n  input 32x32x3\n"
        '  conv(8, 3) -> relu  # 𝛼\n  "😀" conv(4, 3) -> rleu\n}\n'
    )
    uri = client.open(tmp_path / "net.cnn", text)
    client.wait(uri)
    text = text.replace('  "😀" conv', "  conv").replace("# 𝛼\n  conv", "# 𝛼\n  y = conv")
    client.change(uri, text)
    wrong = next(each for each in client.wait(uri) if each["code"] == "E101")
    assert wrong["range"] == {"start": place(text, "rleu"), "end": place(text, "rleu", inside=4)}
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    (fix,) = client.ask("codeAction", uri, range=everywhere, context={"diagnostics": []})
    mended = applied(text, fix["edit"]["changes"][uri])
    assert mended == text.replace("rleu", "relu")
    line = "# 😀 model\nmodel Emoji = Net { # 😀\n expect params 1 } # 😀"
    client.change(uri, mended + line)
    client.wait(uri)
    at = place(mended + line, "Net {", 1, 1)
    (found,) = client.ask("definition", uri, position=at)
    assert found["range"]["start"] == place(mended, "Net")
    edits = client.ask("rename", uri, position=at, newName="Base")["changes"][uri]
    assert applied(mended + line, edits) == (mended + line).replace("Net", "Base")


def test_a_rename_of_broken_text_is_refused(client: Client, tmp_path: Path):
    uri = client.open(tmp_path / "net.cnn", "model Net {\n  input 32x32x3\n}\n")
    client.wait(uri)
    client.change(uri, "model Net {\n  input 32x32x3\n")
    client.wait(uri)
    with pytest.raises(Refused, match="does not parse"):
        client.ask("rename", uri, position={"line": 0, "character": 7}, newName="Other")


def test_text_of_any_kind_is_answered(client: Client, tmp_path: Path):
    """Control characters, lone surrogates as escapes of JSON, old Mac newlines, nothing at all."""
    uri = client.open(tmp_path / "net.cnn", "")
    for text in [
        "",
        "\x00",
        "\r\r\r",
        "model Net {\r  input 3\r}\r",
        "\ud83d",
        "\ufeffmodel",
        "{" * 5000,
    ]:
        client.change(uri, text)
        ask_everything(client, uri, {"line": 0, "character": 3})
        ask_everything(client, uri, {"line": 7, "character": 0})
        client.wait(uri)
    client.change(uri, "model Net {\r  input 3\r}\r")
    (wrong,) = client.wait(uri)
    assert wrong["range"]["start"] == {"line": 0, "character": 11}
    client.change(uri, "")
    assert client.wait(uri) == []
    assert client.logged == []
