"""The names of tensors, packs and endpoints."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Fix
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.scope import Scope, Unknown
from cnndsl.ir import Pack, Result, Tensor
from cnndsl.ops import MERGES
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk


class Names:
    """Gives names to what a model has."""

    def __init__(self, shared: Shared):
        self.shared = shared

    def check_output(self, name: str, span: Span, context: Context) -> None:
        """Refuses an output that is none of a model's body, its stages, loops and branches."""
        if context.inside in ("model", "stage") and context.flat:
            return
        where = "in a group, a repetition or a merge"
        help = f"name the result of the whole: {{ … }} output {name[:40]}"
        if context.inside == "block":
            where = "in a block: outputs belong to a model"
            help = f"name the block's result where the model uses it: … output {name[:40]}"
        elif context.inside == "aux":
            where = "in an aux head, which is an endpoint already"
            help = f"`as {name[:40]}` names a tensor of it"
        raise Failure(errors.misplaced_output(span, f"no output stands {where}", help))

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
                other = free_name(name, {*self.shared.endpoints, *self.named_anywhere()})
                fix = Fix(span, other) if span.text == name != "logits" else None
                first = self.shared.named.get(name)
                raise Failure(errors.endpoint_twice(span, name, first, fix))
            self.shared.endpoints[name] = tensor
            self.shared.named[name] = span
        return name

    def named_anywhere(self) -> set[str]:
        """The names of stages in the spec, further down as well."""
        nodes = (n for d in self.shared.program.spec.definitions for n in walk(d))
        return {node.name for node in nodes if isinstance(node, ast.Stage)}

    def check_free(self, name: str, span: Span, scope: Scope) -> None:
        program = self.shared.program
        what = program.reserved(name)
        if scope.declaration(name) is not None:
            raise Failure(errors.name_taken(span, name, "shared layers"))
        if what in ("an op", "an op of this spec", "a block") and program.sees(span, name):
            first = program.blocks[name].name_span if what == "a block" else None
            numbered = f"in a loop, `{span.text}` is numbered" if span.text != name else None
            raise Failure(errors.name_taken(span, name, what, first=first, note=numbered))


def free_name(name: str, taken: set[str]) -> str:
    """The name with the next number behind it that is not taken."""
    stem = name.rstrip("0123456789")
    number = int(name[len(stem) :] or 1) + 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"
