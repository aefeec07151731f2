"""A name that nobody knows is answered with those that were perhaps meant."""

from __future__ import annotations

import pytest

from engine.spelling import nearest, suggestion

KNOWN = ("filler-1.fill_weight", "press-1.main_force", "press-2.main_force", "cold-room-1.temperature", "press-2")


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("filler-1.fill_wieght", "filler-1.fill_weight"),
        ("fill_weight", "filler-1.fill_weight"),
        ("Filler-1/Fill_Weigth", "filler-1.fill_weight"),
        ("acme/dublin/filling/line-1/filler-1/fil_weight", "filler-1.fill_weight"),
        ("acme/dublin:press-2.mainforce", "press-2.main_force"),
        ("pres-2", "press-2"),
    ],
)
def test_the_likeliest_comes_first(asked: str, first: str) -> None:
    assert nearest(asked, KNOWN)[0] == first


def test_what_looks_like_nothing_suggests_nothing() -> None:
    assert nearest("xyz", KNOWN) == []
    assert suggestion("xyz", KNOWN) == ""


def test_a_suggestion_is_a_question() -> None:
    assert suggestion("cold-room-1.temprature", KNOWN) == "Did you mean “cold-room-1.temperature”?"
    assert suggestion("main_force", KNOWN) == "Did you mean “press-1.main_force” or “press-2.main_force”?"
