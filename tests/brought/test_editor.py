"""Layers that an author brings, in an editor: the same features as blocks have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pygments.token import Keyword, Name

from cnndsl.editor.pygments import CnnLexer
from tests.editor.client import Client, Refused, place, position

TEXT = """\
fn double(n) = 2 * n

# A gate per channel.
op gate(width, slope = 0.1) from "mylayers:Gate" {
  shape [in.height, in.width, double(width)]
  params [in.channels, width]
}

model Net(act = gate(2)) {
  input 8x8x4
  gate(3) -> act
}
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("workspace")) as client:
        yield client


@pytest.fixture
def net(editor: Client) -> Iterator[str]:
    uri = editor.open(editor.folder / "net.cnn", TEXT)
    assert editor.wait(uri) == []
    yield uri
    editor.close(uri)


def test_hover_shows_signature_class_and_shapes(editor: Client, net: str) -> None:
    shown = editor.ask("hover", net, position=place(TEXT, "gate(3)", inside=1))
    for text in ('op gate(width, slope = 0.1) from "mylayers:Gate"', "A gate per", "8x8x6", "12 p"):
        assert text in shown["contents"]["value"]
    assert editor.ask("hover", net, position=place(TEXT, "width]", inside=1)) is not None


def test_names_lead_to_their_definitions(editor: Client, net: str) -> None:
    lines = {"gate(3)": 3, "gate(2)": 3, "double(width)": 0, "width]": 3}
    for mark, line in lines.items():
        (found,) = editor.ask("definition", net, position=place(TEXT, mark))
        assert found["range"]["start"]["line"] == line
    names = [symbol["name"] for symbol in editor.ask("documentSymbol", net)]
    assert names == ["double", "gate", "Net"]
    edit = editor.ask("rename", net, position=place(TEXT, "gate(3)"), newName="gated")
    assert [len(edits) for edits in edit["changes"].values()] == [3]
    with pytest.raises(Refused, match="the class of this op"):
        editor.ask("rename", net, position=place(TEXT, "width]"), newName="wide")


@pytest.mark.parametrize(
    ("before", "wanted", "unwanted"),
    [
        ("o", ["op"], ["conv"]),
        ('op other(n) from "m:C" {\n  ', ["shape", "params", "state", "macs"], ["conv", "epochs"]),
        ('op other(size) from "m:C" {\n  shape [', ["size", "double"], ["conv"]),
        ("block b(n) {\n  ", ["gate", "conv"], ["shape"]),
        ("block b(n) {\n  gate(", ["width", "slope", "n"], ["kernel"]),
    ],
)
def test_completion(
    editor: Client, net: str, before: str, wanted: list[str], unwanted: list[str]
) -> None:
    text = TEXT + "\n" + before
    editor.change(net, text)
    answer = editor.ask("completion", net, position=position(text, len(text)))
    labels = [item["label"] for item in answer["items"]]
    assert [name for name in wanted if name not in labels] == []
    assert [name for name in unwanted if name in labels] == []


def test_words_have_their_colours_at_their_place_alone() -> None:
    kinds = {word: kind for kind, word in reversed([*CnnLexer().get_tokens(TEXT)])}
    assert (kinds["op"], kinds["gate"], kinds["from"]) == (Keyword, Name.Function, Keyword)
    plain = {word: kind for kind, word in CnnLexer().get_tokens("op = from -> op")}
    assert Keyword not in (plain["op"], plain["from"])
