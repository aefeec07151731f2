"""Times as people write them, on the command line and in a page's address."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, UNITS_US, instant, us_of, zoneless

DUBLIN = ZoneInfo("Europe/Dublin")
NOW = us_of(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("asked", "ago_us"),
    [
        ("now", 0),
        (" now ", 0),
        ("now-90s", 90 * SECOND_US),
        ("now-7h40m", 7 * HOUR_US + 40 * MINUTE_US),
        ("now-1d12h", DAY_US + 12 * HOUR_US),
        ("now-2w1d1h1m1s", 15 * DAY_US + HOUR_US + MINUTE_US + SECOND_US),
        ("today", 14 * HOUR_US),
    ],
)
def test_relative_times_may_have_several_units(asked: str, ago_us: int) -> None:
    assert instant(asked, NOW, DUBLIN, {"today": NOW - 14 * HOUR_US}) == NOW - ago_us


@given(st.dictionaries(st.sampled_from(list(UNITS_US)), st.integers(0, 999_999), min_size=1))
def test_units_add_up(counts: dict[str, int]) -> None:
    asked = "now-" + "".join(f"{counts[unit]}{unit}" for unit in UNITS_US if unit in counts)
    assert instant(asked, NOW, UTC) == NOW - sum(UNITS_US[unit] * count for unit, count in counts.items())


def test_a_time_without_an_offset_is_meant_in_the_zone() -> None:
    summer = us_of(datetime(2026, 7, 1, 9, 0, tzinfo=UTC))
    assert instant("2026-07-01T10:00", NOW, DUBLIN) == summer
    assert instant("2026-07-01T10:00+01:00", NOW, UTC) == summer
    assert instant("2026-07-01T09:00Z", NOW, DUBLIN) == summer
    assert instant("2026-07-01", NOW, DUBLIN) == summer - 10 * HOUR_US
    assert [zoneless(asked) for asked in ("2026-07-01T10:00", "2026-07-01", "2026-07-01T10:00Z", "now-8h")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert instant("2026-10-25T01:30", NOW, DUBLIN) == us_of(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "asked",
    ["", "now-", "now-8", "now-8x", "now-1h2h", "now-2m1h", "now+1h", "now-1234567s", "yesterday", "today", "2026-13-01"],
)
def test_what_is_no_time_is_told_with_an_example(asked: str) -> None:
    with pytest.raises(Invalid, match="is no time; write"):
        instant(asked, NOW, DUBLIN)
