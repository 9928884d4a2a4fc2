"""The extension for VS Code: its files agree with the language, its grammar reads all specs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cnndsl.editor.textmate import grammar
from cnndsl.format import format_source
from cnndsl.source import Source

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
SNIPPETS = json.loads((EXTENSION / "snippets" / "cnn.json").read_text(encoding="utf-8"))
IN_MODELS = {"Stage", "Stages in a loop", "Recipe", "Image"}


def test_the_grammar_is_that_of_the_language():
    """If not: `python -m cnndsl.editor.textmate > editors/vscode/syntaxes/cnn.tmLanguage.json`."""
    path = EXTENSION / "syntaxes" / "cnn.tmLanguage.json"
    assert json.loads(path.read_text(encoding="utf-8")) == grammar()


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_are_in_the_language_and_in_its_layout(name: str):
    body = SNIPPETS[name]["body"]
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", "\n".join(body)).replace("$0", "")
    text = re.sub(r"\n\s*\n", "\n", text).rstrip()  # the cursor's line is empty
    if name in IN_MODELS:
        indented = "\n".join(f"  {line}" for line in text.split("\n"))
        text = f"model Net {{\n  input 64x64x3\n{indented}\n}}\n"
    result = format_source(Source(name, text))
    assert result.diagnostics == ()
    assert result.text is not None
    assert result.text.rstrip() == text.rstrip()


def test_the_package_names_files_that_are_there():
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    contributed = package["contributes"]
    paths = [package["main"], contributed["languages"][0]["configuration"]]
    paths += [each["path"] for each in (*contributed["grammars"], *contributed["snippets"])]
    assert [path for path in paths if not (EXTENSION / path).is_file()] == []
    assert contributed["configuration"]["properties"]["cnndsl.command"]["default"] == [
        "cnndsl",
        "lsp",
    ]
    json.loads((EXTENSION / "language-configuration.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_grammar_reads_every_spec_as_vs_code_does(tmp_path: Path):
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules"))
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    if installed.returncode != 0:
        pytest.skip(f"npm cannot install vscode-textmate: {installed.stderr[-200:]}")
    specs = [str(ROOT / each) for each in ("specs", "tests/corners", "tests/networks")]
    command = ["node", "test/grammar.mjs", *specs]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d{5,} words of \d{3,} specs\n", done.stdout)
    loaded = subprocess.run(["node", "--check", "extension.js"], cwd=folder, capture_output=True)
    assert loaded.returncode == 0, loaded.stderr
