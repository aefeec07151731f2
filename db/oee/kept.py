"""The stored sums: written by the job, a row for each machine and slot of its calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from db.historian.wire import copy_records, execute, rows
from db.state import DEAD
from engine.oee.totals import NAMES, OeeTotals
from engine.shift import Shift
from engine.time import MINUTE_US, moment_of

_KEY_COLUMNS = "site_id, location_id, from_us, to_us, through_us, day, shift, team, dead_us, computed_at"
_TYPES = ("int4", "int4", "int8", "int8", "int8", "date", "text", "text", "int8", "timestamptz", *(["float8"] * len(NAMES)))
_DELETE = """
delete from oee_shift o using unnest(%(sites)s::int[], %(nodes)s::int[], %(froms)s::bigint[], %(tos)s::bigint[])
    as r(site_id, location_id, lo, hi)
where o.site_id = r.site_id and o.location_id = r.location_id and o.from_us >= r.lo and o.from_us < r.hi
"""
_LOCK = 7031005
SETTLE_US = 2 * MINUTE_US
"""Sums are final so long after their shift: what is on its way at its end belongs to it."""
_BEHIND = """
select n.id, n.site_id, coalesce((select min(o.from_us) from oee_shift o where o.site_id = n.site_id and o.location_id = n.id
    and o.from_us >= %(since)s and (o.through_us < o.to_us
        or o.computed_at < to_timestamp((o.to_us + %(settle)s) / 1e6))), last.through_us, %(now)s)
from location n left join lateral (select o.through_us from oee_shift o where o.site_id = n.site_id and o.location_id = n.id
    order by o.from_us desc limit 1) last on true
where n.id = any(%(nodes)s::int[]) and coalesce(last.through_us, 0) <= %(before)s
"""
_MARK_REVIVED = f"""
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select 'oee', o.site_id, o.location_id, min(o.from_us), max(o.to_us), 'the source is heard again' from oee_shift o
where o.dead_us is not null and not exists (select 1 from tag t join tag_binding b on b.tag_id = t.id
    join ({DEAD}) d on d.source_id = b.source_id where t.location_id = o.location_id and t.kind = 'state')
    and not exists (select 1 from stale s where s.capability = 'oee' and s.location_id = o.location_id
        and s.cause = 'the source is heard again')
group by o.site_id, o.location_id
"""
_MARK_ALL = """
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select 'oee', site_id, location_id, greatest(min(from_us), %(since)s), max(to_us), %(cause)s from oee_shift
where %(nodes)s::int[] is null or location_id = any(%(nodes)s::int[])
group by site_id, location_id having max(to_us) > greatest(min(from_us), %(since)s)
"""
_MARK_STATES = """
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select 'state', t.site_id, t.location_id, min(s.first_us), max(s.last_us) + 1, %(cause)s from tag t join lateral (
    select (select min(c.t0_us) from chunk c where c.site_id = t.site_id and c.tag_id = t.id) as first_us,
        (select max(c.t1_us) from chunk c where c.site_id = t.site_id and c.tag_id = t.id) as last_us
    union all select min(h.at_us), max(h.at_us) from sample_hot h where h.site_id = t.site_id and h.tag_id = t.id) s on true
where t.kind = 'state' and s.first_us is not null group by t.site_id, t.location_id
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """The sums of one machine over one slot, as far as `through_us`, made at `made_us`.

    `dead_us`: since when its source was silent then.
    """

    site_id: int
    node_id: int
    slot: Shift
    through_us: int
    made_us: int
    dead_us: int | None
    totals: OeeTotals


def lock(connection: Connection) -> None:
    """Those who write sums take turns until commit: so nobody puts older sums in the place of newer ones."""
    execute(connection, "select pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})


def behind(
    connection: Connection, node_ids: Iterable[int], now_us: int, lag_us: int, since_us: int
) -> dict[int, tuple[int, int]]:
    """Nodes whose sums end before now - lag: the site, and from where they are to be continued (now: there are none yet).

    That is the first slot after `since_us` that is not complete or not final, or the end of the last one.
    """
    asked = {"nodes": list(node_ids), "now": now_us, "before": now_us - lag_us, "since": since_us, "settle": SETTLE_US}
    return {node: (site, from_us) for node, site, from_us in rows(connection, _BEHIND, asked)}


def mark_revived(connection: Connection) -> None:
    """Let sums that were made while a source was silent be computed anew now that it is heard again."""
    execute(connection, _MARK_REVIVED)


def save(connection: Connection, found: Sequence[Kept]) -> None:
    """Put sums in the place of all that began within their slots."""
    if not found:
        return
    columns = {
        "sites": [k.site_id for k in found],
        "nodes": [k.node_id for k in found],
        "froms": [k.slot.from_us for k in found],
        "tos": [k.slot.to_us for k in found],
    }
    execute(connection, _DELETE, columns)
    target = f"oee_shift ({_KEY_COLUMNS}, {', '.join(NAMES)})"
    copy_records(connection, target, _TYPES, [_record(k) for k in found])


def _record(k: Kept) -> tuple[Any, ...]:
    slot = k.slot
    sums = (getattr(k.totals, name) for name in NAMES)
    return (
        k.site_id,
        k.node_id,
        slot.from_us,
        slot.to_us,
        k.through_us,
        slot.day,
        slot.name,
        slot.team,
        k.dead_us,
        moment_of(k.made_us),
        *sums,
    )


def mark_all(connection: Connection, cause: str, *, node_ids: Iterable[int] | None = None, since_us: int = 0) -> None:
    """Let all sums of these nodes (None: of all) be computed anew from an instant on."""
    nodes = None if node_ids is None else list(node_ids)
    execute(connection, _MARK_ALL, {"cause": cause, "nodes": nodes, "since": since_us})


def mark_states(connection: Connection, cause: str) -> None:
    """Let all states be derived anew from the first sample on, and the sums after them."""
    execute(connection, _MARK_STATES, {"cause": cause})
