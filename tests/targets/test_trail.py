"""A dictionary that goes back, against copies of a plain one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnndsl.targets.python.trail import Trail

KEYS = st.sampled_from("abc")
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 3)), max_size=8)


def change(trail: Trail[str, int], plain: dict[str, int], changes: list) -> None:
    for key, value in changes:
        if value is None:
            trail.drop(key)
            plain.pop(key, None)
        else:
            trail.set(key, value)
            plain[key] = value


def contents(trail: Trail[str, int]) -> dict[str, int]:
    return {key: value for key in "abc" if (value := trail.get(key)) is not None}


@given(CHANGES, CHANGES, CHANGES)
def test_it_goes_back(first, second, third):
    trail, plain = Trail[str, int](), dict[str, int]()
    change(trail, plain, first)
    start, before = trail.mark(), dict(plain)
    change(trail, plain, second)
    inner, then = trail.mark(), dict(plain)
    change(trail, plain, third)
    assert contents(trail) == plain
    changed = {key for key, _ in [*second, *third]}
    assert {k: v for k, v in trail.before(start).items() if v is not None} == {
        k: v for k, v in before.items() if k in trail.before(start)
    }
    assert trail.before(start).keys() <= changed
    trail.back(inner)
    assert contents(trail) == then
    assert {k: trail.get(k) for k in before.keys() | then.keys()} == {
        k: then.get(k) for k in before.keys() | then.keys()
    }
    found = trail.back(start)
    assert contents(trail) == before
    assert all(found.get(key, before.get(key)) == then.get(key) for key in "abc")
