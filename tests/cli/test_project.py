"""`[tool.cnndsl]` of pyproject.toml: the output folder and strictness of a project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnndsl.cli.project import Project, find_project
from tests.cli.conftest import NET

ROOT = Path(__file__).parents[2]
WARNED = NET + "\nblock unused { relu }\n"


@pytest.fixture
def project(folder):
    """Writes pyproject.toml; `project(text, "sub")` that of a folder below."""

    def write(text: str, *below: str) -> None:
        path = folder.joinpath(*below, "pyproject.toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


# --- output -----------------------------------------------------------------------------------


def test_modules_go_where_the_project_says(run, project, folder):
    project('[tool.cnndsl]\noutput = "src/networks"\n')
    assert run("compile", "net.cnn").out.startswith("src/networks/net.py  Net 15,770 params")
    assert not (folder / "generated").exists()
    assert run("compile", "net.cnn", "--check").out == "1 module up to date\n"
    (folder / "src" / "networks" / "net.py").unlink()
    missing = "src/networks/net.py is missing: run cnndsl compile net.cnn\n"
    assert run("compile", "net.cnn", "--check").err == missing


def test_the_folder_is_the_same_from_below(run, project, folder, monkeypatch):
    project('[tool.cnndsl]\noutput = "networks"\n')
    run("compile", "net.cnn")
    written = (folder / "networks" / "net.py").read_bytes()
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "er")
    assert run("compile", "../../net.cnn", "--check").code == 0
    (folder / "networks" / "net.py").unlink()
    assert run("compile", "../../net.cnn").out.startswith("../../networks/net.py  Net")
    assert (folder / "networks" / "net.py").read_bytes() == written
    assert b" -o " not in written  # whoever has the project needs no option


def test_o_wins(run, project, folder):
    project('[tool.cnndsl]\noutput = "networks"\n')
    assert run("compile", "net.cnn", "-o", "other").out.startswith("other/net.py")
    assert run("compile", "net.cnn", "-o", "-").out.startswith('"""')
    assert not (folder / "networks").exists()


def test_a_module_that_trains_goes_there_too(run, project, folder):
    project('[tool.cnndsl]\noutput = "networks"\n')
    run("compile", "LeNet5ReLU")
    names = sorted(path.name for path in (folder / "networks").iterdir())
    assert names == ["lenet5relu.py", "lenet5relu_training.py"]


def test_an_output_that_is_no_folder_is_said_to_be_the_projects(run, project, folder):
    project('[tool.cnndsl]\noutput = "notes.txt"\n')
    (folder / "notes.txt").touch()
    result = run("compile", "net.cnn")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: notes.txt is neither a folder nor a file ending in .py\n"
        "help: pyproject.toml names it: `output` of [tool.cnndsl]\n"
    )


def test_the_example_of_the_documentation_is_one(folder):
    page = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (folder / "pyproject.toml").write_text(example)
    assert find_project() == Project("pyproject.toml", "src/networks", True)


# --- strictness -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settled", "options", "code"),
    [
        ("strict = true", [], 1),
        ("strict = true", ["--no-strict"], 0),
        ("strict = false", [], 0),
        ("strict = false", ["--strict"], 1),
        ("", [], 0),
    ],
)
def test_strictness_is_the_projects_unless_the_call_says(
    run, project, folder, settled, options, code
):
    (folder / "warned.cnn").write_text(WARNED)
    project(f"[tool.cnndsl]\n{settled}\n")
    result = run("check", "warned.cnn", *options)
    assert result.code == code
    assert "warning[W101]" in result.err


# --- which file -------------------------------------------------------------------------------


def test_the_nearest_file_that_has_the_table_counts(run, project, folder, monkeypatch):
    (folder / "warned.cnn").write_text(WARNED)
    project("[tool.cnndsl]\nstrict = true\n")
    project('[project]\nname = "cnndsl-user"\n', "sub")
    monkeypatch.chdir(folder / "sub")
    assert run("check", "../warned.cnn").code == 1
    project("[tool.cnndsl]\nstrict = false\n", "sub")
    assert run("check", "../warned.cnn").code == 0


def test_a_file_of_others_is_not_even_parsed(run, project):
    project("[tool.other\n")
    assert run("check", "net.cnn").code == 0


def test_a_folder_or_a_pipe_of_that_name_is_none(run, folder):
    os.mkfifo(folder / "pyproject.toml")
    assert run("check", "net.cnn").code == 0
    (folder / "pyproject.toml").unlink()
    (folder / "pyproject.toml").mkdir()
    assert run("check", "net.cnn").code == 0


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (None, False),
        ('[project]\nname = "other"\n', False),
        ("[tool.cnndsl]\nstrict = true\n", True),
    ],
)
def test_toml_is_read_only_where_it_may_say_something(folder, project, text, parsed):
    if text is not None:
        project(text)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cnndsl", "check", "net.cnn"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert ("tomllib" in done.stderr) == parsed


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        (
            '[tool.cnndsl]\noutptu = "x"',
            "[tool.cnndsl] has no key `outptu`",
            "did you mean `output`?",
        ),
        ("[tool.cnndsl]\ncolour = 1", "[tool.cnndsl] has no key `colour`", "there are output and"),
        (
            "[tool.cnndsl]\noutput = 3",
            "`output` of [tool.cnndsl] must be the name of a folder, not `3`",
            'write output = "networks"',
        ),
        (
            '[tool.cnndsl]\noutput = "net.py"',
            "`output` of [tool.cnndsl] must be the name of a folder, not 'net.py'",
            'write output = "networks"',
        ),
        ('[tool.cnndsl]\noutput = ""', "must be the name of a folder, not ''", "write output"),
        ('[tool.cnndsl]\noutput = "a\\u0000"', "must be the name of a folder", "write output"),
        (
            '[tool.cnndsl]\nstrict = "yes"',
            "`strict` of [tool.cnndsl] must be true or false, not `yes`",
            "write strict = true",
        ),
        ("[tool.cnndsl]\nstrict = [true]", "must be true or false, not an array", "write strict"),
        ("[tool.cnndsl.strict]", "must be true or false, not a table", "write strict"),
        ("[tool]\ncnndsl = true", "tool.cnndsl must be a table, not true", "[tool.cnndsl] begins"),
        ("[tool.cnndsl", "is no TOML: Expected ']'", None),
    ],
)
@pytest.mark.parametrize("command", ["check", "compile"])
def test_a_setting_that_is_none_is_one_diagnostic(run, project, text, message, help, command):
    project(text + "\n")
    result = run(command, "net.cnn")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: pyproject.toml")
    assert message in result.err
    assert help is None or f"help: {help}" in result.err
    assert result.err.count("\n") == 1 + (help is not None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[tool.cnndsl]\noutput = '\xff'\n", "is not written in UTF-8"),
        (b"# cnndsl\na = " + b"[" * 100_000, "is nested too deeply"),
        (b"# cnndsl\n" + b"#" * (3 << 20), "is larger than"),
    ],
)
def test_a_file_that_is_no_project_is_said_in_a_line(run, folder, data, message):
    (folder / "pyproject.toml").write_bytes(data)
    result = run("check", "net.cnn")
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
