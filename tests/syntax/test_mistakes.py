"""Syntax errors: the code, the text under the caret, and a word of what is said."""

from __future__ import annotations

import json

import pytest

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import tables
from cnndsl.syntax.expected import expected
from cnndsl.syntax.parser import parse


def diagnose(text: str) -> Diagnostic:
    spec, diagnostics = parse(Source("test.cnn", text))
    assert spec is None
    (diagnostic,) = diagnostics
    return diagnostic


IN_A_BLOCK = [
    # text, code, what the caret is under, a part of the message or the help
    ("conv(64) => relu", "E013", "=>", "`->`"),
    ("a --> b", "E013", "-->", "`->`"),
    ("x := relu", "E013", ":=", "write `=`"),
    ("let i += 1", "E013", "+=", "let i = i + 1"),
    ("output mask", "E013", "output", "here output mask"),
    ("mask = relu\noutput mask", "E013", "output", "mask output mask"),
    ("output mask = conv(1, 1) -> relu", "E013", "output", "conv(1, 1) -> relu output mask"),
    ("output a, b", "E013", "output", "the last line is the result"),
    ("x = relu output mask", "E013", "output mask", "… output mask, and use mask below"),
    ("x = relu as mask", "E013", "as mask", "… as mask, and use mask below"),
    ("relu as x output mask", "E013", "output mask", "here output mask"),
    ("x++", "E013", "++", "let i = i + 1"),
    ("if a === b { }", "E013", "===", "write `==`"),
    ("relu; relu", "E004", ";", "ends with its line"),
    ("a → b", "E004", "→", "(U+2192)"),
    ("let x = a && b", "E004", "&", "write `and`"),
    ("let x = 'he_normal'", "E004", "'", "double quotes"),
    ("é", "E004", "é", "(U+00E9)"),
    ("\x07", "E004", "\x07", "U+0007"),
    ("\u202e", "E004", "\u202e", "U+202E"),
    ('conv(64, init = "he)', "E005", '"he)', "not closed"),
    ("// comment", "E013", "//", "`#`"),
    ("% comment", "E013", "%", "`#`"),
    ("/* comment */", "E013", "/*", "`#`"),
    ("let n = 3 // the width", "E013", "//", "`#`"),
    ("conv(64, 3 x 3)", "E010", "3 x 3", "3x3"),
    ("conv(64, 3X3)", "E010", "3X3", "3x3"),
    ("conv(64, 3xn)", "E010", "3xn", "[3, n]"),
    ("input 224 x 224 x 3", "E010", "224 x 224 x 3", "input 224x224x3"),
    ("let x = .5", "E010", ".5", "write 0.5"),
    ("let x = 5.", "E010", "5.", "5.0"),
    ("let x = 1_", "E010", "1_", "between two digits"),
    ("let x = 12abc", "E010", "12abc", "begins with a letter"),
    ("let in = 3", "E011", "in", "keyword"),
    ("same = relu", "E011", "same", "predefined"),
    ("stage input { relu }", "E011", "input", "keyword"),
    ("for in in x { }", "E011", "in", "keyword"),
    ("conv(same = 3)", "E011", "same", "predefined"),
    ("conv(input = 3)", "E011", "input", "keyword"),
    ("relu as here", "E011", "here", "keyword"),
    ("block = relu", "E011", "block", "keyword"),
    ("foo(a = 1, 2)", "E012", "2", "after a named one"),
    ("conv(64 3)", "E014", "3", "no `,`"),
    ("conv(64, stride 2)", "E014", "2", "stride = 2"),
    ("conv(64\n relu", "E014", "relu", "no `,`"),
    ("conv 64", "E014", "64", "conv(64)"),
    ("relu relu", "E014", "relu", "`->`"),
    ("relu let x = 3", "E014", "let", "line of its own"),
    ("if a { relu } bn", "E014", "bn", "line of its own"),
    ("relu, bn", "E013", ",", "new line"),
    ("relu\nelse { relu }", "E016", "else", "no `if`"),
    ("let x = 3 else 4", "E016", "else", "a if condition else b"),
    ("let x = 3 if n", "E016", "if", "no `else`"),
    ("if n { }\nelif m { }", "E013", "elif", "else if"),
    ("if a < b < c { }", "E017", "<", "`and`"),
    ("let x = conv(3) -> relu", "E018", "->", "without `let`"),
    ("foo(a -> b)", "E018", "->", "a line of its own"),
    ("add(a -> b, c)", "E018", "->", "add [ a -> b, c ]"),
    ("input 224x224x3 -> relu", "E018", "->", "next line"),
    ("relu : 3x3 -> relu", "E018", "->", "next line"),
    ("let x = 1\n + 2", "E019", "+", "line above"),
    ("relu\n* 3", "E019", "*", "line above"),
    ("relu\n: 3x3", "E019", ":", "line above"),
    ("if a\n{ relu }", "E019", "{", "line above"),
    ("unit * ceil(n)", "E020", "* ceil(", "parentheses"),
    ("unit * n - 1", "E020", "* n -", "parentheses"),
    ("unit * -1", "E020", "* -", "parentheses"),
    ("3 * unit", "E013", "3", "write unit * 3"),
    ("a + b", "E013", "+", "add [ a, b ]"),
    ("input = 3x3", "E013", "=", "no `=` behind `input`"),
    ("expect params = 5", "E013", "=", "write expect params 5"),
    ("expect params 5 within 1", "E013", "within", "within 1%"),
    ("train {\n epochs = 90\n}", "E013", "=", "epochs 90"),
    ("preprocess {\n size = 256\n}", "E013", "=", "size 256"),
    ("train {\n epochs: 90\n}", "E013", ":", "epochs 90"),
    ("if n = 3 { }", "E013", "=", "`==`"),
    ("conv(3, stride: 2)", "E013", ":", "stride = 2"),
    ("let x = xs[1:2]", "E013", ":", "xs[1 .. 2]"),
    ("let x = [a for a in b for c in d]", "E013", "for", "one `for`"),
    ("let x = [a for a in b if c else d]", "E013", "else", "a if c else b"),
    ("let x = [\na\nfor a in b]", "E013", "for", "on the line of its item"),
    ("conv(25.6M, 3)", "E010", "25.6M", "25_600_000"),
    ("expect params 1.0001k", "E010", "1.0001k", "finer than one"),
    ("expect params 9_999_999T", "E009", "9_999_999T", "too large"),
    ("expect params 25.6M within 1%", "E013", "within 1%", "how exact it is"),
    ("repeat 3 { relu }", "E013", "repeat", "* 3"),
    ("stgae a { relu }", "E015", "stgae", "did you mean `stage`?"),
    ("let x = 3 +", "E015", "+", "expected a value behind `+`"),
    ("relu -> ", "E015", "->", "expected an element of a chain behind `->`"),
    ("stage { relu }", "E015", "{", "expected a name"),
    ("if n relu", "E015", "relu", "expected `{`"),
    ("let x = [1,,2]", "E015", ",", "expected a value or `]`"),
    ("let x 3", "E015", "3", "expected `=`"),
    ("conv(64, 3", "E006", "(", "never closed"),
    ("add [ relu", "E006", "[", "never closed"),
    ("for i in [1, 2 { relu }", "E006", "[", "never closed"),
    ("conv(3 ]", "E007", "]", "cannot close `(`"),
]


