"""`cnndsl check` for programs: formats, folders, files that cannot be read, edits."""

import json
import os
from pathlib import Path

import pytest

import cnndsl
from cnndsl.fixes import edited, fixes
from cnndsl.source import Source
from cnndsl.syntax.parser import parse
from tests.syntax.test_mistakes import IN_A_BLOCK

ERRORS = sorted((Path(__file__).parents[1] / "errors").glob("*.cnn"))
TWICE = """\
block unit(width) {
  add [ conv(width, 3), here ]
}
model Net {
  input 8x8x3
  unit(4)
}
"""


@pytest.fixture
def twice(folder):
    (folder / "twice.cnn").write_text(TWICE)


def test_concise_is_a_line_each(run):
    result = run("check", "wrong.cnn", "net.cnn", "--output-format", "concise")
    assert (result.code, result.err) == (1, "")
    message = "there is no op, block or tensor `batch_norm` (did you mean `bn`?)"
    assert result.out == f"wrong.cnn:3:17: error[E101]: {message}\n"


def test_github_annotates_lines(run):
    result = run("check", "wrong.cnn", "--output-format", "github")
    assert result.code == 1
    place = "title=E101,file=wrong.cnn,line=3,endLine=3,col=17,endColumn=27"
    message = "there is no op, block or tensor `batch_norm`%0Adid you mean `bn`?"
    assert result.out == f"::error {place}::{message}\n"


def test_github_escapes_what_ends_a_property(run, folder):
    (folder / "a,b:c%.cnn").write_text("model Net { relu; }\n")
    assert ",file=a%2Cb%3Ac%25.cnn,line=1," in run(
        "check", ".", "--output-format", "github"
    ).out.replace(f".{os.sep}", "")


def test_sarif_has_rules_places_and_fixes(run, twice):
    result = run("check", "twice.cnn", "wrong.cnn", "--output-format", "sarif")
    assert result.code == 1
    log = json.loads(result.out)
    assert log["version"] == "2.1.0"
    (found,) = log["runs"]
    assert {rule["id"] for rule in found["tool"]["driver"]["rules"]} == {"E101", "E301"}
    shapes, name = found["results"]
    assert (shapes["ruleId"], shapes["level"]) == ("E301", "error")
    place = shapes["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "twice.cnn"
    assert place["region"] == {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6}
    assert [r["message"]["text"] for r in shapes["relatedLocations"]][:2] == [
        "8 x 8 x 4",
        "8 x 8 x 3",
    ]
    (change,) = name["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == "bn"


def test_sarif_doubles_braces(run, folder):
    """SARIF 2.1.0, section 3.11.5: one brace would begin a placeholder."""
    (folder / "open.cnn").write_text("model Net {\n  input 8x8x3\n")
    (found,) = json.loads(run("check", "open.cnn", "--json").out)
    assert "{" in found["message"]
    (log,) = json.loads(run("check", "open.cnn", "--output-format", "sarif").out)["runs"]
    texts = [result["message"]["text"] for result in log["results"]]
    texts += [each["message"]["text"] for each in log["results"][0].get("relatedLocations", [])]
    texts += [rule["help"]["text"] for rule in log["tool"]["driver"]["rules"]]
    assert found["message"] in texts[0].replace("{{", "{").replace("}}", "}")
    for text in texts:
        assert not set("{}") & set(text.replace("{{", "").replace("}}", ""))


def test_json_carries_labels_and_fixes(run, twice):
    (shapes, name) = json.loads(run("check", "twice.cnn", "wrong.cnn", "--json").out)
    assert shapes["label"] == "the branches must have one shape"
    first = {"file": "twice.cnn", "line": 2, "column": 9, "end_line": 2, "end_column": 23}
    assert shapes["labels"][0] == {**first, "text": "8 x 8 x 4"}
    assert shapes["labels"][-1]["text"] == "in this instance: unit[0], width = 4"
    place = {"file": "wrong.cnn", "line": 3, "column": 17, "end_line": 3, "end_column": 27}
    assert name["fixes"] == [{**place, "text": "bn"}]


def test_programs_get_every_mistake(run, folder):
    lines = "".join(f"  unknown{n}\n" for n in range(30))
    (folder / "many.cnn").write_text(f"model Net {{\n  input 8x8x3\n{lines}}}\n")
    assert len(json.loads(run("check", "many.cnn", "--json").out)) == 30
    (log,) = json.loads(run("check", "many.cnn", "--output-format", "sarif").out)["runs"]
    assert len(log["results"]) == 30
    for each in ("concise", "github"):
        assert run("check", "many.cnn", "--output-format", each).out.count("\n") == 30


@pytest.mark.parametrize(
    ("output_format", "empty"), [("json", []), ("concise", None), ("github", None)]
)
def test_no_mistakes_are_nothing(run, output_format, empty):
    result = run("check", "net.cnn", "--output-format", output_format)
    assert (result.code, result.err) == (0, "")
    assert (json.loads(result.out) if result.out else None) == empty


# --- folders and files that cannot be read ----------------------------------------------------


def test_a_folder_stands_for_its_specs(run, folder):
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "a.cnn").write_text("block a { relu }\n")
    (folder / "sub" / "b.cnn").write_text("block b { relu }\n")
    assert run("check", "sub").out == "checked 2 specs: no models, no mistakes\n"
    result = run("check", "sub/deep", "sub", "wrong.cnn")
    assert (result.code, result.out) == (1, "")


def test_a_file_that_cannot_be_read_does_not_end_the_run(run, folder):
    (folder / "empty").mkdir()
    result = run("check", "nothing.cnn", "wrong.cnn", "empty", "NoModel")
    assert (result.code, result.out) == (2, "")
    assert "error[E101]" in result.err
    assert "error: cannot read nothing.cnn: it does not exist\n" in result.err
    assert "error: there is no spec in empty\n" in result.err
    assert "error: there is no file and no model `NoModel`\n" in result.err
    assert json.loads(run("check", "nothing.cnn", "wrong.cnn", "--json").out)[0]["code"] == "E101"
    assert run("check", "nothing.cnn").out == ""


# --- fixes ------------------------------------------------------------------------------------


def counted(text: str) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in cnndsl.check(text, folder=str(ERRORS[0].parent))]


@pytest.mark.parametrize("example", ERRORS, ids=lambda path: path.stem)
def test_a_fix_leaves_fewer_mistakes(example):
    text = example.read_bytes().decode("utf-8", "replace")
    for found in cnndsl.check(text, folder=str(example.parent)):
        if fixes(found) and found.primary.span.source.name == "<spec>":
            assert len(counted(edited(text, fixes(found)))) < len(counted(text)), found.help


def test_helps_of_syntax_that_are_edits_repair_it():
    repaired = 0
    for statement, *_ in IN_A_BLOCK:
        text = f"block a(n) {{\n{statement}\n}}\n"
        _, (found,) = parse(Source("test.cnn", text))
        if fixes(found):
            left = [each.code for each in parse(Source("test.cnn", edited(text, fixes(found))))[1]]
            assert found.code not in left, (statement, found.help)
            repaired += 1
    assert repaired >= 10


def test_a_file_with_old_newlines_is_one_mistake():
    (found,) = cnndsl.check("model Net {\r  input 8x8x3\r  relu\r}\r")
    assert found.notes == ("there are 3 more of it",)
    assert found.help == "save the file with the newlines of Unix or Windows"
    (fix,) = fixes(found)
    assert fix.text == "\n  input 8x8x3\n  relu\n}\n"
