"""The store: connections, the one audited door for writes to GxP tables, migrations and roles.

with store.read() as db: ...                       one snapshot, read only
with store.write() as db: ...                      one transaction on tables that are not GxP
with store.change(actor, reason) as change: ...    one transaction; GxP tables accept writes in here only
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import Conflict, Invalid, PlantError, Unavailable

OWNER, APP, READER = "plantglass_owner", "plantglass_app", "plantglass_reader"
SCHEMA_LOCK, AUDIT_LOCK = 7031000, 7031001

_AWAY = ("08", "57P", "53", "25P03", "25006", "42501", "42P01")
"""SQLSTATEs of a database that does no work now: connection, shutdown, resources, read only, rights, schema."""
_COLLIDED = ("40001", "40P01")
_UNFIT = ("22", "54")


class Collision(Conflict):
    """Two transactions were in each other's way and this one was undone: the same again will do."""


@dataclass(frozen=True, slots=True)
class Change:
    """An open audited transaction: `connection` for the `db` functions that write, and who and why."""

    connection: Connection
    actor: str
    reason: str

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that may fail by itself: a failure inside undoes what was done inside, and the change goes on.

        Raises what `Store.change` raises, within the change already.
        """
        with _translated(), self.connection.begin_nested():
            yield


class Store:
    """All access to one database. Cheap to make; connects on first use."""

    def __init__(self, url: str, *, role: str = APP, pool_size: int = 8) -> None:
        self.url = url
        options = {"connect_timeout": 5, "application_name": "plantglass"}
        self.engine: Engine = create_engine(
            url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, connect_args=options, pool_timeout=10
        )
        event.listen(self.engine, "connect", lambda raw, _record: _as_role(raw, role))
        event.listen(self.engine, "checkin", lambda raw, _record: self._came_back(raw))
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read-only snapshot: chunks and hot rows seen together, whatever is sealed meanwhile."""
        with self._begin("REPEATABLE READ") as connection:
            connection.exec_driver_sql("set transaction read only")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction on tables that are not GxP (samples, jobs, results, sessions)."""
        with self._begin("READ COMMITTED") as connection:
            yield connection

    @contextmanager
    def change(self, actor: str, reason: str, signature: int | None = None) -> Iterator[Change]:
        """The one audited door: GxP tables accept writes only inside, and each leaves its audit entry.

        Changes follow one another (`AUDIT_LOCK`), so two of them never wait for each other in a circle: keep them short,
        and never open one within another. Raises `Invalid` without actor or reason and for values that the database
        cannot hold, `Conflict` when a unique rule or reference is broken, `Unavailable` when it does not work now.
        """
        if not actor.strip() or not reason.strip():
            raise Invalid("A change needs the person who makes it and the reason.")
        with self._begin("READ COMMITTED") as connection:
            connection.execute(
                text(
                    "select set_config('plantglass.actor', :actor, true), set_config('plantglass.reason', :reason, true),"
                    " set_config('plantglass.signature', :signature, true), pg_advisory_xact_lock(:lock)"
                ),
                {"actor": actor, "reason": reason, "signature": str(signature or ""), "lock": AUDIT_LOCK},
            )
            yield Change(connection, actor, reason)

    @contextmanager
    def _begin(self, isolation: str) -> Iterator[Connection]:
        with (
            _translated(),
            self.engine.connect().execution_options(isolation_level=isolation) as connection,
            connection.begin(),
        ):
            yield connection

    def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        with self.read() as connection:
            connection.execute(text("select 1"))

    def close(self) -> None:
        """Give all connections back; those still in use by other threads follow as soon as they are free."""
        self._closed = True
        self.engine.dispose()

    def _came_back(self, raw: psycopg.Connection | None) -> None:
        if self._closed and raw is not None:
            raw.close()


def migrate(url: str) -> None:
    """Create the roles where missing and bring the schema to this version; safe to run by several at once.

    Raises `Unavailable` when the host does not answer.
    """
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with _translated(), engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
            _ensure_roles(connection)
            connection.exec_driver_sql(f"set role {OWNER}")
            _upgrade(connection)
    finally:
        engine.dispose()


def _ensure_roles(connection: Connection) -> None:
    run_script(
        connection,
        f"""do $$ declare r text; begin
            foreach r in array array['{OWNER}', '{APP}', '{READER}'] loop
                begin
                    execute format('create role %I nologin', r);
                exception when duplicate_object or unique_violation then null;
                end;
                if not pg_has_role(current_user, r, 'member') then execute format('grant %I to %I', r, current_user); end if;
            end loop;
            execute format('alter schema public owner to %I', '{OWNER}');
        end $$""",
    )


def run_script(connection: Connection, script: str) -> None:
    """Run SQL text as it stands: several statements, and percent signs that are no placeholders."""
    cursor = connection.connection.cursor()
    cursor.execute(script)
    cursor.close()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def _as_role(raw, role: str) -> None:  # type: ignore[no-untyped-def]  # a DB-API connection
    before, raw.autocommit = raw.autocommit, True
    with raw.cursor() as cursor:
        cursor.execute(f"set session role {role}")
        cursor.execute("set timezone = 'UTC'")
        cursor.execute("set jit = off")
    raw.autocommit = before


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the database as errors of ours, decided by SQLSTATE; what is in no list is raised as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("All connections to the database are in use; try again in a moment.") from error
    except (DBAPIError, psycopg.Error) as error:
        ours = _ours(error)
        if ours is None:
            raise
        raise ours from error


def _ours(error: DBAPIError | psycopg.Error) -> PlantError | None:
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None) or ""
    line = next(iter(str(original).strip().splitlines()), type(original).__name__)
    if (
        lost
        or state.startswith("08")
        or (not state and isinstance(original, psycopg.OperationalError | psycopg.InterfaceError))
    ):
        return Unavailable(f"The database does not answer: {line}")
    if state.startswith(_AWAY):
        return Unavailable(f"The database does not work now: {line}")
    if state in _COLLIDED:
        return Collision(f"Another change was in the way; try again: {line}")
    if state.startswith("23"):
        return Conflict(f"The database refused the change: {line}")
    if state.startswith(_UNFIT) or (not state and isinstance(original, psycopg.DataError)):
        return Invalid(f"The database cannot hold the value: {line}")
    return None
