"""The compiled functions of a run: one step of training, and the judging of images.

The network is parted once into its graph and its numbers. Compiled functions take and give the
numbers as one flat list of arrays, so that a step costs the host what any jitted function of as
many arrays costs, and each step writes over the numbers of the step before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ParamSpec, TypeVar, cast

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from cnndsl.training.devices import Devices
from cnndsl.training.errors import TrainingError
from cnndsl.training.frozen import evaluate_below, lies_below
from cnndsl.training.normalise import Normalise
from cnndsl.training.recipe import Recipe
from cnndsl.training.state import Judged, Leaves, Metrics, Rest, State

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Program:
    """What is compiled for a run.

    Attributes:
      model: the network, whose numbers are those to begin with.
      frozen: the paths that do not learn.
      accumulate: in how many parts, one after the other, the gradients of a batch are found.
    """

    model: nnx.Module
    recipe: Recipe
    normalise: Normalise
    steps_per_epoch: int
    devices: Devices
    seed: int
    frozen: tuple[str, ...] = ()
    accumulate: int = 1

    def __post_init__(self) -> None:
        _ = self.training, self.using, self.optimizer  # which no trace may make first

    @cached_property
    def optimizer(self) -> optax.GradientTransformation:
        try:
            return self.recipe.optimizer(self.steps_per_epoch, self.model)
        except ValueError as error:  # optax's, of a schedule in too few steps
            message = f"the recipe cannot run {self.recipe.EPOCHS} epochs of {self.steps_per_epoch}"
            raise TrainingError(f"{message} steps: {error}", "give it more --epochs") from None

    @cached_property
    def training(self) -> nnx.GraphDef[nnx.Module]:
        """The graph of the network while it is trained."""
        self.model.train()
        evaluate_below(self.model, self.frozen)
        return nnx.graphdef(self.model)

    @cached_property
    def using(self) -> nnx.GraphDef[nnx.Module]:
        """The graph of the network in use: no dropout, batch norms by what they know."""
        self.model.eval()
        return nnx.graphdef(self.model)

    @cached_property
    def _abstract(self) -> State:
        return jax.eval_shape(self._initial, *self._parts())

    @cached_property
    def abstract_leaves(self) -> list[jax.ShapeDtypeStruct]:
        """The shapes and dtypes of the flat state."""
        return jax.tree.leaves(self._abstract)

    @cached_property
    def shardings(self) -> list[jax.sharding.NamedSharding]:
        """Where each array of the flat state lies."""
        return [self.devices.of_state(leaf) for leaf in self.abstract_leaves]

    @cached_property
    def names(self) -> list[str]:
        """What each array of the flat state is called."""
        paths, _ = jax.tree_util.tree_flatten_with_path(self._abstract)
        return [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]

    def start(self) -> Leaves:
        """The state before the first step."""
        begin = jax.jit(
            lambda *parts: jax.tree.leaves(self._initial(*parts)), out_shardings=self.shardings
        )
        return begin(*self._parts())

    def state(self, leaves: Sequence[jax.Array]) -> State:
        state: State = jax.tree.unflatten(jax.tree.structure(self._abstract), leaves)
        return state

    def network(self, leaves: Sequence[jax.Array]) -> nnx.Module:
        """The network in use: with averaged numbers, if the recipe averages."""
        return self._network(self.state(leaves))

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return float(jnp.asarray(self.recipe.schedule(self.steps_per_epoch)(step)))

    # --- compiled ---------------------------------------------------------------------

    @cached_property
    def step(self) -> Callable[[Leaves, jax.Array, jax.Array], tuple[Leaves, Metrics]]:
        """One step with a batch from the host: images (B, H, W, C) uint8, labels (B,)."""
        return self._compiled(self._step)

    @cached_property
    def step_of(
        self,
    ) -> Callable[[Leaves, jax.Array, jax.Array, jax.Array], tuple[Leaves, Metrics]]:
        """One step with images that lie on the device, chosen by indices (B,)."""
        return self._compiled(self._chosen_step)

    @cached_property
    def steps_of(
        self,
    ) -> Callable[[Leaves, jax.Array, jax.Array, jax.Array], tuple[Leaves, Metrics]]:
        """A run of steps with images that lie on the device, by indices (K, B); metrics (K,)."""

        def run(
            leaves: Leaves, images: jax.Array, labels: jax.Array, indices: jax.Array
        ) -> tuple[Leaves, Metrics]:
            def one(leaves: Leaves, chosen: jax.Array) -> tuple[Leaves, Metrics]:
                return self._chosen_step(leaves, images, labels, chosen)

            return jax.lax.scan(one, leaves, indices)

        return self._compiled(run)

    @cached_property
    def judge(self) -> Callable[[Leaves, jax.Array, jax.Array], Judged]:
        """What the network says of images (B, H, W, C) uint8 with labels (B,)."""
        return jax.jit(self._judge, out_shardings=self.devices.whole)

    @cached_property
    def chances(self) -> Callable[[Leaves, jax.Array], jax.Array]:
        """The probability of each class (N, classes) for images (N, H, W, C) uint8."""
        return jax.jit(lambda leaves, images: jax.nn.softmax(self._logits(leaves, images)))

    def _compiled(self, function: Callable[P, R]) -> Callable[P, R]:
        """A function of the flat state, which it may write over."""
        whole = self.devices.whole
        shardings = self.shardings, whole
        return jax.jit(function, donate_argnums=0, out_shardings=shardings)

    # --- traced -----------------------------------------------------------------------

    def _parts(self) -> tuple[nnx.State, nnx.State, nnx.State]:
        return _pure(self.model, nnx.Param), *_rest(self.model)

    def _initial(self, params: nnx.State, statistics: nnx.State, random: nnx.State) -> State:
        average = None
        if self.recipe.EMA_DECAY is not None:
            average = jax.tree.map(jnp.copy, nnx.merge_state(params, statistics))
        optimizer = self.optimizer.init(params)
        return State(jnp.zeros((), jnp.int32), params, statistics, random, optimizer, average)

    def _network(self, state: State) -> nnx.Module:
        known = [state.params, state.statistics, state.random]
        if state.average is not None:
            known.append(state.average)
        return nnx.merge(self.using, nnx.merge_state(*known), copy=True)

    def _chosen_step(
        self, leaves: Leaves, images: jax.Array, labels: jax.Array, chosen: jax.Array
    ) -> tuple[Leaves, Metrics]:
        return self._step(leaves, images[chosen], labels[chosen])

    def _step(self, leaves: Leaves, images: jax.Array, labels: jax.Array) -> tuple[Leaves, Metrics]:
        state = self.state(leaves)
        key = jax.random.fold_in(jax.random.key(self.seed), state.step)
        x, y = self.recipe.augment(images.astype(jnp.float32) / 255, labels, key)
        x = self.normalise(x)
        (statistics, random), gradients, metrics = self._gradients(state, x, y)
        updates, optimizer = self.optimizer.update(gradients, state.optimizer, state.params)
        updated = cast(nnx.State, optax.apply_updates(state.params, updates))
        params = self._kept(state.params, updated)
        average = self._averaged(state, params, statistics)
        after = State(state.step + 1, params, statistics, random, optimizer, average)
        return jax.tree.leaves(after), metrics

    def _gradients(
        self, state: State, x: jax.Array, y: jax.Array
    ) -> tuple[Rest, nnx.State, Metrics]:
        """The mean gradients of a batch, part by part, and what else the network changed."""

        def loss_of(
            params: nnx.State, rest: Rest, x: jax.Array, y: jax.Array
        ) -> tuple[jax.Array, tuple[Rest, jax.Array]]:
            state = nnx.merge_state(self._held(params), *rest)
            model = nnx.merge(self.training, state, copy=True)
            loss, logits = self.recipe.loss(model, x, y)
            right = jnp.argmax(logits, -1) == (y if y.ndim == 1 else jnp.argmax(y, -1))
            return loss.astype(jnp.float32), (_rest(model), right.mean(dtype=jnp.float32))

        value_and_gradients = jax.value_and_grad(loss_of, has_aux=True)
        rest, totals = (state.statistics, state.random), None
        for part in range(self.accumulate):  # every part is spread over all devices
            chosen = slice(part, None, self.accumulate)
            (loss, (rest, accuracy)), gradients = value_and_gradients(
                state.params, rest, x[chosen], y[chosen]
            )
            found = gradients, Metrics(loss, accuracy)
            totals = found if totals is None else jax.tree.map(jnp.add, totals, found)
        gradients, metrics = jax.tree.map(lambda total: total / self.accumulate, totals)
        return rest, gradients, metrics

    def _averaged(self, state: State, params: nnx.State, statistics: nnx.State) -> nnx.State | None:
        if state.average is None or self.recipe.EMA_DECAY is None:
            return None
        now = nnx.merge_state(params, statistics)
        return self.recipe.average(state.average, now, state.step, self.recipe.EMA_DECAY)

    def _held(self, params: nnx.State) -> nnx.State:
        """The parameters, of which the frozen ones have no gradient."""
        return self._mapped(params, lambda old, _: jax.lax.stop_gradient(old), params)

    def _kept(self, old: nnx.State, new: nnx.State) -> nnx.State:
        """The new parameters, of which the frozen ones are the old."""
        return self._mapped(old, lambda old, _: old, new)

    def _mapped(
        self,
        old: nnx.State,
        frozen: Callable[[jax.Array, jax.Array], jax.Array],
        new: nnx.State,
    ) -> nnx.State:
        if not self.frozen:
            return new
        flat = zip(nnx.to_flat_state(old), nnx.to_flat_state(new), strict=True)
        pairs = []
        for (path, before), (_, after) in flat:
            kept = lies_below(path, self.frozen)
            pairs.append((path, frozen(before, after) if kept else after))
        return nnx.from_flat_state(pairs)

    def _logits(self, leaves: Leaves, images: jax.Array) -> jax.Array:
        model = self._network(self.state(leaves))
        x = self.normalise(images.astype(jnp.float32) / 255)
        logits: jax.Array = model(x)  # type: ignore[operator]
        return logits.astype(jnp.float32)

    def _judge(self, leaves: Leaves, images: jax.Array, labels: jax.Array) -> Judged:
        logits = self._logits(leaves, images)
        chances = jax.nn.log_softmax(logits)
        own = jnp.take_along_axis(chances, labels[:, None], axis=-1)
        higher = (chances > own).sum(-1)
        return Judged(jnp.argmax(logits, -1), jnp.exp(own[:, 0]), higher < 5, -own[:, 0])


def _pure(model: nnx.Module, kind: nnx.filterlib.Filter) -> nnx.State:
    """The arrays of one kind of variables."""
    return cast(nnx.State, nnx.as_pure(nnx.state(model, kind)))


def _rest(model: nnx.Module) -> Rest:
    """Batch statistics, and what is neither they nor parameters."""
    others = nnx.Not(nnx.Any(nnx.Param, nnx.BatchStat))
    return _pure(model, nnx.BatchStat), _pure(model, others)
