"""Machine states are derived as they come in, and equal their recomputation whatever comes late, is lost or is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import historian, job, state
from db.source import set_state
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.jobs.state import derive
from engine.state import FOREVER_US, StateInterval, intervals_of, signal_of
from engine.tag import BAD_NO_COMMUNICATION
from engine.twin.places import MODES, PACKML
from tests.conftest import new_database
from tests.db.state_plant import BOILER, CAPPER, FILLER, START, S, Sender, make_plant

NOW = START + 400 * S


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    return make_plant(store)


@pytest.fixture
def line(store: Store, ids: dict[str, int]) -> Sender:
    return Sender(store, ids)


def update(store: Store, now_us: int = NOW) -> None:
    """All turns that are needed."""
    while job.stale_waiting(store, "state"):
        derive(store, job, state, now_us)


def short(intervals: list[StateInterval]) -> list[tuple[int, int | None, str, str]]:
    """(start, end in seconds after START, text, category of the mode)."""
    return [
        ((i.from_us - START) // S, None if i.to_us is None else (i.to_us - START) // S, i.text, i.mode_category)
        for i in intervals
    ]


def seen(store: Store, node: int = FILLER, from_s: int = 0, to_s: int = 400) -> list[tuple[int, int | None, str, str]]:
    return short(state.intervals(SYSTEM, store, [node], START + from_s * S, START + to_s * S)[node])


# ------------------------------------------------------------------ deriving
def test_states_follow_the_samples_and_begin_unknown(store: Store, line: Sender) -> None:
    line.send("filler.state", (START + 100 * S, 4), (START + 200 * S, 8))
    line.send("filler.mode", (START + 150 * S, 1))
    update(store)
    assert seen(store) == [
        (0, 100, "Unknown", ""),
        (100, 150, "Execute", ""),
        (150, 200, "Execute", "running"),
        (200, 400, "Aborted", "running"),
    ]


def test_both_numberings_of_packml_and_opc_40001_are_read_by_their_tables(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 6), (START + 10 * S, 4))
    line.send("capper.state", (START, 6), (START + 10 * S, 4))
    Sender(store, line.ids, 2).send("boiler.state", (START, 3), (START + 10 * S, 1))
    update(store)
    found = state.intervals(SYSTEM, store, [FILLER, CAPPER, BOILER], START, START + 20 * S)
    texts = {node: [i.text for i in intervals] for node, intervals in found.items()}
    assert texts == {FILLER: ["Complete", "Execute"], CAPPER: ["Execute", "Idle"], BOILER: ["Executing", "OutOfService"]}


def test_a_late_sample_splits_what_was_derived_before(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4), (START + 300 * S, 2))
    update(store)
    line.send("filler.state", (START + 100 * S, 15), (START + 200 * S, 4))
    update(store)
    assert seen(store) == [
        (0, 100, "Execute", ""),
        (100, 200, "Held", ""),
        (200, 300, "Execute", ""),
        (300, 400, "Idle", ""),
    ]


def test_bad_quality_and_codes_without_a_name_are_unknown_and_not_idle(store: Store, line: Sender) -> None:
    line.send(
        "filler.state", (START, 4), (START + 100 * S, 4, BAD_NO_COMMUNICATION), (START + 200 * S, 99), (START + 300 * S, 4)
    )
    update(store)
    assert seen(store) == [(0, 100, "Execute", ""), (100, 300, "Unknown", ""), (300, 400, "Execute", "")]


def test_a_new_interval_raises_the_revision_of_its_machine_and_makes_oee_stale(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    update(store)
    assert job.revisions(store, [("state", FILLER), ("state", CAPPER), ("state", 0)]) == {
        ("state", FILLER): 1,
        ("state", CAPPER): 0,
        ("state", 0): 1,
    }
    with store.read() as connection:
        rows = connection.execute(text("select location_id, from_us from stale where capability = 'oee'")).all()
    assert rows == [(FILLER, START)]


def test_a_state_stamped_far_ahead_does_not_hide_the_present(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    far = START + 40 * 86_400 * S
    with store.write() as connection:
        connection.execute(
            text("insert into sample_hot values (1, :tag, :at, 0, 8, 0, :received)"),
            {"tag": line.ids["filler.state"], "at": far, "received": START},
        )
        job.mark_stale(connection, "state", 1, FILLER, far, far + 1, "test")
    update(store)
    assert state.current(SYSTEM, store, [FILLER])[FILLER].text == "Execute"


def test_a_machine_is_never_in_two_states_whoever_writes(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    update(store)
    with pytest.raises(Exception, match=r"conflicting key value|refused"), store.write() as connection:
        connection.execute(
            text(
                "insert into state_interval select site_id, location_id, from_us + 5, null, 8, 'Aborted', 'aborted', '', tag_id"
                " from state_interval"
            )
        )


# ------------------------------------------------------------------ dead collectors
def test_a_stop_left_open_by_a_dead_collector_does_not_leak_past_its_silence(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 8))
    update(store)
    set_state(store, 1, "disconnected", facts={"heard_us": START + 50 * S})
    assert seen(store) == [(0, 50, "Aborted", ""), (50, 400, "Unknown", "")]
    now = state.current(SYSTEM, store, [FILLER])[FILLER]
    assert (now.from_us, now.category, now.known) == (START + 50 * S, "unknown", False)


def test_a_worker_that_died_without_a_word_is_a_dead_collector(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 8))
    update(store)
    set_state(store, 1, "connected", last_sample_us=START + 50 * S)
    assert seen(store)[-1] == (50, 400, "Unknown", "")
    with store.write() as connection:
        connection.execute(text("insert into worker (id, version, roles) values ('w', '1', array['source line'])"))
    assert seen(store) == [(0, 400, "Aborted", "")]
    with store.write() as connection:
        connection.execute(text("update worker set seen_at = now() - interval '31 s'"))
    assert seen(store)[-1] == (50, 400, "Unknown", "")


def test_a_declared_gap_is_unknown_until_its_end_or_the_next_sample(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    line.lose(START + 100 * S, START + 200 * S)
    update(store)
    assert seen(store) == [(0, 100, "Execute", ""), (100, 200, "Unknown", ""), (200, 400, "Execute", "")]
    line.send("filler.state", (START + 150 * S, 8))
    update(store)
    assert seen(store)[1:] == [(100, 150, "Unknown", ""), (150, 400, "Aborted", "")]


def test_a_state_that_was_itself_lost_is_unknown_until_the_next_one(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    line.lose(START + 100 * S, START + 100 * S + 1, "filler.state")
    update(store)
    assert seen(store)[-1] == (100, 400, "Unknown", "")
    line.send("filler.state", (START + 250 * S, 4))
    update(store)
    assert seen(store)[1:] == [(100, 250, "Unknown", ""), (250, 400, "Execute", "")]


def test_a_gap_of_another_source_says_nothing(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    Sender(store, line.ids, 2).lose(START + 100 * S, START + 200 * S)
    update(store)
    assert seen(store) == [(0, 400, "Execute", "")]


# ------------------------------------------------------------------ views
def test_a_silent_machine_is_shown_as_unknown_and_not_left_out(store: Store, ids: dict[str, int]) -> None:
    assert seen(store, BOILER) == [(0, 400, "Unknown", "")]
    assert state.current(SYSTEM, store, [BOILER, 1]) == {BOILER: StateInterval(BOILER, 0, None)}


def test_views_show_nothing_outside_the_scope(store: Store, line: Sender) -> None:
    line.send("filler.state", (START, 4))
    line.send("capper.state", (START, 4))
    update(store)
    scope = scope_of([CAPPER])
    assert set(state.intervals(scope, store, [FILLER, CAPPER], START, NOW)) == {CAPPER}
    assert set(state.current(scope, store, [FILLER, CAPPER])) == {CAPPER}


def test_an_interval_names_the_batch_that_was_on_the_machine(store: Store, line: Sender) -> None:
    from db import order
    from engine.jobs.order import derive as derive_orders

    line.say("filler.batch", (START + 50 * S, "B1"))
    line.send("filler.state", (START, 2), (START + 100 * S, 8))
    derive_orders(store, job, order)
    update(store)
    assert [i.batch for i in state.intervals(SYSTEM, store, [FILLER], START, NOW)[FILLER]] == [None, "B1"]
    assert state.current(SYSTEM, store, [FILLER])[FILLER].batch == "B1"


# ------------------------------------------------------------------ incremental equals recomputation
times = st.integers(0, 60)
samples = st.tuples(
    st.sampled_from(["filler.state", "filler.mode"]),
    st.lists(st.tuples(times, st.integers(0, 5), st.sampled_from([0, 0, 0, BAD_NO_COMMUNICATION])), min_size=1, max_size=5),
)
gaps = st.tuples(st.sampled_from(["gap", "filler.state gap", "filler.mode gap"]), st.tuples(times, st.integers(1, 20)))
steps = st.lists(st.one_of(samples, gaps, st.sampled_from(["derive", "seal"])), max_size=14)


@pytest.fixture(scope="module")
def plants(cluster: str, template: str) -> Iterator[Store]:
    opened = Store(new_database(cluster, template))
    try:
        make_plant(opened)
        yield opened
    finally:
        opened.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=steps)
@example(done=[("gap", (1, 1)), "derive", ("filler.state", [(0, 0, 0)])])
def test_states_equal_their_recomputation_from_all_samples_and_gaps(plants: Store, done: list) -> None:
    store = plants
    with store.write() as connection:
        tables = ("stale", "state_interval", "chunk", "sample_hot", "rollup", "last_value", "spool_progress")
        for table in tables:
            connection.execute(text(f"delete from {table}"))
    _forget_gaps(store)
    with store.read() as connection:
        ids = {r.name: r.id for r in connection.execute(text("select id, name from tag"))}
    line = Sender(store, ids)
    lost: dict[str, list[tuple[int, int]]] = {"filler.state": [], "filler.mode": []}
    for step in done:
        _do(store, line, step, lost)
    update(store)
    assert _stored(store) == _recomputed(store, ids, lost)


def _do(store: Store, line: Sender, step: str | tuple, lost: dict[str, list[tuple[int, int]]]) -> None:
    if step == "derive":
        update(store)
    elif step == "seal":
        historian.seal(store, START + 10**6 * S, least=1)
    elif "gap" in step[0]:
        at, length = step[1]
        span = START + at * S, START + (at + length) * S
        name = step[0].split()[0]
        line.lose(*span, None if name == "gap" else name)
        for tag in lost if name == "gap" else [name]:
            lost[tag].append((span[0], span[1] if name == "gap" else FOREVER_US))
    else:
        name, points = step
        line.send(name, *[(START + at * S, value, status) for at, value, status in {p[0]: p for p in points}.values()])


def _forget_gaps(store: Store) -> None:
    owner = Store(store.url, role="plantglass_owner")
    with owner.write() as connection:
        connection.execute(text("delete from gap"))
        connection.execute(text("delete from superseded"))
    owner.close()


def _stored(store: Store) -> list[StateInterval]:
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select location_id, from_us, to_us, code, text, category, mode_category, tag_id"
                " from state_interval order by from_us"
            )
        )
        return [StateInterval(*row) for row in rows]


def _recomputed(store: Store, ids: dict[str, int], lost: dict[str, list[tuple[int, int]]]) -> list[StateInterval]:
    signals = []
    for name, table in (("filler.state", PACKML), ("filler.mode", MODES)):
        raw = historian.raw_window(SYSTEM, store, ids[name], START - S, START + 10**6 * S)
        columns = raw.at_us, raw.values.astype("int64"), raw.status
        signals.append(signal_of(ids[name], table, columns, lost[name]))
    found = intervals_of(FILLER, signals[0], signals[1], 0, None)
    assert all(one.to_us == other.from_us for one, other in pairwise(found))
    return found
