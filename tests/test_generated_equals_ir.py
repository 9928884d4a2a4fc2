"""The generated module is the network that was elaborated: shapes, names, counts and values.

`tests/corners` holds one small spec for each thing that can go wrong; `tests/writing` writes
random ones; goldens and the zoo are compared as they are. The interpreter that computes the
expected values shares no code with the generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import pytest

import cnndsl
from cnndsl.ir import Instance, Layer, Network, Node
from cnndsl.walks import children
from tests.compiled import CORNERS, GOLDENS, SPECS, lint
from tests.modules import (
    NotFinite,
    check_arguments,
    check_shapes,
    check_values,
    generate,
    generate_file,
)
from tests.writing import Writer

pytestmark = pytest.mark.xla

MOST_WORK = 20_000_000  # of a random network: multiply-accumulates, and 100 for each parameter
MOST_LAYERS = 150  # tracing takes the square of them

# The models compared by value, and a smaller image where the network takes any size.
ZOO = {
    "lenet5.cnn": (None, None),
    "resnet.cnn": (("ResNet18", "ResNet50", "PlainNet34"), (64, 64, 3)),
    "googlenet.cnn": (None, None),
    "densenet.cnn": (("DenseNet121", "DenseNetBC100_12"), (32, 32, 3)),
    "alexnet.cnn": (None, None),
    "vgg16.cnn": (("VGG16GAP",), (64, 64, 3)),
    "resnet_keras.cnn": (("ResNet50Keras", "ResNet50V2"), (64, 64, 3)),
    "nasnet.cnn": (("NASNetMobile",), (96, 96, 3)),
    "inception_resnet.cnn": (("InceptionResNetV2",), (139, 139, 3)),
    "efficientnet.cnn": (("EfficientNetB0", "EfficientNetB1"), (64, 64, 3)),
    "mobilenet.cnn": (None, (64, 64, 3)),
    "resnet_cifar.cnn": (("ResNet20", "PlainNet20", "ResNet50CIFAR"), None),
}


@pytest.mark.parametrize("path", sorted(GOLDENS.glob("*/spec.cnn")), ids=lambda p: p.parent.name)
def test_a_golden(path: Path):
    generated = generate_file(path)
    for network in generated.networks:
        check_shapes(generated, network)
        check_values(generated, network)


# Every compile proves its module without XLA, which runs two thirds of them with the slow tests.
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if place % 3 else [])
        for place, path in enumerate(sorted(CORNERS.glob("*.cnn")))
    ],
)
def test_a_corner_of_the_language(path: Path):
    """A parameter of a model that became an argument of its class can have another value, too."""
    generated = generate_file(path)
    for network in generated.networks:
        check_shapes(generated, network)
        check_values(generated, network)
        if network.declared is network.definition:
            check_arguments(generated, network, path.read_text(encoding="utf-8"))


def written(seed: int, later: bool) -> str:
    """A random spec that holds and whose networks are small: that of a seed, or of a next one."""
    return next(text for n in count(seed, 1000) if (text := small(Writer(Random(n), later).spec())))


def small(text: str) -> str | None:
    found = cnndsl.summarize(text)
    is_small = all(
        s.macs + 100 * s.params <= MOST_WORK and len(s.layers) <= MOST_LAYERS
        for s in found.summaries
    )
    return text if is_small and not found.diagnostics else None


def check_all(text: str) -> None:
    generated = generate(text)
    for network in generated.networks:
        check_shapes(generated, network)
        with suppress(NotFinite):
            check_values(generated, network)
    lint(generated.code, "B007")  # a variable of a loop may be read behind the loop alone


PLAIN, SLOW = (7, 4), (190, 100)  # how many: of the language before, and of all of it
SEEDS = [
    pytest.param(seed, later, marks=[pytest.mark.slow] if seed >= PLAIN[later] else [])
    for later in (False, True)
    for seed in range(PLAIN[later] + SLOW[later])
]


@pytest.mark.parametrize(("seed", "later"), SEEDS)
def test_a_random_spec(seed: int, later: bool):
    check_all(written(seed, later))


def test_most_random_specs_hold():
    """Otherwise the tests above would prove little."""
    texts = [Writer(Random(seed), later).spec() for seed in range(50) for later in (False, True)]
    assert sum(bool(cnndsl.check(text)) for text in texts) < 10


def kinds(network: Network) -> frozenset[str]:
    """The ops and the blocks that a network is made of."""
    return frozenset(
        record.op.name if isinstance(record, Layer) else record.block.name
        for record in records(network.frame)
        if isinstance(record, Layer | Instance)
    )


def records(record: Node) -> Iterator[Node]:
    yield record
    for held in children(record):
        yield from records(held)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SPECS.glob("*.cnn")), ids=lambda path: path.stem)
def test_the_zoo_has_the_shapes_of_its_specs(path: Path):
    """Of the networks that a body gives of the same ops and blocks, deeper or wider, the first."""
    generated = generate_file(path)
    firsts = {(id(n.definition), kinds(n)): n for n in reversed(generated.networks)}
    for network in firsts.values():
        check_shapes(generated, network)


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_computes_what_its_specs_say(name: str):
    models, image = ZOO[name]
    generated = generate_file(SPECS / name)
    for network in generated.networks:
        if models is None or network.name in models:
            check_values(generated, network, image)
