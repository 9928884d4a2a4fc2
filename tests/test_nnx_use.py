"""What users do with generated networks: transforms, dtypes, checkpoints, training, heads.

Each test takes the smallest network that can show its point, on small images.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx
from jax.extend.core import jaxprs_in_params

from tests.compiled import CORNERS, GENERATED
from tests.modules import QUICK, abstract, generate_file, imported

pytestmark = pytest.mark.xla

CLASSES = 10
DIGITS = (2, 32, 32, 1)
SMALL = (2, 32, 32, 3)

# A small network with dropout, batch norm and several auxiliary heads.
HEADS = CORNERS / "aux_heads.cnn"

Trees = tuple[nnx.GraphDef, nnx.State]


def module(name: str) -> ModuleType:
    return imported((GENERATED / f"{name}.py").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lenet5() -> ModuleType:
    return module("lenet5")


@pytest.fixture(scope="module")
def resnet() -> ModuleType:
    return module("resnet")


@pytest.fixture(scope="module")
def googlenet() -> ModuleType:
    return module("googlenet")


@pytest.fixture(scope="module")
def densenet() -> ModuleType:
    return module("densenet")


def made(cls: type[nnx.Module], seed: int = 0, **arguments: Any) -> nnx.Module:
    """An initialised model, made in one compilation."""

    def build() -> nnx.State:
        return nnx.state(cls(**arguments, rngs=nnx.Rngs(seed)))

    graph = nnx.graphdef(nnx.eval_shape(lambda: cls(**arguments, rngs=nnx.Rngs(seed))))
    return nnx.merge(graph, jax.jit(build, compiler_options=QUICK)())


@pytest.fixture
def tanh_net(lenet5: ModuleType) -> nnx.Module:
    """Without batch norm or dropout."""
    return made(lenet5.LeNet5Tanh)


@pytest.fixture(scope="module")
def resnet18(resnet: ModuleType) -> Trees:
    """ResNet18 for ten classes, as its graph and state."""
    return nnx.split(made(resnet.ResNet18, classes=CLASSES))


def noise(shape: tuple[int, ...], seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape, np.float32))


def same(a: Any, b: Any) -> bool:
    return jax.tree.all(jax.tree.map(lambda x, y: bool(jnp.array_equal(x, y)), a, b))


def apart(model: nnx.Module) -> tuple[nnx.GraphDef, nnx.State, nnx.State]:
    """The graph, the parameters, and the rest."""
    return nnx.split(model, nnx.Param, ...)


def loss_of(model: nnx.Module, images: jax.Array, labels: jax.Array) -> jax.Array:
    losses = optax.softmax_cross_entropy_with_integer_labels(model(images), labels)
    return losses.mean()


# --- what a module says of itself -----------------------------------------------------


@pytest.mark.parametrize(
    ("file", "models"),
    [
        ("lenet5", ("LeNet5", "LeNet5Tanh", "LeNet5MNIST", "LeNet5ReLU")),
        ("resnet", ("ResNet18", "PlainNet18")),
        ("googlenet", ("GoogLeNet",)),
        ("densenet", ("DenseNet121",)),
    ],
    ids=["lenet5", "resnet", "googlenet", "densenet"],
)
def test_constants_are_right(file: str, models: tuple[str, ...]):
    generated = module(file)
    counts, shapes = generated.NUM_PARAMS, generated.INPUT_SHAPE
    for name in models:
        count = counts[name] if isinstance(counts, dict) else counts
        shape = shapes[name] if isinstance(shapes, dict) else shapes
        model = abstract(getattr(generated, name))
        assert sum(p.size for p in jax.tree.leaves(nnx.state(model, nnx.Param))) == count
        assert output_of(model, (2, *shape)).shape[0] == 2


def output_of(model: nnx.Module, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Any:
    """The abstract logits."""
    graph, state = nnx.split(model)
    images = jax.ShapeDtypeStruct(shape, dtype)
    return jax.eval_shape(lambda s, x: nnx.merge(graph, s)(x), state, images)


def test_classes_is_an_argument(resnet: ModuleType, googlenet: ModuleType):
    for cls in (resnet.ResNet18, resnet.ResNet50):
        assert output_of(abstract(cls, classes=CLASSES), SMALL).shape == (2, CLASSES)
    model = abstract(googlenet.GoogLeNet, classes=CLASSES)
    assert output_of(model, (2, 224, 224, 3)).shape == (2, CLASSES)


def test_fully_convolutional_networks_take_any_size(densenet: ModuleType):
    model = abstract(densenet.DenseNet121)
    assert output_of(model, (1, 100, 75, 3)).shape == (1, 1000)


def test_endpoints_are_the_stages(resnet: ModuleType):
    model = abstract(resnet.ResNet18)
    graph, state = nnx.split(model)
    images = jax.ShapeDtypeStruct(SMALL, jnp.float32)
    found = jax.eval_shape(lambda s, x: nnx.merge(graph, s).endpoints(x), state, images)
    layers = {"stem", "layer1", "layer2", "layer3", "layer4", "head", "logits"}
    assert set(found) == layers
    assert found["layer2"].shape == (2, 4, 4, 128)


def test_equal_seeds_give_equal_networks(lenet5: ModuleType):
    first, again, other = (nnx.state(made(lenet5.LeNet5MNIST, seed)) for seed in (0, 0, 1))
    assert same(first, again)
    assert not same(first, other)


def test_a_network_is_what_its_class_makes(lenet5: ModuleType):
    """Made eagerly, without the compilation of `made`."""
    eager = nnx.state(lenet5.LeNet5MNIST(rngs=nnx.Rngs(0)))
    compiled = nnx.state(made(lenet5.LeNet5MNIST))
    close = jax.tree.map(lambda a, b: bool(jnp.allclose(a, b, atol=1e-6)), eager, compiled)
    assert jax.tree.all(close)


def test_equal_models_are_equal_to_jit(resnet: ModuleType):
    """One compilation serves them both: nothing in the graph differs by identity."""
    first, again = (nnx.graphdef(abstract(resnet.ResNet18)) for _ in range(2))
    assert first == again
    assert hash(first) == hash(again)


def test_an_argument_that_there_is_not_is_told_with_the_model():
    cls = module("vgg16").VGG16
    with pytest.raises(TypeError, match=r"VGG16\.__init__\(\) .*'clases'"):
        cls(clases=10, rngs=nnx.Rngs(0))
    with pytest.raises(TypeError, match=r"VGG16\.__init__\(\) .*'kernel_init'"):
        cls(kernel_init=nnx.initializers.zeros_init(), rngs=nnx.Rngs(0))
    with pytest.raises(TypeError, match=r"VGG16\.__init__\(\) .*'rngs'"):
        cls(classes=10)


# --- transforms -----------------------------------------------------------------------


def test_nnx_jit(tanh_net: nnx.Module):
    images = noise(DIGITS)
    compiled = nnx.jit(lambda model, images: model(images))(tanh_net, images)
    np.testing.assert_allclose(compiled, tanh_net(images), atol=1e-5)


def test_jax_jit_of_the_state(tanh_net: nnx.Module):
    graph, state = nnx.split(tanh_net)
    images = noise(DIGITS)
    compiled = jax.jit(lambda state, images: nnx.merge(graph, state)(images))(state, images)
    np.testing.assert_allclose(compiled, tanh_net(images), atol=1e-5)


def test_jax_grad_of_the_state_equals_nnx_grad(tanh_net: nnx.Module):
    graph, params, rest = apart(tanh_net)
    images, labels = noise(DIGITS), jnp.array([1, 2])

    def loss(params: nnx.State) -> jax.Array:
        return loss_of(nnx.merge(graph, params, rest, copy=True), images, labels)

    plain = jax.jit(jax.grad(loss))(params)
    value, lifted = nnx.jit(nnx.value_and_grad(loss_of))(tanh_net, images, labels)
    assert jnp.isfinite(value)
    close = jax.tree.map(
        lambda a, b: bool(jnp.allclose(a, b, atol=1e-6)), nnx.to_pure_dict(plain), pure(lifted)
    )
    assert jax.tree.all(close)
    assert all(bool(jnp.any(g != 0)) for g in jax.tree.leaves(plain))


def pure(state: Any) -> Any:
    return nnx.to_pure_dict(nnx.state(state))


def test_vmap_over_images(tanh_net: nnx.Module):
    graph, state = nnx.split(tanh_net)
    images = noise(DIGITS)
    one = jax.jit(jax.vmap(lambda image: nnx.merge(graph, state)(image[None])[0]))(images)
    np.testing.assert_allclose(one, tanh_net(images), atol=1e-5)


def test_an_ensemble_by_vmap(lenet5: ModuleType):
    @nnx.vmap(in_axes=(0, None), out_axes=0)
    def outputs(model: nnx.Module, images: jax.Array) -> jax.Array:
        return model(images)

    @nnx.split_rngs(splits=3)
    @nnx.vmap
    def ensemble(rngs: nnx.Rngs) -> nnx.Module:
        return lenet5.LeNet5MNIST(rngs=rngs)

    models = ensemble(nnx.Rngs(0))
    logits = outputs(models, noise((2, 28, 28, 1)))
    assert logits.shape == (3, 2, CLASSES)
    assert not jnp.allclose(logits[0], logits[1])


def test_tree_mode(lenet5: ModuleType):
    """flax's `graph=False`, where a module is a plain pytree: no variable may be shared."""
    model = made(lenet5.LeNet5)
    images = noise(DIGITS)
    step = nnx.jit(lambda model, images: model(images), graph=False)
    np.testing.assert_allclose(step(model, images), model(images), rtol=1e-4, atol=1e-4)


