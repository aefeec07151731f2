"""Puts the simulated site into an empty database: its configuration, its accounts, and the order to fill in history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from commands.access import switch_on_demo
from commands.listening import LOCAL
from commands.opening import open_store
from db import config as kept
from db import job
from engine.access import SYSTEM
from engine.job import HISTORY, JobState

if TYPE_CHECKING:
    from db.store import Store
    from engine.config import Config
    from engine.config.record import SourceEntry
    from settings import Settings

ACTOR, REASON = "plantglass", "demo plant"


def prepare(settings: Settings, days: int) -> None:
    """Make the demo complete; safe to run at every start. A site that is there already stays as it is."""
    from engine.twin.site import SITE

    store = open_store(settings)
    try:
        _configure(store, settings)
        switch_on_demo(store, SITE.grants)
        _ask_for_history(store, days)
    finally:
        store.close()


def _configure(store: Store, settings: Settings) -> None:
    """Bring in the simulated site, or let the sources of one that is there follow the ports of these settings."""
    old = kept.read_config(store)
    new = _following(old, settings) if old.locations else demo_config(settings)
    if new != old:
        with store.change(ACTOR, REASON) as change:
            kept.apply(change, old, new)


def _following(config: Config, settings: Settings) -> Config:
    """The configuration with the virtual plant's own sources, as far as they are on this machine, at these ports."""
    from engine.twin.places import SITE_PATH
    from engine.twin.site import SITE

    ours = {(SITE_PATH, source["name"], source["kind"]) for source in SITE.sources}
    sources = (
        replace(s, settings=_here(s.kind, s.settings, settings)) if (s.site, s.name, s.kind) in ours and _is_local(s) else s
        for s in config.sources
    )
    return replace(config, sources=tuple(sources))


def _is_local(source: SourceEntry) -> bool:
    return LOCAL in (source.settings.get("host"), urlsplit(str(source.settings.get("url", ""))).hostname)


def demo_config(settings: Settings) -> Config:
    """The simulated site's configuration with the ports of these settings."""
    from engine.config.demo import config_of
    from engine.twin.site import SITE

    config = config_of(SITE)
    return replace(config, sources=tuple(replace(s, settings=_here(s.kind, s.settings, settings)) for s in config.sources))


def _here(kind: str, given: dict[str, object], settings: Settings) -> dict[str, object]:
    if kind == "opcua":
        return given | {"url": f"opc.tcp://{LOCAL}:{settings.plant_port}/plantglass"}
    return given | {"port": settings.broker_port} if kind in ("mqtt", "sparkplug") else given


def _ask_for_history(store: Store, days: int) -> None:
    """Once; and again when the last attempt failed."""
    newest = job.runs(SYSTEM, store, kinds=[HISTORY], limit=1)
    if days > 0 and (not newest or newest[0].state is JobState.FAILED):
        job.enqueue(store, HISTORY, {"days": days}, ACTOR)
