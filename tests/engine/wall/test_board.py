"""What tiles, rows of attention, facts, slides and sentences say."""

from __future__ import annotations

from typing import Any

from engine.alarm import Alarm, AlarmKind, Priority
from engine.location import MapDef, NodeKind, Tree
from engine.oee.totals import OeeTotals
from engine.shift import Shift
from engine.state import StateInterval
from engine.time import MINUTE_US, SECOND_US
from engine.wall.attention import needs
from engine.wall.board import Batch, Unit, chosen, tile_of, units
from engine.wall.fact import Reading, power, rooms
from engine.wall.sentence import ShiftFacts, sentences
from engine.wall.turn import drift, turn
from engine.wall.whole import Fast, Slow, board, told_shift

NOW = 1_795_000_000_000_000
KINDS = {
    "site": NodeKind.SITE,
    "area": NodeKind.AREA,
    "line": NodeKind.LINE,
    "machine": NodeKind.MACHINE,
    "room": NodeKind.ROOM,
}


def node(number: int, parent: int | None, slug: str, kind: str, **attributes: Any) -> MapDef:
    above = {1: "s", 2: "s/a", 3: "s/a/l1"}.get(parent or 0, "")
    path = f"{above}/{slug}" if above else slug
    return MapDef(number, 1, parent, slug, path, slug.upper(), KINDS[kind], attributes=attributes, sort=number)


TREE = Tree(
    [
        node(1, None, "s", "site"),
        node(2, 1, "a", "area"),
        node(3, 2, "l1", "line", constraint="m1"),
        node(4, 3, "m0", "machine"),
        node(5, 3, "m1", "machine"),
        node(6, 2, "press", "machine"),
        node(7, 2, "pump", "machine"),
    ]
)
RATES = {4: 100.0, 5: 90.0, 6: 50.0}
LINE = Unit(TREE.nodes[3], 5)
PRESS = Unit(TREE.nodes[6], 6)
BATCH = Batch("B1", "Product, 30 tablets", 0.4)


def state(category: str, minutes: float = 10, text: str = "Held", mode: str = "running", node_id: int = 5) -> StateInterval:
    return StateInterval(node_id, NOW - int(minutes * MINUTE_US), None, 1, text, category, mode)


def alarm(number: int, node_id: int, priority: int, minutes: float = 5, **more: Any) -> Alarm:
    since = NOW - int(minutes * MINUTE_US)
    values: dict[str, Any] = {
        "id": number, "definition_id": number, "node_id": node_id, "path": "", "place": TREE.nodes[node_id].name,
        "place_kind": "machine", "key": f"k{number}", "title": f"Alarm {number}", "kind": AlarmKind.STATE,
        "priority": Priority(priority), "since_us": since,
        "raised_at_us": since, "value": None, "state_name": "", "limit": None, "unit": "", "decimals": None, "tag": "",
        "consequence": "c", "cause": "", "response": "r", "respond_within_s": 60.0,
    }  # fmt: skip
    return Alarm(**values | more)


# ------------------------------------------------------------------ tiles
def test_a_place_is_shown_by_its_lines_and_by_rated_machines_outside_lines() -> None:
    assert units(TREE, 1, RATES) == [LINE, PRESS]
    assert [u.node.id for u in units(TREE, 3, RATES)] == [4, 5]
    assert [u.node.id for u in units(TREE, 6, {})] == [6]
    assert units(TREE, 7, {}) == [Unit(TREE.nodes[7], 7)]
    assert units(TREE, 99, RATES) == []


def test_two_thousand_machines_make_tiles_of_the_worst() -> None:
    many = Tree([TREE.nodes[1], *(node(n, 1, f"x{n}", "machine") for n in range(10, 2010))])
    found = units(many, 1, dict.fromkeys(range(10, 2010), 1.0))
    assert len(found) == 2000
    tiles = [tile_of(u, state("running", node_id=u.speaker_id), None, [], NOW) for u in found]
    stopped = tile_of(found[1500], state("aborted", node_id=found[1500].speaker_id), BATCH, [], NOW)
    tiles[1500] = stopped
    shown = chosen(tiles, 4)
    assert shown == [*tiles[:3], stopped]


def test_a_short_stop_has_a_timer_and_no_colour_a_long_one_calls() -> None:
    short, long = (tile_of(LINE, state("held", minutes), BATCH, [], NOW) for minutes in (1, 2))
    assert (short.stopped, short.call, short.cause) == (True, None, "Held")
    assert (long.stopped, long.call) == (True, Priority.HIGH)