def test_tree_mode_of_every_module(resnet: ModuleType, googlenet: ModuleType):
    for cls in (resnet.ResNet18, googlenet.GoogLeNet):
        model = nnx.eval_shape(lambda cls=cls: cls(rngs=nnx.Rngs(0)), graph=False)
        assert nnx.split(model, graph=False)


# --- training and evaluation ----------------------------------------------------------


def test_batch_norm_learns_in_training_alone(resnet18: Trees):
    @nnx.jit
    def statistics_after(model: nnx.Module, images: jax.Array) -> nnx.State:
        model(images)
        return nnx.state(model, nnx.BatchStat)

    model = nnx.merge(*resnet18, copy=True)
    before = nnx.clone(model)
    images = noise(SMALL)
    model.eval()
    assert same(statistics_after(model, images), nnx.state(before, nnx.BatchStat))
    model.train()
    assert not same(statistics_after(model, images), nnx.state(before, nnx.BatchStat))


def test_dropout_acts_in_training_alone():
    model = made(generate_file(HEADS).module.Net)
    images = noise((1, 8, 8, 3))
    forward = nnx.jit(lambda model, images: model(images))
    model.train()
    assert not jnp.array_equal(forward(model, images), forward(model, images))
    model.eval()
    assert jnp.array_equal(forward(model, images), forward(model, images))


