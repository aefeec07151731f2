"""The same schema and reads on the oldest PostgreSQL that is supported: Debian's 15, when it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from db import historian
from db.store import Store, migrate
from engine.access import SYSTEM
from engine.historian.block import Intake, SampleBlock
from engine.tag import ValueKind, bits_of

BIN = Path("/usr/lib/postgresql/15/bin")
NOW = 1_790_000_000_000_000


@pytest.fixture(scope="module")
def old_server() -> Iterator[str]:
    """A server of its own on a Unix socket, run by the user postgres when the tests run as root."""
    if not (BIN / "initdb").exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed (apt-get install -y postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="plantglass-pg15-"))
    prefix = []
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        prefix = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    subprocess.run(
        [*prefix, BIN / "initdb", "-A", "trust", "-U", "postgres", "-D", folder / "data"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    control = [*prefix, BIN / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", f"-h '' -k {folder}", "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_samples_go_in_are_sealed_and_come_out(old_server: str) -> None:
    migrate(old_server)
    store = Store(old_server)
    with store.change("test", "one tag") as change:
        run = change.connection.execute
        site = run(
            text("insert into location (site_id, slug, path, name, kind) values (0, 'a', 'a', 'A', 'site') returning id")
        ).scalar_one()
        run(text("update location set site_id = id"))
        tag = run(
            text(
                "insert into tag (site_id, location_id, name, title, kind, interval_s)"
                " values (:s, :s, 'a.x', 'X', 'float', 1) returning id"
            ),
            {"s": site},
        ).scalar_one()
        source = run(
            text("insert into source (site_id, name, kind) values (:s, 'line', 'opcua') returning id"), {"s": site}
        ).scalar_one()
    n = 5000
    at = NOW + np.arange(n) * 1_000_000
    values = np.sin(np.arange(n) / 50)
    block = SampleBlock(np.full(n, tag), at, np.zeros(n), bits_of(ValueKind.FLOAT, values), np.zeros(n), at)
    historian.ingest(store, "w", 1, Intake(site, source, block))
    historian.seal(store, NOW + 10**12)
    found = historian.raw_window(SYSTEM, store, tag, NOW, int(at[-1]) + 1)
    np.testing.assert_array_equal(found.values, values)
    assert historian.check(store) == []
    with store.read() as connection:
        assert connection.execute(text("show server_version")).scalar_one().startswith("15.")
    store.close()
