"""Sums of machine time by shift are kept up to date, and equal their recomputation whatever comes late or goes silent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import config as configuration
from db import historian, job, oee, order, state
from db.source import set_state
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.config.record import RateEntry
from engine.jobs.oee import derive as sum_up
from engine.jobs.order import derive as derive_orders
from engine.jobs.state import derive as derive_states
from engine.oee import NAMES, OeeTotals
from engine.oee.work import totals_of
from engine.state import ISO_22400, StateMap, StateRule, TimeElement
from engine.time import DAY_US, HOUR_US, MINUTE_US, moment_of
from tests.conftest import new_database
from tests.db.state_plant import BOILER, CAPPER, FILLER, SHIFTS, START, S, Sender, counts, make_plant, queries, set_rate

H = HOUR_US
A, B, C = START + 5 * H, START + 13 * H, START + 21 * H  # 06:00, 14:00 and 22:00 of 1 September in Dublin
EXECUTE, ABORTED, IDLE = 4, 8, 2


@pytest.fixture
def line(store: Store) -> Sender:
    ids = make_plant(store, SHIFTS)
    set_rate(store, "P1", 3600.0)
    set_rate(store, "P2", 7200.0)
    return Sender(store, ids)


def update(store: Store, now_us: int) -> None:
    """All turns of all jobs that are needed at an instant."""
    sum_up(store, job, oee, now_us)
    while any(job.stale_waiting(store, what) for what in ("order", "state", "oee")):
        derive_orders(store, job, order)
        derive_states(store, job, state, now_us)
        sum_up(store, job, oee, now_us)


def kept(store: Store, node: int = FILLER, from_us: int = START, to_us: int = START + 40 * DAY_US) -> dict:
    """{(day, shift): sums} of what is stored."""
    return {(s.day.day, s.shift): s.totals for s in oee.shifts(SYSTEM, store, [node], from_us, to_us)}


def total(store: Store, from_us: int, to_us: int, now_us: int, node: int = FILLER) -> OeeTotals:
    return oee.totals(SYSTEM, store, [node], from_us, to_us, now_us)[node]


def work(line: Sender) -> None:
    """A batch of P1 from the start of shift A: an hour of production, half an hour aborted, production to the end."""
    line.say("filler.product", (A, "P1"))
    line.say("filler.batch", (A, "B1"))
    line.send("filler.state", (A, EXECUTE), (A + H, ABORTED), (A + 3 * H // 2, EXECUTE))
    line.send("filler.produced", *counts(A, range(0, 3601, 10), 0.8))
    line.send("filler.produced", *counts(A + 3 * H // 2, range(0, 6 * 3600, 10), 0.8, 2880))
    line.send("filler.rejected", (A, 0), (A + H, 28))


# ------------------------------------------------------------------ shifts
def test_a_shift_is_summed_up_with_its_product_rejects_and_stops(store: Store, line: Sender) -> None:
    work(line)
    update(store, B + H)
    t = kept(store)[1, "A"]
    assert (t.all_s, t.production_s, t.delay_s, t.unknown_s) == (8 * 3600, 7.5 * 3600, 1800, 0)
    made = 2880 + 0.8 * (6 * 3600 - 10)
    assert (t.produced, t.good) == (pytest.approx(made, abs=1), pytest.approx(made - 28, abs=1))
    assert t.standard_s == pytest.approx(made, abs=1)
    assert t.oee == pytest.approx((made - 28) / (8 * 3600), rel=1e-4)
    assert t.capacity == 8 * 3600


def test_two_products_in_a_shift_count_by_their_own_rates(store: Store, line: Sender) -> None:
    line.say("filler.product", (A, "P1"), (A + 4 * H, "P2"))
    line.say("filler.batch", (A, "B1"), (A + 4 * H, "B2"))
    line.send("filler.state", (A, EXECUTE))
    line.send("filler.produced", (A, 0), (A + 2 * H, 7200), (A + 4 * H - S, 14_400), (A + 6 * H, 28_800))
    update(store, B)
    assert kept(store)[1, "A"].standard_s == pytest.approx(14_400 + 14_400 / 2)


def test_the_running_shift_goes_as_far_as_now_and_is_continued(store: Store, line: Sender) -> None:
    work(line)
    update(store, A + 2 * H)
    assert kept(store)[1, "A"].all_s == 2 * 3600
    update(store, A + 2 * H + 20 * S)
    [shift] = oee.shifts(SYSTEM, store, [FILLER], A, A + 1)
    assert (shift.through_us, shift.totals.all_s, shift.team) == (A + 2 * H + 20 * S, 2 * 3600 + 20, "Red")
    update(store, B + H)
    assert {key: t.all_s / 3600 for key, t in kept(store, from_us=A).items()} == {(1, "A"): 8, (1, "B"): 1}


def test_a_night_shift_belongs_to_the_day_on_which_it_began(store: Store, line: Sender) -> None:
    work(line)
    update(store, START + 30 * H)
    night = oee.shifts(SYSTEM, store, [FILLER], START + 28 * H, START + 29 * H)
    assert [(s.day, s.shift, s.from_us) for s in night] == [(date(2026, 9, 1), "C", C)]


def test_a_stop_that_goes_on_into_the_next_shift_is_cut_at_its_start(store: Store, line: Sender) -> None:
    line.say("filler.batch", (A, "B1"))
    line.send("filler.state", (A, EXECUTE), (B - 600 * S, ABORTED), (B + 900 * S, EXECUTE))
    update(store, C)
    assert {key: t.delay_s for key, t in kept(store, from_us=A).items()} == {(1, "A"): 600, (1, "B"): 900}


def test_late_states_batches_and_counts_restate_exactly_the_shift_that_they_touch(store: Store, line: Sender) -> None:
    work(line)
    update(store, START + 30 * H)
    before = kept(store)
    line.send("filler.state", (A + 4 * H, ABORTED), (A + 5 * H, EXECUTE))
    line.send("filler.rejected", (A + 2 * H, 100))
    update(store, START + 30 * H)
    after = kept(store)
    assert [key for key in after if after[key] != before[key]] == [(1, "A")]
    assert after[1, "A"].delay_s == before[1, "A"].delay_s + 3600
    assert after[1, "A"].good == before[1, "A"].good - 72


# ------------------------------------------------------------------ dead collectors
def test_a_stop_left_open_by_a_dead_collector_is_not_charged_to_later_shifts(store: Store, line: Sender) -> None:
    line.say("filler.batch", (A, "B1"))
    line.send("filler.state", (A, EXECUTE), (B - 600 * S, ABORTED))
    set_state(store, 1, "disconnected", facts={"heard_us": B - 300 * S})
    update(store, C + H)
    found = kept(store, from_us=A)
    assert (found[1, "A"].delay_s, found[1, "A"].unknown_s) == (300, 300)
    assert (found[1, "B"].delay_s, found[1, "B"].unknown_s, found[1, "B"].oee) == (0, 8 * 3600, None)
    assert found[1, "B"].coverage == 0


def test_when_the_source_is_heard_again_what_it_kept_meanwhile_is_summed_up(store: Store, line: Sender) -> None:
    line.send("filler.state", (A, EXECUTE))
    set_state(store, 1, "disconnected", facts={"heard_us": B})
    update(store, C)
    assert kept(store)[1, "B"].unknown_s == 8 * 3600
    with store.write() as connection:
        connection.execute(text("insert into worker (id, version, roles) values ('w', '1', array['source line'])"))
    set_state(store, 1, "connected")
    update(store, C + MINUTE_US)
    assert (kept(store)[1, "B"].unknown_s, kept(store)[1, "B"].production_s) == (0, 8 * 3600)


def test_a_gap_that_is_declared_later_makes_its_time_unknown(store: Store, line: Sender) -> None:
    line.send("filler.state", (A, EXECUTE))
    update(store, C)
    line.lose(B - H, B + H)
    update(store, C)
    assert {key: t.unknown_s for key, t in kept(store, from_us=A).items()} == {(1, "A"): 3600, (1, "B"): 3600}


def test_time_before_the_first_sample_is_unknown_and_future_time_is_not_missing(store: Store, line: Sender) -> None:
    line.send("filler.state", (A + 2 * H, EXECUTE))
    update(store, A + 3 * H)
    t = total(store, A, C, A + 3 * H)
    assert (t.all_s, t.unknown_s, t.production_s) == (3 * 3600, 2 * 3600, 3600)


# ------------------------------------------------------------------ any range
def test_sums_of_any_range_are_those_of_states_and_counters(store: Store, line: Sender) -> None:
    work(line)
    now = START + 40 * H
    update(store, now)
    for span in ((A, B), (A + 17 * S, A + 5 * H), (A - 3 * H, C + 2 * H), (START, now), (A + H // 2, now + DAY_US), (B, B + 1)):
        assert total(store, *span, now) == _like(_direct(store, span[0], min(span[1], now))), span


def test_days_that_the_job_has_not_reached_are_unknown_and_cost_nothing(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, EXECUTE))
    now = START + 20 * DAY_US
    line_total = total(store, START, now, now)
    assert (line_total.all_s, line_total.unknown_s) == (20 * 86_400, 20 * 86_400)
    update(store, now)
    assert total(store, START, now, now).unknown_s == 0


def _direct(store: Store, from_us: int, to_us: int, node: int = FILLER) -> OeeTotals:
    with store.read() as connection:
        return totals_of(oee.facts(connection, SYSTEM, [node], from_us, to_us)[node], from_us, to_us)


def _like(t: OeeTotals):  # type: ignore[no-untyped-def]
    class Like:
        def __eq__(self, other: object) -> bool:
            return [getattr(other, n) for n in NAMES] == pytest.approx([getattr(t, n) for n in NAMES], abs=1e-3)

        __hash__ = None  # type: ignore[assignment]

        def __repr__(self) -> str:
            return repr(t)

    return Like()


def test_views_show_nothing_outside_the_scope(store: Store, line: Sender) -> None:
    work(line)
    line.send("capper.state", (A, 6))
    update(store, C)
    scope, nodes = scope_of([CAPPER]), [FILLER, CAPPER, BOILER]
    assert set(oee.totals(scope, store, nodes, A, C, C)) == {CAPPER}
    assert {s.node_id for s in oee.shifts(scope, store, nodes, A, C)} == {CAPPER}
    assert set(oee.made(scope, store, nodes, A, C, C)) == {CAPPER}
    assert oee.rates(scope, store, nodes, C) == {}
    assert oee.rates(SYSTEM, store, nodes, C) == {FILLER: 3600.0}


def test_a_line_view_costs_the_same_number_of_queries_for_one_machine_and_for_all(store: Store, line: Sender) -> None:
    work(line)
    update(store, C + H)
    used = []
    for nodes in ([FILLER], [FILLER, CAPPER, BOILER]):
        for span in ((A + S, C + S), (START - 30 * DAY_US, C + S)):
            with queries() as seen:
                oee.totals(SYSTEM, store, nodes, *span, C + H)
            used.append(len(seen))
    assert used[:2] == used[2:]
    assert max(used) <= 32


# ------------------------------------------------------------------ configuration
def test_made_compares_with_the_planned_busy_time_at_the_ideal_rate_and_target(store: Store, line: Sender) -> None:
    work(line)
    update(store, B)
    made = oee.made(SYSTEM, store, [FILLER, CAPPER], A, B, B)
    assert made[FILLER].planned == pytest.approx(8 * 3600 * 0.7)
    assert made[CAPPER].planned is None


def test_another_map_for_a_machine_moves_its_time(store: Store, line: Sender) -> None:
    work(line)
    update(store, C)
    rules = json.dumps([{"element": "aust", "states": ["Aborted"]}, {"element": "apt", "categories": ["running"]}])
    with store.change("test", "stops of the filler are setup") as change:
        change.connection.execute(
            text(
                "insert into state_map (name, title, states, modes, rules)"
                " values ('own', 'Own', array['state'], array['mode'], cast(:rules as jsonb))"
            ),
            {"rules": rules},
        )
        change.connection.execute(text("update machine set state_map = 'own' where id = :id"), {"id": FILLER})
        oee.mark_all(change.connection, "test")
    update(store, C)
    t = kept(store)[1, "A"]
    assert (t.setup_s, t.delay_s) == (1800, 0)


def test_a_configuration_that_says_otherwise_restates_what_it_touches(store: Store, line: Sender) -> None:
    work(line)
    update(store, C)
    before = kept(store)
    old = configuration.read_config(store)
    own = StateMap("iso-22400", "Own", rules=(StateRule(TimeElement.SETUP, states=("Aborted",)), *ISO_22400.rules))
    with store.change("test", "stops are setup here") as change:
        configuration.apply(change, old, replace(old, state_maps=(own,)))
    assert configuration.read_config(store).state_maps == (own,)
    update(store, C)
    assert (kept(store)[1, "A"].setup_s, before[1, "A"].setup_s) == (1800, 0)


def test_a_new_ideal_rate_counts_from_its_date_and_leaves_what_was_before(store: Store, line: Sender) -> None:
    work(line)
    update(store, C)
    before = kept(store)
    old = configuration.read_config(store)
    later = RateEntry("P1", "dublin/filler", 1800.0, moment_of(B))
    with store.change("test", "the filler is slower") as change:
        configuration.apply(change, old, replace(old, rates=(*old.rates, later)))
    with store.read() as connection:
        marked = connection.execute(text("select distinct location_id, from_us from stale where capability = 'oee'")).all()
    assert {row.from_us for row in marked} == {B}
    update(store, C)
    after = kept(store)
    assert after[1, "A"] == before[1, "A"]
    assert after[1, "B"].capacity == before[1, "B"].capacity / 2


# ------------------------------------------------------------------ what comes after the end of a shift
def test_pieces_told_shortly_after_the_end_of_a_shift_belong_to_it(
    store: Store, line: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(line)
    update(store, B + S)
    before = kept(store)[1, "A"].produced
    monkeypatch.setattr("db.historian.stale.time", SimpleNamespace(time_ns=lambda: 1000 * (B + 3 * S)))
    line.send("filler.produced", (B - 2 * S, 2880 + 6 * 3600))  # newest of its tag, three seconds old: nothing becomes stale
    assert not job.stale_waiting(store, "oee")
    for passed in (16, 100, 140):
        update(store, B + passed * S)
    assert kept(store)[1, "A"].produced > before
    through = oee.shifts(SYSTEM, store, [FILLER], A, B)[0]
    assert through.totals == _like(_direct(store, through.from_us, through.through_us))


def test_pieces_that_were_kept_back_for_an_hour_restate_their_shift(
    store: Store, line: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(line)
    update(store, B + H)
    before = kept(store)[1, "A"].produced
    monkeypatch.setattr("db.historian.stale.time", SimpleNamespace(time_ns=lambda: 1000 * (B + H)))
    line.send("filler.produced", (B - 2 * S, 2880 + 6 * 3600))
    update(store, B + H + S)
    assert kept(store)[1, "A"].produced > before


def test_a_damaged_chunk_of_a_counter_holds_up_its_machine_only(store: Store, line: Sender) -> None:
    work(line)
    line.send("capper.state", (A, EXECUTE))
    historian.seal(store, C, least=1)
    with store.write() as connection:
        connection.execute(
            text("update chunk set checksum = checksum # 1 where tag_id = :tag"), {"tag": line.ids["filler.produced"]}
        )
    update_without_waiting(store, B + H)
    assert (1, "A") in kept(store, CAPPER)
    assert kept(store, FILLER) == {}
    with store.read() as connection:
        assert connection.execute(text("select count(*) from stale where capability = 'oee' and at > now()")).scalar()


def update_without_waiting(store: Store, now_us: int) -> None:
    """A turn of each job: what is put off stays in the list."""
    derive_orders(store, job, order)
    derive_states(store, job, state, now_us)
    sum_up(store, job, oee, now_us)


# ------------------------------------------------------------------ incremental equals recomputation
minutes = st.integers(0, 60 * 40)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("filler.state"),
            st.lists(st.tuples(minutes, st.sampled_from([EXECUTE, ABORTED, IDLE])), min_size=1, max_size=4),
        ),
        st.tuples(st.just("filler.produced"), st.lists(st.tuples(minutes, st.integers(0, 500)), min_size=1, max_size=4)),
        st.tuples(st.just("batch"), st.tuples(minutes, st.sampled_from(["B1", "B2", ""]))),
        st.tuples(st.just("gap"), st.tuples(minutes, st.integers(1, 300))),
        st.tuples(st.just("now"), st.integers(1, 600)),
    ),
    max_size=10,
)


@pytest.fixture(scope="module")
def plants(cluster: str, template: str) -> Iterator[Store]:
    opened = Store(new_database(cluster, template))
    try:
        make_plant(opened, SHIFTS)
        set_rate(opened, "P1", 3600.0)
        yield opened
    finally:
        opened.close()


def _clear(store: Store) -> dict[str, int]:
    owner = Store(store.url, role="plantglass_owner")
    tables = (
        "stale",
        "state_interval",
        "oee_shift",
        "chunk",
        "sample_hot",
        "rollup",
        "last_value",
        "spool_progress",
        "occupation",
    )
    with owner.write() as connection:
        for table in (*tables, "text_event", "gap", "superseded"):
            connection.execute(text(f"delete from {table}"))
        found = {r.name: r.id for r in connection.execute(text("select id, name from tag"))}
    owner.close()
    return found


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=steps)
def test_sums_equal_their_recomputation_from_everything_known(plants: Store, done: list) -> None:
    line, now = Sender(plants, _clear(plants)), START + 8 * H
    for what, value in done:
        if what == "now":
            now += value * MINUTE_US
            update(plants, now)
        elif what == "batch":
            line.say("filler.batch", (START + value[0] * MINUTE_US, value[1]))
            line.say("filler.product", (START + value[0] * MINUTE_US, "P1"))
        elif what == "gap":
            line.lose(START + value[0] * MINUTE_US, START + sum(value) * MINUTE_US)
        else:
            line.send(what, *[(START + m * MINUTE_US, v) for m, v in dict(value).items()])
    now = START + 48 * H
    update(plants, now)
    update(plants, now + 16 * S)
    for shift in oee.shifts(SYSTEM, plants, [FILLER], START, now):
        assert shift.totals == _like(_direct(plants, shift.from_us, shift.through_us)), shift