def test_a_machine_without_a_batch_may_stand() -> None:
    tile = tile_of(LINE, state("stopped", 600), None, [], NOW)
    assert (tile.stopped, tile.call) == (False, None)


def test_an_alarm_gives_the_tile_its_colour_until_it_is_over_and_calm_when_somebody_owns_it() -> None:
    loud = tile_of(LINE, state("aborted"), BATCH, [alarm(1, 5, 2), alarm(2, 4, 1)], NOW)
    assert (loud.call, loud.cause, loud.owned) == (Priority.URGENT, "Alarm 2", False)
    owned = tile_of(LINE, state("aborted"), BATCH, [alarm(1, 5, 2, acked_at_us=NOW, acked_by="ann")], NOW)
    assert (owned.call, owned.owned) == (Priority.HIGH, True)
    over = tile_of(LINE, state("running"), BATCH, [alarm(1, 5, 1, cleared_at_us=NOW)], NOW)
    assert over.call is None
    low = tile_of(LINE, state("running"), BATCH, [alarm(1, 5, 3)], NOW)
    assert low.call is None


def test_work_of_a_known_kind_counts_before_the_state_and_unknown_stays_unknown() -> None:
    assert tile_of(LINE, state("stopped", mode="cleaning"), BATCH, [], NOW).condition == "cleaning"
    silent = tile_of(LINE, None, BATCH, [], NOW)
    assert (silent.known, silent.stopped, silent.call) == (False, False, None)


# ------------------------------------------------------------------ attention
def test_the_worst_comes_first_then_what_nobody_has_taken_then_the_oldest() -> None:
    found = needs(
        TREE,
        [],
        [
            alarm(1, 4, 3, 90),
            alarm(2, 4, 2, 10),
            alarm(3, 4, 2, 20),
            alarm(4, 4, 2, 60, acked_at_us=NOW, acked_by="ann"),
            alarm(5, 4, 1, 1),
            alarm(6, 4, 1, 500, cleared_at_us=NOW),
        ],
        9,
    )
    assert [row.text for row in found] == [f"Alarm {n}" for n in (5, 3, 2, 4, 1, 6)]
    assert [row.owner for row in found][3] == "ann"


def test_a_stop_and_its_alarm_are_one_row_with_the_batch_at_risk() -> None:
    stopped = tile_of(LINE, state("aborted"), BATCH, [], NOW)
    alone = needs(TREE, [stopped], [])
    assert [(row.place, row.text, row.batch) for row in alone] == [("L1", "Held", "B1")]
    with_alarm = needs(TREE, [stopped], [alarm(1, 4, 2)])
    assert [(row.place, row.text, row.batch) for row in with_alarm] == [("M0", "Alarm 1", "B1")]
    low = needs(TREE, [stopped], [alarm(1, 4, 3)])
    assert [(row.text, row.batch) for row in low] == [("Held", "B1"), ("Alarm 1", None)]


def test_at_most_three_rows() -> None:
    assert len(needs(TREE, [], [alarm(n, 4, 2) for n in range(1, 9)])) == 3


# ------------------------------------------------------------------ facts
def reading(
    value: float | None, *, room: int = 0, age_s: float = 10, low: float | None = None, high: float | None = None
) -> Reading:
    at = None if value is None else NOW - int(age_s * SECOND_US)
    return Reading(room or 5, bool(room), "°C" if room else "kW", at, value, low, high)


def test_power_is_the_sum_of_what_is_known() -> None:
    found = power([reading(100.5), reading(2.5), reading(None), reading(50, age_s=400), reading(20, room=8)], NOW)
    assert found is not None
    assert (found.kw, found.known, found.meters) == (103.0, 2, 4)
    assert power([reading(None)], NOW) is None
    assert power([], NOW) is None


def test_a_room_is_in_limits_out_of_them_or_not_known() -> None:
    found = rooms(
        [
            reading(5, room=1, low=2, high=8),
            reading(9, room=2, low=2, high=8),
            reading(None, room=2, high=8),
            reading(5, room=3, high=8),
            reading(None, room=3, high=8),
            reading(2, room=4, low=2),
        ],
        NOW,
    )
    assert found is not None
    assert (found.inside, found.outside, found.unknown, found.count) == (2, 1, 1, 4)
    assert rooms([], NOW) is None


