"""Wall displays: devices, their links and sessions; and what a display shows that no other capability asks for."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text

from db.oee import facts
from db.store import Change, Store
from engine.access import Scope
from engine.errors import Conflict, NotFound
from engine.oee.work import totals_of
from engine.wall.device import Device, Playlist, Setting
from engine.wall.fact import Reading

MOST_SESSIONS = 100
"""Browsers that may show one device's page at a time; a new one ends the oldest."""
SEEN_EVERY_S = 10.0
_DEVICE = """
select d.id, d.site_id, d.location_id, l.path, l.name as place, d.name, d.tiles, d.playlist, d.screen_inches, d.distance_m,
    d.theme, d.dim_from, d.dim_to, d.created_by, d.created_at, d.revoked_at, d.revoked_by, d.version, s.seen_at,
    coalesce(s.product_version, '') as seen_version
from device d join location l on l.id = d.location_id left join device_seen s on s.device_id = d.id"""
_VISIBLE = "(cast(:scope as int[]) is null or d.location_id = any(cast(:scope as int[])))"
_READINGS = """
select l.id, l.kind, t.unit, v.at_us, v.bits, t.kind, (t.limits ->> 'alarm_low')::float8, (t.limits ->> 'alarm_high')::float8
from tag t join location l on l.id = t.location_id left join last_value v on v.tag_id = t.id and v.site_id = t.site_id
    and (v.status >> 30) & 3 = 0
where t.retired_at is null and l.retired_at is null and t.kind in ('float', 'int')
    and t.location_id = any(cast(:nodes as int[]))
    and (cast(:scope as int[]) is null or t.location_id = any(cast(:scope as int[])))
    and ((t.unit in ('W', 'kW', 'MW') and not t.counter and substring(t.name from '[^.]*$') = 'power')
        or (l.kind = 'room' and (t.limits ->> 'alarm_low' is not null or t.limits ->> 'alarm_high' is not null)))
"""
_ON_MACHINES = """
select o.location_id, b.number, coalesce(p.name, ''), coalesce(w.quantity, 0),
    (select count(*) from batch c where c.work_order_id = w.id), (extract(epoch from o.from_at) * 1000000)::bigint,
    exists (select 1 from tag t where t.location_id = o.location_id and t.counter and t.unit = w.unit and t.retired_at is null
        and substring(t.name from '[^.]*$') = 'produced')
from occupation o join batch b on b.id = o.batch_id left join product p on p.id = b.product_id
left join work_order w on w.id = b.work_order_id
where o.to_at is null and o.location_id = any(cast(:nodes as int[]))
    and (cast(:scope as int[]) is null or o.location_id = any(cast(:scope as int[])))
"""


