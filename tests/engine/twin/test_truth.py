"""The truth is what the frames say: states cover time without overlap, counts and emitted samples agree."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.time import DAY_US, HOUR_US, SECOND_US
from engine.twin.faults import Fault
from engine.twin.places import PACKTAGS_OF_PACKML
from engine.twin.plant import Plant
from engine.twin.site import SITE
from tests.engine.twin.conftest import ANCHOR_US

FROM_US, TO_US = ANCHOR_US - 9 * DAY_US - 123_456, ANCHOR_US


def test_states_cover_the_window_without_overlap(plant: Plant) -> None:
    truth = plant.truth(FROM_US, TO_US, 60.0)
    for machine in SITE.machines:
        states = [s for s in truth.states if s.machine == machine]
        assert (states[0].from_us, states[-1].to_us) == (FROM_US, TO_US)
        assert all(a.to_us == b.from_us and b.to_us > b.from_us for a, b in itertools.pairwise(states))


def test_state_samples_are_the_starts_of_true_states(plant: Plant) -> None:
    truth, frame = plant.truth(FROM_US, TO_US, 60.0), plant.frame(FROM_US, TO_US, 60.0)
    for machine in ("filler-1", "press-2", "cartoner-1", "granulator-1"):
        starts, codes = [], []
        for state in (s for s in truth.states if s.machine == machine):
            if not codes or codes[-1] != state.state:
                starts.append(state.from_us)
                codes.append(state.state)
        sent = frame.series[f"{machine}.state"]
        expected = [PACKTAGS_OF_PACKML[c] for c in codes] if machine.startswith("cartoner") else codes
        assert sent.at_us.tolist() == starts[1:]
        assert sent.values.tolist() == expected[1:]


def test_occupations_are_what_the_batch_texts_say(plant: Plant) -> None:
    truth, frame = plant.truth(FROM_US, TO_US, 60.0), plant.frame(FROM_US, TO_US, 60.0)
    for machine in ("filler-1", "lyo-1", "press-1", "casepacker-2"):
        texts = frame.series[f"{machine}.batch"]
        started = [(at, text) for at, text in zip(texts.at_us.tolist(), texts.values, strict=True) if text]
        inside = [(o.from_us, o.batch) for o in truth.occupations if o.machine == machine and o.from_us > FROM_US]
        assert started == inside


def test_occupations_of_a_machine_do_not_overlap(plant: Plant) -> None:
    truth = plant.truth(FROM_US, TO_US, 60.0)
    for machine in SITE.machines:
        own = [o for o in truth.occupations if o.machine == machine]
        assert all(a.to_us <= b.from_us for a, b in itertools.pairwise(own))


def test_counts_are_the_increase_of_the_counters(plant: Plant) -> None:
    truth = plant.truth(FROM_US, TO_US, 60.0)
    first, last = plant.snapshot(FROM_US), plant.snapshot(TO_US)
    for machine, made in truth.produced.items():
        increase = int(last[f"{machine}.produced"].values[0]) - int(first[f"{machine}.produced"].values[0])
        assert increase == pytest.approx(made, abs=1.5), machine
        scrap = int(last[f"{machine}.rejected"].values[0]) - int(first[f"{machine}.rejected"].values[0])
        assert scrap == pytest.approx(truth.rejected[machine], abs=1.5), machine


@pytest.mark.parametrize("step", [1.0, 60.0])
def test_emitted_counts_are_those_of_the_frames(fresh: Plant, step: float) -> None:
    fresh.inject(Fault("disconnect", "blister-1", lasts_s=600), ANCHOR_US - HOUR_US)
    fresh.inject(Fault("jam", "filler-1", lasts_s=900), ANCHOR_US - HOUR_US)
    start = ANCHOR_US - 2 * HOUR_US
    emitted = fresh.truth(start, ANCHOR_US, step).emitted
    got = dict.fromkeys(emitted, 0)
    for n in range(8):
        frame = fresh.frame(start + n * 900 * SECOND_US, start + (n + 1) * 900 * SECOND_US, step)
        for name, series in frame.series.items():
            got[name] += len(series)
    assert got == emitted


def test_machines_in_a_row_are_starved_or_blocked_by_a_stop(plant: Plant) -> None:
    truth = plant.truth(ANCHOR_US - 7 * DAY_US, ANCHOR_US)
    held = [
        s for s in truth.states if s.machine == "blister-1" and s.text in ("Held", "Aborted") and s.to_us - s.from_us > 150e6
    ]
    suspended = [s for s in truth.states if s.machine == "cartoner-1" and s.text == "Suspended"]
    met = [any(s.from_us < h.to_us and s.to_us > h.from_us for s in suspended) for h in held]
    assert len(met) > 10
    assert np.mean(met) > 0.9
