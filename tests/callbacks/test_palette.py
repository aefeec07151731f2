"""Palette, saved views, welcome: within scope, in order, and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from callbacks import palette, saved, welcome
from callbacks.registry import Request
from components.view import context_of
from connectors.http.start import start_of
from db import access, location
from db import config as kept
from db import view as views
from db.store import Store
from engine.access import ROLES, SYSTEM, Grant, Scope, User
from engine.config.demo import config_of
from engine.errors import Forbidden, Invalid
from engine.twin.site import SITE
from tests.callbacks.test_machine import NOW, place
from tests.components.test_machine import words

LINE = "acme/dublin/packaging/line-1"


@pytest.fixture
def site(store: Store) -> Iterator[Store]:
    access.sync_roles(store, ROLES)
    with store.change("test", "the virtual site") as change:
        kept.apply(change, kept.read_config(store), config_of(SITE))
    with store.change("test", "people") as change:
        for name, at in (("engineer", "acme/dublin"), ("quality", "acme/dublin"), ("operator", LINE)):
            number = access.add_user(change, name, f"Demo {name}")
            access.grant(change, Grant(number, name, location.node_at(SYSTEM, store, at).id))
    return store


def request(store: Store, name: str, permission: str = "location.read") -> Request:
    user: User = access.user_named(store, name)
    scope: Scope = access.scope_for(store, user, permission)
    return Request(user, scope, store, NOW)


def found(store: Store, name: str, typed: str, search: str = "?at=acme/dublin") -> list[palette.Found]:
    asking = request(store, name)
    here = context_of(place(store, search, "/location", asking.scope))
    assert here is not None
    return palette.found(asking, here, typed)


def test_without_words_what_was_opened_last_comes_first(site: Store) -> None:
    for path in ("acme/dublin/packaging", "acme/dublin/solid-dose/press-2"):
        palette.note_visit(request(site, "engineer"), place(site, f"?at={path}"))
    listed = found(site, "engineer", "")
    assert [f.title for f in listed[:2]] == ["Press 2", "Packaging"]
    assert listed[0].href.startswith("/machine?at=acme/dublin/solid-dose/press-2")
    assert {"Pages", "Actions"} <= {f.group for f in listed}


def test_a_place_out_of_reach_is_neither_found_nor_remembered(site: Store) -> None:
    assert [f for f in found(site, "operator", "press", f"?at={LINE}") if f.group == "Places"] == []
    palette.note_visit(request(site, "operator"), place(site, "?at=acme/dublin/solid-dose/press-2"))
    assert views.preferences(site, access.user_named(site, "operator").id) == {}


def test_a_found_signal_is_drawn_on_its_machine_over_the_same_range(site: Store) -> None:
    hit = next(f for f in found(site, "engineer", "main force press 2", "?at=acme/dublin&from=now-1h") if f.group == "Signals")
    assert hit.href == "/machine?at=acme/dublin/solid-dose/press-2&from=now-1h&sel=press-2.main_force"


def test_pages_without_the_right_are_not_offered(site: Store) -> None:
    from components.frame import PAGES

    offered = {f.href.split("?")[0] for f in found(site, "operator", "", f"?at={LINE}") if f.group == "Pages"}
    assert offered == {page.path for page in PAGES if page.permission in ROLES["operator"]}


def test_a_view_is_kept_listed_and_found(site: Store) -> None:
    here = place(site, "?at=acme/dublin/solid-dose/press-2&sel=press-2.speed")
    said, changed = saved.save_view(request(site, "engineer"), {"name": "Speed", "roles": [], "start": True}, here)
    assert said == ""
    assert "Speed" in words(saved.show_views(request(site, "engineer"), None, changed))
    assert [f.href for f in found(site, "engineer", "speed") if f.group == "Saved views"] == [
        "/machine?at=acme/dublin/solid-dose/press-2&sel=press-2.speed"
    ]
    assert start_of(site, access.user_named(site, "engineer")).startswith("/machine?at=acme/dublin/solid-dose/press-2")


def test_a_view_without_a_name_says_so_and_nothing_is_kept(site: Store) -> None:
    said, _ = saved.save_view(request(site, "engineer"), {"name": " "}, place(site, "?at=acme/dublin"))
    assert "needs a name" in said
    assert views.views(SYSTEM, site, "engineer", ()) == []


def test_sharing_needs_its_right_at_the_place(site: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    here = context_of(place(site, "?at=acme/dublin/packaging", "/location"))
    assert here is not None

    def refused(permission: str) -> Any:
        raise Forbidden(f"This needs the right “{permission}”.")

    monkeypatch.setattr(saved, "request_for", refused)
    with pytest.raises(Forbidden):
        saved.keep(request(site, "engineer"), here, "Ours", ["quality"])
    monkeypatch.setattr(saved, "request_for", lambda permission: request(site, "engineer", permission))
    saved.keep(request(site, "engineer"), here, "Ours", ["quality"])
    assert "Ours" in words(saved.show_views(request(site, "quality"), None, None))
    assert "Ours" not in words(saved.show_views(request(site, "operator"), None, None))


def test_a_view_of_a_place_out_of_reach_cannot_be_kept(site: Store) -> None:
    forged = context_of(place(site, "?at=acme/dublin/solid-dose/press-2"))
    assert forged is not None
    with pytest.raises(Forbidden):
        saved.keep(request(site, "operator"), forged, "Mine", [])
    with pytest.raises((Forbidden, Invalid)):
        saved.keep(request(site, "engineer"), context_of(place(site, "?at=acme/atlantis")), "Nowhere", [])  # type: ignore[arg-type]


def test_a_start_that_is_gone_is_passed_over(site: Store) -> None:
    user = access.user_named(site, "quality")
    views.prefer(site, user.id, "landing", lambda _before: 4711)
    assert start_of(site, user).startswith("/")


@pytest.mark.parametrize(("role", "page"), [("engineer", "/overview"), ("operator", "/location"), ("quality", "/alarm")])
def test_the_welcome_is_where_the_role_starts_and_on_no_other_page(site: Store, role: str, page: str) -> None:
    asked = request(site, role)
    shown = [path for path in ("/overview", "/location", "/alarm", "/audit", "/machine") if welcome._starts(asked, path)]
    assert shown == [page]
    assert welcome._starts(asked, "/")


def test_the_welcome_ticks_what_was_tried_closes_and_comes_back(site: Store) -> None:
    state: dict[str, Any] = {}
    assert "0 of 4 tried" in words(welcome.drawn(request(site, "engineer"), state))
    state = welcome._after(state, "task:seek")
    assert "1 of 4 tried" in words(welcome.drawn(request(site, "engineer"), state))
    assert welcome._after(state, "task:<script>")["done"] == ["seek"]
    state = welcome._after(state, "close")
    assert state["closed"]
    assert welcome._after(state, "restart") == {"done": [], "closed": False}
