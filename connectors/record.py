"""The bytes of a spool record: a header with a checksum, the columns of the samples as in memory, JSON for the rest."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import orjson

from engine.errors import Invalid
from engine.historian.block import COLUMNS, DeadLetter, Gap, Intake, SampleBlock, TextEvent

VERSION = 1
HEADER = struct.Struct("<BIII")  # version, samples, bytes of the JSON part, CRC-32 of what follows the header
KEPT_RAW = 4096
"""At most so many bytes of something that could not be understood are kept."""


def pack(intake: Intake) -> bytes:
    """An intake as bytes: the columns as they lie in memory, the rest as JSON."""
    columns = b"".join(getattr(intake.samples, name).tobytes() for name, _ in COLUMNS)
    rest = b""
    if intake.texts or intake.dead or intake.gaps:
        rest = orjson.dumps(
            [
                [(t.tag_id, t.at_us, t.seq, t.text, t.status, t.received_us) for t in intake.texts],
                [(d.address, d.reason, base64.b64encode(d.raw).decode(), d.at_us, d.count) for d in intake.dead],
                [(g.tag_id, g.from_us, g.to_us, g.missing, g.reason) for g in intake.gaps],
            ]
        )
    return HEADER.pack(VERSION, len(intake.samples), len(rest), zlib.crc32(rest, zlib.crc32(columns))) + columns + rest


def unpack(site_id: int, source_id: int, body: bytes) -> Intake:
    """The inverse of `pack`; raises `Invalid` for damaged bytes."""
    try:
        version, n, length, checksum = HEADER.unpack_from(body)
        if version != VERSION or zlib.crc32(memoryview(body)[HEADER.size :]) != checksum:
            raise Invalid("A record of the spool is damaged: its checksum does not fit.")
        at = HEADER.size
        columns: list[np.ndarray] = []
        for _, kind in COLUMNS:
            columns.append(np.frombuffer(body, kind, n, at))
            at += n * np.dtype(kind).itemsize
        if at + length != len(body):
            raise Invalid(f"A record of the spool is damaged: it has {len(body)} bytes instead of {at + length}.")
        texts, dead, gaps = orjson.loads(body[at:]) if length else ((), (), ())
    except (struct.error, ValueError) as error:
        raise Invalid(f"A record of the spool is damaged: {error}.") from error
    return Intake(
        site_id,
        source_id,
        SampleBlock(*columns),
        tuple(TextEvent(*t) for t in texts),
        tuple(DeadLetter(address, reason, base64.b64decode(raw), *rest) for address, reason, raw, *rest in dead),
        tuple(Gap(*g) for g in gaps),
    )
