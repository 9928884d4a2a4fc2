"""The channels of ops' results, in the names of the constructor."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Layer
from cnndsl.targets.flax.ops.emission import Fields
from cnndsl.targets.flax.staging.draft import Run
from cnndsl.targets.flax.staging.flow import Flow
from cnndsl.targets.python.arithmetic import binary, share
from cnndsl.targets.python.tree import Binary, Constant, Expr, Name, Tuple


class Channels:
    """Says how many channels an op gives, by its arguments and those that arrive."""

    def __init__(self, flow: Flow):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft

    def out_features(
        self, name: str, fields: Fields, recs: Sequence[Layer], runs: list[Run], x: Name
    ) -> Expr:
        """The channels of an op's result."""
        match name:
            case "conv" | "separable" | "conv_transpose":
                return fields["filters"]
            case "dense":
                return fields["units"]
            case "rbf":
                return fields["classes"]
            case "depthwise":
                return binary("*", x, fields["multiplier"])
            case "pad_channels":
                return fields["total"]
            case "channels":
                return binary("-", fields["stop"], fields["start"])
            case "reshape" | "param":
                extents = fields["shape"]
                if isinstance(extents, Tuple):
                    return extents.items[-1]
                seen = [rec.out.shape[-1] for rec in recs]
                return self.values.residual("features", seen, runs)
            case "glu":
                return share(x, Constant(2))
            case "pixel_shuffle":
                return share(x, _square(fields["factor"]))
            case "space_to_depth":
                return binary("*", x, _square(fields["factor"]))
            case "reduce_mean" | "reduce_max" | "reduce_sum":
                return self.left_over(recs, runs, x)
            case "constant":
                return self.values.residual("features", [r.out.shape[-1] for r in recs], runs)
            case "expand" | "transpose":
                return self.by_shape(name, fields, recs, runs)
            case "flatten":
                return self.flattened(recs, runs, x)
        return x

    def left_over(self, recs: Sequence[Layer], runs: list[Run], x: Name) -> Expr:
        """The channels of a reduction, which may be over them."""
        over = {getattr(rec.op, "axis", "") == "channels" for rec in recs}
        if over == {True}:
            return Constant(1)
        if over == {False}:
            return x
        return self.values.residual("features", [rec.out.shape[-1] for rec in recs], runs)

    def by_shape(self, name: str, fields: Fields, recs: Sequence[Layer], runs: list[Run]) -> Expr:
        """Channels that another tensor has, or that sizes of maps decide."""
        seen = [rec.out.shape[-1] for rec in recs]
        like = fields.get("like")
        if isinstance(like, Tuple):
            return like.items[-1]
        if name == "transpose":
            self.draft.spatial = True
        return self.values.residual("features", seen, runs)

    def flattened(self, recs: Sequence[Layer], runs: list[Run], x: Name) -> Expr:
        sizes = {tuple(rec.x.shape)[:-1] for rec in recs}
        if len(sizes) > 1:
            seen = [rec.out.shape[-1] for rec in recs]
            return self.values.residual("flat_features", seen, runs)
        total = 1
        for extent in sizes.pop():
            total *= extent
        self.draft.spatial |= total > 1
        return Binary("*", Constant(total), x) if total > 1 else x


def _square(factor: Expr) -> Expr:
    if isinstance(factor, Constant) and isinstance(factor.value, int):
        return Constant(factor.value**2)
    return binary("**", factor, Constant(2))
