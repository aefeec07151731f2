"""Wall displays over HTTP: the link, what a device may and may not, what is asked of the database, revoking, previews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text

import app as starting
from commands.access import switch_on_demo
from commands.demo import demo_config
from connectors.http import board, display, guard
from connectors.http import wall as routes
from db import access, audit, location, wall
from db import config as kept
from db.store import Store
from engine.access import ROLES, SYSTEM, scope_of
from engine.errors import Conflict, Forbidden, NotFound, Unavailable
from engine.twin.site import SITE
from engine.wall.device import Playlist, Setting
from settings import Settings
from tests.conftest import new_database

HOME = "acme/dublin"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def store(cluster: str, template: str) -> Iterator[Store]:
    """The demo site."""
    opened = Store(new_database(cluster, template))
    access.sync_roles(opened, ROLES)
    with opened.change("test", "demo site") as change:
        kept.apply(change, kept.read_config(opened), demo_config(Settings()))
    switch_on_demo(opened, SITE.grants)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    settings = Settings(demo=True, data=tmp_path_factory.mktemp("data"))
    made = starting.create_app(settings, store.url).server
    yield made
    made.extensions["plantglass"].store.close()


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins as a fresh process."""
    display._sessions.clear()
    monkeypatch.setattr(routes, "_boards", board.Boards())
    access.forget_answers()


_numbers = iter(range(1, 1000))


def issue(store: Store, path: str = HOME, **more: Any) -> tuple[int, str]:
    values = {"name": f"Hall {next(_numbers)}", "node_id": location.node_at(SYSTEM, store, path).id}
    setting = Setting(**{"screen_inches": 75, "distance_m": 5} | values | more)  # type: ignore[arg-type]
    with store.change("ada", "a new screen") as change:
        return wall.issue(change, SYSTEM, setting, "ada")


def shown(server: Any, token: str) -> FlaskClient:
    """A browser that has opened the link."""
    client: FlaskClient = server.test_client()
    answer = client.get(f"/wall/{token}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall/display")
    display._sessions.clear()
    return client


# ------------------------------------------------------------------ the link
def test_the_link_leaves_a_cookie_that_scripts_cannot_read_and_only_the_wall_gets(server: Any, store: Store) -> None:
    _, token = issue(store)
    answer = server.test_client().get(f"/wall/{token}")
    cookie = answer.headers["Set-Cookie"]
    for part in (f"{display.COOKIE}=", "HttpOnly", "SameSite=Lax", "Path=/wall"):
        assert part in cookie
    assert token not in cookie


def test_a_stranger_and_a_person_open_no_display(server: Any, store: Store) -> None:
    stranger = server.test_client()
    person = server.test_client()
    person.set_cookie(guard.COOKIE, access.start_session(store, access.user_named(store, "admin")))
    for client in (stranger, person):
        for path in ("/wall/display", "/wall/data", "/wall/" + "x" * 43, "/wall/a/b"):
            assert client.get(path).status_code == 401, path
    assert "no valid link" in stranger.get("/wall/display", headers=HTML).get_data(as_text=True)


def test_a_device_opens_nothing_but_its_display(server: Any, store: Store) -> None:
    client = shown(server, issue(store)[1])
    session = client.get_cookie(display.COOKIE, path="/wall")
    assert session is not None
    client.set_cookie(display.COOKIE, session.value)  # as if the browser sent it everywhere
    client.set_cookie(guard.COOKIE, session.value)  # and as if it were a person's
    for path in ("/live", "/", "/start", "/_dash-layout", "/_dash-dependencies", "/wall-preview?device=1"):
        assert client.get(path).status_code in (302, 401), path
    assert client.get("/wall/data").status_code == 200


def test_a_display_shows_only_what_is_below_its_place(server: Any, store: Store) -> None:
    client = shown(server, issue(store, f"{HOME}/packaging")[1])
    names = [client.get("/wall/data").get_json()["slots"][f"t{n}.name"]["text"] for n in range(2)]
    assert names == ["Line 1 Blister", "Line 2 Blister"]
    said = client.get("/wall/data").get_data(as_text=True)
    assert "Press" not in said
    assert "Line 1 Vials" not in said


