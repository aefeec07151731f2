"""Orders come in once; which batch was on which machine equals its recomputation, whatever comes late."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import job, order
from db.historian import ingest
from db.store import OWNER, Store
from engine.access import SYSTEM, scope_of
from engine.errors import Invalid
from engine.historian.block import Intake, TextEvent
from engine.jobs.order import derive
from engine.order import Occupation, Said, occupations, order_of, orders_of_csv
from engine.time import moment_of, us_of

RECORD = {
    "number": "WO-1",
    "product": "P1",
    "quantity": 5000,
    "unit": "vials",
    "due_at": "2026-12-01T00:00:00Z",
    "batches": [{"number": "B1", "quantity": 2500}, {"number": "B2"}],
}
START = 1_795_000_000_000_000


@pytest.fixture
def plant(store: Store) -> Store:
    """A site with two machines, their four text tags each, and a product."""
    furnish(store)
    return store


def furnish(store: Store) -> None:
    with store.change("test", "a small plant") as change:
        for statement in (
            "insert into location (site_id, slug, path, name, kind) values (1, 'dublin', 'dublin', 'Dublin', 'site')",
            (
                "insert into location (site_id, parent_id, slug, path, name, kind)"
                " select 1, 1, s, 'dublin/' || s, s, 'machine' from unnest(array['filler', 'capper']) s"
            ),
            (
                "insert into tag (site_id, location_id, name, title, kind) select 1, l.id, l.slug || '.' || s, s, 'text'"
                " from location l, unnest(array['batch', 'phase', 'product', 'order']) s where l.kind = 'machine'"
            ),
            "insert into product (code, name) values ('P1', 'Plorexan'), ('P2', 'Quorin')",
            "insert into source (site_id, name, kind) values (1, 'line', 'opcua')",
        ):
            change.connection.execute(text(statement))


# ------------------------------------------------------------------ orders
def test_an_order_comes_in_with_its_batches_and_once(plant: Store) -> None:
    for expected in (True, False):
        with plant.change("source:orders", "WO-1.json") as change:
            assert order.save_order(change, 1, order_of(RECORD)) is expected
    [found] = order.orders(SYSTEM, plant)
    assert (found.number, found.product, found.quantity, found.batches) == ("WO-1", "P1", 5000.0, ("B1", "B2"))
    assert found.due_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_changed_order_is_a_new_version_of_the_same(plant: Store) -> None:
    for quantity in (5000, 6000):
        with plant.change("source:orders", "WO-1.json") as change:
            order.save_order(change, 1, order_of(RECORD | {"quantity": quantity}))
    [found] = order.orders(SYSTEM, plant)
    assert found.quantity == 6000.0
    with plant.read() as connection:
        assert connection.execute(text("select version from work_order")).scalar() == 2
        actors = connection.execute(
            text("select distinct actor, reason from audit_entry where table_name = 'work_order'")
        ).all()
    assert actors == [("source:orders", "WO-1.json")]


def test_an_order_for_an_unknown_product_is_refused_with_its_name(plant: Store) -> None:
    with pytest.raises(Invalid, match="“P9”, which is not configured"), plant.change("t", "t") as change:
        order.save_order(change, 1, order_of(RECORD | {"product": "P9"}))


def test_orders_of_a_site_are_for_those_who_may_see_it(plant: Store) -> None:
    with plant.change("t", "t") as change:
        order.save_order(change, 1, order_of(RECORD))
    assert len(order.orders(scope_of([1]), plant)) == 1
    assert order.orders(scope_of([2]), plant) == []
    say(plant, 2, [Said(START, "batch", "B1")])
    work(plant)
    assert len(order.orders(scope_of([2]), plant)) == 1
    assert order.orders(scope_of([3]), plant) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": ""}, "needs a “number”"),
        ({"product": 7}, "needs a “product”"),
        ({"quantity": -1}, "quantity above 0"),
        ({"quantity": "many"}, "quantity above 0"),
        ({"quantity": True}, "quantity above 0"),
        ({"due_at": "2026-12-01"}, "ISO time with its zone"),
        ({"due_at": None}, "ISO time with its zone"),
        ({"priority": "high"}, "priority from 0 to 9"),
        ({"batches": "B1"}, "are no list"),
        ({"batches": [{}]}, "A batch of The order “WO-1” needs a “number”"),
    ],
)
def test_a_wrong_order_is_refused_in_a_sentence(change: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        order_of(RECORD | change)


def test_orders_are_read_from_csv_too() -> None:
    head = "number,product,quantity,unit,due_at,batches\n"
    [found] = orders_of_csv(head + "WO-2,P1,10,vials,2026-12-01T00:00:00+01:00,B1; B2\n")
    assert (found.number, found.quantity, found.batches) == ("WO-2", 10.0, ("B1", "B2"))
    with pytest.raises(Invalid, match="Line 3: The order “WO-3” needs a quantity"):
        orders_of_csv(head + "WO-2,P1,10,vials,2026-12-01T00:00:00Z,\nWO-3,P1,none,vials,2026-12-01T00:00:00Z,\n")
    with pytest.raises(Invalid, match="holds no order"):
        orders_of_csv(head)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(list(RECORD)), x),
        max_leaves=10,
    )
)
def test_any_json_is_an_order_or_refused(value: object) -> None:
    record = value if isinstance(value, dict) else RECORD | {"due_at": value, "batches": value}
    with suppress(Invalid):
        assert order_of(record).quantity > 0


# ------------------------------------------------------------------ occupations
def test_batch_and_phase_make_half_open_neighbours() -> None:
    said = [
        Said(10, "batch", "B1"),
        Said(10, "phase", "fill"),
        Said(20, "phase", "clean"),
        Said(30, "batch", ""),
        Said(40, "batch", "B2"),
    ]
    assert occupations(said, {}, 0, None) == [
        Occupation("B1", "fill", 10, 20),
        Occupation("B1", "clean", 20, 30),
        Occupation("B2", "clean", 40, None),
    ]


def test_saying_the_same_again_changes_nothing() -> None:
    said = [Said(10, "batch", "B1"), Said(15, "batch", "B1"), Said(20, "batch", "")]
    assert occupations(said, {}, 0, 100) == [Occupation("B1", "", 10, 20)]


said_by_machines = st.lists(
    st.builds(Said, st.integers(0, 30), st.sampled_from(["batch", "phase"]), st.sampled_from(["", "B1", "B2"])), max_size=12
)


@given(said_by_machines)
def test_occupations_never_overlap_and_neighbours_differ(said: list[Said]) -> None:
    found = occupations(said, {}, 0, None)
    for one, other in pairwise(found):
        assert one.to_us is not None
        assert one.to_us <= other.from_us
        assert one.to_us < other.from_us or (one.batch, one.phase) != (other.batch, other.phase)


def say(store: Store, node: int, said: list[Said]) -> None:
    """Through the door of live values, as a machine would."""
    with store.read() as connection:
        rows = connection.execute(text("select split_part(name, '.', 2), id from tag where location_id = :n"), {"n": node})
        tags = {row[0]: row[1] for row in rows}
        through = connection.execute(text("select coalesce(max(through), 0) + 1 from spool_progress")).scalar_one()
    texts = tuple(TextEvent(tags[s.signal], s.at_us, 0, s.text, 0, s.at_us) for s in said)
    ingest(store, "w", through, Intake(1, 1, texts=texts))


def work(store: Store) -> int:
    return derive(store, job, order)


def seen(store: Store, node: int) -> list[Occupation]:
    found = order.occupations_between(SYSTEM, store, [node], 0, us_of(datetime(2900, 1, 1, tzinfo=UTC)))
    return [Occupation(o.batch, o.phase, us_of(o.from_at), None if o.to_at is None else us_of(o.to_at)) for o in found]


def test_what_a_machine_says_becomes_occupation_batch_and_order(plant: Store) -> None:
    with plant.change("source:orders", "WO-1.json") as change:
        order.save_order(change, 1, order_of(RECORD))
    told = {"batch": "B7", "phase": "Filling", "product": "P1", "order": "WO-1"}
    say(plant, 2, [Said(START, signal, word) for signal, word in told.items()])
    assert work(plant) > 0
    assert work(plant) == 0
    now = order.current(SYSTEM, plant, [2, 3])
    assert list(now) == [2]
    assert (now[2].batch, now[2].phase, now[2].product, now[2].order) == ("B7", "Filling", "P1", "WO-1")
    assert now[2].from_at == moment_of(START)
    assert job.revisions(plant, [("order", 2)])[("order", 2)] > 0
    assert order.current(scope_of([3]), plant, [2, 3]) == {}


def test_a_batch_that_a_machine_names_wrongly_keeps_its_planned_product(plant: Store) -> None:
    with plant.change("source:orders", "WO-1.json") as change:
        order.save_order(change, 1, order_of(RECORD))
    say(plant, 2, [Said(START, "batch", "B1"), Said(START, "product", "P2"), Said(START, "order", "WO-9")])
    work(plant)
    assert (order.current(SYSTEM, plant, [2])[2].product, order.current(SYSTEM, plant, [2])[2].order) == ("P1", "WO-1")


def test_a_late_batch_change_repairs_exactly_its_stretch(plant: Store) -> None:
    say(
        plant,
        2,
        [
            Said(START, "batch", "B1"),
            Said(START, "phase", "fill"),
            Said(START + 100, "batch", "B3"),
            Said(START + 100, "phase", "x"),
        ],
    )
    work(plant)
    say(plant, 2, [Said(START + 40, "batch", "B2")])
    work(plant)
    assert seen(plant, 2) == [
        Occupation("B1", "fill", START, START + 40),
        Occupation("B2", "fill", START + 40, START + 100),
        Occupation("B3", "x", START + 100, None),
    ]


def test_an_uncertain_text_is_no_fact(plant: Store) -> None:
    with plant.read() as connection:
        tag = connection.execute(text("select id from tag where name = 'filler.batch'")).scalar_one()
    ingest(plant, "w", 1, Intake(1, 1, texts=(TextEvent(tag, START, 0, "B1", 0x40950000, START),)))
    work(plant)
    assert seen(plant, 2) == []


def test_a_failed_derivation_leaves_its_work_to_the_next(plant: Store) -> None:
    say(plant, 2, [Said(START, "batch", "B1")])
    with plant.change("job:order", "cut off") as change:
        assert job.take_stale(change.connection, "order")
        change.connection.get_transaction().rollback()  # type: ignore[union-attr]
    work(plant)
    assert seen(plant, 2) == [Occupation("B1", "", START, None)]


def test_a_text_too_long_for_a_batch_is_no_batch_and_holds_nobody_up(plant: Store) -> None:
    long = "".join(chr(33 + n * n % 90) for n in range(4000))
    say(plant, 2, [Said(START, "batch", "B1"), Said(START + 10, "batch", long), Said(START + 20, "batch", "x" * 200)])
    say(plant, 3, [Said(START, "batch", "B2")])
    assert work(plant) > 0
    assert seen(plant, 2) == [Occupation("B1", "", START, START + 10), Occupation("x" * 200, "", START + 20, None)]
    assert seen(plant, 3) == [Occupation("B2", "", START, None)]


def test_a_machine_that_cannot_be_derived_stops_no_other_and_is_tried_again(
    plant: Store, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Store(plant.url, role=OWNER)
    with owner.write() as connection:
        connection.exec_driver_sql("alter table occupation add constraint broken check (location_id <> 2)")
    say(plant, 2, [Said(START, "batch", "B1")])
    say(plant, 3, [Said(START, "batch", "B2")])
    assert work(plant) == 1
    assert "node 2 are not derived" in caplog.text
    assert seen(plant, 3) == [Occupation("B2", "", START, None)]
    assert work(plant) == 0
    with owner.write() as connection:
        connection.exec_driver_sql("alter table occupation drop constraint broken")
        connection.exec_driver_sql("update stale set at = at - interval '60 seconds'")
    owner.close()
    assert work(plant) == 1
    assert seen(plant, 2) == [Occupation("B1", "", START, None)]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(said_by_machines.filter(bool), min_size=1, max_size=4), st.booleans())
def test_incremental_equals_recomputation(plant: Store, portions: list[list[Said]], often: bool) -> None:
    node = another_machine(plant)
    kept: dict[tuple[int, str], Said] = {}
    for portion in portions:
        fresh = {(s.at_us, s.signal): s for s in portion if (s.at_us, s.signal) not in kept}
        kept |= fresh
        say(plant, node, [replace(s, at_us=START + s.at_us) for s in fresh.values()])
        if often:
            work(plant)
    work(plant)
    moved = [replace(s, at_us=START + s.at_us) for s in kept.values()]
    assert seen(plant, node) == occupations(moved, {}, START, None)


def another_machine(store: Store) -> int:
    with store.change("test", "another machine") as change:
        name = "machine-' || (select count(*) from location)"
        made = change.connection.execute(
            text(
                "insert into location (site_id, parent_id, slug, path, name, kind)"
                f" values (1, 1, '{name}, 'dublin/{name}, '{name}, 'machine') returning id"
            )
        ).scalar_one()
        tags = (
            "insert into tag (site_id, location_id, name, title, kind)"
            " select 1, l.id, l.slug || '.' || s, s, 'text' from location l, unnest(array['batch', 'phase']) s where l.id = :id"
        )
        change.connection.execute(text(tags), {"id": made})
    return int(made)
