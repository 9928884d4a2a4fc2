"""The one layout of specs: text in, text out, the same tree in both."""

from cnndsl.format.text import Formatted, Misformatted, format_source, format_spec

__all__ = ["Formatted", "Misformatted", "format_source", "format_spec"]
