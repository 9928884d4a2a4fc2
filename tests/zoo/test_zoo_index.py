"""The zoo by name: its index, its page, and networks built from it."""

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnndsl import zoo
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.shaping.facts import MOST_TABLES
from cnndsl.zoo.build import (
    INDEX,
    PAGE,
    PICTURES,
    README,
    check_specs,
    citations,
    index,
    index_text,
    pictures,
)
from cnndsl.zoo.document import overview, page
from cnndsl.zoo.index import folder, spec_path
from cnndsl.zoo.modules import import_module, module_path
from cnndsl.zoo.picture import picture
from cnndsl.zoo.references import References
from tests.compiled import constants
from tests.keras_cases import FAST, SLOW

REFERENCES = References.read()
ENTRIES = zoo.list_models()


@pytest.fixture(scope="module")
def families():
    return check_specs()


@pytest.fixture(scope="module")
def entries(families):
    return index(families, REFERENCES)


def test_the_index_is_what_the_specs_say(entries):
    """`python -m cnndsl.zoo.build` makes it again."""
    assert INDEX.read_text(encoding="utf-8") == index_text(entries)


def test_the_page_is_what_the_specs_say(entries):
    """`python -m cnndsl.zoo.build` makes it again."""
    assert PAGE.read_text(encoding="utf-8") == page(entries, REFERENCES)


def test_every_family_has_its_picture(families):
    """`python -m cnndsl.zoo.build` makes them again."""
    drawn = pictures(families)
    assert {path.name: path.read_text(encoding="utf-8") for path in PICTURES.iterdir()} == drawn
    text = PAGE.read_text(encoding="utf-8")
    assert all(text.count(f"](zoo/{name})") == 1 for name in drawn)


def test_a_picture_has_the_stages_in_their_order(families):
    by_stem = {Path(checked.source.name).stem: checked for checked in families}
    resnet = ElementTree.fromstring(picture(summarize_network(by_stem["resnet"].networks[0])))
    said = [node.text for node in resnet.iter("{http://www.w3.org/2000/svg}text")]
    assert said[0] == "ResNet18: 11,689,512 parameters, 1.81 GMACs"
    assert said[1:3] == ["224 x 224 x 3", "input"]
    assert [text for text in said if text and text.startswith("layer")] == [
        f"layer{i}" for i in range(1, 5)
    ]
    pyramid = picture(summarize_network(by_stem["fpn"].networks[0]))
    assert pyramid.count("<path") == 1 + 1 + 4 + 1  # image, backbone, a block's four maps, a pool
    assert "pyramid 4 tensors" in pyramid


def test_the_readme_has_the_families(entries):
    """`python -m cnndsl.zoo.build` makes its table again."""
    text = README.read_text(encoding="utf-8")
    assert text == overview(text, entries)
    assert "[unet](specs/unet.cnn) 3" in text


def test_names_are_unique_and_every_model_is_a_class_of_its_module():
    names = [entry.name for entry in ENTRIES]
    assert len(names) == len(set(names)) == len({name.lower() for name in names})
    for entry in ENTRIES:
        tree = ast.parse(module_path(entry).read_text(encoding="utf-8"))
        assert entry.name in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        assert spec_path(entry).is_file()


def test_models_are_listed_by_glob_in_any_case():
    assert [entry.name for entry in zoo.list_models("nasnet*")] == [
        "NASNetMobile",
        "NASNetLarge",
        "NASNetLargeTimm",
    ]
    assert zoo.list_models("Transformer*") == ()


def test_an_entry_has_the_figures_of_its_network():
    entry = zoo.find("ResNet50")
    assert (entry.spec, entry.input) == ("resnet.cnn", (224, 224, 3))
    assert (entry.params, entry.macs) == (25_557_032, 4_089_184_256)
    assert entry.source.startswith('He et al., "Deep Residual Learning')
    assert entry.source.endswith("2015 (arXiv:1512.03385)")


def test_endpoints_are_known_without_building():
    found = {point.name: point for point in zoo.endpoints("ResNet50")}
    layer3 = found["layer3"]
    assert (layer3.shape, layer3.reduction, layer3.channels) == ((14, 14, 1024), 16, 1024)
    assert found["logits"].shape == (1000,) and found["logits"].reduction is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_module_has_the_same_table_of_endpoints(entry):
    """Some families would have a table for nearly every model, and leave them to the index."""
    tables = constants(module_path(entry).read_text(encoding="utf-8"))
    family = {other.endpoints for other in ENTRIES if other.spec == entry.spec}
    if len(family) > MOST_TABLES:
        assert "ENDPOINTS" not in tables
        return
    table = tables["ENDPOINTS"]
    table = table[entry.name] if isinstance(table, dict) else table
    points = zoo.endpoints(entry.name)
    assert table == tuple((p.name, p.shape, p.reduction, p.channels) for p in points)


def test_an_unknown_model_gets_a_suggestion():
    with pytest.raises(zoo.UnknownModel, match="no model `Resnet5O`; did you mean `ResNet50`"):
        zoo.create("Resnet5O")


@pytest.mark.xla
def test_an_unknown_argument_is_told_from_those_that_there_are():
    with pytest.raises(TypeError, match="takes no argument `clases`; did you mean `classes`"):
        zoo.create("VGG16", clases=10)
    with pytest.raises(TypeError, match="it takes classes, dtype, param_dtype, rngs"):
        zoo.create("VGG16", pretrained=True)


@pytest.mark.xla
def test_create_builds_the_model_with_its_endpoints():
    import jax.numpy as jnp
    from flax import nnx

    model = zoo.create("LeNet5MNIST", classes=7, rngs=nnx.Rngs(0))
    out = model.endpoints(jnp.zeros((1, 28, 28, 1)))
    assert out["logits"].shape == (1, 7)
    known = {point.name: point.shape for point in zoo.endpoints("LeNet5MNIST")}
    known["logits"] = known["head"] = (7,)
    assert {name: value.shape[1:] for name, value in out.items()} == known
    assert type(model) is import_module(zoo.find("LeNet5MNIST")).LeNet5MNIST


def test_the_zoo_of_an_installation_lies_in_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr("cnndsl.zoo.index.HERE", tmp_path / "package" / "zoo")
    assert folder("specs") == tmp_path / "specs"
    (tmp_path / "package" / "zoo" / "specs").mkdir(parents=True)
    assert folder("specs") == tmp_path / "package" / "zoo" / "specs"


@pytest.mark.parametrize(
    ("doc", "papers"),
    [
        (
            'A net.\n\nHe & Li, "Nets", CVPR, 2015, Table 1\n(arXiv:1512.1), and "More", 2016\n'
            "(arXiv:16.2).",
            ['He & Li, "Nets", CVPR, 2015 (arXiv:1512.1)', 'He & Li, "More", 2016 (arXiv:16.2)'],
        ),
        (
            'A net.\n\nA et al., "X", 2011, and B, "Y", 2012.',
            ['A et al., "X", 2011', 'B, "Y", 2012'],
        ),
        ("Nothing.", []),
    ],
)
def test_citations_of_a_comment(doc, papers):
    assert citations(doc) == papers


def test_outputs_are_claimed_where_a_test_compares_them():
    compared = {case.model for case in (*FAST, *SLOW)}
    claimed = {entry.name for entry in ENTRIES if REFERENCES.of(entry.name).outputs}
    assert claimed == compared
