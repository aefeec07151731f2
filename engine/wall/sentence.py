"""Three sentences about a shift: the biggest loss, the change against last week, what is still open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.oee.totals import OeeTotals, ShiftTotals
from engine.time import MINUTE_US
from engine.wall.attention import Need

BEFORE_US, AFTER_US = 30 * MINUTE_US, 30 * MINUTE_US
"""The sentences are shown in the last half hour of a shift and in the first half hour after it."""
LEAST_COVERAGE = 0.8
LOSSES: Mapping[str, str] = {
    "delay_s": "standing with a batch",
    "down_s": "standing without a batch",
    "setup_s": "being set up or cleaned",
}
STEADY = 0.005


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    """A shift of a place: its sums by place name, all together, and all together in the shift to compare with (None: none)."""

    name: str
    by_place: Mapping[str, OeeTotals]
    total: OeeTotals
    before: OeeTotals | None = None


def sentences(facts: ShiftFacts, open_needs: Iterable[Need], clock: Mapping[int, str]) -> tuple[str, str, str]:
    """The three. `clock` gives the wall time of the instants of the open needs."""
    return _loss(facts), _change(facts), _open(list(open_needs), clock)


def _loss(facts: ShiftFacts) -> str:
    losses = [(getattr(sums, key), place, words) for place, sums in facts.by_place.items() for key, words in LOSSES.items()]
    worst = max(losses, default=(0.0, "", ""))
    if worst[0] < 60:
        return f"Shift {facts.name} lost no time that is known."
    whole = sum(seconds for seconds, *_ in losses)
    return f"{worst[1]} lost most: {_span(worst[0])} {worst[2]}, {100 * worst[0] / whole:.0f} % of all lost time."


def _change(facts: ShiftFacts) -> str:
    now, before = facts.total.oee, facts.before.oee if facts.before else None
    if now is None:
        return "There is no OEE of this shift: not enough is known of its machines."
    said = f"OEE is {100 * now:.1f} %"
    if (facts.total.coverage or 0.0) < LEAST_COVERAGE:
        said += f" of the {100 * (facts.total.coverage or 0.0):.0f} % of time that is known"
    if before is None:
        return f"{said}; there is no such shift of last week to compare with."
    if abs(now - before) < STEADY:
        return f"{said}, as in the same shift last week."
    return f"{said}, {100 * abs(now - before):.1f} points {'above' if now > before else 'below'} the same shift last week."


def _open(found: list[Need], clock: Mapping[int, str]) -> str:
    if not found:
        return "Nothing is open."
    first, rest = found[0], len(found) - 1
    who = f"{first.owner} has it" if first.owner else "nobody has taken it yet"
    more = f" {rest} more {'is' if rest == 1 else 'are'} open." if rest else ""
    return f"Open: {first.place}, {_lower(first.text)}, since {clock.get(first.since_us, '')}; {who}.{more}"


def _lower(text: str) -> str:
    """For the middle of a sentence; abbreviations stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def same_shift_before(found: Iterable[ShiftTotals], shift: str, week_us: tuple[int, int]) -> OeeTotals | None:
    """The sums over machines of the shift of that name that began in a window; None when there is none."""
    sums = [s.totals for s in found if s.shift == shift and week_us[0] <= s.from_us < week_us[1]]
    return sum(sums, OeeTotals()) if sums else None
