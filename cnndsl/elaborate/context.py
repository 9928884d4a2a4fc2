"""Where in a model the elaborator is, and what it shares along the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.collect import Collector, Failure, Place
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.head import Head
from cnndsl.elaborate.otherwise import Effort
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reuse import Known
from cnndsl.elaborate.sharing import Declaration
from cnndsl.ir import Result, Tensor, Value
from cnndsl.ops.brought import Brought
from cnndsl.source import Span
from cnndsl.syntax import ast

MAX_NODES = 100_000
MAX_DEPTH = 1_000


@dataclass
class Budget:
    """What all models of a spec may take together, and what they have in common."""

    known: Known
    nodes: int = 0
    effort: Effort = field(default_factory=Effort)  # for the explanations of failed counts


@dataclass
class Shared:
    """One model's elaboration."""

    program: Program
    evaluator: Evaluator
    found: Collector
    budget: Budget
    head: Head | None = None  # of a model without classes
    endpoints: dict[str, Tensor] = field(default_factory=dict)
    named: dict[str, Span] = field(default_factory=dict)  # where each endpoint is
    expectations: list[tuple[ast.Expect, Value]] = field(default_factory=list)
    numbered: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)  # per stage, for paths
    declared: list[Declaration] = field(default_factory=list)  # shared layers
    image: tuple[int, ...] | None = None  # the input, where its size was set from outside
    brought: dict[type[Brought], None] = field(default_factory=dict)  # layers of the author's own
    heads: dict[str, Tensor] = field(default_factory=dict)  # auxiliary ones, by name
    outputs: list[str] = field(default_factory=list)  # endpoints that are results
    nothing: Tensor | None = None  # what flows at first where inputs have names
    is_sharing: bool = False  # while shared layers run
    recipe: ast.Train | None = None
    preprocess: ast.Preprocess | None = None

    def check_reads(self, name: str, tensor: Value | Result, span: Span) -> None:
        """Refuses to read what an auxiliary head gives: the network runs without it."""
        if tensor is not None and self.heads.get(name) is tensor:
            help = "name what both read before the head, and read that"
            what = "an auxiliary head, which training alone runs"
            raise Failure(errors.not_runnable(span, name, what, help))

    def count_node(self, span: Span) -> None:
        self.count_nodes(1, span)

    def count_nodes(self, nodes: int, span: Span) -> None:
        before = self.budget.nodes
        self.budget.nodes += nodes
        if before > MAX_NODES:
            raise Failure  # has been reported
        if self.budget.nodes > MAX_NODES:
            raise Failure(errors.over_budget(span, "a spec has at most 100,000 nodes"))


@dataclass(slots=True)
class Context:
    """The surroundings of a body.

    `inside` is model, stage, aux or block; a group keeps that of the body around it, and
    `flat` is false in it, as it is in a repetition.
    """

    inside: str
    in_loop: bool = False
    flat: bool = True
    stage: str | None = None
    place: Place | None = None
    depth: int = 0
    last: ast.Statement | None = None  # of a block's body, which may be a `return`

    def nested(
        self,
        span: Span,
        *,
        inside: str | None = None,
        in_loop: bool | None = None,
        flat: bool | None = None,
        stage: str | None = None,
        place: Place | None = None,
    ) -> Context:
        """One level deeper; what is None stays as it is around."""
        if self.depth >= MAX_DEPTH:
            raise Failure(errors.over_budget(span, "blocks and groups nest at most 1,000 deep"))
        return Context(
            self.inside if inside is None else inside,
            self.in_loop if in_loop is None else in_loop,
            self.flat if flat is None else flat,
            self.stage if stage is None else stage,
            self.place if place is None else place,
            self.depth + 1,
        )

    def report(self, found: Collector, diagnostic: Diagnostic | None) -> None:
        if diagnostic is None:
            found.reports += 1  # follows from a mistake
        else:
            found.add(diagnostic, self.place)
