"""The keyboard map as records: the help overlay lists them, and a test compares them with assets/keys.js (ui.md 13)."""

from __future__ import annotations

from dataclasses import dataclass

from dash import html

from components.text import aria, data, t


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or several in order, and what pressing it does. `single`: it can be switched off (WCAG 2.1.4)."""

    keys: tuple[str, ...]
    does: str
    single: bool = True


KEYS: tuple[Key, ...] = (
    Key(("Ctrl K",), "Command palette: pages, places, batches, orders, signals, views, actions", single=False),
    Key(("/",), "Search"),
    Key(("?",), "Help", single=False),
    Key(("t",), "Time range"),
    Key(("[",), "Previous range"),
    Key(("]",), "Next range"),
    Key(("l",), "Live on or off"),
    Key(("f",), "Full screen panel"),
    Key(("↑", "↓", "←", "→"), "Walk the tree of places", single=False),
    Key(("Esc",), "Close, clear", single=False),
)
GO = "g"
"""Followed by the letter of a page (frame.PAGES)."""


def table(pages: tuple[tuple[str, str], ...]) -> html.Table:
    """The keys, and `g` with a letter for each page (letter, title)."""
    listed = [*KEYS, *(Key((GO, letter), title) for letter, title in pages if letter)]
    return html.Table(html.Tbody([_row(key) for key in listed]), className="pl-keys")


def _row(key: Key) -> html.Tr:
    pressed = [html.Kbd(part) for whole in key.keys for part in whole.split()]
    return html.Tr([html.Td(pressed), html.Td(t(key.does))])


def switch() -> html.Button:
    """Turns shortcuts of a single key off and on; kept in the browser."""
    return html.Button(t("Single-key shortcuts"), className="pl-ctl pl-switch", **data(do="keys"), **aria(pressed="true"))
