"""Numbers, durations and times as people read them (ui.md 4 and 8)."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import format as show
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, us_of


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (253.4, 1, "253.4"),
        (-1.2, 1, "−1.2"),
        (1234567.0, 0, "1\u2009234\u2009567"),
        (0.0512, None, "0.0512"),
        (120.0, None, "120"),
        (0.0, None, "0"),
    ],
)
def test_numbers(value: float, decimals: int | None, shown: str) -> None:
    assert show.number(value, decimals) == shown


def test_unknown_is_a_dash_and_never_zero() -> None:
    assert show.number(None) == show.number(math.nan) == show.quantity(math.nan, "kN") == "—"


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0 s"),
        (59 * SECOND_US, "59 s"),
        (3 * MINUTE_US, "3 min"),
        (HOUR_US + 5 * MINUTE_US, "1 h 05 min"),
        (3 * DAY_US + 4 * HOUR_US, "3 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_durations(us: int, shown: str) -> None:
    assert show.duration(us) == shown


def test_a_zone_shows_its_letters_and_its_summer_time() -> None:
    winter, summer = us_of(datetime(2026, 1, 5, 12, tzinfo=UTC)), us_of(datetime(2026, 7, 5, 12, tzinfo=UTC))
    assert (show.zone_label(winter, "Europe/Dublin"), show.clock(winter, "Europe/Dublin")) == ("GMT", "12:00")
    assert (show.zone_label(summer, "Europe/Dublin"), show.clock(summer, "Europe/Dublin")) == ("IST", "13:00")
    assert show.zone_label(summer, "Asia/Tashkent") == "UTC+05"


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset() -> None:
    first = us_of(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert show.iso(first, "Europe/Dublin").endswith("+01:00")
    assert show.iso(first + HOUR_US, "Europe/Dublin").endswith("+00:00")
    assert show.clock(first, "Europe/Dublin") == show.clock(first + HOUR_US, "Europe/Dublin") == "01:30"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_never_shows_a_hyphen_for_minus(value: float) -> None:
    assert "-" not in show.number(value, 2)
