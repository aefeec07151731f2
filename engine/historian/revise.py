"""What happens when a sample's key is already there: duplicates are counted, other values become revisions.

The key of a sample is (tag_id, at_us, seq). The newest arrival of another value and status is the stored one, older
revisions are kept apart, and a revision that comes again is a duplicate: it does not flip back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.historian.block import SampleBlock

V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of arrived samples: arrived = fresh + moved + duplicates, in numbers."""

    fresh: SampleBlock  # keys that were not there
    replacing: SampleBlock  # new values of keys that were there
    moved: SampleBlock  # revisions that no longer hold, stored or arrived
    duplicates: int

    @property
    def changed(self) -> SampleBlock:
        """What must be written, in order."""
        return in_order(SampleBlock.join([self.fresh, self.replacing])) if len(self.replacing) else self.fresh


def in_order(block: SampleBlock) -> SampleBlock:
    """Sorted by tag, time, sequence; equal keys stay in the order of arrival."""
    if _is_ordered(block):
        return block
    return block.take(np.lexsort((block.seq, block.at_us, block.tag_id)))


def settle(arrived: SampleBlock, stored: SampleBlock, older: Callable[[SampleBlock], SampleBlock]) -> Settled:
    """Compare arrived samples with stored ones (both in order, stored keys unique).

    `older(samples)` answers the revisions kept apart for the keys of the given samples; it is only asked on conflict.
    """
    both = SampleBlock.join([stored, arrived])
    if _is_ordered(both) and not _same_key(both).any():
        return Settled(arrived, SampleBlock.empty(), SampleBlock.empty(), 0)
    order = np.lexsort((both.seq, both.at_us, both.tag_id))
    rows, new = both.take(order), order >= len(stored)
    repeated = _same_key(rows) & _same_value(rows)
    rows, new = rows.take(~repeated), new[~repeated]
    follows = _same_key(rows)
    disputed = follows | np.append(follows[1:], False)
    fresh = rows.take(~disputed & new)
    duplicates = int(repeated.sum())
    clear = Settled(fresh, SampleBlock.empty(), SampleBlock.empty(), duplicates)
    return _decide(rows.take(disputed), new[disputed], older, clear) if disputed.any() else clear


def revise(current: V | None, arrivals: Sequence[V], known: set[V]) -> tuple[V | None, list[V], int]:
    """One key's arrivals in order: (value that holds now, values that no longer hold, number of duplicates)."""
    seen, moved, duplicates = set(known), [], 0
    if current is not None:
        seen.add(current)
    for value in arrivals:
        if value in seen:
            duplicates += 1
            continue
        if current is not None:
            moved.append(current)
        current = value
        seen.add(value)
    return current, moved, duplicates


def _decide(rows: SampleBlock, new: np.ndarray, older: Callable[[SampleBlock], SampleBlock], clear: Settled) -> Settled:
    """Settle the disputed rows one key at a time."""
    known = _values_by_key(older(rows))
    fresh: list[int] = []
    replacing: list[int] = []
    moved: list[int] = []
    duplicates = clear.duplicates
    for key, places in _runs(rows):
        values = {_value(rows, place): place for place in reversed(places)}
        arrivals = [_value(rows, place) for place in places if new[place]]
        before = None if new[places[0]] else _value(rows, places[0])
        now, gone, again = revise(before, arrivals, known.get(key, set()))
        duplicates += again
        moved += [values[value] for value in gone]
        if now is not None and now != before:
            (fresh if before is None else replacing).append(values[now])
    picked = [rows.take(np.array(places, np.int64)) for places in (fresh, replacing, moved)]
    return Settled(in_order(SampleBlock.join([clear.fresh, picked[0]])), picked[1], picked[2], duplicates)


def _runs(rows: SampleBlock) -> list[tuple[tuple[int, int, int], range]]:
    starts = np.flatnonzero(~_same_key(rows)).tolist()
    ends = [*starts[1:], len(rows)]
    return [
        ((int(rows.tag_id[a]), int(rows.at_us[a]), int(rows.seq[a])), range(a, b)) for a, b in zip(starts, ends, strict=True)
    ]


def _values_by_key(rows: SampleBlock) -> dict[tuple[int, int, int], set[tuple[int, int]]]:
    found: dict[tuple[int, int, int], set[tuple[int, int]]] = {}
    for place in range(len(rows)):
        key = (int(rows.tag_id[place]), int(rows.at_us[place]), int(rows.seq[place]))
        found.setdefault(key, set()).add(_value(rows, place))
    return found


def _value(rows: SampleBlock, place: int) -> tuple[int, int]:
    return int(rows.bits[place]), int(rows.status[place])


def _same_key(rows: SampleBlock) -> np.ndarray:
    """bool[n]: the row has the key of the one before."""
    same = (np.diff(rows.tag_id) == 0) & (np.diff(rows.at_us) == 0) & (np.diff(rows.seq) == 0)
    return np.concatenate([np.zeros(min(1, len(rows)), bool), same])


def _same_value(rows: SampleBlock) -> np.ndarray:
    same = (rows.bits[1:] == rows.bits[:-1]) & (rows.status[1:] == rows.status[:-1])
    return np.concatenate([np.zeros(min(1, len(rows)), bool), same])


def _is_ordered(block: SampleBlock) -> bool:
    tag, at = np.diff(block.tag_id), np.diff(block.at_us)
    ordered = (tag > 0) | ((tag == 0) & ((at > 0) | ((at == 0) & (np.diff(block.seq) >= 0))))
    return bool(ordered.all())
