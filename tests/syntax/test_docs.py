"""Which comments document what."""

from __future__ import annotations

from cnndsl.source import Source
from cnndsl.syntax.parser import parse
from tests.syntax.specs import VGG


def docs(text: str) -> tuple[str | None, list[str | None]]:
    spec, diagnostics = parse(Source("test.cnn", text))
    assert not diagnostics
    return spec.doc, [definition.doc for definition in spec.definitions]


def test_the_first_comment_documents_the_file():
    file, (convs, vgg16, vgg19) = docs(VGG)
    assert file == (
        "Very deep convolutional networks: 3x3 convolutions all the way.\n"
        "\n"
        "Simonyan & Zisserman, 2014, Table 1"
    )
    assert convs == "`n` convolutions, then half the resolution."
    assert (vgg16, vgg19) == ("Configuration D.", "Configuration E.")


def test_the_first_comment_is_the_files_alone():
    assert docs("# One.\n# Two.\nblock a() { }") == ("One.\nTwo.", [None])


def test_no_comment_before_the_first_definition():
    assert docs("fn one() = 1\n\n# Doc.\nfn two() = 2") == (None, [None, "Doc."])


def test_a_blank_line_separates():
    assert docs("# File.\n\n# Not of a.\n\nblock a() { }") == ("File.", [None])


def test_text_is_kept_verbatim():
    text = '# File.\n\n#No space.\n#   indented "quotes" \\n\n#\n  # é #\nblock a() { }'
    assert docs(text)[1] == ['No space.\n  indented "quotes" \\n\n\né #']


def test_a_comment_behind_a_definition_is_none():
    assert docs("fn one() = 1 # one\nfn two() = 2") == (None, [None, None])


def test_blank_lines_before_the_first_comment():
    assert docs("\n  \n# File.\n") == ("File.", [])


def test_what_silences_warnings_is_no_documentation():
    text = "# cnndsl: ignore W401\n\n# One.\n# cnndsl: ignore W101, W304\n# Two.\nblock a() { }\n"
    text += "# cnndsl: ignore\nblock b() { }\n# cnndsl: ignore what it says.\nblock c() { }"
    assert docs(text) == (None, ["One.\nTwo.", None, "cnndsl: ignore what it says."])
