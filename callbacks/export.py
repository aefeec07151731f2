"""Saving what a panel shows: every file that leaves the system is on record first."""

from __future__ import annotations

from collections.abc import Iterable

from callbacks.registry import Request
from components import sheet
from components.text import t
from components.view import Context
from db import audit
from engine.audit import Export
from engine.tag import Tag


def save_csv(request: Request, here: Context, title: str, text: str, tags: Iterable[Tag]) -> dict[str, str]:
    """The download of a panel's CSV, after its entry in the audit trail: who, what, which range and how many rows."""
    view = here.view(request.now_us)
    names = tuple(tag.name for tag in tags)
    export = Export(title, here.path, names, view.from_us, view.to_us, sheet.row_count(text))
    with request.store.change(request.user.name, t("saved as CSV")) as change:
        audit.note_export(change, export)
    return sheet.download(text, here.name, title)
