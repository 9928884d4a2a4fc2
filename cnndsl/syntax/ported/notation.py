"""The calls of other languages in Python's notation, for Python's own parser to read."""

from __future__ import annotations

import ast as python
import re
import warnings

from cnndsl.syntax.parts import split_at

INPUT = "input_of_this"  # `in` is a word of Python's own
USUAL = tuple("x inputs input net out y h features img image here data".split())  # tensors' names
_LONGEST = 20_000  # characters of a text that is read
_LONG = 1_000  # characters of arguments that are put in order
_SIGNS = (
    (r"\blocal\s+|\b(?:var|let|const|auto|val)\s+(?=\w+\s*=)|\bnew\s+(?=\w)", ""),
    (r"(?<=\w)::(?=\w)", "."),
    (r"(?<=\w):(?=\w+\()", "."),
    (r"<-", "="),
    (r"(?<=[(,])(\s*\w+)\s*(?:->|→)\s*(?=\w+\s*[,)])", r"\1 >> "),
    (r"%>%|\|>|->>?|→|⇒", "|"),
    (r"=>", ">>"),
    (r"\b(?:true|TRUE)\b", "True"),
    (r"\b(?:false|FALSE)\b", "False"),
    (r"\b(?:nil|null|NULL|none)\b", "None"),
    (r"(?<![\w.])c\((?=[\d\s,]+\))", "("),
    (r"\b(\d+)\s*[x×]\s*(\d+)(?:\s*[x×]\s*(\d+))?\b", None),
    (r"&&", " and "),
    (r"\|\|", " or "),
    (r"\bin\b", INPUT),
)
_COMMENT = re.compile(r"(?:^|(?<=\s))(?:--|//|%|#)(?![>=]).*$", re.M)
_NAMED = re.compile(r"(?<=[(,{])(\s*)[\"']?([A-Za-z_]\w*)[\"']?\s*:(?=\s*[\w\"'(\[-])")


def as_python(text: str) -> str:
    """A text with the signs of other languages as Python has them."""
    text = _COMMENT.sub("", text)
    text = re.sub(r"^([ \t]*)\(\w+\):[ \t]*(?=\w+\()", r"\1", text, flags=re.M)  # str(model)
    for pattern, sign in _SIGNS:
        text = re.sub(pattern, _size if sign is None else sign, text)
    text = re.sub(r"(?<=[\[\s])(\d+) +(?=\d)", r"\1, ", text)
    text = re.sub(r"\|[ \t]*\n\s*|\n\s*\|(?=[ \t])", "| ", text)
    text = _in_brackets(text)
    text = re.sub(r"^[ \t]*end[ \t]*;?[ \t]*$", "", text, flags=re.M)
    return re.sub(r"[;,][ \t]*$", lambda m: "" if m[0][0] == ";" else m[0], text, flags=re.M)


def _size(found: re.Match[str]) -> str:
    return f"({', '.join(each for each in found.groups() if each)})"


_HEADED = re.compile(
    r"^(block|model|network|net)[ \t]+(\w+)[ \t]*(?:\(([^()\n]*)\))?[ \t]*:[ \t]*(?:#.*)?$", re.M
)
_SIZED = re.compile(r"^([ \t]+)input[ \t]+(\d+)[x×](\d+)[x×](\d+)", re.M)


def program(text: str) -> list[python.stmt] | None:
    """The statements of a text in Python, or in a language whose calls are read as Python's."""
    return parsed(text) or parsed(as_functions(text)) or parsed(as_python(text))


def as_functions(text: str) -> str:
    """Blocks and models whose bodies are indented lines of Python's, as functions of a tensor."""
    flow = next((name for name in USUAL if re.search(rf"\b{name}[ \t]*=", text)), "x")

    def headed(found: re.Match[str]) -> str:
        params = [each.strip() for each in (found[3] or "").split(",") if each.strip()]
        takes = params[:1] in [[name] for name in USUAL]
        takes = takes or (found[1] != "block" and _SIZED.search(text) is not None)
        return f"def {found[2]}({', '.join(params if takes else [flow, *params])}):"

    return _SIZED.sub(rf"\1{flow} = input((\2, \3, \4))", _HEADED.sub(headed, text))


def parsed(text: str) -> list[python.stmt] | None:
    """The statements of a text as Python reads it; None where it does not."""
    if len(text) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return python.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statements(text: str) -> list[python.stmt] | None:
    """The statements of one line, or of several in open brackets, of any language."""
    text = as_python(text.strip()).strip().removesuffix(",").strip()
    if not text:
        return []
    arguments = _NAMED.sub(r"\1\2=", text)
    for each in (text, arguments, re.sub(r"=\s*\{", "={", arguments)):
        found = parsed(each)
        if found is not None:
            return found
    return None


def _in_brackets(text: str) -> str:
    """Commas for the new lines and semicolons that separate what stands in brackets, and arguments
    with names behind those without."""
    found: list[str] = []
    opened: list[tuple[int, str]] = []
    quote = ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign in (quote, "\n") else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            opened.append((len(found), sign))
        elif sign in ")]}" and opened:
            start, opener = opened.pop()
            if opener == "(":
                found[start + 1 :] = _named_last("".join(found[start + 1 :]))
        elif opened and (sign == ";" or (sign == "\n" and _parts(text, place))):
            found.append(",")
            sign = "\n" if sign == "\n" else " "
        found.append(sign)
    return "".join(found)


def _parts(text: str, place: int) -> bool:
    """Whether a new line separates two things: `relu`, and `conv(3)` below it."""
    before, behind = text[:place].rstrip()[-1:], text[place:].lstrip()[:1]
    ends = before.isalnum() or before in ")]}\"'_"
    return ends and (behind.isalpha() or behind in "\"'[{@_")


def _named_last(text: str) -> str:
    """Arguments, those with names last."""
    if len(text) > _LONG:
        return text
    parts = split_at(text)
    named = [bool(re.match(r"\s*\w+\s*=(?!=)", part)) for part in parts]
    if sorted(named) == named or not parts[-1].strip():
        return text
    order = [p for p, is_named in zip(parts, named, strict=True) if not is_named]
    order += [p for p, is_named in zip(parts, named, strict=True) if is_named]
    return ",".join(order)
