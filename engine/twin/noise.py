"""Noise that depends on the instant alone: counter-based hashes instead of random streams.

The same (key, instant) gives the same value whatever block is asked for, in any order. The hash is SplitMix64
(Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), the smooth noise is value noise with a
cubic fade.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from random import Random

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW16 = np.uint64(0xFFFF)
_SPREAD = float(np.sqrt(4.0 * (65536.0**2 - 1.0) / 12.0))
_CENTRE = 4.0 * 65535.0 / 2.0


@lru_cache(maxsize=65536)
def key_of(*names: str | int) -> int:
    """A 64-bit key for a sequence of names and numbers."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def random_of(*names: str | int) -> Random:
    """A seeded generator of its own for one plan."""
    return Random(key_of(*names))


def hashed(key: int, counter: np.ndarray) -> np.ndarray:
    """uint64[n]: SplitMix64 of the key and a counter int64[n]."""
    x = counter.astype(np.uint64)
    x *= _GOLDEN
    x += np.uint64(key)
    x ^= x >> np.uint64(30)
    x *= _FIRST
    x ^= x >> np.uint64(27)
    x *= _SECOND
    x ^= x >> np.uint64(31)
    return x


def uniform(key: int, counter: np.ndarray) -> np.ndarray:
    """float64[n] in [0, 1)."""
    return (hashed(key, counter) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: int, counter: np.ndarray) -> np.ndarray:
    """float64[n], mean 0, standard deviation 1, within ±3.47: the sum of the four 16-bit quarters of one hash."""
    h = hashed(key, counter)
    total = (h & _LOW16) + ((h >> np.uint64(16)) & _LOW16)
    total += ((h >> np.uint64(32)) & _LOW16) + (h >> np.uint64(48))
    return (total.astype(np.float64) - _CENTRE) / _SPREAD


def smooth(key: int, at_us: np.ndarray, scale_us: int) -> np.ndarray:
    """float64[n]: noise that is continuous in time and changes within about `scale_us`; ±3.47, standard deviation 0.86."""
    knot = at_us // scale_us
    first, last = int(knot.min()), int(knot.max())
    part = (at_us - knot * scale_us) / scale_us
    fade = part * part * (3.0 - 2.0 * part)
    if last - first > 4 * len(at_us):
        left, right = normal(key, knot), normal(key, knot + 1)
    else:
        table = normal(key, np.arange(first, last + 2))
        left, right = table[knot - first], table[knot - first + 1]
    return left + (right - left) * fade
