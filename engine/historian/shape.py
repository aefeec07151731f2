"""What the historian must know of a tag, and the levels of the rollup pyramid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.tag import ValueKind, is_good, numbers_of
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US


@dataclass(frozen=True, slots=True)
class Level:
    """One level: buckets of `width_us`, `per_row` of them packed into a stored row. All aligned to 1970 UTC."""

    number: int
    width_us: int
    per_row: int

    @property
    def span_us(self) -> int:
        """What one stored row covers."""
        return self.width_us * self.per_row


LEVELS = (
    Level(1, MINUTE_US, 1_440),  # a day a row
    Level(2, 15 * MINUTE_US, 1_536),  # 16 days
    Level(3, 3 * HOUR_US, 1_024),  # 128 days
    Level(4, DAY_US, 1_024),
)
QUARTER = LEVELS[1]
MINUTE_LEVEL_SAMPLES = 8
LONGEST_HOLD_US = 3_653 * DAY_US
"""On-change tags speak until their next sample, but no longer than ten years: a wrong stamp must not fill the pyramid."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of a tag that decide how its samples are stored and added up."""

    tag_id: int
    site_id: int
    node_id: int
    kind: ValueKind
    linear: bool = False
    counter: bool = False
    rollover: float | None = None
    interval_s: float | None = None

    @property
    def hold_us(self) -> int:
        """For how long a sample speaks: three expected intervals; without one, until the next change."""
        return LONGEST_HOLD_US if self.interval_s is None else min(round(3 * self.interval_s * SECOND_US), LONGEST_HOLD_US)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that are kept, finest first: minutes only for tags with enough samples in one."""
        dense = self.interval_s is not None and self.interval_s * MINUTE_LEVEL_SAMPLES <= 60
        return LEVELS if dense else LEVELS[1:]

    @property
    def floating(self) -> bool:
        """True when the bit patterns are float64."""
        return self.kind is ValueKind.FLOAT

    def numbers(self, bits: np.ndarray) -> np.ndarray:
        """Values as float64[n]."""
        return numbers_of(self.kind, bits)

    def good(self, bits: np.ndarray, status: np.ndarray) -> np.ndarray:
        """bool[n]: the status says good and the value is finite."""
        return is_good(status) & np.isfinite(bits.view(np.float64)) if self.floating else is_good(status)
