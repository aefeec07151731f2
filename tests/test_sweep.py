"""Default deny, swept: every route and every callback, by a stranger, by each role, and for a place of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

import app as starting
from callbacks import registry
from commands.access import switch_on_demo
from commands.demo import demo_config
from components import live, picker, trend
from components.view import Context
from connectors.http import guard
from db import access, historian, location
from db import config as kept
from db.store import Store
from db.tag import tags_under
from engine.access import ROLES, SYSTEM
from engine.historian.block import SampleBlock, TextEvent
from engine.tag import ValueKind, bits_of
from engine.time import SECOND_US
from engine.twin.site import SITE
from settings import Settings
from tests.conftest import new_database

NOW = 1_795_000_000_000_000
FOREIGN = "acme/dublin/solid-dose/press-2"
MARK, MARKED_TEXT = 4711.25, "SECRET-BATCH"


@pytest.fixture(scope="module")
def store(cluster: str, template: str) -> Iterator[Store]:
    """The demo site, with one sample of every number of press 2 and a batch name that only it carries."""
    url = new_database(cluster, template)
    opened = Store(url)
    access.sync_roles(opened, ROLES)
    with opened.change("test", "demo site") as change:
        kept.apply(change, kept.read_config(opened), demo_config(Settings()))
    switch_on_demo(opened, SITE.grants)
    node = location.node_at(SYSTEM, opened, FOREIGN)
    for tag in tags_under(SYSTEM, opened, node.id):
        if tag.kind is ValueKind.TEXT:
            historian.load_texts(opened, tag.site_id, [TextEvent(tag.id, NOW, 0, MARKED_TEXT, 0, NOW)])
        elif tag.kind is ValueKind.FLOAT:
            bits = bits_of(ValueKind.FLOAT, np.array([MARK]))
            historian.load(opened, tag.site_id, SampleBlock([tag.id], [NOW], [0], bits, [0], [NOW]))  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The product's own application, as it is started."""
    settings = Settings(demo=True, data=tmp_path_factory.mktemp("data"))
    dash = starting.create_app(settings, store.url)
    _entries[:] = dash._callback_list
    yield dash.server
    dash.server.extensions["plantglass"].store.close()


def client_of(server: Any, store: Store, name: str) -> FlaskClient:
    client: FlaskClient = server.test_client()
    client.set_cookie(guard.COOKIE, access.start_session(store, access.user_named(store, name)))
    return client


_entries: list[dict[str, Any]] = []


def entries() -> list[dict[str, Any]]:
    """Every callback that runs on the server, as the browser is told of it."""
    return [e for e in _entries if registry.permission_of(e["output"])]


