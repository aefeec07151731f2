"""Live samples into the store: one transaction for everything that an intake changes, with an exactly-once effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from sqlalchemy import Connection

from db.historian import chunks, hot, latest, ledger, shapes, texts
from db.historian.ledger import FIRST_US, LAST_US
from db.historian.merge import Merged, merge
from db.historian.stale import Late, announce, announce_gaps
from db.store import Store
from engine.historian.block import DeadLetter, Intake, SampleBlock
from engine.historian.counts import Counts
from engine.historian.revise import in_order
from engine.historian.shape import Shape
from engine.tag import ValueKind, is_good

_RECEIPT_US = 1_000


def ingest(store: Store, worker: str, through: int, intake: Intake) -> Counts:
    """Store what a collector hands over, once: samples, last values, texts, dead letters, gaps, counts, progress.

    `through` numbers the last spool record in the intake; an intake that was committed before counts nothing.
    Receipt times are kept to the millisecond. Late samples mark what was computed from their span as stale.
    Raises `Unavailable` when the database does not answer; then nothing is stored.
    """
    with store.write() as connection:
        shapes.lock_site(connection, intake.site_id)
        if through <= ledger.progress(connection, worker, intake.source_id):
            return Counts()
        known = shapes.known(connection, _tags(intake))
        intake = _without_strangers(intake, known)
        counts = _store(connection, intake, known)
        ledger.write_dead(connection, intake)
        ledger.write_gaps(connection, intake)
        announce_gaps(connection, intake)
        ledger.add_counts(connection, intake, counts)
        ledger.set_progress(connection, worker, intake.source_id, through)
    return counts


@dataclass(frozen=True, slots=True)
class _Outcome:
    stored: int
    superseded: int
    duplicates: int
    changed: SampleBlock


def _store(connection: Connection, intake: Intake, known: dict[int, Shape]) -> Counts:
    site_id, tags = intake.site_id, sorted(known)
    before = latest.times(connection, site_id, tags)
    numbers = _store_samples(connection, site_id, known, in_order(intake.samples))
    written = texts.store(connection, site_id, intake.texts)
    latest.advance(connection, site_id, numbers.changed)
    latest.advance_texts(connection, site_id, written.changed)
    announce(connection, known, [*_late(numbers.changed, before, known), *_late_texts(written, before)])
    uncertain = int((~is_good(numbers.changed.status)).sum()) + sum(e.status >> 30 != 0 for e in written.changed)
    return Counts(
        received=intake.received,
        stored=numbers.stored + written.stored,
        duplicates=numbers.duplicates + written.duplicates,
        superseded=numbers.superseded + written.superseded,
        dead_lettered=sum(letter.count for letter in intake.dead),
        uncertain=uncertain,
    )


def _store_samples(connection: Connection, site_id: int, known: dict[int, Shape], samples: SampleBlock) -> _Outcome:
    """Samples later than what is sealed become hot rows; the others are merged into the sealed chunks at once."""
    if not len(samples):
        return _Outcome(0, 0, 0, samples)
    late = _before_frontier(samples, chunks.frontier(connection, site_id, sorted(known)))
    merged = merge(connection, known, samples.take(late)) if late.any() else Merged()
    settled = hot.store(connection, site_id, samples.take(~late) if late.any() else samples)
    changed = SampleBlock.join([*merged.changed_samples, settled.changed]) if late.any() else settled.changed
    return _Outcome(
        merged.stored + len(settled.fresh),
        merged.superseded + len(settled.moved),
        merged.duplicates + settled.duplicates,
        changed,
    )


def _before_frontier(samples: SampleBlock, frontier: dict[int, int]) -> np.ndarray:
    """bool[n]: at or before the last sealed sample of the tag."""
    if not frontier:
        return np.zeros(len(samples), bool)
    tags = np.array(sorted(frontier), np.int32)
    times = np.array([frontier[tag] for tag in tags.tolist()], np.int64)
    place = np.minimum(np.searchsorted(tags, samples.tag_id), len(tags) - 1)
    late: np.ndarray = (tags[place] == samples.tag_id) & (samples.at_us <= times[place])
    return late


def _without_strangers(intake: Intake, known: dict[int, Shape]) -> Intake:
    """Samples that cannot be stored become dead letters: of an unknown tag, or with a time outside the years 1 to 9999.
    Receipt times are cut to the millisecond."""
    block = intake.samples
    numeric = [tag for tag, shape in known.items() if shape.kind is not ValueKind.TEXT and shape.site_id == intake.site_id]
    fine = np.isin(block.tag_id, np.array(numeric, np.int32)) & (block.at_us >= FIRST_US) & (block.at_us < LAST_US)
    kept = block if fine.all() else block.take(fine)
    kept = replace(kept, received_us=kept.received_us // _RECEIPT_US * _RECEIPT_US)
    taken = [e.tag_id in known and FIRST_US <= e.at_us < LAST_US for e in intake.texts]
    letters = [_letter(*row) for row in _rows(block.take(~fine))]
    letters += [
        _letter(e.tag_id, e.at_us, e.text, e.received_us) for e, fits in zip(intake.texts, taken, strict=True) if not fits
    ]
    return replace(intake, samples=kept, texts=tuple(compress(intake.texts, taken)), dead=(*intake.dead, *letters))


def _rows(block: SampleBlock) -> list[tuple[int, int, int, int]]:
    columns = (block.tag_id, block.at_us, block.bits, block.received_us)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _letter(tag_id: int, at_us: int, value: object, received_us: int) -> DeadLetter:
    reason = f"The sample is of no signal of this site that takes it, or its time ({at_us} µs since 1970) is no date."
    return DeadLetter(f"tag {tag_id}", reason, str(value).encode(), received_us)


def _tags(intake: Intake) -> list[int]:
    return sorted({*np.unique(intake.samples.tag_id).tolist(), *(e.tag_id for e in intake.texts)})


def _late(changed: SampleBlock, before: dict[int, int], known: dict[int, Shape]) -> list[Late]:
    """What changed of each tag: at or before the last value that was known, else in time."""
    if not len(changed):
        return []
    ordered = in_order(changed)
    starts = np.flatnonzero(np.diff(ordered.tag_id, prepend=ordered.tag_id[:1] - 1))
    spans = np.split(ordered.at_us, starts[1:])
    tags = ordered.tag_id[starts].tolist()
    return [_late_of(known[tag], at_us, before.get(tag, FIRST_US - 1)) for tag, at_us in zip(tags, spans, strict=True)]


def _late_of(shape: Shape, at_us: np.ndarray, known_us: int) -> Late:
    """Of a state tag the whole span, since its new samples count as much as late ones."""
    first, last = int(at_us[0]), int(at_us[-1])
    if first > known_us:
        return Late(shape.tag_id, first, last + 1, in_time=True)
    if shape.kind is not ValueKind.STATE:
        last = int(at_us[np.searchsorted(at_us, known_us, side="right") - 1])
    return Late(shape.tag_id, first, last + 1)


def _late_texts(written: texts.TextsSettled, before: dict[int, int]) -> list[Late]:
    """Which batch is on which machine is computed from texts: new ones count as much as late ones."""
    return [Late(e.tag_id, e.at_us, max(e.at_us, before.get(e.tag_id, e.at_us)) + 1) for e in written.changed]
