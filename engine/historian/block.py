"""Samples in bulk, as they travel from decoders through the spool into the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.errors import Invalid


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """n numeric samples of one site, columns of equal length.

    Identity of a sample: (tag_id, at_us, seq). `bits` is the value's 64-bit pattern (`engine.tag.bits_of`),
    `status` the OPC UA StatusCode, times in µs since 1970 UTC; `received_us` is when a collector got it.
    """

    tag_id: np.ndarray  # int32
    at_us: np.ndarray  # int64
    seq: np.ndarray  # int32
    bits: np.ndarray  # int64
    status: np.ndarray  # uint32
    received_us: np.ndarray  # int64

    def __post_init__(self) -> None:
        for name, kind in COLUMNS:
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        if len({len(getattr(self, name)) for name, _ in COLUMNS}) != 1:
            raise Invalid("The columns of a sample block differ in length.")

    def __len__(self) -> int:
        return len(self.at_us)

    def take(self, index: np.ndarray | slice) -> SampleBlock:
        """The rows of an index, mask or slice."""
        return SampleBlock(*(getattr(self, name)[index] for name, _ in COLUMNS))

    @classmethod
    def empty(cls) -> SampleBlock:
        """A block without samples."""
        return cls(*(np.empty(0, kind) for _, kind in COLUMNS))

    @classmethod
    def join(cls, blocks: Iterable[SampleBlock]) -> SampleBlock:
        """All rows of several blocks, in their order."""
        parts = list(blocks)
        if not parts:
            return cls.empty()
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name, _ in COLUMNS))


COLUMNS: tuple[tuple[str, type], ...] = (
    ("tag_id", np.int32),
    ("at_us", np.int64),
    ("seq", np.int32),
    ("bits", np.int64),
    ("status", np.uint32),
    ("received_us", np.int64),
)


@dataclass(frozen=True, slots=True)
class TextEvent:
    """A sample of a text tag."""

    tag_id: int
    at_us: int
    seq: int
    text: str
    status: int
    received_us: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that came in and could not be understood; nothing is dropped silently.

    It stands for `count` values. A letter without a reason is counted and not kept: more of what others show already.
    """

    address: str
    reason: str
    raw: bytes
    at_us: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples known to be lost over [from_us, to_us). `missing` is None when nobody can tell how many."""

    tag_id: int | None
    from_us: int
    to_us: int
    missing: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What a collector hands to the store at once, all of one source.

    `received` counts the values that came in, so that received = samples + texts + what the dead letters stand for holds.
    """

    site_id: int
    source_id: int
    samples: SampleBlock = field(default_factory=SampleBlock.empty)
    texts: tuple[TextEvent, ...] = ()
    dead: tuple[DeadLetter, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def received(self) -> int:
        """How many values came in."""
        return len(self.samples) + len(self.texts) + sum(letter.count for letter in self.dead)
