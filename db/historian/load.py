"""The bulk door for history: straight into chunks and rollups. Loading the same samples twice stores nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from db.historian import latest, shapes, texts
from db.historian.merge import TAGS_AT_ONCE, Merged, by_tag, merge
from db.historian.seal import seal_tags
from db.historian.stale import Late, announce
from db.historian.wire import rows
from db.store import Store
from engine.errors import Invalid
from engine.historian.block import SampleBlock, TextEvent
from engine.historian.revise import in_order
from engine.historian.shape import Shape
from engine.tag import ValueKind

_RECEIPT_US = 1_000
_SAMPLES_AT_ONCE = 1_000_000
_REACHED = """
select exists (select 1 from unnest(%(tags)s::int[], %(his)s::bigint[]) as r(tag_id, hi) where exists
    (select 1 from sample_hot h where h.site_id = %(site)s and h.tag_id = r.tag_id and h.at_us <= r.hi))
"""


def load(store: Store, site_id: int, block: SampleBlock) -> int:
    """Store samples of several tags, of any time and in any order; how many were new.

    Fastest with long blocks a tag (a day or more). Works in transactions of a few tags each; repeat it after a failure.
    Raises `Invalid` for a tag that is not a numeric one of this site.
    """
    block = in_order(replace(block, received_us=block.received_us // _RECEIPT_US * _RECEIPT_US))
    stored = 0
    for group in _groups(by_tag(block)):
        with store.write() as connection:
            shapes.lock_site(connection, site_id)
            stored += _load(connection, site_id, group).stored
    return stored


def load_texts(store: Store, site_id: int, events: Sequence[TextEvent]) -> int:
    """Store events of text tags, of any time and in any order; how many were new."""
    with store.write() as connection:
        shapes.lock_site(connection, site_id)
        known = shapes.known(connection, {e.tag_id for e in events})
        _check_tags(known, {e.tag_id for e in events}, site_id)
        written = texts.store(connection, site_id, events)
        latest.advance_texts(connection, site_id, written.changed)
        announce(connection, known, [Late(e.tag_id, e.at_us, e.at_us + 1) for e in written.changed], "history loaded")
    return written.stored


def _load(connection: Connection, site_id: int, group: list[SampleBlock]) -> Merged:
    tags = [int(block.tag_id[0]) for block in group]
    known = shapes.known(connection, tags)
    _check_tags({tag: shape for tag, shape in known.items() if shape.kind is not ValueKind.TEXT}, tags, site_id)
    reach = {"site": site_id, "tags": tags, "his": [int(block.at_us[-1]) for block in group]}
    if rows(connection, _REACHED, reach)[0][0]:
        seal_tags(connection, known, max(int(block.at_us[-1]) for block in group))
    merged = merge(connection, known, SampleBlock.join(group))
    latest.advance(connection, site_id, SampleBlock.join(_ends(merged.changed_samples)))
    announce(connection, known, [Late(tag, *span) for tag, span in merged.changed.items()], "history loaded")
    return merged


def _ends(blocks: list[SampleBlock]) -> list[SampleBlock]:
    """Of each tag the last sample, and before it those that a stamp far ahead may hide."""
    kept = []
    for block in blocks:
        rank = np.minimum(block.at_us, block.received_us + latest.AHEAD_US)
        kept.append(block.take(np.flatnonzero(rank == rank.max())[-1:]))
    return kept


def _check_tags(known: dict[int, Shape], tags: Sequence[int] | set[int], site_id: int) -> None:
    for tag in tags:
        if tag not in known or known[tag].site_id != site_id:
            raise Invalid(f"Site {site_id} has no signal {tag} of this kind, so its history cannot be loaded.")


def _groups(blocks: list[SampleBlock]) -> list[list[SampleBlock]]:
    groups: list[list[SampleBlock]] = []
    room = 0
    for block in blocks:
        if not groups or len(groups[-1]) >= TAGS_AT_ONCE or len(block) > room:
            groups.append([])
            room = _SAMPLES_AT_ONCE
        groups[-1].append(block)
        room -= len(block)
    return groups
