"""The alarm page's callbacks as plain functions, on a real store with the virtual site."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dash import no_update
from sqlalchemy import event, text

from callbacks import alarm, frame
from components.alarm import ids
from components.view import context_of, stamp
from db import alarm as kept
from db.store import Store
from engine.access import SYSTEM, Scope, scope_of
from engine.alarm import AlarmState
from engine.errors import Conflict, Invalid, NotFound
from engine.jobs.alarm import judge_all
from engine.time import HOUR_US, SECOND_US
from tests.callbacks.test_machine import NOW, fill, place, request, site  # noqa: F401  # the fixture
from tests.components.test_machine import words

COLD = "?at=acme/dublin/warehouse/cold-room-1"


@pytest.fixture
def warm(site: Store) -> Store:  # noqa: F811
    """The cold room is at 9 °C, for long enough."""
    with site.change("test", "silence is tested elsewhere") as change:
        change.connection.execute(text("update alarm_definition set retired_at = now() where kind in ('stale', 'source')"))
    fill(site, "cold-room-1.temperature", [9.0] * 40, 30)
    judge_all(site, kept, NOW - 600 * SECOND_US)
    assert judge_all(site, kept, NOW - SECOND_US) == 1
    return site


@pytest.fixture(autouse=True)
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks may acknowledge and shelve everywhere; tests of rights say otherwise."""
    monkeypatch.setattr(alarm, "_reach", lambda _permission: _Everywhere())


class _Everywhere(frozenset):  # type: ignore[type-arg]
    def __contains__(self, _node: object) -> bool:
        return True


def here(store: Store, search: str = COLD, scope: Scope = SYSTEM) -> dict[str, Any]:
    return place(store, search, "/alarm", scope)


def shown(store: Store, search: str = COLD, held: Any = None, scope: Scope = SYSTEM) -> str:
    return words(alarm.show_list(request(store, scope), here(store, search), None, None, None, None, held))


def standing(store: Store) -> Any:
    return next(a for a in kept.standing(SYSTEM, store) if a.key == "cold-room-1.temperature.high")


def test_the_list_shows_what_ui_asks_for(warm: Store) -> None:
    said = shown(warm)
    for part in (
        "Cold room 1",
        "Temperature high",
        "9.00\u2009°C > 8.00\u2009°C",
        "Close the door and keep it closed.",
        "Acknowledge",
    ):
        assert part in said
    assert "1 urgent" in said


def test_the_list_is_that_of_the_place(warm: Store) -> None:
    assert "Temperature high" not in shown(warm, "?at=acme/dublin/packaging")
    assert "Temperature high" in shown(warm, "?at=acme/dublin/warehouse")
    assert "Temperature high" in shown(warm, "?at=acme/dublin")


def test_an_empty_list_says_so_and_a_place_without_alarms_too(site: Store) -> None:  # noqa: F811
    assert "Every condition is normal" in shown(site)
    with site.change("test", "none") as change:
        change.connection.execute(text("update alarm_definition set retired_at = now()"))
    assert "None is configured here" in shown(site)


def test_without_the_right_at_a_place_it_names_the_right(warm: Store) -> None:
    cold, press = here(warm)["node"], here(warm, "?at=acme/dublin/solid-dose/press-1")
    assert "alarm.read" in words(alarm.show_list(request(warm, scope_of([cold])), press, None, None, None, None, None))


def test_acknowledging_puts_the_name_on_record_and_the_list_says_who(warm: Store) -> None:
    alarm.save_acknowledged(request(warm), {"ids": [standing(warm).id], "n": 1})
    assert standing(warm).acked_by == "engineer"
    assert "engineer, " in shown(warm)
    with warm.read() as connection:
        entry = connection.execute(text("select actor, reason from audit_entry order by id desc limit 1")).one()
    assert tuple(entry) == ("engineer", "acknowledged in the alarm list")
    with pytest.raises(Conflict, match="by engineer"):
        alarm.save_acknowledged(request(warm), {"ids": [standing(warm).id], "n": 2})


def test_what_the_browser_sends_is_checked(warm: Store) -> None:
    for nonsense in ("x", {"ids": "1"}, {"ids": ["1"]}, {"ids": []}, {"ids": [0]}, {"ids": list(range(1, 200))}, {}):
        with pytest.raises(Invalid):
            alarm.save_acknowledged(request(warm), nonsense)
    press = here(warm, "?at=acme/dublin/solid-dose/press-1")["node"]
    with pytest.raises(NotFound):
        alarm.save_acknowledged(request(warm, scope_of([press])), {"ids": [standing(warm).id]})


