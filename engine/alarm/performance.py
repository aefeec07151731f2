"""How well the alarm system serves its operators: the figures of ISA-18.2-2016 (IEC 62682), clause 16
“monitoring and assessment”, and of EEMUA 191.

Alarms are counted in whole spans of ten minutes by the clock (UTC). What was not raised is not counted: alarms that were
shelved, suppressed or out of service do not appear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.alarm.record import Priority
from engine.kpi import Kpi
from engine.time import DAY_US, MINUTE_US, SECOND_US

SPAN_US = 10 * MINUTE_US
FLOOD = 10
"""More alarms than this in ten minutes are a flood: more than one operator can answer (ISA-18.2, EEMUA 191)."""
CHATTER, CHATTER_US = 3, MINUTE_US
"""An alarm raised this often within a minute chatters (ISA-18.2: it repeats in a short time; three in a minute is the usual
measure)."""
FLEETING_US = 10 * SECOND_US
"""An alarm that returned to normal so soon, before anybody could act, was fleeting. ISA-18.2 gives the word, the span is
ours."""
STALE_US = DAY_US
"""An alarm that stays active for longer is stale (ISA-18.2: remains for an extended time, such as 24 h)."""
AIM = {Priority.LOW: 0.80, Priority.HIGH: 0.15, Priority.URGENT: 0.05}
"""The mix of priorities that a plant should aim for (ISA-18.2, EEMUA 191: about 80 / 15 / 5 %)."""
TOP = 10


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that was raised, as far as the figures need it."""

    definition_id: int
    title: str
    place: str
    priority: Priority
    raised_at_us: int
    cleared_at_us: int | None = None
    acked_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Often:
    """An alarm, how often it was raised, and its share of all."""

    definition_id: int
    title: str
    place: str
    priority: Priority
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of a range. Rates are None where the range is shorter than one span, shares where nothing was raised."""

    from_us: int
    to_us: int
    total: int
    mean_per_span: float | None
    worst_per_span: int | None
    worst_span_us: int | None
    flood_share: float | None
    top: tuple[Often, ...]
    chattering: tuple[Often, ...]
    fleeting: tuple[Often, ...]
    mix: dict[Priority, float]
    answered_s: float | None
    spans: tuple[tuple[int, int], ...]

    @property
    def top_share(self) -> float | None:
        """What the ten most frequent alarms make of all."""
        return sum(one.share for one in self.top) if self.total else None


def performance(raised: Sequence[Raised], from_us: int, to_us: int) -> Performance:
    """The figures over [from_us, to_us); `raised` in order of time."""
    counted = per_span(raised, from_us, to_us)
    worst_us, worst = max(counted, key=lambda span: span[1], default=(None, None))
    chatters, total = _chattering(raised), len(raised)
    return Performance(
        from_us=from_us,
        to_us=to_us,
        total=total,
        mean_per_span=total * SPAN_US / (to_us - from_us) if to_us - from_us >= SPAN_US else None,
        worst_per_span=worst,
        worst_span_us=worst_us,
        flood_share=sum(count > FLOOD for _, count in counted) / len(counted) if counted else None,
        top=often(raised)[:TOP],
        chattering=tuple(one for one in often(raised) if one.definition_id in chatters),
        fleeting=often([r for r in raised if _fleeting(r)]),
        mix={p: sum(r.priority is p for r in raised) / total for p in Priority} if raised else {},
        answered_s=_median([(r.acked_at_us - r.raised_at_us) / SECOND_US for r in raised if r.acked_at_us is not None]),
        spans=tuple(counted),
    )


def per_span(raised: Sequence[Raised], from_us: int, to_us: int) -> list[tuple[int, int]]:
    """(start, count) of each span of ten minutes that lies wholly in the range."""
    first, last = -(-from_us // SPAN_US), to_us // SPAN_US
    counts = Counter(r.raised_at_us // SPAN_US for r in raised)
    return [(span * SPAN_US, counts[span]) for span in range(first, last)]


def often(raised: Sequence[Raised]) -> tuple[Often, ...]:
    """The alarms by how often they were raised."""
    known = {r.definition_id: r for r in raised}
    return tuple(
        Often(id_, known[id_].title, known[id_].place, known[id_].priority, count, count / len(raised))
        for id_, count in Counter(r.definition_id for r in raised).most_common()
    )


def _chattering(raised: Sequence[Raised]) -> set[int]:
    times: dict[int, list[int]] = {}
    for one in raised:
        times.setdefault(one.definition_id, []).append(one.raised_at_us)
    reach = CHATTER - 1
    return {id_ for id_, at in times.items() if any(b - a < CHATTER_US for a, b in zip(at, at[reach:], strict=False))}


def _fleeting(one: Raised) -> bool:
    return one.cleared_at_us is not None and one.cleared_at_us - one.raised_at_us < FLEETING_US


def _median(values: list[float]) -> float | None:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


_STANDARD = "ISA-18.2-2016 (IEC 62682), clause 16; EEMUA 191"

KPIS: tuple[Kpi[Performance], ...] = (
    Kpi(
        "alarm_rate_mean",
        "Alarms per 10 min, mean",
        "",
        lambda p: p.mean_per_span,
        "down",
        2,
        1.0,
        _STANDARD,
        "Alarms raised in the range, divided by its length in spans of 10 minutes. About 1 is very likely acceptable.",
    ),
    Kpi(
        "alarm_rate_worst",
        "Alarms per 10 min, worst",
        "",
        lambda p: p.worst_per_span,
        "down",
        0,
        10.0,
        _STANDARD,
        "The most alarms raised in one span of 10 minutes by the clock.",
    ),
    Kpi(
        "alarm_flood_share",
        "Time in flood",
        "%",
        lambda p: p.flood_share,
        "down",
        1,
        0.01,
        _STANDARD,
        "Share of the spans of 10 minutes in which more than 10 alarms were raised.",
    ),
    Kpi(
        "alarm_top_share",
        "Top ten of all",
        "%",
        lambda p: p.top_share,
        "down",
        1,
        0.05,
        _STANDARD,
        "What the ten most frequent alarms make of all that were raised. A large share is mended by mending few.",
    ),
    Kpi(
        "alarm_answer_time",
        "Time to acknowledge, median",
        "s",
        lambda p: p.answered_s,
        "down",
        0,
        None,
        "own",
        "Median time from an alarm being raised to its being acknowledged, of those that were.",
    ),
)
