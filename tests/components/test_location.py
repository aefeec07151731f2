"""A place's children, the tree and the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components import location
from components.machine import Reading, reading
from components.view import Clocks, Context, read
from engine.historian.reduce import LastValue
from engine.location import MapDef, NodeKind, Tree
from engine.tag import Limits, StateTable, Tag, ValueKind
from engine.time import SECOND_US

NOW = 1_800_000_000_000_000
VIEW = read("/location", "?at=acme/dublin&from=now-7d", Clocks(NOW))
TABLES = {"packml": StateTable("packml", "PackML", {4: ("Execute", "running"), 0: ("Stopped", "stopped")})}


def node(number: int, parent: int | None, path: str, kind: NodeKind) -> MapDef:
    return MapDef(number, 2, parent, path.rpartition("/")[2], path, path.rpartition("/")[2].title(), kind)


TREE = Tree(
    [
        node(1, None, "acme", NodeKind.ENTERPRISE),
        node(2, 1, "acme/dublin", NodeKind.SITE),
        node(3, 2, "acme/dublin/filling", NodeKind.AREA),
        node(4, 3, "acme/dublin/filling/filler", NodeKind.MACHINE),
        node(5, 3, "acme/dublin/filling/capper", NodeKind.MACHINE),
        node(6, 3, "acme/dublin/filling/room-a", NodeKind.ROOM),
    ]
)


def state(node_id: int, code: int) -> Reading:
    tag = Tag(node_id * 10, 2, node_id, f"m{node_id}.state", "State", ValueKind.STATE, state_table="packml")
    return reading(tag, LastValue(tag.id, NOW, 0, code, 0, NOW), TABLES)


def measured(node_id: int, value: float, age_s: int) -> Reading:
    limits = Limits(normal_low=18, normal_high=22, low=10, high=30)
    tag = Tag(
        node_id * 10 + 1,
        2,
        node_id,
        f"m{node_id}.temperature",
        "Temperature",
        ValueKind.FLOAT,
        "°C",
        interval_s=10,
        decimals=1,
        limits=limits,
    )
    at = NOW - age_s * SECOND_US
    return reading(tag, LastValue(tag.id, at, 0, value, 0, at), TABLES)


def test_an_area_counts_its_running_machines_and_its_fresh_signals() -> None:
    below = {3: [], 4: [state(4, 4), measured(4, 20, 5)], 5: [state(5, 0), measured(5, 20, 99)], 6: [measured(6, 20, 5)]}
    kinds = {n.id: n.kind for n in TREE.subtree(3)}
    row = location.row(TREE.nodes[3], below, kinds, NOW)
    assert (row.machines, row.running, row.fresh, row.signals) == (2, 1, 2, 3)
    shown = location.record(row, VIEW, NOW)
    assert shown["readings"] == ""
    assert (shown["state"], shown["signals_words"], shown["last_words"]) == ("1 of 2 running, 1 stopped", "2 of 3", "0 s")
    assert shown["href"] == "/location?at=acme/dublin/filling&from=now-7d"


def test_rooms_show_their_climate_and_lead_to_their_signals() -> None:
    shown = location.record(location.row(TREE.nodes[6], {6: [measured(6, 20.25, 5)]}, {6: NodeKind.ROOM}, NOW), VIEW, NOW)
    assert shown["readings"] == "Temperature 20.2\u2009°C"
    assert shown["href"].startswith("/machine?at=acme/dublin/filling/room-a")


def test_a_place_without_signals_is_unknown_and_not_zero() -> None:
    shown = location.record(location.row(TREE.nodes[4], {4: []}, {4: NodeKind.MACHINE}, NOW), VIEW, NOW)
    assert (shown["signals"], shown["last"], shown["last_words"], shown["shape"]) == (None, None, "—", "")


@pytest.mark.parametrize("n", [0, 1, 2000])
def test_the_page_works_with_none_one_and_two_thousand_machines(n: int) -> None:
    rows = [
        location.row(node(i, 3, f"a/m{i}", NodeKind.MACHINE), {i: [state(i, 4)]}, {i: NodeKind.MACHINE}, NOW)
        for i in range(10, 10 + n)
    ]
    records = [location.record(row, VIEW, NOW) for row in rows]
    assert (location.nothing(records, Context(name="Filling"), VIEW) is None) == (n > 0)
    assert location.height(n) == ({"display": "none"} if n == 0 else {"height": f"{52 + 36 * min(n, 20)}px"})
    assert location.sentence(rows) == ("" if n == 0 else f"{n} of {n} machines running")
    assert len({record["id"] for record in records}) == n


def test_silent_places_are_named() -> None:
    rows = [location.row(TREE.nodes[4], {4: [measured(4, 20, 99)]}, {4: NodeKind.MACHINE}, NOW)]
    assert location.sentence(rows) == "0 of 1 machines running, 1 of unknown state; no fresh data from Filler"


def batch(node_id: int, name: str) -> Reading:
    tag = Tag(node_id * 10 + 2, 2, node_id, f"m{node_id}.batch", "Batch", ValueKind.TEXT)
    return replace(reading(tag, None, TABLES), text=name, at_us=NOW)


@pytest.mark.parametrize(
    ("kind", "batches", "shown"),
    [
        (NodeKind.LINE, ("B1", "B1"), "B1"),
        (NodeKind.LINE, ("B1", ""), "B1"),
        (NodeKind.LINE, ("B1", "B2"), ""),
        (NodeKind.AREA, ("B1", "B1"), ""),
    ],
)
def test_a_line_shows_the_batch_that_all_its_machines_work_on(kind: NodeKind, batches: tuple[str, str], shown: str) -> None:
    line = node(3, 2, "acme/dublin/line", kind)
    below = {3: [], 4: [state(4, 4), batch(4, batches[0])], 5: [state(5, 4), batch(5, batches[1])]}
    kinds = {3: kind, 4: NodeKind.MACHINE, 5: NodeKind.MACHINE}
    assert location.record(location.row(line, below, kinds, NOW), VIEW, NOW)["batch"] == shown


def test_the_sentence_says_what_those_do_that_do_not_run() -> None:
    doing = {4: "running", 5: "cleaning", 6: "cleaning", 7: "idle", 8: "aborted"}
    rows = [
        location.row(
            node(n, 3, f"a/m{n}", NodeKind.MACHINE), {n: [replace(state(n, 4), category=c)]}, {n: NodeKind.MACHINE}, NOW
        )
        for n, c in doing.items()
    ]
    assert location.sentence(rows) == "1 of 5 machines running, 2 cleaning, 1 idle; 1 aborted or not connected"


def test_columns_that_say_nothing_are_left_out() -> None:
    records = [location.record(location.row(TREE.nodes[4], {4: [state(4, 4)]}, {4: NodeKind.MACHINE}, NOW), VIEW, NOW)]
    assert [c["field"] for c in location.columns(records)] == ["name", "state", "signals", "last"]


def test_the_way_back_keeps_the_range_and_ends_at_the_place() -> None:
    way = location.breadcrumb(TREE, TREE.nodes[4], VIEW)
    assert [part.children for part in way if not hasattr(part, "className") or "sep" not in part.className] == [
        "Acme",
        "Dublin",
        "Filling",
        "Filler",
    ]
    assert way[0].href == "/location?at=acme&from=now-7d"


def test_the_tree_is_plain_data() -> None:
    assert location.tree_nodes(TREE)[0] == {"id": 1, "parent": None, "path": "acme", "name": "Acme", "kind": "enterprise"}
    assert location.tree_marks({4: "running", 5: "nonsense"}) == {"4": ["run", "Running"]}


def test_a_machine_that_a_fault_stopped_is_told_above() -> None:
    down = replace(state(4, 4), category="aborted")
    row = location.row(TREE.nodes[3], {4: [down], 5: [state(5, 4)]}, {4: NodeKind.MACHINE, 5: NodeKind.MACHINE}, NOW)
    assert location.sentence([row]) == "1 of 2 machines running; 1 aborted or not connected"
    assert location.record(row, VIEW, NOW)["state"] == "1 of 2 running, 1 down"