def test_while_the_list_is_held_nothing_moves(warm: Store) -> None:
    first = standing(warm).id
    fill(warm, "room-a1.pressure", [1.0] * 20, 30)
    judge_all(warm, kept, NOW - 300 * SECOND_US)
    judge_all(warm, kept, NOW)
    said = shown(warm, "?at=acme/dublin", {"ids": [first, 424242]})
    assert "1 new" in said
    assert "No longer in the list" in said
    assert "Overpressure low" not in said
    assert "Overpressure low" in shown(warm, "?at=acme/dublin")


def test_the_side_panel_tells_what_to_do_and_what_was(warm: Store) -> None:
    picked = here(warm, f"{COLD}&sel={standing(warm).definition_id}")
    hidden, told, past, form, shelves, remove, back = alarm.show_alarm(request(warm), picked, None, None, None)
    said = words([told, past])
    for part in ("move the goods to the standby room", "Medicines leave 2–8 °C", "The door stands open", "Deadband", "Raised"):
        assert part in said
    assert (hidden, form, shelves, remove, back) == (False, False, False, False, True)
    assert alarm.show_alarm(request(warm), here(warm), None, None, None)[0] is True


def press_button(monkeypatch: pytest.MonkeyPatch, button: Any) -> None:
    monkeypatch.setattr(alarm, "ctx", type("Ctx", (), {"triggered_id": button}))


