"""What is not the spec's fault: full disks, closed streams, odd names, typos, missing packages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnndsl
from tests.cli.conftest import NET, WRONG
from tests.cli.test_commands import bash_completes

ROOT = Path(__file__).parents[2]


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command line of bash in which `cnndsl` is this package's."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    line = f'cnndsl() {{ "{sys.executable}" -m cnndsl "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, env=environment, capture_output=True, text=True
    )


# --- streams ----------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "call",
    [
        "summary net.cnn",
        "compile net.cnn -o -",
        "check --json net.cnn",
        "--help",
        "fmt - < net.cnn",
    ],
)
def test_a_full_disk_is_said(folder, call):
    done = shell(f"cnndsl {call} > /dev/full", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: cannot write to standard output: no space left on device\n"


def test_a_closed_standard_output_is_said(folder):
    done = shell("cnndsl summary net.cnn >&-", folder)
    assert (done.returncode, done.stderr) == (2, "error: standard output is closed\n")


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full"])
def test_without_standard_error_the_exit_code_is_the_same(folder, end):
    assert shell(f"cnndsl check wrong.cnn {end}", folder).returncode == 1
    assert shell(f"cnndsl check nothing.cnn {end}", folder).returncode == 2


INTERRUPTED = """
import builtins, sys
load = builtins.__import__
def interrupted(name, *rest, **more):
    if name == {name!r}:
        raise KeyboardInterrupt
    return load(name, *rest, **more)
builtins.__import__ = interrupted
from cnndsl.entry import main
sys.exit(main())
"""


@pytest.mark.parametrize("name", ["cnndsl.cli", "argparse", "cnndsl.cli.options", "cnndsl.source"])
def test_an_interrupt_while_the_command_loads_is_quiet(name):
    code = INTERRUPTED.format(name=name)
    call = [sys.executable, "-c", code, "check", "specs/vgg16.cnn"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


WRAPPED = """
import dataclasses, sys
def interrupted(self, owner, name):
    raise KeyboardInterrupt
