"""Workers: their heartbeat, and the duties that each of them holds alone by a PostgreSQL advisory lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.store import Store
from engine.errors import Unavailable

LOCKS = 7031100
"""First key of every duty's advisory lock; the second is the hash of the duty's name."""


def beat(  # the columns of one row
    store: Store,
    worker: str,
    roles: Iterable[str],
    version: str,
    spool: tuple[int, int],
    *,
    started: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """The heartbeat: which duties this worker holds, how many records and bytes wait in its spool, and facts about it."""
    with store.write() as connection:
        connection.execute(
            text(
                "insert into worker (id, roles, version, spool_waiting, spool_bytes, facts)"
                " values (:id, cast(:roles as text[]), :version, :waiting, :bytes, cast(:facts as jsonb))"
                " on conflict (id) do update set seen_at = now(), roles = excluded.roles, version = excluded.version,"
                " started_at = case when :started then now() else worker.started_at end,"
                " spool_waiting = excluded.spool_waiting, spool_bytes = excluded.spool_bytes, facts = excluded.facts"
            ),
            {
                "id": worker,
                "roles": sorted(roles),
                "version": version,
                "waiting": spool[0],
                "bytes": spool[1],
                "started": started,
                "facts": json.dumps(dict(facts or {})),
            },
        )


def leave(store: Store, worker: str) -> None:
    """The worker stopped in good order and is none any more."""
    with store.write() as connection:
        connection.execute(text("delete from worker where id = :id"), {"id": worker})


def forget_unseen(store: Store, days: float, spool_days: float) -> int:
    """Delete workers unseen for `days`; returns how many.

    One with records in its spool, or whose spool the store has taken from, stays for `spool_days`: until then its spool
    may come back, and what is noted of it keeps its records from being counted twice.
    """
    with store.write() as connection:
        gone = connection.execute(
            text(
                "delete from worker w where seen_at < now() - make_interval(secs => :spool_age)"
                " or (seen_at < now() - make_interval(secs => :age) and spool_waiting = 0"
                " and not exists (select 1 from spool_progress p where p.worker = w.id)) returning id"
            ),
            {"age": days * 86_400, "spool_age": spool_days * 86_400},
        )
        names = list(gone.scalars())
        connection.execute(text("delete from spool_progress where worker = any(:names)"), {"names": names})
    return len(names)


class Duties:
    """The duties that this process holds, on one connection of its own: when the process dies, PostgreSQL frees them.

    Not safe for several threads. After an outage of the database every duty is lost and must be taken again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None
        self.held: set[str] = set()

    def take(self, duty: str) -> bool:
        """True when the duty is held here, now or already. Raises `Unavailable`."""
        if duty in self.held:
            return True
        if self._ask("select pg_try_advisory_lock(:key, hashtext(:duty))", duty):
            self.held.add(duty)
        return duty in self.held

    def give_back(self, duty: str) -> None:
        """Let another worker have the duty."""
        if duty in self.held:
            self.held.discard(duty)
            self._ask("select pg_advisory_unlock(:key, hashtext(:duty))", duty)

    def check(self) -> None:
        """Raises `Unavailable`, and forgets every duty, when the connection that holds them is gone."""
        if self.held:
            self._ask("select true", "")

    def close(self) -> None:
        """Give everything back, so that another worker can take it as soon as this returns.

        Closing the connection alone frees the locks only when the server notices. After an outage they are free already.
        """
        with suppress(Unavailable):
            for duty in tuple(self.held):
                self.give_back(duty)
        self._drop()

    def _drop(self) -> None:
        self.held.clear()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.invalidate()
            finally:
                connection.close()

    def _ask(self, statement: str, duty: str) -> bool:
        try:
            if self._connection is None:
                self._connection = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            values = {"key": LOCKS, "duty": duty} if duty else {}
            return bool(self._connection.execute(text(statement), values).scalar())
        except (DBAPIError, PoolTimeout) as error:
            self._drop()
            raise Unavailable("The database connection that holds this worker's duties was lost.") from error
