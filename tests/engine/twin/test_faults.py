"""Each fault does what it says, from its instant on and not before, until it is cleared."""

from __future__ import annotations

import numpy as np
import pytest

from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from engine.twin.faults import KINDS, Fault
from engine.twin.plant import Plant
from engine.twin.truth import StateTruth
from tests.engine.twin.conftest import ANCHOR_US
from tests.engine.twin.test_plant import assert_equal


def long_run(plant: Plant, machine: str) -> StateTruth:
    """A stretch of Execute of at least eight minutes on the day after the anchor, early in its batch."""
    truth = plant.truth(ANCHOR_US, ANCHOR_US + DAY_US)
    runs = [s for s in truth.states if s.machine == machine and s.state == 4 and s.to_us - s.from_us > 8 * MINUTE_US]
    return runs[0]


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "night_run"])
def test_nothing_before_the_fault_changes(fresh: Plant, sound: Plant, kind: str) -> None:
    at = long_run(sound, "filler-1").from_us + MINUTE_US
    machine = "room-b1" if kind == "door_open" else "filler-1"
    fresh.inject(Fault(kind, machine), at)
    assert_equal(fresh.frame(at - 2 * HOUR_US, at, 1.0), sound.frame(at - 2 * HOUR_US, at, 1.0))


def test_a_jam_aborts_the_machine_and_suspends_its_neighbours(fresh: Plant, sound: Plant) -> None:
    at = long_run(sound, "cartoner-1").from_us + MINUTE_US
    fresh.inject(Fault("jam", "cartoner-1"), at)
    fresh.clear("cartoner-1", at + HOUR_US)
    truth, usual = (p.truth(at, at + HOUR_US) for p in (fresh, sound))
    own = [s for s in truth.states if s.machine == "cartoner-1"]
    assert [(s.text, s.from_us, s.to_us) for s in own] == [("Aborted", at, at + HOUR_US)]
    assert truth.produced["cartoner-1"] == 0
    assert {s.text for s in truth.states if s.machine == "checkweigher-1"} >= {"Suspended"}
    assert truth.produced["blister-1"] < 0.05 * usual.produced["blister-1"]
    assert truth.produced["filler-1"] == usual.produced["filler-1"]
    after = fresh.truth(at + HOUR_US, at + HOUR_US + MINUTE_US)
    assert [s.text for s in after.states if s.machine == "cartoner-1"][:2] == ["Clearing", "Starting"]


def test_a_jam_is_seen_in_state_counter_and_power(fresh: Plant, sound: Plant) -> None:
    at = long_run(sound, "filler-1").from_us + MINUTE_US
    fresh.inject(Fault("jam", "filler-1", lasts_s=1800), at)
    frame = fresh.frame(at, at + 20 * MINUTE_US, 1.0)
    assert frame.series["filler-1.state"].values.tolist() == [8]
    assert len(set(frame.series["filler-1.produced"].values.tolist())) == 1
    assert frame.series["filler-1.power"].values.max() < 4


def test_counters_still_continue_weeks_after_a_jam(fresh: Plant) -> None:
    fresh.inject(Fault("jam", "blister-1", lasts_s=7200), ANCHOR_US)
    values = fresh.frame(ANCHOR_US - DAY_US, ANCHOR_US + 15 * DAY_US, 600.0).series["blister-1.produced"].values
    assert (np.diff(values) >= 0).all()


def test_drift_moves_a_value_until_it_is_cleared(fresh: Plant, sound: Plant) -> None:
    at = long_run(sound, "filler-1").from_us
    fresh.inject(Fault("drift", "filler-1", "fill_weight", size=1.0), at)
    fresh.clear("filler-1", at + 6 * MINUTE_US)
    mine, usual = (p.frame(at, at + 8 * MINUTE_US, 1.0).series for p in (fresh, sound))
    moved = mine["filler-1.fill_weight"].values - usual["filler-1.fill_weight"].values
    assert moved[300] == pytest.approx(0.15 * 300 / 3600, abs=0.003)
    assert mine["filler-1.pump_pressure"].values[25] > usual["filler-1.pump_pressure"].values[25]


def test_drift_of_any_measured_value_is_possible(fresh: Plant, sound: Plant) -> None:
    fresh.inject(Fault("drift", "room-b1", size=1.0), ANCHOR_US)
    mine, usual = (p.frame(ANCHOR_US, ANCHOR_US + HOUR_US, 1.0).series["room-b1.temperature"].values for p in (fresh, sound))
    assert (mine - usual)[-1] == pytest.approx(2.5, abs=0.1)


