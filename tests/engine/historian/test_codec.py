"""The codec gives back every bit that it was given."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.historian.block import COLUMNS, SampleBlock
from engine.historian.codec import checksum, decode, encode

INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
SPECIAL = [0x7FF0000000000001, -1, 0x7FF8000000000000, 0x7FF0000000000000, -0x10000000000000, -(2**63), 0, 1]
BITS = st.one_of(
    INT64,
    st.sampled_from(SPECIAL),
    st.floats(width=64).map(lambda x: struct.unpack("<q", struct.pack("<d", x))[0]),
    st.integers(-(10**5), 10**5).map(lambda n: struct.unpack("<q", struct.pack("<d", n / 100))[0]),
)
ROWS = st.lists(st.tuples(INT64, INT32, BITS, st.integers(0, 2**32 - 1), INT64), min_size=1, max_size=120)


def block_of(rows: list[tuple[int, int, int, int, int]]) -> SampleBlock:
    at, seq, bits, status, received = (
        np.array(c, t)
        for c, t in zip(zip(*rows, strict=True), (np.int64, np.int32, np.int64, np.uint32, np.int64), strict=True)
    )
    return SampleBlock(np.full(len(at), 7), at, seq, bits, status, received)


def equal(one: SampleBlock, other: SampleBlock) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name, _ in COLUMNS)


def plain(values: np.ndarray) -> SampleBlock:
    n = len(values)
    at = 1_790_000_000_000_000 + np.arange(n) * 1_000_000
    return SampleBlock(np.full(n, 7), at, np.zeros(n), values.view(np.int64), np.zeros(n), at + 250_000)


@given(ROWS, st.booleans())
def test_every_bit_comes_back(rows: list[tuple[int, int, int, int, int]], floating: bool) -> None:
    block = block_of(rows)
    assert equal(decode(encode(block, floating=floating), 7), block)


@given(st.lists(st.integers(-(10**7), 10**7), min_size=20, max_size=60), st.sampled_from(SPECIAL))
def test_a_special_value_among_decimals_comes_back(thousandths: list[int], special: int) -> None:
    bits = (np.array(thousandths) / 1000).view(np.int64)
    bits[len(bits) // 2] = special
    block = plain(bits)
    assert equal(decode(encode(block, floating=True), 7), block)


def test_a_steady_signal_costs_next_to_nothing() -> None:
    assert len(encode(plain(np.full(16_384, 42.5)), floating=True)) < 200


def test_a_slow_signal_with_two_decimals_costs_less_than_a_byte_and_a_half() -> None:
    values = np.round(50 + np.cumsum(np.random.default_rng(3).normal(0, 0.02, 16_384)), 2)
    assert len(encode(plain(values), floating=True)) < 1.5 * 16_384


def test_nan_among_decimals_does_not_spoil_the_compression() -> None:
    values = np.round(50 + np.cumsum(np.random.default_rng(3).normal(0, 0.02, 16_384)), 2)
    clean = len(encode(plain(values), floating=True))
    values[::500] = np.nan
    assert len(encode(plain(values), floating=True)) < 1.2 * clean


def test_an_empty_block_makes_no_chunk() -> None:
    with pytest.raises(Invalid, match="without samples"):
        encode(SampleBlock.empty(), floating=True)


def test_another_version_is_refused_with_its_number() -> None:
    data = encode(plain(np.ones(3)), floating=True)
    with pytest.raises(Invalid, match="version 9"):
        decode(b"\x09" + data[1:], 7)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_seen_by_the_checksum(place: int, flip: int) -> None:
    data = bytearray(encode(plain(np.round(np.random.default_rng(5).normal(0, 1, 500), 2)), floating=True))
    before = checksum(bytes(data))
    data[place % len(data)] ^= flip
    assert checksum(bytes(data)) != before


def test_a_cut_off_chunk_is_damaged() -> None:
    with pytest.raises(Invalid, match="damaged"):
        decode(encode(plain(np.ones(300)), floating=True)[:-9], 7)
