"""Alarms in the database: judged from what is stored, through the audited door, once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from db import alarm, job
from db import config as kept
from db.historian import ingest
from db.source import set_state
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.alarm import AlarmState, Priority
from engine.config import parse
from engine.errors import Conflict, Invalid, NotFound
from engine.historian.block import Intake, SampleBlock
from engine.jobs.alarm import judge_all
from engine.tag import BAD_SENSOR_FAILURE, GOOD, ValueKind, bits_of

S = 1_000_000
NOW = 1_789_999_200 * S
PLANT = """
format = 1
[[location]]
path = "acme"
name = "Acme"
kind = "enterprise"
[[location]]
path = "acme/dublin"
name = "Dublin"
kind = "site"
time_zone = "Europe/Dublin"
currency = "EUR"
[[location]]
path = "acme/dublin/cold"
name = "Cold room"
kind = "room"
[[location]]
path = "acme/dublin/press"
name = "Press"
kind = "machine"
machine = { class = "press" }
[[state_table]]
name = "states"
title = "States"
codes = { 4 = ["Execute", "running"], 8 = ["Aborted", "aborted"] }
[[source]]
site = "acme/dublin"
name = "rooms"
kind = "mqtt"
settings = { host = "127.0.0.1" }
[[tag]]
at = "acme/dublin/cold"
name = "cold.temperature"
title = "Temperature"
kind = "float"
unit = "°C"
interval_s = 30
limits = { alarm_low = 2, alarm_high = 8 }
[[tag]]
at = "acme/dublin/press"
name = "press.state"
title = "State"
kind = "state"
state_table = "states"
[[tag]]
at = "acme/dublin/press"
name = "press.force"
title = "Force"
kind = "float"
unit = "kN"
interval_s = 10
[[alarm]]
at = "acme/dublin/cold"
key = "cold.high"
title = "Cold room warm"
kind = "above"
priority = "urgent"
consequence = "Medicines leave 2 to 8 °C."
response = "Close the door."
respond_within_s = 900
tag = "cold.temperature"
deadband = 0.5
on_delay_s = 60
off_delay_s = 60
[[alarm]]
at = "acme/dublin/cold"
key = "cold.silent"
title = "No temperature"
kind = "stale"
priority = "low"
consequence = "Conditions are not recorded."
response = "Read the display."
respond_within_s = 900
tag = "cold.temperature"
[[alarm]]
at = "acme/dublin/press"
key = "press.aborted"
title = "Press aborted"
kind = "state"
priority = "low"
consequence = "The plan is missed."
response = "Read the panel."
respond_within_s = 600
tag = "press.state"
states = ["aborted"]
[[alarm]]
at = "acme/dublin/press"
key = "press.force"
title = "Force high"
kind = "above"
priority = "high"
consequence = "Punches break."
response = "Slow down."
respond_within_s = 600
tag = "press.force"
limit = 20
only_while = { tag = "press.state", states = ["running"] }
[[alarm]]
at = "acme/dublin"
key = "rooms.lost"
title = "Rooms lost"
kind = "source"
priority = "high"
consequence = "Nothing is known of the rooms."
response = "Look at the gateway."
respond_within_s = 600
source = "rooms"
on_delay_s = 10
"""


class Plant:
    """A small plant, and the ways in which a test makes it speak."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.change("test", "a small plant") as change:
            kept.apply(change, kept.read_config(store), parse(PLANT))
        with store.read() as connection:
            self.tags = {r[0]: r[1:] for r in connection.execute(text("select name, id, kind from tag"))}
            self.nodes = {r[0]: r[1] for r in connection.execute(text("select slug, id from location"))}
            self.keys = {r[0]: r[1] for r in connection.execute(text("select key, id from alarm_definition"))}
        self.through = 0

    def says(self, name: str, value: float, at_s: float, status: int = GOOD) -> None:
        """A source delivers one sample."""
        tag, kind = self.tags[name]
        at = np.array([NOW + round(at_s * S)])
        block = SampleBlock(np.array([tag]), at, np.zeros(1), bits_of(ValueKind(kind), [value]), np.array([status]), at)
        self.through += 1
        ingest(self.store, "w", self.through, Intake(self.nodes["dublin"], 1, block))

    def judge(self, at_s: float) -> int:
        return judge_all(self.store, alarm, NOW + round(at_s * S))

    def standing(self) -> dict[str, AlarmState]:
        return {a.key: a.state for a in alarm.standing(SYSTEM, self.store)}

    def one(self, key: str) -> Any:
        return next(a for a in alarm.standing(SYSTEM, self.store) if a.key == key)

    def acknowledge(self, key: str, at_s: float, who: str = "operator") -> None:
        with self.store.change(who, "acknowledged") as change:
            alarm.acknowledge(SYSTEM, change, [self.one(key).id], NOW + round(at_s * S))


