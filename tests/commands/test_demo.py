"""The simulated site comes into an empty database once; later only its ports follow the settings."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from commands import demo, listening
from db import config as kept
from db import job
from db.store import Store
from engine.access import SYSTEM
from engine.config import Config
from engine.errors import Invalid, Unavailable
from settings import Settings


def prepared(store: Store, database_url: str, **ports: int) -> Config:
    demo.prepare(Settings(database_url=database_url, **ports), 2)
    return kept.read_config(store)


def addresses(config: Config) -> dict[str, object]:
    return {s.name: s.settings.get("url") or s.settings.get("port") or s.settings["path"] for s in config.sources}


def test_the_sources_of_a_site_that_is_there_follow_the_ports(store: Store, database_url: str) -> None:
    first = prepared(store, database_url)
    assert addresses(first)["line-server"] == "opc.tcp://127.0.0.1:4840/plantglass"
    assert len(job.runs(SYSTEM, store)) == 1
    again = prepared(store, database_url)
    assert again == first
    moved = prepared(store, database_url, plant_port=4999, broker_port=1999)
    assert addresses(moved) == {
        "line-server": "opc.tcp://127.0.0.1:4999/plantglass", "site-broker": 1999, "rooms": 1999, "orders": "drop/orders",
    }  # fmt: skip
    assert (moved.tags, moved.locations) == (first.tags, first.locations)
    assert len(job.runs(SYSTEM, store)) == 1


def test_a_source_that_somebody_sent_elsewhere_stays_there(store: Store, database_url: str) -> None:
    prepared(store, database_url)
    with store.change("ines", "the real line") as change:
        real = "update source set settings = settings || '{\"url\": \"opc.tcp://plc-7:4840/\"}' where name = 'line-server'"
        change.connection.execute(text(real))
    found = addresses(prepared(store, database_url, plant_port=4999, broker_port=1999))
    assert (found["line-server"], found["rooms"]) == ("opc.tcp://plc-7:4840/", 1999)


def test_two_servers_cannot_have_one_port() -> None:
    settings = Settings(port=8050, plant_port=4840, broker_port=4840)
    with pytest.raises(Invalid, match=r"the same port 4840\. Set PLANTGLASS_BROKER_PORT"):
        listening.check([listening.web(settings), *listening.plant(settings)])


def test_an_address_that_this_machine_has_not_is_told() -> None:
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1:8050.*PLANTGLASS_HOST"):
        listening.web(Settings(host="192.0.2.1")).check()
