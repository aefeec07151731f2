"""Instants as µs since 1970 UTC (inside) and as aware datetimes (at the borders)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3600 * SECOND_US
DAY_US = 86_400 * SECOND_US


def us_of(moment: datetime) -> int:
    """µs since 1970 UTC; raises `Invalid` for a naive datetime."""
    if moment.tzinfo is None:
        raise Invalid(f"The time {moment.isoformat()} has no zone.")
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(at_us: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=int(at_us))
