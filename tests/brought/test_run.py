"""The classes of an author's own: the networks that hold them, and `cnndsl check --run`."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import cnndsl
from cnndsl.cli import main
from cnndsl.explanations import examples

pytestmark = pytest.mark.xla

GATED = """\
op gated(filters, kernel = [3, 3], slope = 0.1) from "mylayers:Gated" {
  shape [in.height, in.width, filters]
  params [kernel[0], kernel[1], in.channels, filters], [filters], [filters]
  state []
  macs in.height * in.width * kernel[0] * kernel[1] * in.channels * filters
}
"""
NET = f"""{GATED}
block unit(width) {{ gated(width) -> bn -> relu }}

model Net(classes = 10) {{
  input 16x16x3
  stage stem {{ gated(8, kernel = 1x3, slope = 0.2) }}
  for width in [16, 24] {{ stage layer {{ unit(width) -> max_pool(2) }} }}
  global_avg_pool -> dense(classes)
}}
"""


class ByHand(nnx.Module):
    """The same network, with the same classes in the same order."""

    def __init__(self, rngs):
        from mylayers import Gated

        self.stem = Gated(3, 8, (1, 3), 0.2, rngs=rngs)
        self.gated = nnx.List()
        self.norms = nnx.List()
        for features, width in ((8, 16), (16, 24)):
            self.gated.append(Gated(features, width, (3, 3), 0.1, rngs=rngs))
            self.norms.append(nnx.BatchNorm(width, momentum=0.9, rngs=rngs))
        self.dense = nnx.Linear(24, 10, rngs=rngs)

    def __call__(self, x):
        x = self.stem(x)
        for gated, norm in zip(self.gated, self.norms, strict=True):
            x = nnx.max_pool(nnx.relu(norm(gated(x))), (2, 2), (2, 2))
        return self.dense(x.mean(axis=(1, 2)))


@pytest.fixture(autouse=True)
def beside_the_layers(monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    before = dict(sys.modules)
    yield
    for name in sys.modules.keys() - before.keys():
        if name in ("mylayers", "faulty"):
            del sys.modules[name]


def ran(tmp_path, text, capsys):
    """What `check --run` says of a spec: code, message and line of each mistake."""
    (tmp_path / "net.cnn").write_text(text)
    status = main(["check", "--run", "--json", str(tmp_path / "net.cnn")])
    found = json.loads(capsys.readouterr().out)
    assert status == bool(found)
    return [(each["code"], each["message"]) for each in found]


def test_a_network_computes_what_the_same_layers_do_by_hand(tmp_path, monkeypatch):
    spec = tmp_path / "gated_net.cnn"
    spec.write_text(NET)
    net = cnndsl.load(spec).Net
    ours = nnx.eval_shape(lambda: net(rngs=nnx.Rngs(0), param_dtype=jnp.bfloat16))
    params = jax.tree.leaves(nnx.state(ours, nnx.Param))
    (summary,) = cnndsl.summarize(NET).summaries
    assert summary.params == sum(leaf.size for leaf in params)
    assert {str(leaf.dtype) for leaf in params} == {"bfloat16"}
    theirs = filled(nnx.eval_shape(lambda: ByHand(nnx.Rngs(0))))
    nnx.update(ours.stem_gated, nnx.state(theirs.stem))
    nnx.update(ours.dense, nnx.state(theirs.dense))
    for unit, gated, norm in zip(ours.layer, theirs.gated, theirs.norms, strict=True):
        nnx.update(unit.gated, nnx.state(gated))
        nnx.update(unit.norm, nnx.state(norm))
    x = np.random.default_rng(1).normal(size=(2, 16, 16, 3)).astype(np.float32)
    results = nnx.jit(lambda one, other, x: (one(x), other(x)))(ours, theirs, x)
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)
    assert np.abs(results[1]).max() > 1e-3


def filled(model):
    """A model with numbers in the place of shapes."""
    draw = np.random.default_rng(0)
    numbers = jax.tree.map(
        lambda leaf: draw.uniform(0.1, 1, leaf.shape).astype(leaf.dtype), nnx.state(model)
    )
    nnx.update(model, numbers)
    return model


def test_what_holds_is_said_to_hold(tmp_path, capsys):
    assert ran(tmp_path, NET, capsys) == []


def test_uses_that_are_alike_hold_as_well(tmp_path, capsys):
    again = NET.replace("  for width in", "  stage again { unit(8) * 3 }\n  for width in")
    assert again != NET
    assert ran(tmp_path, again, capsys) == []


def of(op, claims, body, size="8x8x4"):
    head = f'op {op} from "{claims.pop("origin")}" {{\n'
    said = "".join(f"  {name} {value}\n" for name, value in claims.items())
    return f"{head}{said}}}\n\nmodel Net {{\n  input {size}\n  {body}\n}}\n"


KEPT = {"shape": "in.shape"}


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ("mylayers:Transposed", "gives 4 x 8 x 8 x 2 for 2 images: the first axis is theirs"),
        ("mylayers:Several", "`Several` gives tuple, and no array"),
        ("mylayers:Broken", "`Broken(4, rngs=rngs)` cannot be called: ValueError: no such day"),
        ("mylayers:function", "`function` of `mylayers` is no class of an nnx.Module"),
        ("mylayers:Absent", "`mylayers` has no `Absent`"),
        ("mylayers.inner:Absent", "there is no module `mylayers.inner`"),
        ("nowhere:Absent", "there is no module `nowhere`"),
        ("faulty:Layer", "`faulty` cannot be imported: ZeroDivisionError: division by zero"),
        ("mylayers:Gated", "cannot be built: TypeError"),
    ],
)
def test_a_class_that_cannot_be_asked_is_told_once(origin, message, tmp_path, capsys, monkeypatch):
    (tmp_path / "faulty.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    spec = of("mine()", {"origin": origin, **KEPT}, "mine -> mine -> conv(8, 1) -> mine")
    ((code, said),) = ran(tmp_path, spec, capsys)
    assert code == "E404" and message in said


@pytest.mark.slow
def test_a_module_that_is_not_there_is_named(tmp_path, capsys):
    settings = "optimizer adam", "schedule constant(peak = 0.1)", "epochs 1", "batch 8"
    recipe = "train { " + "\n".join(settings) + " }"
    spec = tmp_path / "own.cnn"
    origin = {"origin": "nowhere.at_all:Layer", **KEPT}
    spec.write_text(of("own()", origin, f"own -> flatten -> dense(10)\n  {recipe}", "8x8x1"))
    with pytest.raises(ModuleNotFoundError, match="imports nowhere, which Python does"):
        cnndsl.load(spec)
    assert main(["train", str(spec), "-o", str(tmp_path / "run")]) == 2
    assert "imports nowhere" in capsys.readouterr().err


def test_what_is_drawn_is_no_state(tmp_path, capsys):
    spec = of("mixed()", {"origin": "mylayers:Mixed", **KEPT}, "mixed")
    assert ran(tmp_path, spec, capsys) == []


def test_a_layer_that_its_network_breaks_is_told(tmp_path, capsys):
    spec = of("proud()", {"origin": "mylayers:Proud", **KEPT}, "conv(4, 1) -> proud -> proud")
    ((code, said),) = ran(tmp_path, spec, capsys)
    assert code == "E404" and said.startswith("with proud in it, `Net` does not run: Attrib")


def test_every_claim_that_does_not_hold_is_told(tmp_path, capsys):
    claims = {
        "origin": "mylayers:Gated",
        "shape": "[in.length, filters + 1]",
        "params": "[kernel, in.channels, filters]",
    }
    signature = "gated(filters, kernel = 3, slope = 0.1)"
    found = ran(tmp_path, of(signature, claims, "gated(6)", "20x5"), capsys)
    assert found == [
        ("E404", "`Gated` gives 20 x 6, and the op says 20 x 7"),
        (
            "E404",
            "`Gated` has 102 parameters in [6], [3, 5, 6], [6], and the op says 90 in [3, 5, 6]",
        ),
        ("E404", "`Gated` has 1 state in [], and the op says 0 in no tensors"),
    ]


def test_the_example_of_the_code_is_what_is_said(tmp_path, capsys, monkeypatch):
    example = examples()["E404"]
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("mylayers", None)
    Path("mylayers.py").write_text(example.module)
    Path("net.cnn").write_text(example.wrong)
    assert main(["check", "--run", "net.cnn"]) == 1
    said = capsys.readouterr().err
    Path("net.cnn").write_text(example.right)
    assert main(["check", "--run", "net.cnn"]) == 0
    assert said.startswith(example.answer)


def test_without_the_option_nothing_is_asked(tmp_path, capsys):
    Path(tmp_path / "net.cnn").write_text(of("mine()", {"origin": "nowhere:A", **KEPT}, "mine"))
    assert main(["check", str(tmp_path / "net.cnn")]) == 0