def test_the_page_holds_what_its_first_answer_would_say(server: Any, store: Store) -> None:
    client = shown(server, issue(store)[1])
    page = client.get("/wall/display", headers=HTML).get_data(as_text=True)
    said = client.get("/wall/data").get_json()
    assert "Line 1 Vials" in page
    slots = [name for name in said["slots"] if not name.startswith(("t4", "t5", "t6", "t7"))]
    assert [name for name in slots if f'data-w="{name}"' not in page] == []
    assert f'data-day="{said["day"]}"' in page
    assert f'data-version="{said["version"]}"' in page


def test_names_are_text_and_never_markup(server: Any, store: Store) -> None:
    client = shown(server, issue(store, name="<img src=x onerror=alert(1)>")[1])
    page = client.get("/wall/display", headers=HTML).get_data(as_text=True)
    assert "<img" not in page
    assert "&lt;img" in page


# ------------------------------------------------------------------ revoking
def test_a_revoked_display_is_refused_and_its_link_too(server: Any, store: Store) -> None:
    number, token = issue(store)
    client = shown(server, token)
    assert client.get("/wall/data").status_code == 200
    with store.change("ada", "lost") as change:
        wall.revoke(change, SYSTEM, number, "ada")
    display._sessions.clear()  # what a second does
    assert client.get("/wall/data").status_code == 401
    assert server.test_client().get(f"/wall/{token}").status_code == 401
    assert [(e.action, e.actor, e.reason) for e in audit.entries_of(store, "device", str(number))] == [
        ("insert", "ada", "a new screen"), ("update", "ada", "lost"),
    ]  # fmt: skip
    with pytest.raises(Conflict), store.change("ada", "again") as change:
        wall.revoke(change, SYSTEM, number, "ada")


def test_a_new_link_ends_the_old_one_and_loads_the_page_anew(server: Any, store: Store) -> None:
    number, token = issue(store)
    client = shown(server, token)
    before = client.get("/wall/data").get_json()["device"]
    with store.change("ada", "link was shown to others") as change:
        renewed = wall.renew(change, SYSTEM, number)
    display._sessions.clear()
    assert client.get("/wall/data").status_code == 401
    assert server.test_client().get(f"/wall/{token}").status_code == 401
    assert shown(server, renewed).get("/wall/data").get_json()["device"] == before + 1


def test_only_a_digest_of_the_link_is_kept_and_none_of_it_in_the_audit_trail(store: Store) -> None:
    number, token = issue(store)
    with store.read() as connection:
        stored = connection.execute(text("select token_hash from device_link where device_id = :n"), {"n": number}).scalar_one()
    assert token not in stored
    entries = audit.entries_of(store, "device", str(number))
    assert token not in repr(entries)
    assert stored not in repr(entries)


def test_displays_of_other_places_do_not_exist(store: Store) -> None:
    number, _ = issue(store)
    other = scope_of([location.node_at(SYSTEM, store, f"{HOME}/packaging").id])
    assert all(d.id != number for d in wall.devices(other, store))
    with pytest.raises(NotFound):
        wall.device(other, store, number)
    with pytest.raises(NotFound), store.change("eve", "x") as change:
        wall.revoke(change, other, number, "eve")
    with pytest.raises(Forbidden), store.change("eve", "x") as change:
        wall.issue(change, other, Setting("x", location.node_at(SYSTEM, store, HOME).id, 75, 5), "eve")


