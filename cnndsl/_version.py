"""The version, in the one place that the package, its metadata and generated headers read."""

__version__ = "0.1.0"
