"""The virtual plant's history, derived by the jobs, is what the plant really did: to the second, in every bucket."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from commands.demo import demo_config
from connectors.twin.generate import Window, addressing, generate_window
from db import config as kept
from db import job, oee, order, state
from db.location import calendar_at, tree
from db.store import Store
from engine.access import SYSTEM
from engine.jobs.oee import derive as sum_up
from engine.jobs.order import derive as derive_orders
from engine.jobs.state import derive as derive_states
from engine.oee import OeeTotals, rolled_up
from engine.shift import occurrences
from engine.state import ISO_22400, StateInterval, TimeElement
from engine.time import DAY_US, HOUR_US, SECOND_US
from engine.twin.master import IDEAL_PER_MINUTE
from engine.twin.places import ITEM_STATES, MODES, PACKML
from engine.twin.plant import Plant
from engine.twin.truth import Truth
from settings import Settings
from tests.conftest import new_database
from tests.db.state_plant import queries
from tests.engine.twin.conftest import ANCHOR_US, SEED, SHORT_DAYS

START, END = ANCHOR_US - 2 * DAY_US - 5 * HOUR_US, ANCHOR_US
NOW = END
TIMES = {
    TimeElement.PRODUCTION: "production_s",
    TimeElement.SETUP: "setup_s",
    TimeElement.DELAY: "delay_s",
    TimeElement.DOWN: "down_s",
    TimeElement.PLANNED_DOWN: "planned_down_s",
    TimeElement.NOT_SCHEDULED: "not_scheduled_s",
    TimeElement.UNKNOWN: "unknown_s",
}


@pytest.fixture(scope="module")
def plant() -> Plant:
    return Plant(SEED, ANCHOR_US, history_days=SHORT_DAYS)


@pytest.fixture(scope="module")
def store(cluster: str, template: str, plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo's configuration with two days of history in two windows, newest first, and everything derived."""
    opened = Store(new_database(cluster, template))
    try:
        fill(opened, plant, tmp_path_factory.mktemp("data"))
        yield opened
    finally:
        opened.close()


def fill(store: Store, plant: Plant, folder: Path) -> None:
    with store.change("test", "demo plant") as change:
        kept.apply(change, kept.read_config(store), demo_config(Settings(data=folder)))
    tags = addressing(store)
    for window in (Window(END - DAY_US, END, 10), Window(START, END - DAY_US, 10)):
        generate_window(store, plant, window, tags, folder)
        derive_all(store)


def derive_all(store: Store) -> None:
    """All turns of all jobs that are needed."""
    while any(job.stale_waiting(store, what) for what in ("order", "state", "oee")):
        derive_orders(store, job, order)
        derive_states(store, job, state, NOW)
        sum_up(store, job, oee, NOW)


