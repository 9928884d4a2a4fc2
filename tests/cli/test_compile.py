"""`cnndsl compile`: which files it writes, compares and leaves alone.

The generator itself has tests of its own; here its output is a docstring.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cnndsl import writing
from cnndsl.checked import Checked
from cnndsl.cli.compile import macs_text
from cnndsl.targets.flax import Flax
from cnndsl.targets.python.module_tree import Module
from cnndsl.targets.seal import SEALED, is_untouched
from cnndsl.targets.target import Miscompiled, Origin

ROOT = Path(__file__).parents[2]
LIBRARY = "block unit(width) { conv(width, 3) }\n"


class OnlyHeaders(Flax):
    """Modules of nothing but their header, sealed as all are."""

    def module(self, checked: Checked, origin: Origin) -> Module:
        models = ", ".join(network.name for network in checked.networks)
        return Module(f"{models} – from {origin.spec}.\n\n`{origin.command}`; edited, {SEALED}.")


@pytest.fixture(autouse=True)
def only_headers(monkeypatch):
    monkeypatch.setattr("cnndsl.targets.flax.Flax", OnlyHeaders)


@pytest.fixture
def whole_modules(only_headers, monkeypatch):
    monkeypatch.setattr("cnndsl.targets.flax.Flax", Flax)


def header(models: str = "Net", spec: str = "net.cnn", command: str = "cnndsl compile net.cnn"):
    """A module of `OnlyHeaders`, its digest left open."""
    text = f'"""{models} – from {spec}.\n\n`{command}`; edited, it is yours (sha256 '
    return re.compile(re.escape(text) + r'[0-9a-f]{12}\)\.\n"""\n')


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def files_in(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# --- where it writes ------------------------------------------------------------------


def test_the_module_goes_into_generated(run, folder):
    result = run("compile", "net.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out == "generated/net.py  Net 15,770 params 72.13 kMACs\n"
    assert header().fullmatch(read(folder / "generated" / "net.py"))
    assert files_in(folder) == {"net.cnn", "wrong.cnn", "generated/net.py"}


@pytest.mark.parametrize(
    ("output", "path"),
    [("out", "out/net.py"), ("deep/er", "deep/er/net.py"), ("my.py", "my.py"), (".", "net.py")],
)
def test_the_module_goes_where_it_is_told_to(run, folder, output, path):
    assert run("compile", "net.cnn", "-o", output).code == 0
    command = f"cnndsl compile net.cnn -o {output}"
    assert header(command=command).fullmatch(read(folder / path))


@pytest.mark.parametrize(("arguments", "said"), [(["-o", "-"], " -o -"), (["--emit", "py"], "")])
def test_the_module_can_go_to_standard_output(run, folder, arguments, said):
    result = run("compile", "net.cnn", *arguments)
    assert (result.code, result.err) == (0, "")
    assert header(command=f"cnndsl compile net.cnn{said}").fullmatch(result.out)
    assert files_in(folder) == {"net.cnn", "wrong.cnn"}


@pytest.mark.parametrize(
    ("spec", "module"),
    [("my-net.cnn", "my_net"), ("class.cnn", "class_"), ("3d.cnn", "_3d"), ("a.b.cnn", "a_b")],
)
def test_a_name_that_python_cannot_import_is_changed_and_told(run, folder, spec, module):
    (folder / "net.cnn").rename(folder / spec)
    result = run("compile", spec)
    assert (folder / "generated" / f"{module}.py").is_file()
    stem = spec.removesuffix(".cnn")
    assert f"generated/{module}.py ({stem} is no name for a module)  Net" in result.out


def test_standard_input_is_named_after_its_file(run, folder):
    text = (folder / "net.cnn").read_bytes()
    assert run("compile", "-", stdin=text).out.startswith("generated/stdin.py  Net ")
    named = run("compile", "-", "--stdin-filename", "x/lenet.cnn", stdin=text)
    assert named.out.startswith("generated/lenet.py  Net ")


def test_many_models_are_cut_in_the_line(run, folder):
    variants = "".join(f"model Net{n} = Net(classes = {n})\n" for n in range(2, 7))
    with (folder / "net.cnn").open("a") as file:
        file.write(variants)
    out = run("compile", "net.cnn").out
    assert "Net 15,770 params" in out
    assert out.endswith("and 3 more\n")


def test_one_model_and_its_parameters_can_be_chosen(run, folder):
    with (folder / "net.cnn").open("a") as file:
        file.write("model Two = Net(classes = 2)\n")
    run("compile", "net.cnn", "--model", "Net", "--set", "classes=[2, 3][0]")
    command = "cnndsl compile net.cnn --model Net --set classes=2"
    assert header(command=command).fullmatch(read(folder / "generated" / "net.py"))


@pytest.mark.parametrize("text", ["", "# Nothing yet.\n", LIBRARY])
def test_a_spec_without_models_has_no_module(run, folder, text):
    (folder / "blocks.cnn").write_text(text)
    result = run("compile", "blocks.cnn", "net.cnn")
    assert result.code == 0
    assert result.err == "blocks.cnn has no models: nothing to generate\n"
    assert files_in(folder / "generated") == {"net.py"}
    assert run("compile", "blocks.cnn", "--check").code == 0


# --- wrong calls ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net.cnn", "other/net.cnn"], "net.cnn and other/net.cnn would both be written to"),
        (["my-net.cnn", "my_net.cnn"], "would both be written to generated/my_net.py"),
        (["net.cnn", "my-net.cnn", "-o", "x.py"], "x.py is one file, for 2 specs"),
        (["net.cnn", "-o", "wrong.cnn"], "wrong.cnn is neither a folder nor a file ending in .py"),
        (["net.cnn", "-o", "net.cnn/x"], "cannot read net.cnn/x/net.py: "),
        (["net.cnn", "-o", "net.cnn/x", "--force"], "cannot write net.cnn/x/net.py: "),
        (["spec.py", "-o", "spec.py"], "spec.py is a spec: the module would replace it"),
        (["net.cnn", "-o", "-", "--check"], "compare files, not standard output"),
        (["net.cnn", "missing.cnn"], "cannot read missing.cnn: it does not exist"),
        (["net.cnn", "--model", "Not"], "net.cnn has no model `Not`"),
        (["net.cnn", "--set", "size=3"], "no model of net.cnn has a parameter `size`"),
    ],
)
def test_a_wrong_call_writes_nothing(run, folder, arguments, message):
    (folder / "other").mkdir()
    for name in ("other/net.cnn", "my-net.cnn", "my_net.cnn", "spec.py"):
        (folder / name).write_bytes((folder / "net.cnn").read_bytes())
    before = files_in(folder)
    result = run("compile", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert files_in(folder) == before


def test_a_wrong_spec_keeps_all_from_being_written(run, folder):
    result = run("compile", "net.cnn", "wrong.cnn")
    assert (result.code, result.out) == (1, "")
    assert "error[E101]" in result.err
    assert not (folder / "generated").exists()


# --- how it writes --------------------------------------------------------------------


def test_a_new_file_has_the_usual_permissions(run, folder):
    before = os.umask(0o027)
    try:
        run("compile", "net.cnn")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "generated" / "net.py").stat().st_mode) == 0o640


