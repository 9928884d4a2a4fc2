"""Uses of blocks: a call of the class, or what a block of one element stands for."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.ir import Instance
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import Arguments, Emitted
from cnndsl.targets.flax.draft import Built
from cnndsl.targets.flax.emission import Role
from cnndsl.targets.flax.flow import BLOCK, Flow, Site
from cnndsl.targets.flax.names import snake
from cnndsl.targets.flax.pyexpr import Py
from cnndsl.targets.flax.spelling import Env, Sym, Symbol


def only_element(block: ast.Block) -> ast.Apply | None:
    """The op, or the use of another block, that is all of a block."""
    if len(block.body.statements) != 1:
        return None
    (statement,) = block.body.statements
    if not isinstance(statement, ast.Run) or len(statement.chain.elements) != 1:
        return None
    (element,) = statement.chain.elements
    return element if isinstance(element, ast.Apply) else None


class Instances(Arguments):
    """Lowers uses of blocks."""

    def instance(
        self,
        element: ast.Apply,
        recs: list[Instance],
        flow: Flow,
        at: Site,
        stem: str | None = None,
    ) -> Flow:
        block = recs[0].block
        if self.module.sole(recs[0]) is not None:
            return self.inlined(block, element, recs, flow, at, stem)
        callee = self.module.emitted(recs)
        self.fold_through(callee, block, element, flow, at.env)
        flow = self.join(flow, BLOCK, at.target)
        arguments = self.arguments(callee, block, element, recs, at.cx, flow, at.env)
        mapping = {p.binding: py for p, py in zip(callee.params, arguments, strict=True)}
        extra = self.tensor_arguments(callee, block, element, recs, flow, at.env)
        tensors = tuple(rec.out for rec in recs)
        channels = self.known_as(self.result_channels(callee, mapping, tensors), at.env)
        if callee.is_function:
            args, kwargs = self.printed(callee, element, arguments, at_call=True)
            named = [f"{name}={text}" for name, text in kwargs.items()]
            text = f"{callee.name}({', '.join([flow.text, *extra, *args, *named])})"
        else:
            attr = self.attr(at.path, stem or callee.stem, block=True)
            token = self.store(attr, self.built(callee, element, arguments))
            text = f"{token}({', '.join([flow.text, *extra])})"
        return Flow(text, channels, tensors, frozenset({BLOCK, Role.WEIGHT, Role.NORM}))

    def inlined(
        self,
        block: ast.Block,
        element: ast.Apply,
        recs: list[Instance],
        flow: Flow,
        at: Site,
        stem: str | None,
    ) -> Flow:
        """A block that is one op or one use of another block stands for that; its parameters
        are what they are here."""
        only = only_element(block)
        start = len(self.state.built)
        inner = Env()
        inner.tensors["in"] = Symbol(flow.text, flow.channels, flow.tensors[0])
        inner.tensors["here"] = inner.tensors["in"]
        for name, py in self.own_arguments(block, element, recs, at.env).items():
            inner.values[name] = Sym(recs[0].args[name], py)
        within = [self.module.sole(rec) for rec in recs]
        at = replace(at, env=inner)
        if isinstance(within[0], Instance):
            flow = self.instance(only, within, flow, at, stem or snake(block.name))
            for built in self.state.built[start:]:
                built.alias = block.name
            return flow
        stem = None if only.name == "bn" else stem or block.name
        flow = self.layer(only, within, flow, at, stem)
        if only.name in ("bn", "layer_norm", "group_norm"):
            self.module.name_norm(block.name, self.state.built[start])
        return flow

    def fold_through(
        self, callee: Emitted, block: ast.Block, element: ast.Apply, flow: Flow, env: Env
    ) -> None:
        """What the compiler decided inside the block, it decided for these arguments."""
        if "in" in callee.folded and flow.channels is not None:
            self.fold_py(flow.channels)
        names = [p.name for p in block.parameters]
        for position, argument in enumerate(element.args or ()):
            if (argument.name or names[position]) in callee.folded:
                self.fold(argument.value, env)

    # --- printing ---------------------------------------------------------------------

    def built(self, callee: Emitted, element: ast.Apply, arguments: list[Py]) -> str:
        args, kwargs = self.printed(callee, element, arguments)
        return self.build(Built(callee.name, args, kwargs, callee.takes, callee.stem))

    def printed(
        self, callee: Emitted, element: ast.Apply, arguments: list[Py], at_call: bool = False
    ) -> tuple[list[str], dict[str, str]]:
        """Arguments as they are written: positional until one is left out or was named."""
        named = {a.name for a in element.args or () if a.name}
        args: list[str] = []
        kwargs: dict[str, str] = {}
        keywords = False
        for param, py in zip(callee.params, arguments, strict=True):
            if param.default is not None and repr(py) == repr(param.default):
                keywords = True
                continue
            keywords = keywords or param.origin in named or param.source == "computed"
            text = self.at_call(py) if at_call else self.at_init(py)
            if keywords:
                kwargs[param.binding.name] = text
            else:
                args.append(text)
        return args, kwargs
