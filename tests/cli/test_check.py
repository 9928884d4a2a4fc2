"""`cnndsl check`: what it prints where, and how it ends."""

import json
import os

import pytest

KEYS = {
    "code",
    "severity",
    "message",
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
    "label",
    "labels",
    "notes",
    "help",
    "fixes",
}
BROKEN_BLOCKS = "block unit(width) { conv(widht, 3) }\n"


def using(name: str) -> str:
    return f'use "blocks.cnn"\nmodel {name} {{\n  input 8x8x3\n  unit(8)\n}}\n'


def test_a_right_spec_is_praised_in_a_line(run):
    result = run("check", "net.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out == "checked net.cnn: 1 model, no mistakes\n"


def test_several_specs_are_counted(run, folder):
    (folder / "empty.cnn").write_text("")
    result = run("check", "net.cnn", "empty.cnn", "net.cnn")
    assert result.out == "checked 2 specs: 1 model, no mistakes\n"


def test_an_empty_file_is_a_spec_of_no_models(run, folder):
    (folder / "empty.cnn").write_text("")
    assert run("check", "empty.cnn").out == "checked empty.cnn: no models, no mistakes\n"


def test_mistakes_go_to_standard_error(run):
    result = run("check", "net.cnn", "wrong.cnn")
    assert (result.code, result.out) == (1, "")
    assert (
        result.err
        == """\
error[E101]: there is no op, block or tensor `batch_norm`
 --> wrong.cnn:3:17
  |
3 |   conv(8, 3) -> batch_norm
  |                 ^^^^^^^^^^
  |
  = help: did you mean `bn`?

1 error in wrong.cnn
"""
    )


def test_json_is_one_list_on_standard_output(run):
    result = run("check", "--json", "wrong.cnn", "net.cnn")
    assert (result.code, result.err) == (1, "")
    (found,) = json.loads(result.out)
    assert set(found) == KEYS
    assert found["code"] == "E101"
    assert found["severity"] == "error"
    assert found["file"] == "wrong.cnn"
    assert (found["line"], found["column"]) == (3, 17)
    assert (found["end_line"], found["end_column"]) == (3, 27)
    assert found["help"] == "did you mean `bn`?"


def test_json_of_no_mistakes_is_an_empty_list(run):
    result = run("check", "--json", "net.cnn")
    assert (result.code, json.loads(result.out)) == (0, [])


def test_a_mistake_in_a_used_file_is_shown_once(run, folder):
    (folder / "blocks.cnn").write_text(BROKEN_BLOCKS)
    (folder / "a.cnn").write_text(using("A"))
    (folder / "b.cnn").write_text(using("B"))
    result = run("check", "a.cnn", "b.cnn")
    assert result.code == 1
    assert result.err.count("error[E102]") == 1
    assert result.err.endswith("1 error in blocks.cnn\n")


def test_many_mistakes_are_cut_for_people(run, folder):
    lines = "\n".join(f"  conv(8, 3) -> nothing{n}" for n in range(50))
    (folder / "many.cnn").write_text(f"model Net {{\n  input 8x8x3\n{lines}\n}}\n")
    result = run("check", "many.cnn")
    assert result.err.count("error[E101]") == 20
    assert "… and 30 more" in result.err
    assert result.err.endswith("50 errors in many.cnn\n")
    assert len(json.loads(run("check", "many.cnn", "--json").out)) == 50


def test_standard_input_has_the_name_it_is_given(run, folder):
    text = (folder / "wrong.cnn").read_bytes()
    assert "--> <stdin>:3:17" in run("check", "-", stdin=text).err
    named = run("check", "-", "--stdin-filename", "other.cnn", stdin=text)
    assert "--> other.cnn:3:17" in named.err


def test_standard_input_uses_files_of_the_folder_of_its_name(run, folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "blocks.cnn").write_text("block unit(width) { conv(width, 3) }\n")
    text = using("Net").encode()
    assert run("check", "-", "--stdin-filename", "deep/net.cnn", stdin=text).code == 0
    assert "it does not exist" in run("check", "-", stdin=text).err


def test_an_editor_sees_its_own_text_where_the_file_is_used_in_a_circle(run, folder):
    (folder / "blocks.cnn").write_text('use "net.cnn"\n')
    text = using("Net").encode()
    result = run("check", "-", "--stdin-filename", "net.cnn", stdin=text)
    assert "`net.cnn` -> `blocks.cnn` -> `net.cnn`" in result.err


def test_bytes_that_are_no_text_are_a_diagnostic(run, folder):
    (folder / "latin.cnn").write_bytes("# caf\xe9\n".encode("latin-1"))
    assert "error[E001]" in run("check", "latin.cnn").err
    assert "error[E001]" in run("check", "-", stdin=b"\xff").err


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("missing.cnn", "cannot read missing.cnn: it does not exist"),
        ("net.cnn/x.cnn", "cannot read net.cnn/x.cnn: not a directory"),
        ("a\0b", "cannot read"),
        ("x" * 5_000, "file name too long"),
    ],
)
def test_a_spec_that_cannot_be_read_is_a_wrong_call(run, spec, reason):
    result = run("check", "net.cnn", spec)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert reason in result.err


def test_a_spec_without_permission_is_a_wrong_call(run, folder, monkeypatch):
    def refused(*args):
        raise PermissionError

    (folder / "net.cnn").chmod(0)
    if os.geteuid() == 0:  # who may read everything
        monkeypatch.setattr("cnndsl.files.open", refused, raising=False)
    result = run("check", "net.cnn")
    assert result.code == 2
    assert "there is no permission to read it" in result.err


def test_a_pipe_can_be_a_spec(run, folder):
    text = (folder / "net.cnn").read_bytes()
    receiver, sender = os.pipe()
    os.write(sender, text)
    os.close(sender)
    assert run("check", f"/dev/fd/{receiver}").code == 0
    os.close(receiver)
