"""Hot rows: the open block of each tag, later than everything sealed of it."""

from __future__ import annotations

import numpy as np
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection

from db.historian import superseded
from db.historian.merge import by_tag
from db.historian.wire import SAMPLE_COLUMNS, copy_columns, execute, read_samples, sample_columns
from engine.historian.block import SampleBlock
from engine.historian.revise import Settled, settle

_TARGET = f"sample_hot (site_id, {SAMPLE_COLUMNS})"
_OVERLAPPING = """
select s.tag_id, s.at_us, s.seq, s.bits, s.status, s.received_us
from unnest(%(tags)s::int[], %(los)s::bigint[], %(his)s::bigint[]) as r(tag_id, lo, hi)
join lateral (select * from sample_hot h where h.site_id = %(site)s and h.tag_id = r.tag_id and h.at_us between r.lo and r.hi
    order by h.at_us, h.seq) s on true order by s.tag_id, s.at_us, s.seq
"""
_REMOVE = """
delete from sample_hot h using unnest(%(tags)s::int[], %(ats)s::bigint[], %(seqs)s::int[]) as r(tag_id, at_us, seq)
where h.site_id = %(site)s and h.tag_id = r.tag_id and h.at_us = r.at_us and h.seq = r.seq
"""
_REMOVE_UNTIL = "delete from sample_hot where site_id = %(site)s and tag_id = any(%(tags)s::int[]) and at_us <= %(until)s"


def store(connection: Connection, site_id: int, arrived: SampleBlock) -> Settled:
    """Write samples (in order, all later than what is sealed): directly, and with care only when a key is there already."""
    savepoint = connection.begin_nested()
    try:
        copy_columns(connection, _TARGET, sample_columns(site_id, arrived))
        savepoint.commit()
        return Settled(arrived, SampleBlock.empty(), SampleBlock.empty(), 0)
    except UniqueViolation:
        savepoint.rollback()
    settled = settle(arrived, overlapping(connection, site_id, arrived), superseded.reader(connection, site_id))
    write(connection, site_id, settled)
    return settled


def write(connection: Connection, site_id: int, settled: Settled) -> None:
    """Write what was decided."""
    gone = settled.replacing
    if len(gone):
        keys = {"tags": gone.tag_id.tolist(), "ats": gone.at_us.tolist(), "seqs": gone.seq.tolist()}
        execute(connection, _REMOVE, {"site": site_id, **keys})
    copy_columns(connection, _TARGET, sample_columns(site_id, settled.changed))
    superseded.keep(connection, site_id, settled.moved)


def overlapping(connection: Connection, site_id: int, samples: SampleBlock) -> SampleBlock:
    """The hot rows of the samples' tags within the samples' times, in order."""
    blocks = by_tag(samples)
    spans = {
        "tags": [int(b.tag_id[0]) for b in blocks],
        "los": [int(b.at_us[0]) for b in blocks],
        "his": [int(b.at_us[-1]) for b in blocks],
    }
    return read_samples(connection, _OVERLAPPING, {"site": site_id, **spans})


def until(connection: Connection, site_id: int, tag_ids: list[int], until_us: int) -> SampleBlock:
    """All hot rows of tags up to a time, inclusive, in order."""
    count = len(tag_ids)
    low = int(np.iinfo(np.int64).min)
    spans = {"tags": tag_ids, "los": [low] * count, "his": [until_us] * count}
    return read_samples(connection, _OVERLAPPING, {"site": site_id, **spans})


def remove_until(connection: Connection, site_id: int, tag_ids: list[int], until_us: int) -> None:
    """Delete the rows that `until` reads."""
    execute(connection, _REMOVE_UNTIL, {"site": site_id, "tags": tag_ids, "until": until_us})
