"""Chains, in step with all that became of them, to statements of constructor and call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from cnndsl.ir import (
    Chained,
    Element,
    Frame,
    Grouped,
    Instance,
    Layer,
    Merged,
    Reference,
    Repeated,
)
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import snake
from cnndsl.targets.flax.ops import emit
from cnndsl.targets.flax.ops.conv import initializer
from cnndsl.targets.flax.ops.emission import BLOCK, DROPOUT, MERGED, Built, Emission, Fields
from cnndsl.targets.flax.staging.draft import Draft, Env, OpenLoop, Param, Run, Slot, Tensor, Value
from cnndsl.targets.flax.staging.fields import fields_of, raw_kinds
from cnndsl.targets.flax.staging.values import Values, frozen
from cnndsl.targets.python.draft import Build, Join, Line, Loop, Shadow
from cnndsl.targets.python.expressions import (
    NONE,
    binary,
    call,
    names,
    path,
    self_,
    substitute,
)
from cnndsl.targets.python.statements import map_step
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Call,
    Conditional,
    Constant,
    Expr,
    Item,
    Keyword,
    ListOf,
    Name,
    Tuple,
)

Bodies = Callable[[ast.Body, list[Frame], Name, list[Run], Env], None]
WEIGHTED = ("conv", "dense", "depthwise", "subsample")


class Surroundings(Protocol):
    """What a class asks of the module that it is written for."""

    def callee(self, block: ast.Block) -> Draft: ...
    def number(self, instance: Instance) -> int: ...
    def pairs(self, block: ast.Block) -> frozenset[str]: ...
    def only_element(self, block: ast.Block) -> ast.Apply | None: ...
    def kernel_starts(self, layer: Layer) -> str: ...
    def is_head(self, layer: Layer) -> bool: ...
    def constant(self, stem: str, value: Expr) -> Expr: ...
    def name_norm(self, block: str, build: Build) -> None: ...


class _Context:
    """What an op's code depends on besides its arguments."""

    def __init__(self, module: Surroundings, init: Expr | None, given: Expr | None):
        self.module = module
        self._initializer = init
        self._given = given

    @property
    def initializer(self) -> Expr | None:
        return self._initializer

    @property
    def given(self) -> Expr | None:
        return self._given

    def constant(self, stem: str, value: Expr) -> Expr:
        return self.module.constant(stem, value)


