"""The pages' callbacks as plain functions, on a real store with the virtual site."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from dash import no_update
from plotly.io.json import to_json_plotly
from sqlalchemy import event

from callbacks import frame, location, machine, timeline
from callbacks.registry import Request
from components import trend
from components.view import context_of
from db import config as kept
from db import location as places
from db import order as orders
from db import tag as tags
from db.historian import load, load_texts
from db.store import Store
from engine.access import SYSTEM, Scope, User, scope_of
from engine.config.demo import config_of
from engine.historian.block import SampleBlock, TextEvent
from engine.order import Occupation
from engine.tag import Tag, bits_of
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, us_of
from engine.twin.site import SITE
from tests.components.test_machine import words

NOW = time.time_ns() // 1000
FILLER = "?at=acme/dublin/filling/line-1/filler-1"
NOBODY = User(1, "engineer", "Demo Engineer", True, True)


@pytest.fixture
def site(store: Store) -> Iterator[Store]:
    with store.change("test", "the virtual site") as change:
        kept.apply(change, kept.read_config(store), config_of(SITE))
    return store


def request(store: Store, scope: Scope = SYSTEM, now_us: int = NOW) -> Request:
    return Request(user=NOBODY, scope=scope, store=store, now_us=now_us)


def place(store: Store, search: str, path: str = "/machine", scope: Scope = SYSTEM) -> dict[str, Any]:
    found: dict[str, Any] = frame.open_place(request(store, scope), {"path": path, "search": search, "zone": "UTC"}, None)
    return json.loads(to_json_plotly(found))


def fill(store: Store, name: str, values: np.ndarray, step_s: float = 10, end_us: int = NOW) -> Tag:
    tag = tags.tag_named(SYSTEM, store, name)
    n = len(values)
    at_us = end_us - (n - 1 - np.arange(n, dtype=np.int64)) * int(step_s * SECOND_US)
    block = SampleBlock(np.full(n, tag.id), at_us, np.zeros(n), bits_of(tag.kind, values), np.zeros(n), at_us)
    load(store, tag.site_id, block)
    return tag


def test_an_address_leads_to_its_place_zone_and_shifts(site: Store) -> None:
    found = place(site, FILLER)
    assert (found["path"], found["kind"], found["zone"]) == ("acme/dublin/filling/line-1/filler-1", "machine", "Europe/Dublin")
    assert "today" in found["anchors"]


def test_without_a_place_the_site_opens(site: Store) -> None:
    assert place(site, "", "/")["path"] == "acme/dublin"


@pytest.mark.parametrize("search", ["?at=acme/atlantis", "?at=%27%20or%201=1", "?at=acme/dublin/filling"])
def test_a_place_out_of_reach_is_no_place(site: Store, search: str) -> None:
    packaging = place(site, "?at=acme/dublin/packaging")["node"]
    found = place(site, search, scope=scope_of([packaging]))
    assert found["node"] is None or search.endswith("filling")
    title, _, refused, hidden, *_ = machine.show_machine(request(site, scope_of([packaging])), found, None)
    assert hidden is True
    assert "You need the right “See signals”" in words(refused) or "There is no place" in words(refused)
    assert "fill_weight" not in to_json_plotly(machine.show_now(request(site, scope_of([packaging])), found))
    assert title


def test_this_shift_becomes_the_next_one_while_the_page_is_open(site: Store) -> None:
    shift, hours = place(site, FILLER + "&from=shift&to=now"), place(site, FILLER)
    assert frame.follow_calendar(request(site), None, shift) is no_update
    later = request(site, now_us=NOW + DAY_US)
    moved = frame.follow_calendar(later, None, shift)
    assert moved["anchors"]["shift"] == shift["anchors"]["shift"] + DAY_US
    assert {**moved, "anchors": None} == {**shift, "anchors": None}
    assert frame.follow_calendar(later, None, hours) is no_update


def test_a_place_from_the_browser_is_checked_again(site: Store) -> None:
    """The store of the page is the browser's word: with another node in it, a foreign scope still sees nothing."""
    tag = fill(site, "filler-1.fill_weight", np.full(50, 10.1))
    mine, forged = place(site, "?at=acme/dublin/packaging"), place(site, FILLER + "&sel=filler-1.fill_weight")
    foreign = request(site, scope_of([mine["node"]]))
    assert str(tag.id) in machine.show_trend(request(site), forged)[0]["traces"]
    assert machine.show_trend(foreign, forged)[0]["traces"] == {}
    assert machine.show_now(foreign, forged)[:2] == ([], [])
    assert timeline.show_events(foreign, forged)[0] is not None
    assert "fill_weight" not in to_json_plotly(machine.show_machine(foreign, forged, "fill"))
    assert machine.extend_trend(foreign, None, forged, {"after": {str(tag.id): 0}, "widths": {}})["rows"] == []
    here = context_of(forged)
    assert here is not None
    assert machine.trend_rows(foreign, here).rows == []
    assert machine.now_rows(foreign, here).rows == []