def test_shelving_needs_a_reason_and_is_shown_until_it_ends(warm: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    picked = here(warm, f"{COLD}&sel={standing(warm).definition_id}")
    press_button(monkeypatch, ids.shelve_id(60))
    done, said, _ = alarm.save_aside(request(warm), [1], 0, 0, " ", picked)
    assert done is no_update
    assert "reason" in said
    alarm.save_aside(request(warm), [1], 0, 0, "the sensor is being calibrated", picked)
    assert "the sensor is being calibrated" in shown(warm)
    assert [a.kind for a in kept.asides(SYSTEM, warm, NOW)] == [AlarmState.SHELVED]
    assert alarm.show_alarm(request(warm), picked, None, None, None)[4:] == (True, True, False)
    press_button(monkeypatch, ids.BACK)
    alarm.save_aside(request(warm), [0], 0, 1, "calibrated", picked)
    assert judge_all(warm, kept, NOW + SECOND_US) == 1
    assert standing(warm).unacknowledged


def test_a_time_that_is_not_offered_is_refused(warm: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    picked = here(warm, f"{COLD}&sel={standing(warm).definition_id}")
    press_button(monkeypatch, ids.shelve_id(10**6))
    with pytest.raises(Invalid):
        alarm.save_aside(request(warm), [1], 0, 0, "for ever", picked)


def test_the_journal_and_its_file_hold_the_range(warm: Store) -> None:
    rows, _, nothing, said = alarm.show_journal(request(warm), here(warm, COLD + "&tab=journal"), None, None)
    assert [(r["name"], r["place"]) for r in rows] == [("Temperature high", "Cold room 1")]
    assert nothing is None
    assert "1 raised" in said
    early = COLD + "&tab=journal&from=2020-01-01&to=2020-01-02"
    rows, _, nothing, _ = alarm.show_journal(request(warm), here(warm, early), None, None)
    assert rows == []
    assert "No alarm was raised" in words(nothing)
    found = context_of(here(warm))
    assert found is not None
    sheet = alarm.journal_rows(request(warm), found)
    assert sheet.rows[0][0] == "Urgent"
    assert sheet.rows[0][8] == "cold-room-1.temperature.high"


def test_the_performance_tab_has_every_figure(warm: Store) -> None:
    said = words(alarm.show_figures(request(warm), here(warm, COLD + "&tab=performance")))
    for part in (
        "Alarms per 10 min, mean",
        "worst",
        "Time in flood",
        "Top ten",
        "Chattering",
        "Fleeting",
        "Stale",
        "Mix",
        "Shelved",
    ):
        assert part in said


def ahead(store: Store, from_s: float, to_s: float) -> dict[str, Any]:
    """The performance of a range that begins and ends so many seconds from now."""
    begin, end = (stamp(NOW + round(s * SECOND_US)) for s in (from_s, to_s))
    return here(store, f"{COLD}&tab=performance&from={begin}&to={end}")


def test_what_lies_ahead_is_not_counted_as_quiet(warm: Store) -> None:
    found = context_of(ahead(warm, -3600, 10 * 365 * 86_400))
    assert found is not None
    rows = alarm.rate_rows(request(warm), found).rows
    assert 4 <= len(rows) <= 6
    mean = alarm._performance(request(warm), found).mean_per_span
    assert mean == pytest.approx(1 / 6, rel=0.05)


def test_a_range_that_lies_ahead_has_no_figures_yet(warm: Store) -> None:
    later = ahead(warm, 3600, 7200)
    assert "Nothing yet" in words(alarm.show_figures(request(warm), later))
    found = context_of(later)
    assert found is not None
    assert alarm.rate_rows(request(warm), found).rows == []


def test_the_tree_wears_the_worst_alarm_and_the_top_bar_counts(warm: Store) -> None:
    children, title, marks = alarm.show_counts(request(warm), None, None)
    assert "1 urgent" in title
    assert "1" in words(children)
    for search in (COLD, "?at=acme/dublin/warehouse", "?at=acme/dublin"):
        shape, count, rule = marks[str(here(warm, search)["node"])]
        assert (shape, count) == ("p1", 1)
        assert "not acknowledged" in rule
    alarm.save_acknowledged(request(warm), {"ids": [standing(warm).id]})
    assert alarm.show_counts(request(warm), None, None)[2] == {}


def test_another_page_is_left_alone(site: Store) -> None:  # noqa: F811
    elsewhere = place(site, COLD, "/machine")
    assert alarm.show_list(request(site), elsewhere, None, None, None, None, None) == (no_update,) * 4
    assert alarm.show_alarm(request(site), elsewhere, None, None, None) == (no_update,) * 7
    assert alarm.show_page(request(site), elsewhere) == (no_update,) * 6


def test_the_list_asks_the_same_number_of_questions_whatever_it_holds(warm: Store) -> None:
    def questions() -> int:
        asked: list[str] = []
        note = lambda *a: asked.append(a[2])  # noqa: E731
        event.listen(warm.engine, "before_cursor_execute", note)
        try:
            at = here(warm, "?at=acme/dublin")
            asked.clear()
            alarm.show_list(request(warm), at, None, None, None, None, None)
        finally:
            event.remove(warm.engine, "before_cursor_execute", note)
        return len([a for a in asked if a.lstrip().lower().startswith(("select", "with"))])

    assert questions() <= 4  # the tree is kept for some seconds, so that the next ones ask less
    few = questions()
    for name in ("room-a1.pressure", "room-b1.pressure", "room-c1.pressure"):
        fill(warm, name, [1.0] * 20, 30)
    judge_all(warm, kept, NOW - 300 * SECOND_US)
    assert judge_all(warm, kept, NOW) >= 3
    assert questions() == few


def test_two_thousand_alarms_are_judged_in_one_question_and_nothing_is_written(site: Store) -> None:  # noqa: F811
    with site.change("test", "many") as change:
        change.connection.execute(
            text(
                "insert into alarm_definition (site_id, location_id, key, title, kind, tag_id, threshold, priority,"
                " consequence, response, respond_within_s)"
                " select d.site_id, d.location_id, d.key || n, d.title, d.kind, d.tag_id, 1e9,"
                " d.priority, d.consequence, d.response, 60 from alarm_definition d, generate_series(1, 24) n"
                " where kind = 'above'"
            )
        )
    fill(site, "cold-room-1.temperature", [5.0] * 4, 30)
    judge_all(site, kept, NOW)
    begun = time.perf_counter()
    with site.read() as connection:
        found = kept.watches(connection, NOW)
    spent = time.perf_counter() - begun
    assert len(found) > 2_000
    assert spent < 5, f"{spent:.3f} s"  # the bench shows the figure
    assert judge_all(site, kept, NOW + HOUR_US // 3600) == 0


def test_the_frame_leads_to_the_page() -> None:
    from components import frame as top

    assert [p.path for p in top.PAGES if p.permission == "alarm.read"] == ["/alarm"]
    assert frame.open_place is not None
