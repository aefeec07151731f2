"""What is said about an alarm, and the order of the list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.alarm import figures, indicator, listing, sheets, words
from components.view import Clocks, read
from engine.alarm import Alarm, AlarmKind, AlarmState, Priority
from engine.alarm.performance import KPIS, Raised, performance
from engine.time import HOUR_US, MINUTE_US
from tests.components.test_machine import words as text_of

NOW = 1_790_000_400_000_000
VIEW = read("/alarm", "?at=acme/dublin", Clocks(NOW))
ONE = Alarm(
    1, 11, 5, "acme/dublin/cold", "Cold room", "room", "cold.high", "Too warm", AlarmKind.ABOVE, Priority.HIGH,
    NOW - 12 * MINUTE_US, NOW - 10 * MINUTE_US, 8.6, "", 8.0, "°C", 1, "cold.temperature", "Goods spoil.", "Door.",
    "Close the door. Call quality.", 900.0,
)  # fmt: skip


def test_unacknowledged_by_priority_then_time_then_what_is_acknowledged() -> None:
    acked = replace(ONE, id=4, priority=Priority.URGENT, acked_at_us=NOW, acked_by="x")
    urgent, older = replace(ONE, id=2, priority=Priority.URGENT), replace(ONE, id=3, raised_at_us=NOW - HOUR_US)
    ordered = sorted([acked, older, ONE, urgent], key=Alarm.order)
    assert [a.id for a in ordered] == [2, 1, 3, 4]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, AlarmState.UNACKNOWLEDGED),
        ({"acked_at_us": 1, "acked_by": "x"}, AlarmState.ACKNOWLEDGED),
        ({"cleared_at_us": 1}, AlarmState.RETURNED),
        ({"ended_at_us": 1, "ended_as": "shelved"}, AlarmState.SHELVED),
        ({"ended_at_us": 1, "ended_as": "normal"}, AlarmState.NORMAL),
    ],
)
def test_every_state_has_words_and_a_mark(change: dict[str, object], state: AlarmState) -> None:
    alarm = replace(ONE, **change)  # type: ignore[arg-type]
    assert alarm.state is state
    assert words.state_word(state)
    blinks = "is-unack" in str(words.mark(alarm))
    assert blinks is alarm.unacknowledged


def test_value_against_limit_and_the_first_line_of_the_response() -> None:
    assert words.against(ONE) == "8.6\u2009°C > 8.0\u2009°C"
    assert words.against(replace(ONE, kind=AlarmKind.BELOW)) == "8.6\u2009°C < 8.0\u2009°C"
    assert words.against(replace(ONE, kind=AlarmKind.STATE, state_name="Aborted")) == "Aborted"
    assert words.first_sentence(ONE.response) == "Close the door."
    assert words.first_sentence("Close it") == "Close it"


def test_a_held_list_keeps_its_order_and_counts_what_is_new() -> None:
    alarms = [replace(ONE, id=n) for n in (3, 1, 2)]
    assert [id_ for id_, _ in listing.arranged(alarms, None).rows] == [3, 1, 2]
    found = listing.arranged(alarms, [2, 9, 1])
    assert [(id_, alarm is not None) for id_, alarm in found.rows] == [(2, True), (9, False), (1, True)]
    assert found.fresh == 1


def test_a_row_has_a_button_only_for_who_may_acknowledge() -> None:
    found = listing.arranged([ONE], None)
    assert "Acknowledge Too warm" in str(listing.table(found, VIEW, NOW, {5}))
    assert "Acknowledge Too warm" not in str(listing.table(found, VIEW, NOW, {6}))


def test_names_are_data_never_markup() -> None:
    hostile = replace(ONE, title="<img onerror=x>", place="<b>", response="<script>. x")
    rows = listing.table(listing.arranged([hostile], None), VIEW, NOW, {5})
    assert "dangerously" not in str(rows)
    assert "<img onerror=x>" in text_of(rows)


def test_marks_of_the_tree_say_their_rule() -> None:
    marks = indicator.tree_marks({1: {Priority.LOW: 2, Priority.HIGH: 1}, 2: {}})
    assert marks == {"1": ["p2", 3, "Worst alarm not acknowledged, here and below: 1 high, 2 low"]}
    assert indicator.spoken({}) == "Alarms: none"
    assert "0" in text_of(indicator.count({}))
    assert "0" not in text_of(indicator.count(None)), "not known yet is not zero"


def test_figures_without_alarms_say_so_and_each_kpi_is_shown() -> None:
    empty = performance([], NOW - HOUR_US, NOW)
    said = text_of(figures.body(empty, [], [], VIEW, NOW))
    assert "None in this range" in said
    for kpi in KPIS:
        assert kpi.title in said
    busy = performance([Raised(1, "A", "B", Priority.LOW, NOW - MINUTE_US * n) for n in range(59, 0, -1)], NOW - HOUR_US, NOW)
    assert "missed" in text_of(figures.body(busy, [], [], VIEW, NOW))
    assert sheets.often("Top ten", busy.top).rows == [("Low", "A", "B", 59, 1.0)]
    assert sum(row[2] for row in sheets.rate(busy).rows) == busy.total
    assert sum(row[1] for row in sheets.mix(busy).rows) == 1.0


def test_a_long_range_is_drawn_with_few_bars() -> None:
    busy = performance([], NOW - 30 * 24 * HOUR_US, NOW)
    drawn = str(figures.body(busy, [], [], VIEW, NOW))
    assert drawn.count("I(className=''") <= figures.BARS + 40


def test_files_have_a_cell_for_every_column() -> None:
    sheet = listing.sheet([ONE, replace(ONE, ended_at_us=1, ended_as="found_late")], "Alarms")
    assert {len(row) for row in sheet.rows} == {len(sheet.columns)}
    assert sheet.signals == ("cold.temperature",)
