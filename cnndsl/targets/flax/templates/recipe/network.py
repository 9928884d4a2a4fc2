from typing import Protocol

import jax


class Network(Protocol):
    """A network with auxiliary heads, such as its own module has."""

    def endpoints(self, x: jax.Array) -> dict[str, jax.Array]: ...
