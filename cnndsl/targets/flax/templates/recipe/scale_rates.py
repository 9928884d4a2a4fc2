from collections.abc import Mapping

import jax
import optax


def scale_rates(rates: Mapping[str, float]) -> optax.GradientTransformation:
    """Multiplies the updates of parts of a model, by path: `{"layer1.0": 0.1}`."""

    def scaled(path: tuple[object, ...], update: jax.Array) -> jax.Array:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        parts = [part for part in rates if name.startswith(f"{part}.")]
        return rates[max(parts, key=len)] * update if parts else update

    return optax.stateless(
        lambda updates, params: jax.tree.map_with_path(scaled, updates)
    )
