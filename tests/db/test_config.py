"""The configuration in the database: imported is exported, history keeps its ids, and nothing is written twice."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from db import config as kept
from db import job
from db import tag as tags
from db.location import calendar_at, machines, node_at, tree
from db.store import Store
from engine.access import SYSTEM
from engine.config import Config, Diff, diff, emit, parse
from engine.config.demo import config_of
from engine.config.diff import Action
from engine.errors import Conflict, Invalid
from engine.shift import day_shifts
from engine.twin.site import SITE
from tests.engine.config_text import EXAMPLE, PLANT


def bring(store: Store, new: Config, actor: str = "ines") -> Diff:
    old = kept.read_config(store)
    with store.change(actor, "import in a test") as change:
        return kept.apply(change, old, new)


def count(store: Store, statement: str = "select count(*) from audit_entry", **values: Any) -> int:
    with store.read() as connection:
        return int(connection.execute(text(statement), values).scalar_one())


def test_the_demo_site_imports_exports_and_imports_again_without_an_audit_entry(store: Store) -> None:
    wanted = config_of(SITE)
    begun = time.monotonic()
    bring(store, parse(emit(wanted)))
    print(f"import of {len(wanted.tags)} tags: {time.monotonic() - begun:.2f} s")
    exported = kept.read_config(store)
    assert exported == wanted
    assert not diff(exported, parse(emit(exported)))
    entries = count(store)
    assert not bring(store, parse(emit(exported)))
    assert count(store) == entries
    assert len(tree(SYSTEM, store)) == len(SITE.places)
    assert len(machines(SYSTEM, store)) >= 24


def test_the_example_of_the_documentation_imports(store: Store) -> None:
    bring(store, parse(EXAMPLE))
    assert kept.read_config(store) == parse(EXAMPLE)


def test_only_what_differs_is_written(store: Store) -> None:
    bring(store, parse(PLANT))
    entries = count(store)
    found = bring(store, parse(PLANT.replace('unit = "g"', 'unit = "mg"')))
    assert [(item.action, item.table) for item in found.items] == [(Action.CHANGED, "tag")]
    assert count(store) == entries + 1
    with store.read() as connection:
        row = connection.execute(
            text("select table_name, old ->> 'unit', new ->> 'unit' from audit_entry where id = :n"), {"n": entries + 1}
        )
        assert tuple(row.one()) == ("tag", "g", "mg")


def test_an_import_raises_the_revision_once_and_an_empty_one_does_not(store: Store) -> None:
    revision = "select coalesce(max(number), 0) from revision where topic = 'config'"
    bring(store, parse(PLANT))
    assert count(store, revision) == 1
    bring(store, parse(PLANT))
    assert count(store, revision) == 1


def test_a_moved_line_keeps_the_ids_of_all_below_and_old_paths_redirect(store: Store) -> None:
    bring(store, parse(PLANT))
    machine = node_at(SYSTEM, store, "acme/dublin/line-1/filler-1")
    signal = tags.tag_named(SYSTEM, store, "filler-1.weight")
    moved = PLANT.replace("acme/dublin/line-1", "acme/dublin/vials-1").replace(
        'name = "Line 1"', 'name = "Vials 1"\nwas = "acme/dublin/line-1"'
    )
    found = bring(store, parse(moved))
    assert {item.was for item in found.items if item.table == "location"} == {
        "acme/dublin/line-1",
        "acme/dublin/line-1/filler-1",
    }
    assert not [item for item in found.items if item.table != "location"]
    assert node_at(SYSTEM, store, "acme/dublin/vials-1/filler-1").id == machine.id
    assert node_at(SYSTEM, store, "acme/dublin/line-1/filler-1").path == "acme/dublin/vials-1/filler-1"
    assert tags.tag_named(SYSTEM, store, "filler-1.weight").id == signal.id
    entries = count(store)
    assert not bring(store, parse(moved))
    assert count(store) == entries


def test_a_renamed_tag_keeps_its_id(store: Store) -> None:
    bring(store, parse(PLANT))
    before = tags.tag_named(SYSTEM, store, "filler-1.weight")
    renamed = parse(PLANT.replace('name = "filler-1.weight"', 'name = "filler-1.mass"\nwas = "filler-1.weight"'))
    assert [item.action for item in bring(store, renamed).items] == [Action.MOVED]
    assert tags.tag_named(SYSTEM, store, "filler-1.mass").id == before.id
    assert not bring(store, renamed)


def test_what_is_left_out_is_retired_not_deleted_and_comes_back_with_its_id(store: Store) -> None:
    full = parse(PLANT)
    bring(store, full)
    machine, signal = node_at(SYSTEM, store, "acme/dublin/line-1/filler-1"), tags.tag_named(SYSTEM, store, "filler-1.weight")
    rest = tuple(entry for entry in full.locations if not entry.path.endswith("filler-1"))
    gone = replace(full, locations=rest, tags=(), rates=(), sources=(), calendars=full.calendars)
    bring(store, gone)
    assert kept.read_config(store) == gone
    assert tree(SYSTEM, store).find(machine.path) is None
    assert tags.tags_under(SYSTEM, store, machine.site_id, subtree=True) == []
    assert count(store, "select count(*) from tag where id = :id and retired_at is not null", id=signal.id) == 1
    assert count(store, "select count(*) from audit_entry where action = 'delete' and table_name <> 'ideal_rate'") == 0
    bring(store, full)
    assert node_at(SYSTEM, store, machine.path).id == machine.id
    assert tags.tag_named(SYSTEM, store, "filler-1.weight").id == signal.id
    assert kept.read_config(store) == full


def test_an_import_on_what_somebody_else_changed_meanwhile_is_a_conflict(store: Store) -> None:
    seen = kept.read_config(store)
    bring(store, parse(PLANT))
    with pytest.raises(Conflict, match="Somebody else"), store.change("ben", "late") as change:
        kept.apply(change, seen, parse(PLANT))


def test_a_move_to_another_site_is_refused_and_leaves_nothing(store: Store) -> None:
    two = (
        PLANT
        + '\n[[location]]\npath = "acme/boston"\nname = "Boston"\nkind = "site"\n'
        + 'time_zone = "America/New_York"\ncurrency = "USD"\n'
    )
    bring(store, parse(two))
    moved = two.replace("acme/dublin/line-1", "acme/boston/line-1").replace(
        'name = "Line 1"', 'name = "Line 1"\nwas = "acme/dublin/line-1"'
    )
    moved = moved.replace('source = "line-server"', 'source = "boston-server"').replace('calendar = "four-on"', "")
    moved += '[[source]]\nsite = "acme/boston"\nname = "boston-server"\nkind = "mqtt"\nsettings = {host = "broker"}\n'
    entries = count(store)
    with pytest.raises(Invalid, match="another site"):
        bring(store, parse(moved))
    assert count(store) == entries


def test_a_tag_cannot_change_or_come_back_with_another_kind(store: Store) -> None:
    full = parse(PLANT)
    other = replace(
        full, tags=tuple(replace(t, kind=type(t.kind)("int")) if t.name == "filler-1.weight" else t for t in full.tags)
    )
    bring(store, full)
    with pytest.raises(Invalid, match="of kind float"):
        bring(store, other)
    bring(store, replace(full, tags=()))
    with pytest.raises(Invalid, match="of kind float"):
        bring(store, other)


def test_accounts_are_switched_off_demo_accounts_stay_and_a_file_without_users_leaves_both(store: Store) -> None:
    full = parse(PLANT)
    bring(store, full)
    with store.change("ines", "demo") as change:
        change.connection.execute(
            text("insert into user_account (name, full_name, demo) values ('operator', 'Operator', true)")
        )
    silent = replace(full, users=(), grants=(), roles=())
    assert not bring(store, silent)
    other = replace(full, users=(replace(full.users[0], name="ben", full_name="Ben"),), grants=())
    bring(store, other)
    with store.read() as connection:
        rows = connection.execute(text("select name, active from user_account order by name"))
        assert [tuple(row) for row in rows] == [("ben", True), ("ines", False), ("operator", True)]
    assert kept.read_config(store) == other
    with pytest.raises(Conflict, match="demo account"):
        bring(store, replace(full, users=(replace(full.users[0], name="operator"),), grants=()))


def test_the_calendar_of_a_place_is_its_own_or_the_nearest_above(store: Store) -> None:
    bring(store, parse(PLANT))
    filler = node_at(SYSTEM, store, "acme/dublin/line-1/filler-1")
    found = calendar_at(SYSTEM, store, filler.id)
    assert found is not None
    assert found.time_zone == "Europe/Dublin"
    assert [shift.team for shift in day_shifts(found, found.patterns[0].anchor)] == ["A", "C"]
    site = node_at(SYSTEM, store, "acme/dublin")
    assert calendar_at(SYSTEM, store, site.id) is None


def test_free_tables_keep_any_text_and_number(store: Store) -> None:
    odd = {
        "text": "ünï\u2028\"'\\\n\t\x7f",
        "big": 1e300,
        "odd": 1e23,
        "small": 5e-324,
        "int": 2**70,
        "half": 0.5,
        "list": [1, 1.0, [], {"a": {}}],
    }
    config = parse(PLANT)
    locations = (replace(config.locations[0], attributes=odd), *config.locations[1:])
    wide = replace(config.tags[0], limits=replace(config.tags[0].limits, low=-1e300, high=1e23))
    wanted = parse(emit(replace(config, locations=locations, tags=(wide,))))
    bring(store, wanted)
    assert kept.read_config(store) == wanted
    assert not bring(store, parse(emit(kept.read_config(store))))


def test_a_tag_that_counts_otherwise_gets_its_rollups_anew(store: Store) -> None:
    """What a bucket means depends on interval, interpolation, counter and rollover; a title does not matter."""
    bring(store, parse(PLANT))
    name = kept.read_config(store).tags[0].name
    for field, value, runs in (("title", "Another title", 0), ("interval_s", 7.0, 1)):
        old = kept.read_config(store)
        bring(store, replace(old, tags=tuple(replace(t, **{field: value}) if t.name == name else t for t in old.tags)))
        assert [r.kind for r in job.runs(SYSTEM, store)] == ["rebuild"] * runs