def test_a_step_lowers_the_loss_and_moves_the_statistics(resnet18: Trees):
    model = nnx.merge(*resnet18, copy=True)
    model.train()
    statistics = nnx.state(nnx.clone(model), nnx.BatchStat)
    optimizer = nnx.Optimizer(model, optax.sgd(0.01), wrt=nnx.Param)
    images, labels = noise((4, 32, 32, 3)), jnp.arange(4)

    @nnx.jit
    def step(model: nnx.Module, optimizer: nnx.Optimizer) -> jax.Array:
        loss, gradients = nnx.value_and_grad(loss_of)(model, images, labels)
        optimizer.update(model, gradients)
        return loss

    losses = [float(step(model, optimizer)) for _ in range(4)]
    assert losses[-1] < losses[0]
    assert not same(statistics, nnx.state(model, nnx.BatchStat))


# --- precision ------------------------------------------------------------------------


def test_bfloat16_computes_like_float32(resnet: ModuleType, resnet18: Trees):
    _, state = resnet18
    full = nnx.merge(*resnet18, copy=True)
    half = nnx.eval_shape(lambda: resnet.ResNet18(CLASSES, dtype=jnp.bfloat16, rngs=nnx.Rngs(0)))
    nnx.update(half, state)
    images = noise(SMALL)
    outputs = []
    for model in (full, half):
        model.eval()
        outputs.append(nnx.jit(lambda model, images: model.endpoints(images))(model, images))
    expected, found = outputs
    assert {value.dtype for value in found.values()} == {jnp.dtype(jnp.bfloat16)}
    scale = jnp.abs(expected["logits"]).max()
    assert jnp.abs(found["logits"].astype(jnp.float32) - expected["logits"]).max() < 0.05 * scale
    assert dtypes_of(half, nnx.Any(nnx.Param, nnx.BatchStat)) == {jnp.dtype(jnp.float32)}


def dtypes_of(model: nnx.Module, kind: Any) -> set[Any]:
    return {value.dtype for value in jax.tree.leaves(nnx.state(model, kind))}


def test_statistics_are_float32_whatever_computes():
    """Of what batch norm gets in bfloat16, but never rounded to it themselves."""
    model = made(generate_file(HEADS).module.Net, dtype=jnp.bfloat16)
    model.train()
    step = nnx.jit(lambda model, images: model.endpoints(images)["logits"])
    assert step(model, noise((2, 8, 8, 3))).dtype == jnp.bfloat16
    assert dtypes_of(model, nnx.BatchStat) == {jnp.dtype(jnp.float32)}
    statistics = jnp.concatenate(jax.tree.leaves(nnx.state(model, nnx.BatchStat)))
    assert jnp.mean(statistics != statistics.astype(jnp.bfloat16)) > 0.5


