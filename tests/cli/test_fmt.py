"""`cnndsl fmt`: files in place, whole or not at all; comparisons; standard input; shapes."""

import os
import stat

import pytest

from tests.cli.conftest import NET

UGLY = """\
# A network.
model Net(classes=10,width = 8){
    input   28x28x1
    stage stem{conv(width,3)->relu->max_pool(2)}:14x14x8   # pooled


    stage head {   flatten -> dense ( classes ) }
    expect params 15_770 }
"""
PRETTY = """\
# A network.
model Net(classes = 10, width = 8) {
  input 28x28x1
  stage stem { conv(width, 3) -> relu -> max_pool(2) } : 14x14x8  # pooled

  stage head { flatten -> dense(classes) }
  expect params 15_770
}
"""


@pytest.fixture
def ugly(folder):
    path = folder / "ugly.cnn"
    path.write_text(UGLY, encoding="utf-8")
    return path


def test_a_spec_gets_the_layout_once(run, ugly):
    ugly.chmod(0o640)
    assert run("fmt", "ugly.cnn").out == "formatted ugly.cnn\n"
    assert ugly.read_text(encoding="utf-8") == PRETTY
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    result = run("fmt", "ugly.cnn", "net.cnn")
    assert (result.code, result.out) == (0, "nothing to change in 2 specs\n")


def test_a_folder_stands_for_the_specs_in_it(run, folder):
    for name in ("a/one.cnn", "a/b/two.cnn", "a/.hidden/three.cnn", "a/notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(UGLY, encoding="utf-8")
    result = run("fmt", "a")
    assert result.out == f"formatted a{os.sep}b{os.sep}two.cnn\nformatted a{os.sep}one.cnn\n"
    assert (folder / "a/.hidden/three.cnn").read_text(encoding="utf-8") == UGLY
    assert (folder / "a/notes.txt").read_text(encoding="utf-8") == UGLY


def test_check_and_diff_write_nothing(run, ugly):
    result = run("fmt", "ugly.cnn", "net.cnn", "--check")
    assert (result.code, result.out) == (1, "")
    assert result.err == "ugly.cnn has another layout: run cnndsl fmt ugly.cnn\n"
    result = run("fmt", "ugly.cnn", "net.cnn", "--diff")
    assert result.code == 1
    assert "-    input   28x28x1\n" in result.out
    assert "+  input 28x28x1\n" in result.out
    assert ugly.read_text(encoding="utf-8") == UGLY
    result = run("fmt", "net.cnn", "--check")
    assert (result.code, result.out) == (0, "1 spec in the one layout\n")


def test_standard_input_becomes_standard_output(run):
    result = run("fmt", "-", stdin=UGLY.encode())
    assert (result.code, result.out, result.err) == (0, PRETTY, "")
    assert run("fmt", "-", "--check", stdin=UGLY.encode()).code == 1


def test_with_a_mistake_nothing_is_written(run, ugly, folder):
    (folder / "broken.cnn").write_text("model Net {\n  conv(64,\n", encoding="utf-8")
    result = run("fmt", "ugly.cnn", "broken.cnn")
    assert (result.code, result.out) == (1, "")
    assert "error[E006]" in result.err
    assert ugly.read_text(encoding="utf-8") == UGLY


def test_a_spec_need_only_parse(run, folder):
    (folder / "wrong.cnn").write_text("model Net{input 8x8x3\n nothing}\n", encoding="utf-8")
    assert run("fmt", "wrong.cnn").code == 0
    text = (folder / "wrong.cnn").read_text(encoding="utf-8")
    assert text == "model Net {\n  input 8x8x3\n  nothing\n}\n"


def test_windows_newlines_and_marks_go(run, folder):
    path = folder / "windows.cnn"
    path.write_bytes(b"\xef\xbb\xbf" + NET.replace("\n", "\r\n").encode())
    assert run("fmt", "windows.cnn", "--check").code == 1
    assert run("fmt", "windows.cnn").code == 0
    assert path.read_bytes() == NET.encode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.cnn"], "cannot read missing.cnn: it does not exist"),
        (["empty"], "there is no spec in empty"),
        (["/dev/null"], "/dev/null is no regular file"),
    ],
)
def test_a_wrong_call(run, folder, arguments, message):
    (folder / "empty").mkdir()
    result = run("fmt", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


# --- shapes -----------------------------------------------------------------------------------

PLAIN = """\
model Net(classes = 10, size = 32, wide = false) {
  input 28x28x1
  conv(8, 3)
  stage a { conv(16, 3, stride = 2) }
  stage b { if wide { conv(32, 3) } else { relu } }
  for i in [1, 1] { stage c { conv(16, i) } }
  for i in [1, 2] { stage d { conv(8 * i, 3) } }
  y = relu
  stage head { flatten -> dense(classes) }
}
model Other = Net(classes = 5)
"""
ANNOTATED = """\
model Net(classes = 10, size = 32, wide = false) {
  input 28x28x1
  conv(8, 3)                           : 28x28x8
  stage a { conv(16, 3, stride = 2) }  : 14x14x16
  stage b { if wide { conv(32, 3) } else { relu } }
  for i in [1, 1] { stage c { conv(16, i) } : 14x14x16 }
  for i in [1, 2] { stage d { conv(8 * i, 3) } }
  y = relu
  stage head { flatten -> dense(classes) }
}
model Other = Net(classes = 5)
"""


def test_annotate_writes_the_shapes_that_no_argument_changes(run, folder):
    path = folder / "plain.cnn"
    path.write_text(PLAIN, encoding="utf-8")
    assert run("fmt", "plain.cnn", "--annotate").code == 0
    assert path.read_text(encoding="utf-8") == ANNOTATED
    for setting in ("classes=3", "size=8", "wide=true"):
        assert run("summary", "plain.cnn", "--set", setting).code == 0
    assert run("fmt", "plain.cnn", "--annotate", "--check").code == 0


def test_annotate_needs_a_spec_that_holds(run, folder):
    before = (folder / "wrong.cnn").read_text(encoding="utf-8")
    result = run("fmt", "wrong.cnn", "--annotate")
    assert result.code == 1
    assert "there is no op, block or tensor `batch_norm`" in result.err
    assert (folder / "wrong.cnn").read_text(encoding="utf-8") == before
