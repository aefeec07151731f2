"""Relations between signals have the sign that physics gives them, and what is conserved is conserved."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.time import DAY_US, HOUR_US, SECOND_US
from engine.twin import noise
from engine.twin.faults import Fault
from engine.twin.plant import Frame, Plant
from engine.twin.site import SITE
from engine.twin.truth import made_between
from tests.engine.twin.conftest import ANCHOR_US

FROM_US, TO_US = ANCHOR_US - 6 * DAY_US, ANCHOR_US


@pytest.fixture(scope="module")
def days(plant: Plant) -> Frame:
    return plant.frame(FROM_US, TO_US, 60.0)


def array(frame: Frame, name: str) -> np.ndarray:
    return np.asarray(frame.series[name].values)


def correlation(frame: Frame, one: str, other: str, where: np.ndarray | None = None) -> float:
    a, b = array(frame, one), array(frame, other)
    keep = np.ones(len(a), dtype=bool) if where is None else where
    return float(np.corrcoef(a[keep], b[keep])[0, 1])


def test_heavier_tablets_need_more_force_and_are_harder_and_thicker(days: Frame) -> None:
    running = array(days, "press-1.turret_speed") > 35
    assert correlation(days, "press-1.tablet_weight", "press-1.main_force", running) > 0.5
    assert correlation(days, "press-1.main_force", "press-1.hardness", running) > 0.4
    assert correlation(days, "press-1.main_force", "press-1.ejection_force", running) > 0.1
    assert correlation(days, "press-1.tablet_weight", "press-1.thickness", running) > 0.2


def test_fill_weight_falls_with_speed_and_with_hours_since_adjustment(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 30 * DAY_US, ANCHOR_US - 4 * DAY_US, 60.0)
    weight, speed = array(frame, "filler-1.fill_weight"), array(frame, "filler-1.speed")
    running = speed > 150
    assert np.corrcoef(weight[running], speed[running])[0, 1] < -0.05


def test_energy_depends_on_state_and_idle_is_not_zero(days: Frame) -> None:
    for machine in ("filler-1", "press-1", "blister-1"):
        power = array(days, f"{machine}.power")
        running = np.diff(array(days, f"{machine}.produced"), prepend=0) > 0
        assert power[running].mean() > 1.5 * power[~running].mean() > 0.5


def test_the_meter_is_the_integral_of_the_power(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - DAY_US, ANCHOR_US, 10.0)
    for machine in ("press-1", "chiller-1", "compressor-1", "blister-2", "lyo-1", "ahu-1"):
        power, meter = frame.series[f"{machine}.power"], frame.series[f"{machine}.energy"]
        used = (meter.values[-1] - meter.values[0]) % 100_000.0
        inside = (power.at_us >= meter.at_us[0]) & (power.at_us < meter.at_us[-1])
        assert used == pytest.approx(power.values[inside].sum() * 10 / 3600, rel=0.01), machine


def test_meters_of_air_water_steam_and_cooling_integrate_their_flows(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - DAY_US, ANCHOR_US, 10.0)
    pairs = {"compressor-1.air_volume": "compressor-1.air_flow", "wfi-1.water_volume": "wfi-1.loop_flow"}
    pairs |= {"boiler-1.steam_mass": "boiler-1.steam_flow", "chiller-1.cooling_energy": "chiller-1.cooling_power"}
    for meter, flow in pairs.items():
        used = np.sum(np.diff(frame.series[meter].values) % 100_000.0)
        assert used == pytest.approx(frame.series[flow].values.sum() * 10 / 3600, rel=0.01), meter


def test_room_pressure_falls_while_the_door_is_open_and_comes_back(fresh: Plant) -> None:
    fresh.inject(Fault("door_open", "room-b1", lasts_s=300), ANCHOR_US)
    pressure = fresh.frame(ANCHOR_US - 600 * SECOND_US, ANCHOR_US + 900 * SECOND_US, 1.0).series["room-b1.pressure"]
    during = (pressure.at_us > ANCHOR_US + 60 * SECOND_US) & (pressure.at_us < ANCHOR_US + 300 * SECOND_US)
    assert pressure.values[during].max() < 33 < 40 < np.median(pressure.values[~during])


def test_particles_rise_with_work_and_with_open_doors(days: Frame) -> None:
    particles = days.series["room-c1.particles_05"]
    speed = np.interp(particles.at_us, days.series["washer-1.speed"].at_us, days.series["washer-1.speed"].values)
    assert particles.values[speed > 150].mean() > 2 * particles.values[speed < 1].mean()


def test_the_chiller_works_harder_when_it_is_warm_outside(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 80 * DAY_US, ANCHOR_US, 3600.0)
    assert correlation(frame, "chiller-1.outdoor_temperature", "chiller-1.power") > 0.8
    assert correlation(frame, "chiller-1.outdoor_temperature", "boiler-1.steam_flow") < -0.3


def test_the_compressor_follows_its_consumers(days: Frame) -> None:
    running = sum(
        np.interp(days.series["compressor-1.air_flow"].at_us, s.at_us, np.asarray(s.values) > 10)
        for s in (days.series[f"{m}.speed"] for m in ("blister-1", "filler-1", "washer-1", "cartoner-1"))
    )
    assert np.corrcoef(running, array(days, "compressor-1.air_flow"))[0, 1] > 0.7
    assert correlation(days, "compressor-1.air_flow", "compressor-1.power") > 0.95
    assert correlation(days, "compressor-1.air_flow", "compressor-1.pressure") < -0.5


def test_water_is_drawn_by_cleaning(plant: Plant) -> None:
    at = np.arange(FROM_US, TO_US, 60 * SECOND_US)
    cleaning = plant.world.column("filler-1", "mode", at) == 4
    flow = plant.frame(FROM_US, TO_US, 60.0).series["wfi-1.loop_flow"]
    drawn = np.interp(at, flow.at_us, flow.values)
    washing = plant.world.column("washer-1", "state", at) == 4
    assert drawn[cleaning & ~washing].mean() > drawn[~cleaning & ~washing].mean() + 0.5


def test_vibration_grows_with_wear_and_speed(fresh: Plant) -> None:
    truth = fresh.truth(ANCHOR_US - DAY_US, ANCHOR_US)
    run = max((s for s in truth.states if s.machine == "press-1" and s.state == 4), key=lambda s: s.to_us - s.from_us)
    before = fresh.frame(run.from_us, run.to_us, 10.0).series["press-1.vibration"].values
    fresh.inject(Fault("bearing_wear", "press-1", size=1.0), run.from_us - HOUR_US)
    after = fresh.frame(run.from_us, run.to_us, 10.0).series["press-1.vibration"].values
    assert np.median(after) > 3 * np.median(before)


def test_the_freeze_dryer_goes_through_its_phases(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 14 * DAY_US, ANCHOR_US, 60.0)
    shelf, product = array(frame, "lyo-1.shelf_temperature"), array(frame, "lyo-1.product_temperature")
    vacuum = array(frame, "lyo-1.chamber_pressure")
    at = frame.series["lyo-1.shelf_temperature"].at_us
    line = plant.world.timeline("lyo-1", int(at[0]), int(at[-1]) + 1)
    rows = line.rows_at(at)
    phase, since = np.array(line.phases)[line["phase"][rows]], (at - line["phase_us"][rows]) / 3.6e9
    early = (phase == "Primary drying") & (since > 4) & (since < 12)
    assert shelf[(phase == "Freezing") & (since > 2.5)].max() < -40
    assert (product[early] < shelf[early] - 8).all()
    assert vacuum[early].max() < 0.2
    assert (
        abs(product[(phase == "Primary drying") & (since > 19)] - shelf[(phase == "Primary drying") & (since > 19)]).max() < 4
    )
    assert shelf[(phase == "Secondary drying") & (since > 4)].min() > 20
    assert vacuum[phase == "Cleaning"].size == 0 or vacuum[phase == "Cleaning"].min() > 100


def test_what_one_machine_passes_on_the_next_one_takes(plant: Plant) -> None:
    truth = plant.truth(ANCHOR_US - 9 * DAY_US, ANCHOR_US)
    row = ("blister-1", "cartoner-1", "checkweigher-1", "casepacker-1")
    by_batch = {(o.machine, o.batch): o for o in truth.occupations if o.machine in row}
    inside = [b for m, b in by_batch if m == row[0] and all((other, b) in by_batch for other in row)][1:-2]
    assert len(inside) > 5
    for batch in inside:
        for upstream, downstream in itertools.pairwise(row):
            out = by_batch[upstream, batch].produced - by_batch[upstream, batch].rejected
            share = 0.5 if upstream == "blister-1" else 1.0
            assert by_batch[downstream, batch].produced == pytest.approx(out * share, rel=1e-6)


def test_counters_agree_with_rate_times_running_time(plant: Plant) -> None:
    frame = plant.frame(FROM_US, TO_US, 60.0)
    for machine in ("filler-1", "press-2", "blister-2"):
        produced = frame.series[f"{machine}.produced"]
        line = plant.world.timeline(machine, FROM_US, TO_US)
        _, made, _ = made_between(line, int(produced.at_us[0]), int(produced.at_us[-1]))
        assert produced.values[-1] - produced.values[0] == pytest.approx(made.sum(), abs=2)


def test_oee_of_the_lines_is_plausible(plant: Plant) -> None:
    from_us, to_us = ANCHOR_US - 28 * DAY_US, ANCHOR_US - 7 * DAY_US
    truth = plant.truth(from_us, to_us)
    for machine, share_of_day in (("filler-1", 1), ("press-1", 1), ("press-3", 1), ("blister-1", 1), ("blister-2", 2 / 3)):
        ideal = next(r["per_hour"] for r in SITE.rates if r["machine"].endswith(machine))
        good = truth.produced[machine] - truth.rejected[machine]
        oee = good / (ideal * 21 * 24 * share_of_day)
        print(f"{machine}: {oee:.1%}")
        assert 0.5 < oee < 0.88, machine


def test_noise_is_standard_and_depends_on_the_instant_alone() -> None:
    at = np.arange(0, 200_000, dtype=np.int64) * 1_000_000
    white, smooth = noise.normal(1, at), noise.smooth(1, at, HOUR_US)
    assert abs(white.mean()) < 0.02
    assert white.std() == pytest.approx(1.0, abs=0.01)
    assert np.array_equal(white[100:110], noise.normal(1, at[100:110]))
    assert np.array_equal(smooth[77_777:77_779], noise.smooth(1, at[77_777:77_779], HOUR_US))
    assert np.abs(np.diff(smooth)).max() < 0.01
    assert abs(np.corrcoef(noise.normal(1, at), noise.normal(2, at))[0, 1]) < 0.01
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.01