def test_every_layer_computes_in_the_dtype(lenet5: ModuleType, googlenet: ModuleType):
    """The layers of blocks as well, which get no dtype of their own."""
    for cls in (lenet5.LeNet5, lenet5.LeNet5Tanh, googlenet.GoogLeNet):
        for _, layer in nnx.iter_modules(abstract(cls, dtype=jnp.bfloat16)):
            assert getattr(layer, "dtype", jnp.bfloat16) == jnp.bfloat16, type(layer)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_no_layer_leaks_float32(dtype: Any, lenet5: ModuleType, googlenet: ModuleType):
    for cls, shape in ((lenet5.LeNet5, DIGITS), (googlenet.GoogLeNet, (1, 224, 224, 3))):
        model = abstract(cls, dtype=jnp.bfloat16)
        assert output_of(model, shape, dtype).dtype == jnp.bfloat16


def test_param_dtype_is_that_of_every_parameter(googlenet: ModuleType, resnet: ModuleType):
    for cls in (googlenet.GoogLeNet, resnet.ResNet18):
        model = abstract(cls, param_dtype=jnp.bfloat16)
        assert dtypes_of(model, nnx.Param) == {jnp.dtype(jnp.bfloat16)}
        assert dtypes_of(model, nnx.BatchStat) <= {jnp.dtype(jnp.float32)}


def test_parameters_in_another_dtype_are_the_same_ones_rounded(lenet5: ModuleType):
    """Also those of layers that flax does not have: LeNet-5's pooling and sparse connections."""
    whole, half = (
        parameters(made(lenet5.LeNet5, param_dtype=dtype)) for dtype in (jnp.float32, jnp.bfloat16)
    )
    assert whole.keys() == half.keys()
    rounded = {path: value.astype(jnp.bfloat16) for path, value in whole.items()}
    assert {value.dtype for value in half.values()} == {jnp.dtype(jnp.bfloat16)}
    assert same(rounded, half)


# --- checkpoints ----------------------------------------------------------------------


def test_a_checkpoint_brings_a_network_back(lenet5: ModuleType, tmp_path):
    model = made(lenet5.LeNet5)
    images = noise(DIGITS)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", nnx.to_pure_dict(nnx.state(model)))
        checkpointer.wait_until_finished()
        empty = nnx.eval_shape(lambda: lenet5.LeNet5(rngs=nnx.Rngs(0)))
        graph, state = nnx.split(empty)
        restored = checkpointer.restore(tmp_path / "state", nnx.to_pure_dict(state))
    nnx.replace_by_pure_dict(state, restored)
    again = nnx.merge(graph, state)
    assert jnp.array_equal(again(images), model(images))


# --- auxiliary heads ------------------------------------------------------------------


def test_heads_change_no_other_parameter():
    """They are made last, and in loops from random numbers of their own, so that a seed gives the
    same network with and without them."""
    cls = generate_file(HEADS).module.Net
    heads, without = (parameters(made(cls, aux=aux)) for aux in (True, False))
    assert len(without) < len(heads)
    assert same({path: heads[path] for path in without}, without)


def parameters(model: nnx.Module) -> dict[tuple[Any, ...], jax.Array]:
    state = nnx.to_flat_state(nnx.state(model, nnx.Param))
    return {path: variable.get_value() for path, variable in state}


def test_google_net_without_heads(googlenet: ModuleType):
    model = abstract(googlenet.GoogLeNet, aux=False)
    assert sum(p.size for p in jax.tree.leaves(nnx.state(model, nnx.Param))) == 6_998_552


def test_a_call_runs_no_head(googlenet: ModuleType):
    model = abstract(googlenet.GoogLeNet)
    graph, state = nnx.split(model)
    images = jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)

    def products(function: Any) -> int:
        return count_products(jax.make_jaxpr(function)(state, images).jaxpr)

    called = products(lambda s, x: nnx.merge(graph, s)(x))
    everything = products(lambda s, x: nnx.merge(graph, s).endpoints(x))
    assert called == 57 + 1  # convolutions, and the classifier
    assert everything == called + 2 * 3


def count_products(jaxpr: Any) -> int:
    """The convolutions and matrix products of a jaxpr."""
    count = 0
    for equation in jaxpr.eqns:
        count += equation.primitive.name in ("conv_general_dilated", "dot_general")
        count += sum(map(count_products, jaxprs_in_params(equation.params)))
    return count


def test_heads_are_endpoints_with_weights(googlenet: ModuleType):
    assert googlenet.AUX_WEIGHTS == {"aux1": 0.3, "aux2": 0.3}
    for aux in (True, False):
        graph, state = nnx.split(abstract(googlenet.GoogLeNet, aux=aux))
        images = jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)

        def endpoints(s: nnx.State, x: jax.Array, graph: Any = graph) -> dict[str, jax.Array]:
            return nnx.merge(graph, s).endpoints(x)

        found = jax.eval_shape(endpoints, state, images)
        assert ({"aux1", "aux2"} <= set(found)) == aux
