"""`preprocess { … }`: from a spec into its network, its figures and its module."""

import json

import pytest

import cnndsl
from cnndsl.cli import main
from tests.compiled import constants

NET = """\
model Net(size = 32, preprocess = true) {
  input [size, size, 3]
  if preprocess { conv(8, 3) }
  global_avg_pool -> dense(10)
  preprocess {
    size size + 4
    crop size
    mean [0.5, 0.4, 0.3]
    interpolation bilinear
  }
}
"""
OTHERS = """\
model Large = Net(size = 48)
model Bytes = Net { preprocess { range 255 } }
model Plain { input 8x8x3
 flatten -> dense(10) }
"""


GROUPS = """\
model A(size = 8) {
  input [size, size, 3]
  flatten -> dense(10)
  preprocess { mean 0.5 }
}
model B = A(size = 16)
model C = A { preprocess { range 255 } }
"""


def constant(code, name="PREPROCESS"):
    return constants(code).get(name)


def test_a_module_has_what_its_model_says():
    said = {"size": 36, "crop": 32, "mean": (0.5, 0.4, 0.3), "interpolation": "bilinear"}
    assert constant(cnndsl.compile(NET).code) == said


def test_models_that_differ_have_a_dict_by_model():
    found = constant(cnndsl.compile(NET + OTHERS).code)
    assert found.keys() == {"Net", "Large", "Bytes"}
    assert (found["Large"]["size"], found["Large"]["crop"]) == (52, 48)
    assert found["Bytes"] == {"range": 255}


def test_models_that_share_settings_share_a_line():
    code = cnndsl.compile(GROUPS).code
    alike = '{name: {"mean": 0.5} for name in ("A", "B")}'
    assert f'PREPROCESS = {alike} | {{"C": {{"range": 255}}}}' in code


def test_models_that_agree_have_one():
    assert constant(cnndsl.compile(NET + "model Same = Net(size = 32)").code)["crop"] == 32
    assert constant(cnndsl.compile("model M {\n input 8x8x3\n relu\n}").code) is None


def test_the_figures_have_it(tmp_path, capsys):
    (tmp_path / "net.cnn").write_text(NET, encoding="utf-8")
    assert main(["summary", "--json", str(tmp_path / "net.cnn"), "--set", "size=64"]) == 0
    (net,) = json.loads(capsys.readouterr().out)
    assert net["preprocess"]["crop"] == 64 and net["preprocess"]["mean"] == [0.5, 0.4, 0.3]


@pytest.mark.parametrize(
    "text",
    [
        "model M {\n input 8x8x3\n stage a { preprocess { size 8 } }\n relu\n}",
        "model M {\n input 8x8x3\n for i in 0 .. 2 { preprocess { size 8 } }\n relu\n}",
        "block b { preprocess { size 8 } }\nmodel M {\n input 8x8x3\n b\n}",
    ],
)
def test_it_stands_in_a_models_body_alone(text):
    (found,) = cnndsl.check(text)
    assert (found.code, found.message[:12]) == ("E110", "`preprocess`")


def test_the_endpoints_are_a_constant():
    text = "model M {\n input 8x8x3\n stage a { conv(4, 3, stride = 2) }\n flatten -> dense(2)\n}"
    rows = (("a", (4, 4, 4), 2, 4), ("logits", (2,), None, 2))
    assert rows == constant(cnndsl.compile(text).code, "ENDPOINTS")
    both = constant(cnndsl.compile(text + "\nmodel N = M").code, "ENDPOINTS")
    assert both == {"M": rows, "N": rows}


def test_a_family_of_many_shapes_has_no_table_of_endpoints():
    text = "model M(w = 4) {\n input 8x8x3\n stage a { conv(w, 3) }\n flatten -> dense(2)\n}"
    variants = "".join(f"\nmodel M{w} = M(w = {w})" for w in range(5, 8))
    tables = constant(cnndsl.compile(text + variants).code, "ENDPOINTS")
    assert tables["M7"] == (("a", (8, 8, 7), 1, 7), ("logits", (2,), None, 2))
    assert (
        constant(cnndsl.compile(text + variants + "\nmodel M8 = M(w = 8)").code, "ENDPOINTS")
        is None
    )


def test_models_of_their_own_have_tables_however_many_they_are():
    model = "model M{} {{\n input 8x8x3\n stage a {{ conv({}, 3) }}\n flatten -> dense(2)\n}}\n"
    text = "".join(model.format(w, w) for w in range(1, 7))
    tables = constant(cnndsl.compile(text).code, "ENDPOINTS")
    assert tables["M6"] == (("a", (8, 8, 6), 1, 6), ("logits", (2,), None, 2))
