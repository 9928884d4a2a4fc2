"""Functions, classes and objects of an interpreted module."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from cnndsl.targets.python.assignment import Evaluate, Names
from cnndsl.targets.python.closures import Evaluator
from cnndsl.targets.python.library import Function as Plain
from cnndsl.targets.python.library import Partial, Static
from cnndsl.targets.python.module_tree import Function, Parameter
from cnndsl.targets.python.run import Block, assigned
from cnndsl.targets.python.tree import Attribute, Binary, Call, Expr, Item, ListOf, Name, Tuple
from cnndsl.targets.python.values import MISSING, Budget, External, Failure, key_of

MOST_RUNNING = 150  # calls of one function inside each other


class Defined(External):
    """A function or a method of the module."""

    def __init__(
        self,
        module: Names,
        budget: Budget,
        tree: Function,
        words: str,
        owner: ClassValue | None = None,
    ):
        self.words = words
        self.running = 0  # calls of it inside each other
        self.budget = budget
        named = {p.name for p in tree.parameters if p.name}
        outer = Evaluator(module, budget)
        self.positional: list[str] = []
        self.defaults: dict[str, object] = {}
        self.rest: str | None = None  # the name of `*args`
        self.extra: str | None = None  # the name of `**keywords`
        self.named = named
        keyword_only = False
        self.annotated(tree.returns, outer)
        for parameter in tree.parameters:
            self.annotated(parameter.annotation, outer)
            if parameter.star == "**":
                self.extra = parameter.name
            elif parameter.star == "*":
                self.rest, keyword_only = parameter.name or None, True
            else:
                self.defaults[parameter.name] = self.default(parameter, outer)
                if not keyword_only:
                    self.positional.append(parameter.name)
        local = frozenset(named) | assigned(tree.body)
        evaluator = Evaluator(module, budget, local)
        if owner is not None and self.positional:
            evaluator = Method(evaluator, owner, self.positional[0])
        self.block = Block(tree.body, evaluator)

    def annotated(self, expr: Expr | None, outer: Evaluator) -> None:
        """Python evaluates annotations, which therefore name what there is."""
        match expr:
            case Name():
                outer.function(expr)(outer.module)
            case Attribute(base=Name()):
                outer.function(expr)(outer.module)
            case Item(base=base, index=index):
                self.annotated(base, outer)
                self.annotated(index, outer)
            case Tuple(items=items) | ListOf(items=items):
                for item in items:
                    self.annotated(item, outer)
            case Binary(left=left, right=right):
                self.annotated(left, outer)
                self.annotated(right, outer)

    def default(self, parameter: Parameter, outer: Evaluator) -> object:
        if parameter.default is None:
            return MISSING
        return outer.function(parameter.default)(outer.module)

    def describe(self) -> str:
        return f"`{self.words}`"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        self.running += 1
        try:
            if self.running > MOST_RUNNING:
                raise Failure(f"`{self.words}` calls itself too deeply")
            result = self.block.run(self.bound(args, keywords))
        except RecursionError:
            raise Failure(f"`{self.words}` calls itself too deeply") from None
        except Failure as failure:
            failure.functions.append(self.words)
            raise
        finally:
            self.running -= 1
        return None if result is None else result[0]

    def bound(self, args: list[object], keywords: dict[str, object]) -> Names:
        """The names of a call: the arguments by parameter."""
        names = Names(zip(self.positional, args, strict=False))
        if self.rest is not None:
            names[self.rest] = tuple(args[len(self.positional) :])
        elif len(args) > len(self.positional):
            raise Failure(f"`{self.words}` takes {len(self.positional)} arguments by position")
        extra: dict[str, object] = {}
        for name, value in keywords.items():
            if name in names:
                raise Failure(f"`{self.words}` is given `{name}` twice")
            if name in self.defaults:
                names[name] = value
            elif self.extra is not None:
                extra[name] = value
            else:
                raise Failure(f"`{self.words}` has no argument `{name}`")
        for name, value in self.defaults.items():
            if name not in names:
                if value is MISSING:
                    raise Failure(f"`{self.words}` is called without `{name}`")
                names[name] = value
        if self.extra is not None:
            names[self.extra] = extra
        return names

    def key(self) -> Hashable | None:
        held = [value for value in self.defaults.values() if value is not MISSING]
        return None if key_of(tuple(held)) is None else self


@dataclass(frozen=True, slots=True)
class Bound(External):
    """A method of an object."""

    function: External
    receiver: External

    def describe(self) -> str:
        return self.function.describe()

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        return self.function.call([self.receiver, *args], keywords)


class ClassValue(External):
    """A class of the module; `members` are its own attributes and methods."""

    is_base = True

    def __init__(self, name: str, base: External):
        self.name = name
        self.base = base
        self.members: dict[str, object] = {}
        self.maker: Maker | None = None  # who makes instances in place of the class itself

    def describe(self) -> str:
        return f"class {self.name}"

    def find(self, name: str) -> object:
        """A member of the class or of one that it derives from; `MISSING` if there is none."""
        current: External = self
        while isinstance(current, ClassValue):
            if name in current.members:
                return current.members[name]
            current = current.base
        return MISSING

    def attribute(self, name: str) -> object:
        found = self.find(name)
        return super().attribute(name) if found is MISSING else found

    def accept(self, instance: External, name: str, value: object) -> None:
        self.base.accept(instance, name, value)

    def key(self) -> Hashable | None:
        values = [value for value in self.members.values() if key_of(value) is None]
        return None if values or self.base.key() is None else self

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        if self.maker is not None:
            return self.maker(self, args, keywords)
        return self.made(args, keywords)

    def made(self, args: list[object], keywords: dict[str, object]) -> Instance:
        """A new instance, whoever makes them otherwise."""
        instance = Instance(self)
        constructor = self.find("__init__")
        if isinstance(constructor, Defined):
            constructor.call([instance, *args], keywords)
        elif args or keywords:
            raise Failure(f"class {self.name} takes no arguments")
        return instance


Maker = Callable[[ClassValue, list[object], dict[str, object]], object]


class Instance(External):
    """An object of a class of the module; `members` are its attributes, in order."""

    def __init__(self, cls: ClassValue):
        self.cls = cls
        self.members: dict[str, object] = {}

    def describe(self) -> str:
        return f"an instance of {self.cls.name}"

    def attribute(self, name: str) -> object:
        if name in self.members:
            return self.members[name]
        found = self.cls.find(name)
        if found is MISSING:
            raise Failure(f"{self.describe()} has no attribute `{name}`")
        if isinstance(found, Static):
            return found.function
        if isinstance(found, Plain | Partial):
            raise Failure(f"`{name}` is a function of {self.describe()}, and so a method")
        return Bound(found, self) if isinstance(found, Defined) else found

    def assign(self, name: str, value: object) -> None:
        self.cls.accept(self, name, value)
        self.members[name] = value

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        method = self.cls.find("__call__")
        if not isinstance(method, Defined):
            raise Failure(f"{self.describe()} cannot be called")
        return method.call([self, *args], keywords)


class Super(External):
    """`super()` inside a method."""

    def __init__(self, owner: ClassValue, receiver: External):
        self.owner = owner
        self.receiver = receiver

    def attribute(self, name: str) -> object:
        base = self.owner.base
        found = base.find(name) if isinstance(base, ClassValue) else MISSING
        if isinstance(found, Defined):
            return Bound(found, self.receiver)
        if found is MISSING and name == "__init__":
            return Plain(name, _nothing)
        raise Failure(f"class {self.owner.name} has no base with `{name}`")


def _nothing(args: list[object], keywords: dict[str, object]) -> None:
    if args or keywords:
        raise Failure("`super().__init__` takes no arguments")


class Method(Evaluator):
    """Expressions in a method, where `super()` means something."""

    def __init__(self, outer: Evaluator, owner: ClassValue, receiver: str):
        super().__init__(outer.module, outer.budget, outer.local)
        self.owner = owner
        self.receiver = receiver

    def call(self, expr: Call) -> Evaluate:
        if expr.function == Name("super") and "super" not in self.local and not expr.args:
            owner, receiver = self.owner, self.receiver

            def run(names: Names) -> object:
                instance = names[receiver]
                if not isinstance(instance, Instance):
                    raise Failure("`super()` of what is no object")
                return Super(owner, instance)

            return run
        return super().call(expr)
