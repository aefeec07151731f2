"""Pages with no machine, one, and two thousand: the same queries, and never more elements than a screen needs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text

from callbacks import alarm, frame, location, overview
from components import overview as drawn
from db.store import Store
from engine.access import SYSTEM
from tests.callbacks.test_machine import NOW, place, request

LINE = 10
"""Machines in each line."""


def build(store: Store, machines: int) -> None:
    """A site with so many machines in lines of ten, each with an ideal rate and a meter."""
    with store.change("test", "a large site") as change:
        run = change.connection.execute
        run(
            text(
                "insert into location (site_id, slug, path, name, kind, time_zone) values (1, 's', 's', 'Site', 'site', 'UTC')"
            )
        )
        run(text("insert into location (site_id, parent_id, slug, path, name, kind) values (1, 1, 'a', 's/a', 'Area', 'area')"))
        run(
            text(
                "insert into location (site_id, parent_id, slug, path, name, kind)"
                " select 1, 2, 'l' || n, 's/a/l' || n, 'Line ' || n, 'line' from generate_series(1, :lines) n"
            ),
            {"lines": -(-machines // LINE)},
        )
        run(
            text(
                "insert into location (site_id, parent_id, slug, path, name, kind)"
                " select 1, l.id, 'm' || n, l.path || '/m' || n, 'Machine ' || n, 'machine'"
                " from generate_series(0, :machines - 1) n"
                " join location l on l.slug = 'l' || (n / :line + 1)"
            ),
            {"machines": machines, "line": LINE},
        )
        run(text("insert into machine (id, class) select id, 'press' from location where kind = 'machine'"))
        run(text("insert into product (code, name) values ('P', 'Product')"))
        run(
            text(
                "insert into ideal_rate (product_id, location_id, per_hour, effective_from)"
                " select 1, id, 3600 + id, '2026-01-01' from location where kind = 'machine'"
            )
        )
        run(
            text(
                "insert into tag (site_id, location_id, name, title, kind, unit, counter) select 1, id, 'm' || id || '.energy',"
                " 'Energy', 'float', 'kWh', true from location where kind = 'machine'"
            )
        )


def elements(shown: Any) -> int:
    """How many elements a page part has."""
    if isinstance(shown, list | tuple):
        return sum(elements(part) for part in shown)
    children = getattr(shown, "children", None)
    return hasattr(shown, "children") + (elements(children) if children is not None else 0)


def _note(sent: list[str]) -> Any:
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("set transaction"):
            sent.append(statement)

    return note


@pytest.fixture
def counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that were sent."""
    monkeypatch.setattr(overview, "_scope", lambda _permission: SYSTEM)
    sent: list[str] = []
    event.listen(store.engine, "before_cursor_execute", _note(sent))
    return sent


PAGES = {
    "/overview": lambda asked, here: overview.show_overview(asked, here, None, None),
    "/alarm": lambda asked, here: alarm.show_list(asked, here, None, None, None, None, None),
    "/location": lambda asked, here: location.show_children(asked, here, None)[2],
}
MOST_QUERIES = {"/overview": 20, "/alarm": 6, "/location": 8}


@pytest.mark.parametrize("machines", [0, 1, 2000])
@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_and_of_elements_is_bounded(store: Store, counted: list[str], page: str, machines: int) -> None:
    build(store, machines)
    overview._still.cache_clear()
    overview._tree.cache_clear()
    here = place(store, "?at=s&from=now-8h&to=now", page)
    counted.clear()
    shown = PAGES[page](request(store, now_us=NOW), here)
    assert 0 < len(counted) <= MOST_QUERIES[page], counted
    assert elements(shown) < 40 * drawn.MOST_ROWS


def test_the_tree_of_a_large_site_is_one_query_and_small(store: Store, counted: list[str]) -> None:
    build(store, 2000)
    counted.clear()
    nodes = frame.show_tree(request(store), "app", None)
    assert len(nodes) == 2202
    assert len(counted) == 1
