"""Tags: the signals of the plant, what kind of value they carry, and how a value becomes 64 bits.

Names follow OPC UA where it has them: a sample's quality is the 32-bit OPC UA StatusCode, kept untouched
(OPC 10000-4, 7.39: the top two bits are the severity: 00 good, 01 uncertain, 10 bad).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from engine.errors import Invalid


class ValueKind(StrEnum):
    """What a tag's values are. `state` is an integer that a `StateTable` names; `text` is kept as events."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    STATE = "state"
    TEXT = "text"


class Interpolation(StrEnum):
    """What holds between two samples: the older value (`step`) or the straight line (`linear`)."""

    STEP = "step"
    LINEAR = "linear"


GOOD = 0x00000000
UNCERTAIN = 0x40000000
BAD = 0x80000000
BAD_SENSOR_FAILURE = 0x808C0000
BAD_NO_COMMUNICATION = 0x80310000
UNCERTAIN_CLOCK = 0x40950000
"""UncertainSubNormal: the source's time stamp is implausible (too far in the past or the future)."""
UNCERTAIN_STATE_CODE = 0x40940000
"""UncertainEngineeringUnitsExceeded: a state code that the tag's state table does not name."""
BAD_OUT_OF_RANGE = 0x803C0000
"""BadOutOfRange: the source sent NaN or an infinity; the raw value is kept."""


LEAST_HOLD_S, LEAST_FRESH_S = 90.0, 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Display and judgement limits of a tag, in its unit. Unknown is None."""

    low: float | None = None
    high: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    alarm_low: float | None = None
    alarm_high: float | None = None
    setpoint: float | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """One signal at one node. `interval_s` is the expected time between samples; None: on change only."""

    id: int
    site_id: int
    node_id: int
    name: str
    title: str
    kind: ValueKind
    unit: str = ""
    interpolation: Interpolation = Interpolation.STEP
    counter: bool = False
    rollover: float | None = None
    interval_s: float | None = None
    gxp: bool = False
    group: str = ""
    decimals: int | None = None
    state_table: str | None = None
    limits: Limits = field(default_factory=Limits)
    version: int = 1

    @property
    def hold_s(self) -> float | None:
        """For how long a sample speaks in history: three expected intervals, at least 90 s; None: until the next change.

        The least value keeps a line through history that was thinned to one sample a minute."""
        return None if self.interval_s is None else max(LEAST_HOLD_S, 3.0 * self.interval_s)

    @property
    def fresh_s(self) -> float | None:
        """For how long a current value counts as fresh: three expected intervals, at least 10 s, since transport and the
        page's second take their time; None: until the next change."""
        return None if self.interval_s is None else max(LEAST_FRESH_S, 3.0 * self.interval_s)


@dataclass(frozen=True, slots=True)
class TagBinding:
    """Where a tag's values come from. `decode` holds the decoder's options (JSON paths, scale, offset, unit)."""

    tag_id: int
    source_id: int
    address: str
    decode: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StateTable:
    """Names of a machine's state codes; `codes` maps code to (text, category).

    Categories: running, idle, stopped, held, suspended, aborted, cleaning, maintenance, setup, out_of_service.
    """

    name: str
    title: str
    codes: dict[int, tuple[str, str]]


INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def bits_of(kind: ValueKind, values: Any) -> np.ndarray:
    """The 64-bit pattern of numeric values as int64[n]: IEEE 754 for `float`, two's complement otherwise.

    Lossless for every float64 (NaN payloads, infinities, -0) and every 64-bit integer.
    """
    if kind is ValueKind.FLOAT:
        return np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    if kind is ValueKind.TEXT:
        raise Invalid("Text has no 64-bit pattern; it is kept in the text event table.")
    return np.ascontiguousarray(values).astype(np.int64, casting="unsafe" if kind is ValueKind.BOOL else "same_kind")


def values_of(kind: ValueKind, bits: np.ndarray) -> np.ndarray:
    """The inverse of `bits_of`: float64[n] for `float`, bool[n] for `bool`, int64[n] otherwise."""
    bits = np.ascontiguousarray(bits, dtype=np.int64)
    if kind is ValueKind.FLOAT:
        return bits.view(np.float64)
    return bits.astype(bool) if kind is ValueKind.BOOL else bits


def numbers_of(kind: ValueKind, bits: np.ndarray) -> np.ndarray:
    """Values as float64[n] for arithmetic and drawing (64-bit integers beyond 2**53 are rounded)."""
    return values_of(kind, bits).astype(np.float64)


def is_good(status: np.ndarray) -> np.ndarray:
    """True where the severity bits of a StatusCode say good."""
    return (np.asarray(status).astype(np.uint32) >> 30) == 0


@dataclass(frozen=True, slots=True)
class Source:
    """Something that values come from. `settings` depends on `kind` and holds no secret."""

    id: int
    site_id: int
    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    replay: bool = False
    active: bool = True
    expected_s: float = 10.0
    version: int = 1
