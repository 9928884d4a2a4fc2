import jax.numpy as jnp
import optax


def warm_up(schedule: optax.Schedule, peak: float, steps: int) -> optax.Schedule:
    """The schedule, but for a rise from 0 to `peak` during its first steps."""
    rise = optax.linear_schedule(0.0, peak, max(steps, 1))
    return lambda step: jnp.where(jnp.less(step, steps), rise(step), schedule(step))
