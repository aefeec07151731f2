"""Every id of the alarm page and of the count in the top bar."""

from __future__ import annotations

from typing import Any

TITLE, SENTENCE, TABS = "alarm-title", "alarm-sentence", "alarm-tabs"
LIST, LIST_PART, ASIDE = "alarm-list", "alarm-list-part", "alarm-aside"
JOURNAL, JOURNAL_PART, JOURNAL_EMPTY, JOURNAL_GRID = "alarm-journal", "alarm-journal-part", "alarm-journal-empty", "alarm-grid"
FIGURES, FIGURES_PART, FIGURES_BODY = "alarm-figures", "alarm-figures-part", "alarm-figures-body"
SHELVED = "alarm-shelved"
SIDE, SIDE_BODY, FORM, HISTORY = "alarm-side", "alarm-side-body", "alarm-form", "alarm-history"
REASON, SHELVES, REMOVE, BACK = "alarm-reason", "alarm-shelves", "alarm-remove", "alarm-back"
SAID = "alarm-said"
HELD, RELEASE, ACK, DONE = "alarm-held", "alarm-release", "alarm-ack", "alarm-done"
"""Stores between assets/alarm.js and the callbacks. `HELD` {ids}: the order on the screen, while the pointer or the focus is
in the list. `RELEASE`: raised when it leaves. `ACK` {ids, n}: what was acknowledged. `DONE`: raised after every writing."""
COUNT = "alarm-count"
WATCH, SINK_WATCH = "alarm-watch", "alarm-sink-watch"


def shelve_id(minutes: Any) -> dict[str, Any]:
    """The button that shelves the picked alarm for so many minutes; `ALL` for every one."""
    return {"type": "alarm-shelve", "minutes": minutes}
