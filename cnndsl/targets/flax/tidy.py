"""Finished lines of Python, made shorter where a person would."""

from __future__ import annotations

import re
from collections import Counter

_ASSIGNMENT = re.compile(r"(\w+) = ([^#]*)")


def branches_tidied(lines: list[str], opposites: dict[str, str]) -> list[str]:
    """`if`s as one writes them once it is known which of their lines remain; `opposites` has
    the negation of every condition."""
    return chosen(joined(without_pass(lines, opposites)))


def without_pass(lines: list[str], opposites: dict[str, str]) -> list[str]:
    """`if not a:` for an `if` that only its `else` has lines of."""
    texts = list(lines)
    for i in reversed(range(len(texts))):
        header = _IF.fullmatch(texts[i])
        if header is None or header[2] != "if" or [t.strip() for t in _body(texts, i)] != ["pass"]:
            continue
        if i + 2 < len(texts) and texts[i + 2] == f"{header[1]}else:":
            texts[i : i + 3] = [f"{header[1]}if {opposites[header[3]]}:"]
    return texts


def joined(lines: list[str]) -> list[str]:
    """`if a and b:` for an `if` whose body is one other `if`, both without an `else`."""
    texts = list(lines)
    for i in reversed(range(len(texts))):
        header = _IF.fullmatch(texts[i])
        if header is None:
            continue
        body = _body(texts, i)
        after = texts[i + 1 + len(body)] if i + 1 + len(body) < len(texts) else ""
        start = next((n for n, line in enumerate(body) if line), 0)
        inner = _IF.fullmatch(body[start]) if body else None
        depth = _depth(texts[i])
        nested = inner is not None and inner[2] == "if"
        alone = all(not text or _depth(text) > depth + 4 for text in body[start + 1 :])
        if not nested or not alone or after.startswith(f"{' ' * depth}el"):
            continue
        both = f"{header[1]}{header[2]} {operand(header[3])} and {operand(inner[3])}:"
        texts[i : i + 1 + len(body)] = [both, *(t[4:] for t in body[start + 1 :])]
    return texts


_IF = re.compile(r"( *)(if|elif) (.*):")


def operand(condition: str) -> str:
    return f"({condition})" if re.search(r" or | if ", condition) else condition


def chosen(lines: list[str]) -> list[str]:
    """`p = x if prev is None else self.adjust(prev)` for two arms that set one variable."""
    texts = list(lines)
    for i in reversed(range(len(texts))):
        header = _IF.fullmatch(texts[i])
        if header is None or header[2] != "if":
            continue
        then = _body(texts, i)
        after = i + 1 + len(then)
        if after == len(texts) or texts[after] != f"{header[1]}else:":
            continue
        other = _body(texts, after)
        values = [line.split("  # ")[0].strip() for line in (*then, *other)]
        parts = [_ASSIGNMENT.fullmatch(value) for value in values]
        if len(then) != 1 or len(other) != 1 or not all(parts) or parts[0][1] != parts[1][1]:
            continue
        if " if " in parts[0][2] + parts[1][2]:
            continue
        choice = f"{parts[0][2]} if {header[3]} else {parts[1][2]}"
        choice = parts[0][2] if parts[0][2] == parts[1][2] else choice
        line = f"{header[1]}{parts[0][1]} = {choice}"
        if len(line) <= WIDTH:
            texts[i : after + 2] = [line]
    return texts


WIDTH = 80  # inside a method


def unread_items(lines: list[str]) -> list[str]:
    """`_` for the items of a walk that no line reads: a tensor that nothing needs is gone."""
    texts = []
    for position, line in enumerate(lines):
        header = _WALK.fullmatch(line)
        if header is None:
            texts.append(line)
            continue
        text = "\n".join(_body(lines, position))

        def kept(name: re.Match, text: str = text) -> str:
            return name[0] if re.search(rf"(?<![.\w]){name[0]}\b", text) else "_"

        names = re.sub(r"[^\W\d]\w*", kept, header[2])
        texts.append(f"{header[1]}{names}{header[3]}")
    return texts


_WALK = re.compile(r"( *for )(.+?)( in .*:)")


