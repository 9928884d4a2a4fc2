"""The names of tensors, packs and endpoints."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.scope import Scope, Unknown
from cnndsl.ir import Pack, Result, Tensor
from cnndsl.ops import MERGES
from cnndsl.source import Span


class Names:
    """Gives names to what a model has."""

    def __init__(self, shared: Shared):
        self.shared = shared

    def output(self, name: str, span: Span, endpoint: bool, context: Context) -> None:
        if not endpoint or context.in_loop or not context.flat:
            message = (
                "an output stands in a model's body or in a stage, outside of loops and groups"
            )
            raise Failure(errors.misplaced_output(span, message))
        self.shared.outputs.append(name)

    def hold(self, name: str, span: Span, result: Result, scope: Scope) -> None:
        """Names a tensor or a pack."""
        self.check_free(name, span, scope)
        if isinstance(result, Pack) and name in MERGES:  # `sub[0]` would be a merge
            raise Failure(errors.name_taken(span, name, "a merge"))
        if name in scope.values and isinstance(scope.values[name], Unknown):
            del scope.values[name]  # of an earlier mistake
        scope.tensors[name] = result

    def name(
        self,
        name: str,
        span: Span,
        tensor: Tensor,
        scope: Scope,
        context: Context,
        endpoint: bool,
    ) -> str:
        """Names a tensor, numbered inside a loop; returns the name."""
        if context.in_loop and endpoint:
            self.shared.numbered[name] += 1
            name += str(self.shared.numbered[name])
        self.check_free(name, span, scope)
        if tensor is self.shared.nothing:
            raise Failure(errors.nothing_flows(span, []))
        scope.tensors[name] = tensor
        if endpoint:
            if name in self.shared.endpoints or name == "logits":
                raise Failure(errors.endpoint_twice(span, name, self.shared.named.get(name)))
            self.shared.endpoints[name] = tensor
            self.shared.named[name] = span
        return name

    def check_free(self, name: str, span: Span, scope: Scope) -> None:
        what = self.shared.program.reserved(name)
        if scope.declaration(name) is not None:
            raise Failure(errors.name_taken(span, name, "shared layers"))
        if what in ("an op", "a block"):
            raise Failure(errors.name_taken(span, name, what))
