"""A shape assertion that is off says which `pad` or stride would make it true."""

import pytest

import cnndsl
from cnndsl.fixes import edited, fixes

HEAD = "model Net(classes = 10) {\n  input 32x32x3\n  "
TAIL = "\n  global_avg_pool -> dense(classes)\n}\n"


def mistakes(body: str, blocks: str = "") -> list[tuple[str, str | None]]:
    """The code of every mistake, and the body after its edit, which has no mistake any more."""
    text = blocks + HEAD + body + TAIL
    told: list[tuple[str, str | None]] = []
    for found in cnndsl.check(text):
        right = None
        for fix in fixes(found):
            whole = edited(text, [fix])
            assert cnndsl.check(whole) == []
            right = whole.removeprefix(blocks + HEAD).removesuffix(TAIL)
        told.append((found.code, right))
    return told


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ("conv(8, 3, pad = valid) -> relu : 32x32x8", "conv(8, 3, pad = same) -> relu : 32x32x8"),
        ("conv(8, 3) : 30x30x8", "conv(8, 3, pad = valid) : 30x30x8"),
        ("conv(8, 3) -> relu : 16x16x8", "conv(8, 3, stride = 2) -> relu : 16x16x8"),
        ("conv(8, 3, 4) : 16x16x8", "conv(8, 3, 2) : 16x16x8"),
        ("max_pool(3, stride = 2) : 16x16x3", "max_pool(3, stride = 2, pad = same) : 16x16x3"),
        ("conv(8, 5, pad = valid) : 30x30x8", "conv(8, 5, pad = 1) : 30x30x8"),
        ("conv(8, 3) : 32x32x16", "conv(8, 3) : 32x32x8"),  # if the layers are right
        (
            "stage a { conv(8, 3) -> { max_pool(2, pad = same) } * 2 } : 32x32x8",
            "stage a { conv(8, 3) -> { max_pool(2, pad = same, stride = 1) } * 2 } : 32x32x8",
        ),
    ],
)
def test_the_change_that_makes_it_true_is_told(body, right):
    assert mistakes(body) == [("E305", right)]


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("conv(8, 3) : 31x31x8", ""),
        ("let s = 1\n  conv(8, 3, stride = s) : 16x16x8", ""),
        ("for n in [8, 16] { conv(n, 3) : [16, 16, n] }", ""),
        ("unit(1)\n  unit(2)", "block unit(n) { conv(8, 3) : [32 // n, 32 // n, 8] }\n"),
        ("add [ here, conv(3, 3) ] -> relu : 16x16x3", ""),
    ],
)
def test_nothing_is_made_up(body, blocks):
    told = mistakes(body, blocks)
    assert {code for code, _ in told} == {"E305"}
    assert {edit for _, edit in told} == {None}


def test_what_stands_for_a_clip_behind_a_mistake_has_all_of_its_axes():
    unequal = "block u(n) { add [ conv(n, 3, pad = [0, 1, 1]), here ] -> relu }\n"
    found = cnndsl.check(
        f"{unequal}model N {{\n  input 16x8x8x3\n  u(3) -> relu -> max_pool(2)\n}}\n"
    )
    assert [mistake.code for mistake in found] == ["E301"]
