"""What lists, `let` in a `fn` and rounded counts mean, and that none of them outgrows a budget."""

import pytest

import cnndsl


def holds(condition: str, before: str = "") -> bool:
    """Whether a condition is true where the spec of a network asks for it."""
    spec = f"""{before}
    block chosen {{ if {condition} {{ conv(5, 1) }} else {{ conv(2, 1) }} }}
    model Net {{ input 8x8x3
      chosen
    }}"""
    found = cnndsl.summarize(spec)
    assert not found.diagnostics, found.diagnostics[0].message
    (network,) = found.summaries
    return network.output[-1] == 5


@pytest.mark.parametrize(
    "condition",
    [
        "[1, 2] + [3] == [1, 2, 3]",
        "[] + [] == []",
        "(0 .. 2) + [7] == [0, 1, 7]",
        "[[1], [2]] + [[3]] == [[1], [2], [3]]",
        "[1, 2, 3][-1] == 3",
        "[1, 2, 3][-3] == 1",
        "[1, 2, 3, 4][1 .. 3] == [2, 3]",
        "[1, 2, 3, 4][0 .. -1] == [1, 2, 3]",
        "[1, 2, 3, 4][-2 .. 4] == [3, 4]",
        "[1, 2, 3][2 .. 1] == []",
        "[1, 2, 3][3 .. 3] == []",
        "[2 * x for x in [1, 2, 3]] == [2, 4, 6]",
        "[x for x in 0 .. 6 if x % 2 == 1] == [1, 3, 5]",
        "[a * b for a, b in [[1, 2], [3, 4]]] == [2, 12]",
        "[[x + y for y in 0 .. x] for x in 1 .. 3] == [[1], [2, 3]]",
        "[x if x > 1 else 0 for x in 0 .. 3] == [0, 0, 2]",
        "[x for x in []] == []",
        "zip([1, 2], [3, 4]) == [[1, 3], [2, 4]]",
        "zip([1], [2], [3]) == [[1, 2, 3]]",
        "zip([1]) == [[1]]",
        "enumerate([5, 6]) == [[0, 5], [1, 6]]",
        "[i * w for i, w in enumerate([4, 5])] == [0, 5]",
        "sum([w * d for w, d in zip([1, 2], [3, 4])]) == 11",
    ],
)
def test_a_list_is(condition: str):
    assert holds(condition)
    assert not holds(f"not ({condition})")


def test_a_name_of_a_list_is_known_inside_it_alone():
    spec = "model Net { input 8x8x3\n let x = 4\n let xs = [x for x in [1, 2]]\n conv(x, 1) }"
    (network,) = cnndsl.summarize(spec).summaries
    assert network.output == (8, 8, 4)
    (mistake,) = cnndsl.check("model Net { input 8x8x3\n let xs = [w for w in [1]]\n conv(w, 1) }")
    assert "`w`" in mistake.message


def test_a_let_of_a_function_sees_those_before_it_and_hides_parameters():
    before = """
    fn f(c, d = 2 * c) {
      let c = c + d
      let twice = 2 * c
      twice + c
    }
    fn plain(c) { c + 1 }
    """
    assert holds("f(1) == 9", before)
    assert holds("f(1, d = 0) == 3", before)
    assert holds("plain(f(1, 0)) == 4", before)


@pytest.mark.parametrize(
    ("said", "count", "right"),
    [
        ("2.4k", 2_442, True),
        ("2.44k", 2_442, True),
        ("2.45K", 2_442, False),
        ("2.5k", 2_442, False),
        ("2k", 2_442, True),
        ("3k", 2_442, False),
        ("0.00M", 2_442, True),
        ("0.002M", 2_442, True),
        ("2_442.0k", 2_442, False),
        ("2.442k", 2_442, True),
    ],
)
def test_a_rounded_count_is_what_rounds_to_it(said: str, count: int, right: bool):
    spec = f"""model Net {{ input 32x32x3
      conv(64, 3) -> relu -> global_avg_pool -> dense(10)
      expect params {count}
      expect params {said}
    }}"""
    assert [found.code for found in cnndsl.check(spec)] == ([] if right else ["E401"])


@pytest.mark.parametrize(
    ("said", "code"), [("3G", ""), ("3.0B", ""), ("0.003T", ""), ("2.9G", "E401"), ("3B", "")]
)
def test_billions_have_two_letters(said: str, code: str):
    net = "input 1x1x50000\n conv(60_000, 1, bias = false)"
    mistakes = cnndsl.check(f"model Net {{ {net}\n expect macs {said} }}")
    assert [found.code for found in mistakes] == ([code] if code else [])


@pytest.mark.parametrize(
    "lines",
    [
        "let xs = [1]\nfor i in 0 .. 30 { let xs = xs + xs }",
        "let xs = 0 .. 1_000_000\nlet ys = xs + xs",
        "let xs = [[y for y in 0 .. 10_000] for x in 0 .. 10_000]",
        "let xs = 0 .. 900_000\nlet ys = [zip(xs, xs) for x in xs]",
        "let xs = 0 .. 900_000\nlet ys = [xs[0 .. -1] for x in xs]",
        "let xs = 0 .. 900_000\nlet ys = enumerate(enumerate(xs))",
    ],
)
def test_lists_hold_budgets(lines: str):
    found = cnndsl.check(f"model Net {{ input 8x8x3\n{lines}\nconv(3, 1) }}")
    assert {mistake.code for mistake in found} <= {"E206", "E207", "E211", "E213"}
    assert found


def test_a_list_inside_lists_nests_as_deep_as_the_rest():
    deep = "[" * 400 + "1" + " for x in [1]]" * 400
    spec = f"model Net {{ input 8x8x3\n let xs = {deep}\n conv(3, 1) }}"
    assert not cnndsl.check(spec)
    deep = "[" * 2_000 + "1" + " for x in [1]]" * 2_000
    (mistake,) = cnndsl.check(f"model Net {{ input 8x8x3\n let xs = {deep}\n conv(3, 1) }}")
    assert mistake.code == "E008"


@pytest.mark.parametrize(
    ("statements", "label", "help"),
    [
        ("for t in [a, b] { relu }", "a list holds values, and this is a tensor", "xs[i]"),
        ("let ys = [1, xs]", "a list holds values, and this is a pack", "xs[i]"),
        ("let y = xs", "`let` names a value, and this is a pack", "y = xs"),
        ("let y = xs[0]", "`let` names a value, and this is a tensor", "y = xs[0]"),
        ("let y = a if true else b", "`let` names a value, and this is a tensor", ""),
    ],
)
def test_tensors_are_in_packs_and_have_names(statements: str, label: str, help: str):
    spec = f"model Net {{ input 8x8x3\n a = relu\n b = bn\n xs = [ a, b ]\n {statements}\n relu }}"
    (mistake,) = cnndsl.check(spec)
    assert label in mistake.message
    assert help in (mistake.help or "")
