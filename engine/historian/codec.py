"""A sealed chunk: the samples of one tag as bytes, lossless.

Layout: version (1 byte), floating (1 byte), n (uint32), then one zstd frame of five columns: source time, sequence,
value, status, receipt time less source time. See `engine.historian.column` for how a column is packed.
"""

from __future__ import annotations

import struct
import threading
import zlib

import numpy as np
import zstandard

from engine.errors import Invalid
from engine.historian.block import SampleBlock
from engine.historian.column import Mode, pack_floats, pack_ints, unpack_floats, unpack_ints

VERSION = 1
CHUNK_SAMPLES = 16_384
_HEAD = struct.Struct("<BBI")
_LEVEL = 1
_SKEW_BASE_US = 1_000
_local = threading.local()


def encode(block: SampleBlock, *, floating: bool) -> bytes:
    """The samples of one tag as bytes; `floating` says that the bit patterns are float64. Raises `Invalid` when empty."""
    if not len(block):
        raise Invalid("A chunk without samples cannot be made.")
    columns = (
        pack_ints(block.at_us, Mode.STEP),
        pack_ints(block.seq.astype(np.int64), Mode.PLAIN),
        pack_floats(block.bits) if floating else pack_ints(block.bits, Mode.DELTA),
        pack_ints(block.status.astype(np.int64), Mode.PLAIN),
        pack_ints(block.received_us - _skew_base(block.at_us), Mode.PLAIN),
    )
    return _HEAD.pack(VERSION, floating, len(block)) + compress(b"".join(columns))


def decode(data: bytes, tag_id: int) -> SampleBlock:
    """The inverse of `encode`. Raises `Invalid` for bytes of another version or that are damaged."""
    try:
        version, floating, n = _HEAD.unpack_from(data)
        if version != VERSION:
            raise Invalid(f"A chunk of tag {tag_id} has version {version}; this program reads version {VERSION}.")
        body = memoryview(decompress(data[_HEAD.size :]))
        at_us, place = unpack_ints(body, 0, n)
        seq, place = unpack_ints(body, place, n)
        bits, place = (unpack_floats if floating else unpack_ints)(body, place, n)
        status, place = unpack_ints(body, place, n)
        skew, place = unpack_ints(body, place, n)
    except (struct.error, zstandard.ZstdError, ValueError, IndexError) as error:
        raise Invalid(f"A chunk of tag {tag_id} is damaged: {error}.") from error
    return SampleBlock(np.full(n, tag_id, np.int32), at_us, seq, bits, status, skew + _skew_base(at_us))


def checksum(data: bytes) -> int:
    """CRC-32 of stored bytes."""
    return zlib.crc32(data)


def compress(body: bytes) -> bytes:
    """One zstd frame of level 1. Compressors are kept per thread."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    result: bytes = _local.compressor.compress(body)
    return result


def decompress(frame: bytes) -> bytes:
    """The content of a frame made by `compress`."""
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    result: bytes = _local.decompressor.decompress(frame)
    return result


def _skew_base(at_us: np.ndarray) -> np.ndarray:
    return at_us // _SKEW_BASE_US * _SKEW_BASE_US
