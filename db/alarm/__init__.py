"""Where alarms are kept: what stands, what was, what people set aside; and the conditions that the job judges."""

from db.alarm.late import courses, record
from db.alarm.read import (
    MOST,
    asides,
    configured,
    counts,
    definition,
    history,
    journal,
    past_asides,
    raised,
    standing,
)
from db.alarm.watch import apply, expired, watches
from db.alarm.write import acknowledge, bring_back, remove, shelve

__all__ = [
    "MOST",
    "acknowledge",
    "apply",
    "asides",
    "bring_back",
    "configured",
    "counts",
    "courses",
    "definition",
    "expired",
    "history",
    "journal",
    "past_asides",
    "raised",
    "record",
    "remove",
    "shelve",
    "standing",
    "watches",
]
