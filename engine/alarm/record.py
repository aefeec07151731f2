"""What is configured of an alarm, one time that it was raised, and what sets it aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from engine.alarm.state import AlarmState
from engine.errors import Invalid

LONGEST_SHELF_S = 24 * 3600.0
"""An alarm is shelved for a shift or a day; what must be quiet for longer is taken out of service, which is said so."""


class PriorityWord(StrEnum):
    """A priority as it is written in the configuration."""

    URGENT = "urgent"
    HIGH = "high"
    LOW = "low"


class Priority(IntEnum):
    """How soon somebody must act: the smaller number first."""

    URGENT = 1
    HIGH = 2
    LOW = 3

    @property
    def word(self) -> PriorityWord:
        """The word for it."""
        return PriorityWord(self.name.lower())

    @classmethod
    def of(cls, word: str) -> Priority:
        """The priority of a word."""
        return cls[word.upper()]


class AlarmKind(StrEnum):
    """What is judged: a value against a limit, a state, whether a source or a value is there at all."""

    ABOVE = "above"
    BELOW = "below"
    STATE = "state"
    SOURCE = "source"
    STALE = "stale"


LIMITED = (AlarmKind.ABOVE, AlarmKind.BELOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What of an alarm is judged. `limit` is the threshold that holds: the alarm's own or the tag's alarm limit (None: the
    tag has none now); for kind "stale" an age in seconds. `states` are categories of the tag's state table, or
    "true"/"false". The alarm is suppressed by design unless its machine is in one of `while_states`."""

    id: int
    site_id: int
    node_id: int
    kind: AlarmKind
    priority: Priority
    limit: float | None = None
    states: tuple[str, ...] = ()
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    while_states: tuple[str, ...] = ()
    out_of_service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmDefinition(Rule):
    """An alarm as it is configured. Raises `Invalid` without a response: then it is an event, not an alarm (ISA-18.2)."""

    key: str
    title: str
    consequence: str
    response: str
    respond_within_s: float
    cause: str = ""
    path: str = ""
    place: str = ""
    tag: str = ""
    unit: str = ""
    decimals: int | None = None
    source: str = ""
    while_tag: str = ""

    def __post_init__(self) -> None:
        for _, reason in faults(self):
            raise Invalid(reason)


def faults(alarm: object) -> Iterator[tuple[str, str]]:
    """What an alarm lacks by itself, as (field, sentence): of a definition, or of its entry in a configuration."""
    name = getattr(alarm, "key", "")
    if not getattr(alarm, "response", "").strip():
        yield "response", f"The alarm “{name}” needs a response: what nobody can answer is an event, not an alarm."
    if not getattr(alarm, "consequence", "").strip():
        yield "consequence", f"The alarm “{name}” needs a consequence: what happens when nobody answers."
    if getattr(alarm, "respond_within_s", 0.0) <= 0:
        yield "respond_within_s", f"The alarm “{name}” needs the time to respond, in seconds, more than 0."
    for field in ("deadband", "on_delay_s", "off_delay_s"):
        if getattr(alarm, field, 0.0) < 0:
            yield field, f"The “{field}” of the alarm “{name}” is less than 0."
    kind = getattr(alarm, "kind", None)
    if getattr(alarm, "deadband", 0.0) > 0 and kind not in LIMITED:
        yield "deadband", f"The alarm “{name}” of kind {kind} has no limit, so it cannot have a deadband."
    if (kind is AlarmKind.STATE) != bool(getattr(alarm, "states", ())):
        yield "states", f"The alarm “{name}”: kind state names “states”, other kinds do not."


@dataclass(frozen=True, slots=True)
class Alarm:
    """One time that an alarm was raised. `since_us`: when its condition became true at the source, `raised_at_us`: when
    that was told. It has left the list when `ended_at_us` is known. `value` is that at which it was raised, `now_value` the
    newest good one, for numbers."""

    id: int
    definition_id: int
    node_id: int
    path: str
    place: str
    place_kind: str
    key: str
    title: str
    kind: AlarmKind
    priority: Priority
    since_us: int
    raised_at_us: int
    value: float | None
    state_name: str
    limit: float | None
    unit: str
    decimals: int | None
    tag: str
    consequence: str
    cause: str
    response: str
    respond_within_s: float
    cleared_at_us: int | None = None
    acked_at_us: int | None = None
    acked_by: str | None = None
    ended_at_us: int | None = None
    ended_as: str | None = None
    now_value: float | None = None
    now_at_us: int | None = None

    @property
    def active(self) -> bool:
        """True while its condition holds."""
        return self.cleared_at_us is None and self.ended_at_us is None

    @property
    def unacknowledged(self) -> bool:
        """True while it is in the list and nobody has acknowledged it."""
        return self.acked_at_us is None and self.ended_at_us is None

    @property
    def state(self) -> AlarmState:
        """The state of ISA-18.2."""
        if self.ended_at_us is not None:
            return _ENDED.get(self.ended_as or "", AlarmState.NORMAL)
        return standing_state(self.cleared_at_us is not None, self.acked_at_us is not None)

    def order(self) -> tuple[bool, int, int]:
        """For the list: unacknowledged first, by priority, the newest first within it."""
        return (not self.unacknowledged, self.priority, -self.raised_at_us)


_ENDED = {state.value: state for state in (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)}


def standing_state(cleared: bool, acknowledged: bool) -> AlarmState:
    """The state of an alarm in the list."""
    if cleared:
        return AlarmState.NORMAL if acknowledged else AlarmState.RETURNED
    return AlarmState.ACKNOWLEDGED if acknowledged else AlarmState.UNACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class Aside:
    """An alarm that a person set aside: shelved until a time, or out of service until it is brought back."""

    id: int
    definition_id: int
    node_id: int
    path: str
    place: str
    key: str
    title: str
    priority: Priority
    kind: AlarmState
    from_us: int
    until_us: int | None
    reason: str
    by_name: str
    active: bool
    ended_at_us: int | None = None
    ended_by: str | None = None
