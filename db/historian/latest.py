"""The last value of each tag. A stamp far ahead of its receipt does not block the values that follow it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from db.historian.wire import array, execute, rows
from engine.historian.block import SampleBlock, TextEvent
from engine.time import HOUR_US

# Ordered by source time, but no further ahead than an hour after the receipt. The parent of the partitions has no unique
# key to conflict on; the site's lock keeps two writers from inserting the same tag.
_UPSERT = """
with u as materialized (
    select * from unnest(%(tags)s::text::int[], %(ats)s::text::bigint[],
        %(seqs)s::text::int[], %(bits)s::text::bigint[], %(texts)s::text[],
        %(status)s::text::int[], %(received)s::text::bigint[]) as u(tag_id, at_us, seq, bits, text, status, received_us)
), done as (
    update last_value v set at_us = u.at_us, seq = u.seq, bits = u.bits, text = u.text, status = u.status,
        received_us = u.received_us
    from u where v.site_id = %(site)s and v.tag_id = u.tag_id
        and (least(u.at_us, u.received_us + %(ahead)s), u.at_us, u.seq)
            >= (least(v.at_us, v.received_us + %(ahead)s), v.at_us, v.seq)
)
insert into last_value (site_id, tag_id, at_us, seq, bits, text, status, received_us)
select %(site)s, u.* from u where not exists (
    select 1 from last_value v where v.site_id = %(site)s and v.tag_id = u.tag_id)
"""
_TIMES = """
select v.tag_id, v.at_us from unnest(%(tags)s::text::int[]) as wanted (tag_id)
join last_value v on v.site_id = %(site)s and v.tag_id = wanted.tag_id
"""
AHEAD_US = HOUR_US


def times(connection: Connection, site_id: int, tag_ids: Sequence[int]) -> dict[int, int]:
    """Source time of the last value of each tag that has one."""
    return dict(rows(connection, _TIMES, {"site": site_id, "tags": array(tag_ids)}))


def advance(connection: Connection, site_id: int, samples: SampleBlock) -> None:
    """Let newer samples (any order) become last values."""
    if not len(samples):
        return
    rank = np.minimum(samples.at_us, samples.received_us + AHEAD_US)
    order = np.lexsort((samples.seq, samples.at_us, rank, samples.tag_id))
    ends = np.flatnonzero(np.diff(samples.tag_id[order], append=samples.tag_id[order[-1:]] + 1))
    last = samples.take(order[ends])
    _upsert(connection, site_id, last, last.bits.tolist(), [None] * len(last))


def advance_texts(connection: Connection, site_id: int, events: Sequence[TextEvent]) -> None:
    """The same for text tags."""
    if not events:
        return
    newest: dict[int, TextEvent] = {}
    for event in sorted(events, key=lambda e: (min(e.at_us, e.received_us + AHEAD_US), e.at_us, e.seq)):
        newest[event.tag_id] = event
    last = list(newest.values())
    block = SampleBlock(
        np.array([e.tag_id for e in last]),
        np.array([e.at_us for e in last]),
        np.array([e.seq for e in last]),
        np.zeros(len(last)),
        np.array([e.status for e in last]),
        np.array([e.received_us for e in last]),
    )
    _upsert(connection, site_id, block, [None] * len(last), [e.text for e in last])


def _upsert(
    connection: Connection, site_id: int, last: SampleBlock, bits: Sequence[int | None], texts: Sequence[str | None]
) -> None:
    columns = {
        "tags": array(last.tag_id.tolist()),
        "ats": array(last.at_us.tolist()),
        "seqs": array(last.seq.tolist()),
        "bits": array(bits),
        "texts": list(texts),
        "status": array(last.status.view(np.int32).tolist()),
        "received": array(last.received_us.tolist()),
    }
    execute(connection, _UPSERT, {"site": site_id, "ahead": AHEAD_US, **columns})
