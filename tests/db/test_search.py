"""Search: every word, any case; batches and orders by their beginning; within the scope; four queries at any size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, event, make_url, text

from db import config as kept
from db import location, order
from db.search import search
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.config.demo import config_of
from engine.twin.site import SITE

NOW = datetime(2026, 11, 17, 12, tzinfo=UTC)


@pytest.fixture
def site(store: Store) -> Iterator[Store]:
    with store.change("test", "the virtual site") as change:
        kept.apply(change, kept.read_config(store), config_of(SITE))
    home = location.node_at(SYSTEM, store, "acme/dublin").id
    with store.change("test", "two batches") as change:
        order.ensure_batches(change, home, {"B26104": {"product": "TN100"}, "b26_05": {"product": "TN100"}})
    press = location.node_at(SYSTEM, store, "acme/dublin/solid-dose/press-2").id
    with store.write() as connection:
        connection.execute(
            text(
                "insert into occupation (site_id, location_id, batch_id, from_at, to_at)"
                " select :site, :node, id, :start, :end from batch where number = 'B26104'"
            ),
            {"site": home, "node": press, "start": NOW - timedelta(hours=5), "end": NOW},
        )
    return store


def scope_at(store: Store, path: str) -> object:
    tree = location.tree(SYSTEM, store)
    node = tree.find(path)
    assert node is not None
    return scope_of(n.id for n in tree.subtree(node.id))


def test_places_hold_every_word_and_those_that_begin_with_it_come_first(site: Store) -> None:
    assert [p.name for p in search(SYSTEM, site, "PRESS").places][:3] == ["Press 1", "Press 2", "Press 3"]
    assert search(SYSTEM, site, "2 press").places[0].name == "Press 2"


def test_signals_are_found_by_their_title_and_their_machine(site: Store) -> None:
    found = search(SYSTEM, site, "main force press 2").tags
    assert [tag.name for tag in found] == ["press-2.main_force"]
    assert found[0].path == "acme/dublin/solid-dose/press-2"


def test_a_batch_is_found_by_its_beginning_with_where_it_was(site: Store) -> None:
    batch = search(SYSTEM, site, "b261").batches[0]
    assert (batch.number, batch.product, batch.place) == ("B26104", "TN100", "Press 2")
    assert batch.from_us is not None
    assert batch.to_us is not None
    assert batch.to_us - batch.from_us == 5 * 3600 * 1_000_000


def test_signs_that_like_understands_are_meant_as_they_are(site: Store) -> None:
    assert [b.number for b in search(SYSTEM, site, "b26_").batches] == ["b26_05"]
    assert search(SYSTEM, site, "%").batches == ()
    assert search(SYSTEM, site, "x' or 1=1 --").places == ()


def test_what_lies_outside_the_scope_is_not_found(site: Store) -> None:
    packaging = scope_at(site, "acme/dublin/packaging")
    found = search(packaging, site, "press")  # type: ignore[arg-type]
    assert "Press 2" not in [p.name for p in found.places]
    assert all(tag.path.startswith("acme/dublin/packaging") for tag in found.tags)
    assert search(packaging, site, "B26104").batches == ()  # type: ignore[arg-type]
    assert search(scope_at(site, "acme/dublin/solid-dose"), site, "B26104").batches[0].number == "B26104"  # type: ignore[arg-type]


def test_one_query_for_each_kind(site: Store) -> None:
    asked: list[str] = []
    event.listen(site.engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    search(SYSTEM, site, "press")
    assert len([s for s in asked if "select" in s.lower() and "set transaction" not in s.lower()]) == 4


def test_two_thousand_machines_with_forty_thousand_signals_are_searched_in_a_blink(site: Store, cluster: str) -> None:
    """A generous limit: it stands for "no query per machine and no endless plan", not for a speed."""
    owner = create_engine(make_url(cluster).set(database=make_url(site.url).database))
    with owner.begin() as connection:
        for statement in _MANY:
            connection.execute(text(statement))
    owner.dispose()
    started = time.monotonic()
    found = search(SYSTEM, site, "machine 1999")
    assert (found.places[0].name, len(found.tags)) == ("Machine 1999", 6)
    assert time.monotonic() - started < 2


_MANY = (
    "set session_replication_role = replica",
    """insert into location (site_id, parent_id, slug, path, name, kind)
        select l.site_id, l.id, 'm-' || n, l.path || '/m-' || n, 'Machine ' || n, 'machine'
        from location l, generate_series(1, 2000) n where l.path = 'acme/dublin/packaging'""",
    """insert into tag (site_id, location_id, name, title, kind)
        select l.site_id, l.id, l.slug || '.s' || n, 'Signal ' || n, 'float'
        from location l, generate_series(1, 20) n where l.slug like 'm-%'""",
    "analyze",
)
