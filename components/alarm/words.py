"""What is said about an alarm, in words and numbers."""

from __future__ import annotations

from dash import html

from components import format as show
from components.shape import shape, word
from components.text import t
from engine.alarm import Alarm, AlarmKind, AlarmState, Priority

SHAPES = {Priority.URGENT: "p1", Priority.HIGH: "p2", Priority.LOW: "p3"}
STATE_WORDS: dict[AlarmState, str] = {
    AlarmState.NORMAL: "Returned to normal",
    AlarmState.UNACKNOWLEDGED: "Active, not acknowledged",
    AlarmState.ACKNOWLEDGED: "Active, acknowledged",
    AlarmState.RETURNED: "Returned to normal, not acknowledged",
    AlarmState.SHELVED: "Shelved",
    AlarmState.SUPPRESSED: "Suppressed by design",
    AlarmState.OUT_OF_SERVICE: "Out of service",
}
ENDED_WORDS: dict[str, str] = {
    "normal": "Acknowledged and normal",
    "shelved": "Shelved",
    "suppressed": "Suppressed by design",
    "out_of_service": "Taken out of service",
    "removed": "Alarm no longer configured",
    "repeated": "Raised again before it was acknowledged",
    "found_late": "Found in samples that came late",
}


def priority_word(priority: Priority) -> str:
    """Urgent, high or low."""
    return word(SHAPES[priority])


def state_word(state: AlarmState) -> str:
    """The state of ISA-18.2 in words."""
    return t(STATE_WORDS[state])


def mark(alarm: Alarm) -> html.Span:
    """The shape of an alarm's priority; it blinks while nobody has acknowledged it, and is hollow when it has returned."""
    said = f"{priority_word(alarm.priority)}, {state_word(alarm.state)}"
    drawn = html.Span(shape(SHAPES[alarm.priority], label=said), className="is-unack" if alarm.unacknowledged else "")
    return html.Span(drawn, className="al-mark" + ("" if alarm.active else " is-returned"), title=said)


def first_sentence(text: str) -> str:
    """The first line of a response: what to do first."""
    head, dot, _ = text.partition(". ")
    return head + ("." if dot else "")


def against(alarm: Alarm) -> str:
    """Value versus limit: `8.6 °C > 8 °C`; for states the state, else how it is lost."""
    if alarm.kind in (AlarmKind.ABOVE, AlarmKind.BELOW):
        sign = ">" if alarm.kind is AlarmKind.ABOVE else "<"
        return f"{quantity(alarm, alarm.value)} {sign} {quantity(alarm, alarm.limit)}"
    if alarm.kind is AlarmKind.STATE:
        return alarm.state_name or t("in this state")
    return t("not connected") if alarm.kind is AlarmKind.SOURCE else t("no value")


def now(alarm: Alarm) -> str:
    """The newest value; nothing where there is none."""
    limited = alarm.kind in (AlarmKind.ABOVE, AlarmKind.BELOW) and alarm.now_value is not None
    return t("now {value}", value=quantity(alarm, alarm.now_value)) if limited else ""


def quantity(alarm: Alarm, value: float | None) -> str:
    """A value of the alarm's signal."""
    return show.quantity(value, alarm.unit, alarm.decimals)


def counted(counts: dict[Priority, int]) -> str:
    """`1 urgent, 3 low`."""
    return ", ".join(f"{counts[p]} {priority_word(p).lower()}" for p in Priority if counts.get(p))