@pytest.fixture
def plant(store: Store) -> Plant:
    made = Plant(store)
    set_state(store, 1, "connected", last_sample_us=NOW)
    made.says("cold.temperature", 5.0, 0)
    made.says("press.state", 4, 0)
    made.says("press.force", 10, 0)
    assert made.judge(0) == 0
    return made


def hold_source(plant: Plant, at_s: float) -> None:
    set_state(plant.store, 1, "connected", last_sample_us=NOW + round(at_s * S))


def test_the_configuration_comes_back_as_it_was_written(plant: Plant) -> None:
    assert kept.read_config(plant.store).alarms == parse(PLANT).alarms
    with plant.store.change("test", "again") as change:
        assert not kept.apply(change, kept.read_config(plant.store), parse(PLANT))


def test_a_room_that_warms_up_raises_after_its_delay_and_clears_with_hysteresis(plant: Plant) -> None:
    for at, value, state in (
        (30, 8.4, None), (60, 8.5, None), (90, 8.6, AlarmState.UNACKNOWLEDGED), (120, 7.8, AlarmState.UNACKNOWLEDGED),
        (180, 7.8, AlarmState.UNACKNOWLEDGED), (210, 7.4, AlarmState.UNACKNOWLEDGED), (270, 7.4, AlarmState.RETURNED),
    ):  # fmt: skip
        plant.says("cold.temperature", value, at)
        hold_source(plant, at)
        plant.judge(at)
        assert plant.standing().get("cold.high") is state, at
    found = plant.one("cold.high")
    assert (found.since_us, found.raised_at_us, found.cleared_at_us) == (NOW + 30 * S, NOW + 90 * S, NOW + 270 * S)
    assert (found.value, found.limit, found.unit, found.place) == (8.6, 8.0, "°C", "Cold room")