def test_a_file_keeps_its_permissions(run, folder):
    run("compile", "net.cnn", "-o", "net.py")
    old = read(folder / "net.py")
    (folder / "net.py").chmod(0o700)
    (folder / "net.cnn").rename(folder / "other.cnn")
    assert run("compile", "other.cnn", "-o", "net.py").code == 0
    assert read(folder / "net.py") != old
    assert stat.S_IMODE((folder / "net.py").stat().st_mode) == 0o700


def test_a_link_stays_a_link(run, folder):
    (folder / "real").mkdir()
    (folder / "net.py").symlink_to("real/module.py")
    run("compile", "net.cnn", "-o", "net.py")
    assert (folder / "net.py").is_symlink()
    assert is_untouched(read(folder / "real" / "module.py"))


def test_a_file_that_is_right_is_left_alone(run, folder):
    run("compile", "net.cnn")
    os.utime(folder / "generated" / "net.py", (1, 1))
    assert run("compile", "net.cnn").code == 0
    assert (folder / "generated" / "net.py").stat().st_mtime == 1


def test_a_disk_that_fills_up_leaves_the_old_files(run, folder, monkeypatch):
    (folder / "second.cnn").write_bytes((folder / "net.cnn").read_bytes())
    (folder / "generated").mkdir()
    (folder / "generated" / "net.py").write_text("old")
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", fsync)
    result = run("compile", "net.cnn", "second.cnn", "--force")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: cannot write generated/second.py: no space left on device\n"
    assert files_in(folder / "generated") == {"net.py"}
    assert (folder / "generated" / "net.py").read_text() == "old"


# --- what it does not replace ---------------------------------------------------------

OWN = "classes = 3\n"


