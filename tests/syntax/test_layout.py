"""What newlines and comments mean."""

from __future__ import annotations

import pytest

from cnndsl.source import Source
from cnndsl.syntax.layout import layout
from cnndsl.syntax.scan import END, scan


def laid_out(text: str) -> str:
    """The words of a text; a newline that counts is drawn as `;`, or as the comma it stands for."""
    signs = {"NEWLINE": ";", "COMMA": ",", END: ""}
    words = layout(scan(Source("test.cnn", text)))
    return " ".join(signs.get(word.type, word.text) for word in words).strip()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("\n\na\n\n# comment\n\nb\n\n", "a ; b"),
        ("{\na\nb\n}\nc", "{ a ; b } ; c"),
        ("{ a\n}\n", "{ a }"),
        ("[\na\nb\n]", "[ a , b ]"),
        ("[a,\nb\n, c,\n]", "[ a , b , c , ]"),
        ("(a\nb\n)", "( a b )"),
        ("{ f(a,\n\n b) }", "{ f ( a , b ) }"),
        ("[ f(\na\n)\nb ]", "[ f ( a ) , b ]"),
        ("( [ a\nb ]\n)", "( [ a , b ] )"),
        ("{ a\n  -> b\n\n# so\n  -> c\nd }", "{ a -> b -> c ; d }"),
        ("{ a ->\n b\n}", "{ a -> b }"),
        ("[ a\n-> b\nc ]", "[ a -> b , c ]"),
        ("{ if a { b }\n\nelse { c }\nd }", "{ if a { b } else { c } ; d }"),
        ("{ let x =\n 1 +\n 2 and\n 3 ..\n 4\n y }", "{ let x = 1 + 2 and 3 .. 4 ; y }"),
        ("{ let x = a if b\n else c\n}", "{ let x = a if b else c }"),
        ("{ a # comment ->\nb }", "{ a ; b }"),
        ("{ a -> # comment\nb }", "{ a -> b }"),
        ("{ p = in\nrelu }", "{ p = in ; relu }"),
        ("{ expect params 1 within 1%\na }", "{ expect params 1 within 1% ; a }"),
        ("{ a : 3x3\nb }", "{ a : 3x3 ; b }"),
        ("a\tb", "a b"),
    ],
)
def test_newlines(text, meaning):
    assert laid_out(text) == meaning
