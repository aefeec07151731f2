"""The reasons of states fit what the plan and the faults did."""

from __future__ import annotations

import itertools

from engine.time import DAY_US, HOUR_US, MINUTE_US
from engine.twin.areas import LINE_OF
from engine.twin.faults import Fault
from engine.twin.plant import Plant
from tests.engine.twin.conftest import ANCHOR_US

REASONED = {
    "Held": {"Short stop"},
    "Suspended": {"Starved or blocked"},
    "Aborted": {"Failure"},
    "Clearing": {"Failure"},
    "Stopping": {"End of the shift"},
}


def production(plant: Plant) -> list[str]:
    return [m for m in plant.site.machines if LINE_OF[m].kind not in ("rooms", "utilities")]


def test_each_state_of_a_production_machine_has_the_reason_that_its_kind_of_stop_has(plant: Plant) -> None:
    states = [s for s in plant.truth(ANCHOR_US - 7 * DAY_US, ANCHOR_US).states if s.machine in production(plant)]
    for name, reasons in REASONED.items():
        assert {s.cause for s in states if s.text == name} == reasons, name
    assert all(s.cause for s in states)
    assert all(s.cause.startswith("Batch B") for s in states if s.text == "Execute")


def test_after_a_failure_or_the_end_of_a_shift_the_reason_stays_until_the_machine_executes(plant: Plant) -> None:
    seen = set()
    states = [s for s in plant.truth(ANCHOR_US - 7 * DAY_US, ANCHOR_US).states if s.machine == "blister-2"]
    for before, after in itertools.pairwise(states):
        if before.cause in ("Failure", "End of the shift") and after.text not in ("Execute", "Held", "Holding"):
            seen.add(before.cause)
            assert after.cause == before.cause, (before, after)
    assert seen == {"Failure", "End of the shift"}


def test_a_window_that_begins_within_a_stop_knows_its_reason(plant: Plant) -> None:
    states = plant.truth(ANCHOR_US - 7 * DAY_US, ANCHOR_US).states
    late = [s for s in states if s.machine == "blister-1" and s.text in ("Resetting", "Starting") and s.cause == "Failure"]
    for state in late[:5]:
        found = plant.truth((state.from_us + state.to_us) // 2, state.to_us).states
        assert next(s.cause for s in found if s.machine == "blister-1") == "Failure"
    assert late


def test_a_fault_is_the_reason_where_it_stops_a_machine_and_its_neighbours(fresh: Plant) -> None:
    begin = ANCHOR_US - HOUR_US
    fresh.inject(Fault("jam", "cartoner-1", lasts_s=1200), begin)
    fresh.inject(Fault("door_open", "room-a1", lasts_s=600), begin)
    states = fresh.truth(begin, begin + 30 * MINUTE_US).states
    assert {s.cause for s in states if s.machine == "cartoner-1" and s.text == "Aborted"} == {"Fault: jam"}
    assert "Fault: jam at Cartoner 1" in {s.cause for s in states if s.machine == "blister-1" and s.text == "Suspended"}
    assert "Fault: door left open" in {s.cause for s in states if s.machine == "room-a1" and s.text == "Open"}
    assert {s.cause for s in states if s.machine == "compressor-2"} == {"Fault: runs at night too"}
