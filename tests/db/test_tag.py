"""Tags as readers and collectors get them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db import config as kept
from db.location import node_at
from db.source import sources
from db.store import Store
from db.tag import bindings, names, state_tables, tag_named, tags, tags_under
from engine.access import NOTHING, SYSTEM, scope_of
from engine.config import parse
from engine.errors import Invalid, NotFound
from engine.tag import Limits, ValueKind
from tests.engine.config_text import PLANT

SIGNALS = """
[[tag]]
at = "acme/dublin/line-1"
name = "line-1.speed"
title = "Speed"
kind = "int"
limits = {high = 300}
sort = 2

[[tag]]
at = "acme/dublin/line-1"
name = "line-1.state"
title = "State"
kind = "state"
state_table = "packml"
sort = 1
binding = {source = "line-server", address = "ns=1;s=state"}
"""


@pytest.fixture
def plant(store: Store) -> Store:
    with store.change("ines", "plant of the test") as change:
        kept.apply(change, kept.read_config(store), parse(PLANT + SIGNALS))
    return store


def test_tags_of_a_node_come_in_their_order_and_those_below_on_request(plant: Store) -> None:
    line = node_at(SYSTEM, plant, "acme/dublin/line-1")
    assert [t.name for t in tags_under(SYSTEM, plant, line.id)] == ["line-1.state", "line-1.speed"]
    assert [t.name for t in tags_under(SYSTEM, plant, line.id, subtree=True)] == [
        "line-1.state",
        "line-1.speed",
        "filler-1.weight",
    ]


def test_a_reader_gets_only_the_tags_of_the_scope(plant: Store) -> None:
    line, filler = (node_at(SYSTEM, plant, f"acme/dublin/line-1{below}") for below in ("", "/filler-1"))
    scope = scope_of([filler.id])
    everything = tags_under(SYSTEM, plant, line.id, subtree=True)
    assert [t.name for t in tags_under(scope, plant, line.id, subtree=True)] == ["filler-1.weight"]
    assert [t.name for t in tags(scope, plant, [t.id for t in everything])] == ["filler-1.weight"]
    assert tags(NOTHING, plant, [t.id for t in everything]) == []
    with pytest.raises(NotFound):
        tag_named(scope, plant, "line-1.speed")


def test_tags_by_number_come_in_the_order_asked_for_once_each(plant: Store) -> None:
    line = node_at(SYSTEM, plant, "acme/dublin/line-1")
    first, second = tags_under(SYSTEM, plant, line.id)
    assert tags(SYSTEM, plant, [second.id, first.id, second.id, 999]) == [second, first]


def test_a_tag_carries_its_kind_limits_and_table(plant: Store) -> None:
    speed, state = tag_named(SYSTEM, plant, "line-1.speed"), tag_named(SYSTEM, plant, "acme/dublin:line-1.state")
    assert (speed.kind, speed.limits) == (ValueKind.INT, Limits(high=300.0))
    assert (state.kind, state.state_table) == (ValueKind.STATE, "packml")
    assert state_tables(plant)["packml"].codes == {4: ("Execute", "running")}


def test_a_name_that_two_sites_use_needs_its_site(plant: Store) -> None:
    site = '\n[[location]]\npath = "acme/cork"\nname = "Cork"\nkind = "site"\ntime_zone = "Europe/Dublin"\ncurrency = "EUR"\n'
    twin = '\n[[tag]]\nat = "acme/cork"\nname = "line-1.speed"\ntitle = "Speed"\nkind = "int"\n'
    with plant.change("ines", "second site") as change:
        kept.apply(change, kept.read_config(plant), parse(PLANT + SIGNALS + site + twin))
    with pytest.raises(Invalid, match="Several sites"):
        tag_named(SYSTEM, plant, "line-1.speed")
    dublin, cork = (tag_named(SYSTEM, plant, f"acme/{site}:line-1.speed") for site in ("dublin", "cork"))
    assert dublin.site_id != cork.site_id


def test_a_collector_gets_the_bound_tags_in_use_of_its_source(plant: Store) -> None:
    [source] = sources(SYSTEM, plant)
    assert sorted((t.name, b.address, b.source_id) for t, b in bindings(plant, source.id)) == [
        ("filler-1.weight", "ns=1;s=weight", source.id),
        ("line-1.state", "ns=1;s=state", source.id),
    ]
    config = parse(PLANT + SIGNALS)
    with plant.change("ines", "one retired, one unbound") as change:
        left = tuple(replace(t, binding=None) for t in config.tags if t.name != "filler-1.weight")
        kept.apply(change, kept.read_config(plant), replace(config, tags=left))
    assert bindings(plant, source.id) == []


def test_a_tag_is_found_by_its_place_within_the_scope(plant: Store) -> None:
    weight = tag_named(SYSTEM, plant, "filler-1.weight")
    above = "acme/dublin/line-1/filler-1"
    assert [tag_named(SYSTEM, plant, f"{above}/{end}") for end in ("weight", "filler-1.weight")] == [weight, weight]
    for wrong in (f"{above}/eight", "acme/dublin/line-1/weight", f"{above}/", f"{above}/filler-1"):
        with pytest.raises(NotFound):
            tag_named(SYSTEM, plant, wrong)
    with pytest.raises(NotFound):
        tag_named(NOTHING, plant, f"{above}/weight")
    assert names(SYSTEM, plant) == ["filler-1.weight", "line-1.speed", "line-1.state"]
    assert names(NOTHING, plant) == []