def body_of(entry: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """A request for a callback, with `known` values by "id.property" and nothing elsewhere."""

    def given(parts: list[dict[str, Any]]) -> list[Any]:
        return [
            {"id": p["id"], "property": p["property"], "value": known.get(f"{p['id']}.{p['property']}")}
            if not str(p["id"]).startswith("{")
            else []
            for p in parts
        ]

    names = entry["output"].strip(".").split("...")
    outputs = [_target(name) for name in names]
    changed = [f"{p['id']}.{p['property']}" for p in entry["inputs"][:1]]
    return {
        "output": entry["output"],
        "outputs": outputs if entry["output"].startswith("..") else outputs[0],
        "inputs": given(entry["inputs"]),
        "state": given(entry.get("state", [])),
        "changedPropIds": changed,
    }


def _target(name: str) -> Any:
    target, _, prop = name.rpartition(".")
    if target.startswith("{"):
        return []
    return {"id": target, "property": prop.split("@")[0]}


def test_there_is_something_to_sweep(server: Any) -> None:
    assert len(entries()) >= 15


def test_a_stranger_gets_nothing_from_any_route(server: Any) -> None:
    client = server.test_client()
    for rule in server.url_map.iter_rules():
        path = rule.rule.replace("<path:path>", "x").replace("<path:filename>", "x").replace("<package_name>", "dash")
        path = path.replace("<path:fingerprinted_path>", "x.js")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if path in guard.OPEN or path.startswith(tuple(guard.OPEN_FOLDERS)):
                continue
            status = client.open(path, method=method).status_code
            assert status in (401, 405), f"{method} {path} answered {status}"


def test_a_stranger_gets_nothing_from_any_callback(server: Any) -> None:
    client = server.test_client()
    for entry in entries():
        assert client.post(guard.UPDATE, json=body_of(entry, {})).status_code == 401


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_gets_what_its_permissions_say(server: Any, store: Store, role: str) -> None:
    client = client_of(server, store, role)
    for entry in entries():
        permission = registry.permission_of(entry["output"]) or ""
        status = client.post(guard.UPDATE, json=body_of(entry, {})).status_code
        wanted = {200, 204} if permission in ROLES[role] else {403}
        assert status in wanted, f"{role}: {entry['output']} needs {permission} and answered {status}"


def test_a_place_of_others_does_not_exist_whatever_the_browser_says(
    server: Any, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator holds rights on one packaging line; every id, path and tag name of the press is sent all the same."""
    foreign = location.node_at(SYSTEM, store, FOREIGN)
    leaks = (str(MARK), MARKED_TEXT, "4711")
    for role, expected in (("engineer", True), ("operator", False)):
        client = client_of(server, store, role)
        answers = "".join(_sweep(client, foreign.id, foreign.name))
        assert any(leak in answers for leak in leaks) is expected, f"{role}: {[leak for leak in leaks if leak in answers]}"
    assert [record.exc_info for record in caplog.records if record.name == "plantglass"] == []
    operator = client_of(server, store, "operator")
    assert operator.get(f"/live?t=tag:{foreign.id}").get_json()["revisions"] == {}


def _sweep(client: FlaskClient, node: int, name: str) -> Iterator[str]:
    start, end = NOW - 3600 * SECOND_US, NOW + 3600 * SECOND_US
    for page in ("/machine", "/location"):
        search = f"?at={FOREIGN}&from={_iso(start)}&to={_iso(end)}&sel=press-2.main_force,press-2.batch"
        place = {"page": page, "search": search, "zone": "UTC", "node": node, "path": FOREIGN, "name": name, "kind": "machine"}
        fields = Context.__dataclass_fields__
        known = {
            f"{live.PLACE}.data": {k: v for k, v in place.items() if k in fields},
            f"{live.ADDRESS}.data": {"path": page, "search": search, "zone": "UTC"},
            f"{live.LIVE}.data": {"now": NOW, "changed": [f"tag:{node}"]},
            f"{trend.AFTER}.data": {"after": {}, "widths": {}},
            f"{picker.SOUGHT}.value": "main force",
        }
        for entry in entries():
            known |= {f"{p['id']}.n_clicks": 1 for p in entry["inputs"] if p["property"] == "n_clicks"}
            answer = client.post(guard.UPDATE, json=body_of(entry, known))
            assert answer.status_code < 500, f"{entry['output']}: {answer.get_data(as_text=True)[:300]}"
            yield answer.get_data(as_text=True)


def _iso(at_us: int) -> str:
    from engine.time import moment_of

    return moment_of(at_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_nonsense_from_the_browser_is_never_a_server_error(server: Any, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(server, store, "engineer")
    nonsense = [
        {"page": "/machine", "search": "?from=\x00&to=%", "zone": "Nowhere/Land", "node": -1},
        {"page": "/machine", "search": "?at=" + "x" * 5000, "zone": "UTC", "node": 2**40},
        {"page": "/machine", "search": "?sel=" + ",".join(f"t{i}" for i in range(500)), "zone": "UTC", "node": None},
        "text",
        17,
    ]
    statuses = {}
    for place in nonsense:
        for entry in entries():
            answer = client.post(
                guard.UPDATE, json=body_of(entry, {f"{live.PLACE}.data": place, f"{live.ADDRESS}.data": place})
            )
            if answer.status_code >= 500:
                statuses[f"{entry['output'][:60]} {json.dumps(place)[:60]}"] = answer.status_code
    assert statuses == {}
    unexpected = [record.exc_info for record in caplog.records if record.name == "plantglass"]
    assert unexpected == [], unexpected[:3]
