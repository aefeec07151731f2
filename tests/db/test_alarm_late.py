"""Alarms in samples that came late, in the database: found, recorded once, and holding up nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from db import alarm, job
from db.historian import load
from db.store import AUDIT_LOCK
from engine.access import SYSTEM
from engine.alarm import AlarmState
from engine.historian.block import SampleBlock
from engine.jobs.alarm import judge_late
from engine.tag import ValueKind, bits_of
from engine.time import DAY_US
from tests.db.test_alarm import NOW, Plant, S, plant, shelve  # noqa: F401  # the fixture


def history_of(plant: Plant, values: list[float], from_s: float) -> None:  # noqa: F811
    """History of the cold room: a value every 30 s."""
    tag = plant.tags["cold.temperature"][0]
    at = NOW + np.round((from_s + 30 * np.arange(len(values))) * S).astype(np.int64)
    bits = bits_of(ValueKind.FLOAT, values)
    load(
        plant.store,
        plant.nodes["dublin"],
        SampleBlock(np.full(len(at), tag), at, np.zeros(len(at)), bits, np.zeros(len(at)), at),
    )


def test_samples_that_came_late_raise_what_was_missed_once(plant: Plant) -> None:  # noqa: F811
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -7200)
    assert judge_late(plant.store, alarm, job, NOW) == 1
    found = plant.one("cold.high")
    assert found.state is AlarmState.RETURNED
    begin = NOW - 7200 * S + 20 * 30 * S
    assert (found.since_us, found.raised_at_us, found.cleared_at_us) == (begin, begin + 60 * S, begin + 660 * S)
    history_of(plant, [5.1] * 3, -9000)
    assert judge_late(plant.store, alarm, job, NOW) == 0
    assert len(alarm.journal(SYSTEM, plant.store, None, 0, 2**60)) == 1


def test_what_is_found_after_days_is_recorded_but_not_announced(plant: Plant) -> None:  # noqa: F811
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -4 * 86_400)
    judge_late(plant.store, alarm, job, NOW)
    assert plant.standing() == {}
    (found,) = alarm.journal(SYSTEM, plant.store, None, 0, 2**60)
    assert found.ended_as == "found_late"


def load_says(plant: Plant, name: str, said: list[tuple[float, float]]) -> None:  # noqa: F811
    """History of one signal: (seconds, value) pairs, sealed at once."""
    tag, kind = plant.tags[name]
    at = NOW + np.array([round(t * S) for t, _ in said], np.int64)
    bits = bits_of(ValueKind(kind), [v for _, v in said])
    zeros = np.zeros(len(at))
    load(plant.store, plant.nodes["dublin"], SampleBlock(np.full(len(at), tag), at, zeros, bits, zeros, at))


def recorded(plant: Plant, key: str) -> list[Any]:  # noqa: F811
    return [a for a in alarm.journal(SYSTEM, plant.store, None, 0, 2**60) if a.key == key]


def force_of(high_at_s: float, n: int = 60) -> list[tuple[float, float]]:
    """The force every 10 s, high for the 20 samples from a time on."""
    return [(high_at_s + 10 * (i - 20), 25.0 if 20 <= i < 40 else 10.0) for i in range(n)]


def test_a_machine_that_has_run_for_long_has_its_late_alarms(plant: Plant) -> None:  # noqa: F811
    """Its state was told ten hours before, when it started, and not since."""
    load_says(plant, "press.state", [(-60_000, 8), (-43_200, 4)])
    load_says(plant, "press.force", force_of(-7200))
    assert judge_late(plant.store, alarm, job, NOW) >= 1
    (found,) = recorded(plant, "press.force")
    assert (found.raised_at_us, found.cleared_at_us) == (NOW - 7200 * S, NOW - 7000 * S)


def test_a_machine_that_stood_has_none(plant: Plant) -> None:  # noqa: F811
    load_says(plant, "press.state", [(-60_000, 4), (-43_200, 8)])
    load_says(plant, "press.force", force_of(-7200))
    judge_late(plant.store, alarm, job, NOW)
    assert recorded(plant, "press.force") == []


def test_an_alarm_at_another_place_than_its_signal_is_judged_late(plant: Plant) -> None:  # noqa: F811
    with plant.store.change("test", "the room's alarm belongs to the site") as change:
        change.connection.execute(
            text("update alarm_definition set location_id = :site where key = 'cold.high'"), {"site": plant.nodes["dublin"]}
        )
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -7200)
    assert judge_late(plant.store, alarm, job, NOW) == 1
    assert plant.one("cold.high").node_id == plant.nodes["dublin"]


def test_damaged_samples_of_one_room_hold_up_no_other(plant: Plant) -> None:  # noqa: F811
    history_of(plant, [9.0] * 20 + [5.0] * 20, -3600)
    with plant.store.write() as connection:
        connection.execute(text("update chunk set checksum = checksum # 1"))
    load_says(plant, "press.force", force_of(-7200))
    load_says(plant, "press.state", [(-43_200, 4)])
    judge_late(plant.store, alarm, job, NOW)
    assert len(recorded(plant, "press.force")) == 1
    with plant.store.write() as connection:
        waiting = connection.execute(text("select location_id, at > now() from stale where capability = 'alarm'")).all()
        connection.execute(text("update chunk set checksum = checksum # 1 where tag_id = :tag"),
                           {"tag": plant.tags["cold.temperature"][0]})  # fmt: skip
        connection.execute(text("update stale set at = now() - interval '1 second'"))
    assert waiting == [(plant.nodes["cold"], True)]
    assert judge_late(plant.store, alarm, job, NOW) == 1


@pytest.mark.parametrize("hours", [9, 60])
def test_an_alarm_that_stays_for_long_is_recorded_whole(plant: Plant, hours: int) -> None:  # noqa: F811
    """It is raised within the late range, and returns to normal long after what came late."""
    high, low = -80 * 3600, (hours - 80) * 3600
    load_says(plant, "press.state", [(high, 8), (low, 4)])
    with plant.store.write() as connection:
        connection.execute(text("delete from stale"))
        job.mark_stale(connection, "alarm", 1, plant.nodes["press"], NOW + high * S, NOW + high * S + 1, "late")
    assert judge_late(plant.store, alarm, job, NOW) == 1
    (found,) = recorded(plant, "press.aborted")
    assert (found.raised_at_us, found.cleared_at_us) == (NOW + high * S, NOW + low * S)


def test_the_end_of_what_is_judged_is_no_end_of_an_alarm_that_is_suppressed_by_design(plant: Plant) -> None:  # noqa: F811
    load_says(plant, "press.state", [(-90 * 3600, 4)])
    load_says(plant, "press.force", [(t, 25.0) for t in range(-80 * 3600, -60 * 3600, 30)] + [(-60 * 3600, 10.0)])
    with plant.store.write() as connection:
        connection.execute(text("delete from stale"))
        at = NOW - 80 * 3600 * S
        job.mark_stale(connection, "alarm", 1, plant.nodes["press"], at, at + 1, "late")
    assert judge_late(plant.store, alarm, job, NOW) == 1
    (found,) = recorded(plant, "press.force")
    assert (found.raised_at_us, found.cleared_at_us) == (NOW - 80 * 3600 * S, NOW - 60 * 3600 * S)


def test_a_delay_that_ends_after_the_late_sample_is_waited_for(plant: Plant) -> None:  # noqa: F811
    with plant.store.change("test", "a delay") as change:
        change.connection.execute(text("update alarm_definition set on_delay_s = 5 where key = 'press.aborted'"))
    plant.says("press.state", 8, -7200)
    plant.says("press.state", 4, -7000)
    assert judge_late(plant.store, alarm, job, NOW) == 1
    assert recorded(plant, "press.aborted")[0].raised_at_us == NOW - 7195 * S


def test_shelving_now_loses_nothing_of_before_and_announces_nothing(plant: Plant) -> None:  # noqa: F811
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -7200)
    shelve(plant, "cold.high", 3600, -60)
    assert judge_late(plant.store, alarm, job, NOW) == 1
    assert [a.ended_as for a in recorded(plant, "cold.high")] == ["found_late"]
    assert "cold.high" not in plant.standing()


def test_what_happened_while_an_alarm_was_shelved_is_not_told_afterwards(plant: Plant) -> None:  # noqa: F811
    shelve(plant, "cold.high", -3600, -8000)
    plant.judge(0)
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -7200)
    assert judge_late(plant.store, alarm, job, NOW) == 0
    assert recorded(plant, "cold.high") == []


def test_long_late_history_is_judged_in_pieces_and_no_change_waits_for_it(
    plant: Plant,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -12 * 86_400)
    history_of(plant, [5.0] * 20 + [9.0] * 20 + [5.0] * 20, -7200)
    with plant.store.write() as connection:
        connection.execute(text("delete from stale"))
        job.mark_stale(connection, "alarm", 1, plant.nodes["cold"], NOW - 13 * DAY_US, NOW, "late")
    asked: list[tuple[int, int]] = []
    courses = alarm.courses

    def watched(connection: Any, node: int, from_us: int, to_us: int, *rest: Any) -> Any:
        asked.append((from_us, to_us))
        with plant.store.write() as other:
            assert other.execute(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": AUDIT_LOCK}).scalar()
        return courses(connection, node, from_us, to_us, *rest)

    monkeypatch.setattr(alarm, "courses", watched)
    assert judge_late(plant.store, alarm, job, NOW) == 2
    assert [(to - from_) / DAY_US for from_, to in asked] == [5.5, 5.5, 3.5]
    assert asked == sorted(asked, reverse=True)
    assert len(plant.standing()) == 1
