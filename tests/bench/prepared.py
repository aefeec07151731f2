"""What several figures need first: the demo site's configuration and a signed-in engineer, without the plant itself."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text

from commands.access import switch_on_demo
from commands.demo import ACTOR, REASON, demo_config
from connectors.http.guard import COOKIE
from db import access, historian
from db import config as kept
from db.store import Store
from engine.access import ROLES, SYSTEM
from engine.historian.block import SampleBlock
from engine.tag import ValueKind, bits_of
from engine.time import SECOND_US
from engine.twin.site import SITE
from settings import Settings

MACHINE = "acme/dublin/solid-dose/press-2"
SIGNALS = ("press-2.main_force", "press-2.pre_force", "press-2.ejection_force", "press-2.turret_speed")


def demo_site(database_url: str) -> Store:
    """The demo site's configuration and accounts in an empty database."""
    store = Store(database_url)
    access.sync_roles(store, ROLES)
    with store.change(ACTOR, REASON) as change:
        kept.apply(change, kept.read_config(store), demo_config(Settings()))
    switch_on_demo(store, SITE.grants)
    return store


def cookie_of_engineer(store: Store) -> str:
    """The Cookie header of a signed-in engineer."""
    return f"{COOKIE}={access.start_session(store, access.user_named(store, 'engineer'))}"


def eight_hours(store: Store, now_us: int) -> None:
    """Eight hours of four press signals at one a second, ending now."""
    from db.tag import tags_named

    n = 8 * 3600
    at = now_us - (n - np.arange(n)) * SECOND_US
    for tag in tags_named(SYSTEM, store, SIGNALS):
        values = np.round(10 + np.sin(np.arange(n) / 700), 2)
        block = SampleBlock(np.full(n, tag.id), at, np.zeros(n), bits_of(ValueKind.FLOAT, values), np.zeros(n), at)
        historian.load(store, tag.site_id, block)


def node_of(store: Store, path: str) -> int:
    """The id of a place."""
    with store.read() as connection:
        return int(connection.execute(text("select id from location where path = :path"), {"path": path}).scalar_one())
