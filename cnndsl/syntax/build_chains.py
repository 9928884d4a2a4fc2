"""Chains and item lists, from the words and nodes of their rules."""

from __future__ import annotations

from cnndsl.syntax import ast
from cnndsl.syntax.build_lists import (
    Arguments,
    Items,
    closer,
    members,
)
from cnndsl.syntax.scan import Word


class Chains:
    """Elements, and lists of items."""

    def chain(self, *joined: ast.Element | Word) -> ast.Chain:
        elements: tuple[ast.Element, ...] = members(joined)
        return ast.Chain(elements[0].span.to(elements[-1].span), elements)

    def apply(self, name: Word, arguments: Arguments | None) -> ast.Apply:
        if arguments is None:
            return ast.Apply(name, name.text, name, None)
        args, close = arguments
        return ast.Apply(name.to(close), name.text, name, args)

    def endpoint(self, name: Word, _dot: Word, endpoint: Word) -> ast.Apply:
        span = name.to(endpoint)
        return ast.Apply(span, f"{name.text}.{endpoint.text}", span, None)

    def tensor(self, name: Word) -> ast.Apply:
        return ast.Apply(name, name.text, name, None)

    def group(self, body: ast.Body) -> ast.Group:
        return ast.Group(body.span, body)

    def pick(self, place: ast.Index) -> ast.Pick:
        return ast.Pick(place.span, place)

    def index_of(self, name: Word, _open: Word, index: ast.Expr, close: Word) -> ast.Index:
        return ast.Index(name.to(close), ast.Name(name, name.text), index)

    def merge(self, name: Word, _open: Word, *inside: ast.Item | Word) -> ast.Merge:
        return ast.Merge(name.to(closer(inside)), name.text, name, members(inside))

    def merge_of(self, name: Word, value: ast.Name | ast.Index) -> ast.Merge:
        """`concat xs`: `concat [ xs.. ]`."""
        spread = ast.Spread(value.span, value)
        return ast.Merge(name.to(value.span), name.text, name, (spread,))

    def spread(self, value: ast.Name | ast.Index, dots: Word) -> ast.Spread:
        return ast.Spread(value.span.to(dots), value)

    def item_loop(
        self, keyword: Word, targets: tuple[Word, ...], _in: Word, values: ast.Expr, items: Items
    ) -> ast.ItemLoop:
        names = tuple(target.text for target in targets)
        held, close = items
        return ast.ItemLoop(keyword.to(close), names, targets, values, held)

    def item_choice(
        self,
        keyword: Word,
        condition: ast.Expr,
        items: Items,
        *others: tuple[ast.Expr, Items] | Items | None,
    ) -> ast.ItemChoice:
        """The last of `others` are the items of the `else`, or None."""
        branches = [(condition, items[0])]
        end, other = items[1], None
        for following in others:
            if following is None:
                continue
            if isinstance(following[0], ast.Node) and not isinstance(following[1], Word):
                test, (held, end) = following[0], following[1]
                branches.append((test, held))
            elif isinstance(following[0], tuple) and isinstance(following[1], Word):
                other, end = following[0], following[1]
        return ast.ItemChoice(keyword.to(end), tuple(branches), other)

    def else_if_items(
        self, _else: Word, _if: Word, condition: ast.Expr, items: Items
    ) -> tuple[ast.Expr, Items]:
        return condition, items

    def items(self, _open: Word, *inside: ast.Item | Word) -> Items:
        return members(inside), closer(inside)

    def repeat(self, element: ast.Element, _times: Word, count: ast.Expr) -> ast.Repeat:
        return ast.Repeat(element.span.to(count.span), element, count)
