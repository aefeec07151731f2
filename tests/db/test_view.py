"""Saved views are audited and stay within the scope; preferences are kept one by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db import access, audit, location
from db import config as kept
from db import view as views
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.config.demo import config_of
from engine.errors import NotFound
from engine.twin.site import SITE
from engine.view import SavedView


@pytest.fixture
def site(store: Store) -> Iterator[Store]:
    with store.change("test", "the virtual site") as change:
        kept.apply(change, kept.read_config(store), config_of(SITE))
        for name in ("ines", "omar"):
            access.add_user(change, name, name.capitalize())
    return store


def saved(store: Store, name: str = "Night", owner: str = "ines", roles: tuple[str, ...] = (), at: str = "acme/dublin") -> int:
    node = location.node_at(SYSTEM, store, at).id
    with store.change(owner, "test") as change:
        return views.save_view(change, SavedView(None, name, owner, "/machine", f"?at={at}", node, roles))


def test_a_view_comes_back_and_is_in_the_audit_trail(site: Store) -> None:
    number = saved(site)
    found = views.views(SYSTEM, site, "ines", ())
    assert [(v.id, v.name, v.href) for v in found] == [(number, "Night", "/machine?at=acme/dublin")]
    entries = audit.entries_of(site, "saved_view", str(number))
    assert [(e.actor, e.action) for e in entries] == [("ines", "insert")]


def test_the_same_name_again_replaces_the_view(site: Store) -> None:
    first, second = saved(site), saved(site, at="acme/dublin/packaging")
    assert first == second
    assert [v.search for v in views.views(SYSTEM, site, "ines", ())] == ["?at=acme/dublin/packaging"]


def test_others_see_what_is_shared_with_their_role_and_lies_in_their_scope(site: Store) -> None:
    saved(site, "Own")
    saved(site, "Shared", roles=("quality",), at="acme/dublin/packaging")
    packaging = location.node_at(SYSTEM, site, "acme/dublin/packaging").id
    assert [v.name for v in views.views(SYSTEM, site, "omar", {"quality"})] == ["Shared"]
    assert [v.name for v in views.views(scope_of([packaging]), site, "omar", {"quality"})] == ["Shared"]
    assert views.views(scope_of([packaging + 1]), site, "omar", {"quality"}) == []
    assert views.views(SYSTEM, site, "omar", {"planner"}) == []


def test_only_the_owner_deletes_a_view(site: Store) -> None:
    number = saved(site, roles=("quality",))
    with pytest.raises(NotFound), site.change("omar", "test") as change:
        views.drop_view(change, "omar", number)
    with site.change("ines", "test") as change:
        views.drop_view(change, "ines", number)
    assert views.views(SYSTEM, site, "ines", ()) == []
    assert [e.action for e in audit.entries_of(site, "saved_view", str(number))] == ["insert", "delete"]


def test_a_view_outside_the_audited_door_is_refused(site: Store) -> None:
    statement = "insert into saved_view (site_id, location_id, owner, name, page, search) values (1, 1, 'ines', 'x', '/', '')"
    with pytest.raises(DBAPIError, match=r"store\.change"), site.write() as connection:
        connection.execute(text(statement))


def test_preferences_change_one_by_one(site: Store) -> None:
    user = access.user_named(site, "ines").id
    assert views.preferences(site, user) == {}
    views.prefer(site, user, "recent", lambda known: [*(known or []), "a"])
    views.prefer(site, user, "recent", lambda known: [*known, "b"])
    views.prefer(site, user, "landing", lambda _known: 7)
    assert views.preferences(site, user) == {"recent": ["a", "b"], "landing": 7}
