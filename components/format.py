"""Numbers, times and durations as people read them (ui.md 4 and 8)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, moment_of

THIN, MINUS, DASH = "\u2009", "\u2212", "\u2013"
NOTHING = "\u2014"


@cache
def zone(name: str) -> tzinfo:
    """The zone of an IANA name."""
    return UTC if name == "UTC" else ZoneInfo(name)


def number(value: float | None, decimals: int | None = None) -> str:
    """Fixed decimals when given, else four significant digits; thin space between thousands; true minus sign."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "\u221e" if value > 0 else f"{MINUS}\u221e"
    if decimals is None:
        decimals = max(0, min(6, 3 - _magnitude(value)))
        shown = f"{value:,.{decimals}f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    else:
        shown = f"{value:,.{decimals}f}"
    return shown.replace(",", THIN).replace("-", MINUS)


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def quantity(value: float | None, unit: str, decimals: int | None = None) -> str:
    """A number with its unit behind a thin space."""
    shown = number(value, decimals)
    return f"{shown}{THIN}{unit}" if unit and shown != NOTHING else shown


def duration(us: int) -> str:
    """`12 s`, `3 min`, `1 h 05 min`, `3 d 4 h`. The script assets/live.js writes the same."""
    if us < MINUTE_US:
        return f"{max(0, us) // SECOND_US} s"
    if us < HOUR_US:
        return f"{us // MINUTE_US} min"
    if us < DAY_US:
        return f"{us // HOUR_US} h {us % HOUR_US // MINUTE_US:02d} min"
    return f"{us // DAY_US} d {us % DAY_US // HOUR_US} h"


def local(at_us: int, zone_name: str) -> datetime:
    """The moment in a zone."""
    return moment_of(at_us).astimezone(zone(zone_name))


def clock(at_us: int, zone_name: str, *, seconds: bool = False) -> str:
    """`14:02` or `14:02:07`."""
    return local(at_us, zone_name).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(at_us: int, zone_name: str) -> str:
    """`Tue 17 Nov`."""
    moment = local(at_us, zone_name)
    return f"{moment:%a} {moment.day} {moment:%b}"


def day_and_year(at_us: int, zone_name: str) -> str:
    """`17 Nov 2026`."""
    moment = local(at_us, zone_name)
    return f"{moment.day} {moment:%b %Y}"


def dated(at_us: int, zone_name: str) -> str:
    """`17 Nov 2026 14:02`."""
    return f"{day_and_year(at_us, zone_name)} {clock(at_us, zone_name)}"


def day_and_clock(at_us: int, zone_name: str) -> str:
    """`Tue 17 Nov 14:02`."""
    return f"{day(at_us, zone_name)} {clock(at_us, zone_name)}"


def when(at_us: int, zone_name: str, now_us: int) -> str:
    """The clock for today, the day and the clock before."""
    same = local(at_us, zone_name).date() == local(now_us, zone_name).date()
    return clock(at_us, zone_name) if same else day_and_clock(at_us, zone_name)


def zone_label(at_us: int, zone_name: str) -> str:
    """`GMT`, `IST`, or `UTC+5` where the zone has no letters."""
    label = local(at_us, zone_name).strftime("%Z") or "UTC"
    return label if label.isalpha() else f"UTC{label}"


def iso(at_us: int, zone_name: str) -> str:
    """ISO 8601 with the zone's offset, milliseconds."""
    return local(at_us, zone_name).isoformat(timespec="milliseconds")
