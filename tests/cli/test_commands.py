"""The commands around the compiler, and what all commands share: help, colour, exit codes."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnndsl
from cnndsl import cli
from cnndsl.cli import completion
from cnndsl.cli.options import COMMANDS
from cnndsl.errors import EXPLANATIONS
from cnndsl.ops import MERGES, OPS

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_package_s(run):
    result = run("--version")
    assert (result.code, result.out) == (0, f"cnndsl {cnndsl.__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command):
    result = run(command, "--help")
    assert result.code == 0
    assert f"  cnndsl {command}" in result.out or f"(cnndsl {command}" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["check"], "the following arguments are required: SPEC"),
        (["check", "net.cnn", "--frob"], "unrecognized arguments: --frob"),
        (["check", "net.cnn", "--js"], "unrecognized arguments: --js"),
        (["check", "net.cnn", "--color", "red"], "invalid choice: 'red'"),
        (["completion", "tcsh"], "invalid choice: 'tcsh'"),
        (["ops", "convv"], "there is no op `convv`\nhelp: did you mean `conv`?"),
        (["explain", "E999"], "there is no error code `E999`"),
    ],
)
def test_a_wrong_call_ends_in_2(run, arguments, message):
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert message in result.err
    assert result.err.count("\n") <= 2


def test_ops_lists_all_of_them(run):
    words = set(run("ops").out.split())
    assert words >= {*OPS, *MERGES}


@pytest.mark.parametrize("name", [*OPS, *MERGES])
def test_ops_describes_each(run, name):
    result = run("ops", name)
    assert result.code == 0
    assert result.out.startswith(name)


def test_explain_takes_a_code_in_any_case(run):
    assert run("explain", "e301").out == run("explain", "E301").out
    assert "`add [ … ]` sums its branches" in run("explain", "E301").out


# --- colour ---------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_color_on_a_terminal(folder, monkeypatch, arguments, environment, colored):
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert cli.main(["check", "wrong.cnn", *arguments]) == 1
    assert ("\x1b[" in terminal.getvalue()) == colored


def test_color_goes_before_the_command_too(run):
    assert "\x1b[" in run("--color", "always", "check", "wrong.cnn").err
    assert "\x1b[" not in run("--color", "always", "check", "wrong.cnn", "--color", "never").err
    assert "\x1b[" not in run("check", "wrong.cnn").err


# --- ends -----------------------------------------------------------------------------


def failing(error: BaseException):
    def fail(*_):
        raise error

    return fail


def test_a_bug_of_ours_is_reported_in_a_line_and_ends_in_3(run, monkeypatch):
    monkeypatch.setattr("cnndsl.cli.check.check_specs", failing(KeyError("lost")))
    result = run("check", "net.cnn")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: this is a bug in cnndsl: KeyError: 'lost'\n")
    assert "please report it" in result.err
    assert "Traceback" not in result.err


def test_cnndsl_debug_shows_where_a_bug_is(run, monkeypatch):
    monkeypatch.setattr("cnndsl.cli.check.check_specs", failing(KeyError("lost")))
    monkeypatch.setenv("CNNDSL_DEBUG", "1")
    with pytest.raises(KeyError):
        run("check", "net.cnn")


def test_an_interrupt_is_quiet(run, monkeypatch):
    monkeypatch.setattr("cnndsl.cli.check.check_specs", failing(KeyboardInterrupt()))
    result = run("check", "net.cnn")
    assert (result.code, result.out, result.err) == (130, "", "")


def start(*arguments: str, **more) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "cnndsl", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def test_a_reader_that_leaves_is_no_failure():
    process = start("ops")
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() == 141


def test_an_ascii_terminal_gets_escapes_instead_of_a_failure(tmp_path):
    spec = tmp_path / "wrong.cnn"
    spec.write_text("model Net { gr\xfc\xdfe }\n", encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    out, err = start("check", str(spec), env=environment).communicate()
    assert out == b""
    assert rb"\xfc" in err
    assert b"bug" not in err


# --- completion -----------------------------------------------------------------------


def bash_completes(*words: str, cwd: Path) -> set[str]:
    script = f"""
{completion._SCRIPTS["bash"]()}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cnndsl 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    shell = ["bash", "--norc", "-c", script, "bash", *words]
    done = subprocess.run(shell, cwd=cwd, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cnndsl", ""], set(COMMANDS)),
        (["cnndsl", "co"], {"compile", "completion"}),
        (["cnndsl", "--v"], {"--version"}),
        (["cnndsl", "--color", ""], {"auto", "always", "never"}),
        (["cnndsl", "--color", "never", "ch"], {"check"}),
        (["cnndsl", "check", "--j"], {"--json"}),
        (["cnndsl", "compile", "--emit", ""], {"ast", "ir", "tree", "py", "training"}),
        (["cnndsl", "check", "w"], {"wrong.cnn"}),
        (["cnndsl", "check", ""], {"net.cnn", "wrong.cnn", "sub"}),
        (["cnndsl", "ops", "max"], {"max_pool", "maximum"}),
        (["cnndsl", "explain", "E40"], {c for c in EXPLANATIONS if c.startswith("E40")}),
        (["cnndsl", "completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes(folder, words, expected):
    (folder / "sub").mkdir()
    (folder / "notes.txt").touch()
    assert bash_completes(*words, cwd=folder) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_knows_commands_options_ops_and_codes(run, shell):
    script = run("completion", shell).out
    for word in (*COMMANDS, "stdin-filename", "layers", "max_pool", "E301", ".cnn"):
        assert word in script
