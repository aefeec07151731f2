"""The audit trail: entries that form a hash chain, and the findings of checking it (21 CFR 11.10(a), (e))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed what in a GxP record, when and why, with the content before and after."""

    id: int
    at: datetime
    actor: str
    reason: str
    signature_id: int | None
    table_name: str
    record_id: str
    action: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """The first entry that breaks the chain, and how."""

    entry_id: int
    problem: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The chain was recomputed up to an entry: its number, its hash, and what was found first, if anything."""

    at: datetime
    entries: int
    head: str
    finding: ChainFinding | None


PEOPLE = "@people"
"""As an actor in a filter: whoever is no job of the clock and not the program itself. No account can have this name."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; empty means all. [from_us, to_us) is when, `before` and `after` bound the number."""

    actor: str = ""
    table: str = ""
    record: str = ""
    action: str = ""
    words: str = ""
    from_us: int | None = None
    to_us: int | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a record: before and after, None where there was none."""

    name: str
    old: Any
    new: Any


def field_changes(entry: AuditEntry) -> list[FieldChange]:
    """The fields that an entry changed, in the record's order; the version counts by itself and is left out."""
    old, new = entry.old or {}, entry.new or {}
    names = [name for name in dict.fromkeys([*old, *new]) if name != "version"]
    return [FieldChange(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


@dataclass(frozen=True, slots=True)
class Export:
    """Data that leave the system as a file: what was saved, of which place and signals, over [from_us, to_us).

    `filters` are what narrowed it beside place and range, as (name, value) in words.
    """

    title: str
    place: str
    signals: tuple[str, ...]
    from_us: int
    to_us: int
    rows: int
    form: str = "csv"
    filters: tuple[tuple[str, str], ...] = ()