class Chains:
    """Transcribes chains; a tensor `x` of the call has its channels in `features(x)`."""

    def __init__(self, values: Values, module: Surroundings, bodies: Bodies):
        self.values = values
        self.draft = values.draft
        self.module = module
        self.bodies = bodies
        self._features: dict[str, Name] = {}
        self.built: list[Build] = []
        self.stem: str | None = None  # of the only element of a block that has no class

    # --- tensors ----------------------------------------------------------------------

    def features(self, x: Name) -> Name:
        if x.id not in self._features:
            stem = self.draft.variables[x.id].stem
            stem = "features" if stem in ("x", "flow") else f"{stem}_features"
            self._features[x.id] = self.draft.variable(stem, "features")
        return self._features[x.id]

    def copy(self, x: Expr, features: Expr, y: Name) -> None:
        self.values.define(self.features(y), features)
        self.values.at_call(Assign((y,), x))

    def branch_off(self, x: Name, stem: str, *, named: bool = False) -> Name:
        """Another variable that begins as `x`; `named` by the author."""
        y = self.draft.variable(stem, "tensor", named=named)
        self.copy(x, self.features(x), y)
        return y

    def tensor(self, x: Name) -> Tensor:
        return Tensor(x, self.features(x))

    def line(
        self, x: Name, value: Expr, recs: Sequence[Element], role: str, runs: list[Run]
    ) -> None:
        self.draft.shapes.append([rec.out.shape or () for rec in recs])
        shown = [r.out.shape or () for r, (n, _) in zip(recs, runs, strict=True) if n == 0]
        self.draft.shown.append(shown)
        number = len(self.draft.shapes) - 1
        self.values.at_init(Shadow(str(number), self.features(x)))
        roles = frozenset({role}) if role else frozenset()
        self.values.at_call(Line((x,), value, roles=roles, shape=number))

    # --- chains -----------------------------------------------------------------------

    def chain(self, runs_of: Sequence[Chained], x: Name, runs: list[Run], env: Env) -> None:
        for i, element in enumerate(runs_of[0].chain.elements):
            self.element(element, [r.elements[i] for r in runs_of], x, runs, env)

    def element(
        self, element: ast.Element, recs: Sequence[Element], x: Name, runs: list[Run], env: Env
    ) -> None:
        env.tensors["here"] = self.tensor(x)
        match recs[0]:
            case Layer():
                self.layer(element, recs, x, runs, env)
            case Instance():
                self.instance(element, recs, x, runs, env)
            case Grouped():
                self.bodies(
                    element.body, [r.frame for r in recs], x, runs, self.group(element.body, env)
                )
            case Merged():
                self.merged(element, recs, x, runs, env)
            case Repeated():
                self.repeated(element, recs, x, runs, env)
            case Reference():
                if element.name != "here":
                    tensor = env.tensor(element.name)
                    if tensor is None:
                        raise AssertionError(f"no tensor {element.name}")
                    self.copy(tensor.call, tensor.features, x)

    def group(self, body: ast.Body, env: Env) -> Env:
        """A scope of its own: what it binds anew begins as the value around it."""
        inner = Env(env)
        for name in bound_values(body):
            outer = env.value(name)
            if outer is not None:
                inner.values[name] = self.copied(name, outer)
        for name in bound_tensors(body):
            tensor = env.tensor(name)
            if tensor is not None:
                y = self.draft.variable(name, "tensor", named=True)
                self.copy(tensor.call, tensor.features, y)
                inner.tensors[name] = self.tensor(y)
        return inner

    def copied(self, name: str, outer: Value) -> Value:
        """A variable of its own that begins with a known value."""
        init = call_ = None
        variable = self.draft.variable(name, "let", named=True)
        if outer.init is not None:
            self.values.define(variable, outer.init)
            init = variable
        if outer.call is not None or self.draft.is_function:
            self.values.at_call(
                Assign((variable,), outer.call or self.values.lift(outer.init or NONE))
            )
            call_ = variable
        return Value(init, call_, outer.samples, outer.pair)

    # --- merges -----------------------------------------------------------------------

    def merged(
        self, element: ast.Merge, recs: Sequence[Merged], x: Name, runs: list[Run], env: Env
    ) -> None:
        parts = []
        for i in range(len(element.items)):
            y = self.branch_off(x, "x")
            self.chain([r.branches[i] for r in recs], y, runs, env)
            parts.append(y)
        env.tensors["here"] = self.tensor(x)
        features = [self.features(y) for y in parts]
        role = MERGED
        if len(parts) == 1:
            value: Expr = parts[0]
            total: Expr = features[0]
            role = ""
        elif element.name == "concat":
            total = features[0]
            for other in features[1:]:
                total = Binary("+", total, other)
            axis = Keyword("axis", Constant(-1))
            value = Call(Attribute(Name("jnp"), "concatenate"), (ListOf(tuple(parts)),), (axis,))
        else:
            value, total = parts[0], _plainest(features)
            for y in parts[1:]:
                value = Join("+" if element.name == "add" else "*", value, y)
        self.values.define(self.features(x), total)
        self.line(x, value, recs, role, runs)

    # --- repetitions ------------------------------------------------------------------

    def repeated(
        self, element: ast.Repeat, recs: Sequence[Repeated], x: Name, runs: list[Run], env: Env
    ) -> None:
        counts = [len(r.items) for r in recs]
        if not any(counts):
            self.values.fold(element.count, env)
            return
        parts = [p for r in recs for p in r.items]
        if set(counts) == {1} and isinstance(element.count, ast.Literal):
            self.element(element.element, parts, x, runs, env)
            return
        count = self.values.value(element.count, counts, runs, env, "count")
        inner = [
            (n, (*at, k))
            for (n, at), r in zip(runs, recs, strict=True)
            for k in range(len(r.items))
        ]

        def body() -> None:
            self.element(element.element, parts, x, inner, env)

        at_call = self.values.in_call(count, element.count, env)
        items = call("range", count), call("range", at_call)
        with_loop(self.values, items, runs, inner, (), body, always=min(counts) > 0)

    # --- blocks -----------------------------------------------------------------------

    def instance(
        self, element: ast.Apply, recs: Sequence[Instance], x: Name, runs: list[Run], env: Env
    ) -> None:
        block = recs[0].block
        only = self.module.only_element(block)
        if only is not None:
            self.inlined(only, element, recs, x, runs, env)
            return
        callee = self.module.callee(block)
        index = [self.module.number(r) for r in recs]
        args: list[Expr] = []
        keywords: list[Keyword] = []
        tensors: list[tuple[str, Expr]] = []
        mapping: dict[str, Expr] = {}
        own = self.own_arguments(block, element, recs, runs, env)
        named = {a.name for a in element.args or () if a.name}
        for param in callee.params:
            if param.source == "tensor":
                tensor = self.handed(param.origin, block, element, recs, env)
                tensors.append((param.name, NONE if tensor is None else tensor.call))
                continue
            value = self.argument(param, callee, own, block, element, recs, index, x, runs, env)
            mapping[param.name] = value
            if param.default is not None and value == param.default:
                keywords.append(Keyword("", NONE))  # from here on by name
                continue
            by_name = keywords or param.origin in named or param.source == "computed"
            if callee.is_function and param.source in ("in", "features"):
                continue
            if by_name:
                keywords.append(Keyword(param.name, value))
            else:
                args.append(value)
        keywords = [k for k in keywords if k.name]
        while tensors and tensors[-1][1] == NONE and not (callee.is_function and args):
            tensors.pop()
        given = tuple(t for _, t in tensors)
        if callee.is_function:
            lifted = tuple(map(self.values.lift, args))
            by_name = tuple(Keyword(k.name, self.values.lift(k.value)) for k in keywords)
            applied = Call(Name(callee.name), (x, *given, *lifted), by_name)
            out = self.out_of(callee, mapping, recs, runs, None)
        else:
            build = Build(Name(callee.name), tuple(args), tuple(keywords), callee.takes)
            slot = Slot(self.stem or snake(block.name), (), is_block=True, weighted=True)
            applied = Call(self.values.slot(build, slot, runs), (x, *given))
            out = self.out_of(callee, mapping, recs, runs, applied.function)
        for name in callee.folded:
            if name in mapping:
                self.draft.folded |= self.values.reached(mapping[name])
        self.draft.spatial |= callee.spatial
        self.values.define(self.features(x), out)
        self.line(x, applied, recs, BLOCK, runs)

    def out_of(
        self,
        callee: Draft,
        mapping: dict[str, Expr],
        recs: Sequence[Instance],
        runs: list[Run],
        module: Expr | None,
    ) -> Expr:
        """The channels of a block's result."""
        if callee.out is not None:
            return substitute(callee.out, mapping)
        seen = [rec.out.shape[-1] for rec in recs]
        if len(set(seen)) == 1:
            for value in mapping.values():
                self.draft.folded |= self.values.reached(value)
        return self.values.residual("out_features", seen, runs)

    def argument(
        self,
        param: Param,
        callee: Draft,
        own: dict[str, Expr],
        block: ast.Block,
        element: ast.Apply,
        recs: Sequence[Instance],
        index: list[int],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> Expr:
        if param.source == "in":
            return self.features(x)
        if param.source == "features":
            tensor = self.handed(param.origin, block, element, recs, env)
            return NONE if tensor is None else tensor.features
        if param.source == "own":
            return own[param.origin]
        known = [param.values[i] for i in index if i in param.values]
        usual = param.default.value if isinstance(param.default, Constant) else None
        other = known[0] if known else usual
        seen = [param.values.get(i, other) for i in index]
        return self.values.residual(param.origin, seen, runs)

    def own_arguments(
        self,
        block: ast.Block,
        element: ast.Apply,
        recs: Sequence[Instance],
        runs: list[Run],
        env: Env,
    ) -> dict[str, Expr]:
        """The expression of every value that a use of a block hands over."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        pairs = self.module.pairs(block)
        found: dict[str, Expr] = {}
        inner = Env()
        for parameter in block.parameters:
            name = parameter.name
            seen = [frozen(r.args[name]) for r in recs]
            if any(isinstance(v, Flowing) for v in seen):
                continue
            expr, scope = given.get(name), env
            if expr is None:
                expr, scope = parameter.default, inner
            value: Expr | None = None
            if expr is not None:
                value = self.values.spell(expr, scope)
            if value is not None and name in pairs:
                raw = raw_kinds(expr, scope) if expr is not None else None
                value = (
                    Tuple((value, value)) if raw == {"int"} else value if raw == {"pair"} else None
                )
                seen = [v if isinstance(v, tuple) else (v, v) for v in seen]
            if value is None:
                if expr is not None and scope is env:
                    self.values.fold(expr, env)
                if name in pairs:
                    seen = [v if isinstance(v, tuple) else (v, v) for v in seen]
                value = self.values.residual(name, seen, runs)
            found[name] = value
            inner.values[name] = Value(value, None, [r.args[name] for r in recs], name in pairs)
        return found

    def handed(
        self, name: str, block: ast.Block, element: ast.Apply, recs: Sequence[Instance], env: Env
    ) -> Tensor | None:
        """The tensor that a use of a block hands over as `name`; None for `none`."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        expr = given.get(name)
        if not isinstance(expr, ast.Name):
            return None
        return env.tensor(expr.id)

    def inlined(
        self,
        only: ast.Apply,
        element: ast.Apply,
        recs: Sequence[Instance],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """A block that is one op or one use of another block stands for that."""
        block = recs[0].block
        inner = Env()
        inner.tensors["in"] = self.tensor(x)
        pairs = self.module.pairs(block)
        for name, value in self.own_arguments(block, element, recs, runs, env).items():
            samples = [r.args[name] for r in recs]
            inner.values[name] = Value(value, None, samples, name in pairs)
        for parameter in block.parameters:
            if parameter.name not in inner.values:
                tensor = self.handed(parameter.name, block, element, recs, env)
                if tensor is not None:
                    inner.tensors[parameter.name] = tensor
                else:
                    inner.values[parameter.name] = Value(NONE, None, [None])
        within = [r.frame.records[0].run.elements[0] for r in recs]
        outer, self.stem = self.stem, self.stem or snake(block.name)
        if isinstance(within[0], Layer) and only.name == "bn":
            self.stem = outer
        before = len(self.built)
        self.element(only, within, x, runs, inner)
        self.stem = outer
        if only.name in ("bn", "layer_norm", "group_norm") and len(self.built) > before:
            self.module.name_norm(block.name, self.built[before])

    # --- ops --------------------------------------------------------------------------

    def layer(
        self, element: ast.Apply, recs: Sequence[Layer], x: Name, runs: list[Run], env: Env
    ) -> None:
        values, name = self.values, recs[0].op.name
        rank = len(recs[0].x.shape or ())
        acts = name not in BUILDS
        fields = fields_of(values, element, recs, runs, env, acts=acts)
        known = fields
        if name in ("pad_channels", "channels", "reshape"):
            known = fields_of(values, element, recs, runs, env, acts=False)
        init = given = None
        if "init" in fields:
            init = self.kernel_init([self.module.kernel_starts(rec) for rec in recs], runs)
        if name == "separable":
            given = self.kernel_init([rec.op.init or "lecun_normal" for rec in recs], runs)
        features = self.features(x)
        emission = emit(name, rank, fields, features, _Context(self.module, init, given))
        self.draft.helpers |= set(emission.helpers)
        modules = []
        for built in emission.modules:
            stem = self.stem if self.stem and len(emission.modules) == 1 else built.attr
            modules.append(self.module_of(built, stem, emission, recs, runs))
        value = emission.apply(x, modules)
        self.values.define(features, self.out_features(name, known, recs, runs, features))
        if value != x:
            self.line(x, value, recs, emission.role, runs)

    def module_of(
        self,
        built: Built,
        stem: str,
        emission: Emission,
        recs: Sequence[Layer],
        runs: list[Run],
    ) -> Expr:
        keywords = tuple(Keyword(n, v) for n, v in built.keywords.items())
        build: Expr = Build(
            path(built.callee), built.args, keywords, built.takes, emission.role != DROPOUT
        )
        self.built.append(build)
        if len(emission.modules) == 1 and all(map(self.module.is_head, recs)):
            units = built.args[1]
            if isinstance(units, Name):
                build = Conditional(build, units, path("nnx.identity"))
        slot = Slot(stem, (), built.attr, weighted=built.attr in WEIGHTED)
        hoists = built.callee == "nnx.Dropout" and self.values.loops and not self.values.counted
        if hoists and self.is_invariant(built.args[0], runs):
            return self.hoisted(build, slot)
        return self.values.slot(build, slot, runs)

    def is_invariant(self, expr: Expr, runs: list[Run]) -> bool:
        """Whether all iterations share a module, and every instance runs it."""
        if {n for n, _ in runs} != self.values.loops[0].entered:
            return False
        held = self.draft.variables
        return all(n not in held or held[n].stable for n in names(expr))

    def hoisted(self, build: Expr, slot: Slot) -> Expr:
        """One module without tensors of its own serves all iterations."""
        name = self.draft.unique(slot.stem)
        self.draft.slots[name] = slot
        slot.path = self.values.path
        self.values.loops[0].hoisted.append(Assign((self_(name),), build))
        return self_(name)

    def kernel_init(self, starts: list[str], runs: list[Run]) -> Expr | None:
        """The initialiser of a kernel, by its name in every execution; None for flax's own."""
        if len(set(starts)) == 1:
            return _initializer(starts[0])
        if set(starts) <= {"he_normal", "lecun_normal"}:
            flag = self.values.residual("rectified", [s == "he_normal" for s in starts], runs)
            self.draft.helpers.add("he_normal")
            return Conditional(Name("he_normal"), flag, initializer("lecun_normal"))
        names = sorted(set(starts))
        chosen = self.values.residual("kernel_init", [names.index(s) for s in starts], runs)
        return Item(Tuple(tuple(_initializer(n) or initializer(n) for n in names)), chosen)

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
            case "reshape":
                extents = fields["shape"]
                if isinstance(extents, Tuple):
                    return extents.items[-1]
                seen = [rec.out.shape[-1] for rec in recs]
                return self.values.residual("features", seen, runs)
            case "flatten":
                return self.flattened(recs, runs, x)
        return x

    def flattened(self, recs: Sequence[Layer], runs: list[Run], x: Name) -> Expr:
        sizes = {tuple(rec.x.shape or ())[:-1] for rec in recs}
        if len(sizes) > 1:
            seen = [rec.out.shape[-1] for rec in recs]
            return self.values.residual("flat_features", seen, runs)
        total = 1
        for extent in sizes.pop():
            total *= extent
        self.draft.spatial |= total > 1
        return Binary("*", Constant(total), x) if total > 1 else x


BUILDS = frozenset(
    "conv depthwise separable conv_transpose dense rbf bn layer_norm group_norm layer_scale "
    "prelu dropout drop_path subsample".split()
)


def _initializer(name: str) -> Expr | None:
    if name == "lecun_normal":
        return None
    return Name("he_normal") if name == "he_normal" else initializer(name)


def _plainest(features: list[Name]) -> Expr:
    return features[0]


def with_loop(
    values: Values,
    items: tuple[Expr, Expr],
    runs: list[Run],
    inner: list[Run],
    targets: tuple[str, ...],
    body: Callable[[], None],
    *,
    always: bool,
    counts: bool = False,
) -> None:
    """Writes a loop of constructor and call around `body`.

    `items` is what it goes over, in the constructor and in the call; `runs` come to the loop, `inner` run its body; `always`: it runs at least once; `counts`:
    its only variable counts the iterations.
    """
    draft = values.draft
    draft.numbers += 1
    number = draft.numbers
    if counts:
        counter = targets[0]
        draft.variables[counter].kind = "counter"
    else:
        counter = draft.variable("i", "counter").id
    if always:
        draft.flat_loops.add(number)
    loop = OpenLoop(number, counter, inner, frozenset(n for n, _ in runs))
    values.loops.append(loop)
    values.sinks.append([])
    values.calls.append([])
    body()
    inits, calls = values.sinks.pop(), values.calls.pop()
    values.loops.pop()
    for step in loop.hoisted:
        values.at_init(step)
    outermost = not values.loops
    for name in loop.slots:
        holder = self_(name) if outermost else Name(name)
        values.at_init(Assign((holder,), call("nnx.List")))
    values.at_init(Loop(number, targets, items[0], counter, (), tuple(inits)))
    walked: list[tuple[str, Expr]] = []
    moved: dict[str, Expr] = {}
    for name in loop.slots:
        source: Expr = self_(name)
        if not outermost:
            slot = draft.slots[name]
            outer = replace(slot, path=(), arms=())
            source = values.slot(Name(name), outer, runs)
            outer.many = slot.many + 1
            outer.path = slot.path
        if name in values.indexed:
            moved[name] = source
        else:
            walked.append((name, source))
    steps = tuple(calls)
    if not outermost and moved:
        steps = tuple(map_step(step, lambda e: substitute(e, moved)) for step in steps)
    values.at_call(Loop(number, targets, items[1], counter, tuple(walked), steps))


def counts_from_zero(items: Expr) -> bool:
    return isinstance(items, Call) and items.function == Name("range") and len(items.args) == 1


def bound_values(body: ast.Body) -> list[str]:
    """The values that a body binds, in its own scope."""
    found: dict[str, None] = {}
    for statement in statements_of(body):
        if isinstance(statement, ast.Let):
            found[statement.name] = None
        elif isinstance(statement, ast.For):
            found.update(dict.fromkeys(statement.targets))
    return list(found)


def bound_tensors(body: ast.Body) -> list[str]:
    found: dict[str, None] = {}
    for statement in statements_of(body):
        if isinstance(statement, ast.Bind) or (
            isinstance(statement, ast.Run) and statement.name is not None
        ):
            found[str(statement.name)] = None
    return list(found)


def statements_of(body: ast.Body) -> list[ast.Statement]:
    """The statements that share a body's scope."""
    found: list[ast.Statement] = []
    stack: list[ast.Statement] = list(reversed(body.statements))
    while stack:
        statement = stack.pop()
        found.append(statement)
        inner: list[ast.Body] = []
        if isinstance(statement, (ast.For, ast.Stage)):
            inner = [statement.body]
        elif isinstance(statement, ast.If):
            inner = [b for _, b in statement.branches]
            inner += [statement.other] if statement.other is not None else []
        for held in reversed(inner):
            stack.extend(reversed(held.statements))
    return found
