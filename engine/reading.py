"""What a received value means for its tag: its type, its 64 bits, and how far it can be trusted.

Nothing is dropped: a value that fits becomes a sample, one that is doubtful becomes a sample of uncertain or bad
quality, and one that cannot be kept as the tag's kind raises `Invalid` with the reason for its dead letter.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.errors import Invalid
from engine.tag import (
    BAD_OUT_OF_RANGE,
    GOOD,
    INT64_MAX,
    INT64_MIN,
    UNCERTAIN_CLOCK,
    UNCERTAIN_STATE_CODE,
    Tag,
    ValueKind,
)
from engine.time import DAY_US, SECOND_US

FIRST_US = -62_135_596_800_000_000
"""0001-01-01; nothing earlier can be stored."""
LAST_US = 253_402_300_799_999_999
"""The last µs of 9999."""
LONGEST_TEXT = 4096
EXACT_FLOAT = 2**53
INFO_BITS = 0x0000FFFF
"""Flags of a StatusCode that are no judgement, such as the overflow of a server's queue (OPC 10000-4, 7.39)."""

_DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<q")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Plausible:
    """Which source times are believed: from `past_us` before receipt to `future_us` after it; None: any (a replay)."""

    past_us: int | None
    future_us: int | None

    def believes(self, at_us: int, received_us: int) -> bool:
        """True when the stamp is within the span."""
        too_old = self.past_us is not None and at_us < received_us - self.past_us
        too_new = self.future_us is not None and at_us > received_us + self.future_us
        return not (too_old or too_new)


ANY_TIME = Plausible(None, None)


def plausible(past_days: float, future_s: float) -> Plausible:
    """The span that the settings ask for."""
    return Plausible(int(past_days * DAY_US), int(future_s * SECOND_US))


def severity(status: int) -> int:
    """0 good, 1 uncertain, 2 or 3 bad."""
    return (status >> 30) & 3


def instant(at_us: int) -> int:
    """The same instant; raises `Invalid` outside the years 1 to 9999."""
    if not FIRST_US <= at_us <= LAST_US:
        raise Invalid(f"the time {at_us} µs lies outside the years 1 to 9999")
    return at_us


def bits_for(kind: ValueKind, value: Any, status: int = GOOD) -> int:
    """The 64-bit pattern of one value as a signed integer. Raises `Invalid` when it is of another kind.

    No value (None) is kept only with a bad status: as NaN or 0.
    """
    if value is None:
        return _nothing(kind, status)
    return _CONVERTERS[kind](value)


def text_for(value: Any, status: int = GOOD) -> str:
    """The text of a text tag's value; raises `Invalid` for another type and for what cannot be stored."""
    if value is None and severity(status) >= 2:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{shown(value)} is no text")
    if len(value) > LONGEST_TEXT:
        raise Invalid(f"the text has {len(value)} characters; {LONGEST_TEXT} are the most")
    if "\x00" in value or not _encodes(value):
        raise Invalid("the text holds characters that are no text (NUL or half of a pair)")
    return value


def judged(tag: Tag, codes: frozenset[int] | None, value: Any, status: int, believed: bool) -> int:
    """The status that is stored: the source's own, unless a good one is contradicted by value, time or state table."""
    if isinstance(value, float) and not math.isfinite(value) and tag.kind is ValueKind.FLOAT and severity(status) < 2:
        return BAD_OUT_OF_RANGE | (status & INFO_BITS)
    if severity(status) != 0:
        return status
    if not believed:
        return UNCERTAIN_CLOCK | (status & INFO_BITS)
    if codes is not None and value not in codes:
        return UNCERTAIN_STATE_CODE | (status & INFO_BITS)
    return status


def shown(value: Any) -> str:
    """A value as it stands in the reason of a dead letter: short, and printable whatever it is."""
    word = repr(value)
    return ascii(word[:60])[1:-1] + ("…" if len(word) > 60 else "")


def _nothing(kind: ValueKind, status: int) -> int:
    if severity(status) < 2:
        raise Invalid("there is no value")
    return _bits(math.nan) if kind is ValueKind.FLOAT else 0


def _bits(value: float) -> int:
    return int(_LONG.unpack(_DOUBLE.pack(value))[0])


def _float(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{shown(value)} is no number")
    try:
        return _bits(float(value))
    except OverflowError:
        raise Invalid(f"{shown(value)} is too large for a number of 64 bits") from None


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_FLOAT:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{shown(value)} is no whole number")
    if not INT64_MIN <= value <= INT64_MAX:
        raise Invalid(f"{shown(value)} does not fit into 64 bits")
    return int(value)


def _truth(value: Any) -> int:
    if isinstance(value, str):
        value = _TRUTH.get(value.strip().lower())
    if isinstance(value, bool | int | float) and value in (0, 1):
        return int(value)
    raise Invalid(f"{shown(value)} is neither true nor false")


def _text(value: Any) -> int:
    raise Invalid(f"{shown(value)} is meant for a text tag, which has no 64-bit pattern")


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_CONVERTERS: dict[ValueKind, Callable[[Any], int]] = {
    ValueKind.FLOAT: _float,
    ValueKind.INT: _whole,
    ValueKind.STATE: _whole,
    ValueKind.BOOL: _truth,
    ValueKind.TEXT: _text,
}
