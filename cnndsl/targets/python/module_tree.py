"""The nodes of a module: its definitions and imports."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.targets.python.tree import Assign, Declare, Expr, Remark, Statement


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name: annotation = default`; `star` is "", "*" (a bare `*` has the name "") or "**"."""

    name: str
    annotation: Expr | None = None
    default: Expr | None = None
    star: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """`doc` is the docstring's text without indentation, "" for none."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: Expr | None
    body: tuple[Statement, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Class:
    """`attributes` are assignments and declarations, above the methods."""

    name: str
    base: Expr | None
    attributes: tuple[Assign | Declare, ...] = ()
    methods: tuple[Function, ...] = ()
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Helper:
    """A definition that generated modules carry with them as it stands, such as
    `keep_float32`: `name` is its file in the templates, `defines` the name that it binds."""

    name: str
    defines: str
    text: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """An assignment printed by hand between `# fmt: off` and `# fmt: on`: a table of numbers
    of which a formatter would give every one a line. `rows` are the lines' expressions."""

    name: str
    rows: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """`import module as name`, or `from module import name`, with another name as its `alias`."""

    module: str
    name: str
    is_from: bool = False
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name that it binds."""
        return self.alias or self.name


Definition = Function | Class | Helper | Frozen | Assign | Remark


@dataclass(frozen=True, slots=True)
class Module:
    """`doc` is the docstring's text; a `Remark` belongs to the definition behind it."""

    doc: str
    imports: tuple[Import, ...] = ()
    body: tuple[Definition, ...] = ()
