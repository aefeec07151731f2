"""Sources say how they are doing; a worker notices every change of what they deliver; duties have one holder."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from db import health, source, worker
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.errors import Unavailable


@pytest.fixture
def plant(store: Store) -> Store:
    """A site with one MQTT source that delivers one tag."""
    with store.change("test", "a small plant") as change:
        for statement in (
            "insert into location (site_id, slug, path, name, kind) values (1, 'dublin', 'dublin', 'Dublin', 'site')",
            "insert into source (site_id, name, kind, settings) values (1, 'broker', 'mqtt', '{\"host\": \"h\"}')",
            "insert into tag (site_id, location_id, name, title, kind) values (1, 1, 'chiller.power', 'Power', 'float')",
            "insert into tag_binding (tag_id, source_id, address) values (1, 1, 'dublin/chiller/power')",
        ):
            change.connection.execute(text(statement))
    return store


def test_sources_are_read_with_their_settings_within_the_scope(plant: Store) -> None:
    [found] = source.sources(SYSTEM, plant)
    assert (found.name, found.kind, found.settings, found.active) == ("broker", "mqtt", {"host": "h"}, True)
    assert source.sources(scope_of([99]), plant) == []


def test_a_state_keeps_what_it_is_not_told_anew(plant: Store) -> None:
    assert source.states(SYSTEM, plant)[0].state == "unknown"
    source.set_state(plant, 1, "connected", last_sample_us=20, skew_us=5, facts={"queue": 20})
    first = source.states(SYSTEM, plant)[0]
    source.set_state(plant, 1, "connected", "all well", last_sample_us=10, facts={"items": 3})
    then = source.states(SYSTEM, plant)[0]
    assert then.since == first.since
    assert (then.detail, then.last_sample_us, then.skew_us) == ("all well", 20, 5)
    assert then.facts == {"queue": 20, "items": 3}
    source.set_state(plant, 1, "disconnected", "cable")
    after = source.states(SYSTEM, plant)[0]
    assert after.since is not None
    assert first.since is not None
    assert after.since > first.since


@pytest.mark.parametrize(
    "edit",
    [
        "update tag set unit = 'kW'",
        "update tag_binding set address = 'other'",
        "update source set settings = '{}'",
        "update source set active = false",
        "update source set retired_at = now()",
        "delete from tag_binding",
        "update tag set retired_at = now()",
        "insert into state_table (name, title, codes) values ('packml', 'PackML', '{}')",
    ],
)
def test_every_edit_of_what_a_source_delivers_changes_its_fingerprint(plant: Store, edit: str) -> None:
    before = source.fingerprints(plant)
    assert source.fingerprints(plant) == before
    with plant.change("test", "edit") as change:
        change.connection.execute(text(edit))
    assert source.fingerprints(plant) != before


def test_a_duty_has_one_holder_and_passes_on_when_the_holder_goes(store: Store) -> None:
    one, other = worker.Duties(store), worker.Duties(store)
    try:
        assert one.take("clock")
        assert one.take("clock")
        assert not other.take("clock")
        assert other.take("source 1")
        one.give_back("clock")
        assert other.take("clock")
        other.close()
        assert one.take("source 1")
    finally:
        one.close()
        other.close()


def test_a_lost_connection_loses_every_duty_and_says_so(store: Store, cluster: str) -> None:
    duties = worker.Duties(store)
    try:
        assert duties.take("clock")
        _cut_holders(cluster)
        with pytest.raises(Unavailable, match="duties was lost"):
            duties.check()
        assert duties.held == set()
        assert duties.take("clock")
    finally:
        duties.close()


def _cut_holders(cluster: str) -> None:
    engine = create_engine(cluster)
    with engine.connect() as connection:
        connection.execute(
            text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 7031100")
        )
    engine.dispose()


def test_a_worker_is_alive_by_its_heartbeat_until_it_leaves(store: Store) -> None:
    worker.beat(store, "w1", {"clock", "source 1"}, "0.1", (3, 900), started=True)
    [found] = health.workers(store)
    assert (found.roles, found.spool_waiting, found.spool_bytes) == (("clock", "source 1"), 3, 900)
    assert found.age_s < 30
    worker.leave(store, "w1")
    assert health.workers(store) == []
