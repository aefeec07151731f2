"""Fixtures that every room's tests share: one PostgreSQL for the run, and a database for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from db import embedded
from db.store import Store, migrate

_numbers = itertools.count(1)

settings.register_profile("house", deadline=None)  # speed is shown by the bench, not asserted by tests
settings.load_profile("house")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """URL of a running PostgreSQL (superuser): PLANTGLASS_TEST_DATABASE_URL, or an embedded one for this run."""
    given = os.environ.get("PLANTGLASS_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="plantglass-test-")) / "pg"
    folder.parent.chmod(0o755)
    url = embedded.start(folder)
    try:
        yield url
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster: str) -> str:
    """Name of a migrated, empty database to clone."""
    name = f"template_{os.getpid()}"
    _run(cluster, f"create database {name}")
    migrate(at_database(cluster, name))
    return name


@pytest.fixture
def database_url(cluster: str, template: str) -> Iterator[str]:
    """URL of a fresh migrated database of its own."""
    url = new_database(cluster, template)
    try:
        yield url
    finally:
        _run(cluster, f"drop database if exists {make_url(url).database} with (force)")


def new_database(cluster: str, template: str) -> str:
    """A clone of the migrated template; returns its URL. It goes with the cluster at the latest."""
    name = f"{template}_{next(_numbers)}"
    _run(cluster, f"create database {name} template {template} strategy file_copy")
    return at_database(cluster, name)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The application's store on a fresh database."""
    opened = Store(database_url)
    try:
        yield opened
    finally:
        opened.close()


def at_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
