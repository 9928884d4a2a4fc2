"""A compiler from CNN architectures, written the way papers state them, to Flax NNX modules."""

from cnndsl._version import __version__

__all__ = ["__version__"]