@pytest.fixture(scope="module")
def machines(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {r.slug: r.id for r in connection.execute(text("select slug, id from location where kind = 'machine'"))}


@pytest.fixture(scope="module")
def truth(plant: Plant) -> Truth:
    return plant.truth(START, END)


def expected(store: Store, truth: Truth, slug: str, node: int, from_us: int, to_us: int) -> dict[str, float]:
    """Seconds in each bucket by the plant's own account, the calendar and the map, piece by piece."""
    calendar = calendar_at(SYSTEM, store, node)
    assert calendar is not None
    shifts = occurrences(calendar, from_us, to_us)
    states = [s for s in truth.states if s.machine == slug and s.from_us < to_us and s.to_us > from_us]
    used = [(o.from_us, o.to_us) for o in truth.occupations if o.machine == slug]
    edges = {from_us, to_us, *(e for s in states for e in (s.from_us, s.to_us)), *(e for span in used for e in span)}
    edges |= {e for s in shifts for e in (s.from_us, s.to_us)}
    inside = sorted(e for e in edges if from_us <= e <= to_us)
    found = dict.fromkeys(TIMES.values(), 0.0)
    item = next(iter(states)).text in {text for text, _ in ITEM_STATES.codes.values()}
    categories = dict((ITEM_STATES if item else PACKML).codes.values())
    for a, b in pairwise(inside):
        now = next(s for s in states if s.from_us <= a < s.to_us)
        mode = "" if item else MODES.codes[now.mode][1]
        interval = StateInterval(node, a, b, now.state, now.text, categories[now.text], mode)
        element = ISO_22400.element(interval, any(x <= a < y for x, y in used), any(s.from_us <= a < s.to_us for s in shifts))
        found[TIMES[element]] += (b - a) / SECOND_US
    return found


SLUGS = ("filler-1", "capper-1", "lyo-1", "press-2", "coater-1", "blister-1", "cartoner-1", "blister-2", "casepacker-2")


@pytest.mark.parametrize("slug", SLUGS)
def test_every_bucket_of_every_shift_is_what_the_plant_did(
    store: Store, machines: dict[str, int], truth: Truth, slug: str
) -> None:
    node = machines[slug]
    first = sorted(s.from_us for s in truth.states if s.machine == slug)[1]  # states are told on change: from the first one on
    found = [s for s in oee.shifts(SYSTEM, store, [node], first, END) if s.from_us >= first]
    assert len(found) >= 2
    for shift in found:
        wanted = expected(store, truth, slug, node, shift.from_us, shift.through_us)
        got = {name: getattr(shift.totals, name) for name in wanted}
        assert got == pytest.approx(wanted, abs=0.01), (slug, shift.shift, shift.day)
        assert sum(got.values()) == pytest.approx(shift.totals.all_s)


@pytest.mark.parametrize("slug", ["filler-1", "press-2", "blister-1", "casepacker-2"])
def test_what_a_machine_made_is_what_its_plant_counted_but_for_the_last_samples(
    store: Store, machines: dict[str, int], plant: Plant, slug: str
) -> None:
    node = machines[slug]
    for shift in oee.shifts(SYSTEM, store, [node], END - DAY_US, END):
        if shift.from_us < END - DAY_US:
            continue
        wanted = plant.truth(shift.from_us, shift.through_us)
        seen_late = 15 * IDEAL_PER_MINUTE[slug] / 60  # a sample comes every ten seconds
        assert shift.totals.produced == pytest.approx(wanted.produced[slug], abs=seen_late)
        rejected = shift.totals.produced - shift.totals.good
        assert rejected == pytest.approx(wanted.rejected[slug], abs=max(2.0, seen_late * 0.1))
        assert shift.totals.standard_s == pytest.approx(shift.totals.produced / IDEAL_PER_MINUTE[slug] * 60)
        assert (shift.totals.effectiveness or 0) <= 1.0


def test_the_site_is_the_sum_of_its_lines_constraint_machines_and_single_machines(
    store: Store, machines: dict[str, int]
) -> None:
    places = tree(SYSTEM, store)
    sums = oee.totals(SYSTEM, store, machines.values(), END - DAY_US, END, NOW)
    rates = oee.rates(SYSTEM, store, machines.values(), END)
    line = places.at("acme/dublin/filling/line-1")
    assert rolled_up(places, line.id, sums, rates) == sums[machines["filler-1"]]
    speaking = ("filler-1", "inspection-1", "press-1", "press-2", "press-3", "blister-1", "blister-2")
    wanted = sum((sums[machines[slug]] for slug in speaking), OeeTotals())
    found = rolled_up(places, places.at("acme/dublin").id, sums, rates)
    assert found.oee == pytest.approx(wanted.oee)
    assert 0.3 < (found.oee or 0) < 0.9


def test_a_day_of_all_machines_is_read_in_one_query(store: Store, machines: dict[str, int]) -> None:
    with queries() as seen:
        found = state.intervals(SYSTEM, store, machines.values(), END - DAY_US, END)
    assert len(seen) == 1
    assert len(found) == 28
    for intervals in found.values():
        assert [i.from_us for i in intervals] == [END - DAY_US, *(i.to_us for i in intervals[:-1])]
