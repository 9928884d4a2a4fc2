"""The documentation holds: its specs compile, its commands run, its excerpts and links are real.

The words after a fence's language say what its block must do:

- `cnn`: it is a whole spec without a mistake; `cnn statements`: so is a model with this body;
- `cnn wrong`: it has a mistake, drawn in the `text` block that follows;
- `cnn PATH`, `python PATH`: it stands in that file, but for what a line `...` leaves out;
- `sh`: its lines that start with `cnndsl` succeed in a copy of the zoo.

The tutorial is followed from its beginning to its end: tests/test_tutorial.py.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.zoo import list_models

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
INDICES = (README, ROOT / "docs" / "README.md")
FENCED = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, and what it holds."""

    page: Path
    line: int
    language: str
    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, *found.groups())
        for found in FENCED.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
WHOLE = [b for b in BLOCKS if not b.words.startswith("specs/")]  # what the zoo has, its tests prove
SPECS = [b for b in WHOLE if b.language == "cnn" and b.words != "wrong"]
WRONG_SPECS = [
    (block, answer)
    for block, answer in pairwise(BLOCKS)
    if (block.language, block.words) == ("cnn", "wrong")
]
EXCERPTS = [b for b in BLOCKS if "/" in b.words and b.page.name != "tutorial.md"]
COMMANDS = sorted(
    {
        command.strip()
        for block in BLOCKS
        if block.language == "sh"
        for line in block.text.splitlines()
        for command in line.split("&&")
        if command.strip().startswith("cnndsl ")
    }
)


def run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    """A fresh interpreter that imports cnndsl from this tree."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def run_cnndsl(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    script = "import sys; from cnndsl.entry import main; sys.exit(main())"
    return run(script, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory) -> Path:
    """A project with copies of specs/ and generated/."""
    folder = tmp_path_factory.mktemp("zoo")
    (folder / "pyproject.toml").touch()
    for name in ("specs", "generated"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("block", SPECS, ids=str)
def test_specs_have_no_mistake(block):
    text = block.text
    if block.words == "statements":
        text = f"model Example() {{\ninput 224x224x3\n{text}}}\n"
    assert [d.message for d in cnndsl.check(text)] == []


@pytest.mark.parametrize(("block", "answer"), WRONG_SPECS, ids=str)
def test_wrong_specs_get_the_answer_that_follows(block, answer, tmp_path, monkeypatch, capsys):
    name = re.search(r"--> (\S+?):", answer.text)
    assert name is not None
    (tmp_path / name[1]).write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--strict", name[1]]) == 1
    assert answer.text.strip() in capsys.readouterr().err


@pytest.mark.parametrize("block", EXCERPTS, ids=str)
def test_excerpts_stand_in_their_file(block):
    text = (ROOT / block.words).read_text(encoding="utf-8")
    for part in re.split(r"^\.\.\.\n", block.text, flags=re.MULTILINE):
        assert part.strip("\n") in text


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_succeed(command, zoo):
    arguments = [
        path
        for word in shlex.split(command)[1:]
        for path in (sorted(str(p.relative_to(zoo)) for p in zoo.glob(word)) or [word])
    ]
    result = run_cnndsl(*arguments, cwd=zoo)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [README, *(ROOT / "docs" / name for name in ("training.md", "cookbook.md"))],
    ids=lambda p: p.name,
)
def test_the_programs_of_a_page_run(page):
    programs = [b.text for b in blocks_of(page) if b.language == "python" and not b.words]
    assert programs
    result = run("\n".join(programs), cwd=ROOT)
    assert result.returncode == 0, result.stderr


WEIGHTS = """
from flax import nnx
from cnndsl import weights, zoo
model = zoo.create("ResNet50", rngs=nnx.Rngs(0))
weights.export(model, "resnet50.pth", "torchvision")
"""


@pytest.mark.slow
def test_the_programs_of_the_page_on_weights_run(tmp_path):
    programs = [b.text for b in blocks_of(ROOT / "docs" / "weights.md") if b.language == "python"]
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    result = run("\n".join([WEIGHTS, *programs]), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "resnet50.safetensors").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page):
    for target in links(page):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("index", INDICES, ids=("README", "docs"))
def test_an_index_leads_to_every_page_and_every_page_back(index):
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    assert {page.resolve() for page in PAGES} <= {*linked, *INDICES}
    for page in ROOT.glob("docs/*.md"):
        assert page in INDICES or "README.md" in links(page), page.name


def links(page: Path) -> list[str]:
    return LINK.findall(page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_zoo_has_the_counts_of_its_modules():
    listed: dict[str, dict[str, int]] = {}
    for entry in list_models():
        listed.setdefault(entry.spec.removesuffix(".cnn"), {})[entry.name] = entry.params
    assert listed == {path.stem: counts_of(path) for path in networks()}


def networks() -> list[Path]:
    """The modules of networks, without those that train them."""
    return [p for p in ROOT.glob("generated/*.py") if not p.stem.endswith("_training")]


def counts_of(module: Path) -> dict[str, int]:
    """The NUM_PARAMS of a generated module by model, read without importing it."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NUM_PARAMS":
            counts = ast.literal_eval(node.value)
            if isinstance(counts, dict):
                return counts
            models = [each.name for each in tree.body if isinstance(each, ast.ClassDef)]
            return {models[-1]: counts}
    raise AssertionError(f"{module.name} has no NUM_PARAMS")


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert next(v for v in versions if v != "Unreleased") == cnndsl.__version__