@pytest.mark.parametrize(("text", "code", "caret", "said"), IN_A_BLOCK)
def test_in_a_block(text, code, caret, said):
    check(diagnose(f"block a(n) {{\n{text}\n}}\n"), code, caret, said)


AT_THE_TOP = [
    ("block in() { }", "E011", "in", "keyword"),
    ("block a(in) { }", "E011", "in", "keyword"),
    ("block a(same = 3) { }", "E011", "same", "predefined"),
    ("def foo(x):\n  relu", "E013", "def", "block foo(x) {\n  relu\n}"),
    ("class A {\n}", "E013", "class", "`model`"),
    ("import foo", "E013", "import", "use"),
    ("modle A() { }", "E015", "modle", "did you mean `model`?"),
    ("stage x { }", "E015", "stage", "in the braces"),
    ("block a() { }\nrelu", "E015", "relu", "`use`, `fn`, `block` or `model`"),
    ("block a()\n{ }", "E019", "{", "line above"),
    ("use foo.cnn", "E015", "foo", "in quotes"),
    ("fn f(x) = { x }", "E013", "{", "one expression"),
    ("fn f(x): x", "E013", ":", "behind `=`"),
    ("fn f(x) {\n if x { 1 } else { 2 }\n}", "E013", "if", "a if condition else b"),
    ("fn f(x) {\n for y in x { y }\n}", "E013", "for", "[f(x) for x in xs]"),
    ("fn f(x) {\n let y = x\n z = y\n z\n}", "E013", "=", "let z = …"),
    ("fn f(x) {\n let y = x\n}", "E013", "}", "ends in its value"),
    ("fn f(x) { return x }", "E013", "return", "the last line is the result"),
    ("block a(n: int) { }", "E013", ": int", "write block a(n) { }"),
    ("block a() { } block b() { }", "E014", "block", "line of its own"),
    ("block a() { relu", "E006", "{", "never closed"),
    ("block a() { relu\nblock b() { }", "E006", "{", "never closed"),
    ("block a() { f(\nmodel b() { }", "E006", "(", "never closed"),
    ("block a(n { }", "E006", "(", "never closed"),
    ("}", "E007", "}", "closes nothing"),
    ("model A =", "E015", "=", "a name behind `=`"),
    ("model A(n)", "E015", "", "the end of the file"),
    ("model A = B { relu }", "E110", "relu", "`expect`"),
]


