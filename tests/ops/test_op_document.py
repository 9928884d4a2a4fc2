"""What `cnndsl ops` and docs/ops.md print."""

from pathlib import Path

from cnndsl.ops import MERGES, OPS
from cnndsl.ops.document import describe, overview, reference
from cnndsl.ops.merge import Concat
from cnndsl.ops.pool import MaxPool


def test_description():
    border = "`same`, `valid`, an integer of at least 0, [h, w] or [top, bottom, left, right]"
    assert describe(MaxPool) == (
        "max_pool(window, stride = window, pad = valid, ceil = false)\n"
        "\n"
        "Largest value of each window; the padding is minus infinity.\n"
        "\n"
        "Arguments:\n"
        "  window  size of the window\n"
        "          a positive integer or HxW\n"
        "  stride  step of the window (default window)\n"
        "          a positive integer or HxW\n"
        "  pad     zeros, or minus infinity, around the map (default valid)\n"
        f"          {border}\n"
        "  ceil    let a last window hang over the end of the map, where nothing counts "
        "(default false)\n"
        "          true or false\n"
        "\n"
        "Takes:\n"
        "  signals, feature maps and clips\n"
        "\n"
        "Shape:\n"
        "  (h, w, c) to (h', w', c). `same`: ceil(h / stride); `valid` and explicit padding:\n"
        "  floor((h + padding - window) / stride) + 1. With `ceil` that is rounded up, unless "
        "the last\n"
        "  window would begin behind the map, as PyTorch's `ceil_mode` has it.\n"
    )


def test_initializers_are_listed_where_they_apply():
    assert "Initializers:\n  he_normal, " in describe(OPS["conv"])
    assert "Initializers" not in describe(OPS["layer_scale"])


def test_merges_have_a_description():
    assert describe(Concat).startswith("concat [ … ]\n\nThe channels of the branches")


def test_every_op_is_in_the_overview_and_the_reference():
    lines = overview().splitlines()
    page = reference()
    for name, op in OPS.items():
        assert sum(line.split()[:1] == [name] for line in lines) == 1
        assert page.count(f"### `{op.signature()}`\n") == 1
    for name in MERGES:
        assert f"### `{name} [ … ]`\n" in page
    assert all(len(line) <= 110 for line in lines)


def test_no_doctest_reaches_the_reader():
    assert ">>>" not in reference()


def test_the_page_is_made_from_the_ops():
    page = Path(__file__).parents[2] / "docs" / "ops.md"
    assert page.read_text(encoding="utf-8") == reference()  # python -m cnndsl.ops.document
