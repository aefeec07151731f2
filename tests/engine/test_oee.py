"""OEE by ISO 22400-2: known answers, identities of the waterfall, traps of shifts and counters."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.location import MapDef, NodeKind, Tree
from engine.oee import KPIS, OeeTotals, constraint_of, rolled_up
from engine.oee.plan import plan_of
from engine.oee.work import Counted, MachineFacts, Rates, Worked, totals_of
from engine.shift import Break, Calendar, Holiday, Pattern, ShiftRule
from engine.state import ISO_22400, StateInterval
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, us_of

M = 60.0
# The worked example that the package `oee` 0.2.0 quotes: PBT 420 min of 480, down 47, 60 a minute, 19,271 made, 423 bad.
PUBLISHED = OeeTotals(
    all_s=480 * M,
    not_scheduled_s=60 * M,
    production_s=373 * M,
    down_s=47 * M,
    standard_s=19_271.0,
    standard_good_s=19_271.0 - 423,
    produced=19_271,
    good=19_271 - 423,
)


# ------------------------------------------------------------------ known answers
def test_the_published_worked_example() -> None:
    values = {kpi.key: kpi.value(PUBLISHED) for kpi in KPIS}
    wanted = {"availability": 0.8881, "effectiveness": 0.8611, "quality_ratio": 0.9780, "oee": 0.7479, "teep": 0.6544}
    assert {key: round(values[key] or 0, 4) for key in wanted} == wanted
    assert (values["coverage"], values["produced"]) == (1.0, 19_271)


def test_the_sum_of_100_minutes_at_80_and_300_at_45_percent_is_53_75_and_not_the_mean() -> None:
    def at(minutes: float, oee: float) -> OeeTotals:
        good = minutes * M * oee
        return OeeTotals(all_s=minutes * M, production_s=minutes * M, standard_s=good, standard_good_s=good)

    assert (at(100, 0.80) + at(300, 0.45)).oee == pytest.approx(0.5375)


def test_setup_is_a_loss_of_oee_and_none_of_nee() -> None:
    totals = OeeTotals(
        all_s=100, production_s=60, setup_s=20, delay_s=20, standard_s=60, standard_good_s=60, produced=1, good=1
    )
    assert totals.oee == pytest.approx(0.6)
    assert totals.nee == pytest.approx(0.8)


def test_nothing_planned_has_no_value_and_is_not_100_percent() -> None:
    closed = OeeTotals(all_s=100, not_scheduled_s=100)
    assert {kpi.key: kpi.value(closed) for kpi in KPIS if kpi.key not in ("produced", "teep")} == dict.fromkeys(
        ("oee", "availability", "effectiveness", "quality_ratio", "nee", "coverage")
    )
    assert (closed.oee_low, closed.oee_high) == (None, None)


def test_a_machine_that_stood_still_has_an_oee_of_zero() -> None:
    down = OeeTotals(all_s=100, down_s=100, capacity=50)
    assert (down.availability, down.effectiveness, down.quality, down.oee) == (0.0, None, None, 0.0)


def test_a_machine_without_an_ideal_rate_has_availability_and_quality_but_no_oee() -> None:
    cooking = OeeTotals(all_s=100, production_s=50, delay_s=50, produced=250, good=249, unrated_s=50)
    assert (cooking.availability, cooking.effectiveness, cooking.oee) == (0.5, None, None)
    assert cooking.quality == pytest.approx(0.996)


def test_unknown_time_is_no_loss_and_widens_the_interval() -> None:
    half = OeeTotals(
        all_s=200, production_s=80, delay_s=20, unknown_s=100, standard_s=80, standard_good_s=80, produced=8, good=8
    )
    assert (half.availability, half.oee, half.coverage) == (0.8, 0.8, 0.5)
    assert (half.oee_low, half.oee_high) == (pytest.approx(0.4), pytest.approx(0.9))
    blind = OeeTotals(all_s=100, unknown_s=100, capacity=10)
    assert (blind.oee, blind.oee_low, blind.oee_high) == (None, 0.0, 1.0)


seconds = st.floats(0, 1e5)


@st.composite
def sums(draw: st.DrawFn) -> OeeTotals:
    times = {name: draw(seconds) for name in OeeTotals.__slots__[1:8]}
    speed, good = draw(st.floats(0, 1.2)), draw(st.floats(0, 1))
    standard = times["production_s"] * speed
    pieces = draw(st.floats(0.01, 10)) * standard
    return OeeTotals(sum(times.values()), **times, standard_s=standard, standard_good_s=standard * good, produced=pieces,
                     good=pieces * good)  # fmt: skip


@given(sums())
def test_the_waterfall_adds_up_and_oee_is_what_its_factors_say(t: OeeTotals) -> None:
    availability_loss = t.pbt_s - t.production_s - t.unknown_s
    performance_loss, quality_loss = t.production_s - t.standard_s, t.standard_s - t.standard_good_s
    parts = t.not_scheduled_s + t.planned_down_s + availability_loss + performance_loss + quality_loss + t.standard_good_s
    assert parts + t.unknown_s == pytest.approx(t.all_s, abs=1e-6)
    factors = (t.availability, t.effectiveness, t.quality)
    if None not in factors and t.oee is not None:
        assert t.oee == pytest.approx(np.prod(factors), rel=1e-9, abs=1e-12)  # type: ignore[arg-type]
    if t.oee is not None and t.oee_low is not None and t.oee_high is not None:
        assert t.oee_low <= t.oee + 1e-12 <= t.oee_high + 2e-12


@given(sums(), sums(), sums())
def test_sums_add_up_in_any_order(a: OeeTotals, b: OeeTotals, c: OeeTotals) -> None:
    one, other = (a + b) + c, c + (b + a)
    assert one.all_s == pytest.approx(other.all_s)
    assert one.oee == pytest.approx(other.oee)


# ------------------------------------------------------------------ shifts and calendars
A, B, C = (ShiftRule(n, time(s), time(e)) for n, s, e in (("A", 6, 14), ("B", 14, 22), ("C", 22, 6)))
THREE = Calendar("Europe/Dublin", (Pattern((A, B, C)),))
TWO = Calendar("Europe/Dublin", (Pattern((A, B)),))


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    return us_of(datetime(year, month, day, hour, tzinfo=UTC))


def test_a_night_shift_belongs_to_the_day_on_which_it_began_whenever_it_is_asked_for() -> None:
    plan = plan_of(THREE, "UTC", at(2026, 11, 5, 3), at(2026, 11, 5, 4))
    [slot] = plan.slots
    assert (slot.name, slot.day, slot.to_us - slot.from_us) == ("C", date(2026, 11, 4), 8 * HOUR_US)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 4), 8)])
def test_the_night_in_which_clocks_change_is_longer_or_shorter(day: date, hours: int) -> None:
    noon = at(day.year, day.month, day.day, 12)
    night = next(s for s in plan_of(THREE, "UTC", noon, noon + DAY_US).slots if s.name == "C")
    assert (night.day, night.to_us - night.from_us) == (day, hours * HOUR_US)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (11, 4, 24)])
def test_local_days_have_23_24_or_25_hours(month: int, day: int, hours: int) -> None:
    slots = plan_of(None, "Europe/Dublin", at(2026, month, day, 12), at(2026, month, day, 13)).slots
    assert [(s.day, s.to_us - s.from_us) for s in slots] == [(date(2026, month, day), hours * HOUR_US)]


@given(st.integers(0, 10_800), st.integers(1, 200), st.sampled_from([THREE, TWO, None, Calendar("Europe/Dublin")]))
@example(2 * 24 * 219 + 47, 1, None)  # the last half hour of a day of 25 hours
@example(2 * 24 * 219 + 47, 1, Calendar("Europe/Dublin"))
def test_slots_cover_all_time_without_holes_and_do_not_depend_on_the_window(start: int, hours: int, calendar: Any) -> None:
    begin = at(2026, 3, 20) + start * HOUR_US // 2
    slots = plan_of(calendar, "Europe/Dublin", begin, begin + hours * HOUR_US).slots
    assert slots[0].from_us <= begin
    assert slots[-1].to_us >= begin + hours * HOUR_US
    assert [s.to_us for s in slots[:-1]] == [s.from_us for s in slots[1:]]
    for slot in slots[:3]:
        middle = (slot.from_us + slot.to_us) // 2
        assert slot in plan_of(calendar, "Europe/Dublin", middle, middle + 1).slots


# ------------------------------------------------------------------ sums of a machine
START = at(2026, 11, 4)
LENGTH = DAY_US
Steps = list[tuple[int, int | None, str]]


def machine(steps: list[tuple[float, str]], calendar: Calendar | None = None, **more: Any) -> MachineFacts:
    """`steps` are (hours after START, category); “unknown” for time without a state."""
    texts = {"running": "Execute", "aborted": "Aborted", "idle": "Idle"}
    starts = [START + int(h * HOUR_US) for h, _ in steps]
    intervals = [
        StateInterval(1, a, b, None if category == "unknown" else 1, texts.get(category, category), category)
        for a, b, (_, category) in zip(starts, [*starts[1:], START + LENGTH], steps, strict=True)
    ]
    return MachineFacts(1, 1, ISO_22400, plan_of(calendar, "UTC", START, START + LENGTH), intervals, **more)


def counter(*points: tuple[float, float]) -> Counted:
    """(hours after START, pieces since the point before)."""
    at_us = np.array([START + int(h * HOUR_US) for h, _ in points], np.int64)
    return Counted(at_us, np.concatenate([at_us[:1], at_us[:-1]]), np.array([n for _, n in points], float))


def hours(machine: MachineFacts, begin: float, end: float) -> OeeTotals:
    return totals_of(machine, START + int(begin * HOUR_US), START + int(end * HOUR_US))


RATE = Rates({"P1": ((0, 100.0),), "P2": ((0, 50.0), (START + 6 * HOUR_US, 200.0))})


def test_each_product_of_a_shift_counts_by_its_own_ideal_rate() -> None:
    found = machine(
        [(0, "running")],
        worked=[Worked(START, START + 2 * HOUR_US, "P1"), Worked(START + 2 * HOUR_US, START + 4 * HOUR_US, "P2")],
        rates=RATE,
        produced=counter((0, 0), (1, 90), (1.9, 80), (3, 45), (3.9, 45)),
    )
    t = hours(found, 0, 4)
    assert t.standard_s == pytest.approx((170 / 100 + 90 / 50) * 3600)
    assert (t.oee, t.produced, t.good) == (pytest.approx(3.5 / 4), 260, 260)
    assert t.capacity == pytest.approx(2 * 100 + 2 * 50)


def test_an_ideal_rate_holds_from_its_effective_date() -> None:
    used = [Worked(START, START + 12 * HOUR_US, "P2")]
    found = machine([(0, "running")], worked=used, rates=RATE, produced=counter((0, 0), (5, 50), (7, 200)))
    assert hours(found, 0, 12).standard_s == pytest.approx((50 / 50 + 200 / 200) * 3600)


def test_a_product_without_a_rate_is_left_out_of_effectiveness() -> None:
    used = [Worked(START, START + HOUR_US, "P1"), Worked(START + HOUR_US, START + 4 * HOUR_US, "X")]
    found = machine([(0, "running")], worked=used, rates=RATE, produced=counter((0, 0), (0.9, 80), (3, 999)))
    t = hours(found, 0, 4)
    assert (t.effectiveness, t.unrated_s, t.produced) == (pytest.approx(0.8), 3 * 3600, 1079)
    assert t.oee == pytest.approx(0.8)


def test_production_that_nobody_counted_is_unknown_and_no_loss() -> None:
    used = [Worked(START, START + LENGTH, "P1")]
    t = hours(machine([(0, "running")], worked=used, rates=RATE), 0, 8)
    assert (t.oee, t.oee_low, t.effectiveness, t.unrated_s, t.coverage) == (None, None, None, 8 * 3600, 1.0)
    idle = hours(machine([(0, "idle")], worked=used, rates=RATE), 0, 8)
    assert idle.oee == 0.0  # without production nothing had to be counted


@pytest.mark.parametrize(
    ("bad", "heard", "unrated_h", "oee"),
    [
        ([], 0, 0, 0.5),  # a counter that stands says that nothing is made
        ([1.5], 0, 0, 0.5),  # a good sample afterwards tells what rose
        ([3.0, 3.5], 0, 1, 2 / 3),
        ([], 1, 1, 2 / 3),
    ],
)
def test_time_in_which_the_counter_is_bad_or_not_yet_heard_is_like_the_rest(
    bad: list[float], heard: float, unrated_h: float, oee: float
) -> None:
    base = counter((1.0, 100), (2.0, 100))
    bad_us = np.array([START + int(h * HOUR_US) for h in bad], np.int64)
    produced = Counted(base.at_us, base.since_us, base.gains, bad_us, START + int(heard * HOUR_US))
    used = [Worked(START, START + LENGTH, "P1")]
    t = hours(machine([(0, "running")], worked=used, rates=RATE, produced=produced), 0, 4)
    assert (t.unrated_s, t.oee, t.produced) == (unrated_h * 3600, pytest.approx(oee), 200)


def test_a_pulse_exactly_on_a_shift_boundary_counts_once_and_in_the_later_shift() -> None:
    found = machine([(0, "running")], TWO, produced=counter((5, 0), (14, 10), (20, 5)))
    before, after = hours(found, 6, 14), hours(found, 14, 22)
    assert (before.produced, after.produced, hours(found, 6, 22).produced) == (0, 15, 15)


def test_rejects_are_taken_off_and_weighted_like_the_pieces() -> None:
    used = [Worked(START, START + LENGTH, "P1")]
    made, lost = counter((0, 0), (1, 100)), counter((0, 0), (1, 4))
    t = hours(machine([(0, "running")], worked=used, rates=RATE, produced=made, rejected=lost), 0, 2)
    assert (t.good, t.quality) == (96, pytest.approx(0.96))


def test_pieces_of_unknown_time_count_in_effectiveness_by_the_known_share_only() -> None:
    used = [Worked(START, START + LENGTH, "P1")]
    found = machine(
        [(0, "running"), (1, "unknown"), (4, "running")],
        worked=used,
        rates=RATE,
        produced=counter((0, 0), (1, 100), (4.999, 400)),
    )
    t = hours(found, 0, 5)
    assert t.produced == 500
    assert t.effectiveness == pytest.approx(1.0, rel=1e-3)
    assert (t.oee, t.oee_low, t.oee_high) == pytest.approx((1.0, 0.4, 1.0), rel=1e-3)


def test_breaks_are_planned_down_holidays_and_nights_not_scheduled_and_pieces_there_are_output_only() -> None:
    shift = ShiftRule("A", time(6), time(14), breaks=(Break("lunch", time(10), time(10, 30)),))
    calendar = Calendar("UTC", (Pattern((shift,)),))
    used = [Worked(START, START + LENGTH, "P1")]
    found = machine(
        [(0, "running")], calendar, worked=used, rates=RATE, produced=counter((5, 0), (7, 100), (10.2, 50), (15, 30))
    )
    t = hours(found, 0, 24)
    assert (t.not_scheduled_s, t.planned_down_s, t.production_s) == (16 * 3600, 1800, 7.5 * 3600)
    assert (t.produced, t.standard_s) == (180, pytest.approx(3600))
    closed = Calendar("UTC", (Pattern((shift,)),), (Holiday(date(2026, 11, 4)),))
    assert hours(machine([(0, "running")], closed), 0, 24).not_scheduled_s == DAY_US / SECOND_US


def test_a_stop_across_the_hour_and_the_shift_is_cut_and_nothing_is_counted_twice() -> None:
    found = machine([(0, "running"), (13.5, "aborted"), (14.5, "running")], THREE, worked=[Worked(START, START + LENGTH, None)])
    pieces = [hours(found, h / 2, h / 2 + 0.5) for h in range(48)]
    assert [hours(found, a, b).delay_s for a, b in ((6, 14), (14, 22))] == [1800, 1800]
    assert sum(p.delay_s for p in pieces) == 3600
    assert sum((p.all_s for p in pieces), 0.0) == DAY_US / SECOND_US


cuts = st.lists(st.integers(0, 24 * 60), min_size=1, max_size=8).map(lambda found: sorted({0, *found, 24 * 60}))
categories = st.sampled_from(["running", "aborted", "idle", "unknown", "setup", "maintenance"])


@given(
    cuts.flatmap(lambda c: st.tuples(st.just(c), st.lists(categories, min_size=len(c), max_size=len(c)))),
    cuts,
    st.sampled_from([THREE, TWO, None]),
    st.lists(st.tuples(st.floats(0, 23.9), st.floats(0, 100)), max_size=6).map(sorted),
)
def test_every_second_is_in_exactly_one_bucket_and_parts_sum_to_the_whole(
    said: Any, parts: list[int], calendar: Any, made: Any
) -> None:
    steps = [(minute / 60, category) for minute, category in zip(*said, strict=True) if minute < 24 * 60]
    found = machine(
        steps,
        calendar,
        worked=[
            Worked(START + 3 * HOUR_US, START + 9 * HOUR_US, "P1"),
            Worked(START + 9 * HOUR_US, START + 12 * HOUR_US, "P2"),
        ],
        rates=RATE,
        produced=counter(*made) if made else Counted.nothing(),
    )
    whole = totals_of(found, START, START + LENGTH)
    buckets = [getattr(whole, name) for name in OeeTotals.__slots__[1:8]]
    assert whole.all_s == DAY_US / SECOND_US
    assert sum(buckets) == pytest.approx(whole.all_s)
    pieces = [totals_of(found, START + a * MINUTE_US, START + b * MINUTE_US) for a, b in pairwise(parts)]
    total = sum(pieces, OeeTotals())
    for name in OeeTotals.__slots__:
        assert getattr(total, name) == pytest.approx(getattr(whole, name), abs=1e-6), name


# ------------------------------------------------------------------ roll-up
def node(number: int, parent: int | None, kind: NodeKind, slug: str, **attributes: str) -> MapDef:
    path = slug if parent is None else f"x/{slug}"
    return MapDef(number, 1, parent, slug, path, slug, kind, attributes=attributes)


def tree(**of_line: str) -> Tree:
    return Tree(
        [
            node(1, None, NodeKind.SITE, "x"),
            node(2, 1, NodeKind.LINE, "line", **of_line),
            node(3, 2, NodeKind.MACHINE, "filler"),
            node(4, 2, NodeKind.MACHINE, "capper"),
            node(5, 1, NodeKind.MACHINE, "press"),
            node(6, 1, NodeKind.MACHINE, "boiler"),
        ]
    )


def test_a_line_is_spoken_for_by_its_constraint_machine_named_or_slowest() -> None:
    rates = {3: 9000.0, 4: 12_000.0}
    assert constraint_of(tree(), 2, rates) == 3
    assert constraint_of(tree(constraint="capper"), 2, rates) == 4
    assert constraint_of(tree(), 2, {}) is None


def test_a_site_adds_its_lines_and_machines_and_leaves_out_what_has_no_ideal_rate() -> None:
    filler = OeeTotals(all_s=100, production_s=80, delay_s=20, standard_s=80, standard_good_s=80)
    press = OeeTotals(all_s=300, production_s=150, delay_s=150, standard_s=120, standard_good_s=120)
    boiler = OeeTotals(all_s=100, production_s=100)
    totals = {3: filler, 4: OeeTotals(all_s=100, delay_s=100, capacity=1), 5: press, 6: boiler}
    rates = {3: 10.0, 4: 20.0, 5: 5.0}
    assert rolled_up(tree(), 2, totals, rates) == filler
    assert rolled_up(tree(), 1, totals, rates).oee == pytest.approx(200 / 400)
    assert rolled_up(tree(), 6, totals, rates) == boiler
    assert rolled_up(tree(), 1, {}, {}) == OeeTotals()
