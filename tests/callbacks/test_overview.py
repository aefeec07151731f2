"""The overview's callbacks as plain functions, on a real store with the virtual site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dash import no_update
from sqlalchemy import event

from callbacks import overview
from callbacks.registry import Request
from components.view import context_of
from db import overview as kept
from db.store import Store
from engine.access import SYSTEM, Scope, scope_of
from engine.errors import Forbidden
from engine.overview import ENERGY
from engine.time import HOUR_US
from tests.callbacks.test_machine import NOW, fill, place, request, site  # noqa: F401  # the fixture
from tests.components.test_machine import words

SITE = "?at=acme/dublin"
DAY = 24 * HOUR_US


@pytest.fixture(autouse=True)
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks may see alarms everywhere; tests of rights say otherwise."""
    monkeypatch.setattr(overview, "_scope", lambda _permission: SYSTEM)
    overview._still.cache_clear()
    overview._tree.cache_clear()


def here(store: Store, search: str = SITE, scope: Scope = SYSTEM, path: str = "/overview") -> dict[str, Any]:
    return place(store, search, path, scope)


def shown(store: Store, search: str = SITE, scope: Scope = SYSTEM) -> Any:
    return overview.show_overview(request(store, scope), here(store, search, scope), None, None)


def sheet(store: Store, load: Any, search: str = SITE) -> Any:
    return load(request(store), context_of(here(store, search)))


def test_a_site_without_data_shows_its_parts_and_only_the_tile_that_is_true(site: Store) -> None:  # noqa: F811
    name, _, _, tiles, _, matrix, subtitle, changed, *_ = shown(site)
    said = words(matrix)
    assert name == "Dublin"
    assert [words(tile).split("\n")[0].startswith("Active alarms") for tile in tiles].count(True) == 1
    assert "OEE" not in words(tiles)
    assert all(part in said for part in ("Sterile filling", "Line 1 Vials", "Warehouse"))
    assert "Too few shifts" in subtitle
    assert "Nothing is known of that time" in words(changed)


def test_a_line_is_shown_by_its_machines_and_links_keep_the_range(site: Store) -> None:  # noqa: F811
    matrix = shown(site, "?at=acme/dublin/packaging/line-1&from=now-24h&cmp=before")[5]
    links = [link for link in _links(matrix) if link]
    assert len(links) == 4
    assert all(link.startswith("/machine?at=acme/dublin/packaging/line-1/") and "from=now-24h" in link for link in links)


def _links(shown_: Any) -> list[str]:
    if isinstance(shown_, list | tuple):
        return [link for part in shown_ for link in _links(part)]
    own = [shown_.href] if getattr(shown_, "href", None) else []
    return own + (_links(shown_.children) if getattr(shown_, "children", None) is not None else [])


def test_what_meters_counted_is_what_is_shown(site: Store) -> None:  # noqa: F811
    fill(site, "press-1.energy", np.linspace(1000, 1120, 481), 60)
    fill(site, "press-2.energy", np.concatenate([np.linspace(99_950, 99_999, 240), np.linspace(0, 31, 241)]), 60)
    row = {r[0]: r for r in sheet(site, overview.part_rows, "?at=acme/dublin/solid-dose&from=now-8h").rows}
    column = [c.title for c in sheet(site, overview.part_rows).columns].index("Energy")
    assert row["Press 1"][column] == pytest.approx(120, abs=1)
    assert row["Press 2"][column] == pytest.approx(81, abs=1)  # the register has five digits: it started again
    assert row["Press 3"][column] is None
    assert row["Solid dose"][column] is None  # what the silent meters of the area did not tell was not saved
    silent = ("press-3", "granulator-1", "blender-1", "coater-1")
    for machine in silent:
        fill(site, f"{machine}.energy", np.linspace(0, 10, 481), 60)
    row = {r[0]: r for r in sheet(site, overview.part_rows, "?at=acme/dublin/solid-dose&from=now-8h&cmp=before").rows}
    assert row["Solid dose"][column] == pytest.approx(201 + 10 * len(silent), abs=1)


def test_energy_tags_are_found_by_name_and_unit(site: Store) -> None:  # noqa: F811
    from db import location

    nodes = [n.id for n in location.tree(SYSTEM, site).subtree(location.node_at(SYSTEM, site, "acme/dublin").id)]
    found = kept.counters(SYSTEM, site, nodes)
    assert found.counted[location.node_at(SYSTEM, site, "acme/dublin/solid-dose/press-1").id] == "tablets"
    assert len(found.meters) == len({m.node_id for m in found.meters}) > 20
    assert kept.counters(scope_of(nodes[:1]), site, nodes).meters == ()
    assert kept.used(SYSTEM, site, found.meters, NOW, NOW, NOW) == {}


def test_another_page_is_left_alone_and_a_strange_place_is_said(site: Store) -> None:  # noqa: F811
    assert overview.show_overview(request(site), here(site, path="/location"), None, None) == (no_update,) * overview.PARTS
    assert "no place" in words(shown(site, "?at=acme/nowhere")[5])
    assert overview.watch(request(site), here(site, path="/machine")) is no_update
    assert overview.watch(request(site), here(site))["topics"][0].startswith("alarm:")


def test_a_place_of_others_is_refused(site: Store) -> None:  # noqa: F811
    mine = scope_of([here(site, "?at=acme/dublin/packaging")["node"]])
    with pytest.raises(Forbidden, match="outside the part"):
        overview.show_overview(Request(request(site).user, mine, site, NOW), here(site), None, None)


def test_without_the_right_to_alarms_none_are_told(site: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(overview, "_scope", lambda _permission: None)
    found = shown(site)
    assert "Active alarms" not in words(found[3])
    assert [row[-3:] for row in sheet(site, overview.part_rows).rows][1] == [None] * 3


def test_the_number_of_queries_does_not_depend_on_the_place(site: Store) -> None:  # noqa: F811
    counts = []
    for search in (SITE, "?at=acme/dublin/packaging/line-1"):
        sent = here(site, search)
        overview._still.cache_clear()
        overview._tree.cache_clear()
        asked: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any, asked: list[str] = asked) -> None:
            asked.append(statement)

        event.listen(site.engine, "before_cursor_execute", note)
        overview.show_overview(request(site), sent, None, None)
        event.remove(site.engine, "before_cursor_execute", note)
        counts.append(len(asked))
    assert counts[0] == counts[1] < 30


def test_a_second_look_within_the_same_quarter_of_a_minute_reads_no_sums(site: Store) -> None:  # noqa: F811
    shown(site)
    before = overview._still.cache_info().hits
    shown(site)
    assert overview._still.cache_info().hits == before + 1


def test_worst_first_has_no_areas_and_says_which_order_is_on(site: Store) -> None:  # noqa: F811
    found = shown(site, f"{SITE}&tab=worst")
    assert "Sterile filling" not in words(found[5])
    assert [link.children for link in found[4] if link.className == "on"] == ["Worst first"]


def test_what_changed_is_a_table_too(site: Store) -> None:  # noqa: F811
    found = sheet(site, overview.change_rows, f"{SITE}&cmp=before")
    assert found.rows == []
    assert ("Compared with", "before") in found.filters


def test_energy_has_no_target() -> None:
    assert (ENERGY.target, ENERGY.better) == (None, "down")