def without_unread(lines: list[str], result: str) -> list[str]:
    """The call without tensors that nothing reads, and without loops that nothing is left of."""
    while True:
        lines = without_empty(lines)
        texts = [_STRING.sub("", line.split("  # ")[0]) for line in lines]
        mentions = Counter(word for t in [*texts, result] for word in set(_WORD.findall(t)))
        settings = Counter(found[1] for text in texts if (found := _TARGET.match(text)))
        dead = {name for name, count in settings.items() if mentions[name] == count}
        if not dead:
            return lines
        kept = (_without_target(line, dead) for line in lines)
        lines = [line for line in kept if line is not None]


def _without_target(line: str, dead: set[str]) -> str | None:
    """A line that does not set a dead variable; None where it does nothing else."""
    found = _TARGET.match(line)
    if found is None or found[1] not in dead:
        return line
    value = line[found.end() :]
    return f"{' ' * _depth(line)}{value}" if value.startswith("out[") else None


_WORD = re.compile(r"(?<![.\w])[^\W\d]\w*")  # no attribute
_STRING = re.compile(r'"[^"]*"')
_TARGET = re.compile(r"\s*([^\W\d]\w*) = ")


def unread_locals(lines: list[str], call: str, names: set[str], read: str) -> list[str]:
    """The constructor without the `let`s that only a dropped line of the call read; `read` is
    the pattern in front of a name there."""
    for name in sorted(names):
        word = re.compile(rf"\b{name}\b")
        mine = re.compile(rf"(?:self\.)?{name} = ")
        others = [line for line in lines if not mine.match(line)]
        if not re.search(rf"\b{read}{name}\b", call) and not any(map(word.search, others)):
            lines = others
    return lines


def _body(lines: list[str], position: int) -> list[str]:
    """The lines under a header."""
    end = position + 1
    while end < len(lines) and (not lines[end] or _depth(lines[end]) > _depth(lines[position])):
        end += 1
    return lines[position + 1 : end]


def without_empty(lines: list[str]) -> list[str]:
    """The lines without loops and branches that have none."""
    kept: list[str] = []
    for line in reversed(lines):
        header = line.endswith(":") and line.lstrip().startswith(("for ", "if ", "el"))
        follows = next((k for k in reversed(kept) if k), "")
        empty = header and _depth(follows) <= _depth(line)
        if empty and (not follows.lstrip().startswith("el") or _depth(follows) < _depth(line)):
            continue
        if empty:
            kept.append(f"{' ' * (_depth(line) + 4)}pass")
        kept.append(line)
    return kept[::-1]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def swapped(lines: list[str]) -> list[str]:
    """`cur = x`, `x = cell(x, prev)`, `prev = cur` as `x, prev = cell(x, prev), x`."""
    texts = list(lines)
    for i in range(len(texts) - 2):
        if None in texts[i : i + 3]:
            continue
        first, second, third = (_ASSIGNMENT.match(text.strip()) for text in texts[i : i + 3])
        if not (first and second and third):
            continue
        kept, source = first[1], first[2].strip()
        changes = second[1] == source and third[2].strip() == kept and third[1] != source
        if not changes or re.search(rf"\b{kept}\b", second[2]) or _indent(texts[i : i + 3]) is None:
            continue
        later = next((t for t in texts[i + 3 :] if t and re.search(rf"\b{kept}\b", t)), None)
        if later is not None and not later.strip().startswith(f"{kept} = "):
            continue
        indent = _indent(texts[i : i + 3])
        value, _, comment = texts[i + 1].strip().partition("  # ")
        value = value.split(" = ", 1)[1]
        line = f"{indent}{source}, {third[1]} = {value}, {source}"
        texts[i : i + 3] = [line + (f"  # {comment}" if comment else ""), None, None]
    return [text for text in texts if text is not None]


def _indent(lines: list[str]) -> str | None:
    indents = {line[: len(line) - len(line.lstrip())] for line in lines}
    return indents.pop() if len(indents) == 1 else None


def tidy(lines: list[str]) -> list[str]:
    """No empty lines at the ends and no two in a row."""
    tidy: list[str] = []
    for line in lines:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    while tidy and not tidy[-1]:
        tidy.pop()
    return tidy
