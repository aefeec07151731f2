"""Type sizes by distance: the table of the guideline (20 and 16 minutes of arc, Inter's capitals 0.727 em, 1920 px)."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.wall.device import Playlist, Setting, clock_of
from engine.wall.size import LAYOUTS, capital_mm, fitting, good_px, layout_of, least_px, type_px

DISTANCES = (2, 3, 4, 5, 6, 8)
TABLE = {
    43: ((26, 33), (39, 49), (52, 65), (65, 81), (78, 97), (104, 130)),
    55: ((21, 26), (31, 38), (41, 51), (51, 64), (61, 76), (81, 101)),
    65: ((18, 22), (26, 33), (35, 43), (43, 54), (52, 65), (69, 86)),
    75: ((15, 19), (23, 28), (30, 38), (38, 47), (45, 56), (60, 75)),
}


@pytest.mark.parametrize("inches", TABLE)
def test_the_table_of_the_guideline(inches: int) -> None:
    assert tuple((least_px(inches, d), good_px(inches, d)) for d in DISTANCES) == TABLE[inches]


def test_capitals_are_5_8_mm_for_each_metre_and_4_7_at_least() -> None:
    assert capital_mm(1, 20) == pytest.approx(5.8, abs=0.05)
    assert capital_mm(1, 16) == pytest.approx(4.7, abs=0.05)


def test_a_layout_takes_the_good_size_or_all_the_room_it_has() -> None:
    four = layout_of(4)
    assert type_px(four, 65, 4) == 43  # the good size fits
    assert type_px(four, 65, 5) == 46  # good would be 54, the minimum is 43: as large as the layout allows
    assert type_px(layout_of(2), 55, 8) == 82


def test_a_layout_under_the_minimum_is_refused_with_what_would_fit() -> None:
    with pytest.raises(Invalid, match=r"room for type of 46 px, but on 55 inches from 6 m.*61 px.*Choose 3 tiles"):
        type_px(layout_of(4), 55, 6)
    with pytest.raises(Invalid, match="Choose a larger screen or a shorter distance"):
        type_px(layout_of(2), 43, 8)
    assert [w.tiles for w in fitting(65, 5)] == [4, 3, 2]
    assert fitting(43, 8) == []


def test_every_layout_can_be_read_somewhere_and_larger_type_shows_less() -> None:
    assert [w.most_px for w in LAYOUTS] == sorted(w.most_px for w in LAYOUTS)
    assert [w.tiles for w in LAYOUTS] == sorted((w.tiles for w in LAYOUTS), reverse=True)


def test_a_setting_that_could_not_be_read_is_refused() -> None:
    assert Setting("Hall", 1, 75, 6).px == 46
    for wrong in (
        {"tiles": 8},
        {"tiles": 5},
        {"name": " "},
        {"theme": "blue"},
        {"dim_from": clock_of("22:00")},
        {"screen_inches": 0},
        {"distance_m": -1},
    ):
        with pytest.raises(Invalid):
            Setting(**({"name": "Hall", "node_id": 1, "screen_inches": 75, "distance_m": 6} | wrong))  # type: ignore[arg-type]


def test_a_playlist_begins_with_the_overview_and_each_slide_stays_20_to_60_s() -> None:
    assert Playlist(20, ("overview", "acme/dublin/packaging")).seconds == 20
    for wrong in ((19, ("overview",)), (61, ("overview",)), (30, ()), (30, ("acme/dublin",)), (30, ("overview",) * 13)):
        with pytest.raises(Invalid):
            Playlist(*wrong)


def test_the_night_spans_midnight() -> None:
    night = Setting("Hall", 1, 75, 6, dim_from=clock_of("22:00"), dim_to=clock_of("6:00"))
    assert [night.dimmed(clock_of(at)) for at in ("21:59", "22:00", "0:00", "05:59", "06:00", "12:00")] == [  # type: ignore[arg-type]
        False, True, True, True, False, False,
    ]  # fmt: skip
    day = Setting("Hall", 1, 75, 6, dim_from=clock_of("12:00"), dim_to=clock_of("13:00"))
    assert [day.dimmed(clock_of(at)) for at in ("11:59", "12:30", "13:00")] == [False, True, False]  # type: ignore[arg-type]
    assert clock_of("  ") is None
    with pytest.raises(Invalid):
        clock_of("25:00")
