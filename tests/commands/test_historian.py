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
from tests.db.historian_site import SITE, SOURCE, T0, floats, make_site


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


@pytest.mark.parametrize("asked", ["temperature", "dublin:temperature", "dublin/m2/temperature"])
def test_a_tag_is_named_by_itself_with_its_site_or_by_its_place(
    store: Store, database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [20.25])))
    assert run(database_url, "samples", asked, *WINDOW) == 0
    assert "20.25" in capsys.readouterr().out


def test_a_tag_that_nobody_knows_is_answered_with_the_likely_ones(
    ids: dict[str, int], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "samples", "dublin/m2/temprature", *WINDOW) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "plantglass: There is no tag “dublin/m2/temprature”. Did you mean “temperature”?\n"
    assert run(database_url, "samples", "xyz") == 2
    assert capsys.readouterr().err == "plantglass: There is no tag “xyz”.\n"


def test_times_without_a_zone_are_the_sites_and_that_is_said(
    store: Store, database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    with store.change("test", "zone of the site") as change:
        change.connection.execute(text("update location set time_zone = 'America/New_York' where id = 1"))
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [20.25])))  # 14:00 UTC
    assert run(database_url, "samples", "temperature", "--from", "2026-09-21T10:00", "--to", "2026-09-21T10:01") == 0
    told = capsys.readouterr()
    assert "20.25" in told.out
    assert told.err == "Times without a zone are read in the site's, America/New_York; what is printed is UTC.\n"
    assert run(database_url, "samples", "temperature", "--from", "2026-09-21T10:00Z", "--to", "2026-09-21T10:01Z") == 0
    told = capsys.readouterr()
    assert ("20.25" in told.out, told.err) == (False, "")


def test_times_may_be_composite_and_a_wrong_one_is_told(
    database_url: str, ids: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "samples", "temperature", "--from", "now-1d12h", "--to", "now-90s") == 0
    with pytest.raises(Invalid, match="yesterday"):
        run(database_url, "samples", "temperature", "--from", "yesterday")
    with pytest.raises(Invalid, match="is empty"):
        run(database_url, "samples", "temperature", "--from", "now", "--to", "now-1h")
