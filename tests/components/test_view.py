"""The URL is the state: what it means, what it forgives, and that it comes back the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.view import Clocks, View, anchors, href, neighbour, place_href, range_before, read
from engine.shift import Shift
from engine.time import DAY_US, HOUR_US, us_of

NOW = us_of(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
CLOCKS = Clocks(
    NOW,
    "Europe/Dublin",
    "America/New_York",
    {"shift": NOW - 2 * HOUR_US, "last-shift": NOW - 10 * HOUR_US, "today": NOW - 14 * HOUR_US},
)


def test_without_a_word_the_last_eight_hours_are_meant() -> None:
    view = read("/machine", "", CLOCKS)
    assert (view.from_us, view.to_us, view.live, view.zone) == (NOW - 8 * HOUR_US, NOW, True, "Europe/Dublin")
    assert view.notices == ()


@pytest.mark.parametrize(
    ("query", "from_us", "to_us"),
    [
        ("?from=now-30d", NOW - 30 * DAY_US, NOW),
        ("?from=shift", NOW - 2 * HOUR_US, NOW),
        ("?from=last-shift&to=shift", NOW - 10 * HOUR_US, NOW - 2 * HOUR_US),
        ("?from=2026-11-22T08:00&to=2026-11-22T09:00", NOW - 6 * HOUR_US, NOW - 5 * HOUR_US),
        ("?from=2026-11-22T08:00&to=2026-11-22T09:00&tz=own", NOW - HOUR_US, NOW),
        ("?from=2026-11-22T08:00:00Z&to=2026-11-22T10:00:00%2B01:00", NOW - 6 * HOUR_US, NOW - 5 * HOUR_US),
    ],
)
def test_ranges(query: str, from_us: int, to_us: int) -> None:
    view = read("/machine", query, CLOCKS)
    assert (view.from_us, view.to_us, view.notices) == (from_us, to_us, ())


@pytest.mark.parametrize(
    "query", ["?from=yesterday", "?from=now&to=now-8h", "?from=1800-01-01", "?tz=mars", "?from=9999-99-99", "?sel=a,b,c,d,e,f"]
)
def test_what_is_wrong_becomes_a_notice_and_a_default(query: str) -> None:
    view = read("/machine", query, CLOCKS)
    assert len(view.notices) == 1
    assert view.to_us > view.from_us


def test_what_is_unknown_is_ignored() -> None:
    assert read("/machine", "?utm_source=mail&colour=red", CLOCKS) == read("/machine", "", CLOCKS)


def test_a_browser_zone_that_nobody_knows_is_told() -> None:
    view = read("/machine", "?tz=own", Clocks(NOW, "UTC", "../../etc/passwd"))
    assert (view.tz, len(view.notices)) == ("plant", 1)


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters=","), min_size=1, max_size=12)


@given(
    at=st.lists(st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True), min_size=1, max_size=5),
    start=st.sampled_from(["now-8h", "now-90d", "shift", "2026-11-20T08:00:00Z"]),
    end=st.sampled_from(["now", "2026-11-22T12:30:00.250Z"]),
    tz=st.sampled_from(["plant", "own", "utc"]),
    sel=st.lists(WORDS, max_size=5, unique=True),
)
def test_a_view_survives_its_link(at: list[str], start: str, end: str, tz: str, sel: list[str]) -> None:
    view = read("/machine", "", CLOCKS)
    link = href(view, at="/".join(at), start=start, end=end, tz=tz, sel=tuple(sel))
    back = read("/machine", link.removeprefix("/machine"), CLOCKS)
    assert (back.at, back.start, back.end, back.tz, back.sel) == ("/".join(at), start, end, tz, tuple(sel))
    assert href(back) == link


def test_going_down_keeps_the_range_and_drops_the_signals() -> None:
    view = read("/machine", "?at=a/b&from=now-7d&sel=x.y", CLOCKS)
    assert place_href(view, "a/b/c", "line") == "/overview?at=a/b/c&from=now-7d"
    assert place_href(replace(view, path="/location"), "a/b/c", "line") == "/location?at=a/b/c&from=now-7d"
    assert place_href(view, "a/b/c/d", "machine") == "/machine?at=a/b/c/d&from=now-7d"


def test_the_previous_range_is_as_long_and_ends_where_this_one_begins() -> None:
    view = read("/machine", "", CLOCKS)
    start, end = neighbour(view, -1, NOW)
    before = read("/machine", f"?from={start}&to={end}", CLOCKS)
    assert (before.from_us, before.to_us) == (NOW - 16 * HOUR_US, NOW - 8 * HOUR_US)
    assert neighbour(before, 1, NOW) == ("now-8h", "now")


def test_anchors_come_from_the_calendar_and_the_local_midnight() -> None:
    shifts = [
        Shift(name, "", datetime(2026, 11, 22).date(), NOW + h * HOUR_US, NOW + (h + 8) * HOUR_US)
        for name, h in (("A", -14), ("B", -6), ("C", 2))
    ]
    found = anchors(NOW, "America/New_York", shifts)
    assert found == {
        "today": us_of(datetime(2026, 11, 22, 5, tzinfo=UTC)),
        "shift": NOW - 6 * HOUR_US,
        "last-shift": NOW - 14 * HOUR_US,
    }
    assert anchors(NOW, "UTC", []) == {"today": NOW - 14 * HOUR_US}


def test_a_past_range_is_not_live() -> None:
    assert not read("/machine", "?from=now-8h&to=now-1h", CLOCKS).live
    assert not View(end="2026-11-22T12:00:00Z").live


def test_the_comparison_is_in_the_address_and_a_strange_one_is_said() -> None:
    view = read("/overview", "?from=now-8h&cmp=before", CLOCKS)
    assert range_before(view) == (NOW - 16 * HOUR_US, NOW - 8 * HOUR_US)
    assert href(view) == "/overview?cmp=before"
    assert range_before(read("/overview", "", CLOCKS)) == (NOW - 7 * DAY_US - 8 * HOUR_US, NOW - 7 * DAY_US)
    strange = read("/overview", "?cmp=never", CLOCKS)
    assert strange.cmp == "week"
    assert "never" in strange.notices[0]
