"""What may be forgotten with time: dead letters and security events, which the application cannot delete otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from db.store import Store


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each were deleted."""

    letters: int
    events: int


def forget(store: Store, *, letter_days: int, letters_kept: int, event_days: int) -> Forgotten:
    """Delete dead letters older than `letter_days` or beyond the newest `letters_kept`, and older security events.

    The database allows no less than 30 days or 10,000 dead letters, and no less than 90 days of security events.
    """
    with store.write() as connection:
        row = connection.execute(
            text("select letters, events from forget(:days, :kept, :event_days)"),
            {"days": letter_days, "kept": letters_kept, "event_days": event_days},
        ).one()
    return Forgotten(row.letters, row.events)