def test_an_edited_module_is_spared(run, folder):
    run("compile", "net.cnn")
    path = folder / "generated" / "net.py"
    edited = read(path) + OWN
    path.write_text(edited, encoding="utf-8")
    result = run("compile", "net.cnn")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: generated/net.py was edited since cnndsl wrote it\n"
        "help: `--diff` shows what would change; `--force` replaces it\n"
    )
    assert read(path) == edited


@pytest.mark.parametrize("text", [OWN, "", '"""Mine."""\n', "\ufeff# mine\n"])
def test_a_file_of_somebody_else_is_spared(run, folder, text):
    (folder / "net.py").write_text(text, encoding="utf-8")
    result = run("compile", "net.cnn", "-o", "net.py")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: net.py is not by cnndsl\n")
    assert read(folder / "net.py") == text


def test_one_file_that_is_spared_keeps_all_from_being_written(run, folder):
    (folder / "new.cnn").write_bytes((folder / "net.cnn").read_bytes())
    (folder / "generated").mkdir()
    (folder / "generated" / "net.py").write_text(OWN)
    assert run("compile", "new.cnn", "net.cnn").code == 2
    assert files_in(folder / "generated") == {"net.py"}


def test_what_is_not_text_is_spared(run, folder):
    (folder / "net.py").write_bytes(b"\xff\xfe")
    assert run("compile", "net.cnn", "-o", "net.py").code == 2
    assert (folder / "net.py").read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize("text", [OWN, "edited"])
def test_force_replaces_it(run, folder, text):
    run("compile", "net.cnn")
    path = folder / "generated" / "net.py"
    path.write_text(read(path) + OWN if text == "edited" else text, encoding="utf-8")
    assert run("compile", "net.cnn", "--force").code == 0
    assert header().fullmatch(read(path))


def test_a_module_that_nobody_edited_is_made_again(run, folder):
    run("compile", "net.cnn")
    with (folder / "net.cnn").open("a") as file:
        file.write("model Two = Net(classes = 2)\n")
    assert run("compile", "net.cnn").code == 0
    assert header("Net, Two").fullmatch(read(folder / "generated" / "net.py"))


# --- what its header says -------------------------------------------------------------


def project(folder: Path, name: str) -> Path:
    """A project with a spec in a folder of it."""
    (folder / name / "specs").mkdir(parents=True)
    (folder / name / "pyproject.toml").touch()
    shutil.copy(folder / "net.cnn", folder / name / "specs" / "net.cnn")
    return folder / name


@pytest.mark.usefixtures("whole_modules")
def test_the_header_says_how_to_make_the_module_again(run, folder, monkeypatch):
    monkeypatch.chdir(project(folder, "mine"))
    text = read(Path("specs/net.cnn")).replace(" : 14x14x8", "")
    Path("specs/net.cnn").write_text(text, encoding="utf-8")
    options = ["--model", "Net", "--set", "classes=[2, 3][0]", "--set", "width = 16", "-o", "my.py"]
    assert run("compile", "specs/net.cnn", *options).code == 0
    doc = read(Path("my.py")).split('"""')[1]
    origin, command = doc.strip().splitlines()[-2:]
    digest = "[0-9a-f]{12}"
    assert re.fullmatch(
        rf"Generated by cnndsl \S+ from specs/net\.cnn \(sha256 {digest}\)\.", origin
    )
    again = "cnndsl compile specs/net.cnn --model Net --set classes=2 --set width=16 -o my.py"
    assert re.fullmatch(
        rf"`{re.escape(again)}` makes it again; edited, it is yours \(sha256 {digest}\)\.", command
    )
    assert run(*again.split()[1:], "--check").code == 0


def test_words_of_the_command_are_quoted(run, folder):
    (folder / "my net.cnn").write_bytes((folder / "net.cnn").read_bytes())
    run("compile", "my net.cnn", "-o", "net.py", "--set", "classes=[2, 3][1]")
    command = "cnndsl compile 'my net.cnn' --set classes=3 -o net.py"
    assert header(spec="my net.cnn", command=command).fullmatch(read(folder / "net.py"))


def test_a_copy_of_a_project_is_not_stale(run, folder, monkeypatch):
    monkeypatch.chdir(project(folder, "mine"))
    assert run("compile", "specs/net.cnn").code == 0
    shutil.copytree(folder / "mine", folder / "yours")
    monkeypatch.chdir(folder / "yours")
    assert run("compile", "specs/net.cnn", "--check").code == 0
    monkeypatch.chdir(folder)
    assert header(spec="specs/net.cnn", command="cnndsl compile specs/net.cnn -o -").fullmatch(
        run("compile", "yours/specs/net.cnn", "-o", "-").out
    )


