"""Where a role starts: the first of these pages that exists and may be seen (ui.md 2)."""

from __future__ import annotations

from collections.abc import Collection

from components.frame import PAGES, allowed

LANDINGS: dict[str, tuple[str, ...]] = {
    "wall": ("wall",),
    "manager": ("overview",),
    "quality": ("deviation", "alarm", "overview"),
    "planner": ("schedule", "overview"),
    "maintenance": ("maintenance", "alarm", "overview"),
    "auditor": ("audit", "admin", "overview"),
    "admin": ("admin", "overview"),
    "operator": ("location",),
}
"""Keys of `PAGES` by role, the best first. An engineer starts where the last visit ended."""
ROAMING = frozenset({"engineer"})


def landing(roles: Collection[str], rights: Collection[str], last: str | None) -> str:
    """The path to start with. `last` is the link of the place that was opened last."""
    if last and ROAMING & set(roles):
        return last
    open_pages = {page.key: page.path for page in allowed(rights)}
    wanted = (key for role, keys in LANDINGS.items() if role in roles for key in keys)
    first = next((open_pages[key] for key in wanted if key in open_pages), None)
    return first or open_pages.get("overview") or next(iter(open_pages.values()), PAGES[0].path)