def test_current_values_and_the_rows_that_changed(site: Store) -> None:
    fill(site, "filler-1.fill_weight", np.array([10.1, 10.2]), step_s=1)
    here = place(site, FILLER)
    strip, rows, _, seen = machine.show_now(request(site), here)
    assert "10.200" in words(rows)
    ids = [{"type": "now-row", "tag": int(number)} for number in seen]
    *_, cells = machine.refresh_now(request(site), None, None, here, seen, ids)
    assert cells == [no_update] * len(ids)
    tag = fill(site, "filler-1.fill_weight", np.array([10.3]), end_us=NOW + SECOND_US)
    *_, cells = machine.refresh_now(request(site, now_us=NOW + SECOND_US), None, None, here, seen, ids)
    changed = [row["tag"] for row, cell in zip(ids, cells, strict=True) if cell is not no_update]
    assert changed == [tag.id]
    assert strip is not None


def test_the_trend_reaches_from_single_samples_to_the_whole_history(site: Store) -> None:
    tag = fill(site, "filler-1.pump_pressure", 10 + np.sin(np.arange(30_000) / 50))
    short = machine.show_trend(request(site), place(site, FILLER + "&sel=filler-1.pump_pressure&from=now-5m"))[0]
    whole = machine.show_trend(request(site), place(site, FILLER + "&sel=filler-1.pump_pressure&from=now-90d"))[0]
    assert (short["widths"][str(tag.id)], whole["widths"][str(tag.id)] > 0) == (0, True)
    assert len(short["figure"]["data"][0]["x"]) in (30, 31, 32)
    assert max(len(t["x"]) for t in whole["figure"]["data"]) <= trend.MOST_POINTS


def test_a_live_tick_is_a_fiftieth_of_the_figure_at_most(site: Store) -> None:
    fill(site, "filler-1.fill_weight", 10 + np.sin(np.arange(28_800) / 50), step_s=1)
    here = place(site, FILLER + "&sel=filler-1.fill_weight")
    figure = machine.show_trend(request(site), here)[0]
    later = NOW + 2 * SECOND_US
    fill(site, "filler-1.fill_weight", np.array([10.5, 10.6]), step_s=1, end_us=later)
    known = {"after": figure["after"], "widths": figure["widths"]}
    tick = machine.extend_trend(request(site, now_us=later), None, here, known)
    assert len(to_json_plotly(tick)) * 50 <= len(to_json_plotly(figure))
    assert tick["key"] == figure["key"]


def test_a_past_range_gets_no_ticks(site: Store) -> None:
    here = place(site, FILLER + "&to=now-1h")
    assert machine.extend_trend(request(site), None, here, {"after": {}, "widths": {}}) is no_update


def test_signals_of_the_whole_plant_are_found_by_words(site: Store) -> None:
    here = place(site, FILLER + "&sel=filler-1.speed")
    shown = machine.search_signals(request(site), "chiller power", here)
    assert next(getattr(row, "data-tag") for row in shown) == "filler-1.speed"
    assert "chiller-1.power" in [getattr(row, "data-tag") for row in shown]
    assert [getattr(row, "aria-pressed") for row in shown][:2] == ["true", "false"]
    assert machine.search_signals(request(site, scope_of([])), "chiller power", here) == []
    own = [getattr(row, "data-tag") for row in machine.search_signals(request(site), None, here)]
    assert all(name.startswith("filler-1.") for name in own)


def test_children_of_a_place_and_the_marks_of_the_tree(site: Store) -> None:
    fill(site, "filler-1.state", np.array([4]))
    here = place(site, "?at=acme/dublin/filling/line-1", "/location")
    title, sentence, nothing, records, _, _ = location.show_children(request(site), here, None)
    assert (title, nothing) == ("Line 1 Vials", None)
    assert any(record["shape"] == "run" for record in records)
    assert "of 4 machines running" in sentence
    nodes = frame.show_tree(request(site), None, None)
    marks = location.show_marks(request(site), None, nodes)
    assert ["run", "Running"] in marks.values()


