"""Users, their sessions and credentials, and the scope that their grants reach."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import text

from db.store import Change, Store
from engine.access import Grant, Scope, User
from engine.errors import NotFound, Unavailable

CACHE_S = 1.0
"""For how long a web process believes a session or a scope that it looked up."""

_REACH = text(
    """
    with recursive held as (
        select g.location_id as id from role_grant g join role r on r.name = g.role
        where g.user_id = :user and :permission = any(r.permissions)
        union
        select l.id from location l join held h on l.parent_id = h.id
    )
    select id from held
    """
)

_SESSION = text(
    """
    select u.id, u.name, u.full_name, u.active, u.demo from web_session s join user_account u on u.id = s.user_id
    where s.id = :id and s.ended_at is null and u.active
        and s.seen_at > now() - make_interval(mins => :idle) and s.created_at > now() - interval '24 hours'
    """
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What checking a password needs."""

    user: User
    password_hash: str
    failures: int
    locked_until: datetime | None
    one_time_until: datetime | None


T = TypeVar("T")


class _Recent:
    """Answers not older than `CACHE_S`, so that a callback costs no query for who asks. That the database does not
    answer is kept as well, so that requests do not queue up behind one that waits for it."""

    def __init__(self) -> None:
        self._answers: dict[Any, tuple[float, Any]] = {}
        self._away: tuple[float, str] | None = None
        self._lock = threading.Lock()

    def get(self, key: Any, ask: Callable[[], T]) -> T:
        now = time.monotonic()
        with self._lock:
            away = self._away
            found = self._answers.get(key)
            if found and now - found[0] < CACHE_S:
                answer: T = found[1]
                return answer
        if away and now - away[0] < CACHE_S:
            raise Unavailable(away[1])
        fresh = self._ask(ask)
        with self._lock:
            if len(self._answers) > 10_000:
                self._answers.clear()
            self._answers[key] = (now, fresh)
        return fresh

    def _ask(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Unavailable as error:
            with self._lock:
                self._away = (time.monotonic(), str(error))
            raise

    def forget(self) -> None:
        with self._lock:
            self._answers.clear()


_recent = _Recent()


def forget_answers() -> None:
    """Look up sessions and scopes anew: somebody's rights have changed. Other processes do within `CACHE_S`."""
    _recent.forget()


def scope_for(store: Store, user: User, permission: str) -> Scope:
    """The nodes in which the user holds the permission, by grants on them or above them."""

    def ask() -> Scope:
        with store.read() as connection:
            rows = connection.execute(_REACH, {"user": user.id, "permission": permission}).scalars()
            return Scope(frozenset(rows))

    return _recent.get((store.url, "scope", user.id, permission), ask)


def sites_for(store: Store, user: User, permission: str) -> frozenset[int]:
    """The sites in which the user holds the permission anywhere."""

    def ask() -> frozenset[int]:
        nodes = scope_for(store, user, permission).ids()
        with store.read() as connection:
            statement = text("select distinct site_id from location where id = any(:nodes)")
            return frozenset(connection.execute(statement, {"nodes": nodes}).scalars())

    return _recent.get((store.url, "sites", user.id, permission), ask)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The roles that a user holds anywhere, and the permissions that come with them."""

    roles: frozenset[str]
    permissions: frozenset[str]


def holdings(store: Store, user: User) -> Holdings:
    """What the user holds anywhere: enough to decide what is offered; what is read is checked by `scope_for`."""

    def ask() -> Holdings:
        with store.read() as connection:
            rows = connection.execute(
                text(
                    "select distinct r.name, r.permissions from role_grant g join role r on r.name = g.role"
                    " where g.user_id = :user"
                ),
                {"user": user.id},
            ).all()
        return Holdings(frozenset(row[0] for row in rows), frozenset(p for row in rows for p in row[1]))

    return _recent.get((store.url, "holdings", user.id), ask)


def user_of_session(store: Store, token: str, idle_minutes: int) -> User | None:
    """Who holds the session token; None when it is unknown, ended, idle for too long, or the account is off."""
    key = _digest(token)

    def ask() -> User | None:
        with store.read() as connection:
            row = connection.execute(_SESSION, {"id": key, "idle": idle_minutes}).one_or_none()
        return User(*row) if row else None

    return _recent.get((store.url, "session", key), ask)


def start_session(store: Store, user: User) -> str:
    """A new session; returns its token, of which only the digest is kept."""
    token = secrets.token_urlsafe(32)
    with store.write() as connection:
        connection.execute(
            text("insert into web_session (id, user_id) values (:id, :user)"), {"id": _digest(token), "user": user.id}
        )
    return token


def touch_session(store: Store, token: str) -> None:
    """Note that the user did something, at most once a minute."""
    key = _digest(token)

    def ask() -> bool:
        with store.write() as connection:
            connection.execute(
                text("update web_session set seen_at = now() where id = :id and seen_at < now() - interval '1 minute'"),
                {"id": key},
            )
        return True

    _recent.get((store.url, "touch", key), ask)


def end_session(store: Store, token: str) -> None:
    """Sign out: the token is worth nothing from now on."""
    with store.write() as connection:
        connection.execute(text("update web_session set ended_at = now() where id = :id"), {"id": _digest(token)})
    _recent.forget()


def forget_sessions(store: Store, days: float) -> int:
    """Delete sessions that nobody used for `days` days; returns how many. Who signed in stays in the security log."""
    with store.write() as connection:
        return connection.execute(
            text("delete from web_session where seen_at < now() - make_interval(secs => :s)"), {"s": days * 86_400}
        ).rowcount


def credential_of(store: Store, name: str) -> Credential | None:
    """The active account of that name with its password hash; None when there is none."""
    with store.read() as connection:
        row = connection.execute(
            text(
                "select u.id, u.name, u.full_name, u.active, u.demo, c.password_hash, c.failures, c.locked_until,"
                " c.one_time_until"
                " from user_account u join credential c on c.user_id = u.id where u.name = :name and u.active"
            ),
            {"name": name},
        ).one_or_none()
    return Credential(User(*row[:5]), *row[5:]) if row else None


def note_failure(store: Store, user: User, free: int, longest_s: int) -> None:
    """One more wrong password: from `free` on the account is locked for 30 s, doubling up to `longest_s`."""
    with store.write() as connection:
        connection.execute(
            text(
                """
                update credential set failures = failures + 1, locked_until = case when failures + 1 >= :free
                    then now() + make_interval(secs => least(:longest, 30 * power(2, least(failures + 1 - :free, 10)))) end
                where user_id = :id
                """
            ),
            {"id": user.id, "free": free, "longest": longest_s},
        )


def note_success(store: Store, user: User) -> None:
    """The right password: failures are forgotten."""
    with store.write() as connection:
        connection.execute(text("update credential set failures = 0, locked_until = null where user_id = :id"), {"id": user.id})


def note_security(store: Store, kind: str, user_name: str, detail: str = "", remote: str = "") -> None:
    """Write to the security log: login, login_failed, locked, logout, forbidden."""
    with store.write() as connection:
        connection.execute(
            text("insert into security_event (kind, user_name, detail, remote) values (:kind, :name, :detail, :remote)"),
            {"kind": kind, "name": user_name[:200], "detail": detail[:500], "remote": remote[:100]},
        )


def user_named(store: Store, name: str) -> User:
    """The account of that name, active or not; raises `NotFound`."""
    with store.read() as connection:
        row = connection.execute(
            text("select id, name, full_name, active, demo from user_account where name = :name"), {"name": name}
        ).one_or_none()
    if row is None:
        raise NotFound(f"There is no user “{name}”.")
    return User(*row)


def sync_roles(store: Store, roles: Mapping[str, frozenset[str]]) -> None:
    """Bring the built-in roles to what this version means by them; audited when anything differs."""
    with store.read() as connection:
        kept = {row[0]: frozenset(row[1]) for row in connection.execute(text("select name, permissions from role"))}
    changed = {name: sorted(wanted) for name, wanted in roles.items() if kept.get(name) != wanted}
    if not changed:
        return
    with store.change("plantglass", "built-in roles of this version") as change:
        for name, permissions in changed.items():
            change.connection.execute(
                text(
                    "insert into role (name, permissions) values (:name, :permissions)"
                    " on conflict (name) do update set permissions = excluded.permissions"
                ),
                {"name": name, "permissions": permissions},
            )


def add_user(change: Change, name: str, full_name: str, demo: bool = False) -> int:
    """A new account; returns its id. Names are never reused."""
    row = change.connection.execute(
        text("insert into user_account (name, full_name, demo) values (:name, :full, :demo) returning id"),
        {"name": name, "full": full_name, "demo": demo},
    )
    return int(row.scalar_one())


def grant(change: Change, given: Grant) -> None:
    """Bind a role to a node for a user; nothing happens when it is bound already."""
    change.connection.execute(
        text(
            "insert into role_grant (user_id, role, location_id) select :user, :role, :node where not exists"
            " (select 1 from role_grant where user_id = :user and role = :role and location_id = :node)"
        ),
        {"user": given.user_id, "role": given.role, "node": given.node_id},
    )


def set_password(store: Store, user_id: int, password_hash: str, actor: str = "plantglass") -> None:
    """Keep a new password hash; sessions of the user end, locks too. Written to the security log with who did it."""
    with store.write() as connection:
        connection.execute(
            text(
                "insert into security_event (kind, user_name, detail)"
                " select 'password_set', name, :detail from user_account where id = :id"
            ),
            {"id": user_id, "detail": f"by {actor}"[:500]},
        )
        connection.execute(
            text(
                "insert into credential (user_id, password_hash) values (:id, :hash) on conflict (user_id)"
                " do update set password_hash = :hash, failures = 0, locked_until = null, one_time_until = null"
            ),
            {"id": user_id, "hash": password_hash},
        )
        connection.execute(
            text("update web_session set ended_at = now() where user_id = :id and ended_at is null"), {"id": user_id}
        )
    _recent.forget()


def demo_users(store: Store, *, without_password: bool = False) -> list[User]:
    """Accounts that exist for the demo only; on request just those that have no password yet."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select id, name, full_name, active, demo from user_account u where demo"
                " and not (:bare and exists (select 1 from credential c where c.user_id = u.id)) order by id"
            ),
            {"bare": without_password},
        ).all()
    return [User(*row) for row in rows]


def switch_demo_users(change: Change, active: bool) -> None:
    """Turn all demo accounts on or off."""
    change.connection.execute(text("update user_account set active = :on where demo and active <> :on"), {"on": active})
    if not active:
        change.connection.execute(text("delete from credential c using user_account u where u.id = c.user_id and u.demo"))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
