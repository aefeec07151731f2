"""Shift calendars: what is planned on paper (patterns, holidays, exceptions) becomes shifts in UTC µs.

A calendar is written in local wall time of its zone, and each of its shifts belongs to the production day on which it
starts: the night shift that starts on the 5th belongs to the 5th. Where the clocks change, two rules hold, so that
adjoining shifts still adjoin and never overlap:

* a time that does not exist (clocks go forward) means the instant of the change;
* a time that exists twice (clocks go back) means the first of the two.

So a night shift 22:00-06:00 lasts 7 h when the clocks go forward in it and 9 h when they go back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from engine.errors import Invalid
from engine.time import DAY_US, moment_of, us_of

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAY = date(1970, 1, 5)
YEARS = (1970, 2199)
LONGEST = 366
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Break:
    """A planned stop inside a shift, in local time."""

    name: str
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class ShiftRule:
    """A shift as the calendar plans it; `end` at or before `start` means the next day.

    In a pattern it is worked on `days` (names of weekdays; none: every day), or by `teams`: one team for each day of the
    cycle, "" where nobody comes. `planned` is False where people are there but production is not planned (maintenance).
    """

    name: str
    start: time
    end: time
    days: tuple[str, ...] = ()
    team: str = ""
    teams: tuple[str, ...] = ()
    planned: bool = True
    overtime: bool = False
    breaks: tuple[Break, ...] = field(default=(), metadata={"key": "break"})

    def team_on(self, day: date, cycle_day: int) -> str | None:
        """Who works this shift on a day; None: the shift is not worked."""
        if self.teams:
            return self.teams[cycle_day] or None
        return self.team if not self.days or WEEKDAYS[day.weekday()] in self.days else None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Shifts that come again every `cycle_days`, counted from `anchor`; holds from `since` until the next pattern."""

    shifts: tuple[ShiftRule, ...] = field(metadata={"key": "shift"})
    cycle_days: int = 7
    anchor: date = MONDAY
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which no shift of the pattern starts."""

    day: date = field(metadata={"key": "date"})
    name: str = ""


@dataclass(frozen=True, slots=True)
class CalendarException:
    """Other hours on the production days `first` to `through` (inclusive): closed, `shifts` instead, or `extra` overtime."""

    first: date = field(metadata={"key": "date"})
    through: date | None = None
    reason: str = ""
    closed: bool = False
    shifts: tuple[ShiftRule, ...] = field(default=(), metadata={"key": "shift"})
    extra: tuple[ShiftRule, ...] = ()

    def covers(self, day: date) -> bool:
        """True on the days of the exception."""
        return self.first <= day <= (self.through or self.first)

    @property
    def replaces(self) -> bool:
        """True when the pattern does not count on these days."""
        return self.closed or bool(self.shifts)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The plan of a place. An exception wins over a holiday, a holiday over the pattern. Raises `Invalid`."""

    time_zone: str
    patterns: tuple[Pattern, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    exceptions: tuple[CalendarException, ...] = ()

    def __post_init__(self) -> None:
        found = list(_rule_problems(self)) or list(_day_problems(self)) or list(_overlaps(self))
        if found:
            raise Invalid(" ".join(found))


@dataclass(frozen=True, slots=True)
class Shift:
    """An occurrence: the shift `name`, worked by `team`, of production day `day`, over [from_us, to_us)."""

    name: str
    team: str
    day: date
    from_us: int
    to_us: int
    planned: bool = True
    overtime: bool = False
    breaks: tuple[tuple[str, int, int], ...] = ()

    @property
    def length_s(self) -> float:
        """From start to end, in seconds."""
        return (self.to_us - self.from_us) / 1e6

    @property
    def planned_s(self) -> float:
        """Without breaks, in seconds; 0 where production is not planned."""
        return self.length_s - sum(to - start for _, start, to in self.breaks) / 1e6 if self.planned else 0.0


def occurrences(calendar: Calendar, from_us: int, to_us: int) -> list[Shift]:
    """The shifts that overlap [from_us, to_us), whole, in order. They never overlap each other."""
    first = moment_of(from_us).date() - 3 * _DAY  # a shift may start 24 h after midnight UTC-12 and last 24 h
    days = (to_us - from_us) // DAY_US + 6
    found = (shift for n in range(days) for shift in _shifts_of(calendar, first + n * _DAY))
    return [shift for shift in found if shift.from_us < to_us and shift.to_us > from_us]


def shift_at(calendar: Calendar, at_us: int) -> Shift | None:
    """The shift that runs at an instant; None when nobody works."""
    return next(iter(occurrences(calendar, at_us, at_us + 1)), None)


def production_day(calendar: Calendar, at_us: int) -> date:
    """The day of the shift that runs at an instant, else the local calendar day."""
    shift = shift_at(calendar, at_us)
    return shift.day if shift else moment_of(at_us).astimezone(ZoneInfo(calendar.time_zone)).date()


def day_shifts(calendar: Calendar, day: date) -> list[Shift]:
    """The shifts of one production day, in order. Resolved from the date alone, whatever the time is now."""
    return list(_shifts_of(calendar, day))


@lru_cache(maxsize=65536)
def utc_us(zone: str, local: datetime) -> int:
    """The instant (UTC µs) of a local wall time: the first of two, and the change itself where it does not exist."""
    tz = ZoneInfo(zone)
    early, late = (us_of(local.replace(tzinfo=tz, fold=fold)) for fold in (0, 1))
    if early <= late:  # it exists, once or twice
        return early
    return _change_between(tz, late, early)


def _change_between(tz: ZoneInfo, before_us: int, after_us: int) -> int:
    """The instant in (before, after] at which the zone's offset changes, to the second."""
    low, high = before_us // 1_000_000, after_us // 1_000_000
    offset = datetime.fromtimestamp(low, UTC).astimezone(tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high * 1_000_000


def _shifts_of(calendar: Calendar, day: date) -> Iterator[Shift]:
    zone = calendar.time_zone
    for rule, team in _rules_on(calendar, day):
        start, end = _span(day, rule.start, rule.end)
        from_us, to_us = utc_us(zone, start), utc_us(zone, end)
        if to_us > from_us:  # a shift within the hour that the clocks skip does not take place
            breaks = tuple(sorted(_breaks_of(rule, start, zone), key=lambda pause: pause[1]))
            yield Shift(rule.name, team, day, from_us, to_us, rule.planned, rule.overtime, breaks)


def _breaks_of(rule: ShiftRule, shift_start: datetime, zone: str) -> Iterator[tuple[str, int, int]]:
    for pause in rule.breaks:
        start, end = _within(shift_start, pause.start, pause.end)
        from_us, to_us = utc_us(zone, start), utc_us(zone, end)
        if to_us > from_us:
            yield pause.name, from_us, to_us


def _rules_on(calendar: Calendar, day: date) -> list[tuple[ShiftRule, str]]:
    """What starts on a day, by time of day: rule and team."""
    exceptions = [e for e in calendar.exceptions if e.covers(day)]
    replaced = next((e for e in exceptions if e.replaces), None)
    if replaced:
        found = [(rule, rule.team) for rule in replaced.shifts]
    elif any(h.day == day for h in calendar.holidays):
        found = []
    else:
        found = _pattern_rules(calendar, day)
    found += [(_as_overtime(rule), rule.team) for e in exceptions for rule in e.extra]
    return sorted(found, key=lambda pair: pair[0].start)


def _pattern_rules(calendar: Calendar, day: date) -> list[tuple[ShiftRule, str]]:
    holding = [p for p in calendar.patterns if p.since is None or p.since <= day]
    if not holding:
        return []
    pattern = max(holding, key=lambda p: p.since or date.min)
    cycle_day = (day - pattern.anchor).days % pattern.cycle_days
    pairs = ((rule, rule.team_on(day, cycle_day)) for rule in pattern.shifts)
    return [(rule, team) for rule, team in pairs if team is not None]


def _as_overtime(rule: ShiftRule) -> ShiftRule:
    return ShiftRule(rule.name, rule.start, rule.end, team=rule.team, planned=rule.planned, overtime=True, breaks=rule.breaks)


def _span(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    """Local wall times of [start, end) beginning on a day; an end at or before the start is on the next day."""
    return datetime.combine(day, start), datetime.combine(day if end > start else day + _DAY, end)


def _within(shift_start: datetime, start: time, end: time) -> tuple[datetime, datetime]:
    """Local wall times of a break: after midnight when it lies before the shift's start on the clock."""
    day = shift_start.date() + (timedelta() if start >= shift_start.time() else _DAY)
    return _span(day, start, end)


def _rule_problems(calendar: Calendar) -> Iterator[str]:
    for pattern in calendar.patterns:
        if not 1 <= pattern.cycle_days <= LONGEST:
            yield f"A cycle of {pattern.cycle_days} days is none; write 1 to {LONGEST}."
        for rule in pattern.shifts:
            yield from _pattern_rule_problems(rule, pattern.cycle_days)
            yield from _break_problems(rule)
    for exception in calendar.exceptions:
        for rule in exception.shifts + exception.extra:
            if rule.days or rule.teams:
                yield f"The shift “{rule.name}” of the exception on {exception.first} has days or teams; the date says when."
            yield from _break_problems(rule)


def _pattern_rule_problems(rule: ShiftRule, cycle_days: int) -> Iterator[str]:
    for day in rule.days:
        if day not in WEEKDAYS:
            yield f"The shift “{rule.name}” has the day “{day}”; days are {', '.join(WEEKDAYS)}."
    if rule.teams and len(rule.teams) != cycle_days:
        yield f"The shift “{rule.name}” names {len(rule.teams)} teams for a cycle of {cycle_days} days."
    if rule.teams and (rule.days or rule.team):
        yield f"The shift “{rule.name}” has teams by day of the cycle; leave out days and team."


def _break_problems(rule: ShiftRule) -> Iterator[str]:
    start, end = _span(MONDAY, rule.start, rule.end)
    reached = start
    for begin, finish, name in sorted((*_within(start, b.start, b.end), b.name) for b in rule.breaks):
        if begin < reached or finish > end:
            yield f"The break “{name}” is not inside the shift “{rule.name}”, or overlaps another break."
        reached = finish


def _day_problems(calendar: Calendar) -> Iterator[str]:
    starts = [p.since for p in calendar.patterns]
    if len(set(starts)) < len(starts):
        yield "Two patterns hold from the same day; give the later one another “since”."
    for day in _dates(calendar):
        if not YEARS[0] <= day.year <= YEARS[1]:
            yield f"The date {day} is outside the years {YEARS[0]} to {YEARS[1]}."
    for exception in calendar.exceptions:
        if (exception.through or exception.first) - exception.first > LONGEST * _DAY:
            yield f"The exception on {exception.first} lasts more than {LONGEST} days; write a pattern that holds from then on."
        if exception.through and exception.through < exception.first:
            yield f"The exception on {exception.first} ends on {exception.through}, before it begins."
        if exception.closed == bool(exception.shifts) and not (exception.extra and not exception.closed):
            yield f"The exception on {exception.first} must say closed, shift (other hours) or extra (overtime)."
    replacing = sorted((e for e in calendar.exceptions if e.replaces), key=lambda e: e.first)
    for earlier, later in pairwise(replacing):
        if earlier.covers(later.first):
            yield f"Two exceptions speak of {later.first}; only overtime (extra) may come on top of another."


def _dates(calendar: Calendar) -> Iterator[date]:
    for pattern in calendar.patterns:
        yield from (pattern.anchor, pattern.since or pattern.anchor)
    for exception in calendar.exceptions:
        yield from (exception.first, exception.through or exception.first)


def _overlaps(calendar: Calendar) -> Iterator[str]:
    """Shifts that overlap on the wall clock, on any day that differs from the others."""
    for first, last in _telling_days(calendar):
        reached, name = datetime.combine(first - _DAY, time()), ""
        for n in range((last - first).days + 1):
            for rule, _ in _rules_on(calendar, first + n * _DAY):
                start, end = _span(first + n * _DAY, rule.start, rule.end)
                if start < reached:
                    yield f"The shift “{rule.name}” on {start:%Y-%m-%d} starts at {start:%H:%M}, while “{name}” still runs."
                    return
                reached, name = end, rule.name


def _telling_days(calendar: Calendar) -> Iterator[tuple[date, date]]:
    """Spans of days that together show every neighbourhood of shifts that the calendar can make."""
    for pattern in calendar.patterns:
        first = pattern.since or pattern.anchor
        yield first - _DAY, first + 2 * max(pattern.cycle_days, 7) * _DAY
    for exception in calendar.exceptions:
        yield exception.first - 2 * _DAY, (exception.through or exception.first) + 2 * _DAY
