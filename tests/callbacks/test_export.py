"""Exports of every panel: rows made anew on the server, within scope and right, and on record."""

from __future__ import annotations

import base64
import importlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from dash import no_update
from openpyxl import load_workbook
from plotly.io.json import to_json_plotly

from callbacks import export, location
from callbacks.registry import Request, load
from components.view import Context, context_of
from db import audit
from db import config as kept
from db.store import Store
from engine.access import PERMISSIONS, SYSTEM, Scope, User, scope_of
from engine.config.demo import config_of
from engine.errors import Forbidden, Invalid, NotFound
from engine.twin.site import SITE
from tests.callbacks.test_machine import NOW, place
from tests.components.test_text import layouts

ENGINEER = User(1, "engineer", "Demo Engineer", True, True)


@pytest.fixture
def site(store: Store) -> Iterator[Store]:
    with store.change("test", "the virtual site") as change:
        kept.apply(change, kept.read_config(store), config_of(SITE))
    return store


@pytest.fixture
def allowed(site: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Scope]]:
    """The scopes by permission that the signed-in user holds."""
    scopes = {p.key: SYSTEM for p in PERMISSIONS}

    def request_for(permission: str) -> Request:
        if permission not in scopes:
            raise Forbidden(f"This needs the right “{permission}”.")
        return Request(ENGINEER, scopes[permission], site, NOW)

    monkeypatch.setattr(export, "request_for", request_for)
    return scopes


def here(store: Store, search: str = "?at=acme/dublin/solid-dose") -> Context:
    found = context_of(place(store, search, "/location"))
    assert found is not None
    return found


def asked(store: Store) -> Request:
    return Request(ENGINEER, SYSTEM, store, NOW)


def test_a_file_holds_what_the_panel_shows_and_is_on_record(site: Store, allowed: dict[str, Scope]) -> None:
    sent = export.saved(asked(site), "places", "xlsx", here(site))
    book = load_workbook(io.BytesIO(base64.b64decode(sent["content"])))
    assert "Press 2" in [row[0].value for row in book["Places"].iter_rows(min_row=2)]
    last = audit.entries_of(site, "data_export", "1")[0]
    assert (last.actor, last.reason, last.new["form"]) == ("engineer", "saved as XLSX", "xlsx")  # type: ignore[index]
    assert (last.new["place"], last.new["rows"]) == ("acme/dublin/solid-dose", 8)  # type: ignore[index]


def test_a_picture_is_drawn_in_the_browser_and_noted_here(site: Store, allowed: dict[str, Scope]) -> None:
    assert export.saved(asked(site), "places", "png", here(site)) is no_update
    assert audit.entries_of(site, "data_export", "1")[0].new["form"] == "png"  # type: ignore[index]


def test_nobody_takes_out_what_they_may_not_see(site: Store, allowed: dict[str, Scope]) -> None:
    del allowed["historian.read"]
    with pytest.raises(Forbidden):
        export.saved(asked(site), "places", "csv", here(site))
    assert audit.entries_of(site, "data_export", "1") == []


def test_a_forged_place_gives_no_rows_of_others(site: Store, allowed: dict[str, Scope]) -> None:
    packaging = here(site, "?at=acme/dublin/packaging").node
    allowed |= {key: scope_of([packaging or 0]) for key in allowed}
    with pytest.raises(NotFound):
        export.saved(asked(site), "places", "csv", here(site))


def test_an_unknown_panel_or_form_is_refused(site: Store, allowed: dict[str, Scope]) -> None:
    with pytest.raises(NotFound):
        export.saved(asked(site), "no-such-panel", "csv", here(site))
    with pytest.raises(Invalid):
        export.saved(asked(site), "places", "exe", here(site))


def test_the_place_on_record_is_the_stored_one(site: Store, allowed: dict[str, Scope]) -> None:
    export.saved(asked(site), "places", "csv", replace(here(site), path="somewhere/else", name="Nothing"))
    assert audit.entries_of(site, "data_export", "1")[0].new["place"] == "acme/dublin/solid-dose"  # type: ignore[index]


def test_every_panel_that_offers_rows_has_a_loader() -> None:
    load()
    offered: set[str] = set()
    for name in layouts():
        shown = json.loads(to_json_plotly(importlib.import_module(name).page()))
        offered |= _panels(shown)
    assert offered <= set(export.SOURCES)


def _panels(shown: object) -> set[str]:
    if isinstance(shown, list):
        return set().union(*(_panels(part) for part in shown)) if shown else set()
    if not isinstance(shown, dict):
        return set()
    own = shown.get("id")
    named = {own["panel"]} if isinstance(own, dict) and own.get("type") == "panel-save" else set()
    return named.union(*(_panels(value) for value in shown.values()))


def test_the_table_of_a_panel_is_what_its_file_holds(site: Store, allowed: dict[str, Scope]) -> None:
    sheet = export.loaded(asked(site), "places", here(site))
    shown = location.show_children(asked(site), place(site, "?at=acme/dublin/solid-dose", "/location"), None)[3]
    assert [row[0] for row in sheet.rows] == [record["name"] for record in shown]
