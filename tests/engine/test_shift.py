"""Shift calendars: known answers on the days when clocks change, and laws that hold on every day.

Clock changes by the IANA database: Europe/Dublin forward on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC;
America/New_York forward on 2026-03-08 at 07:00 UTC, back on 2026-11-01 at 06:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.shift import (
    Break,
    Calendar,
    CalendarException,
    Holiday,
    Pattern,
    Shift,
    ShiftRule,
    day_shifts,
    occurrences,
    production_day,
    shift_at,
    utc_us,
)
from engine.time import DAY_US, HOUR_US, us_of

DUBLIN, NEW_YORK = "Europe/Dublin", "America/New_York"
WEEK = ("mon", "tue", "wed", "thu", "fri")


def rule(name: str, start: int, end: int, **more: object) -> ShiftRule:
    return ShiftRule(name, time(start), time(end), **more)  # type: ignore[arg-type]


THREE = Pattern((rule("early", 6, 14), rule("late", 14, 22), rule("night", 22, 6)))
TWO = Pattern((rule("early", 6, 14, days=WEEK), rule("late", 14, 22, days=WEEK)))
FOUR_ON = Pattern(
    (rule("day", 7, 19, teams=("A",) * 4 + ("B",) * 4), rule("night", 19, 7, teams=("C",) * 4 + ("D",) * 4)),
    8,
    date(2026, 1, 5),
)
TWO_TWO_THREE = Pattern(
    (rule("day", 7, 19, teams=tuple("AABBAAABBAABBB")), rule("night", 19, 7, teams=tuple("CCDDCCCDDCCDDD"))),
    14,
    date(2026, 1, 5),
)


def utc(*parts: int) -> int:
    return us_of(datetime(*parts, tzinfo=UTC))  # type: ignore[misc]


def local(zone: str, *parts: int) -> int:
    return us_of(datetime(*parts, tzinfo=ZoneInfo(zone)))  # type: ignore[misc]


def hours(shifts: list[Shift]) -> list[float]:
    return [shift.length_s / 3600 for shift in shifts]


@pytest.mark.parametrize(
    ("zone", "forward", "back"),
    [(DUBLIN, date(2026, 3, 29), date(2026, 10, 25)), (NEW_YORK, date(2026, 3, 8), date(2026, 11, 1))],
)
def test_the_night_in_which_clocks_change_has_7_or_9_hours_and_the_day_23_or_25(zone: str, forward: date, back: date) -> None:
    calendar = Calendar(zone, (THREE,))
    eve = timedelta(days=1)
    assert hours(day_shifts(calendar, forward - eve)) == [8, 8, 7]
    assert hours(day_shifts(calendar, forward)) == [8, 8, 8]
    assert hours(day_shifts(calendar, back - eve)) == [8, 8, 9]
    midnight = Calendar(zone, (Pattern((rule("night", 0, 8), rule("early", 8, 16), rule("late", 16, 0))),))
    assert hours(day_shifts(midnight, forward)) == [7, 8, 8]
    assert hours(day_shifts(midnight, back)) == [9, 8, 8]


def test_the_spring_night_of_dublin_ends_at_five_utc() -> None:
    night = day_shifts(Calendar(DUBLIN, (THREE,)), date(2026, 3, 28))[2]
    assert (night.from_us, night.to_us) == (utc(2026, 3, 28, 22), utc(2026, 3, 29, 5))


def test_the_autumn_night_of_new_york_runs_from_two_to_eleven_utc() -> None:
    night = day_shifts(Calendar(NEW_YORK, (THREE,)), date(2026, 10, 31))[2]
    assert (night.from_us, night.to_us) == (utc(2026, 11, 1, 2), utc(2026, 11, 1, 11))


def test_a_time_that_does_not_exist_means_the_instant_of_the_change() -> None:
    assert utc_us(DUBLIN, datetime(2026, 3, 29, 1, 30)) == utc(2026, 3, 29, 1)
    assert utc_us(NEW_YORK, datetime(2026, 3, 8, 2, 59)) == utc(2026, 3, 8, 7)
    assert utc_us("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 10)) == utc(2026, 10, 3, 15, 30)  # half an hour


def test_a_time_that_exists_twice_means_the_first() -> None:
    assert utc_us(DUBLIN, datetime(2026, 10, 25, 1, 30)) == utc(2026, 10, 25, 0, 30)
    assert utc_us(NEW_YORK, datetime(2026, 11, 1, 1, 30)) == utc(2026, 11, 1, 5, 30)


def test_shifts_that_meet_at_a_doubtful_time_still_meet() -> None:
    calendar = Calendar(
        DUBLIN, (Pattern((ShiftRule("a", time(17, 30), time(1, 30)), ShiftRule("b", time(1, 30), time(9, 30)))),)
    )
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        before, after = day_shifts(calendar, day - timedelta(days=1))[1], day_shifts(calendar, day)[0]
        assert before.to_us == after.from_us
    assert hours(day_shifts(calendar, date(2026, 3, 29)))[0] == 7.5  # 01:00 UTC to 08:30 UTC
    assert hours(day_shifts(calendar, date(2026, 10, 25)))[0] == 9.0


def test_a_shift_within_the_hour_that_is_skipped_does_not_take_place() -> None:
    calendar = Calendar(DUBLIN, (Pattern((rule("handover", 1, 2),)),))
    assert day_shifts(calendar, date(2026, 3, 29)) == []
    assert hours(day_shifts(calendar, date(2026, 10, 25))) == [2]


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    calendar = Calendar(DUBLIN, (THREE,))
    at = local(DUBLIN, 2026, 11, 6, 3)
    shift = shift_at(calendar, at)
    assert shift is not None
    assert (shift.name, shift.day) == ("night", date(2026, 11, 5))
    assert production_day(calendar, at) == date(2026, 11, 5)


def test_the_boundary_belongs_to_the_shift_that_starts() -> None:
    calendar = Calendar(DUBLIN, (THREE,))
    at = local(DUBLIN, 2026, 11, 5, 14)
    before, after = shift_at(calendar, at - 1), shift_at(calendar, at)
    assert before is not None
    assert after is not None
    assert (before.name, after.name, before.to_us) == ("early", "late", at)


def test_outside_all_shifts_the_production_day_is_the_calendar_day() -> None:
    calendar = Calendar(NEW_YORK, (TWO,))
    at = local(NEW_YORK, 2026, 11, 7, 23, 30)  # a Saturday; already Sunday in UTC
    assert shift_at(calendar, at) is None
    assert production_day(calendar, at) == date(2026, 11, 7)


def test_the_shifts_of_a_window_are_those_that_overlap_it_whole() -> None:
    calendar = Calendar(DUBLIN, (THREE,))
    start = local(DUBLIN, 2026, 11, 5, 13)
    found = occurrences(calendar, start, start + HOUR_US)
    assert [(s.name, s.length_s) for s in found] == [("early", 8 * 3600)]
    assert [s.name for s in occurrences(calendar, start, start + HOUR_US + 1)] == ["early", "late"]


def test_four_on_four_off_gives_each_team_half_of_the_days() -> None:
    calendar = Calendar(DUBLIN, (FOUR_ON,))
    teams = [day_shifts(calendar, date(2026, 1, 5) + timedelta(days=n))[0].team for n in range(16)]
    assert teams == ["A"] * 4 + ["B"] * 4 + ["A"] * 4 + ["B"] * 4
    assert day_shifts(calendar, date(2026, 1, 4))[1].team == "D"  # the cycle runs backwards from its anchor too


def test_two_two_three_gives_each_team_every_other_weekend() -> None:
    calendar = Calendar(NEW_YORK, (TWO_TWO_THREE,))
    saturdays = [day_shifts(calendar, date(2026, 1, 10) + timedelta(days=7 * n))[0].team for n in range(4)]
    assert saturdays == ["A", "B", "A", "B"]
    year = [s for n in range(364) for s in day_shifts(calendar, date(2026, 1, 5) + timedelta(days=n))]
    assert {team: sum(s.team == team for s in year) for team in "ABCD"} == dict.fromkeys("ABCD", 182)


def test_a_new_pattern_holds_from_its_day_on() -> None:
    later = Pattern((rule("day", 8, 16),), since=date(2026, 6, 1))
    calendar = Calendar(DUBLIN, (THREE, later))
    assert len(day_shifts(calendar, date(2026, 5, 31))) == 3
    assert [s.name for s in day_shifts(calendar, date(2026, 6, 1))] == ["day"]


def test_holidays_close_exceptions_win_and_overtime_comes_on_top() -> None:
    calendar = Calendar(
        DUBLIN,
        (TWO,),
        (Holiday(date(2026, 12, 25), "Christmas"), Holiday(date(2026, 12, 28))),
        (
            CalendarException(date(2026, 12, 28), reason="orders", shifts=(rule("short", 8, 12),)),
            CalendarException(date(2026, 12, 29), date(2026, 12, 31), closed=True),
            CalendarException(date(2026, 12, 19), extra=(rule("Saturday", 6, 12, team="A"),)),
        ),
    )
    names = {day: [(s.name, s.overtime) for s in day_shifts(calendar, date(2026, 12, day))] for day in (19, 24, 25, 28, 29, 31)}
    week = [("early", False), ("late", False)]
    assert names == {19: [("Saturday", True)], 24: week, 25: [], 28: [("short", False)], 29: [], 31: []}


def test_the_night_before_a_holiday_runs_to_its_end() -> None:
    calendar = Calendar(DUBLIN, (THREE,), (Holiday(date(2026, 12, 25)),))
    shift = shift_at(calendar, local(DUBLIN, 2026, 12, 25, 5, 59))
    assert shift is not None
    assert shift.day == date(2026, 12, 24)
    assert shift_at(calendar, local(DUBLIN, 2026, 12, 25, 6)) is None


def test_breaks_and_shifts_without_production_are_not_planned_time() -> None:
    night = ShiftRule(
        "night", time(22), time(6), breaks=(Break("meal", time(2), time(2, 30)), Break("tea", time(23, 45), time(0)))
    )
    calendar = Calendar(DUBLIN, (Pattern((night, rule("service", 8, 12, planned=False))),))
    service, worked = day_shifts(calendar, date(2026, 11, 5))
    assert (worked.length_s, worked.planned_s) == (8 * 3600, 8 * 3600 - 45 * 60)
    assert service.planned_s == 0
    assert [name for name, _, _ in worked.breaks] == ["tea", "meal"]  # by time, however they are listed
    assert worked.breaks[1] == ("meal", local(DUBLIN, 2026, 11, 6, 2), local(DUBLIN, 2026, 11, 6, 2, 30))


@pytest.mark.parametrize(
    ("patterns", "exceptions", "reason"),
    [
        ((Pattern((rule("a", 6, 14), rule("b", 13, 22))),), (), "starts at 13:00, while “a” still runs"),
        ((Pattern((rule("a", 20, 8), rule("b", 6, 10))),), (), "still runs"),
        ((THREE,), (CalendarException(date(2026, 5, 4), shifts=(rule("soon", 4, 12),)),), "“soon” on 2026-05-04"),
        ((THREE,), (CalendarException(date(2026, 5, 4), extra=(rule("more", 12, 16),)),), "“more” on 2026-05-04"),
        ((THREE, Pattern((rule("early", 4, 12),), since=date(2026, 6, 1))), (), "2026-06-01 starts at 04:00"),
        ((Pattern((rule("a", 6, 14, teams=("A", "B")),), 3),), (), "2 teams for a cycle of 3 days"),
        ((Pattern((rule("a", 6, 14, days=("monday",)),)),), (), "“monday”"),
        ((Pattern((rule("a", 6, 14, days=WEEK, teams=("A",) * 7),)),), (), "leave out days"),
        ((Pattern((rule("a", 6, 14),), 0),), (), "A cycle of 0 days"),
        ((THREE, THREE), (), "Two patterns hold from the same day"),
        ((THREE,), (CalendarException(date(2026, 5, 4), date(2026, 5, 1), closed=True),), "before it begins"),
        ((THREE,), (CalendarException(date(2026, 5, 4), date(2028, 5, 4), closed=True),), "more than 366 days"),
        ((THREE,), (CalendarException(date(2026, 5, 4)),), "must say closed, shift"),
        ((THREE,), (CalendarException(date(2026, 5, 4), closed=True, shifts=(rule("a", 6, 14),)),), "must say closed, shift"),
        ((THREE,), (CalendarException(date(2026, 5, 4), closed=True),) * 2, "Two exceptions speak of 2026-05-04"),
        ((THREE,), (CalendarException(date(2026, 5, 4), shifts=(rule("a", 6, 14, days=WEEK),)),), "the date says when"),
        ((THREE,), (CalendarException(date(1, 1, 1), closed=True),), "outside the years"),
        ((Pattern((rule("a", 6, 14, breaks=(Break("tea", time(15), time(16)),)),)),), (), "not inside the shift"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_with_a_sentence(
    patterns: tuple[Pattern, ...], exceptions: tuple[CalendarException, ...], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        Calendar(DUBLIN, patterns, (), exceptions)


@pytest.mark.parametrize("zone", [DUBLIN, NEW_YORK])
@pytest.mark.parametrize("pattern", [THREE, FOUR_ON, TWO_TWO_THREE])
@pytest.mark.parametrize("year", [2026, 2028])
def test_a_plant_that_never_stops_has_every_microsecond_of_the_year_once(zone: str, pattern: Pattern, year: int) -> None:
    calendar = Calendar(zone, (pattern,))
    shifts = [
        s
        for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
        for s in day_shifts(calendar, date(year, 1, 1) + timedelta(days=n))
    ]
    start = pattern.shifts[0].start.hour
    assert sum(s.to_us - s.from_us for s in shifts) == local(zone, year + 1, 1, 1, start) - local(zone, year, 1, 1, start)
    assert all(a.to_us == b.from_us for a, b in pairwise(shifts))


@pytest.mark.parametrize("zone", [DUBLIN, NEW_YORK])
def test_two_shifts_on_weekdays_sum_to_arithmetic_because_clocks_change_on_sundays(zone: str) -> None:
    calendar = Calendar(zone, (TWO,))
    shifts = occurrences(calendar, local(zone, 2026, 1, 1), local(zone, 2027, 1, 1))
    weekdays = sum((date(2026, 1, 1) + timedelta(days=n)).weekday() < 5 for n in range(365))
    assert sum(s.length_s for s in shifts) == weekdays * 16 * 3600


ZONES = st.sampled_from([DUBLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo", "UTC"])


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Patterns of adjoining or separate shifts in a cycle, with holidays and closed days."""
    cuts = sorted(draw(st.sets(st.integers(0, 95), min_size=1, max_size=4)))
    times = [time(cut // 4, cut % 4 * 15) for cut in cuts]
    cycle = draw(st.integers(1, 10))
    rules = [
        ShiftRule(
            f"s{n}",
            start,
            times[(n + 1) % len(times)],
            teams=tuple(draw(st.lists(st.sampled_from("AB "), min_size=cycle, max_size=cycle))),
        )
        for n, start in enumerate(times)
    ]
    anchor = draw(st.dates(date(2000, 1, 1), date(2030, 1, 1)))
    days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
    closed = draw(st.sets(days, max_size=3))
    return Calendar(
        draw(ZONES),
        (Pattern(tuple(rules), cycle, anchor),),
        tuple(Holiday(day) for day in draw(st.sets(days, max_size=3))),
        tuple(CalendarException(day, closed=True) for day in sorted(closed)),
    )


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(utc(2025, 12, 1), utc(2026, 12, 31)), st.integers(1, 20 * DAY_US))
def test_shifts_never_overlap_and_a_window_finds_exactly_those_of_its_days(calendar: Calendar, start: int, length: int) -> None:
    found = occurrences(calendar, start, start + length)
    assert all(a.to_us <= b.from_us for a, b in pairwise(found))
    assert all(s.from_us < s.to_us for s in found)
    first = datetime.fromtimestamp(start / 1e6, UTC).date() - timedelta(days=4)
    days = (first + timedelta(days=n) for n in range(length // DAY_US + 9))
    wanted = [s for day in days for s in day_shifts(calendar, day) if s.from_us < start + length and s.to_us > start]
    assert found == wanted


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(utc(2026, 1, 1), utc(2026, 12, 31)))
def test_the_shift_at_an_instant_holds_it_and_is_the_only_one(calendar: Calendar, at: int) -> None:
    shift = shift_at(calendar, at)
    around = [s for s in occurrences(calendar, at - 3 * DAY_US, at + 3 * DAY_US) if s.from_us <= at < s.to_us]
    assert around == ([shift] if shift else [])