dataclasses.Field.__set_name__ = interrupted
from cnndsl.entry import main
sys.exit(main())
"""


def test_an_interrupt_that_python_wraps_is_quiet():
    """Before Python 3.12, what happens while a class names its attributes is a RuntimeError."""
    call = [sys.executable, "-c", WRAPPED, "check", "specs/vgg16.cnn"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"net\xff.cnn", b"net\x1b[31m.cnn", "größe.cnn".encode()])
@pytest.mark.parametrize(
    "call", ["check", "check --json", "check --output-format github", "summary", "compile", "fmt"]
)
def test_names_of_files_are_inert(folder, name, call):
    for text, end in ((NET, 0), (WRONG, 1)):
        path = os.fsencode(folder) + b"/" + name
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(
            [sys.executable, "-m", "cnndsl", *call.split(), name],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
        )
        assert done.returncode == (0 if call == "fmt" else end), done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
        assert b"bug" not in done.stderr
        if "json" in call:
            json.loads(done.stdout)
        else:
            assert rb"\udcff" not in done.stdout + done.stderr  # one spelling: \u{dcff}


def test_a_name_does_not_turn_the_line_around(run, folder):
    (folder / "net\u202enc.cnn").write_text(NET)
    assert run("check", "net\u202enc.cnn").out.startswith(r"checked net\u{202e}nc.cnn: ")
    assert "\u202e" not in run("compile", "net\u202enc.cnn", "-o", "x\u2066.py").out


def test_json_is_json_on_an_ascii_terminal(folder):
    (folder / "wrong.cnn").write_text("model Net { grüße }\n", encoding="utf-8")
    command = "PYTHONIOENCODING=ascii cnndsl check --json wrong.cnn"
    (found,) = json.loads(shell(command, folder).stdout)[:1]
    assert "ü" in found["message"]


@pytest.mark.parametrize("call", ["check net.cnn", "compile ResNet50", "check - < /dev/null"])
def test_a_current_folder_that_was_deleted_is_said(folder, call):
    (folder / "gone").mkdir()
    done = shell(f"cd gone && rmdir ../gone && cnndsl {call}", folder)
    assert "bug" not in done.stderr
    if "ResNet50" in call:
        assert done.returncode == 2
        assert done.stderr.startswith("error: the current folder was deleted\n")


# --- calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["chekc"], "check"),
        (["sumary", "net.cnn"], "summary"),
        (["--versoin"], "--version"),
        (["check", "net.cnn", "--jsno"], "--json"),
        (["summary", "net.cnn", "--layer"], "--layers"),
        (["compile", "net.cnn", "--ouput=x"], "--output"),
        (["check", "net.cnn", "--output-format", "jsno"], "json"),
        (["weights", "inspct"], "inspect"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(run, arguments, meant):
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"help: did you mean `{meant}`?\n")


@pytest.mark.parametrize("output", ["a.txt", "sub/a.json"])
def test_a_file_of_another_kind_is_no_output(run, folder, output):
    result = run("compile", "net.cnn", "-o", output)
    assert (result.code, result.out) == (2, "")
    assert f"{Path(output)} is neither a folder nor a file ending in .py" in result.err
    assert not (folder / output).exists()


@pytest.mark.xla
@pytest.mark.parametrize("output", ["a.txt", "weights", "a.pth"])
def test_weights_are_brought_into_a_file_that_can_be_read_again(run, folder, output):
    result = run("weights", "import", "x.pth", "--model", "LeNet5", "-o", output)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {output} is no file ending in .safetensors\n")


@pytest.mark.parametrize("output", ["v1.2", "a.txt/", "plain"])
def test_folders_may_have_dots(run, folder, output):
    assert run("compile", "net.cnn", "-o", output).code == 0
    assert (folder / output / "net.py").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cnndsl", "summary", "ResNet1"], {"ResNet18", "ResNet101", "ResNet152", "ResNet110"}),
        (["cnndsl", "summary", "net.cnn", "--model", ""], {"Net"}),
        (["cnndsl", "check", "--output-format", "s"], {"sarif"}),
        (["cnndsl", "weights", "inspect", "--s"], {"--spec", "--set", "--skip-head"}),
        (["cnndsl", "fmt", "ResNet1"], set()),
        (["cnndsl", "weights", "inspect", ""], {"net.cnn", "wrong.cnn"}),
        (["cnndsl", "weights", "import", "x.pth", "--spec", "n"], {"net.cnn"}),
        (["cnndsl", "train", "net.cnn", "--data", "w"], {"wrong.cnn"}),
        (["cnndsl", "predict", "n"], {"net.cnn"}),
        (["cnndsl", "weights", ""], {"inspect", "import", "export", "diff"}),
    ],
)
def test_bash_completes_models_and_actions(folder, words, expected):
    found = bash_completes(*words, cwd=folder)
    assert found >= expected
    assert not expected or {w for w in found if "CIFAR" not in w and "V2" not in w} >= expected
    assert expected or not found


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        (
            "zsh",
            ["'--data[`digits`, `hf", "value:_files'", "'1:weights:(inspect ", "'*:file:_files'"],
        ),
        ("fish", ["-l data -r -F", "__fish_seen_subcommand_from predict' -F", "-l map -r -F"]),
    ],
)
def test_other_shells_complete_files(run, shell, lines):
    script = run("completion", shell).out
    assert [line for line in lines if line not in script] == []


def test_explain_alone_lists_the_codes(run):
    lines = run("explain").out.splitlines()
    assert "E117  A merge joins the results of at least one branch" in lines
    assert all(len(line) <= 106 for line in lines)


# --- packages that are not there --------------------------------------------------------------


@pytest.mark.parametrize("missing", ["flax", "jax"])
def test_load_says_what_to_install(folder, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install 'cnndsl\[train\]'"):
        cnndsl.load(folder / "net.cnn")


@pytest.mark.parametrize(
    ("package", "missing", "extra"),
    [("weights", "flax", "weights"), ("training", "jax", "train")],
)
def test_packages_say_what_to_install(package, missing, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; import cnndsl.{package}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert f"cnndsl.{package} needs {missing}: pip install 'cnndsl[{extra}]'" in done.stderr
    assert done.stderr.count("Traceback") == 1
