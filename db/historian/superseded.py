"""Older revisions of samples: views never read them; a revision that comes again is recognised by them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from db.historian.wire import copy_columns, read_samples, sample_columns
from engine.historian.block import SampleBlock

_OLDER = """
select s.tag_id, s.at_us, s.seq, s.bits, s.status, s.received_us from superseded s
join (select distinct * from unnest(%(tags)s::int[], %(ats)s::bigint[], %(seqs)s::int[]) as u(tag_id, at_us, seq)) r
    on s.tag_id = r.tag_id and s.at_us = r.at_us and s.seq = r.seq
where s.site_id = %(site)s and s.bits is not null
"""
_TARGET = "superseded (site_id, tag_id, at_us, seq, bits, status, received_us)"


def reader(connection: Connection, site_id: int) -> Callable[[SampleBlock], SampleBlock]:
    """A function that answers the older revisions of the keys of given samples."""

    def older(samples: SampleBlock) -> SampleBlock:
        keys = {"tags": samples.tag_id.tolist(), "ats": samples.at_us.tolist(), "seqs": samples.seq.tolist()}
        return read_samples(connection, _OLDER, {"site": site_id, **keys})

    return older


def none(samples: SampleBlock) -> SampleBlock:
    """For a person's correction: whatever was known before, the new value holds."""
    del samples
    return SampleBlock.empty()


def keep(connection: Connection, site_id: int, moved: SampleBlock) -> None:
    """Write revisions that no longer hold; inside an audited change with its actor and reason."""
    if len(moved):
        copy_columns(connection, _TARGET, sample_columns(site_id, moved))
