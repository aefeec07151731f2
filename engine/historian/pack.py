"""Rows of the rollup pyramid: the buckets of one tag, level and span as bytes."""

from __future__ import annotations

import struct

import numpy as np

from engine.errors import Invalid
from engine.historian.bucket import NAMES, WHOLE, Buckets
from engine.historian.codec import compress, decompress
from engine.historian.column import Mode, pack_floats, pack_ints, unpack_floats, unpack_ints

VERSION = 1
_HEAD = struct.Struct("<BI")
_KNOWN_ONLY = ("min", "max", "first", "last")


def pack(buckets: Buckets) -> bytes:
    """At least one bucket as bytes; `unpack` is the inverse, bit for bit."""
    known = buckets.good > 0
    parts = []
    for name in NAMES:
        column = getattr(buckets, name)
        if name in WHOLE:
            parts.append(pack_ints(column, Mode.STEP if name == "start_us" else Mode.PLAIN))
        else:
            parts.append(pack_floats((_filled(column, known) if name in _KNOWN_ONLY else column).view(np.int64)))
    return _HEAD.pack(VERSION, len(buckets)) + compress(b"".join(parts))


def unpack(data: bytes) -> Buckets:
    """The buckets of a row. Raises `Invalid` for bytes of another version or that are damaged."""
    try:
        version, n = _HEAD.unpack_from(data)
        if version != VERSION:
            raise Invalid(f"A rollup row has version {version}; this program reads version {VERSION}.")
        body, place = memoryview(decompress(data[_HEAD.size :])), 0
        columns: dict[str, np.ndarray] = {}
        for name in NAMES:
            column, place = (unpack_ints if name in WHOLE else unpack_floats)(body, place, n)
            columns[name] = column if name in WHOLE else column.view(np.float64)
    except (struct.error, ValueError, IndexError) as error:
        raise Invalid(f"A rollup row is damaged: {error}.") from error
    for name in _KNOWN_ONLY:
        columns[name] = np.where(columns["good"] > 0, columns[name], np.nan)
    return Buckets(**columns)


def _filled(column: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Unknown values replaced by the known one before, which costs no bytes."""
    if known.all():
        return column
    source = np.maximum.accumulate(np.where(known, np.arange(len(column)), 0))
    return np.where(known[source], column[source], 0.0)