def test_judging_twice_writes_once_and_quiet_seconds_write_nothing(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    assert [plant.judge(2), plant.judge(2), plant.judge(3)] == [1, 0, 0]
    with plant.store.read() as connection:
        entries = connection.execute(text("select count(*) from audit_entry where table_name = 'alarm'")).scalar()
    assert entries == 1
    plant.judge(4)
    with plant.store.read() as connection:
        assert connection.execute(text("select count(*) from audit_entry where table_name = 'alarm'")).scalar() == 1


def test_a_transition_is_written_by_the_job_with_its_reason_and_raises_the_revision_of_all_above(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    with plant.store.read() as connection:
        actor, reason = connection.execute(text("select actor, reason from audit_entry where table_name = 'alarm'")).one()
    assert actor == "job:alarm"
    assert reason
    pairs = [("alarm", plant.nodes[n]) for n in ("press", "dublin", "acme", "cold")] + [("alarm", 0)]
    assert list(job.revisions(plant.store, pairs).values()) == [1, 1, 1, 0, 1]


def test_a_lost_signal_never_clears_an_alarm_and_raises_its_own(plant: Plant) -> None:
    plant.says("cold.temperature", 9.0, 10)
    plant.judge(10)
    plant.judge(75)
    assert plant.standing()["cold.high"] is AlarmState.UNACKNOWLEDGED
    plant.judge(4000)
    assert plant.standing()["cold.high"] is AlarmState.UNACKNOWLEDGED
    assert plant.standing()["cold.silent"] is AlarmState.UNACKNOWLEDGED


def test_a_bad_value_is_no_value(plant: Plant) -> None:
    plant.says("cold.temperature", 99.0, 10, BAD_SENSOR_FAILURE)
    plant.judge(75)
    assert plant.standing() == {"cold.silent": AlarmState.UNACKNOWLEDGED}


def test_a_source_that_is_lost_is_told_after_its_delay(plant: Plant) -> None:
    set_state(plant.store, 1, "disconnected", "connection refused")
    plant.judge(1)
    assert "rooms.lost" not in plant.standing()
    plant.judge(11)
    assert plant.standing()["rooms.lost"] is AlarmState.UNACKNOWLEDGED


def test_a_process_alarm_is_suppressed_while_its_machine_does_not_run(plant: Plant) -> None:
    plant.says("press.force", 25, 1)
    plant.judge(1)
    assert plant.standing()["press.force"] is AlarmState.UNACKNOWLEDGED
    plant.says("press.state", 8, 2)
    plant.judge(2)
    assert "press.force" not in plant.standing()
    plant.says("press.state", 4, 3)
    plant.says("press.force", 25, 3)
    plant.judge(3)
    assert plant.standing()["press.force"] is AlarmState.UNACKNOWLEDGED
    ends = [a.ended_as for a in alarm.history(SYSTEM, plant.store, plant.keys["press.force"])]
    assert ends == [None, "suppressed"]


def test_acknowledging_names_the_person_and_ends_what_has_returned(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    plant.acknowledge("press.aborted", 5, "operator")
    assert plant.standing()["press.aborted"] is AlarmState.ACKNOWLEDGED
    plant.says("press.state", 4, 6)
    plant.judge(6)
    assert "press.aborted" not in plant.standing()
    last = alarm.history(SYSTEM, plant.store, plant.keys["press.aborted"])[0]
    assert (last.acked_by, last.acked_at_us, last.ended_as) == ("operator", NOW + 5 * S, "normal")
    plant.says("press.state", 8, 7)
    plant.judge(7)
    plant.says("press.state", 4, 8)
    plant.judge(8)
    assert plant.standing()["press.aborted"] is AlarmState.RETURNED
    plant.acknowledge("press.aborted", 9)
    assert "press.aborted" not in plant.standing()
    with plant.store.read() as connection:
        who = connection.execute(text("select actor from audit_entry where table_name = 'alarm' order by id")).scalars().all()
    assert who == ["job:alarm", "operator", "job:alarm", "job:alarm", "job:alarm", "operator"]


def test_an_alarm_is_acknowledged_once(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    number = plant.one("press.aborted").id
    plant.acknowledge("press.aborted", 2, "one")
    with pytest.raises(Conflict, match="by one"), plant.store.change("two", "late") as change:
        alarm.acknowledge(SYSTEM, change, [number], NOW + 3 * S)


def test_an_alarm_outside_the_scope_is_not_there(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    elsewhere = scope_of([plant.nodes["cold"]])
    assert alarm.standing(elsewhere, plant.store) == []
    assert alarm.counts(elsewhere, plant.store) == {}
    number = plant.one("press.aborted").id
    with pytest.raises(NotFound), plant.store.change("x", "foreign") as change:
        alarm.acknowledge(elsewhere, change, [number], NOW)
    with pytest.raises(NotFound), plant.store.change("x", "foreign") as change:
        alarm.shelve(elsewhere, change, plant.keys["press.aborted"], NOW + 60 * S, NOW)
    with pytest.raises(NotFound):
        alarm.definition(elsewhere, plant.store, plant.keys["press.aborted"])


def test_a_returned_alarm_that_comes_again_is_raised_anew(plant: Plant) -> None:
    for at, code in ((1, 8), (2, 4), (3, 8)):
        plant.says("press.state", code, at)
        plant.judge(at)
    assert plant.standing()["press.aborted"] is AlarmState.UNACKNOWLEDGED
    assert [a.ended_as for a in alarm.history(SYSTEM, plant.store, plant.keys["press.aborted"])] == [None, "repeated"]


def shelve(plant: Plant, key: str, until_s: float, at_s: float) -> None:
    with plant.store.change("operator", "sensor is being changed") as change:
        alarm.shelve(SYSTEM, change, plant.keys[key], NOW + round(until_s * S), NOW + round(at_s * S))


def test_a_shelved_alarm_is_quiet_shown_and_comes_back_by_itself(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    shelve(plant, "press.aborted", 100, 2)
    plant.judge(3)
    assert "press.aborted" not in plant.standing()
    (aside,) = alarm.asides(SYSTEM, plant.store, NOW + 50 * S)
    assert (aside.kind, aside.reason, aside.by_name) == (AlarmState.SHELVED, "sensor is being changed", "operator")
    assert aside.active
    plant.judge(101)
    assert plant.standing()["press.aborted"] is AlarmState.UNACKNOWLEDGED
    assert alarm.asides(SYSTEM, plant.store, NOW + 102 * S) == []


def test_a_shelf_has_a_time_limit_and_what_is_shelved_is_not_shelved_again(plant: Plant) -> None:
    with pytest.raises(Invalid, match="24 hours"):
        shelve(plant, "press.aborted", 25 * 3600, 0)
    with pytest.raises(Invalid):
        shelve(plant, "press.aborted", -1, 0)
    shelve(plant, "press.aborted", 100, 0)
    with pytest.raises(Conflict, match="shelved"):
        shelve(plant, "press.aborted", 100, 1)


def test_out_of_service_holds_until_it_is_brought_back(plant: Plant) -> None:
    with plant.store.change("maintenance", "press is being rebuilt") as change:
        alarm.remove(SYSTEM, change, plant.keys["press.aborted"], NOW)
    plant.says("press.state", 8, 1)
    plant.judge(1)
    plant.judge(90_000)
    assert "press.aborted" not in plant.standing()
    with plant.store.change("maintenance", "rebuilt") as change:
        alarm.bring_back(SYSTEM, change, plant.keys["press.aborted"], NOW + 2 * S)
    plant.judge(90_001)
    assert plant.standing()["press.aborted"] is AlarmState.UNACKNOWLEDGED
    with pytest.raises(Conflict), plant.store.change("maintenance", "again") as change:
        alarm.bring_back(SYSTEM, change, plant.keys["press.aborted"], NOW + 3 * S)


def test_a_definition_that_is_taken_away_takes_its_alarm_along_and_keeps_its_history(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    plant.judge(1)
    without = "".join(p for p in PLANT.partition("[[alarm]]")[0:1])
    with plant.store.change("engineer", "no alarms") as change:
        kept.apply(change, kept.read_config(plant.store), parse(without))
    plant.judge(2)
    assert plant.standing() == {}
    assert [a.ended_as for a in alarm.journal(SYSTEM, plant.store, None, 0, 2**60)] == ["removed"]


def test_a_restart_changes_nothing(plant: Plant) -> None:
    """What a delay has run is stored: a new process goes on where the old one ended."""
    plant.says("cold.temperature", 9.0, 10)
    plant.judge(10)
    with plant.store.read() as connection:
        pending = connection.execute(text("select pending_us from alarm_condition")).scalars().all()
    assert NOW + 10 * S in pending
    other = Store(plant.store.url)
    try:
        judge_all(other, alarm, NOW + 70 * S)
    finally:
        other.close()
    assert plant.standing()["cold.high"] is AlarmState.UNACKNOWLEDGED


def test_counts_are_those_of_the_place_itself(plant: Plant) -> None:
    plant.says("press.state", 8, 1)
    set_state(plant.store, 1, "refused")
    plant.judge(1)
    plant.judge(20)
    assert alarm.counts(SYSTEM, plant.store) == {
        plant.nodes["press"]: {Priority.LOW: 1},
        plant.nodes["dublin"]: {Priority.HIGH: 1},
    }
    plant.acknowledge("press.aborted", 21)
    assert alarm.counts(SYSTEM, plant.store, unacknowledged=True) == {plant.nodes["dublin"]: {Priority.HIGH: 1}}
