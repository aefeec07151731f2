"""The location tree as readers see it: what their scope covers, the way up to it, and old paths."""

from __future__ import annotations

import pytest

from db import config as kept
from db.location import calendar_at, machine, machines, node_at, tree
from db.store import Store
from engine.access import NOTHING, SYSTEM, scope_of
from engine.config import parse
from engine.errors import NotFound
from tests.engine.config_text import PLANT

SECOND = """
[[location]]
path = "acme/dublin/line-2"
name = "Line 2"
kind = "line"

[[location]]
path = "acme/dublin/line-2/filler-2"
name = "Filler 2"
kind = "machine"
machine = {class = "filler", qualification_due = 2027-06-30}
"""


@pytest.fixture
def plant(store: Store) -> Store:
    old = kept.read_config(store)
    with store.change("ines", "plant of the test") as change:
        kept.apply(change, old, parse(PLANT + SECOND))
    return store


def test_the_system_sees_the_whole_tree_in_order(plant: Store) -> None:
    found = tree(SYSTEM, plant)
    assert [node.path for node in found.subtree(found.at("acme").id)] == [
        "acme",
        "acme/dublin",
        "acme/dublin/line-1",
        "acme/dublin/line-1/filler-1",
        "acme/dublin/line-2",
        "acme/dublin/line-2/filler-2",
    ]
    assert found.zone_of(found.at("acme/dublin/line-2/filler-2").id) == "Europe/Dublin"
    site = found.at("acme/dublin")
    assert {node.site_id for node in found if node.path != "acme"} == {site.id}
    assert found.at("acme").site_id == found.at("acme").id


def test_a_reader_sees_the_nodes_of_the_scope_and_the_way_up(plant: Store) -> None:
    machine_2 = node_at(SYSTEM, plant, "acme/dublin/line-2/filler-2")
    found = tree(scope_of([machine_2.id]), plant)
    assert [node.path for node in found] == ["acme", "acme/dublin", "acme/dublin/line-2", "acme/dublin/line-2/filler-2"]
    assert len(tree(NOTHING, plant)) == 0


def test_a_place_outside_the_scope_is_not_there(plant: Store) -> None:
    first, second = (node_at(SYSTEM, plant, f"acme/dublin/line-{n}/filler-{n}") for n in (1, 2))
    scope = scope_of([second.id])
    assert node_at(scope, plant, second.path) == second
    for ask in (
        lambda: node_at(scope, plant, first.path),
        lambda: node_at(scope, plant, "acme"),
        lambda: machine(scope, plant, first.id),
        lambda: calendar_at(scope, plant, first.id),
        lambda: machine(SYSTEM, plant, 99),
    ):
        with pytest.raises(NotFound):
            ask()


def test_machines_come_with_what_a_machine_adds(plant: Store) -> None:
    found = machines(SYSTEM, plant)
    assert [(m.class_, m.criticality, str(m.qualification_due)) for m in found] == [
        ("filler", 5, "None"),
        ("filler", None, "2027-06-30"),
    ]
    assert machines(scope_of([found[1].id]), plant) == [found[1]]
    assert machine(SYSTEM, plant, found[0].id) == found[0]


def test_an_old_path_leads_to_where_the_place_is_now_unless_another_took_it(plant: Store) -> None:
    first = node_at(SYSTEM, plant, "acme/dublin/line-1/filler-1")
    old = kept.read_config(plant)
    moved = parse(
        (PLANT + SECOND)
        .replace("line-1/filler-1", "line-2/filler-1")
        .replace('name = "Filler 1"', 'name = "Filler 1"\nwas = "acme/dublin/line-1/filler-1"')
    )
    with plant.change("ines", "moved") as change:
        kept.apply(change, old, moved)
    assert node_at(SYSTEM, plant, "acme/dublin/line-1/filler-1").id == first.id
    old = kept.read_config(plant)
    third = (
        '\n[[location]]\npath = "acme/dublin/line-1/filler-1"\nname = "New"\nkind = "machine"\nmachine = {class = "filler"}\n'
    )
    text = (PLANT + SECOND).replace("line-1/filler-1", "line-2/filler-1") + third
    with plant.change("ines", "a new machine at the old place") as change:
        kept.apply(change, old, parse(text))
    assert node_at(SYSTEM, plant, "acme/dublin/line-1/filler-1").name == "New"
    assert node_at(SYSTEM, plant, "acme/dublin/line-2/filler-1").id == first.id
