"""Sign in, default deny, live revisions and health, on a plain server with the real guard and database."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from connectors.http import guard, health, live, login
from db import access, job
from db.password import hash_password
from db.store import Store
from engine.access import ROLES, Grant

PASSWORD = "correct horse battery"


def plain_page(*, error: str | None, csrf: str, next_url: str, **_rest: object) -> str:
    return f"<form><input name=csrf value={csrf}><i>{error}</i><b>{next_url}</b></form>"


def plain_trouble(status: int, text: str = "", *, retry: bool = False) -> str:
    return f"<h1>{status}</h1>{text}{'<b>again</b>' if retry else ''}"


@pytest.fixture
def nodes(store: Store) -> dict[str, int]:
    """acme > (dublin, cork), ids by slug; roles as built in; ines reads dublin, olga reads nothing."""
    made: dict[str, int] = {}
    with store.change("test", "small plant") as change:
        run = change.connection.execute
        for slug, above, kind in (("acme", None, "enterprise"), ("dublin", "acme", "site"), ("cork", "acme", "site")):
            path = slug if above is None else f"{above}/{slug}"
            row = run(
                text(
                    "insert into location (site_id, parent_id, slug, path, name, kind)"
                    " values (0, :parent, :slug, :path, :slug, :kind) returning id"
                ),
                {"parent": made.get(above or ""), "slug": slug, "path": path, "kind": kind},
            )
            made[slug] = row.scalar_one()
        for role, permissions in ROLES.items():
            run(text("insert into role (name, permissions) values (:n, :p)"), {"n": role, "p": sorted(permissions)})
        ines = access.add_user(change, "ines", "Ines Brandt")
        olga = access.add_user(change, "olga", "Olga Demo", demo=True)
        access.grant(change, Grant(ines, "engineer", made["dublin"]))
    for user in (ines, olga):
        access.set_password(store, user, hash_password(PASSWORD))
    with store.write() as connection:
        for slug in ("dublin", "cork"):
            connection.execute(
                text("insert into revision (topic, location_id, number) values ('tag', :n, 7)"), {"n": made[slug]}
            )
    return made


@pytest.fixture
def client(store: Store, nodes: dict[str, int]) -> Iterator[FlaskClient]:
    server = Flask(__name__)
    server.secret_key = "test"
    server.extensions["plantglass"] = guard.Context(store, 30, False, False, "0.0.0")
    permissions = {"a.children": "historian.read", "b.children": "audit.read"}
    guard.install(server, permissions.get, plain_trouble, background=frozenset({"live.data"}))
    login.install(server, plain_page)
    live.install(server)
    health.install(server)
    guard.add_headers(server, lambda: ["'sha256-x'"])
    guard.name_unknown(server, lambda: frozenset({"/", "/machine"}))
    server.add_url_rule("/", "front", lambda: "front")
    server.add_url_rule(guard.EVERY_PATH, "frame", lambda path: f"frame at {path}")
    server.add_url_rule("/broken", "broken", lambda: 1 / 0)
    server.add_url_rule(guard.UPDATE, "update", lambda: "{}", methods=["POST"])
    with server.test_client() as opened:
        yield opened


def sign_in(client: FlaskClient, name: str = "ines", password: str = PASSWORD, **more: str) -> int:
    page = client.get("/login").get_data(as_text=True)
    csrf = re.search(r"value=([^>]+)>", page)[1]  # type: ignore[index]
    return client.post("/login", data={"user": name, "password": password, "csrf": csrf} | more).status_code


def test_nothing_is_answered_to_a_stranger(client: FlaskClient) -> None:
    assert client.get("/", headers={"Accept": "text/html"}).location == "/login"
    assert client.get("/machine?at=x", headers={"Accept": "text/html"}).location == "/login?next=/machine%3Fat%3Dx"
    for path in ("/", "/live", "/_dash-layout", "/_dash-dependencies", "/_dash-component-suites/x.js"):
        assert client.get(path).status_code == 401
    assert client.post(guard.UPDATE, json={"output": "a.children"}).status_code == 401


def test_the_right_password_opens_and_signing_out_closes(client: FlaskClient) -> None:
    assert sign_in(client) == 302
    cookie = client.get_cookie(guard.COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert client.get("/").get_data() == b"front"
    client.post("/logout")
    client.set_cookie(guard.COOKIE, cookie.value)
    assert client.get("/").status_code == 401


def test_every_failure_says_the_same(client: FlaskClient) -> None:
    page = client.get("/login").get_data(as_text=True)
    csrf = re.search(r"value=([^>]+)>", page)[1]  # type: ignore[index]
    for name, password in (("ines", "wrong"), ("nobody", "wrong"), ("olga", PASSWORD)):  # olga: a demo account
        answer = client.post("/login", data={"user": name, "password": password, "csrf": csrf})
        csrf = re.search(r"value=([^>]+)>", answer.get_data(as_text=True))[1]  # type: ignore[index]
        assert answer.status_code == 401
        assert login.WRONG in answer.get_data(as_text=True)


def test_after_five_failures_even_the_right_password_waits(client: FlaskClient, store: Store) -> None:
    for _ in range(login.FREE_FAILURES):
        assert sign_in(client, password="wrong") == 401
    assert sign_in(client) == 401
    with store.read() as connection:
        kinds = connection.execute(text("select kind from security_event order by id")).scalars().all()
    assert [kind for kind in kinds if kind != "password_set"] == ["login_failed"] * 5 + ["locked"]
    with store.write() as connection:
        connection.execute(text("update credential set locked_until = now() - interval '1 second'"))
    assert sign_in(client) == 302


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/login", data={"user": "ines", "password": PASSWORD, "csrf": ""}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example/x", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""])
def test_sign_in_never_leads_elsewhere(client: FlaskClient, target: str) -> None:
    page = client.get("/login").get_data(as_text=True)
    csrf = re.search(r"value=([^>]+)>", page)[1]  # type: ignore[index]
    answer = client.post("/login", data={"user": "ines", "password": PASSWORD, "csrf": csrf, "next": target})
    assert answer.location == "/start"


def test_a_callback_needs_its_permission(client: FlaskClient, store: Store) -> None:
    sign_in(client)
    assert client.post(guard.UPDATE, json={"output": "a.children"}).status_code == 200
    assert client.post(guard.UPDATE, json={"output": "b.children"}).status_code == 403
    assert client.post(guard.UPDATE, json={"output": "undeclared.children"}).status_code == 403
    for broken in (b"", b"[1]", b'{"output": 3}', b"\xff"):
        assert client.post(guard.UPDATE, data=broken, content_type="application/json").status_code == 400
    with store.read() as connection:
        assert connection.execute(text("select count(*) from security_event where kind = 'forbidden'")).scalar() == 2


def test_a_request_from_another_site_is_refused(client: FlaskClient) -> None:
    sign_in(client)
    body = {"output": "a.children"}
    assert client.post(guard.UPDATE, json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(guard.UPDATE, json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_live_tells_only_of_places_in_scope(client: FlaskClient, nodes: dict[str, int]) -> None:
    sign_in(client)
    answer = client.get(f"/live?t=tag:{nodes['dublin']},tag:{nodes['cork']},config").get_json()
    assert answer["revisions"] == {f"tag:{nodes['dublin']}": 7, "config": 0}
    assert client.get("/live?t=" + ",".join(f"tag:{n}" for n in range(1, 500))).status_code == 422


def test_a_deactivated_account_is_out_at_once(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "CACHE_S", 0.0)
    sign_in(client)
    assert client.get("/").status_code == 200
    with store.change("admin", "left the company") as change:
        change.connection.execute(text("update user_account set active = false where name = 'ines'"))
    assert client.get("/").status_code == 401


def test_headers_close_the_usual_doors(client: FlaskClient) -> None:
    headers = client.get("/login").headers
    assert "script-src 'self' 'sha256-x'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert client.open("/login", method="TRACE").status_code == 405


def test_a_script_that_is_made_late_may_still_run(client: FlaskClient) -> None:
    hashes = ["'sha256-early'"]
    server = Flask(__name__)
    server.extensions["plantglass"] = client.application.extensions["plantglass"]
    guard.add_headers(server, lambda: hashes)
    server.add_url_rule("/", "front", lambda: "front")
    with server.test_client() as opened:
        assert "sha256-early" in opened.get("/").headers["Content-Security-Policy"]
        hashes.append("'sha256-late'")
        assert "sha256-late" in opened.get("/").headers["Content-Security-Policy"]


def test_health_without_a_worker_is_503_and_names_the_parts(client: FlaskClient, store: Store) -> None:
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.get_json()["database"] == {"state": "up"}
    with store.write() as connection:
        connection.execute(text("insert into worker (id, version) values ('w1', '0')"))
    assert client.get("/health").status_code == 200
    assert 'plantglass_worker_age_seconds{worker="w1"}' in client.get("/metrics").get_data(as_text=True)


def test_with_the_database_away_pages_say_so_and_try_again(client: FlaskClient) -> None:
    client.application.extensions["plantglass"] = guard.Context(
        Store("postgresql+psycopg://nobody@127.0.0.1:1/none"), 30, False, False, "0"
    )
    client.set_cookie(guard.COOKIE, "anything")
    answer = client.get("/", headers=PAGE)
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "<h1>503</h1><b>again</b>")
    assert client.head("/", headers=PAGE).status_code == 503
    assert client.get("/live").get_json() == {"error": "The database does not answer."}
    assert "again" not in client.post("/logout", headers=PAGE).get_data(as_text=True)
    assert client.get("/health").status_code == 503


PAGE = {"Accept": "text/html"}


def test_what_keeps_a_page_from_a_person_is_told_on_a_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "CACHE_S", 0.0)
    assert client.get("/machine/x", headers=PAGE).location == "/login?next=/machine/x"
    assert client.get("/assets/nothing.css", headers=PAGE).status_code == 404
    sign_in(client)
    for path, status in (("/", 200), ("/machine", 200), ("/machine/", 200), ("/nonsense", 404), ("/not-found", 404)):
        assert client.get(path, headers=PAGE).status_code == status, path
    assert client.get("/nonsense", headers=PAGE).get_data(as_text=True) == "frame at nonsense"
    assert client.post("/machine", headers=PAGE).get_data(as_text=True) == "<h1>405</h1>"
    assert client.post("/machine").status_code == 405
    assert client.get("/broken", headers=PAGE).get_data(as_text=True) == "<h1>500</h1>"
    assert "division" not in client.get("/broken").get_data(as_text=True)


def test_how_far_history_is_filled_in_is_told_to_who_may_see_jobs(
    client: FlaskClient, store: Store, nodes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "CACHE_S", 0.0)
    monkeypatch.setattr(live, "PERIOD_S", 0.0)
    sign_in(client)

    def told() -> object:
        return client.get("/live").get_json().get("filling")

    assert told() is None
    job.enqueue(store, "generate", {"days": 90}, "test")
    assert told() == {"state": "waiting", "filled": 0, "days": 90, "message": ""}
    run = job.take(store, ["generate"], "w1")
    assert run is not None
    job.progress(store, run, 0.48)
    assert told() == {"state": "running", "filled": 43, "days": 90, "message": ""}
    assert client.get("/health").get_json()["history"] == {"state": "running", "days_filled": 43, "days": 90}
    job.fail(store, run, "the disk is full")
    assert told() == {"state": "failed", "filled": 43, "days": 90, "message": "the disk is full"}
    assert "disk" not in client.get("/health").get_data(as_text=True)
    with store.change("admin", "other work") as change:
        change.connection.execute(text("update role_grant set role = 'planner'"))
    assert told() is None
    with store.change("admin", "back") as change:
        change.connection.execute(text("update role_grant set role = 'engineer'"))
    job.enqueue(store, "generate", {"days": 90}, "test")
    second = job.take(store, ["generate"], "w1")
    assert second is not None
    job.finish(store, second, "all there")
    assert told() is None
    assert "history" not in client.get("/health").get_json()


def test_strange_words_at_the_door_are_just_wrong(client: FlaskClient) -> None:
    assert client.post("/login", data={"csrf": "\u00e9"}, headers={"Cookie": f"{login.CSRF}=x"}).status_code == 400
    assert client.get("/login?next=http://[").status_code == 200
    for name in ("ines\x00", "x" * 5000):
        assert sign_in(client, name) == 401


def test_a_page_left_open_does_not_keep_the_session(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "CACHE_S", 0.0)
    sign_in(client)

    def idle_minutes_after(**body: object) -> float:
        with store.write() as connection:
            connection.execute(text("update web_session set seen_at = now() - interval '20 minutes'"))
        assert client.post(guard.UPDATE, json={"output": "a.children"} | body).status_code == 200
        with store.read() as connection:
            asked = text("select extract(epoch from now() - max(seen_at)) / 60 from web_session")
            return float(connection.execute(asked).scalar_one())

    assert idle_minutes_after(changedPropIds=["live.data"]) > 19
    assert idle_minutes_after(changedPropIds=["live.data", "place.data"]) < 1
    assert idle_minutes_after() < 1


def test_a_session_lasts_a_day_at_most(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "CACHE_S", 0.0)
    sign_in(client)
    assert client.get("/").status_code == 200
    with store.write() as connection:
        connection.execute(text("update web_session set created_at = now() - interval '25 hours'"))
    assert client.get("/").status_code == 401