def test_the_tree_of_a_narrow_scope_shows_the_way_down_and_nothing_beside_it(site: Store) -> None:
    line = place(site, "?at=acme/dublin/filling/line-1", "/location")["node"]
    nodes = frame.show_tree(request(site, scope_of([line])), None, None)
    assert [node["path"] for node in nodes] == ["acme", "acme/dublin", "acme/dublin/filling", "acme/dublin/filling/line-1"]


def test_a_number_of_queries_that_does_not_grow_with_the_machines(site: Store) -> None:
    asked: list[str] = []
    event.listen(site.engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    location.show_children(request(site), place(site, "?at=acme/dublin", "/location"), None)
    assert len([s for s in asked if s.lstrip().lower().startswith(("select", "with"))]) <= 10


def test_other_pages_are_left_alone(site: Store) -> None:
    here = place(site, "?at=acme/dublin", "/location")
    assert machine.show_now(request(site), here) == (no_update,) * 4
    assert location.show_children(request(site), place(site, FILLER), None) == (no_update,) * 6


def test_the_range_control_offers_shifts_and_steps(site: Store) -> None:
    here = place(site, FILLER + "&from=now-1h")
    label, choices, before, _after, found = frame.show_range(request(site), here)
    assert words(label[0]).strip() == "Last hour"
    assert found["to_us"] - found["from_us"] == HOUR_US
    assert "to=" in before
    assert "Last 8 hours" in words(choices)


def test_a_wrong_address_is_told(site: Store) -> None:
    asked = frame.show_place(request(site), place(site, FILLER + "&from=yesterday"))[3]
    assert "“yesterday” is not a time." in words(asked)


def counter(store: Store, name: str, values: list[float], end_us: int = NOW) -> None:
    fill(store, name, np.array(values, dtype=np.int64), step_s=1800, end_us=end_us)


def says(store: Store, name: str, at_us: int, text: str) -> None:
    tag = tags.tag_named(SYSTEM, store, name)
    load_texts(store, tag.site_id, [TextEvent(tag.id, at_us, 0, text, 0, at_us)])


def headline(store: Store, now_us: int = NOW) -> str:
    return words(machine.show_now(request(store, now_us=now_us), place(store, FILLER))[0])


def test_counts_are_those_of_the_batch_not_of_the_register(site: Store) -> None:
    counter(site, "filler-1.produced", [5_000_000, 5_000_100, 5_000_300, 5_000_600])
    counter(site, "filler-1.rejected", [900, 901, 903, 906])
    says(site, "filler-1.batch", NOW - HOUR_US + 10 * SECOND_US, "B1")
    shown = headline(site)
    assert "Good, this batch 495" in shown
    assert "5 rejected" in shown
    assert "5\u2009000" not in shown


def test_a_derived_batch_begins_with_its_first_phase(site: Store) -> None:
    node = place(site, FILLER)["node"]
    with site.change("test", "a batch in two phases") as change:
        site_id = tags.tag_named(SYSTEM, site, "filler-1.state").site_id
        orders.ensure_batches(change, site_id, {"B0": {}, "B1": {}})
        found = [
            Occupation("B0", "Filling", NOW - 9 * HOUR_US, NOW - 3 * HOUR_US),
            Occupation("B1", "Set-up", NOW - 3 * HOUR_US, NOW - 2 * HOUR_US),
            Occupation("B1", "Filling", NOW - 2 * HOUR_US, None),
        ]
        orders.replace_occupations(change.connection, site_id, node, NOW - 9 * HOUR_US, None, found)
    began = orders.batch_now(SYSTEM, site, node)
    assert began is not None
    assert (began.batch, began.from_us) == ("B1", NOW - 3 * HOUR_US)
    between = orders.batches_between(SYSTEM, site, node, NOW - 4 * HOUR_US, NOW)
    assert [(b.batch, b.from_us, b.to_us) for b in between] == [
        ("B0", NOW - 9 * HOUR_US, NOW - 3 * HOUR_US),
        ("B1", NOW - 3 * HOUR_US, None),
    ]
    assert orders.batch_now(scope_of([]), site, node) is None
    assert orders.batches_between(scope_of([]), site, node, NOW - 4 * HOUR_US, NOW) == []
    counter(site, "filler-1.produced", [0, 10, 30, 60, 100, 150, 210])
    counter(site, "filler-1.rejected", [0, 0, 0, 0, 0, 0, 0])
    says(site, "filler-1.batch", NOW - MINUTE_US, "B1")
    assert "Good, this batch 210" in headline(site)
    shown = machine.show_trend(request(site), place(site, FILLER))[0]
    assert [batch["name"] for batch in shown["batches"]] == ["B0", "B1"]
    tick = machine.extend_trend(request(site), None, place(site, FILLER), {"after": {}, "widths": {}})
    assert tick["batch"]["name"] == "B1"


def test_without_a_batch_counts_are_those_of_the_shift(site: Store) -> None:
    counter(site, "filler-1.produced", [100, 200])
    counter(site, "filler-1.rejected", [1, 2])
    assert "Good, this shift" in headline(site)


def test_what_was_not_counted_is_unknown_and_not_zero(site: Store) -> None:
    says(site, "filler-1.batch", NOW - HOUR_US, "B1")
    assert "Good, this batch —" in headline(site)
    counter(site, "filler-1.produced", [100, 200])
    assert "— rejected" in headline(site, NOW + 6 * SECOND_US)


def test_the_picker_keeps_what_was_sought_while_signals_are_chosen(site: Store) -> None:
    here = place(site, FILLER + "&sel=filler-1.speed,chiller-1.power")
    shown = machine.show_machine(request(site), here, "chiller")[4]
    names = [getattr(row, "data-tag") for row in shown]
    assert names[0] == "filler-1.speed"
    assert "chiller-1.flow" in names
    again = machine.show_machine(request(site), place(site, FILLER + "&sel=filler-1.speed"), "chiller")[4]
    assert [getattr(row, "data-tag") for row in again] == names, "a choice moves no row"


def test_no_data_in_range_leads_to_the_newest_of_the_same_width(site: Store) -> None:
    fill(site, "filler-1.speed", np.full(5, 200.0), end_us=NOW - 9 * HOUR_US)
    drawn, nothing, _, said = machine.show_trend(request(site), place(site, FILLER + "&from=now-1h&sel=filler-1.speed"))
    assert drawn["figure"]["data"] == []
    assert drawn["figure"]["layout"]["shapes"] == [], "a limit without a scale has no place"
    assert said == ""
    way = nothing.children[-1].href
    start, end = (parse_qs(urlsplit(way).query)[name][0] for name in ("from", "to"))
    assert us_of(datetime.fromisoformat(end)) - us_of(datetime.fromisoformat(start)) == HOUR_US
    found = machine.show_trend(request(site), place(site, f"{FILLER}&sel=filler-1.speed&from={start}&to={end}"))
    assert found[1] is None
    assert found[0]["at"] == NOW - 9 * HOUR_US


def test_signals_that_never_told_anything_have_no_way_to_lead(site: Store) -> None:
    nothing = machine.show_trend(request(site), place(site, FILLER + "&sel=filler-1.speed"))[1]
    assert "never told a value" in words(nothing)


def test_beyond_the_own_part_one_panel_says_which_right_is_missing_whether_or_not_it_exists(site: Store) -> None:
    line = scope_of([place(site, "?at=acme/dublin/packaging/line-1")["node"]])
    for path in ("acme/dublin/solid-dose/press-2", "acme/dublin/solid-dose/press-99"):
        found = place(site, f"?at={path}", scope=line)
        title, tabs, refused, hidden, choices, watched = machine.show_machine(request(site, line), found, "press")
        assert (title, tabs, hidden, choices, watched["topics"]) == ("Not open to you", None, True, [], [])
        assert f"You need the right “See signals” at {path}." in words(refused)
        assert machine.show_now(request(site, line), found)[:2] == ([], [])


def test_an_unknown_path_in_the_own_part_is_not_found_and_leads_home(site: Store) -> None:
    everything = scope_of(node.id for node in places.tree(SYSTEM, site))
    found = place(site, "?at=acme/atlantis", scope=everything)
    title, _, refused, hidden, *_ = machine.show_machine(request(site, everything), found, None)
    assert (title, hidden) == ("No such machine", True)
    assert "There is no place “acme/atlantis”" in words(refused)
    assert refused.children.children[-1].href == "/location"


def test_a_page_that_opens_asks_a_bounded_number_of_times(site: Store) -> None:
    fill(site, "filler-1.speed", np.full(500, 200.0))
    here, asked = place(site, FILLER + "&from=now-90d"), []
    event.listen(site.engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    for show in (machine.show_now, machine.show_trend, timeline.show_states, timeline.show_events):
        show(request(site), here)
    machine.show_machine(request(site), here, None)
    assert len([s for s in asked if s.lstrip().lower().startswith(("select", "with"))]) <= 40
