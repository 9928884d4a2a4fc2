"""The hooks for pre-commit: each of them is a call that there is, and does what it says."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnndsl.cli.options import parse_arguments

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Hook:
    id: str
    entry: str
    files: str

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.entry)[1:]


def hooks() -> list[Hook]:
    """Those of the file, which is so plain that it needs no parser of YAML."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    found = []
    for entry in re.split(r"^- ", text, flags=re.MULTILINE)[1:]:
        keys = dict(re.findall(r"^ *(\w+): (.*?)(?: +#.*)?$", entry, re.MULTILINE))
        assert keys["language"] == "python"
        assert not keys["entry"].startswith(("'", '"'))
        found.append(Hook(keys["id"], keys["entry"], keys["files"]))
    return found


HOOKS = hooks()
CHECK, FMT, COMPILE = (hook.arguments for hook in HOOKS)


def test_the_documentation_shows_each():
    page = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    assert re.findall(r"- id: (\S+)", page) == [hook.id for hook in HOOKS]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)
def test_a_hook_is_a_call_that_there_is(hook):
    program, command, *_ = shlex.split(hook.entry)
    scripts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\n{program} = "cnndsl.entry:main"\n' in scripts
    arguments = parse_arguments([*hook.arguments, "a.cnn", "lib/b.cnn"])
    assert arguments.specs == ["a.cnn", "lib/b.cnn"]
    assert hook.id == f"{program}-{command}"
    assert re.search(hook.files, "lib/b.cnn")
    assert not re.search(hook.files, "generated/b.py")


def test_hooks_pass_and_fail_as_they_say(run, folder):
    assert run(*COMPILE, "net.cnn").code == 1  # there is no module yet
    run("compile", "net.cnn")
    assert [run(*each, "net.cnn").code for each in (CHECK, FMT, COMPILE)] == [0, 0, 0]
    text = (folder / "net.cnn").read_text()
    (folder / "net.cnn").write_text(text.replace("conv(width, 3)", "conv( width,3 )"))
    assert run(*COMPILE, "net.cnn").code == 1  # the module names the bytes of its spec
    run(*FMT, "net.cnn")  # pre-commit fails where a hook changes a file
    assert (folder / "net.cnn").read_text() == text
    assert [run(*each, "net.cnn", "wrong.cnn").code for each in (CHECK, COMPILE)] == [1, 1]
