"""Lines of the call: what flows gets a variable where a line is full."""

from __future__ import annotations

from cnndsl.ir import Tensor
from cnndsl.targets.flax.builder import Builder
from cnndsl.targets.flax.emission import Role
from cnndsl.targets.flax.flow import Flow
from cnndsl.targets.flax.pyexpr import Ref, Scope, bindings, render

LINE = 88
WIDTH = 76  # of a line's expression, less its indentation and target


class Lines(Builder):
    """Writes the flow into lines, with its shape where that changes."""

    def settle(self, flow: Flow, target: str) -> Flow:
        """Gives the flow a variable: a line of the call, unless it is one already."""
        if flow.is_atom:
            return flow
        return self.assign(flow, target)

    def assign(self, flow: Flow, target: str) -> Flow:
        if flow.text == target:
            return Flow(target, flow.channels, flow.tensors)
        comment = "" if flow.is_atom else self.comment(flow, len(target))
        line = f"{target} = {flow.text}{comment}"
        self.state.call.append(line)
        if target == "x":
            self.state.overwritten = True
        return Flow(target, flow.channels, flow.tensors)

    def shown(self, tensors: tuple[Tensor, ...]) -> list[Tensor]:
        """The tensors that a comment speaks of: in a model, those of its first variant."""
        numbers = self.state.cx
        if not self.concrete or len(numbers) != len(tensors):
            return list(tensors)
        return [t for t, n in zip(tensors, numbers, strict=True) if n == numbers[0]]

    def comment(self, flow: Flow, taken: int) -> str:
        """`  # (N, 56, 56, 64)` where the shape changes and all instances have it."""
        text = self.shape_text(flow)
        if text is None or text == self.state.commented:
            return ""
        self.state.commented = text
        depth = 8 + 4 * (self.state.loop is not None)
        if depth + taken + 3 + self.width(flow.text) + len(text) + 4 > LINE:
            return ""
        return f"  # {text}"

    def shape_text(self, flow: Flow) -> str | None:
        """`(N, 56, 56, 64)`, or None where instances differ."""
        shapes = {tensor.shape for tensor in self.shown(flow.tensors)}
        if len({shape[:-1] for shape in shapes}) != 1:
            return None
        shape = next(iter(shapes))
        channels = flow.channels
        own = channels is not None and all(b.scope is Scope.ARGUMENT for b in bindings(channels))
        if self.concrete:
            if len(shapes) > 1 or (len(shape) == 1 and isinstance(channels, Ref)):
                return None
            last = str(shape[-1])
        elif own and not self.is_function:  # a function is not told its channels
            last = render(channels, lambda b: b.name)
        elif len(shapes) == 1:
            last = str(shape[-1])
        else:
            return None
        sizes = [str(size) for size in shape[:-1]]
        return f"({', '.join(['N', *sizes, last])})"

    def join(self, flow: Flow, role: Role | str, target: str, atom: bool = False) -> Flow:
        """The flow, on a line of its own where `role` does not belong on the same one."""
        long = self.width(flow.text) > WIDTH - 20
        if flow.is_atom or (flow.admits(role) and not atom and not long):
            return flow
        return self.assign(flow, target)

    def width(self, text: str) -> int:
        """How long a text with tokens will be, nearly."""
        return len(self.settled(text))
