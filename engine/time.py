"""Instants as µs since 1970 UTC (inside), as aware datetimes (at the borders), and as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from engine.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3600 * SECOND_US
DAY_US = 86_400 * SECOND_US
UNITS_US = {"w": 7 * DAY_US, "d": DAY_US, "h": HOUR_US, "m": MINUTE_US, "s": SECOND_US}
"""Units of a relative time, largest first."""
_RELATIVE = re.compile(r"now(?:-(?=\d)" + "".join(rf"(?:(\d{{1,6}}){unit})?" for unit in UNITS_US) + ")?")


def us_of(moment: datetime) -> int:
    """µs since 1970 UTC; raises `Invalid` for a naive datetime."""
    if moment.tzinfo is None:
        raise Invalid(f"The time {moment.isoformat()} has no zone.")
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(at_us: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=int(at_us))


def instant(asked: str, now_us: int, zone: tzinfo, anchors: Mapping[str, int] | None = None) -> int:
    """The instant that people write as `now`, `now-8h`, `now-1d12h`, an anchor (`today`), or as ISO 8601.

    Units are w, d, h, m and s, each once at most and the largest first. A time without an offset is meant in `zone`; of
    two that daylight saving makes of one, the first. Raises `Invalid`.
    """
    asked = asked.strip()
    relative = _RELATIVE.fullmatch(asked)
    if relative:
        return now_us - sum(int(count or 0) * unit for count, unit in zip(relative.groups(), UNITS_US.values(), strict=True))
    if anchors and asked in anchors:
        return anchors[asked]
    try:
        moment = datetime.fromisoformat(asked)
        return us_of(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise Invalid(f"“{asked}” is no time; write e.g. 2026-11-22T10:00, now-8h or now-1d12h.") from None


def zoneless(asked: str) -> bool:
    """True for an ISO time without an offset: what it means depends on a zone."""
    try:
        return datetime.fromisoformat(asked.strip()).tzinfo is None
    except ValueError:
        return False
