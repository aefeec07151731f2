"""Which signal of which place a value of a source probably is: by names alone, and never a name twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.record import Config, LocationEntry, SourceEntry
from engine.connect import Found, Proposal, Wanted, extended, found_of, key, propose, same_source, taken_by, words
from engine.errors import Conflict, Invalid
from engine.location import MapDef, NodeKind
from engine.tag import Interpolation, ValueKind

SITE = "acme/cork"


def place(number: int, path: str, name: str, kind: NodeKind = NodeKind.MACHINE) -> MapDef:
    return MapDef(number, 1, None, path.rpartition("/")[2], path, name, kind)


PLACES = [
    place(1, SITE, "Cork", NodeKind.SITE),
    place(2, f"{SITE}/packaging", "Packaging", NodeKind.AREA),
    place(3, f"{SITE}/packaging/line-1", "Line 1 Blister", NodeKind.LINE),
    place(4, f"{SITE}/packaging/line-1/blister-1", "Blister 1"),
    place(5, f"{SITE}/packaging/line-2", "Line 2 Blister", NodeKind.LINE),
    place(6, f"{SITE}/packaging/line-2/blister-1", "Blister 1"),
    place(7, f"{SITE}/solid/press-2", "Press 2"),
]


def offered(*path: str, address: str = "a", **more: object) -> Found:
    return Found(address, path, kind=ValueKind.FLOAT, **more)  # type: ignore[arg-type]


def proposed(found: Found, known: tuple[str, ...] = ()) -> Proposal:
    [one] = propose([found], PLACES, known, {})
    return one


@pytest.mark.parametrize(
    ("path", "at", "name"),
    [
        (("acme", "cork", "solid", "press-2", "force"), f"{SITE}/solid/press-2", "press-2.force"),
        (("Objects", "Press2", "Monitoring", "MainForce"), f"{SITE}/solid/press-2", "press-2.main_force"),
        (("PRESS_2_FORCE",), f"{SITE}/solid/press-2", "press-2.force"),
        (("Line 2 Blister", "Blister 1", "Temp", "Value"), f"{SITE}/packaging/line-2/blister-1", "blister-1.temp"),
        (("Packaging", "RoomTemperature"), f"{SITE}/packaging", "packaging.room_temperature"),
        (("Unknown", "Thing"), "", "thing"),
    ],
)
def test_a_place_is_found_by_the_names_in_the_path(path: tuple[str, ...], at: str, name: str) -> None:
    found = proposed(offered(*path))
    assert (found.at, found.name) == (at, name)


def test_of_two_machines_of_one_name_the_one_below_the_named_line_is_meant() -> None:
    assert proposed(offered("line-1", "blister-1", "speed")).at == f"{SITE}/packaging/line-1/blister-1"
    assert proposed(offered("line-2", "blister-1", "speed")).at == f"{SITE}/packaging/line-2/blister-1"


def test_press_20_is_not_press_2() -> None:
    assert proposed(offered("press-20", "force")).at == ""


def test_words_are_told_apart_in_any_spelling() -> None:
    assert words("BlisterLine2_Temp") == words("blister-line-2 temp") == ("blister", "line", "2", "temp")


@given(st.lists(st.sampled_from(["force", "Force", "value", "f_2", "speed"]), min_size=1, max_size=12))
def test_no_name_is_proposed_twice_or_taken_from_another(last: list[str]) -> None:
    taken = {"press-2.force", "press-2.speed"}
    found = propose([offered("press-2", word, address=str(n)) for n, word in enumerate(last)], PLACES, taken, {})
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    assert not taken & set(names)


def test_a_value_that_feeds_a_signal_already_says_which() -> None:
    found = offered("press-2", "force", address="x")
    [one] = propose([found], PLACES, [], {key("x", {}): "press-2.main_force"})
    assert (one.taken_by, one.name) == ("press-2.main_force", "press-2.main_force")


def test_what_was_found_survives_json() -> None:
    found = Found("nsu=urn:x;s=a", ("a", "b"), "B", ValueKind.INT, "pcs", "7", 5, 0, 1.5, {"value": "v"})
    assert found_of(found.plain()) == found
    assert found_of(Found("a", ("a",), shown="list of 3").plain()).kind is None


# ------------------------------------------------------------------ as configuration
CONFIG = Config(locations=(LocationEntry(SITE, "Cork", NodeKind.SITE), LocationEntry(f"{SITE}/m", "M", NodeKind.ROOM)))
SOURCE = SourceEntry(SITE, "broker", "mqtt", settings={"host": "b", "port": 1883})
ROW = Wanted("t/a", f"{SITE}/m", "m.a", "A", "float", "kN", 10.0, None, {"value": "v"})


def test_chosen_rows_become_a_source_with_signals() -> None:
    wider = extended(CONFIG, SOURCE, [ROW])
    [made] = wider.tags
    assert wider.sources == (SOURCE,)
    assert (made.at, made.name, made.unit, made.interval_s) == (f"{SITE}/m", "m.a", "kN", 10.0)
    assert made.interpolation is Interpolation.LINEAR
    assert made.binding is not None
    assert (made.binding.source, made.binding.address, made.binding.decode) == ("broker", "t/a", {"value": "v"})


def test_a_source_that_is_there_stays_as_it_is() -> None:
    wider = extended(CONFIG, SOURCE, [ROW])
    known = same_source(wider, SITE, "mqtt", {"host": "b"})  # 1883 is the port when none is said
    assert known == SOURCE
    assert same_source(wider, SITE, "mqtt", {"host": "b", "port": 1884}) is None
    assert taken_by(wider, known) == {key("t/a", {"value": "v"}): "m.a"}
    more = extended(wider, SOURCE, [Wanted("t/b", f"{SITE}/m", "m.b", "", "bool")])
    assert len(more.sources) == 1
    assert {tag.name for tag in more.tags} == {"m.a", "m.b"}


def test_a_taken_name_an_unknown_kind_and_no_row_are_refused() -> None:
    wider = extended(CONFIG, SOURCE, [ROW])
    with pytest.raises(Conflict, match=r"m\.a"):
        extended(wider, SOURCE, [ROW])
    with pytest.raises(Conflict):
        extended(CONFIG, SOURCE, [ROW, ROW])
    with pytest.raises(Invalid, match="castle"):
        extended(CONFIG, SOURCE, [Wanted("t/a", f"{SITE}/m", "m.a", "", "castle")])
    with pytest.raises(Invalid, match="at least one"):
        extended(CONFIG, SOURCE, [])
