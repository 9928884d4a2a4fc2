"""Statements and expressions in one line, for messages: what is long is cut."""

from __future__ import annotations

from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Declare,
    Dict,
    Do,
    Expr,
    For,
    Formatted,
    If,
    Item,
    Keyword,
    ListOf,
    Name,
    Return,
    Slice,
    Star,
    Statement,
    Tuple,
    Unary,
)

_LONGEST = 100


def brief(node: Statement | Expr) -> str:
    """`self.conv = nnx.Conv(in_features, …`"""
    text = _text(node)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _text(node: Statement | Expr | Keyword | None) -> str:
    match node:
        case None:
            return ""
        case Assign(targets=targets, value=value):
            return " = ".join([*map(_text, targets), _text(value)])
        case Augment(target=target, op=op, value=value):
            return f"{_text(target)} {op}= {_text(value)}"
        case Declare(name=name, value=value):
            return f"{name} = {_text(value)}"
        case Do(value=value):
            return _text(value)
        case If(test=test):
            return f"if {_text(test)}:"
        case For(target=target, iterable=iterable):
            return f"for {_text(target)} in {_text(iterable)}:"
        case Return(value=value):
            return f"return {_text(value)}"
        case Name(id=name):
            return name
        case Constant(value=value):
            return "..." if value is ... else repr(value)
        case Attribute(base=base, name=name):
            return f"{_text(base)}.{name}"
        case Item(base=base, index=index):
            return f"{_text(base)}[{_text(index).removeprefix('(').removesuffix(')')}]"
        case Slice(start=start, stop=stop, step=step):
            return f"{_text(start)}:{_text(stop)}" + (f":{_text(step)}" if step else "")
        case Tuple(items=items):
            return f"({_list(items)})"
        case ListOf(items=items):
            return f"[{_list(items)}]"
        case Dict(items=pairs):
            texts = (f"{_text(k)}: {_text(v)}" if k else f"**{_text(v)}" for k, v in pairs[:20])
            return f"{{{', '.join(texts)}}}"
        case Star(value=value):
            return f"*{_text(value)}"
        case Keyword(name=name, value=value):
            return f"{name}={_text(value)}" if name else f"**{_text(value)}"
        case Call(function=function, args=args, keywords=keywords):
            return f"{_text(function)}({_list((*args, *keywords))})"
        case Unary(op=op, operand=operand):
            return f"{op}{' ' if op == 'not' else ''}{_text(operand)}"
        case Binary(op=op, left=left, right=right):
            return f"{_text(left)} {op} {_text(right)}"
        case Conditional(then=then, test=test, other=other):
            return f"{_text(then)} if {_text(test)} else {_text(other)}"
        case Comprehension(element=element, target=target, iterable=iterable):
            return f"({_text(element)} for {_text(target)} in {_text(iterable)})"
        case Formatted(parts=parts):
            texts = (part if isinstance(part, str) else f"{{{_text(part)}}}" for part in parts)
            return f'f"{"".join(texts)}"'
    return type(node).__name__


def _list(items: tuple[Expr | Keyword, ...]) -> str:
    return ", ".join(map(_text, items[:20]))
