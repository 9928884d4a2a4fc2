"""Layers with weights of their own in terms: which of them are one, and what runs again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cnndsl.targets.flax.forms_axes import AxisForms
from cnndsl.targets.flax.terms import Settings, Shape, Term, Terms, Unfit


class OwnForms(AxisForms):
    """Terms that are told apart by their number, where all else of them is alike."""

    def __init__(self, terms: Terms):
        super().__init__(terms)
        self._numbers: dict[tuple[object, ...], int] = {}
        self.weighted: list[Term] = []  # the results of layers with weights, in order
        self.repeated: list[Term] = []  # those of layers that run once more
        self._is_aside = False
        self._marks: Settings = ()
        self._first: deque[Term] = deque()  # what the layers that run next gave first

    def _own(self, op: str, settings: Settings, x: Term, shape: Shape) -> Term:
        """The result of an op with weights or random numbers of its own."""
        return self._owned(op, settings, (x,), shape)

    def _owned(self, op: str, settings: Settings, inputs: tuple[Term, ...], shape: Shape) -> Term:
        settings = (*settings, *self._marks) if op != "dropout" else settings
        if self._is_aside:
            return self._terms.term(op, settings, inputs, shape, -1)
        is_again = op != "dropout" and bool(self._first)
        if is_again:
            inputs = (*inputs, self._first.popleft())  # whose weights these are
        key = (op, settings, *[x.serial for x in inputs])
        number = self._numbers[key] = self._numbers.get(key, 0) + 1
        result = self._terms.term(op, settings, inputs, shape, number)
        if op != "dropout":
            (self.repeated if is_again else self.weighted).append(result)
        return result

    @contextmanager
    def sharing(self, first: Iterable[Term]) -> Iterator[None]:
        """Layers with weights that run inside have those of layers that gave these terms."""
        self._first.extend(first)
        yield
        if self._first:
            raise Unfit("layers that run again are fewer than they were")

    @contextmanager
    def marked(self, **marks: object) -> Iterator[None]:
        """What is said besides of the layers that run inside, such as that they do not learn."""
        before = self._marks
        self._marks = tuple(sorted({**dict(before), **marks}.items()))
        try:
            yield
        finally:  # what does not fit is a question that others ask
            self._marks = before

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What layers give inside is read by nobody, and they have run elsewhere."""
        self._is_aside = True
        yield
        self._is_aside = False

    def again(self, term: Term, inputs: tuple[Term, ...]) -> Term:
        """The op of a layer once more, with weights of its own, on other tensors."""
        return self._owned(term.op, term.settings, inputs, term.shape)

    def block(self, number: int, inputs: tuple[Term, ...], shape: Shape) -> Term:
        """What a block gives, with weights of its own; equal blocks have one number."""
        return self._owned("block", (("number", number),), inputs, shape)
