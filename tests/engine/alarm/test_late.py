"""Samples that came late are judged as they would have been live."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from engine.alarm import AlarmKind, Priority, Rule
from engine.alarm.late import ANNOUNCED_US, Course, Occurrence, occurrences
from tests.engine.alarm.test_judging import COURSES, RULES, S, rule, run


def course(said: list[tuple[float, float]], fresh_s: float | None = None) -> Course:
    at = np.array([round(t * S) for t, _ in said], np.int64)
    return Course(at, np.array([v for _, v in said], np.float64), None if fresh_s is None else round(fresh_s * S))


def seen(found: list[Occurrence]) -> list[tuple[float, float | None]]:
    return [(o.raised_us / S, None if o.cleared_us is None else o.cleared_us / S) for o in found]


@given(RULES, COURSES)
def test_the_same_is_found_late_as_live(alarm: Rule, said: list[tuple[float, float]]) -> None:
    changes = run(alarm, said)
    pairs = [(when, next((t for t, on in changes[i + 1 :] if not on), None)) for i, (when, on) in enumerate(changes) if on]
    assert seen(list(occurrences(alarm, course(said)))) == pairs


def test_silence_decides_nothing() -> None:
    alarm = rule(on_delay_s=60)
    assert seen(list(occurrences(alarm, course([(0, 9), (1000, 5)], 90)))) == [(60, 1000)]
    assert seen(list(occurrences(rule(on_delay_s=200), course([(0, 9), (1000, 5)], 90)))) == []
    assert seen(list(occurrences(rule(on_delay_s=200), course([(0, 9), (1000, 9), (1010, 5)], 90)))) == [(1000, 1010)]


def test_while_suppressed_by_design_nothing_is_found() -> None:
    said = [(0, 9.0), (100, 9.0), (200, 5.0)]
    assert seen(list(occurrences(rule(), course(said), ()))) == []
    (found,) = occurrences(rule(), course(said), ((50 * S, 150 * S),))
    assert (found.raised_us, found.cleared_us, found.suppressed) == (50 * S, 150 * S, True)


def test_states_are_judged_by_their_course() -> None:
    alarm = rule(AlarmKind.STATE, states=("aborted",), on_delay_s=5)
    assert seen(list(occurrences(alarm, course([(0, 0), (10, 1), (13, 0), (20, 1), (40, 0)])))) == [(25, 40)]


def test_an_empty_course_has_no_alarm() -> None:
    assert list(occurrences(rule(), course([]))) == []


def test_what_is_old_or_low_is_recorded_only() -> None:
    def found(priority: Priority, age_us: int) -> bool:
        return Occurrence(rule(priority=priority), 0, 0, 1, 9.0).announced(age_us)

    assert found(Priority.URGENT, ANNOUNCED_US - 1)
    assert found(Priority.HIGH, ANNOUNCED_US - 1)
    assert not found(Priority.LOW, 1)
    assert not found(Priority.URGENT, ANNOUNCED_US + 1)
