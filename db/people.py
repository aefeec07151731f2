"""Accounts as those see them who manage access: who may do what where, and the changes that they may make.

Nothing here leaves the plant without somebody who can manage access at every site (`refuse_lockout`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from db import access
from db.store import Change, Store
from engine.access import Given, Scope, User
from engine.errors import Conflict, Forbidden, Invalid, NotFound

ONE_TIME_HOURS = 72
RIGHT = "access.manage"


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its grants (those at places that the reader may see), and how its sign-in stands."""

    id: int
    name: str
    full_name: str
    active: bool
    demo: bool
    grants: tuple[Given, ...]
    has_password: bool
    one_time_until: datetime | None
    failures: int
    locked_until: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions."""

    name: str
    permissions: frozenset[str]


def whole(scope: Scope, store: Store) -> bool:
    """True when the scope covers every site (every root, before there is a site): what is not of one place asks for it."""
    if scope.nodes is None:
        return True
    with store.read() as connection:
        return _whole(scope, connection)


def _whole(scope: Scope, connection: Connection) -> bool:
    return scope.nodes is None or set(_tops(connection)) <= scope.nodes


def _tops(connection: Connection) -> list[int]:
    return list(
        connection.execute(
            text(
                "with sites as (select id from location where kind = 'site' and retired_at is null)"
                " select id from sites union all select id from location"
                " where parent_id is null and retired_at is null and not exists (select 1 from sites)"
            )
        ).scalars()
    )


def people(scope: Scope, store: Store) -> list[Person]:
    """Accounts with a grant in the scope; whoever sees every site sees every account."""
    with store.read() as connection:
        everybody = _whole(scope, connection)
        given = _given(connection, scope)
        rows = connection.execute(
            text(
                "select u.id, u.name, u.full_name, u.active, u.demo, c.user_id is not null as has_password, c.one_time_until,"
                " coalesce(c.failures, 0) as failures, c.locked_until,"
                " (select max(seen_at) from web_session s where s.user_id = u.id) as seen_at"
                " from user_account u left join credential c on c.user_id = u.id order by not u.active, u.name"
            )
        ).mappings()
        return [Person(**row, grants=tuple(given.get(row["id"], ()))) for row in rows if everybody or row["id"] in given]


def _given(connection: Connection, scope: Scope) -> dict[int, list[Given]]:
    rows = connection.execute(
        text(
            "select g.id, g.user_id, g.role, g.location_id as node_id, l.path, l.name as place from role_grant g"
            " join location l on l.id = g.location_id where l.retired_at is null"
            " and (cast(:nodes as int[]) is null or l.id = any(cast(:nodes as int[]))) order by l.path, g.role"
        ),
        {"nodes": scope.ids()},
    ).mappings()
    found: dict[int, list[Given]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append(Given(**row))
    return found


def roles(store: Store) -> list[Role]:
    """Every role, by name."""
    with store.read() as connection:
        rows = connection.execute(text("select name, permissions from role order by name")).all()
    return [Role(row[0], frozenset(row[1])) for row in rows]


def named(store: Store, name: str) -> int:
    """The id of an account; raises `NotFound`."""
    return access.user_named(store, name).id


def name_of(store: Store, user_id: int) -> str:
    """The name of an account; raises `NotFound`."""
    with store.read() as connection:
        found = connection.execute(text("select name from user_account where id = :id"), {"id": user_id}).scalar()
    if found is None:
        raise NotFound("There is no such account.")
    return str(found)


def grant_of(scope: Scope, store: Store, grant_id: int) -> Given:
    """A grant at a place of the scope; raises `NotFound`."""
    with store.read() as connection:
        every = _given(connection, scope)
    found = next((given for grants in every.values() for given in grants if given.id == grant_id), None)
    if found is None:
        raise NotFound("There is no such grant; somebody may have removed it meanwhile.")
    return found


# ------------------------------------------------------------------ changes
@contextmanager
def managing(store: Store, actor: User, reason: str) -> Iterator[Change]:
    """An audited change of accounts and grants, undone when it would lock everybody out."""
    with store.change(actor.name, reason) as change:
        before = managers(change.connection)
        yield change
        refuse_lockout(change, before)
    access.forget_answers()


def managers(connection: Connection) -> frozenset[int]:
    """Accounts that can sign in and manage access at every site."""
    rows = connection.execute(
        text(
            """
            with recursive tops as (select unnest(cast(:tops as int[])) as id), above as (
                select id as top, id from tops
                union all
                select a.top, l.parent_id from above a join location l on l.id = a.id where l.parent_id is not null
            )
            select u.id from user_account u join credential c on c.user_id = u.id
            where u.active and not exists (select 1 from tops t where not exists (
                select 1 from above a join role_grant g on g.location_id = a.id join role r on r.name = g.role
                where a.top = t.id and g.user_id = u.id and :right = any(r.permissions)))
            """
        ),
        {"tops": _tops(connection), "right": RIGHT},
    )
    return frozenset(rows.scalars())


def refuse_lockout(change: Change, before: frozenset[int]) -> None:
    """Raise `Conflict` when there were managers of access before the change and are none after it."""
    if before and not managers(change.connection):
        raise Conflict("Nobody would be left who can manage access at every site; give somebody else that right first.")


def add(change: Change, scope: Scope, name: str, full_name: str) -> int:
    """A new account, without grants and without password; returns its id. Raises `Conflict` for a name that ever was one."""
    del scope  # an account reaches nothing; its grants are checked one by one
    if not full_name.strip():
        raise Invalid("An account needs the full name of the person, as it is shown beside a signature.")
    taken = change.connection.execute(text("select 1 from user_account where name = :name"), {"name": name}).first()
    if taken:
        raise Conflict(f"The name “{name}” is or was that of somebody; names are never used again.")
    return access.add_user(change, name, full_name.strip())


def give(change: Change, scope: Scope, user_id: int, role: str, node_id: int) -> None:
    """Grant a role at a place of the scope. Raises `Forbidden`, `NotFound`, `Conflict` when it holds already."""
    scope.check(node_id)
    known = change.connection.execute(
        text(
            "select (select true from role where name = :role), (select true from user_account where id = :user and active),"
            " (select true from location where id = :node and retired_at is null),"
            " (select true from role_grant where user_id = :user and role = :role and location_id = :node)"
        ),
        {"role": role, "user": user_id, "node": node_id},
    ).one()
    for there, what in zip(known[:3], ("role", "active account", "place"), strict=True):
        if not there:
            raise NotFound(f"There is no such {what}.")
    if known[3]:
        raise Conflict(f"The role “{role}” is granted there already.")
    change.connection.execute(
        text("insert into role_grant (user_id, role, location_id) values (:user, :role, :node)"),
        {"user": user_id, "role": role, "node": node_id},
    )


def take_away(change: Change, scope: Scope, grant_id: int) -> None:
    """Remove a grant at a place of the scope. Raises `Forbidden`, `NotFound`."""
    node = change.connection.execute(text("select location_id from role_grant where id = :id"), {"id": grant_id}).scalar()
    if node is None:
        raise NotFound("There is no such grant; somebody may have removed it meanwhile.")
    scope.check(node)
    change.connection.execute(text("delete from role_grant where id = :id"), {"id": grant_id})


def deactivate(change: Change, scope: Scope, user_id: int) -> None:
    """Switch an account off: it cannot sign in, its sessions end, its password goes. Its name stays taken."""
    _check(change.connection, scope, user_id)
    _update(change, "update user_account set active = false where id = :id and active", user_id, "is switched off already")
    change.connection.execute(text("delete from credential where user_id = :id"), {"id": user_id})
    change.connection.execute(
        text("update web_session set ended_at = now() where user_id = :id and ended_at is null"), {"id": user_id}
    )


def activate(change: Change, scope: Scope, user_id: int) -> None:
    """Switch an account on again; it needs a new password."""
    _check(change.connection, scope, user_id)
    _update(change, "update user_account set active = true where id = :id and not active", user_id, "is active already")


def unlock(store: Store, scope: Scope, user_id: int, actor: User, reason: str) -> None:
    """Let an account try again at once. No GxP record: who did it and why goes to the security log."""
    with store.write() as connection:
        _check(connection, scope, user_id)
        connection.execute(text("update credential set failures = 0, locked_until = null where user_id = :id"), {"id": user_id})
        _note(connection, "unlocked", user_id, f"by {actor.name}: {reason}")


def set_one_time(change: Change, scope: Scope, user_id: int, password_hash: str) -> None:
    """Keep a password that is good for one sign-in within three days; sessions and locks of the account end."""
    _check(change.connection, scope, user_id)
    active = change.connection.execute(text("select active from user_account where id = :id"), {"id": user_id}).scalar()
    if not active:
        raise Conflict("The account is switched off; switch it on first.")
    change.connection.execute(
        text(
            "insert into credential (user_id, password_hash, one_time_until)"
            " values (:id, :hash, now() + make_interval(hours => :hours)) on conflict (user_id) do update set"
            " password_hash = excluded.password_hash, one_time_until = excluded.one_time_until,"
            " failures = 0, locked_until = null"
        ),
        {"id": user_id, "hash": password_hash, "hours": ONE_TIME_HOURS},
    )
    change.connection.execute(
        text("update web_session set ended_at = now() where user_id = :id and ended_at is null"), {"id": user_id}
    )
    _note(change.connection, "password_set", user_id, f"one-time, by {change.actor}: {change.reason}")


def _check(connection: Connection, scope: Scope, user_id: int) -> None:
    """Whoever changes an account must reach every place where it holds a right."""
    known = connection.execute(text("select name from user_account where id = :id"), {"id": user_id}).scalar()
    if known is None:
        raise NotFound("There is no such account.")
    held = connection.execute(
        text(
            "select g.location_id from role_grant g join location l on l.id = g.location_id"
            " where g.user_id = :id and l.retired_at is null"
        ),
        {"id": user_id},
    ).scalars()
    nodes = list(held)
    if not all(scope.covers(node) for node in nodes) or (not nodes and not _whole(scope, connection)):
        raise Forbidden(f"“{known}” holds rights at places that you do not manage.")


def _update(change: Change, statement: str, user_id: int, otherwise: str) -> None:
    if not change.connection.execute(text(statement), {"id": user_id}).rowcount:
        raise Conflict(f"The account {otherwise}.")


def _note(connection: Connection, kind: str, user_id: int, detail: str) -> None:
    connection.execute(
        text(
            "insert into security_event (kind, user_name, detail) select :kind, name, :detail from user_account where id = :id"
        ),
        {"kind": kind, "id": user_id, "detail": detail[:500]},
    )