def test_when_a_display_last_asked_is_known(server: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_seen", routes._Seen())
    number, token = issue(store)
    assert wall.device(SYSTEM, store, number).seen_at is None
    shown(server, token).get("/wall/data")
    found = wall.device(SYSTEM, store, number)
    assert found.seen_at is not None
    assert found.seen_version == starting.product_version()


# ------------------------------------------------------------------ cost
def statements(store: Store, run: Any) -> list[str]:
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return found


def test_fifty_displays_ask_the_database_no_more_than_one(server: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One query a view and second: every view is loaded once, however many displays ask within it."""
    clients = [shown(server, issue(store)[1]) for _ in range(50)]
    clients[0].get("/wall/data")
    asked: list[str] = []
    for module, name in (
        (wall, "sessions"),
        (wall, "on_machines"),
        (wall, "readings"),
        (board.state, "current"),
        (board.alarm, "standing"),
    ):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, _real=real, _name=name, **k: (asked.append(_name), _real(*a, **k))[1])
    display._sessions.clear()
    for kept_board in routes._boards._fast.values():
        kept_board.at = float("-inf")  # a second has passed
        kept_board.every_s = 600.0  # and no other passes, however slow this machine is
    monkeypatch.setattr(display, "BELIEVED_S", 600.0)
    for client in clients:
        assert client.get("/wall/data").status_code == 200
    assert sorted(asked) == ["current", "on_machines", "readings", "sessions", "standing"]


def test_the_queries_of_a_second_do_not_grow_with_machines(server: Any, store: Store) -> None:
    def queries(path: str) -> int:
        boards = board.Boards()
        node = location.node_at(SYSTEM, store, path).id
        boards.of(store, node)
        boards._fast[(store.url, node)].at = float("-inf")
        return len([s for s in statements(store, lambda: boards.of(store, node)) if not s.startswith("set transaction")])

    assert queries(HOME) == queries(f"{HOME}/solid-dose/press-1") <= 4


def test_a_database_that_is_away_is_no_answer_and_no_error_page(
    server: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shown(server, issue(store)[1])
    client.get("/wall/data")

    def away(*_a: Any) -> Any:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(wall, "sessions", away)
    display._sessions.clear()
    assert client.get("/wall/data").status_code == 503


# ------------------------------------------------------------------ slides
def test_slides_take_turns_for_all_displays_together(server: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    playlist = Playlist(20, ("overview", f"{HOME}/packaging", f"{HOME}/nowhere"))
    client = shown(server, issue(store, playlist=playlist)[1])
    client.get("/wall/data")
    places = []
    for seconds in (0, 20, 40):  # a slide of a place that is gone is left out
        monkeypatch.setattr(routes, "_now_us", lambda s=seconds: (1_795_000_000 // 40 * 40 + s) * 1_000_000)
        places.append(client.get("/wall/data").get_json()["slots"]["say"]["text"])  # no plan is known
    assert places == ["Dublin", "Packaging", "Dublin"]


# ------------------------------------------------------------------ nothing there
def test_silence_of_the_sources_is_not_calm(server: Any, store: Store) -> None:
    slots = shown(server, issue(store)[1]).get("/wall/data").get_json()["slots"]
    assert slots["n0.text"]["text"] == "Not known: no line or machine sends data."
    assert (slots["say"]["text"], "Dublin" in slots["place"]["text"]) == ("Dublin", False)


def test_a_place_without_machines_says_so(server: Any, store: Store) -> None:
    client = shown(server, issue(store, f"{HOME}/warehouse")[1])
    slots = client.get("/wall/data").get_json()["slots"]
    assert slots["t0"]["class"] == "wt is-none"
    assert slots["none"] == {"class": "w-none", "text": "No line or machine is configured below Warehouse."}
    assert slots["n0.text"]["text"] == "Nothing needs attention."


# ------------------------------------------------------------------ preview
def test_a_preview_needs_the_right_and_is_no_display(server: Any, store: Store) -> None:
    number, _ = issue(store)
    for role, status in (("admin", 200), ("manager", 403)):
        client = server.test_client()
        client.set_cookie(guard.COOKIE, access.start_session(store, access.user_named(store, role)))
        answer = client.get(f"/wall-preview?device={number}")
        assert answer.status_code == status
        if status == 200:
            assert "wall.js" not in answer.get_data(as_text=True)
            assert client.get("/wall-preview?device=x").status_code == 404
            assert client.get("/wall-preview?device=99999").status_code == 404
