"""Weeks of a line: from 06:00 local time on its weekday. A line is empty then, so that weeks can be planned alone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.time import DAY_US, HOUR_US, moment_of, us_of

ZONE = ZoneInfo("Europe/Dublin")
_MONDAY = date(1970, 1, 5)
_SHIFT_START = time(6)


@lru_cache(maxsize=4096)
def start_of(week: int, weekday: int) -> int:
    """µs at which a week begins that starts on `weekday` (0: Monday)."""
    day = _MONDAY + timedelta(days=7 * week + weekday)
    return us_of(datetime.combine(day, _SHIFT_START, tzinfo=ZONE))


def week_of(at_us: int, weekday: int) -> int:
    """The week that holds an instant."""
    week = (at_us // DAY_US - 4 - weekday) // 7
    while start_of(week, weekday) > at_us:
        week -= 1
    while start_of(week + 1, weekday) <= at_us:
        week += 1
    return int(week)


def label(week: int, weekday: int) -> str:
    """Two digits of the year and two of the ISO week, for batch and order numbers."""
    year, number, _ = moment_of(start_of(week, weekday) + 12 * HOUR_US).astimezone(ZONE).isocalendar()
    return f"{year % 100:02d}{number:02d}"


def local_hours(week: int, weekday: int, start_h: float, end_h: float) -> list[tuple[float, float]]:
    """Daily windows between two local hours (`end_h` may pass 24), in seconds after the week's start, in order."""
    begin = start_of(week, weekday)
    first = _MONDAY + timedelta(days=7 * week + weekday - 1)
    found = []
    for day in (first + timedelta(days=n) for n in range(9)):
        start, end = (_seconds(day, hour, begin) for hour in (start_h, end_h))
        found.append((start, end))
    length = (start_of(week + 1, weekday) - begin) / 1e6
    return [(max(0.0, a), min(b, length)) for a, b in found if b > 0 and a < length]


def _seconds(day: date, hour: float, begin_us: int) -> float:
    whole = int(hour)
    moment = datetime.combine(day + timedelta(days=whole // 24), time(whole % 24, round((hour - whole) * 60)), tzinfo=ZONE)
    return (us_of(moment) - begin_us) / 1e6
