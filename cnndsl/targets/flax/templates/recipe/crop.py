import jax
import jax.numpy as jnp


def crop(
    images: jax.Array,
    key: jax.Array,
    pad: int = 0,
    size: tuple[int, int] | None = None,
    reflect: bool = False,
) -> jax.Array:
    """Cuts from every image a part at random, of `size` or else as large as it was,
    after `pad` zeros or reflected pixels were added on every side.

    (N, H, W, C) -> (N, *size, C)
    """
    n, height, width, channels = images.shape
    height, width = size or (height, width)
    margins = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    images = jnp.pad(images, margins, mode="reflect" if reflect else "constant")
    most = jnp.array(images.shape[1:3]) - jnp.array((height, width))
    corners = jax.random.randint(key, (n, 2), 0, most + 1)

    def cut(image: jax.Array, corner: jax.Array) -> jax.Array:
        start = (corner[0], corner[1], 0)
        return jax.lax.dynamic_slice(image, start, (height, width, channels))

    return jax.vmap(cut)(images, corners)