def test_a_worn_bearing_vibrates_more_with_time(fresh: Plant, sound: Plant) -> None:
    fresh.inject(Fault("bearing_wear", "ahu-2", size=4.0), ANCHOR_US)
    mine, usual = (p.frame(ANCHOR_US, ANCHOR_US + 4 * HOUR_US, 1.0).series["ahu-2.vibration"].values for p in (fresh, sound))
    ratio = mine / usual
    assert ratio[:50].mean() < 1.1
    assert ratio[-50:].mean() == pytest.approx(5.0, rel=0.05)


def test_an_open_door_is_shown_and_warms_the_cold_room(fresh: Plant) -> None:
    fresh.inject(Fault("door_open", "cold-room-1"), ANCHOR_US)
    frame = fresh.frame(ANCHOR_US - SECOND_US, ANCHOR_US + HOUR_US, 1.0)
    assert bool(frame.series["cold-room-1.door"].values[-1]) is True
    assert frame.series["cold-room-1.temperature"].values[-1] > 12
    assert fresh.clear("cold-room-1", ANCHOR_US + HOUR_US) == 1
    later = fresh.frame(ANCHOR_US + HOUR_US, ANCHOR_US + 4 * HOUR_US, 1.0)
    assert later.series["cold-room-1.temperature"].values[-1] < 7


def test_a_flat_line_repeats_the_last_value(fresh: Plant) -> None:
    fresh.inject(Fault("flat_line", "ahu-1", "supply_temperature", lasts_s=600), ANCHOR_US)
    values = fresh.frame(ANCHOR_US, ANCHOR_US + 20 * MINUTE_US, 1.0).series["ahu-1.supply_temperature"].values
    assert len(set(values[:60].tolist())) == 1
    assert len(set(values[60:].tolist())) > 5


def test_a_meter_starts_again_from_zero_and_uses_no_less(fresh: Plant, sound: Plant) -> None:
    at = ANCHOR_US + HOUR_US
    fresh.inject(Fault("meter_rollover", "chiller-1"), at)
    meter = fresh.frame(at - HOUR_US, at + HOUR_US, 1.0).series["chiller-1.energy"]
    after = meter.values[meter.at_us >= at]
    assert after[0] < 2
    assert (np.diff(after) > 0).all()
    window = (at - HOUR_US, at + HOUR_US)
    assert fresh.truth(*window).energy_kwh["chiller-1"] == pytest.approx(sound.truth(*window).energy_kwh["chiller-1"])


def test_registers_roll_over_by_themselves_too(plant: Plant) -> None:
    values = plant.frame(ANCHOR_US - 90 * DAY_US, ANCHOR_US, 3600.0).series["chiller-1.energy"].values
    drops = np.flatnonzero(np.diff(values) < 0)
    assert len(drops) >= 1
    assert all(values[d] > 99_000 and values[d + 1] < 1_000 for d in drops)


def test_a_disconnected_machine_is_silent_and_tells_its_state_when_it_returns(fresh: Plant) -> None:
    fresh.inject(Fault("disconnect", "press-1"), ANCHOR_US)
    assert fresh.frame(ANCHOR_US - MINUTE_US, ANCHOR_US, 1.0).disconnected == frozenset()
    lost = fresh.frame(ANCHOR_US, ANCHOR_US + HOUR_US, 1.0)
    assert lost.disconnected == frozenset({"press-1"})
    assert not [name for name in lost.series if name.startswith("press-1.")]
    fresh.clear("press-1", ANCHOR_US + HOUR_US)
    back = fresh.frame(ANCHOR_US + HOUR_US, ANCHOR_US + HOUR_US + MINUTE_US, 1.0)
    assert back.series["press-1.state"].at_us[0] == ANCHOR_US + HOUR_US
    assert {"press-1.batch", "press-1.mode", "press-1.main_force"} <= set(back.series)
    assert back.disconnected == frozenset()


def test_clearing_without_a_time_takes_the_end_of_the_latest_frame(fresh: Plant) -> None:
    fresh.inject(Fault("door_open", "room-c1"), ANCHOR_US)
    fresh.frame(ANCHOR_US, ANCHOR_US + MINUTE_US, 1.0)
    assert fresh.clear("room-c1") == 1
    assert fresh.faults[-1].to_us == ANCHOR_US + MINUTE_US
    assert fresh.clear("room-c1") == 0
