"""What is kept for how long: one record for each kind of thing that grows. The clock's tidying follows these records."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Invalid


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of `tables` are kept for `days` (None: for ever), and of those at most the newest `most`."""

    key: str
    title: str
    tables: tuple[str, ...]
    days: float | None = None
    most: int | None = None
    because: str = ""


def days_of(kept: Kept) -> float:
    """For how many days; raises `Invalid` for what is kept for ever."""
    if kept.days is None:
        raise Invalid(f"{kept.title} are kept for ever.")
    return kept.days


RUNS = Kept("runs", "Ended job runs", ("job_run",), 30.0)
SESSIONS = Kept(
    "sessions", "Sessions that nobody uses", ("web_session",), 30.0, because="Who signed in stays in the security log."
)
LETTERS = Kept("letters", "Dead letters", ("dead_letter",), 90.0, 1_000_000, "Their number stays in the accounting of samples.")
EVENTS = Kept("events", "Security log", ("security_event",), 400.0)
WORKERS = Kept("workers", "Workers that are gone", ("worker",), 30.0)
SPOOLS = Kept(
    "spools",
    "Progress of spools that are gone",
    ("spool_progress",),
    90.0,
    because="A spool that comes back is not counted twice.",
)

RETENTION: tuple[Kept, ...] = (
    Kept(
        "samples",
        "Samples",
        ("chunk_local", "sample_hot_local", "text_event_local", "last_value_local"),
        because="Sealed samples are compressed without loss.",
    ),
    Kept("rollups", "Rollups", ("rollup_local",), because="Computed from the samples; they make long ranges fast."),
    Kept("revisions", "Older revisions of samples", ("superseded", "sample_correction")),
    Kept("gaps", "Declared gaps", ("gap",)),
    Kept("audit", "Audit trail", ("audit_entry",), because="Kept as long as the records that it tells of."),
    LETTERS,
    EVENTS,
    SESSIONS,
    RUNS,
    WORKERS,
    SPOOLS,
)
"""In the order of the page."""
