"""States and events of a machine over the range of its page, on a real store with the virtual site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dash import no_update
from plotly.io.json import to_json_plotly
from sqlalchemy import event as listening

from callbacks import timeline
from components import events
from components import timeline as drawn
from components.view import Context, context_of
from db import tag as tags
from db.historian import load, load_texts
from db.store import Store
from engine.access import SYSTEM
from engine.historian.block import SampleBlock, TextEvent
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tests.callbacks.test_machine import FILLER, NOW, place, request, site
from tests.components.test_machine import words

__all__ = ["site"]
EXECUTE, ABORTING, ABORTED, CLEARING, STOPPED, RESETTING, STARTING = 4, 7, 8, 10, 0, 1, 3
STOP = (ABORTING, ABORTED, CLEARING, STOPPED, RESETTING, STARTING, EXECUTE)


def states(store: Store, changes: list[tuple[int, int]], name: str = "filler-1.state") -> None:
    """Changes (time, code) of the state."""
    tag = tags.tag_named(SYSTEM, store, name)
    at_us, codes = (np.array(column, np.int64) for column in zip(*changes, strict=True))
    zero = np.zeros(len(codes))
    load(store, tag.site_id, SampleBlock(np.full(len(codes), tag.id), at_us, zero, codes, zero, at_us))


def stop(at_us: int) -> list[tuple[int, int]]:
    """A fault of twelve minutes as PackML passes it: six changes of state."""
    return [(at_us + i * 2 * MINUTE_US, code) for i, code in enumerate(STOP)]


def says(store: Store, at_us: int, **texts: str) -> None:
    """What the filler says at one moment."""
    for key, text in texts.items():
        tag = tags.tag_named(SYSTEM, store, f"filler-1.{key}")
        load_texts(store, tag.site_id, [TextEvent(tag.id, at_us, 0, text, 0, at_us)])


def listed(store: Store, here: dict[str, Any]) -> list[str]:
    body, _, _ = timeline.show_events(request(store), here)
    return [words(row) for row in body.children] if body.className == "ev" else []


def test_the_row_covers_the_range_of_the_page_and_its_heading_says_which(site: Store) -> None:
    states(site, [(NOW - 3 * DAY_US, EXECUTE), *stop(NOW - 2 * DAY_US)])
    shown, heading, _ = timeline.show_states(request(site), place(site, FILLER + "&from=now-1h"))
    assert ("st st--run" in to_json_plotly(shown), "st st--stop" in to_json_plotly(shown)) == (True, False)
    assert heading.startswith("Last hour ")
    older = place(site, FILLER + "&from=now-3d&to=now-1d")
    shown, heading, _ = timeline.show_states(request(site), older)
    assert "st st--stop" in to_json_plotly(shown)
    assert "Last 8 hours" not in heading


def test_a_long_range_of_many_states_stays_bounded_and_says_what_was_merged(site: Store) -> None:
    begin = NOW - 89 * DAY_US
    states(site, [(begin + i * 30 * MINUTE_US, EXECUTE if i % 2 else STOPPED) for i in range(4_200)])
    asked: list[str] = []
    listening.listen(site.engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    shown, heading, _ = timeline.show_states(request(site), place(site, FILLER + "&from=now-90d"))
    assert len(shown.children[0].children) <= drawn.MOST_PARTS
    assert "4200 changes in all" in heading
    assert "States, about: " in words(shown)
    assert len(asked) <= 16
    fewer, heading, _ = timeline.show_states(request(site), place(site, FILLER + "&from=now-90d&to=now-60d"))
    assert "states merged to" in heading
    assert len(fewer.children[0].children) <= drawn.MOST_PARTS


def test_a_range_in_the_future_is_unknown(site: Store) -> None:
    states(site, [(NOW - HOUR_US, EXECUTE)])
    future = place(site, FILLER + "&from=2099-01-01T00:00Z&to=2099-01-02T00:00Z")
    shown, _, _ = timeline.show_states(request(site), future)
    assert "st st--unknown" in to_json_plotly(shown)
    assert "st st--run" not in to_json_plotly(shown)
    assert "Nothing happened from 1 Jan 2099" in words(timeline.show_events(request(site), future)[0])


def test_a_place_without_a_state_says_so(site: Store) -> None:
    room = place(site, "?at=acme/dublin/filling/room-a1")
    assert "no state signal" in words(timeline.show_states(request(site), room)[0])
    assert timeline.state_rows(request(site), context(room)).rows == []


def test_a_stop_of_six_changes_is_one_event_with_its_length(site: Store) -> None:
    states(site, [(NOW - 7 * HOUR_US, EXECUTE), *stop(NOW - 3 * HOUR_US)])
    rows = listed(site, place(site, FILLER))
    assert len(rows) == 1
    assert "Aborted , 10 min" in rows[0]


def test_events_are_those_of_the_range(site: Store) -> None:
    states(site, [(NOW - 9 * DAY_US, EXECUTE), *stop(NOW - 5 * DAY_US), *stop(NOW - HOUR_US)])
    assert len(listed(site, place(site, FILLER + "&from=now-6d&to=now-4d"))) == 1
    assert len(listed(site, place(site, FILLER + "&from=now-6d"))) == 2
    assert listed(site, place(site, FILLER + "&from=now-10m&to=now-5m")) == []


def test_the_newest_of_many_events_are_listed_with_their_number(site: Store) -> None:
    states(site, [(NOW - 7 * HOUR_US + i * MINUTE_US, EXECUTE if i % 2 else STOPPED) for i in range(120)])
    body, heading, _ = timeline.show_events(request(site), place(site, FILLER))
    assert len(body.children) == events.MOST_EVENTS
    assert heading.endswith("newest 40 of 60")


def test_of_more_events_than_can_be_read_the_heading_says_so(site: Store) -> None:
    states(site, [(NOW - 89 * DAY_US + i * 30 * MINUTE_US, EXECUTE if i % 2 else STOPPED) for i in range(4_200)])
    body, heading, _ = timeline.show_events(request(site), place(site, FILLER + "&from=now-90d"))
    assert len(body.children) == events.MOST_EVENTS
    assert "newest 40 of more than " in heading
    assert words(body.children[0]).count("Stopped") == 1


def test_what_is_said_at_one_moment_is_one_event(site: Store) -> None:
    says(site, NOW - HOUR_US, batch="B1", product="PX50", order="WO-1", phase="Filling")
    says(site, NOW - MINUTE_US, batch="", phase="")
    rows = listed(site, place(site, FILLER))
    assert len(rows) == 2
    assert "Batch B1 ended" in rows[0]
    assert "Batch B1" in rows[1]
    assert "Product: PX50" in rows[1]


def test_live_ticks_bring_news_only_and_past_ranges_nothing(site: Store) -> None:
    states(site, [(NOW - 2 * HOUR_US, EXECUTE)])
    here, past = place(site, FILLER), place(site, FILLER + "&from=now-2h&to=now-1h")
    _, _, strip = timeline.show_states(request(site), here)
    _, _, told = timeline.show_events(request(site), here)
    assert timeline.refresh_states(request(site), None, here, strip) == (no_update,) * 3
    assert timeline.refresh_events(request(site), None, here, told) == (no_update,) * 3
    states(site, [(NOW + SECOND_US, ABORTED)])
    later = request(site, now_us=NOW + 5 * SECOND_US)
    assert "st st--stop" in to_json_plotly(timeline.refresh_states(later, None, here, strip)[0])
    assert "Aborted  for" in words(timeline.refresh_events(later, None, here, told)[0])
    assert timeline.refresh_states(later, None, past, "") == (no_update,) * 3
    assert timeline.refresh_events(later, None, past, "") == (no_update,) * 3


def context(sent: dict[str, Any]) -> Context:
    found = context_of(sent)
    assert found is not None
    return found


def test_the_states_and_events_as_rows(site: Store) -> None:
    states(site, [(NOW - 2 * HOUR_US, EXECUTE), (NOW - HOUR_US, STOPPED)])
    here = context(place(site, FILLER))
    shown = timeline.state_rows(request(site), here)
    assert [(row[2], row[4]) for row in shown.rows] == [("Stopped", 60.0), ("Running", 60.0), ("Unknown", 360.0)]
    assert shown.rows[1][3] == "Execute"
    stopped = timeline.event_rows(request(site), here).rows[0]
    assert (stopped[0], stopped[1], stopped[3], stopped[4]) == (NOW - HOUR_US, "Stopped", None, None)


@pytest.mark.parametrize("search", ["?at=acme/dublin", "?at=acme/dublin/filling/room-a1"])
def test_other_pages_and_places_without_states_are_left_alone(site: Store, search: str) -> None:
    assert timeline.show_states(request(site), place(site, search, "/location")) == (no_update,) * 3
    assert timeline.show_events(request(site), place(site, search, "/location")) == (no_update,) * 3
