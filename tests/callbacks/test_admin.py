"""The admin and audit pages' callbacks as plain functions, on a real store with the virtual site and its accounts."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dash import no_update
from sqlalchemy import event, text

from callbacks import audit as audit_page
from callbacks.admin import act, config, connect, jobs, sources, users
from callbacks.admin import frame as tabs
from callbacks.export import SOURCES
from callbacks.registry import Request
from commands.access import switch_on_demo
from components.admin import ids
from components.format import THIN
from components.view import context_of
from connectors.opcua.browse import Looked
from db import access, audit, clock, job, people
from db import config as kept
from db import worker as workers
from db.store import Store
from engine.access import ROLES, SYSTEM, Scope, User, scope_of
from engine.connect import Found
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.job import Job, JobState
from engine.tag import ValueKind
from engine.twin.site import SITE
from tests.callbacks.test_machine import place, site  # noqa: F401  # the fixture
from tests.components.test_machine import words

ORDER = Job("order.derive", "Derive batches and occupations", 5.0, lambda _store: None, gxp=True)
TIDY = Job("job.tidy", "Forget old runs", 3600.0, lambda _store: None)


@pytest.fixture
def plant(site: Store) -> Store:  # noqa: F811
    """The virtual site with its demo accounts, a worker that holds the clock, and two jobs that have run."""
    access.sync_roles(site, ROLES)
    switch_on_demo(site, SITE.grants)
    workers.beat(
        site,
        "w-1",
        {"clock"},
        "0.1",
        (3, 900),
        started=True,
        facts={"host": "vm", "folder": "/d", "disk_free": 9, "disk_total": 99},
    )
    for entry in (ORDER, TIDY):
        clock.note_begun(site, entry, "w-1", None)
        clock.note_ended(site, entry, "" if entry is TIDY else "The orders were late.")
    return site


def asking(store: Store, name: str = "admin", scope: Scope = SYSTEM) -> Request:
    return Request(access.user_named(store, name), scope, store, time.time_ns() // 1000)


def at(store: Store, tab: str = "sources", sel: str = "", path: str = "/admin") -> dict[str, Any]:
    return place(store, f"?at=acme/dublin&tab={tab}&sel={sel}", path)


def part(store: Store) -> Scope:
    return scope_of([place(store, "?at=acme/dublin/packaging")["node"]])


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


# ------------------------------------------------------------------ tabs
def test_a_tab_is_drawn_once_and_one_without_right_says_which(plant: Store) -> None:
    links, drawn, key = tabs.show_tab(asking(plant), at(plant, "jobs"), None)
    assert key == "jobs"
    assert "Jobs of the clock" in words(drawn)
    assert tabs.show_tab(asking(plant), at(plant, "jobs", "x"), "jobs")[1] is no_update
    links, drawn, _ = tabs.show_tab(asking(plant, "operator"), at(plant, "connect"), None)
    assert "config.write" in words(drawn)
    assert [words(link) for link in links] == ["Connect a source"]
    assert tabs.show_tab(asking(plant), place(plant, "?at=acme/dublin", "/machine"), None) == (no_update,) * 3


def test_an_unknown_tab_is_the_first(plant: Store) -> None:
    assert tabs.show_tab(asking(plant), at(plant, "nonsense"), None)[2] == "sources"


# ------------------------------------------------------------------ sources
def test_sources_show_state_account_and_what_was_agreed(plant: Store) -> None:
    with plant.write() as connection:
        connection.execute(
            text(
                "insert into source_state (source_id, state, detail, last_sample_us, skew_us, facts)"
                " select id, 'connected', '', 5, -2000000, cast(:facts as jsonb) from source where name = 'line-server'"
            ),
            {
                "facts": '{"publishing_ms": 1000, "asked_publishing_ms": 500, "queue": [4, 4], "queue_too_small": true,'
                ' "items": 9, "spool_records": 7, "held": "the store refused them"}'
            },
        )
        connection.execute(
            text(
                "insert into ingest_count (site_id, source_id, received, stored, duplicates, superseded, dead_lettered)"
                " select site_id, id, 100, 90, 5, 1, 3 from source where name = 'line-server'"
            )
        )
    table, chosen, accounts, said = sources.show_sources(asking(plant), at(plant, "sources", "line-server"), None, None)
    assert "Connected, silent" in words(table)
    assert f"2{THIN}s ahead" in words(table)
    assert "asked for 500" in words(chosen)
    assert "too small" in words(chosen)
    assert "the store refused them" in words(chosen)
    assert "does not close" in words(accounts)
    assert "1 samples are unaccounted for" in said


def test_sources_of_another_site_do_not_exist(plant: Store) -> None:
    table, chosen, accounts, _ = sources.show_sources(
        asking(plant, scope=part(plant)), at(plant, "sources", "line-server"), None, None
    )
    shown = words([table, chosen, accounts])
    assert "line-server" not in shown
    assert "None is configured at the sites that you may see" in shown
    letters, gaps, *_ = sources.show_lost(asking(plant, scope=part(plant)), at(plant), "", None)
    assert "There is none that fits" in words(letters)
    assert "None was declared" in words(gaps)


def test_a_tab_asks_a_constant_number_of_queries(plant: Store) -> None:
    def ask(what: Any, *rest: Any) -> int:
        access.forget_answers()
        with counted(plant) as asked:
            what(asking(plant), *rest)
        return len(asked)

    before = [ask(sources.show_sources, at(plant), None, None), ask(jobs.show_jobs, at(plant, "jobs"), None, None, None)]
    for n in range(20):
        job.enqueue(plant, "rebuild", {"tags": [n]}, "ines")
        clock.note_begun(plant, Job(f"job.{n}", "A job", 5.0, lambda _store: None), "w-1", None)
    after = [ask(sources.show_sources, at(plant), None, None), ask(jobs.show_jobs, at(plant, "jobs"), None, None, None)]
    assert before == after
    assert max(after) <= 10


# ------------------------------------------------------------------ jobs
def test_jobs_and_runs_are_told_and_only_who_may_gets_buttons(plant: Store) -> None:
    job.enqueue(plant, "generate", {"days": 1}, "ines")
    turns, runs, said = jobs.show_jobs(asking(plant), at(plant, "jobs"), None, None, None)
    assert "Run now" in words(turns)
    assert "The orders were late." in words(turns)
    assert "Fill in history" in words(runs)
    assert "Cancel" in words(runs)
    assert "failed last time: Derive batches" in said
    turns, runs, _ = jobs.show_jobs(asking(plant, "auditor"), at(plant, "jobs"), None, None, None)
    assert "Run now" not in words(turns)
    assert "Cancel" not in words(runs)


def test_a_job_that_writes_records_is_started_with_a_reason_on_record(plant: Store) -> None:
    with pytest.raises(Invalid, match="Say why"):
        jobs.run_job(asking(plant), "order.derive", "  ")
    assert "is asked for" in jobs.run_job(asking(plant), "order.derive", "the orders were late")
    [run] = job.runs(SYSTEM, plant, [jobs.jobs.TURN])
    assert (run.arguments, run.started_by, run.state) == ({"job": "order.derive"}, "admin", JobState.WAITING)
    [entry] = audit.entries_of(plant, "job_request", "1")
    assert (entry.actor, entry.reason) == ("admin", "the orders were late")
    with pytest.raises(Conflict, match="already"):
        jobs.run_job(asking(plant), "order.derive", "again")
    jobs.cancel_run(asking(plant), str(run.id), "not now")
    assert job.run_of(plant, run.id).state is JobState.CANCELLED
    assert [e.reason for e in audit.entries_of(plant, "job_request", "2")] == ["not now"]


def test_a_job_that_writes_none_needs_no_reason(plant: Store) -> None:
    jobs.run_job(asking(plant), "job.tidy", "")
    assert audit.entries_of(plant, "job_request", "1") == []
    with pytest.raises(NotFound):
        jobs.run_job(asking(plant), "no.job", "x")


def test_a_turn_that_runs_cannot_be_broken_off(plant: Store) -> None:
    jobs.run_job(asking(plant), "job.tidy", "")
    run = job.take(plant, [jobs.jobs.TURN], "w-1")
    assert run is not None
    with pytest.raises(Conflict, match="goes on to its end"):
        jobs.cancel_run(asking(plant), str(run.id), "x")
    for nonsense in ("", "-1", "x" * 50, "9" * 16):
        with pytest.raises(NotFound):
            jobs.cancel_run(asking(plant), nonsense, "x")


def test_every_action_names_a_permission_and_refuses_what_no_page_made() -> None:
    from engine.access import PERMISSIONS

    assert {record.permission for record, _ in act.ACTIONS.values()} <= {p.key for p in PERMISSIONS}
    for name, on in (("no.such", "1"), (None, "1"), (["job.run"], "1")):
        with pytest.raises(NotFound):
            act.known(name, on)
    for on in (5, None, "x" * 300, "a\x00b"):
        with pytest.raises(Invalid):
            act.known("job.run", on)


# ------------------------------------------------------------------ users
def test_effective_rights_say_where_and_why(plant: Store) -> None:
    _, person, rights, roles, _ = users.show_users(asking(plant), at(plant, "users", "operator"), None)
    assert "Line 1 Blister" in words(rights)
    assert "as operator" in words(rights)
    assert "Add a grant" in words(person)
    assert "Manage access" in words(roles)
    _, person, *_ = users.show_users(asking(plant, "auditor"), at(plant, "users", "operator"), None)
    assert "Add a grant" not in words(person)
    assert "Remove" not in words(person)


def test_your_own_account_is_not_yours_to_switch_off(plant: Store) -> None:
    admin = access.user_named(plant, "admin").id
    with pytest.raises(Conflict, match="your own"):
        users.deactivate(asking(plant), str(admin), "tired")
    _, person, *_ = users.show_users(asking(plant), at(plant, "users", "admin"), None)
    assert "Switch off" not in words(person)


def test_the_last_administrator_stays(plant: Store) -> None:
    other = people.people(SYSTEM, plant)
    admin = next(p for p in other if p.name == "admin")
    with pytest.raises(Conflict, match="Nobody would be left"):
        users.take_away(asking(plant), str(admin.grants[0].id), "cleaning up")


def test_a_user_is_added_by_a_form_and_its_password_is_shown_once(plant: Store) -> None:
    said, *_, done = users.add_person(asking(plant), 1, " ines ", "Ines Brandt", "new in quality")
    assert "ines" in words(said)
    assert done["keep"]
    for name, reason in (("two words", "x"), ("", "x"), ("<b>", "x"), ("olaf", "")):
        with pytest.raises(Invalid):
            users.add_person(asking(plant), 1, name, "Somebody", reason)
    with pytest.raises(Conflict):
        users.add_person(asking(plant), 1, "ines", "Another", "again")
    assert users.add_person(asking(plant), 0, "x", "x", "x") == (no_update,) * 5


def test_a_grant_is_checked_against_the_managers_scope(plant: Store) -> None:
    packaging, home = "acme/dublin/packaging", at(plant, "users", "planner")
    scope = part(plant)
    users.add_grant(asking(plant, scope=scope), 1, "operator", f" {packaging} ", "helps out", home)
    assert "operator" in {g.role for p in people.people(SYSTEM, plant) if p.name == "planner" for g in p.grants}
    with pytest.raises(NotFound):
        users.add_grant(asking(plant, scope=scope), 1, "admin", "acme/dublin", "too far", home)
    for role, path in (("king", packaging), ("operator", 5), ("operator", "acme/atlantis"), (None, packaging)):
        with pytest.raises((Invalid, NotFound)):
            users.add_grant(asking(plant), 1, role, path, "nonsense", home)


# ------------------------------------------------------------------ configuration
def upload(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return "data:text/plain;base64," + base64.b64encode(raw).decode()


def exported(store: Store) -> str:
    from engine.config import emit

    return emit(kept.read_config(store))


def test_a_file_is_compared_and_written_once_with_its_reason(plant: Store) -> None:
    changed = exported(plant).replace('name = "Solid dose"', 'name = "Solid dose forms"', 1)
    sent = config.take_file(asking(plant), upload(changed), "new.toml")
    shown, hidden, seen = config.show_differences(asking(plant), sent, at(plant, "config"))
    assert "Solid dose forms" in words(shown)
    assert hidden is False
    with pytest.raises(Invalid, match="Say why"):
        config.apply(asking(plant), 1, sent, seen, "")
    written = config.apply(asking(plant), 1, sent, seen, "the name that people use")
    assert "1 changes" in words(written[0])
    newest = audit.entries(SYSTEM, plant, audit_filter(table="location"))[0]
    assert (newest.actor, newest.reason) == ("admin", "the name that people use (new.toml)")
    with pytest.raises(Conflict, match="meanwhile"):
        config.apply(asking(plant), 1, sent, seen, "once more")


def audit_filter(**asked: Any) -> Any:
    from engine.audit import AuditFilter

    return AuditFilter(**asked)


def test_a_configuration_that_changed_meanwhile_is_not_overwritten(plant: Store) -> None:
    mine = exported(plant).replace('name = "Solid dose"', 'name = "Mine"', 1)
    _, _, seen = config.show_differences(asking(plant), {"text": mine, "name": "mine.toml"}, at(plant, "config"))
    with plant.change("olga", "she was faster") as change:
        change.connection.execute(text("update location set name = 'Hers' where name = 'Packaging'"))
    with pytest.raises(Conflict, match="meanwhile"):
        config.apply(asking(plant), 1, {"text": mine, "name": "mine.toml"}, seen, "why not")
    assert 'name = "Hers"' in exported(plant)


def test_every_mistake_is_told_with_its_line(plant: Store) -> None:
    broken = exported(plant).replace('kind = "enterprise"', 'kind = "castle"', 1)
    shown, hidden, seen = config.show_differences(asking(plant), {"text": broken, "name": "broken.toml"}, at(plant, "config"))
    assert "is refused as a whole" in words(shown)
    assert "castle" in words(shown)
    assert hidden is True
    assert seen is no_update


@pytest.mark.parametrize("contents", ["nonsense", upload(b"\xff\xfe\x00"), 5, "data:;base64,%%%"])
def test_what_is_no_text_is_refused(plant: Store, contents: Any) -> None:
    with pytest.raises(Invalid):
        config.take_file(asking(plant), contents, "x")


def test_a_part_of_the_plant_is_not_enough_for_its_configuration(plant: Store) -> None:
    mine = {"text": exported(plant), "name": "x"}
    for attempt in (
        lambda who: config.show_differences(who, mine, at(plant, "config")),
        lambda who: config.apply(who, 1, mine, "seen", "why"),
        lambda who: config.export(who, 1, at(plant, "config")),
        lambda who: connect.try_source(who, {"kind": "opcua", "url": "opc.tcp://h:1/x"}),
    ):
        with pytest.raises(Forbidden, match="every site"):
            attempt(asking(plant, scope=part(plant)))


def test_a_file_cannot_lock_out_the_last_administrator(plant: Store) -> None:
    """Accounts of the file only: whoever brings it in would be the last one to do so."""
    with plant.change("test", "a real site has no demo accounts") as change:
        change.connection.execute(text("update user_account set demo = false"))
    only = exported(plant).split("[[user]]", 1)[0] + '[[user]]\nname = "operator"\nfull_name = "Otto"\n'
    sent = {"text": only, "name": "x.toml"}
    _, _, seen = config.show_differences(asking(plant), sent, at(plant, "config"))
    with pytest.raises(Conflict, match="Nobody would be left"):
        config.apply(asking(plant), 1, sent, seen, "fewer people")
    assert access.user_named(plant, "admin").active


def test_an_export_is_on_record(plant: Store) -> None:
    sent = config.export(asking(plant, "auditor"), 1, at(plant, "config"))
    assert sent["content"] == exported(plant)
    newest = audit.entries(SYSTEM, plant, audit_filter(table="data_export"))[0]
    assert newest.actor == "auditor"


# ------------------------------------------------------------------ connecting
FORM = {"kind": "opcua", "url": "opc.tcp://127.0.0.1:4999/new", "security": "None", "site": "acme/dublin", "name": "new-line"}


def tried(store: Store, *found: Found) -> dict[str, Any]:
    """A trial that ended with these values, as the page keeps it."""
    sent, _ = connect.try_source(asking(store), FORM)
    run = job.take(store, ["browse"], "w-1")
    assert run is not None
    looked = Looked(list(found), [{"address": "i=2253", "path": ["Server"]}], 1)
    job.progress(store, run, 1.0, "", looked.plain())
    job.finish(store, run, "done")
    return dict(sent)


def test_a_trial_is_a_run_and_its_values_become_configuration(plant: Store) -> None:
    force = Found("nsu=urn:new;s=force", ("Press2", "MainForce"), "Main force", ValueKind.FLOAT, "kN", "14.2", 5)
    lost = Found("nsu=urn:new;s=list", ("Press2", "Curve"), shown="list of 9")
    sent = tried(plant, force, lost)
    state, unopened, shown = connect.show_run(asking(plant), sent, None, None, None)
    assert words(state) == "done"
    assert "1 folders not opened" in words(unopened)
    rows, columns, chosen, _, said, hidden = connect.show_offer(asking(plant), shown, sent)
    assert [row["at"] for row in rows] == ["acme/dublin/solid-dose/press-2"] * 2
    assert chosen == {"ids": ["0"]}
    assert "2 values" in said
    assert hidden is False
    assert "acme/dublin/packaging" in columns[4]["cellEditorParams"]["values"]
    corrected = [rows[0] | {"name": "press-2.new_force", "unit": "N", "interval_s": "2.5"}, rows[1]]
    text_of_it = connect.propose_configuration(asking(plant), 1, [{"id": "0"}], corrected, sent)
    shown, hidden, seen = config.show_differences(asking(plant), text_of_it, at(plant, "config"))
    assert "press-2.new_force" in words(shown)
    assert "new-line" in words(shown)
    config.apply(asking(plant), 1, text_of_it, seen, "a new server")
    [made] = [tag for tag in kept.read_config(plant).tags if tag.name == "press-2.new_force"]
    assert (made.unit, made.interval_s, made.binding.address) == ("N", 2.5, "nsu=urn:new;s=force")  # type: ignore[union-attr]


def test_a_trial_belongs_to_who_asked_for_it(plant: Store) -> None:
    sent = tried(plant, Found("a", ("b",)))
    other = Request(User(99, "mallory", "M", True, False), SYSTEM, plant, 0)
    with pytest.raises(NotFound):
        connect.show_run(other, sent, None, None, None)
    other_run = job.enqueue(plant, "generate", {}, "admin")
    for wrong in ({"runs": [other_run], "form": {}}, {"runs": [10**9], "form": {}}):
        with pytest.raises(NotFound):
            connect.show_run(asking(plant), wrong, None, None, None)
    for nonsense in ({"runs": "all"}, {"runs": [None]}, {"runs": [-1]}):
        with pytest.raises(Invalid):
            connect.show_run(asking(plant), nonsense, None, None, None)


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "folder"},
        {"kind": "opcua", "url": "http://h/x"},
        {"kind": "opcua", "url": ""},
        {"kind": "mqtt", "host": ""},
        {"kind": "mqtt", "host": "h", "port": 0},
        {"kind": "opcua", "url": "opc.tcp://h:1/x", "password_env": "X"},
        {"kind": "opcua", "url": "opc.tcp://h:1/x", "security": "Rot13"},
    ],
)
def test_a_wrong_form_asks_nobody(plant: Store, form: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        connect.try_source(asking(plant), form)
    assert job.runs(SYSTEM, plant, ["browse", "listen"]) == []


def test_three_trials_at_once_are_enough(plant: Store) -> None:
    for _ in range(connect.MOST_UNDER_WAY):
        connect.try_source(asking(plant), FORM)
    with pytest.raises(Conflict, match="under way"):
        connect.try_source(asking(plant), FORM)


def test_no_secret_can_be_typed_into_a_source(plant: Store) -> None:
    sent, _ = connect.try_source(asking(plant), FORM | {"user": "collector", "password_env": "LINE_1", "password": "hunter2"})
    assert "hunter2" not in str(sent)
    assert "hunter2" not in str(job.runs(SYSTEM, plant, ["browse"])[0].arguments)


# ------------------------------------------------------------------ audit
def audit_at(store: Store, query: str = "") -> dict[str, Any]:
    return place(store, f"?at=acme/dublin&{query}", "/audit")


def test_the_trail_is_filtered_by_the_address_and_shows_one_entry(plant: Store) -> None:
    with plant.change("ines", "a better name") as change:
        change.connection.execute(text("update product set name = 'Plorexan forte' where code = 'PX50'"))
    listed, _, chosen, said = audit_page.show_entries(asking(plant, "auditor"), audit_at(plant, "f.user=ines"), None)
    assert "a better name" in words(listed)
    assert "1 entries" in said
    assert "Choose an entry" in words(chosen)
    number = audit.head(plant)[0]
    _, _, chosen, _ = audit_page.show_entries(asking(plant, "auditor"), audit_at(plant, f"f.user=ines&sel={number}"), None)
    assert "Plorexan forte" in words(chosen)
    listed, *_ = audit_page.show_entries(asking(plant, "auditor"), audit_at(plant, "f.user=nobody"), None)
    assert "Nothing fits" in words(listed)


def test_an_entry_beyond_the_readers_places_is_not_there(plant: Store) -> None:
    with plant.change("ines", "a better name") as change:
        change.connection.execute(text("update product set name = 'SECRET' where code = 'PX50'"))
    number = audit.head(plant)[0]
    scope = part(plant)
    with pytest.raises(NotFound):
        audit_page.show_entries(asking(plant, "auditor", scope), audit_at(plant, f"sel={number}"), None)
    listed, *_ = audit_page.show_entries(asking(plant, "auditor", scope), audit_at(plant), None)
    assert "SECRET" not in words(listed)
    sheet = SOURCES[ids.AUDIT_LIST].load(asking(plant, "auditor", scope), context_of(audit_at(plant)))  # type: ignore[arg-type]
    assert "SECRET" not in str(sheet.rows)


def test_the_check_is_told_and_asked_for_once(plant: Store) -> None:
    assert "not been checked yet" in words(audit_page.show_check(asking(plant, "auditor"), audit_at(plant), None))
    audit.check(plant)
    assert "Verified to entry" in words(audit_page.show_check(asking(plant, "auditor"), audit_at(plant), None))
    audit_page.check_now(asking(plant, "auditor"), 1)
    with pytest.raises(Conflict):
        audit_page.check_now(asking(plant, "auditor"), 1)
    assert [run.kind for run in job.runs(SYSTEM, plant, ["audit"])] == ["audit"]


def test_every_panel_with_rows_gives_them(plant: Store) -> None:
    job.enqueue(plant, "generate", {"days": 1}, "ines")
    mine = [name for name in SOURCES if name.startswith(("admin-", "audit-"))]
    assert len(mine) >= 12
    for name in mine:
        sheet = SOURCES[name].load(asking(plant), context_of(at(plant, "users", "operator")))  # type: ignore[arg-type]
        assert all(len(row) == len(sheet.columns) for row in sheet.rows), name
