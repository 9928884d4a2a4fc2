"""Every feature of the server, once, over the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cnndsl.format import format_source
from cnndsl.source import Source
from tests.compiled import SPECS
from tests.editor.client import REFRESHING, Client, Json, Refused, applied, place, position

BLOCKS = """\
# Blocks for others.

# A convolution, normed.
block normed(filters, stride = 1) {
  conv(filters, 3, stride = stride, bias = false) -> bn -> relu
}

fn double(n) = 2 * n
"""
NET = """\
use "blocks.cnn"

# Two sizes of one network.
model Net(classes = 10, width = 8) {
  input 32x32x3
  let wide = double(width)
  stage stem { normed(width) }
  early = normed(wide, stride = 2)
  for n in [16, 32] {
    stage level { normed(n, stride = 2) }
  }
  add [ level2, level1 -> normed(32, stride = 2), early -> normed(32, stride = 2) ]
  stage head { global_avg_pool -> dense(classes) }
  expect params 16_946
}

model Wide = Net(width = 16) { expect params 26_426 }
"""
SNIPPETS = {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "blocks.cnn").write_text(BLOCKS)
    (folder / "net.cnn").write_text(NET)
    with Client(folder, {**REFRESHING, **SNIPPETS}) as client:
        yield client


@pytest.fixture
def net(editor: Client) -> Iterator[str]:
    uri = editor.open(editor.folder / "net.cnn")
    editor.wait(uri)
    yield uri
    editor.close(uri)


def opened(editor: Client, text: str, name: str = "scratch.cnn") -> str:
    uri = editor.open(editor.folder / name, text)
    editor.wait(uri)
    return uri


def text_at(text: str, at: Json) -> str:
    lines = text.split("\n")
    assert at["start"]["line"] == at["end"]["line"]
    return lines[at["start"]["line"]][at["start"]["character"] : at["end"]["character"]]


# --- diagnostics ----------------------------------------------------------------------


def test_mistakes_and_warnings_have_places_and_words(editor: Client):
    text = "model Net {\n  input 32x32x3\n  conv(8, 3) -> bn\n  add [ here, flatten ]\n}\n"
    uri = opened(editor, text)
    (wrong,) = editor.wait(uri)
    assert (wrong["code"], wrong["severity"], wrong["source"]) == ("E301", 1, "cnndsl")
    assert text_at(text, wrong["range"]) == "add"
    assert wrong["message"].startswith("cannot add a feature map and a vector")
    related = {
        text_at(text, r["location"]["range"]): r["message"] for r in wrong["relatedInformation"]
    }
    assert related == {"here": "32 x 32 x 8", "flatten": "8192"}
    editor.change(uri, text.replace("  add [ here, flatten ]\n", ""))
    warned = editor.wait(uri)
    assert [(w["code"], w["severity"]) for w in warned] == [("W304", 2)]
    editor.close(uri)


def test_what_a_file_uses_is_read_from_its_buffer(editor: Client, net: str):
    assert editor.wait(net) == []
    blocks = editor.open(editor.folder / "blocks.cnn")
    editor.wait(blocks)
    editor.change(blocks, BLOCKS.replace("-> bn", "-> bm"))
    (there,) = editor.wait_for(blocks, ["E101"])
    (here,) = editor.wait_for(net, ["E101"])
    assert text_at(BLOCKS, there["range"]) == "bn"
    assert text_at(NET, here["range"]) == '"blocks.cnn"'
    assert "blocks.cnn:5:" in here["message"]
    assert here["relatedInformation"][0]["location"]["uri"] == blocks
    editor.close(blocks)  # without saving: the file counts again
    editor.wait_for(net, [])


def test_a_file_that_is_not_there_yet(editor: Client):
    uri = opened(editor, 'use "later.cnn"\n')
    assert [d["code"] for d in editor.wait(uri)] == ["E109"]
    (editor.folder / "later.cnn").write_text("fn one() = 1\n")
    changes = [{"uri": (editor.folder / "later.cnn").as_uri(), "type": 1}]
    editor.notify("workspace/didChangeWatchedFiles", {"changes": changes})
    editor.wait_for(uri, [])
    editor.close(uri)
    (editor.folder / "later.cnn").unlink()


def test_a_document_that_was_never_saved(editor: Client):
    uri = "untitled:Untitled-1"
    editor.versions[uri] = 1
    item = {"uri": uri, "languageId": "cnn", "version": 1, "text": 'use "blocks.cnn"\n'}
    editor.notify("textDocument/didOpen", {"textDocument": item})
    (wrong,) = editor.wait(uri)
    assert "this text has no folder to read from" in wrong["message"]
    editor.close(uri)


def test_quick_fixes_are_edits_that_mend(editor: Client):
    text = "model Net {\n  input 32x32x3\n  conv(8, 3) -> rleu;\n  expect params 224\n}\n"
    uri = opened(editor, text)
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    while editor.wait(uri):
        actions = editor.ask("codeAction", uri, range=everywhere, context={"diagnostics": []})
        assert actions and actions[0]["kind"] == "quickfix"
        text = applied(text, actions[0]["edit"]["changes"][uri])
        editor.change(uri, text)
    assert "conv(8, 3) -> relu\n" in text
    editor.close(uri)


# --- figures --------------------------------------------------------------------------


def test_hints_of_blocks_show_all_instances(editor: Client, net: str):
    lines = NET.split("\n")
    hints = {lines[h["position"]["line"]].strip(): h for h in editor.hints(net)}
    assert hints["stage stem { normed(width) }"]["label"] == "32x32x8 | 32x32x16 · 232 | 464 params"
    assert hints["early = normed(wide, stride = 2)"]["label"] == "16x16x16 | 16x16x32"
    label = hints["stage level { normed(n, stride = 2) }"]["label"]
    assert label == "16x16x16 | 8x8x32 · 1,184 | 4,672 | … params"
    assert hints["stage head { global_avg_pool -> dense(classes) }"]["label"] == "10 · 330 params"


def test_a_failed_count_leaves_the_shapes_to_be_seen(editor: Client):
    """What is asserted is wrong, and nothing else: hints are those of this text, also at first."""
    wrong = NET.replace("16_946", "1").replace("let wide = double(width)", "let wide = 24")
    uri = opened(editor, wrong, "net.cnn")
    assert [d["code"] for d in editor.wait(uri)] == ["E401", "E401"]
    labels = {h["label"] for h in editor.hints(uri)}
    assert "16x16x24" in labels
    editor.close(uri)


def test_hints_stay_while_a_text_is_broken_and_move_with_it(editor: Client, net: str):
    before = {(h["position"]["line"], h["label"]) for h in editor.hints(net)}
    at = NET.index("  early")
    editor.change(net, NET[:at] + "  conv(\n\n" + NET[at:])
    assert editor.wait(net)
    after = {(h["position"]["line"], h["label"]) for h in editor.hints(net)}
    moved = NET[:at].count("\n")
    assert after == {(line + 2 * (line >= moved), label) for line, label in before}
    editor.change(net, NET)
    assert editor.wait(net) == []
    assert {(h["position"]["line"], h["label"]) for h in editor.hints(net)} == before


def test_hints_of_a_range_are_those_of_its_lines(editor: Client, net: str):
    part = {"start": {"line": 6, "character": 0}, "end": {"line": 7, "character": 99}}
    hints = editor.ask("inlayHint", net, range=part)
    assert [h["position"]["line"] for h in hints] == [6, 7]


def test_lenses_have_the_figures_of_models(editor: Client, net: str):
    lenses = editor.ask("codeLens", net)
    assert [text_at(NET, lens["range"]) for lens in lenses] == ["Net", "Wide"]
    assert lenses[0]["command"]["title"].startswith("16,946 params · ")
    assert lenses[0]["command"]["title"].endswith("MMACs · 32x32x3 → 10")


HOVERS = [
    ("dense(", 0, ["### `dense(units", "`32` → `10`", "330 params"]),
    ("normed(width)", 0, ["A convolution, normed", "filters = 8, stride = 1", "32x32x3 → 32x32x8"]),
    ("width)", 0, ["parameter width = 8", "is `8`, `16`"]),
    ("wide,", 0, ["let wide = double(width)", "is `16`, `32`"]),
    ("stem", 0, ["| Net | stem | 32x32x8 | 232 |", "| Wide | stem | 32x32x16 | 464 |"]),
    ("level2", 0, ["| Net | level2 | 8x8x32 | 4,672 |"]),
    ("early", 0, ["`16x16x16`, `16x16x32`"]),
    ("double(", 0, ["fn double(n)"]),
    ("Net(width", 0, ["model Net(classes = 10, width = 8)", "Two sizes of one network"]),
    ("add [", 0, ["### `add [ … ]`", "`8x8x32`"]),
]


@pytest.mark.parametrize(("mark", "nth", "wanted"), HOVERS, ids=[mark for mark, *_ in HOVERS])
def test_hover(editor: Client, net: str, mark: str, nth: int, wanted: list[str]):
    shown = editor.ask("hover", net, position=place(NET, mark, nth, 1))
    for text in wanted:
        assert text in shown["contents"]["value"]


def test_hover_says_what_an_argument_is(editor: Client):
    uri = editor.open(editor.folder / "blocks.cnn")
    editor.wait(uri)
    shown = editor.ask("hover", uri, position=place(BLOCKS, "bias", inside=1))
    assert shown["contents"]["value"].startswith("```cnn\nbias = true\n```")
    assert editor.ask("hover", uri, position=place(BLOCKS, "others")) is None  # in a comment
    editor.close(uri)


# --- names ----------------------------------------------------------------------------


def test_definition_across_files(editor: Client, net: str):
    (found,) = editor.ask("definition", net, position=place(NET, "normed(wide"))
    assert found["uri"].endswith("/blocks.cnn")
    assert text_at(BLOCKS, found["range"]) == "normed"
    (found,) = editor.ask("definition", net, position=place(NET, "stride"))
    assert text_at(BLOCKS, found["range"]) == "stride" and found["range"]["start"]["line"] == 3
    (found,) = editor.ask("definition", net, position=place(NET, "level2", inside=3))
    assert found == {"uri": net, "range": found["range"]}
    assert text_at(NET, found["range"]) == "level"
    (found,) = editor.ask("definition", net, position=place(NET, "blocks.cnn"))
    assert found["uri"].endswith("/blocks.cnn")
    assert editor.ask("definition", net, position=place(NET, "dense")) == []


def test_models_of_the_zoo_in_models(editor: Client):
    text = """\
