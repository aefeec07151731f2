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

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from engine.errors import Conflict, Invalid, Unavailable

OWNER, APP, READER = "plantglass_owner", "plantglass_app", "plantglass_reader"
SCHEMA_LOCK = 7031000


@dataclass(frozen=True, slots=True)
class Change:
    """An open audited transaction: `connection` for the `db` functions that write, and who and why."""

    connection: Connection
    actor: str
    reason: str


class Store:
    """All access to one database. Cheap to make; connects on first use."""

    def __init__(self, url: str, *, role: str = APP, pool_size: int = 8) -> None:
        self.url = url
        options = {"connect_timeout": 5, "application_name": "plantglass"}
        self.engine: Engine = create_engine(
            url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, connect_args=options, pool_timeout=10
        )
        event.listen(self.engine, "connect", lambda raw, _record: _as_role(raw, role))

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

        Raises `Invalid` without actor or reason, `Conflict` when a unique rule or reference is broken.
        """
        if not actor.strip() or not reason.strip():
            raise Invalid("A change needs the person who makes it and the reason.")
        with self._begin("READ COMMITTED") as connection:
            connection.execute(
                text(
                    "select set_config('plantglass.actor', :actor, true), set_config('plantglass.reason', :reason, true),"
                    " set_config('plantglass.signature', :signature, true)"
                ),
                {"actor": actor, "reason": reason, "signature": str(signature or "")},
            )
            yield Change(connection, actor, reason)

    @contextmanager
    def _begin(self, isolation: str) -> Iterator[Connection]:
        try:
            with self.engine.connect().execution_options(isolation_level=isolation) as connection, connection.begin():
                yield connection
        except IntegrityError as error:
            raise Conflict(f"The database refused the change: {_first_line(error)}") from error
        except OperationalError as error:
            raise Unavailable(f"The database does not answer: {_first_line(error)}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable(f"The database does not answer: {_first_line(error)}") from error
            raise

    def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        with self.read() as connection:
            connection.execute(text("select 1"))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def migrate(url: str) -> None:
    """Create the roles where missing and bring the schema to this version; safe to run by several at once.

    Raises `Unavailable` when the host does not answer.
    """
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
            _ensure_roles(connection)
            connection.exec_driver_sql(f"set role {OWNER}")
            _upgrade(connection)
    except OperationalError as error:
        raise Unavailable(f"The database does not answer: {_first_line(error)}") from error
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


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
