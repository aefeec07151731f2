"""Puts the simulated site into an empty database: its configuration, its accounts, and the order to fill in history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commands.access import switch_on_demo
from commands.opening import open_store
from db import config as kept
from db import job
from engine.access import SYSTEM

if TYPE_CHECKING:
    from db.store import Store
    from engine.config import Config
    from settings import Settings

ACTOR, REASON = "plantglass", "demo plant"


def prepare(settings: Settings, days: int) -> None:
    """Make the demo complete; safe to run at every start. A site that is there already stays as it is."""
    from engine.twin.site import SITE

    store = open_store(settings)
    try:
        old = kept.read_config(store)
        if not old.locations:
            with store.change(ACTOR, REASON) as change:
                kept.apply(change, old, demo_config(settings))
        switch_on_demo(store, SITE.grants)
        _ask_for_history(store, days)
    finally:
        store.close()


def demo_config(settings: Settings) -> Config:
    """The simulated site's configuration with the ports of these settings."""
    from engine.config.demo import config_of
    from engine.twin.site import SITE

    config = config_of(SITE)
    return replace(config, sources=tuple(replace(s, settings=_here(s.kind, s.settings, settings)) for s in config.sources))


def _here(kind: str, given: dict[str, object], settings: Settings) -> dict[str, object]:
    if kind == "opcua":
        return given | {"url": f"opc.tcp://127.0.0.1:{settings.plant_port}/plantglass"}
    return given | {"port": settings.broker_port} if kind in ("mqtt", "sparkplug") else given


def _ask_for_history(store: Store, days: int) -> None:
    if days > 0 and not job.runs(SYSTEM, store, kinds=["generate"], limit=1):
        job.enqueue(store, "generate", {"days": days}, ACTOR)
