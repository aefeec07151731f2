"""Accounting of what came in: received = stored + duplicates + superseded + dead-lettered, exactly."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of values of one source (or of one intake).

    Each received value is exactly one of: `stored` (the first value of its key), `duplicates` (a value that its key has
    or had already), `superseded` (a further, different value of its key: a revision, of which the newest is what views
    read), `dead_lettered`. `uncertain` counts those among stored and superseded whose status is not good.
    """

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    superseded: int = 0
    dead_lettered: int = 0
    uncertain: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))
