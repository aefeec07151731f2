"""OEE by ISO 22400-2: sums of machine time and pieces, and the indicators that are ratios of them.

Ratios are never averaged: everything above a machine, and every longer span, adds the sums of its parts.
Time of which nobody knows the state is its own bucket and no loss: ratios are of the known time, and an OEE has an
interval, from “all unknown time was loss” to “all of it ran at the ideal rate”.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date


@dataclass(frozen=True, slots=True)
class OeeTotals:
    """Sums over one machine or many, seconds and pieces; they add up with `+`.

    The eight times after `all_s` are its parts: each second is in exactly one. `standard_s` is Σ PRI·PQ (what the pieces
    would have taken at their ideal rate) and `standard_good_s` the same of good pieces, both of pieces seen in planned busy
    and known time. `unrated_s` is production time without an ideal rate or of which nobody counted the pieces; `capacity`
    is how many pieces the planned busy time gives at the ideal rate.
    """

    all_s: float = 0.0
    not_scheduled_s: float = 0.0
    planned_down_s: float = 0.0
    production_s: float = 0.0
    setup_s: float = 0.0
    delay_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    standard_s: float = 0.0
    standard_good_s: float = 0.0
    produced: float = 0.0
    good: float = 0.0
    unrated_s: float = 0.0
    capacity: float = 0.0

    def __add__(self, other: OeeTotals) -> OeeTotals:
        return OeeTotals(*(getattr(self, name) + getattr(other, name) for name in NAMES))

    @property
    def pot_s(self) -> float:
        """POT, planned operation time: what the calendar gives."""
        return self.all_s - self.not_scheduled_s

    @property
    def pbt_s(self) -> float:
        """PBT, planned busy time: without breaks and planned maintenance."""
        return self.pot_s - self.planned_down_s

    @property
    def known_s(self) -> float:
        """The part of PBT of which the state is known."""
        return self.pbt_s - self.unknown_s

    @property
    def rated(self) -> bool:
        """True when there is an ideal rate to compare with."""
        return self.standard_s > 0 or self.capacity > 0

    @property
    def coverage(self) -> float | None:
        """The share of PBT of which the state is known."""
        return _ratio(self.known_s, self.pbt_s)

    @property
    def availability(self) -> float | None:
        """APT / PBT, of the known time."""
        return _ratio(self.production_s, self.known_s)

    @property
    def effectiveness(self) -> float | None:
        """Σ PRI·PQ / APT, of production with an ideal rate. May exceed 1: then the ideal rate is wrong."""
        return _ratio(self.standard_s, self.production_s - self.unrated_s) if self.rated else None

    @property
    def quality(self) -> float | None:
        """GQ / PQ; of several products weighted by their standard time, so that tablets and kilograms add up."""
        return _ratio(self.standard_good_s, self.standard_s) if self.standard_s > 0 else _ratio(self.good, self.produced)

    @property
    def _valuable_s(self) -> float | None:
        """Σ PRI·GQ, what was made without an ideal rate taken to be like the rest."""
        rated_s = self.production_s - self.unrated_s
        if not self.rated or (rated_s <= 0 < self.production_s):
            return None
        return self.standard_good_s * (self.production_s / rated_s if rated_s > 0 else 1.0)

    @property
    def oee(self) -> float | None:
        """A · E · Q = Σ PRI·GQ / PBT, of the known time; None without known time or ideal rate."""
        valuable = self._valuable_s
        return None if valuable is None else _ratio(valuable, self.known_s)

    @property
    def oee_low(self) -> float | None:
        """The OEE if all unknown time was loss."""
        valuable = self._valuable_s
        return None if valuable is None else _ratio(valuable, self.pbt_s)

    @property
    def oee_high(self) -> float | None:
        """The OEE if all unknown time ran at the ideal rate with the quality of the rest."""
        valuable = self._valuable_s
        if valuable is None or self.pbt_s <= 0:
            return None
        quality = 1.0 if self.quality is None else self.quality
        return max((valuable + self.unknown_s * quality) / self.pbt_s, self.oee or 0.0)

    @property
    def nee(self) -> float | None:
        """(APT + AUST) / PBT · E · Q: OEE with setup not counted as loss."""
        factors = _ratio(self.production_s + self.setup_s, self.known_s), self.effectiveness, self.quality
        return None if None in factors else factors[0] * factors[1] * factors[2]  # type: ignore[operator]

    @property
    def teep(self) -> float | None:
        """OEE · PBT / ALL: of calendar time, the unknown left out. Not an ISO 22400 indicator."""
        valuable = self._valuable_s
        return None if valuable is None else _ratio(valuable, self.all_s - self.unknown_s)


NAMES = tuple(field.name for field in fields(OeeTotals))


def _ratio(part: float, whole: float) -> float | None:
    """None where the denominator is zero: no value is not 100 %."""
    return part / whole if whole > 1e-9 else None


@dataclass(frozen=True, slots=True)
class ShiftTotals:
    """The sums of one machine in a shift of production day `day`, which is [from_us, to_us); they go as far as `through_us`."""

    node_id: int
    day: date
    shift: str
    team: str
    from_us: int
    to_us: int
    through_us: int
    totals: OeeTotals


@dataclass(frozen=True, slots=True)
class Made:
    """What a machine made; `planned` is what its planned busy time gives at the ideal rate and the OEE target, None without."""

    produced: float
    good: float
    planned: float | None