@pytest.mark.parametrize(("text", "code", "caret", "said"), AT_THE_TOP)
def test_at_the_top(text, code, caret, said):
    check(diagnose(text), code, caret, said)


def check(diagnostic: Diagnostic, code: str, caret: str, words: str) -> None:
    said = [diagnostic.message, diagnostic.primary.text, diagnostic.help, diagnostic.table]
    wording = "\n".join(map(str, said))
    assert (diagnostic.code, diagnostic.primary.span.text) == (code, caret), wording
    assert words in wording


def test_an_unclosed_bracket_shows_where_it_was_missed():
    diagnostic = diagnose("block a() {\n  conv(64, 3\n}\n")
    assert diagnostic.primary.span.line == 2
    (missed,) = diagnostic.labels
    assert (missed.span.line, missed.span.text) == (3, "}")


def test_every_code_is_explained():
    codes = {code for _, code, _, _ in IN_A_BLOCK + AT_THE_TOP}
    codes |= {"E001", "E002", "E003", "E008", "E009"}  # test_decode.py and test_limits.py
    codes |= {"E021"}  # test_errors.py
    assert {code for code in errors.EXPLANATIONS if code.startswith("E0")} <= codes
    assert all(errors.EXPLANATIONS[code].strip() for code in codes)


def test_every_state_of_the_parser_has_words():
    for state in json.loads(tables.STATES):
        terminals = frozenset(symbol for symbol in state if symbol.isupper())
        for accepted in (terminals, *(frozenset({kind}) for kind in terminals)):
            assert not accepted or len(expected(accepted)) < 120


@pytest.mark.parametrize("argument", ["[ xs.. ]", "[ xs[0 .. k].. ]"])
def test_a_pack_in_brackets_is_told_to_be_an_argument_itself(argument):
    text = f"model Net {{\n  input 8x8x3\n  xs = [ relu, tanh ]\n  heads({argument}, 3)\n}}\n"
    _, (found, *_) = parse(Source("net.cnn", text))
    assert (found.code, found.primary.span.text) == ("E015", "..")
    assert found.help is not None and "a pack is an argument as it is" in found.help
