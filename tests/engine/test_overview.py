"""A place at a glance: figures are sums, meters are not counted twice, colour needs a history, changes have an order."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.alarm import Priority
from engine.location import MapDef, NodeKind, Tree
from engine.oee import OeeTotals, ShiftTotals
from engine.overview import (
    COVERAGE,
    ENERGY,
    OEE,
    PLAN,
    QUALITY,
    Figures,
    Row,
    Sums,
    conditions,
    course,
    figures,
    metered,
    movers,
    normal,
    odd_energy,
    parts,
    speakers_of,
    worst_first,
)  # fmt: skip
from engine.tag import Limits
from engine.time import HOUR_US


def node(number: int, parent: int | None, kind: NodeKind, name: str) -> MapDef:
    return MapDef(number, 1, parent, name, f"site/{name}" if parent else "site", name, kind)


SITE, AREA, LINE, FILLER, CAPPER, PRESS, STORE, ROOM, MIXER = range(1, 10)
TREE = Tree(
    [
        node(SITE, None, NodeKind.SITE, "site"),
        node(AREA, SITE, NodeKind.AREA, "area"),
        node(LINE, AREA, NodeKind.LINE, "line"),
        node(FILLER, LINE, NodeKind.MACHINE, "filler"),
        node(CAPPER, LINE, NodeKind.MACHINE, "capper"),
        node(PRESS, AREA, NodeKind.MACHINE, "press"),
        node(STORE, SITE, NodeKind.AREA, "store"),
        node(ROOM, STORE, NodeKind.ROOM, "room"),
        node(MIXER, AREA, NodeKind.MACHINE, "mixer"),
    ]
)
RATES = {FILLER: 6_000.0, CAPPER: 9_000.0, PRESS: 100_000.0}


def ran(hours: float, share: float, made: float = 1000, good: float | None = None) -> OeeTotals:
    """A machine that was planned for `hours` and ran at the ideal rate for a share of them."""
    good = made if good is None else good
    seconds = hours * 3600
    return OeeTotals(all_s=seconds, production_s=seconds * share, down_s=seconds * (1 - share), standard_s=seconds * share,
                     standard_good_s=seconds * share * good / made, produced=made, good=good)  # fmt: skip


def row(now: Figures, before: Figures | None = None, number: int = LINE, **more: object) -> Row:
    values: dict = {"head": False, "condition": "running", "oee": Limits(), "quality": Limits(), "rooms": None, "alarms": {}}
    return Row(TREE.nodes[number], now=now, before=before or Figures(), **(values | more))


# ------------------------------------------------------------------ what a place is made of
def test_a_site_is_shown_by_areas_with_lines_and_lone_machines_and_areas_without_either_as_one_row() -> None:
    shown = [(found.name, head) for found, head in parts(TREE, SITE, RATES)]
    assert shown == [("area", True), ("line", False), ("press", False), ("store", False)]
    assert [found.name for found, _ in parts(TREE, LINE, RATES)] == ["capper", "filler"]
    assert [found.name for found, _ in parts(TREE, STORE, RATES)] == ["room"]


def test_a_line_speaks_by_its_slowest_machine_and_a_site_by_all_that_have_a_rate() -> None:
    assert speakers_of(TREE, LINE, RATES) == [FILLER]
    assert sorted(speakers_of(TREE, SITE, RATES)) == [FILLER, PRESS]
    assert speakers_of(TREE, SITE, {}) == []
    assert speakers_of(TREE, 99, RATES) == []


# ------------------------------------------------------------------ energy
def test_a_meter_stands_for_everything_below_it() -> None:
    assert metered(TREE, LINE, {FILLER: 4.0, CAPPER: 6.0}) == 10.0
    assert metered(TREE, LINE, {LINE: 12.0, FILLER: 4.0, CAPPER: 6.0}) == 12.0
    assert metered(TREE, SITE, {LINE: 12.0, FILLER: 4.0, PRESS: 3.0}) == 15.0


def test_a_silent_meter_leaves_the_energy_of_its_place_and_of_all_above_unknown() -> None:
    assert metered(TREE, LINE, {}) is None
    assert metered(TREE, LINE, {FILLER: None}) is None
    assert metered(TREE, LINE, {LINE: None, FILLER: 4.0}) is None  # its parts are not all that it measures
    assert metered(TREE, LINE, {LINE: 12.0, FILLER: None}) == 12.0
    assert metered(TREE, SITE, {LINE: None, PRESS: 3.0}) is None


@given(st.dictionaries(st.sampled_from([FILLER, CAPPER, PRESS, MIXER]), st.floats(0, 1e6)))
def test_the_energy_of_a_site_is_the_sum_of_its_parts(kwh: dict[int, float]) -> None:
    found = metered(TREE, SITE, kwh)
    assert (found is None) == (not kwh)
    assert (found or 0.0) == pytest.approx(sum(kwh.values()))


def test_energy_for_1000_units_counts_good_pieces_and_no_kilograms() -> None:
    sums = Sums(
        {FILLER: ran(1, 1, 6_000, 5_000), PRESS: ran(1, 1, 90_000), CAPPER: ran(1, 1, 5_900)}, {FILLER: 30.0, PRESS: 65.0}
    )
    vials_and_tablets = figures(TREE, SITE, sums, RATES, {FILLER: "vials", PRESS: "tablets"})
    assert (vials_and_tablets.kwh, vials_and_tablets.units) == (95.0, 95_000)
    assert ENERGY.value(vials_and_tablets) == pytest.approx(1.0)
    assert figures(TREE, SITE, sums, RATES, {FILLER: "vials", PRESS: "kg"}).units == 5_000
    assert ENERGY.value(figures(TREE, SITE, sums, RATES, {})) is None
    assert ENERGY.value(Figures(kwh=None, units=10)) is None


def test_unknown_is_never_zero() -> None:
    assert [kpi.value(Figures()) for kpi in (OEE, QUALITY, PLAN, ENERGY, COVERAGE)] == [None] * 5


def test_the_plan_is_the_ideal_rate_at_the_oee_target() -> None:
    assert PLAN.value(Figures(ran(8, 0.35))) == pytest.approx(0.5)


# ------------------------------------------------------------------ what is normal
def shift(number: int, machine: int, totals: OeeTotals) -> ShiftTotals:
    begin = number * 8 * HOUR_US
    return ShiftTotals(machine, date(2026, 9, 1), "A", "", begin, begin + 8 * HOUR_US, begin + 8 * HOUR_US, totals)


def test_the_course_of_a_place_adds_the_shifts_of_its_machines() -> None:
    shifts = [
        shift(0, FILLER, ran(8, 1.0)),
        shift(0, PRESS, ran(8, 0.5)),
        shift(1, FILLER, ran(8, 0.2)),
        shift(1, CAPPER, ran(8, 1)),
    ]
    assert course([FILLER, PRESS], shifts, OEE) == pytest.approx([0.75, 0.2])


def test_a_shift_of_which_little_is_known_has_no_value() -> None:
    assert course([FILLER], [shift(0, FILLER, OeeTotals(all_s=28_800, unknown_s=28_000, production_s=800))], OEE) == [None]


def test_the_normal_band_begins_at_the_lowest_tenth() -> None:
    band = normal([0.70, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.77, 0.78, 0.79, 0.80])
    assert (band.normal_low, band.alarm_low) == (pytest.approx(0.71), pytest.approx(0.67))


def test_few_shifts_say_nothing_about_what_is_normal() -> None:
    assert normal([0.7, 0.1, None, None, None, 0.6, 0.5, 0.4]).normal_low is None


@given(st.floats(0, 1.2), st.integers(6, 60))
def test_shifts_that_are_all_alike_are_normal(value: float, count: int) -> None:
    band = normal([value] * count)
    assert (band.normal_low, band.alarm_low) == (value, value)


@given(st.lists(st.floats(0, 1.2), min_size=6, max_size=60))
@example([1.0, 1.0, 1.0, *[0.15912131441203717] * 4])
def test_at_most_a_tenth_of_the_shifts_lies_below_the_band(values: list[float]) -> None:
    band = normal(values)
    assert band.normal_low is not None
    assert band.alarm_low is not None
    assert band.alarm_low <= band.normal_low
    assert sum(value < band.normal_low - 1e-12 for value in values) <= math.ceil(len(values) / 10)


def test_energy_is_judged_against_the_range_before() -> None:
    assert [odd_energy(now, 10.0) for now in (9.0, 10.9, 11.1, 12.6)] == ["", "", "p3", "p2"]
    assert odd_energy(None, 10.0) == odd_energy(10.0, None) == odd_energy(1.0, 0.0) == ""


# ------------------------------------------------------------------ what changed
def test_the_largest_change_comes_first_and_small_ones_are_left_out() -> None:
    worse = row(Figures(ran(8, 0.5), kwh=103, units=1000), Figures(ran(8, 0.7), kwh=100, units=1000))
    steady = row(Figures(ran(8, 0.700), kwh=100, units=1000), Figures(ran(8, 0.705), kwh=101, units=1000), PRESS)
    found = movers([steady, worse])
    assert [(m.node.name, m.kpi.key) for m in found] == [("line", "oee"), ("line", "energy")]
    assert found[0].change == pytest.approx(-0.2)
    assert found[1].change == pytest.approx(0.03)


def test_a_fall_names_the_loss_that_grew_at_equal_lengths_of_time() -> None:
    (mover,) = movers([row(Figures(ran(4, 0.5)), Figures(ran(8, 0.75)))])
    assert mover.why == ("down_s", pytest.approx(3600.0))
    (back,) = movers([row(Figures(ran(8, 0.75)), Figures(ran(8, 0.5)))])
    assert back.why == ("down_s", pytest.approx(-7200.0))


def test_what_is_unknown_in_either_range_did_not_change() -> None:
    assert movers([row(Figures(ran(8, 0.5))), row(Figures(), Figures(ran(8, 0.5)))]) == []


def test_areas_are_not_told_beside_their_lines() -> None:
    assert movers([row(Figures(ran(8, 0.2)), Figures(ran(8, 0.7)), AREA, head=True)]) == []


# ------------------------------------------------------------------ order and sentence
def test_worst_first_puts_alarms_before_what_is_odd_before_what_is_low() -> None:
    calm, low = row(Figures(ran(8, 0.9)), number=FILLER), row(Figures(ran(8, 0.3)), number=CAPPER)
    odd = row(Figures(ran(8, 0.5)), number=PRESS, oee=Limits(normal_low=0.6))
    loud = row(Figures(ran(8, 0.95)), number=LINE, alarms={Priority.HIGH: 1})
    area = row(Figures(), number=AREA, head=True)
    assert [r.node.name for r in worst_first([calm, low, odd, area, loud])] == ["line", "press", "capper", "filler"]


def test_only_parts_whose_state_is_known_are_counted() -> None:
    said = ("running", "aborted", "idle", "unknown", "")
    assert conditions([row(Figures(), condition=word) for word in said]) == (3, 1, 1)
