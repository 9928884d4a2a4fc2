"""A loop of one's own: the generated network, the generated recipe, and flax's own optimizer.

    python examples/own_loop.py

`cnndsl compile specs/lenet5.cnn` writes lenet5.py and lenet5_training.py. The second has schedule,
optimizer, loss and augmentation; what is left to write is this file. It needs jax, flax and optax.
"""

from __future__ import annotations

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from sklearn.datasets import load_digits

import cnndsl
from cnndsl.zoo.index import find, spec_path


def main() -> float:
    parser = argparse.ArgumentParser(description="Trains LeNet-5 in a loop of thirty lines.")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    spec = spec_path(find("LeNet5MNIST"))
    network = cnndsl.load(spec, model="LeNet5MNIST")
    recipe = cnndsl.load_training(spec, model="LeNet5MNIST")

    flat, labels = load_digits(return_X_y=True)
    images = jax.image.resize(
        jnp.asarray(flat).reshape(-1, 8, 8, 1) / 16, (1797, 28, 28, 1), "linear"
    )
    labels = jnp.asarray(labels)
    order = np.random.default_rng(0).permutation(1797)
    train, test = order[:1437], order[1437:]

    model = network.LeNet5MNIST(rngs=nnx.Rngs(0))
    steps = len(train) // recipe.BATCH_SIZE
    optimizer = nnx.Optimizer(model, recipe.optimizer(steps, model), wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer, images, labels, key):
        images, labels = recipe.augment(images, labels, key)

        def loss_of(model):
            return recipe.loss(model, images, labels)

        (loss, _), gradients = nnx.value_and_grad(loss_of, has_aux=True)(model)
        optimizer.update(model, gradients)
        return loss

    key = jax.random.key(0)
    accuracy = 0.0
    for epoch in range(options.epochs):
        shuffled = np.random.default_rng(epoch).permutation(train)
        model.train()
        for i in range(steps):
            chosen = shuffled[i * recipe.BATCH_SIZE : (i + 1) * recipe.BATCH_SIZE]
            key, used = jax.random.split(key)
            loss = step(model, optimizer, images[chosen], labels[chosen], used)
        model.eval()
        accuracy = float((model(images[test]).argmax(-1) == labels[test]).mean())
        print(f"epoch {epoch + 1}: loss {loss:.3f}, test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