# ------------------------------------------------------------------ the whole
def test_a_place_without_machines_is_a_board_without_tiles() -> None:
    slow = Slow(TREE, TREE.nodes[1], (), "UTC", "2026-11-18", None, {}, {}, OeeTotals(), {})
    found = board(slow, Fast(NOW, {}, {}, (), ()))
    assert (found.tiles, found.needs, found.power, found.rooms, found.plan, found.heard_us) == ((), (), None, None, None, None)


def test_the_plan_is_good_output_against_the_oee_target() -> None:
    today = OeeTotals(all_s=3600, production_s=3600, standard_s=2520, standard_good_s=2394, produced=10, good=9, capacity=15)
    slow = Slow(TREE, TREE.nodes[1], (LINE,), "UTC", "", None, {5: 0.665}, {}, today, {(5, "B1"): 0.25})
    found = board(slow, Fast(NOW, {5: state("running")}, {5: ("B1", "P")}, (alarm(1, 5, 1),), ()))
    assert found.plan is not None
    assert round(found.plan, 3) == 0.95  # OEE 0.665 of the target 0.70
    assert found.tiles[0].batch == Batch("B1", "P", 0.25)
    assert (found.urgent, found.counts[Priority.URGENT]) == (True, 1)
    over = board(slow, Fast(NOW, {}, {}, (alarm(1, 5, 1, cleared_at_us=NOW),), ()))
    assert (over.urgent, over.counts[Priority.URGENT]) == (False, 1)


# ------------------------------------------------------------------ time
def test_slides_take_turns_and_an_urgent_alarm_holds_the_first() -> None:
    begin = 1_795_000_000 // 90 * 90 * SECOND_US
    assert [turn(begin + s * SECOND_US, 3, 30, held=False)[0] for s in (0, 29, 30, 60, 89, 90)] == [0, 0, 1, 2, 2, 0]
    assert turn(begin + 15 * SECOND_US, 3, 30, held=False)[1] == 0.5
    assert turn(begin + 45 * SECOND_US, 3, 30, held=True) == (0, 0.0)
    assert turn(begin + 45 * SECOND_US, 1, 30, held=False) == (0, 0.0)
    assert turn(begin, 0, 30, held=False) == (0, 0.0)


def test_the_picture_moves_every_five_minutes_by_at_most_8_px() -> None:
    places = [drift(NOW + n * 5 * MINUTE_US) for n in range(8)]
    assert len(set(places)) == 8
    assert all(0 <= x <= 8 and 0 <= y <= 8 for x, y in places)
    assert drift(0) == drift(5 * MINUTE_US - 1)


def test_a_shift_is_told_in_its_last_half_hour_and_half_an_hour_after_it() -> None:
    shift = Shift("A", "", None, 0, 480 * MINUTE_US)  # type: ignore[arg-type]
    told = [told_shift([shift], m * MINUTE_US) is shift for m in (449, 450, 479, 480, 509, 510)]
    assert told == [False, True, True, True, True, False]


# ------------------------------------------------------------------ sentences
def test_three_sentences_about_a_shift() -> None:
    line = OeeTotals(
        all_s=28800, production_s=18000, delay_s=7200, setup_s=3600, standard_s=16000, standard_good_s=15840, capacity=99
    )
    press = OeeTotals(all_s=28800, production_s=27000, delay_s=1800, standard_s=26000, standard_good_s=25000, capacity=99)
    before = OeeTotals(all_s=100, production_s=100, standard_s=80, standard_good_s=74.2, capacity=9)
    rows = needs(TREE, [], [alarm(1, 4, 2), alarm(2, 4, 3)])
    found = sentences(
        ShiftFacts("B", {"Line 1": line, "Press": press}, line + press, before), rows, {rows[0].since_us: "13:55"}
    )
    assert found == (
        "Line 1 lost most: 2 h 00 min standing with a batch, 57 % of all lost time.",
        "OEE is 70.9 %, 3.3 points below the same shift last week.",
        "Open: M0, alarm 1, since 13:55; nobody has taken it yet. 1 more is open.",
    )


def test_sentences_admit_what_is_not_known() -> None:
    nothing = sentences(ShiftFacts("B", {}, OeeTotals()), [], {})
    assert nothing == (
        "Shift B lost no time that is known.",
        "There is no OEE of this shift: not enough is known of its machines.",
        "Nothing is open.",
    )
    half = OeeTotals(all_s=1000, unknown_s=400, production_s=600, standard_s=500, standard_good_s=480, capacity=9)
    said = sentences(ShiftFacts("B", {"L": half}, half), [], {})[1]
    assert said == "OEE is 80.0 % of the 60 % of time that is known; there is no such shift of last week to compare with."