# ------------------------------------------------------------------ what the board shows
def readings(scope: Scope, store: Store, node_ids: Iterable[int]) -> list[Reading]:
    """The newest good value of each power meter, and of each signal of a room that has alarm limits. One query."""
    with store.read() as connection:
        rows = connection.execute(text(_READINGS), {"nodes": list(node_ids), "scope": scope.ids()}).all()
    return [Reading.of(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class OnMachine:
    """A batch on a machine since `from_us`. `planned`: how many pieces the machine should count for it (None: nobody says,
    or it counts others, such as blisters where the order is for cartons)."""

    node_id: int
    batch: str
    product: str
    planned: float | None
    from_us: int


def on_machines(scope: Scope, store: Store, node_ids: Iterable[int]) -> dict[int, OnMachine]:
    """What occupies these visible machines now. One query."""
    with store.read() as connection:
        rows = connection.execute(text(_ON_MACHINES), {"nodes": list(node_ids), "scope": scope.ids()}).all()
    return {r[0]: OnMachine(r[0], r[1], r[2], r[3] / r[4] if r[3] and r[4] and r[6] else None, r[5]) for r in rows}


def made_since(scope: Scope, store: Store, since: Mapping[int, int], now_us: int) -> dict[int, float]:
    """How many pieces each of these visible machines has made since an instant of its own."""
    if not since:
        return {}
    with store.read() as connection:
        known = facts(connection, scope, list(since), min(since.values()), now_us)
    return {node: totals_of(machine, since[node], now_us).produced for node, machine in known.items()}


# ------------------------------------------------------------------ devices
def devices(scope: Scope, store: Store) -> list[Device]:
    """The devices of visible places: those with a link first, then by place and name."""
    statement = f"{_DEVICE} where {_VISIBLE} order by d.revoked_at desc nulls first, l.path, d.name, d.id"
    with store.read() as connection:
        rows = connection.execute(text(statement), {"scope": scope.ids()}).mappings().all()
    return [_device(row) for row in rows]


def device(scope: Scope, store: Store, device_id: int) -> Device:
    """One device; raises `NotFound`, also outside the scope."""
    with store.read() as connection:
        statement = text(f"{_DEVICE} where d.id = :id and {_VISIBLE}")
        row = connection.execute(statement, {"id": device_id, "scope": scope.ids()}).mappings().first()
    if row is None:
        raise NotFound(f"There is no wall display with the number {device_id} that you may see.")
    return _device(row)


def issue(change: Change, scope: Scope, setting: Setting, created_by: str) -> tuple[int, str]:
    """A new device; returns its id and the token of its link, which is kept as a digest only."""
    scope.check(setting.node_id)
    token = secrets.token_urlsafe(32)
    number = change.connection.execute(
        text(
            "insert into device (site_id, location_id, name, tiles, playlist, screen_inches, distance_m, theme, dim_from,"
            " dim_to, created_by) select l.site_id, l.id, :name, :tiles, cast(:playlist as jsonb), :inches, :distance, :theme,"
            " :dim_from, :dim_to, :by from location l where l.id = :node and l.retired_at is null returning id"
        ),
        _columns(setting) | {"node": setting.node_id, "by": created_by},
    ).scalar()
    if number is None:
        raise NotFound("There is no such place to show.")
    change.connection.execute(
        text("insert into device_link (device_id, token_hash) values (:id, :hash)"), {"id": number, "hash": _digest(token)}
    )
    return int(number), token


def _columns(setting: Setting) -> dict[str, Any]:
    playlist = {"seconds": setting.playlist.seconds, "slides": list(setting.playlist.slides)}
    return {
        "name": setting.name.strip(),
        "tiles": setting.tiles,
        "playlist": json.dumps(playlist),
        "inches": setting.screen_inches,
        "distance": setting.distance_m,
        "theme": setting.theme,
        "dim_from": setting.dim_from,
        "dim_to": setting.dim_to,
    }


def revoke(change: Change, scope: Scope, device_id: int, by: str) -> None:
    """The device's link and sessions are worth nothing from now on. Raises `NotFound`, `Conflict` when they are already."""
    statement = (
        f"update device d set revoked_at = now(), revoked_by = :by where d.id = :id and {_VISIBLE} and d.revoked_at is null"
    )
    done = change.connection.execute(text(statement), {"id": device_id, "by": by, "scope": scope.ids()}).rowcount
    if not done:
        _say_why_not(change, scope, device_id)
    for table in ("device_session", "device_link"):
        change.connection.execute(text(f"delete from {table} where device_id = :id"), {"id": device_id})


def renew(change: Change, scope: Scope, device_id: int) -> str:
    """Another link in place of the old one, whose sessions end; returns its token. Raises `NotFound`, `Conflict`."""
    statement = f"select 1 from device d where d.id = :id and {_VISIBLE} and d.revoked_at is null for update"
    if change.connection.execute(text(statement), {"id": device_id, "scope": scope.ids()}).scalar() is None:
        _say_why_not(change, scope, device_id)
    token = secrets.token_urlsafe(32)
    change.connection.execute(text("delete from device_session where device_id = :id"), {"id": device_id})
    change.connection.execute(
        text("update device_link set token_hash = :hash where device_id = :id"), {"id": device_id, "hash": _digest(token)}
    )
    change.connection.execute(text("update device set version = version + 1 where id = :id"), {"id": device_id})
    return token


def _say_why_not(change: Change, scope: Scope, device_id: int) -> None:
    statement = text(f"select 1 from device d where d.id = :id and {_VISIBLE}")
    if change.connection.execute(statement, {"id": device_id, "scope": scope.ids()}).scalar() is None:
        raise NotFound(f"There is no wall display with the number {device_id} that you may see.")
    raise Conflict("This display was revoked already; issue a new link.")


# ------------------------------------------------------------------ sessions
def start_session(store: Store, token: str) -> str | None:
    """A session for who holds a link's token; returns the session's token, None when the link is worth nothing."""
    session = secrets.token_urlsafe(32)
    with store.write() as connection:
        number = connection.execute(
            text(
                "insert into device_session (id, device_id) select :id, k.device_id from device_link k"
                " join device d on d.id = k.device_id where k.token_hash = :hash and d.revoked_at is null returning device_id"
            ),
            {"id": _digest(session), "hash": _digest(token)},
        ).scalar()
        if number is None:
            return None
        connection.execute(
            text(
                "delete from device_session where device_id = :device and id not in (select id from device_session"
                " where device_id = :device order by created_at desc limit :most)"
            ),
            {"device": number, "most": MOST_SESSIONS},
        )
    return session


def sessions(store: Store) -> dict[str, Device]:
    """Every session that is worth something, by the digest of its token: read once a second for all displays. One query."""
    statement = f"{_DEVICE} where d.revoked_at is null"
    with store.read() as connection:
        rows = connection.execute(
            text(f"with d as ({statement}) select k.id as session, d.* from device_session k join d on d.id = k.device_id")
        ).mappings()
        kept: dict[int, Device] = {}
        found = {}
        for row in rows:
            if row["id"] not in kept:
                kept[row["id"]] = _device(row)
            found[row["session"]] = kept[row["id"]]
    return found


def digest(token: str) -> str:
    """What is kept of a token."""
    return _digest(token)


def note_seen(store: Store, device_ids: Iterable[int], product_version: str) -> None:
    """Note that these devices' pages asked just now."""
    with store.write() as connection:
        connection.execute(
            text(
                "insert into device_seen (device_id, seen_at, product_version) select n, now(), :version"
                " from unnest(cast(:ids as int[])) n order by n on conflict (device_id) do update"
                " set seen_at = now(), product_version = excluded.product_version"
            ),
            {"ids": sorted(set(device_ids)), "version": product_version},
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _device(row: RowMapping) -> Device:
    playlist = Playlist(row["playlist"]["seconds"], tuple(row["playlist"]["slides"]))
    setting = Setting(
        row["name"],
        row["location_id"],
        row["screen_inches"],
        row["distance_m"],
        row["tiles"],
        playlist,
        row["theme"],
        row["dim_from"],
        row["dim_to"],
    )
    names = ("id", "site_id", "path", "place", "created_by", "created_at", "revoked_at", "revoked_by", "version")
    return Device(**{n: row[n] for n in names}, setting=setting, seen_at=row["seen_at"], seen_version=row["seen_version"])
