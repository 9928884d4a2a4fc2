"""The tree, built from the bottom up while the text is parsed: a method per rule of cnn.lark.

Every method takes the symbols of its rule in order: words of the text, nodes, or None for an
optional symbol that is not there. Lists come with their separators in between. Nothing here
recurses, so that the depth of a spec never becomes the depth of a Python stack.
"""

from __future__ import annotations

from cnndsl.syntax.build_chains import Chains
from cnndsl.syntax.build_definitions import Definitions
from cnndsl.syntax.build_expressions import Expressions
from cnndsl.syntax.build_statements import Statements


class Builder(Definitions, Statements, Chains, Expressions):
    """One method per rule; without state."""
