"""What a command imports: the compiler needs neither numpy, jax nor flax, and starts fast."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "jax", "jaxlib", "flax", "optax"}


def imported_by(*arguments: str) -> set[str]:
    """The top-level packages that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cnndsl", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line]
    assert "cnndsl.cli" in names
    return {name.partition(".")[0] for name in names}


CASES = [
    (["check", "specs/vgg16.cnn"], {"jinja2", "rich", "pathlib", "difflib", "shutil"}),
    (["check", "--json", "specs/vgg16.cnn"], {"jinja2", "rich"}),
    (["summary", "specs/vgg16.cnn"], {"jinja2", "rich"}),
    (["summary", "specs/vgg16.cnn", "--layers"], {"rich"}),
    (["summary", "specs/vgg16.cnn", "--color", "always"], {"jinja2"}),
    (["compile", "specs/vgg16.cnn", "-o", "-"], {"rich"}),
    (["compile", "specs/vgg16.cnn", "--emit", "ir"], {"jinja2", "rich"}),
    (["ops", "conv"], {"jinja2", "rich"}),
    (["explain", "E301"], {"jinja2", "rich"}),
    (["--version"], {"jinja2", "rich", "lark"}),
]


@pytest.mark.parametrize(("arguments", "unneeded"), CASES, ids=[" ".join(c) for c, _ in CASES])
def test_commands_import_what_they_need(arguments, unneeded):
    assert imported_by(*arguments) & (HEAVY | unneeded) == set()
