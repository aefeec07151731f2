"""Saved views (GxP), and what a person prefers: where to start, what was opened last, what was tried (not GxP)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import text

from db.store import Change, Store
from engine.access import Scope
from engine.errors import Conflict, NotFound
from engine.view import MOST_VIEWS, SavedView

_VIEW = "v.id, v.name, v.owner, v.page, v.search, v.location_id as node_id, v.shared_with, v.version"


def views(scope: Scope, store: Store, user: str, roles: Collection[str]) -> list[SavedView]:
    """The user's own views, and those shared with one of the roles, of places in the scope; own ones first."""
    statement = f"""
        select {_VIEW} from saved_view v join location l on l.id = v.location_id
        where l.retired_at is null and ((:scope)::int[] is null or v.location_id = any(:scope))
        and (v.owner = :user or v.shared_with && (:roles)::text[])
        order by v.owner <> :user, v.name limit :most"""
    values = {"scope": scope.ids(), "user": user, "roles": sorted(roles), "most": MOST_VIEWS}
    with store.read() as connection:
        rows = connection.execute(text(statement), values).mappings().all()
    return [SavedView(**{**row, "shared_with": tuple(row["shared_with"])}) for row in rows]


def save_view(change: Change, view: SavedView) -> int:
    """Keep a view, or the owner's view of the same name anew; returns its id. Raises `Conflict` beyond 200 of one owner."""
    known = change.connection.execute(
        text("select count(*) from saved_view where owner = :owner and name <> :name"), {"owner": view.owner, "name": view.name}
    ).scalar_one()
    if known >= MOST_VIEWS:
        raise Conflict(f"There are {MOST_VIEWS} views of yours already; delete one first.")
    values = {"owner": view.owner, "name": view.name.strip(), "page": view.page, "search": view.search}
    saved = change.connection.execute(
        text(
            "insert into saved_view as v (site_id, location_id, owner, name, page, search, shared_with)"
            " select l.site_id, l.id, :owner, :name, :page, :search, (:roles)::text[] from location l where l.id = :node"
            " on conflict (owner, name) do update set site_id = excluded.site_id, location_id = excluded.location_id,"
            " page = excluded.page, search = excluded.search, shared_with = excluded.shared_with returning v.id"
        ),
        values | {"node": view.node_id, "roles": list(view.shared_with)},
    ).scalar()
    if saved is None:
        raise NotFound("There is no such place to keep a view of.")
    return int(saved)


def drop_view(change: Change, owner: str, view_id: int) -> None:
    """Delete a view of this owner. Raises `NotFound` for one of somebody else."""
    gone = change.connection.execute(
        text("delete from saved_view where id = :id and owner = :owner"), {"id": view_id, "owner": owner}
    ).rowcount
    if not gone:
        raise NotFound("There is no such view of yours.")


# ------------------------------------------------------------------ preferences
def preferences(store: Store, user_id: int) -> dict[str, Any]:
    """What the user prefers, by name."""
    with store.read() as connection:
        found = connection.execute(text("select body from preference where user_id = :id"), {"id": user_id}).scalar()
    return dict(found or {})


def prefer(store: Store, user_id: int, name: str, change: Callable[[Any], Any]) -> Any:
    """Set one preference to what `change` makes of it (None: not set yet); returns it. Two at a time follow one another."""
    with store.write() as connection:
        connection.execute(
            text("insert into preference (user_id) values (:id) on conflict (user_id) do nothing"), {"id": user_id}
        )
        body = connection.execute(
            text("select body from preference where user_id = :id for update"), {"id": user_id}
        ).scalar_one()
        value = change(body.get(name))
        connection.execute(
            text("update preference set body = jsonb_set(body, array[:name], cast(:value as jsonb)) where user_id = :id"),
            {"id": user_id, "name": name, "value": json.dumps(value)},
        )
    return value
