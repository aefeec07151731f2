"""Repeated and changed samples: what is stored, what is kept apart, what is only counted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.historian.block import SampleBlock
from engine.historian.revise import in_order, revise, settle

KEYS = st.tuples(st.integers(1, 2), st.integers(0, 4))


def block_of(rows: list[tuple[int, int, int]]) -> SampleBlock:
    """Rows of (tag, time, value)."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return SampleBlock(columns[0], columns[1], np.zeros(len(rows)), columns[2], np.zeros(len(rows)), np.arange(len(rows)))


def test_the_newest_value_holds_and_an_older_one_does_not_flip_back() -> None:
    assert revise("a", ["b", "a", "b", "c"], set()) == ("c", ["a", "b"], 2)
    assert revise(None, ["a", "a"], set()) == ("a", [], 1)
    assert revise("b", ["a"], {"a"}) == ("b", [], 1)


@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(0, 4), st.integers(0, 2)), max_size=20),
    st.dictionaries(KEYS, st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)),
)
def test_settling_a_block_equals_taking_its_samples_one_by_one(
    rows: list[tuple[int, int, int]], there: dict[tuple[int, int], list[int]]
) -> None:
    stored = in_order(block_of([(*key, values[-1]) for key, values in there.items()]))
    older = block_of([(*key, value) for key, values in there.items() for value in values[:-1]])
    settled = settle(in_order(block_of(rows)), stored, lambda _: older)
    table, fresh, moved, duplicates = {key: list(values) for key, values in there.items()}, 0, 0, 0
    for tag, at, value in rows:
        values = table.setdefault((tag, at), [])
        duplicates += value in values
        fresh += not values
        moved += bool(values) and value not in values
        values += [] if value in values else [value]
    assert (len(settled.fresh), len(settled.moved), settled.duplicates) == (fresh, moved, duplicates)
    now = dict(zip(zip(stored.tag_id.tolist(), stored.at_us.tolist(), strict=True), stored.bits.tolist(), strict=True))
    changed = settled.changed
    now |= dict(zip(zip(changed.tag_id.tolist(), changed.at_us.tolist(), strict=True), changed.bits.tolist(), strict=True))
    assert now == {key: values[-1] for key, values in table.items()}
