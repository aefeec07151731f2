"""One column of integers or floating point numbers as bytes: predict, keep the difference, split into byte planes.

The differences of plant signals are small, so that after splitting them into planes of equal significance (byte
shuffle) most planes are constant and a fast general compressor finishes the work. All arithmetic is modulo 2**64,
hence lossless for every 64-bit pattern.
"""

from __future__ import annotations

import struct
from enum import IntEnum

import numpy as np


class Mode(IntEnum):
    """How a column of integers is predicted."""

    CONSTANT = 0  # every value is the first
    DELTA = 1  # difference to the value before, zigzag
    STEP = 2  # difference to the value before, less the smallest such difference (times)
    PLAIN = 3  # the value less the smallest value (skews, codes, noise)
    RAW = 4  # the eight bytes as they are


_HEAD = struct.Struct("<BBqqq")  # mode, bytes per value, unit, base, first
_COUNT = struct.Struct("<I")
_UNITS = (60_000_000, 1_000_000, 100_000, 10_000, 1_000)
_POWERS = tuple(10.0**k for k in range(10))
_POWER_COLUMN = np.array(_POWERS)[:, None]
_RAW_FLOATS = 255
_PROBE = 64
_EXACT = 2.0**53


def pack_ints(values: np.ndarray, mode: Mode) -> bytes:
    """int64[n], n >= 1, as bytes; `unpack_ints` is the inverse."""
    first = int(values[0])
    if mode is Mode.RAW:
        return _HEAD.pack(mode, 8, 1, 0, first) + _planes(values.view(np.uint64), 8)
    if len(values) == 1 or (values[-1] == first and bool((values == first).all())):
        return _HEAD.pack(Mode.CONSTANT, 0, 1, 0, first)
    moved, unit = _in_units(values - first if mode is Mode.PLAIN else np.diff(values))
    if mode is Mode.DELTA:
        base, codes = 0, ((moved << 1) ^ (moved >> 63)).view(np.uint64)
    else:
        base = int(moved.min())
        codes = (moved - base).view(np.uint64)
    width = _width(int(codes.max()))
    return _HEAD.pack(mode, width, unit, base, first) + _planes(codes, width)


def unpack_ints(data: memoryview, at: int, n: int) -> tuple[np.ndarray, int]:
    """The column of n values that starts at byte `at`, and where the next one starts."""
    code, width, unit, base, first = _HEAD.unpack_from(data, at)
    mode, at = Mode(code), at + _HEAD.size
    if mode is Mode.CONSTANT:
        return np.full(n, first, np.int64), at
    count = n - 1 if mode in (Mode.DELTA, Mode.STEP) else n
    codes, at = _from_planes(data, at, count, width), at + count * width
    if mode is Mode.RAW:
        return codes.view(np.int64), at
    if mode is Mode.DELTA:
        moved = (codes >> 1).view(np.int64) ^ -(codes & 1).view(np.int64)
    else:
        moved = codes.view(np.int64) + np.int64(base)
    if unit != 1:
        moved = moved * unit
    if mode is Mode.PLAIN:
        return moved + np.int64(first), at
    values = np.empty(n, np.int64)
    values[0] = first
    values[1:] = moved
    return np.cumsum(values, out=values), at


def pack_floats(bits: np.ndarray) -> bytes:
    """The int64[n] patterns of float64 values, n >= 1: as scaled decimals where that is exact, else raw.

    Values that are no such decimals (NaN with its payload, infinities, -0) are kept apart when they are few.
    """
    if bits[0] == bits[-1] and bool((bits == bits[0]).all()):
        return bytes([_RAW_FLOATS]) + pack_ints(bits, Mode.PLAIN)
    values = bits.view(np.float64)
    for power in _powers(values):
        scaled = _scaled(values, power)
        wrong = np.flatnonzero(((scaled / power).view(np.int64) != bits) | np.isnan(scaled))
        if len(wrong) * 16 > len(bits):
            continue
        whole = _bridged(scaled, wrong).astype(np.int64)
        head = bytes([_POWERS.index(power)]) + _COUNT.pack(len(wrong))
        return head + wrong.astype("<u4").tobytes() + bits[wrong].tobytes() + pack_ints(whole, _smoother(whole))
    return bytes([_RAW_FLOATS]) + pack_ints(bits, Mode.RAW)


def unpack_floats(data: memoryview, at: int, n: int) -> tuple[np.ndarray, int]:
    """The inverse of `pack_floats`: bit patterns int64[n] and where the next column starts."""
    power, at = data[at], at + 1
    if power == _RAW_FLOATS:
        return unpack_ints(data, at, n)
    (count,) = _COUNT.unpack_from(data, at)
    at += _COUNT.size
    places = np.frombuffer(data, "<u4", count, at)
    kept = np.frombuffer(data, np.int64, count, at + 4 * count)
    whole, at = unpack_ints(data, at + 12 * count, n)
    bits = (whole.astype(np.float64) / _POWERS[power]).view(np.int64)
    bits[places] = kept
    return bits, at


def _powers(values: np.ndarray) -> list[float]:
    """The powers of ten that make a probe of the values whole, smallest first; a few exceptions are allowed."""
    probe = values[:: max(1, len(values) // _PROBE)]
    probe = probe[np.isfinite(probe)]
    if not len(probe):
        return []
    with np.errstate(all="ignore"):
        wrong = (np.rint(probe * _POWER_COLUMN) / _POWER_COLUMN != probe).sum(axis=1)
    return [power for power, count in zip(_POWERS, wrong.tolist(), strict=True) if count * 16 <= len(probe)]


def _scaled(values: np.ndarray, power: float) -> np.ndarray:
    """Values times a power of ten, rounded; NaN where a float64 does not hold the result exactly."""
    with np.errstate(all="ignore"):
        scaled = np.rint(values * power) + 0.0  # no -0: an integer does not hold its sign
    scaled[~(np.abs(scaled) < _EXACT)] = np.nan
    return scaled


def _bridged(scaled: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """The scaled values with the places that do not count filled from the value before."""
    if not len(wrong):
        return scaled
    source = np.arange(len(scaled))
    source[wrong] = 0
    filled = scaled[np.maximum.accumulate(source)]
    return np.where(np.isfinite(filled), filled, 0.0)


def _smoother(whole: np.ndarray) -> Mode:
    """Differences for signals that move slowly, plain values for noise."""
    probe = whole[:1024].astype(np.float64)
    return Mode.PLAIN if len(probe) > 8 and np.diff(probe).std() > 1.2 * probe.std() else Mode.DELTA


def _in_units(moved: np.ndarray) -> tuple[np.ndarray, int]:
    """Differences in the largest round unit (µs to minutes) that divides them all."""
    probe = moved[:_PROBE]
    for unit in _UNITS:
        if not (probe % unit).any():
            whole = moved // unit
            if bool((whole * unit == moved).all()):
                return whole, unit
    return moved, 1


def _width(largest: int) -> int:
    return next(w for w in (1, 2, 4, 8) if largest < 1 << (8 * w))


def _planes(codes: np.ndarray, width: int) -> bytes:
    narrow = codes.astype(f"<u{width}")
    return narrow.tobytes() if width == 1 else narrow.view(np.uint8).reshape(-1, width).T.tobytes()


def _from_planes(data: memoryview, at: int, n: int, width: int) -> np.ndarray:
    planes = np.frombuffer(data, np.uint8, n * width, at).reshape(width, n)
    return np.ascontiguousarray(planes.T).reshape(-1).view(f"<u{width}").astype(np.uint64)
