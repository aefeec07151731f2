"""The command palette: one box that finds places, signals, batches, orders, pages, views and actions. Owns its ids.

`Found` is one thing to go to or to do. assets/palette.js moves the choice; the server fills the list (callbacks/palette.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from components.shape import icon
from components.text import aria, data, t

DIALOG, SOUGHT, LIST, OPENED, TOLD = "palette", "palette-sought", "palette-list", "palette-opened", "palette-told"
LEAST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """One entry: its group, icon, title, what stands behind it, and where it leads (`href`) or what it does (`do`)."""

    group: str
    icon: str
    title: str
    detail: str = ""
    href: str = ""
    do: tuple[tuple[str, str], ...] = ()


ACTIONS: tuple[Found, ...] = (
    Found("Actions", "help", "Help", "?", do=(("do", "open"), ("opens", "help"))),
    Found("Actions", "link", "Copy link", "", do=(("do", "copy"), ("said", "Link copied"))),
    Found("Actions", "link", "Copy link with fixed times", "", do=(("do", "copy"), ("frozen", "1"), ("said", "Link copied"))),
    Found("Actions", "save", "Save this view", "", do=(("do", "open"), ("opens", "saved"))),
    Found("Actions", "clock", "Live on or off", "l", do=(("do", "live"),)),
    Found("Actions", "moon", "Dark theme", "", do=(("do", "theme"), ("theme", "dark"))),
    Found("Actions", "overview", "Light theme", "", do=(("do", "theme"), ("theme", "light"))),
    Found("Actions", "doc", "Print this page", "", do=(("do", "print"),)),
)
"""What the palette can do; each is a control of assets/keys.js."""


def button() -> html.Button:
    """The search field of the top bar, which opens the palette."""
    words = html.Span([icon("search"), html.Span(t("Search"))])
    return html.Button(
        [words, html.Kbd("/")],
        className="pl-ctl pl-search",
        title=t("Search (/), command palette (Ctrl K)"),
        **aria(label=t("Search")),
        **data(do="palette", key="/"),
    )


def dialog_() -> html.Dialog:
    """The palette itself."""
    box = dcc.Input(
        id=SOUGHT,
        type="text",
        debounce=0.12,
        autoComplete="off",
        placeholder=t("Place, signal, batch, order, page or action"),
        value="",
    )
    return html.Dialog(
        [
            html.H2(t("Search"), id=f"{DIALOG}-title", className="pl-sr"),
            html.Label([icon("search"), box], className="pl-seek"),
            html.Div(id=LIST, role="listbox", className="pl-found", tabIndex="-1", **aria(label=t("Found"))),
            html.P(
                [html.Kbd("↑"), html.Kbd("↓"), t("choose"), html.Kbd("Enter"), t("go"), html.Kbd("Esc"), t("close")],
                className="cap t2 pl-seek-keys",
            ),
            html.P(id=TOLD, className="pl-sr", role="status", **aria(live="polite")),
            dcc.Store(id=OPENED),
        ],
        id=DIALOG,
        className="pl-dialog pl-palette",
        **aria(labelledby=f"{DIALOG}-title"),
    )


def entries(found: Sequence[Found]) -> list[Any]:
    """The list, group by group; the first entry is chosen."""
    numbered = list(enumerate(found))
    listed = [_group(group, list(members)) for group, members in groupby(numbered, key=lambda pair: pair[1].group)]
    return listed or [html.P(t("Nothing found"), className="t2")]


def _group(title: str, members: Sequence[tuple[int, Found]]) -> html.Div:
    head = html.Div(t(title), className="gh", **aria(hidden="true"))
    return html.Div([head, *(_entry(n, found) for n, found in members)], role="group", **aria(label=t(title)))


def _entry(number: int, found: Found) -> Component:
    parts = [icon(found.icon), html.Span(found.title, className="l"), html.Span(found.detail, className="d")]
    shared: dict[str, Any] = {"id": f"found-{number}", "role": "option", "className": "it", "tabIndex": "-1"}
    shared |= aria(selected="true" if number == 0 else "false")
    if found.href:
        return html.A(parts, href=found.href, **shared)
    return html.Button(parts, **shared, **data(**{name: t(value) if name == "said" else value for name, value in found.do}))


def matching(listed: Iterable[Found], words: str) -> list[Found]:
    """Those whose title holds every word."""
    wanted = words.lower().split()
    return [found for found in listed if all(word in found.title.lower() for word in wanted)]


def told(count: int) -> str:
    """How many entries there are, for screen readers."""
    return t("Nothing found") if not count else t("{n} found", n=count)
