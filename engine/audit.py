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
class Export:
    """Data that leave the system as a file: what was saved, of which place and signals, over [from_us, to_us)."""

    title: str
    place: str
    signals: tuple[str, ...]
    from_us: int
    to_us: int
    rows: int
