"""Events of a machine: one for each stop, named by the gravest state, with its length and reason."""

from __future__ import annotations

from typing import Any

from components import events
from components.events import Event
from components.timeline import Change
from components.view import Clocks, View, read
from engine.historian.block import TextEvent
from engine.tag import Tag, ValueKind
from engine.time import HOUR_US, MINUTE_US, SECOND_US
from tests.components.test_machine import NOW, words

VIEW = read("/machine", "", Clocks(NOW))
PAST = read("/machine", "?from=now-8h&to=now-1h", Clocks(NOW))
EXECUTE = "running", "Execute"


def ago(minutes: float) -> int:
    return NOW - int(minutes * MINUTE_US)


def text(key: str, at_us: int, said: str, number: int = 1) -> tuple[Tag, TextEvent]:
    tag = Tag(number, 1, 1, f"press-1.{key}", key.title(), ValueKind.TEXT)
    return tag, TextEvent(number, at_us, 0, said, 0, at_us)


def fault(at_us: int) -> list[Change]:
    states = (("aborted", "Aborting"), ("aborted", "Aborted"), ("stopped", "Stopped"), ("idle", "Resetting"), EXECUTE)
    return [(at_us + i * MINUTE_US, *state) for i, state in enumerate(states)]


def stops(changes: list[Change], view: View = VIEW, **more: Any) -> list[Event]:
    return events.stops(changes, view, NOW, **more)


def test_a_stop_is_one_event_however_many_states_it_passes() -> None:
    found = stops([(ago(400), *EXECUTE), *fault(ago(60))])
    assert [(e.at_us, e.title, e.category, e.until_us, e.ended) for e in found] == [
        (ago(60), "Aborted", "aborted", ago(56), True)
    ]


def test_modes_that_lead_and_unknown_time_are_events_of_their_own() -> None:
    changes: list[Change] = [
        (ago(60), "stopped", "Stopped"),
        (ago(50), "cleaning", "Cleaning"),
        (ago(30), None, ""),
        (ago(20), *EXECUTE),
    ]
    assert [e.title for e in stops(changes)] == ["Stopped", "Cleaning", "State not known"]


def test_the_reason_is_what_was_said_while_it_stood() -> None:
    reasons = [
        text("stop_reason", ago(m), said)[1] for m, said in ((90, "Old"), (59, "Jam"), (58, "Jam at feeder"), (10, "New"))
    ]
    assert stops(fault(ago(60)), reasons=reasons)[0].detail == "Jam at feeder"
    why, rest = events.sorted_out([text("stop_reason", 1, "Jam"), text("batch", 2, "B1")])
    assert ([e.text for e in why], [tag.title for tag, _ in rest]) == (["Jam"], ["Batch"])


def test_a_stop_that_lasts_counts_on_and_one_cut_by_the_range_lasts_at_least() -> None:
    lasting = stops([(ago(12), "held", "Held")])[0]
    assert (lasting.until_us, lasting.ended) == (None, False)
    cut = stops([(ago(70), "aborted", "Aborting"), (ago(50), "aborted", "Aborted"), (ago(5), *EXECUTE)], PAST)[0]
    assert (cut.until_us, cut.ended) == (PAST.to_us, False)
    exact = stops([(ago(70), "aborted", "Aborted"), (ago(50), *EXECUTE)], PAST)[0]
    assert (exact.until_us, exact.ended) == (ago(50), True)
    shown = words(events.events(events.told([lasting, cut], 0, 0), PAST, NOW))
    assert "Held  for  12 min" in shown
    assert "10 min or longer" in shown


def test_what_lies_outside_the_range_is_no_event_of_it() -> None:
    assert stops([*fault(ago(600)), *fault(ago(30))], PAST) == []
    assert stops([]) == []


def test_what_is_said_at_one_moment_is_one_event_named_by_the_batch() -> None:
    texts = [text("phase", ago(9), "Compression", 2), text("batch", ago(9), "B1", 1), text("product", ago(9), "PX50", 3)]
    found = events.messages(texts, 0)
    assert [(e.title, e.detail) for e in found] == [("Batch B1", "Phase: Compression · Product: PX50")]


def test_an_end_names_what_ended_and_a_repetition_is_no_event() -> None:
    texts = [
        text("batch", ago(999), "B1"),
        text("batch", ago(60), "B1"),
        text("batch", ago(30), ""),
        text("batch", ago(5), "B2"),
    ]
    assert [e.title for e in events.messages(texts, VIEW.from_us)] == ["Batch B1 ended", "Batch B2"]


def test_what_is_said_as_a_mode_begins_stands_beside_it() -> None:
    mode = stops([(ago(60), "cleaning", "Cleaning"), (ago(30), *EXECUTE)])
    said = events.messages([text("phase", ago(60) + SECOND_US, "Cleaning"), text("phase", ago(30), "Compression")], 0)
    found = events.together(mode, said)
    assert [(e.title, e.detail) for e in found] == [("Cleaning", "Phase Cleaning"), ("Phase Compression", "")]


def test_the_newest_are_listed_with_their_number() -> None:
    many = [Event(i, f"Held {i}", until_us=i + 1, ended=True) for i in range(50)]
    told = events.told(many, 0, 0)
    assert [row.at_us for row in told.rows] == list(range(49, 9, -1))
    assert events.heading(told, "Last 8 hours") == "Last 8 hours · newest 40 of 50"
    assert events.heading(events.told(many[:3], 0, 0), "Last 8 hours") == "Last 8 hours"
    cut = events.told(many, 45, 0)
    assert events.heading(cut, "Last 90 days") == "Last 90 days · newest 5 of more than 5"


def test_texts_are_whole_from_where_the_fullest_reading_begins() -> None:
    texts = [*(text("batch", i, str(i), 1) for i in range(5, 8)), text("phase", 1, "x", 2)]
    assert events.horizon(texts, most=3, from_us=0) == 5
    assert events.horizon(texts, most=4, from_us=0) == 0


def test_an_empty_range_says_which() -> None:
    assert "Nothing happened from" in words(events.events(events.told([], 0, 0), VIEW, NOW))


def test_the_list_is_sent_again_only_when_it_differs() -> None:
    one, other = ([Event(1, "Held", until_us=until, ended=bool(until))] for until in (None, HOUR_US))
    telling = [events.telling("a", events.told(found, 0, 0)) for found in (one, one, other)]
    assert telling[0] == telling[1] != telling[2]
