"""Uses of blocks, and of models as elements."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters, signature
from cnndsl.elaborate.calls import applied
from cnndsl.elaborate.collect import Failure, Place
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.empty import fill
from cnndsl.elaborate.head import CLASSES, Head, is_classes
from cnndsl.elaborate.inside import Inside, fresh
from cnndsl.elaborate.layers import check_held
from cnndsl.elaborate.nested import check_one_flows, check_one_input
from cnndsl.elaborate.recursion import Calls
from cnndsl.elaborate.reuse import Cost, again, key_of, proof_key
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Frame, Instance, Pack, Tensor, Value
from cnndsl.ops import OPS
from cnndsl.ops.base import takes_tensors
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

Bodies = Callable[[ast.Body, Tensor, Scope, Context], tuple[Frame, Tensor]]


class Blocks:
    """Uses blocks; `bodies` elaborates their statements."""

    def __init__(self, shared: Shared, bodies: Bodies):
        self.shared = shared
        self.bodies = bodies
        self.calls = Calls(shared.program.circles)

    def instance(
        self, element: ast.Apply, block: ast.Block, x: Tensor, scope: Scope, context: Context
    ) -> Instance:
        self.shared.evaluator.spend(len(block.parameters), element.span)
        known = self.shared.budget.known
        given = known.given.get(id(element))
        if given is None:
            given = match_parameters(block, element.args or (), element.span)
            known.given[id(element)] = given
        bound = {n: self.shared.evaluator.evaluate(a.value, scope) for n, a in given.items()}
        for name, argument in given.items():
            if isinstance(argument.value, ast.Name):
                self.shared.check_reads(argument.value.id, bound[name], argument.value.span)
        self.check_arriving(element, block, bound)
        inner = self.shared.evaluator.parameters(block, bound)
        fill(block, inner, known)
        inner.classes = frozenset(n for n, a in given.items() if is_classes(a.value, scope))
        instance = self.block(element, block, inner, x, context)
        instance.picks = self.picks(given, scope)
        return instance

    def check_arriving(self, element: ast.Apply, block: ast.Block, bound: dict[str, Value]) -> None:
        """Refuses what arrives as an argument, `unit(x, 64)`, of a block that wants a value."""
        args, first = element.args or (), block.parameters[:1]
        if not args or args[0].name or not isinstance(bound.get(first[0].name), Tensor):
            return
        needed = sum(parameter.default is None for parameter in block.parameters)
        if needed > len(args) - 1 or may_be_tensor(block, first[0].name):
            return
        message = f"`{first[0].name}` is no tensor: what arrives stands in front of `{block.name}`"
        fix = applied(block.name, args, element.span)
        described = signature(block)
        raise Failure(errors.bad_argument(args[0].span, message, described, None, fix))

    def block(
        self, element: ast.Apply, block: ast.Block, inner: Scope, x: Tensor, context: Context
    ) -> Instance:
        """A use of a block, with its parameters in a scope."""
        known = self.shared.budget.known
        args = inner.known()
        check_held(self.shared.program, block, args.values(), element.span)
        ordered = {p.name: args[p.name] for p in block.parameters}
        may_recur = x.known is not None and self.shared.head is None and not inner.classes
        may_recur = may_recur and not self.shared.is_sharing and not gives_several(block)
        key = key_of(block, ordered, x) if may_recur else None
        if key is not None and known.is_shared and known.is_proof:
            key = proof_key(key, x, ordered)
        first = known.uses.get(key)
        if first is not None and known.is_shared:
            self.pay(known.costs.get(key, (0, 0)), element)
            return again(first, element, ordered, x)
        before = self.spent()
        inner.tensors["in"] = x
        if block.name in self.shared.program.models:
            return self.model(element, block, ordered, inner, x, context)
        inner.definition = block.name_span.text
        context = self.inside("block", element, args, context)
        context.last = block.body.statements[-1] if block.body.statements else None
        level = 0
        if self.calls.is_recursive(block.name):
            whole = key_of(block, ordered, x) if x.known is not None else None
            self.calls.enter(block.name, ordered, whole, element.span)
            try:
                frame, out = self.bodies(block.body, x, inner, context)
            finally:
                level = self.calls.leave()
        else:
            frame, out = self.bodies(block.body, x, inner, context)
        instance = Instance(element, block, ordered, x, out, frame, like=first, level=level)
        instance.results = frame.results
        if first is None and key is not None and not self.shared.found:
            known.uses[key] = instance
            nodes, steps = self.spent()
            known.costs[key] = nodes - before[0], steps - before[1]
        return instance

    def spent(self) -> Cost:
        return self.shared.budget.nodes, self.shared.evaluator.steps

    def pay(self, cost: Cost, element: ast.Apply) -> None:
        """Takes from the budgets what the first of uses that are alike took."""
        nodes, steps = cost
        self.shared.count_nodes(nodes, element.span)
        self.shared.evaluator.spend(steps, element.span)

    def picks(self, given: dict[str, ast.Argument], scope: Scope) -> dict[str, int]:
        """The numbers of the tensors of packs that are handed over as `xs[i]`."""
        found: dict[str, int] = {}
        for name, argument in given.items():
            place = argument.value
            if not isinstance(place, ast.Index) or not isinstance(place.base, ast.Name):
                continue
            if scope.pack(place.base.id) is not None and not isinstance(place.index, ast.Range):
                index = self.shared.evaluator.evaluate(place.index, scope)
                assert values.is_int(index)
                found[name] = index
        return found

    def model(
        self,
        element: ast.Apply,
        block: ast.Block,
        args: dict[str, Value],
        inner: Scope,
        x: Tensor,
        context: Context,
    ) -> Instance:
        """A model as an element; its endpoints are its own."""
        shared, program = self.shared, self.shared.program
        root = program.root(program.models[element.name])
        check_one_input(root, element)
        check_one_flows(root, element)
        classes = args.get(CLASSES)
        is_headless = values.is_int(classes) and classes == 0 and not inner.classes
        context = self.inside("model", element, args, context)
        if is_headless:
            inner.classes = frozenset({CLASSES})
            headless = program.nested_block(element.name, True)
            assert headless is not None
            block = headless
        declared = len(shared.declared)
        own = Inside(shared, Head() if is_headless else shared.head)
        with own:
            frame, out = self.bodies(block.body, x, fresh(inner), context)
        head = own.head if is_headless else None
        results = [*(own.endpoints[n] for n in own.outputs if n in own.endpoints), out]
        if head is not None and head.settle_at(
            results, [], element.name_span, element.name, shared.found
        ):
            del shared.declared[declared:]
            own = Inside(shared, Head(found=True))
            with own:
                frame, out = self.bodies(block.body, x, fresh(inner), context)
        endpoints = {**own.endpoints, "logits": out}
        last = next((n for n in reversed(own.outputs) if endpoints.get(n) is out), "logits")
        return Instance(element, block, args, x, out, frame, endpoints=endpoints, end=last)

    def inside(
        self, what: str, element: ast.Apply, args: dict[str, Value], context: Context
    ) -> Context:
        """The surroundings of the body of a block or of a model."""
        place = context.place or self.place(element, args, context)
        return context.nested(element.span, inside=what, flat=True, in_loop=False, place=place)

    def place(self, element: ast.Apply, args: dict[str, Value], context: Context) -> Place:
        """The instance as notes name it: `layer1[0]`, counted along its stage."""
        stage = context.stage or element.name
        index = self.shared.instances[stage]
        self.shared.instances[stage] += 1
        shown = {n: value for n, value in args.items() if not isinstance(value, Tensor | Pack)}
        return Place(f"{stage}[{index}]", element.span, shown)


def may_be_tensor(block: ast.Block, name: str) -> bool:
    """Whether a block uses a parameter otherwise than as a number that its ops are given."""
    of_ops = 0
    nodes = list(walk(block.body))
    for node in nodes:
        if isinstance(node, ast.Apply) and node.name == name:
            return True
        base = node.base if isinstance(node, ast.Attribute) else None
        if isinstance(base, ast.Name) and base.id == name:
            return True
        op = OPS.get(node.name) if isinstance(node, ast.Apply) else None
        if op is None or not isinstance(node, ast.Apply):
            continue
        names = list(op.arguments())
        for place, argument in enumerate(node.args or ()):
            known = argument.name or (names[place] if place < len(names) else "")
            if known in names and not takes_tensors(op.arguments()[known].kind):
                of_ops += sum(isinstance(n, ast.Name) and n.id == name for n in walk(argument))
    whole = sum(isinstance(node, ast.Name) and node.id == name for node in nodes)
    return not whole or of_ops < whole


def gives_several(block: ast.Block) -> bool:
    """Whether a block ends in `return`."""
    last = block.body.statements[-1:]
    return bool(last) and isinstance(last[0], ast.Results)
