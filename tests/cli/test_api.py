"""The Python functions: values in, values out, nothing printed."""

import inspect
import linecache
import pickle
import subprocess
import sys
import traceback

import pytest

import cnndsl
from cnndsl.checked import Checked
from cnndsl.targets.flax import Flax
from cnndsl.targets.python.module_tree import Module
from cnndsl.targets.target import Origin

NET = "model Net(classes = 10) {\n  input 8x8x3\n  flatten -> dense(classes)\n}\n"
WRONG = "model Net {\n  input 8x8x3\n  batch_norm\n}\n"
USING = 'use "blocks.cnn"\nmodel Net {\n  input 8x8x3\n  unit\n}\n'

MODULE = """\
class Net:
    def fail(self):
        raise ValueError("in generated code")
"""


class Text(Flax):
    """Writes a module that imports nothing, and its header behind it."""

    def module(self, checked: Checked, origin: Origin) -> Module:
        return Module(f"{[network.name for network in checked.networks]} {origin.command}")

    def text(self, module: Module) -> str:
        return f"{MODULE}# {module.doc}\n"


class Broken(Flax):
    def text(self, module: Module) -> str:
        return "import no_such_module_at_all\n"


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.setattr("cnndsl.targets.flax.Flax", Text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text(NET)
    (tmp_path / "wrong.cnn").write_text(WRONG)
    (tmp_path / "blocks.cnn").write_text("block unit { relu }\n")
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("cnndsl.loaded.")]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def silent(capsys):
    yield
    assert capsys.readouterr() == ("", "")


def test_importing_cnndsl_imports_nothing_of_it():
    script = "import sys, cnndsl; print([m for m in sys.modules if m.startswith('cnndsl.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=".")
    assert done.stdout == "['cnndsl._version']\n", done.stderr


def test_every_public_name_is_there():
    for name in cnndsl.__all__:
        assert getattr(cnndsl, name) is not None
    assert dir(cnndsl) == cnndsl.__all__
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = cnndsl.chekc


def test_check_returns_diagnostics():
    assert cnndsl.check(NET) == []
    (found,) = cnndsl.check(WRONG, filename="mine.cnn")
    assert isinstance(found, cnndsl.Diagnostic)
    assert (found.code, found.primary.span.source.name) == ("E101", "mine.cnn")
    assert [d.code for d in cnndsl.check("\x07")] == ["E002"]


def test_text_uses_files_only_of_a_folder_it_is_given(folder):
    (found,) = cnndsl.check(USING)
    assert "this text has no folder to read from" in found.message
    assert cnndsl.check(USING, folder=str(folder)) == []
    assert cnndsl.check(USING, folder="") == []


def test_summarize_returns_figures():
    (net,) = cnndsl.summarize(NET, set={"classes": 2}).summaries
    assert (net.model, net.output, net.params) == ("Net", (2,), 386)
    wrong = cnndsl.summarize(WRONG)
    assert wrong.summaries == ()
    assert [d.code for d in wrong.diagnostics] == ["E101"]


def test_values_are_checked():
    with pytest.raises(ValueError, match="no model of <spec> has a parameter `clases`; did you"):
        cnndsl.summarize(NET, set={"clases": 2})
    with pytest.raises(TypeError, match="`classes` is a object, not a value"):
        cnndsl.summarize(NET, set={"classes": object()})
    (found,) = cnndsl.summarize(NET, set={"classes": (2, 3)}).diagnostics
    assert found.code == "E205"


def test_compile_returns_code_or_diagnostics(generator):
    assert cnndsl.compile(NET).code == MODULE + "# ['Net'] cnndsl compile '<spec>'\n"
    assert "--set classes=2" in cnndsl.compile(NET, set={"classes": 2}).code
    wrong = cnndsl.compile(WRONG)
    assert (wrong.code, [d.code for d in wrong.diagnostics]) == (None, ["E101"])
    assert cnndsl.compile("\x07").code is None
    with pytest.raises(ValueError, match="<spec> has no model `Ned`; did you mean `Net`"):
        cnndsl.compile(NET, model="Ned")


def test_load_imports_a_module_of_a_spec(folder, generator):
    module = cnndsl.load("net.cnn")
    assert module.__name__ == "cnndsl.loaded.net"
    assert module.Net.__module__ == "cnndsl.loaded.net"
    assert cnndsl.load(folder / "net.cnn") is module
    assert type(pickle.loads(pickle.dumps(module.Net()))) is module.Net


def test_other_code_of_the_same_name_is_another_module(folder, generator):
    module = cnndsl.load("net.cnn")
    other = cnndsl.load("net.cnn", set={"classes": 2})
    assert other is not module
    assert other.__name__.startswith("cnndsl.loaded.net_")
    assert sys.modules[module.__name__] is module
    assert cnndsl.load("net.cnn", set={"classes": 2}) is other


def test_a_traceback_shows_the_generated_source(folder, generator):
    module = cnndsl.load("net.cnn")
    try:
        module.Net().fail()
    except ValueError as error:
        text = "".join(traceback.format_exception(error))
    linecache.checkcache()
    assert 'File "<cnndsl.loaded.net>", line 3, in fail' in text
    assert 'raise ValueError("in generated code")' in text
    assert inspect.getsource(module.Net).startswith("class Net:")


def test_load_of_a_wrong_spec_shows_what_is_wrong(folder):
    with pytest.raises(cnndsl.CompileError) as caught:
        cnndsl.load("wrong.cnn")
    assert [d.code for d in caught.value.diagnostics] == ["E101"]
    text = str(caught.value)
    assert "error[E101]: there is no op, block or tensor `batch_norm`" in text
    assert " --> wrong.cnn:3:3\n" in text
    assert "cnndsl.loaded.wrong" not in sys.modules


def test_load_of_a_missing_spec_is_the_usual_exception(folder):
    with pytest.raises(FileNotFoundError):
        cnndsl.load("missing.cnn")
    with pytest.raises(IsADirectoryError):
        cnndsl.load(".")


def test_a_module_that_fails_to_import_is_forgotten(folder, monkeypatch):
    monkeypatch.setattr("cnndsl.targets.flax.Flax", Broken)
    with pytest.raises(ModuleNotFoundError):
        cnndsl.load("net.cnn")
    assert "cnndsl.loaded.net" not in sys.modules


@pytest.mark.xla
def test_a_loaded_network_runs(folder):
    numpy, nnx = pytest.importorskip("numpy"), pytest.importorskip("flax.nnx")
    module = cnndsl.load("net.cnn")
    model = module.Net(rngs=nnx.Rngs(0))
    assert model(numpy.zeros((2, 8, 8, 3))).shape == (2, 10)
