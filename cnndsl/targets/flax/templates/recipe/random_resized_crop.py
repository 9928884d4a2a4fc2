import jax
import jax.numpy as jnp


def random_resized_crop(
    images: jax.Array,
    key: jax.Array,
    size: tuple[int, int],
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> jax.Array:
    """Cuts from every image a part whose area, `scale` of the image's, and whose width
    by height, `ratio`, are random, and resizes it to `size`.

    Szegedy et al., "Going Deeper with Convolutions", 2014, section 6.

    (N, H, W, C) -> (N, *size, C)
    """
    n, height, width, channels = images.shape
    for_area, for_ratio, for_corner = jax.random.split(key, 3)
    low, high = jnp.log(jnp.array(ratio))
    area = jax.random.uniform(for_area, (n,), minval=scale[0], maxval=scale[1])
    shape = jnp.exp(jax.random.uniform(for_ratio, (n,), minval=low, maxval=high))
    area = area * height * width
    sides = jnp.stack([jnp.sqrt(area / shape), jnp.sqrt(area * shape)], axis=-1)
    whole = jnp.array((height, width))
    sides = jnp.minimum(sides, whole)  # a long part of a large area would not fit
    corners = jax.random.uniform(for_corner, (n, 2)) * (whole - sides)

    def cut(image: jax.Array, corner: jax.Array, side: jax.Array) -> jax.Array:
        factor = jnp.array(size) / side
        return jax.image.scale_and_translate(
            image, (*size, channels), (0, 1), factor, -corner * factor, "linear"
        )

    return jax.vmap(cut)(images, corners, sides)
