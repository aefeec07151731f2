"""The states of an alarm and what leads from one to another (ISA-18.2-2016, figure 3, alarm state transition diagram).

Letters of the standard: A normal, B unacknowledged, C acknowledged, D returned to normal unacknowledged, G shelved,
H suppressed by design, I out of service. Latched alarms (E, F of the 2009 edition) are not used.

Whatever was set aside comes back as normal; when its condition still holds, it is raised anew at once. So an operator
sees it as unacknowledged again, as the standard asks.
"""

from __future__ import annotations

from enum import StrEnum

from engine.errors import Conflict


class AlarmState(StrEnum):
    """Where an alarm stands."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class AlarmEvent(StrEnum):
    """What can happen to an alarm."""

    RAISE = "raise"
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    SUPPRESS = "suppress"
    REMOVE = "remove"
    RETURN = "return"


ANNUNCIATED = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, AlarmState.RETURNED)
"""States in which an alarm is in the list."""
SET_ASIDE = {
    AlarmEvent.SHELVE: AlarmState.SHELVED,
    AlarmEvent.SUPPRESS: AlarmState.SUPPRESSED,
    AlarmEvent.REMOVE: AlarmState.OUT_OF_SERVICE,
}

TRANSITIONS: dict[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (AlarmState.NORMAL, AlarmEvent.RAISE): AlarmState.UNACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, AlarmEvent.ACKNOWLEDGE): AlarmState.ACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, AlarmEvent.CLEAR): AlarmState.RETURNED,
    (AlarmState.ACKNOWLEDGED, AlarmEvent.CLEAR): AlarmState.NORMAL,
    (AlarmState.RETURNED, AlarmEvent.ACKNOWLEDGE): AlarmState.NORMAL,
    (AlarmState.RETURNED, AlarmEvent.RAISE): AlarmState.UNACKNOWLEDGED,
    **{(state, event): aside for state in (AlarmState.NORMAL, *ANNUNCIATED) for event, aside in SET_ASIDE.items()},
    **{(aside, AlarmEvent.RETURN): AlarmState.NORMAL for aside in SET_ASIDE.values()},
    (AlarmState.SHELVED, AlarmEvent.REMOVE): AlarmState.OUT_OF_SERVICE,
    (AlarmState.SUPPRESSED, AlarmEvent.SHELVE): AlarmState.SHELVED,
    (AlarmState.SUPPRESSED, AlarmEvent.REMOVE): AlarmState.OUT_OF_SERVICE,
}
"""Every transition that there is; all others are refused."""

_WORDS = {
    AlarmEvent.RAISE: "raised",
    AlarmEvent.CLEAR: "cleared",
    AlarmEvent.ACKNOWLEDGE: "acknowledged",
    AlarmEvent.SHELVE: "shelved",
    AlarmEvent.SUPPRESS: "suppressed",
    AlarmEvent.REMOVE: "taken out of service",
    AlarmEvent.RETURN: "brought back",
}


def after(state: AlarmState, event: AlarmEvent) -> AlarmState:
    """The state that follows; raises `Conflict` when the event cannot happen in this state."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise Conflict(f"An alarm that is {state.value.replace('_', ' ')} cannot be {_WORDS[event]}.") from None
