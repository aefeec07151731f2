"""State shapes and icons: a class is enough, the drawing is a mask in assets/icons.css (ui.md 3.2)."""

from __future__ import annotations

from dash import html

from components.text import aria, t

STATES: dict[str, tuple[str, str]] = {
    "running": ("run", "Running"),
    "idle": ("idle", "Idle"),
    "stopped": ("stop", "Stopped"),
    "held": ("stop", "Held"),
    "suspended": ("idle", "Suspended"),
    "aborted": ("stop", "Aborted"),
    "cleaning": ("clean", "Cleaning"),
    "setup": ("idle", "Setting up"),
    "maintenance": ("maint", "In maintenance"),
    "out_of_service": ("oos", "Out of service"),
    "stale": ("stale", "Stale"),
    "bad": ("bad", "Bad quality"),
    "p1": ("p1", "Urgent"),
    "p2": ("p2", "High"),
    "p3": ("p3", "Low"),
    "error": ("err", "Error"),
    "shelved": ("shelved", "Shelved"),
}
"""Category of a state -> (class suffix of the shape, the word beside it)."""


def word(category: str) -> str:
    """The word for a category."""
    return t(STATES[category][1]) if category in STATES else t("Unknown state")


def shape(category: str, *, label: str | None = None, hidden: bool = False) -> html.I:
    """The shape of a category. `hidden` when the word stands beside it."""
    suffix = STATES.get(category, ("bad", ""))[0]
    if hidden:
        return html.I(className=f"pl-shape pl-shape--{suffix}", **aria(hidden="true"))
    return html.I(className=f"pl-shape pl-shape--{suffix}", role="img", **aria(label=label or word(category)))


def state_chip(category: str, text: str | None = None) -> html.Span:
    """Shape and word."""
    return html.Span([shape(category, hidden=True), text or word(category)], className="state_chip")


def icon(name: str, *, small: bool = False) -> html.I:
    """A decorative icon."""
    return html.I(className=f"pl-i pl-i--{name}{' s' if small else ''}", **aria(hidden="true"))
