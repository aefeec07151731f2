"""Managing access: within the scope only, on record, and never so that nobody is left who can."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db import access, audit, people
from db.password import hash_password, one_time_password, verify
from db.store import Store
from engine.access import ROLES, SYSTEM, Grant, Scope, User, scope_of
from engine.errors import Conflict, Forbidden, Invalid, NotFound

PLACES = (
    ("acme", "", "enterprise"),
    ("acme/cork", "acme", "site"),
    ("acme/cork/a", "acme/cork", "area"),
    ("acme/cork/b", "acme/cork", "area"),
)


@pytest.fixture
def node(store: Store) -> dict[str, int]:
    """acme > cork (site) > a, b; ada is administrator at the site, otto operator in a. Node ids by path."""
    made: dict[str, int] = {}
    access.sync_roles(store, ROLES)
    with store.change("test", "small plant") as change:
        for path, above, kind in PLACES:
            insert = (
                "insert into location (site_id, parent_id, slug, path, name, kind)"
                " values (1, :above, :slug, :path, :slug, :kind) returning id"
            )
            values = {"above": made.get(above), "slug": path.rpartition("/")[2], "path": path, "kind": kind}
            made[path] = change.connection.execute(text(insert), values).scalar_one()
        for name, role, path in (("ada", "admin", "acme/cork"), ("otto", "operator", "acme/cork/a")):
            access.grant(change, Grant(access.add_user(change, name, name.title()), role, made[path]))
    for name in ("ada", "otto"):
        access.set_password(store, access.user_named(store, name).id, hash_password("correct horse battery"))
    return made


def user(store: Store, name: str) -> User:
    return access.user_named(store, name)


def of(store: Store, name: str, scope: Scope = SYSTEM) -> people.Person:
    return next(person for person in people.people(scope, store) if person.name == name)


def grant_id(store: Store, name: str) -> int:
    return of(store, name).grants[0].id


def test_whoever_sees_a_part_sees_the_accounts_of_that_part(store: Store, node: dict[str, int]) -> None:
    assert [p.name for p in people.people(SYSTEM, store)] == ["ada", "otto"]
    assert [p.name for p in people.people(scope_of([node["acme/cork/a"]]), store)] == ["otto"]
    assert people.people(scope_of([node["acme/cork/b"]]), store) == []


def test_a_scope_is_whole_when_it_covers_every_site(store: Store, node: dict[str, int]) -> None:
    assert people.whole(scope_of([node["acme/cork"], node["acme/cork/a"]]), store)
    assert not people.whole(scope_of([node["acme/cork/a"], node["acme/cork/b"]]), store)
    assert people.whole(SYSTEM, store)


def test_an_account_is_added_with_a_password_for_one_sign_in(store: Store, node: dict[str, int]) -> None:
    password = one_time_password()
    with people.managing(store, user(store, "ada"), "new in quality") as change:
        number = people.add(change, SYSTEM, "ines", "Ines Brandt")
        people.set_one_time(change, SYSTEM, number, hash_password(password))
    kept = access.credential_of(store, "ines")
    assert kept is not None
    assert verify(kept.password_hash, password)
    assert kept.one_time_until is not None
    assert kept.one_time_until > datetime.now(UTC)
    assert "ines" in [p.name for p in people.people(SYSTEM, store)]
    [entry] = audit.entries_of(store, "user_account", str(number))
    assert (entry.actor, entry.reason) == ("ada", "new in quality")
    assert password not in str(entry)
    access.set_password(store, number, hash_password("her own password"))
    renewed = access.credential_of(store, "ines")
    assert renewed is not None
    assert renewed.one_time_until is None


def test_a_name_is_never_used_again(store: Store, node: dict[str, int]) -> None:
    with people.managing(store, user(store, "ada"), "left us") as change:
        people.deactivate(change, SYSTEM, user(store, "otto").id)
    with pytest.raises(Conflict, match="never used again"), people.managing(store, user(store, "ada"), "again") as change:
        people.add(change, SYSTEM, "otto", "Another Otto")
    with pytest.raises(Invalid), people.managing(store, user(store, "ada"), "nameless") as change:
        people.add(change, SYSTEM, "nemo", "  ")


def test_a_grant_is_given_and_taken_within_the_scope_only(store: Store, node: dict[str, int]) -> None:
    part, otto = scope_of([node["acme/cork/a"]]), user(store, "otto").id
    with people.managing(store, user(store, "ada"), "helps out") as change:
        people.give(change, part, otto, "maintenance", node["acme/cork/a"])
    assert {g.role for g in of(store, "otto").grants} == {"operator", "maintenance"}
    with pytest.raises(Forbidden), people.managing(store, user(store, "ada"), "too far") as change:
        people.give(change, part, otto, "admin", node["acme/cork"])
    with pytest.raises(Forbidden), people.managing(store, user(store, "ada"), "too far") as change:
        people.take_away(change, part, grant_id(store, "ada"))
    with pytest.raises(Conflict), people.managing(store, user(store, "ada"), "twice") as change:
        people.give(change, part, otto, "maintenance", node["acme/cork/a"])
    for wrong in ({"role": "king"}, {"user_id": 999}, {"node_id": 999}):
        asked = {"user_id": otto, "role": "planner", "node_id": node["acme/cork/a"]} | wrong
        with pytest.raises(NotFound), people.managing(store, user(store, "ada"), "nothing there") as change:
            people.give(change, SYSTEM, **asked)  # type: ignore[arg-type]
    with people.managing(store, user(store, "ada"), "no more") as change:
        people.take_away(change, part, next(g.id for g in of(store, "otto").grants if g.role == "maintenance"))
    assert [g.role for g in of(store, "otto").grants] == ["operator"]


def test_an_account_that_reaches_further_than_the_manager_is_left_alone(store: Store, node: dict[str, int]) -> None:
    part = scope_of([node["acme/cork/a"]])
    for act in (people.deactivate, lambda change, scope, number: people.set_one_time(change, scope, number, "x")):
        with pytest.raises(Forbidden), people.managing(store, user(store, "ada"), "mischief") as change:
            act(change, part, user(store, "ada").id)
    with pytest.raises(Forbidden):
        people.unlock(store, part, user(store, "ada").id, user(store, "otto"), "mischief")
    with people.managing(store, user(store, "ada"), "left us") as change:
        people.deactivate(change, part, user(store, "otto").id)


@pytest.mark.parametrize("way", ["deactivate", "take_away"])
def test_the_last_administrator_cannot_be_locked_out(store: Store, node: dict[str, int], way: str) -> None:
    ada = user(store, "ada")

    def lock_out() -> None:
        with people.managing(store, ada, "carelessness") as change:
            if way == "deactivate":
                people.deactivate(change, SYSTEM, ada.id)
            else:
                people.take_away(change, SYSTEM, grant_id(store, "ada"))

    with pytest.raises(Conflict, match="Nobody would be left"):
        lock_out()
    assert of(store, "ada").active
    assert of(store, "ada").has_password
    with people.managing(store, ada, "a second one") as change:
        people.give(change, SYSTEM, user(store, "otto").id, "admin", node["acme"])
    lock_out()
    assert access.credential_of(store, "ada") is None or way == "take_away"


def test_a_manager_without_password_or_of_a_part_does_not_count(store: Store, node: dict[str, int]) -> None:
    with store.read() as connection:
        assert people.managers(connection) == {user(store, "ada").id}
    with people.managing(store, user(store, "ada"), "a part, and one without password") as change:
        people.give(change, SYSTEM, user(store, "otto").id, "admin", node["acme/cork/a"])
        people.give(change, SYSTEM, people.add(change, SYSTEM, "nobody", "No Password"), "admin", node["acme/cork"])
    with store.read() as connection:
        assert people.managers(connection) == {user(store, "ada").id}


def test_switching_off_ends_sessions_and_on_again_needs_a_new_password(store: Store, node: dict[str, int]) -> None:
    otto = user(store, "otto")
    token = access.start_session(store, otto)
    assert access.user_of_session(store, token, 60) is not None
    with people.managing(store, user(store, "ada"), "left us") as change:
        people.deactivate(change, SYSTEM, otto.id)
    assert access.user_of_session(store, token, 60) is None
    assert not of(store, "otto").has_password
    with pytest.raises(Conflict, match="switched off"), people.managing(store, user(store, "ada"), "why") as change:
        people.set_one_time(change, SYSTEM, otto.id, hash_password(one_time_password()))
    with people.managing(store, user(store, "ada"), "is back") as change:
        people.activate(change, SYSTEM, otto.id)
        people.set_one_time(change, SYSTEM, otto.id, hash_password(one_time_password()))
    assert of(store, "otto").active
    with pytest.raises(Conflict), people.managing(store, user(store, "ada"), "again") as change:
        people.activate(change, SYSTEM, otto.id)


def test_unlocking_forgets_failures_and_is_in_the_security_log(store: Store, node: dict[str, int]) -> None:
    otto = user(store, "otto")
    for _ in range(6):
        access.note_failure(store, otto, 5, 900)
    assert of(store, "otto").locked_until is not None
    people.unlock(store, SYSTEM, otto.id, user(store, "ada"), "forgot it")
    assert (of(store, "otto").locked_until, of(store, "otto").failures) == (None, 0)
    with store.read() as connection:
        said = connection.execute(text("select user_name, detail from security_event where kind = 'unlocked'")).one()
    assert said == ("otto", "by ada: forgot it")


def test_one_time_passwords_differ_and_are_long() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) == 23 for password in made)
