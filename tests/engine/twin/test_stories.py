"""What is planted can be found in the signals."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.time import DAY_US, HOUR_US, MINUTE_US, us_of
from engine.twin.plant import Plant
from engine.twin.site import SITE
from engine.twin.stories import Story
from tests.engine.twin.conftest import ANCHOR_US


def story(plant: Plant, key: str) -> Story:
    return next(s for s in plant.stories if s.key == key)


def test_there_are_five_stories_at_places_that_exist(plant: Plant) -> None:
    assert [s.key for s in plant.stories] == ["fill-drift", "bearing", "cold-room", "night-run", "late-order"]
    assert {s.where for s in plant.stories} <= {p.path for p in SITE.places}
    assert all(s.text.endswith(".") for s in plant.stories)


def test_the_fill_weight_drifts_down_and_leaves_its_band_later(plant: Plant) -> None:
    def mean(from_us: int, to_us: int) -> float:
        found = plant.frame(from_us, to_us, 60.0).series
        running = found["filler-1.speed"].values > 100
        return float(found["filler-1.fill_weight"].values[running].mean())

    before = mean(ANCHOR_US - 6 * DAY_US, ANCHOR_US - 2 * DAY_US)
    at_anchor = mean(ANCHOR_US - DAY_US // 2, ANCHOR_US)
    later = mean(ANCHOR_US + 3 * DAY_US, ANCHOR_US + 4 * DAY_US)
    band = SITE.signal("filler-1.fill_weight").limits
    assert band.normal_low is not None
    assert before > at_anchor > band.normal_low > later
    assert before - at_anchor == pytest.approx(0.035, abs=0.012)


def test_the_bearing_has_doubled_its_vibration_at_the_anchor(plant: Plant) -> None:
    def typical(machine: str, day: int) -> float:
        found = plant.frame(ANCHOR_US + day * DAY_US, ANCHOR_US + (day + 2) * DAY_US, 60.0).series
        return float(np.median(found[f"{machine}.vibration"].values[found[f"{machine}.turret_speed"].values > 35]))

    values = [typical("press-3", day) for day in (-25, -15, -8, -2, 8, 18)]
    assert values == sorted(values)
    assert values[3] / values[0] == pytest.approx(2.15, rel=0.1)
    assert values[-1] > 4.5
    assert typical("press-1", -2) / typical("press-1", -25) == pytest.approx(1.0, abs=0.1)


def test_the_cold_room_left_its_range_once_for_about_70_minutes_at_night(plant: Plant) -> None:
    told = story(plant, "cold-room")
    assert 6 * HOUR_US < ANCHOR_US - told.from_us < 54 * HOUR_US
    warm = plant.frame(ANCHOR_US - 20 * DAY_US, ANCHOR_US, 60.0).series["cold-room-1.temperature"]
    outside = warm.at_us[(warm.values > 8) | (warm.values < 2)]
    assert outside[0] > told.from_us
    assert 55 * MINUTE_US < outside[-1] - outside[0] < 85 * MINUTE_US


def test_the_compressor_rests_at_night_but_for_the_last_three_weeks(plant: Plant) -> None:
    zone = ZoneInfo("Europe/Dublin")

    def at_night(day: int) -> float:
        start = us_of(datetime(2026, 11, day, 1, 0, tzinfo=zone))
        return float(plant.frame(start, start + 3 * HOUR_US, 60.0).series["compressor-2.power"].values.mean())

    assert story(plant, "night-run").from_us < us_of(datetime(2026, 10, 29, tzinfo=zone))
    assert at_night(17) > 15
    old = us_of(datetime(2026, 10, 20, 1, 0, tzinfo=zone))
    assert plant.frame(old, old + 3 * HOUR_US, 60.0).series["compressor-2.power"].values.mean() < 1


def test_the_late_order_will_be_finished_after_its_due_date(plant: Plant) -> None:
    told = story(plant, "late-order")
    orders = plant.frame(ANCHOR_US - 14 * DAY_US, ANCHOR_US + 3 * DAY_US, 3600.0).orders
    order = next(o for o in orders if o["number"] in told.text)
    due = us_of(datetime.fromisoformat(order["due_at"]))
    assert told.to_us is not None
    assert told.to_us - due > 12 * HOUR_US
    occupied = [o for o in plant.truth(ANCHOR_US, ANCHOR_US + 10 * DAY_US).occupations if o.order == order["number"]]
    assert max(o.to_us for o in occupied) > due
