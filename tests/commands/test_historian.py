"""The commands print what is stored and say what is wrong."""

from __future__ import annotations

import argparse

import pytest
from sqlalchemy import text

from commands import historian as command
from db import historian
from db.store import Store
from engine.errors import Invalid
from engine.historian.block import Intake, TextEvent
from settings import Settings
from tests.db.historian_site import SITE, SOURCE, T0, S, floats, make_site


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    return make_site(store)


def run(database_url: str, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    code: int = arguments.run(arguments, Settings(database_url=database_url))
    return code


WINDOW = ("--from", "2026-09-21T13:00:00+00:00", "--to", "2026-09-21T16:00")


def test_samples_are_printed_as_stored(
    store: Store, database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [20.25, 21.5])))
    assert run(database_url, "samples", "temperature", "--csv", *WINDOW) == 0
    assert capsys.readouterr().out.splitlines() == [
        "time,seq,value,status",
        "2026-09-21T14:00:00.000000Z,0,20.25,0x00000000",
        "2026-09-21T14:00:10.000000Z,0,21.5,0x00000000",
    ]
    assert run(database_url, "samples", "temperature", "--points", "10", *WINDOW) == 0
    assert capsys.readouterr().out.startswith("time  count  min  mean")


def test_texts_are_printed_too(
    store: Store, database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    historian.load_texts(store, SITE, [TextEvent(ids["batch"], T0, 0, "B-17", 0, T0)])
    assert run(database_url, "samples", "batch", *WINDOW) == 0
    assert "B-17" in capsys.readouterr().out


def test_check_answers_by_its_exit_code(
    store: Store, database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [1.0] * 300)))
    assert run(database_url, "historian", "seal") == 0
    assert "300 samples of 1 signals sealed" in capsys.readouterr().out
    assert run(database_url, "historian", "check") == 0
    with store.write() as connection:
        connection.execute(text("update chunk set checksum = checksum + 1"))
    assert run(database_url, "historian", "check") == 1
    assert "checksum" in capsys.readouterr().out


def test_times_are_iso_or_relative_to_now() -> None:
    assert command.instant("now", T0) == T0
    assert command.instant("now-8h", T0) == T0 - 8 * 3600 * S
    assert command.instant("2026-09-21T14:00", 0) == T0
    with pytest.raises(Invalid, match="yesterday"):
        command.instant("yesterday", T0)
