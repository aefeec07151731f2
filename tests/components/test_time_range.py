"""What the range button says, for every form of range."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from components import time_range
from components.view import Clocks, View, read
from engine.time import DAY_US, HOUR_US, us_of

NOW = us_of(datetime(2026, 11, 22, 14, 42, 10, tzinfo=UTC))
CLOCKS = Clocks(
    NOW,
    "Europe/Dublin",
    "America/New_York",
    {
        "shift": us_of(datetime(2026, 11, 22, 14, tzinfo=UTC)),
        "last-shift": us_of(datetime(2026, 11, 22, 6, tzinfo=UTC)),
        "today": us_of(datetime(2026, 11, 22, tzinfo=UTC)),
    },
)


def said(query: str) -> str:
    shown = time_range.label(read("/machine", query, CLOCKS), NOW)
    return "".join(str(part if isinstance(part, str) else part.children) for part in shown).strip()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Last 8 hours GMT"),
        ("?from=now-5m", "Last 5 minutes GMT"),
        ("?from=now-1m", "Last minute GMT"),
        ("?from=now-90s", "Last 90 seconds GMT"),
        ("?from=now-60m", "Last hour GMT"),
        ("?from=now-24h", "Last 24 hours GMT"),
        ("?from=now-36h", "Last 36 hours GMT"),
        ("?from=now-3d", "Last 3 days GMT"),
        ("?from=now-1w", "Last 7 days GMT"),
        ("?from=now-2w", "Last 14 days GMT"),
        ("?from=now-5m&tz=own", "Last 5 minutes EST"),
    ],
)
def test_a_range_that_moves_along_is_named_by_its_length(query: str, words: str) -> None:
    assert said(query) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=shift", "This shift · 14:00–now GMT"),
        ("?from=today", "Today · 00:00–now GMT"),
        ("?from=last-shift&to=shift", "Last shift · 06:00–14:00 GMT"),
        ("?from=last-shift", "Since 06:00 GMT"),
        ("?from=2026-11-22T08:00", "Since 08:00 GMT"),
        ("?from=2026-11-20T08:00", "Since Fri 20 Nov 08:00 GMT"),
    ],
)
def test_a_range_from_a_point_in_time_says_since_when(query: str, words: str) -> None:
    assert said(query) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=2026-11-22T08:00&to=2026-11-22T09:30", "08:00–09:30 GMT"),
        ("?from=2026-11-22 08:00&to=2026-11-22 08:01:30", "08:00:00–08:01:30 GMT"),
        ("?from=2026-11-17T08:00:00&to=2026-11-17T08:00:30", "Tue 17 Nov 08:00:00–08:00:30 GMT"),
        ("?from=2026-11-17T14:00&to=2026-11-17T16:42", "Tue 17 Nov 14:00–16:42 GMT"),
        ("?from=2026-11-17T22:00&to=2026-11-18T06:00", "Tue 17 Nov 22:00 – Wed 18 Nov 06:00 GMT"),
        ("?from=2026-11-17&to=2026-11-18", "Tue 17 Nov GMT"),
        ("?from=2026-11-17&to=2026-11-20", "Tue 17 Nov – Thu 19 Nov GMT"),
        ("?from=2026-11-01T06:00&to=2026-11-12T06:00", "Sun 1 Nov – Thu 12 Nov GMT"),
        ("?from=2025-12-31T22:00&to=2026-01-01T06:00", "Wed 31 Dec 2025 22:00 – Thu 1 Jan 2026 06:00 GMT"),
        ("?from=now-8h&to=now-1h", "06:42–13:42 GMT"),
    ],
)
def test_a_range_that_stands_still_says_its_days_and_times(query: str, words: str) -> None:
    assert said(query) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=2026-11-23T06:00&to=2026-11-23T14:00", "Mon 23 Nov 06:00–14:00, in the future GMT"),
        ("?from=2026-11-22T12:00&to=2026-11-22T18:00", "12:00–18:00 GMT"),
    ],
)
def test_what_has_not_come_yet_is_said(query: str, words: str) -> None:
    assert said(query) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=2026-10-24T23:30Z&to=2026-10-25T03:30Z", "Sun 25 Oct 00:30 IST – 03:30 GMT"),
        ("?from=2026-10-25T00:30Z&to=2026-10-25T01:15Z", "Sun 25 Oct 01:30 IST – 01:15 GMT"),
        ("?from=2026-10-24T21:00Z&to=2026-10-25T06:00Z", "Sat 24 Oct 22:00 IST – Sun 25 Oct 06:00 GMT"),
        ("?from=2026-10-01T06:00&to=2026-11-01T06:00", "Thu 1 Oct – Sun 1 Nov IST/GMT"),
        ("?from=2026-10-25&to=2026-10-26", "Sun 25 Oct IST/GMT"),
    ],
)
def test_when_the_clocks_change_each_time_has_its_zone(query: str, words: str) -> None:
    assert said(query) == words


def _marked(view: View) -> list[Any]:
    quick = time_range.choices(view, frozenset({"shift", "last-shift", "today"}))[0]
    return [item.children.children for item in quick.children if getattr(item.children, "aria-current", None)]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("", ["Last 8 hours"]),
        ("?from=now-480m", ["Last 8 hours"]),
        ("?from=now-24h", ["Last 24 hours"]),
        ("?from=shift", ["This shift"]),
        ("?from=now-5m", []),
        ("?from=now-8h&to=now-1h", []),
    ],
)
def test_the_choice_in_use_is_marked_however_it_was_written(query: str, marked: list[str]) -> None:
    assert _marked(read("/machine", query, CLOCKS)) == marked


def test_the_fields_hold_the_range_to_the_second() -> None:
    fields = time_range.choices(View(from_us=NOW - HOUR_US, to_us=NOW - NOW % DAY_US), frozenset())[1].children[1:3]
    assert [field.children[1].value for field in fields] == ["2026-11-22 13:42:10", "2026-11-22 00:00"]