def test_a_module_that_is_not_its_networks_is_a_bug_of_ours(run, folder, monkeypatch):
    def module(self, checked: Checked, origin: Origin) -> Module:
        raise Miscompiled(checked.name, ["Net: conv: kernel is (5, 5), expected (3, 3)"])

    monkeypatch.setattr(OnlyHeaders, "module", module)
    result = run("compile", "net.cnn")
    assert (result.code, result.out) == (3, "")
    assert "bug in cnndsl" in result.err and "kernel is (5, 5)" in result.err
    assert files_in(folder) == {"net.cnn", "wrong.cnn"}


# --- comparing ------------------------------------------------------------------------


def test_check_is_content_with_what_compile_wrote(run, folder):
    run("compile", "net.cnn")
    result = run("compile", "net.cnn", "--check")
    assert (result.code, result.out, result.err) == (0, "1 module up to date\n", "")
    assert run("compile", "net.cnn", "--diff").code == 0


def test_check_names_what_is_missing_and_what_is_stale(run, folder):
    (folder / "new.cnn").write_bytes((folder / "net.cnn").read_bytes())
    run("compile", "net.cnn")
    (folder / "generated" / "net.py").write_text("edited\n")
    result = run("compile", "net.cnn", "new.cnn", "--check")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "generated/net.py is stale: run cnndsl compile net.cnn\n"
        "generated/new.py is missing: run cnndsl compile new.cnn\n"
    )
    assert (folder / "generated" / "net.py").read_text() == "edited\n"
    assert not (folder / "generated" / "new.py").exists()


@pytest.mark.parametrize("also", [[], ["--check"]])
def test_diff_shows_what_would_change_and_writes_nothing(run, folder, also):
    (folder / "net.py").write_text("edited")
    result = run("compile", "net.cnn", "-o", "net.py", "--diff", *also)
    assert result.code == 1
    assert result.out.splitlines()[:5] == [
        "--- net.py",
        "+++ net.py",
        "@@ -1 +1,4 @@",
        "-edited",
        '+"""Net – from net.cnn.',
    ]
    assert (folder / "net.py").read_text() == "edited"


def test_diff_of_a_missing_file_is_all_of_it(run, folder):
    result = run("compile", "net.cnn", "--diff")
    assert result.code == 1
    assert result.out.startswith("--- /dev/null\n+++ generated/net.py\n")


def test_newlines_and_bytes_count(run, folder):
    run("compile", "net.cnn")
    path = folder / "generated" / "net.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run("compile", "net.cnn", "--check").code == 1
    path.write_bytes(b"\xff")
    assert run("compile", "net.cnn", "--check").code == 1


# --- stages ---------------------------------------------------------------------------


def test_the_syntax_tree_can_be_printed(run):
    out = run("compile", "net.cnn", "--emit", "ast").out
    assert out.startswith("Spec doc='A small network.'\n")
    assert "Apply name='conv'\n" in out
    assert "span" not in out


def test_the_networks_can_be_printed(run):
    out = run("compile", "net.cnn", "--emit", "ir").out
    assert out.startswith("network Net(classes = 10, width = 8)\n  input: 28 x 28 x 1\n")
    assert "\n    head.dense: dense(" in out
    assert "units = 10, bias = true" in out


@pytest.mark.usefixtures("whole_modules")
def test_the_tree_can_be_printed(run):
    out = run("compile", "net.cnn", "--emit", "tree").out
    assert out.startswith("Module doc='A small network.")
    assert "\n    Class name='Net' " in out
    assert "Attribute name='Conv'" in out


@pytest.mark.parametrize("spec", ["specs/googlenet.cnn", "tests/networks/segnet.cnn"])
def test_the_same_spec_gives_the_same_bytes_under_any_hash_seed(spec):
    modules = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "cnndsl", "compile", spec, "-o", "-"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        modules.add(done.stdout)
    assert len(modules) == 1


@pytest.mark.parametrize(
    ("macs", "text"),
    [
        (0, "0 MACs"),
        (999, "999 MACs"),
        (1_000, "1.00 kMACs"),
        (340_908, "340.91 kMACs"),
        (15_470_264_320, "15.47 GMACs"),
        (2 * 10**12, "2.00 TMACs"),
    ],
)
def test_macs_have_a_unit(macs, text):
    assert macs_text(macs) == text
