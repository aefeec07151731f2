"""Sealing: hot rows become chunks and rollups. Small transactions, safe to kill at any moment, safe to run twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from db.historian import hot, shapes
from db.historian.merge import TAGS_AT_ONCE, merge
from db.historian.wire import rows
from db.store import Store
from engine.errors import Unavailable
from engine.historian.shape import Shape
from engine.time import HOUR_US, SECOND_US

log = logging.getLogger(__name__)

_DUE = """
select site_id, tag_id from sample_hot where at_us <= %(until)s group by site_id, tag_id
having count(*) >= %(least)s or min(received_us) < %(old)s order by site_id, tag_id
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many tags were sealed, and how many samples. `left`: why a tag could not be sealed, a sentence each."""

    tags: int = 0
    samples: int = 0
    left: tuple[str, ...] = ()

    def __add__(self, other: Sealed) -> Sealed:
        return Sealed(self.tags + other.tags, self.samples + other.samples, self.left + other.left)


def seal(store: Store, now_us: int, *, least: int = 256, age_s: float = 900) -> Sealed:
    """Seal the hot rows of every tag that has `least` of them or one received more than `age_s` ago.

    Samples stamped more than an hour ahead stay hot until their time comes, so that a wrong stamp does not make every
    later sample a late one. Readers are not blocked; writers of the same site wait for a group of tags at a time.
    A tag that cannot be sealed (its stored samples are damaged) stays hot and holds up no other.
    Raises `Unavailable` when the database does not answer.
    """
    until = now_us + HOUR_US
    due = {"until": until, "least": least, "old": now_us - round(age_s * SECOND_US)}
    with store.read() as connection:
        found = rows(connection, _DUE, due)
    return sum((_seal_group(store, group, until) for group in _groups(found)), Sealed())


def _seal_group(store: Store, group: list[int], until_us: int) -> Sealed:
    """Seal tags in one transaction; when that fails, one by one, so that only those that are at fault are left."""
    try:
        with store.write() as connection:
            return Sealed(len(group), seal_tags(connection, shapes.known(connection, group), until_us))
    except Unavailable:
        raise
    except Exception as error:  # whatever it is: the samples stay hot, and the next run tries again
        if len(group) > 1:
            return sum((_seal_group(store, [tag], until_us) for tag in group), Sealed())
        log.exception("Signal %s could not be sealed.", group[0])
        return Sealed(left=(f"Signal {group[0]} could not be sealed: {error}",))


def seal_tags(connection: Connection, known: dict[int, Shape], until_us: int) -> int:
    """Seal the hot rows of some tags of one site up to a time, inclusive; how many rows that were."""
    if not known:
        return 0
    site_id, tags = next(iter(known.values())).site_id, sorted(known)
    shapes.lock_site(connection, site_id)
    block = hot.until(connection, site_id, tags, until_us)
    if len(block):
        merge(connection, known, block)
        hot.remove_until(connection, site_id, tags, until_us)
    return len(block)


def _groups(found: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Tags of one site each, a few at a time."""
    sites: dict[int, list[int]] = {}
    for site_id, tag_id in found:
        sites.setdefault(site_id, []).append(tag_id)
    return [tags[i : i + TAGS_AT_ONCE] for tags in sites.values() for i in range(0, len(tags), TAGS_AT_ONCE)]