use zoo "lenet5.cnn"

model Twice(classes = 5) {
  input 28x28x1
  features = LeNet5ReLU(classes = 0)
  features -> dense(classes)
}

model Outer {
  input 28x28x1
  inner = Twice
  stage inside { relu }
  inner
}
"""
    uri = opened(editor, text)
    assert [d["severity"] for d in editor.wait(uri)] in ([], [2])
    (found,) = editor.ask("definition", uri, position=place(text, "LeNet5ReLU"))
    assert found["uri"].endswith("/specs/lenet5.cnn")
    (found,) = editor.ask("definition", uri, position=place(text, "lenet5.cnn"))
    assert found["uri"].endswith("/specs/lenet5.cnn")
    with pytest.raises(Refused, match="no name of the spec's own"):
        editor.ask("rename", uri, position=place(text, "LeNet5ReLU"), newName="Other")
    written = text.replace("features -> dense", "features.")
    editor.change(uri, written)
    at = position(written, written.index("features.") + len("features."))
    labels = {item["label"] for item in editor.ask("completion", uri, position=at)["items"]}
    assert {"conv1", "conv2", "head", "channels", "shape"} <= labels
    assert "conv" not in labels
    editor.change(uri, text)
    editor.wait(uri)
    changes = editor.ask("rename", uri, position=place(text, "Twice", 1), newName="Base")["changes"]
    assert applied(text, changes[uri]) == text.replace("Twice", "Base")
    editor.close(uri)


def test_references_across_files(editor: Client):
    """Asked in the file that defines it, of a file that nobody has open."""
    blocks = editor.open(editor.folder / "blocks.cnn")
    editor.wait(blocks)
    context = {"includeDeclaration": False}
    at = place(BLOCKS, "normed(")
    found = editor.ask("references", blocks, position=at, context=context)
    assert [Path(each["uri"]).name for each in found] == ["net.cnn"] * 5
    assert {text_at(NET, each["range"]) for each in found} == {"normed"}
    every = editor.ask("references", blocks, position=at, context={"includeDeclaration": True})
    assert len(every) == 6
    stride = editor.ask("references", blocks, position=place(BLOCKS, "stride"), context=context)
    assert [Path(e["uri"]).name for e in stride] == ["blocks.cnn", *["net.cnn"] * 4]
    editor.close(blocks)


def test_highlights_tell_tensors_from_values(editor: Client):
    text = "block b(acc) {\n  acc2 = conv(acc, 3)\n  acc2 -> relu\n}\n"
    uri = opened(editor, text)
    found = editor.ask("documentHighlight", uri, position=place(text, "acc2"))
    assert [(h["range"]["start"]["line"], h["kind"]) for h in found] == [(1, 3), (2, 2)]
    editor.close(uri)


def test_rename_reaches_all_files(editor: Client, net: str):
    at = place(NET, "normed(width)")
    assert text_at(NET, editor.ask("prepareRename", net, position=at)) == "normed"
    changes = editor.ask("rename", net, position=at, newName="block3")["changes"]
    texts = {"net.cnn": NET, "blocks.cnn": BLOCKS}
    after = {Path(uri).name: applied(texts[Path(uri).name], e) for uri, e in changes.items()}
    assert after == {name: text.replace("normed(", "block3(") for name, text in texts.items()}


def test_rename_of_what_is_numbered_keeps_the_numbers(editor: Client, net: str):
    at = place(NET, "level1", inside=2)
    changes = editor.ask("rename", net, position=at, newName="zoom")["changes"]
    assert applied(NET, changes[net]) == NET.replace("level", "zoom")


@pytest.mark.parametrize(
    ("mark", "new", "why"),
    [
        ("wide =", "width", "means something else"),
        ("width =", "wide", "means something else"),
        ("stem", "early", "means something else"),
        ("stem", "normed", "means something else"),
        ("stem", "relu", "`relu` is an op"),
        ("stem", "stage", "a word of the language"),
        ("stem", "2nd", "begins with no digit"),
        ("dense", "linear", "no name of the spec's own"),
    ],
)
def test_renames_that_would_change_the_meaning_are_refused(
    editor: Client, net: str, mark: str, new: str, why: str
):
    with pytest.raises(Refused, match=why):
        editor.ask("rename", net, position=place(NET, mark), newName=new)


def test_outline(editor: Client, net: str):
    symbols = editor.ask("documentSymbol", net)
    assert [(s["name"], s.get("detail")) for s in symbols] == [
        ("Net", "16,946 params"),
        ("Wide", "26,426 params"),
    ]
    inside = [(s["name"], s.get("detail")) for s in symbols[0]["children"]]
    assert inside == [
        ("wide", None),
        ("stem", "32x32x8 | 32x32x16"),
        ("early", "16x16x16 | 16x16x32"),
        ("level", "16x16x16 | 8x8x32"),
        ("head", "10"),
    ]


# --- writing --------------------------------------------------------------------------


def completed(editor: Client, before: str, after: str = "\n}\n") -> dict[str, Json]:
    text = before + after
    uri = opened(editor, text, "net.cnn")
    answer = editor.ask("completion", uri, position=position(text, len(before)))
    editor.close(uri)
    return {item["label"]: item for item in answer["items"]}


HEAD = 'use "blocks.cnn"\nmodel Net(size) {\n  input 32x32x3\n  stem = conv(8, 3)\n  let n = 2\n'


@pytest.mark.parametrize(
    ("written", "wanted", "unwanted"),
    [
        ("  ", ["stem", "stage", "conv", "for", "add", "here"], ["filters", "sgd"]),
        ("  stem -> ", ["conv", "stem", "in"], ["stage", "true"]),
        (
            "  conv(8, 3, ",
            ["stride", "pad", "bias", "n", "size", "max"],
            ["filters", "stage", "conv"],
        ),
        ("  conv(8, 3, stride = 2, ", ["pad"], ["stride"]),
        ("  conv(8, 3, pad = ", ["same", "valid"], ["stride"]),
        ("  conv(8, 3, init = he_", ["he_normal", "he_uniform"], ["stride"]),
        ("  conv(stem.", ["channels", "shape"], ["conv"]),
        ("  add [ stem, ", ["conv", "stem"], ["stage"]),
        ("  train {\n    ", ["optimizer", "epochs"], ["conv"]),
        ("  train {\n    optimizer ", ["sgd", "adamw"], ["cosine", "conv"]),
        ("  train {\n    optimizer sgd(", ["momentum"], ["filters"]),
        ("  preprocess {\n    channels ", ["rgb", "bgr"], ["conv"]),
        ("  # ", [], ["conv"]),
        ("  stage ", [], ["conv"]),
    ],
)
def test_completion(editor: Client, written: str, wanted: list[str], unwanted: list[str]):
    """In a text that does not parse, from the words before the cursor."""
    labels = completed(editor, HEAD + written)
    assert [name for name in wanted if name not in labels] == []
    assert [name for name in unwanted if name in labels] == []


def test_completion_knows_what_other_files_define(editor: Client, net: str):
    text = NET.replace("  early", "  no\n  early")
    editor.change(net, text)
    at = position(text, text.index("  no\n") + 4)
    items = {i["label"]: i for i in editor.ask("completion", net, position=at)["items"]}
    assert items["normed"]["detail"] == "normed(filters, stride = 1)"
    assert items["normed"]["insertText"] == "normed(${1:filters})"
    resolved = editor.request("completionItem/resolve", items["normed"])
    assert "A convolution, normed." in resolved["documentation"]["value"]


def test_completion_of_paths(editor: Client):
    for path in (
        "lib/deep/more.cnn",
        "lib/bits.cnn",
        "empty/notes.txt",
        ".hidden/a.cnn",
        "lib.txt",
    ):
        (editor.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (editor.folder / path).write_text(BLOCKS)

    def asked(before: str, after: str = "\n") -> dict[str, str]:
        """The labels, and the line that each makes."""
        found = completed(editor, before, after)
        made = {}
        for label, item in found.items():
            made[label] = applied(before + after, [item["textEdit"]]).partition("\n")[0]
        return made

    assert asked('use "') == {"blocks.cnn": 'use "blocks.cnn"', "lib/": 'use "lib/'}
    assert asked('use "bl', '"\n') == {"blocks.cnn": 'use "blocks.cnn"'}
    assert asked('use "lib/') == {
        "bits.cnn": 'use "lib/bits.cnn"',
        "deep/": 'use "lib/deep/',
    }
    assert asked('use "lib/deep/m') == {"more.cnn": 'use "lib/deep/more.cnn"'}
    assert asked('use "x/') == asked('use "../') == asked('use "/') == {}
    assert asked('use zoo "resnet.')["resnet.cnn"] == 'use zoo "resnet.cnn"'
    assert set(asked('use zoo "a')) == {path.name for path in SPECS.glob("a*.cnn")}
    assert asked('use zoo "a')["alexnet.cnn"] == 'use zoo "alexnet.cnn"'
    assert asked('use "blocks.cnn"') == asked('# use "') == {}
    uri = editor.open(editor.folder / "net.cnn", HEAD + "  let m = n /")
    at = position(HEAD + "  let m = n /", len(HEAD) + 13)
    typed = {"triggerKind": 2, "triggerCharacter": "/"}
    assert editor.ask("completion", uri, position=at, context=typed)["items"] == []
    assert editor.ask("completion", uri, position=at)["items"] != []
    editor.close(uri)


def test_signature_help(editor: Client):
    text = HEAD + "  conv(8, 3, pad = same, groups = "
    uri = opened(editor, text)
    start = text.rindex("conv(") + 5
    for mark, active in [("8", 0), ("3", 1), ("same", 3), ("= ", 4)]:
        at = position(text, (text.rindex if mark == "= " else text.index)(mark, start) + len(mark))
        shown = editor.ask("signatureHelp", uri, position=at)
        assert shown["activeParameter"] == active, mark
    (signature,) = shown["signatures"]
    assert signature["label"].startswith("conv(filters, kernel, stride = 1, pad = same")
    start, end = signature["parameters"][3]["label"]
    assert signature["label"][start:end] == "pad = same"
    assert "zeros around the map" in signature["parameters"][3]["documentation"]
    editor.close(uri)


def test_formatting_is_that_of_fmt(editor: Client):
    text = NET.replace("  ", " ").replace("\n", "\r\n")
    uri = opened(editor, text)
    (edit,) = editor.ask("formatting", uri, options={"tabSize": 2, "insertSpaces": True})
    plain = text.replace("\r\n", "\n")
    assert applied(plain, [edit]) == format_source(Source("", plain)).text
    editor.change(uri, "model {")
    assert editor.ask("formatting", uri, options={"tabSize": 2, "insertSpaces": True}) is None
    editor.close(uri)


def test_nothing_was_a_bug(editor: Client):
    assert editor.logged == []
