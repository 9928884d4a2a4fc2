from collections.abc import Callable


def stateless(function: Callable) -> Callable:
    """What builds a layer without parameters, where others build modules."""
    return lambda *args, **kwargs: function
