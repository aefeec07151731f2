"""`make screenshots`: every page in both themes and three sizes, into .data/screenshots."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from commands.opening import database_url
from components.admin.page import TABS
from db import location, wall
from db.store import Store
from engine.access import SYSTEM
from engine.wall.device import Setting
from settings import Settings
from tests.browser.page import Browser, Page
from tests.browser.running import Running, demo

SIZES = {"wall": (1920, 1080), "desk": (1280, 800), "tablet": (820, 1180)}
THEMES = ("light", "dark")
AT = "?at=acme/dublin"
PRESS = f"/machine{AT}/solid-dose/press-2"
PAGES = {
    "login": "/login",
    "overview": f"/overview{AT}",
    "overview-area": f"/overview{AT}/solid-dose&from=now-24h&to=now",
    "overview-shift": f"/overview{AT}/packaging/line-1&from=shift&to=now",
    "site": f"/location{AT}&from=now-8h&to=now",
    "area": f"/location{AT}/solid-dose&from=now-8h&to=now",
    "machine": f"{PRESS}&from=now-8h&to=now",
    "machine-90d": f"{PRESS}&from=now-90d&to=now",
    "machine-empty": f"{PRESS}&from=2020-01-01T00:00Z&to=2020-01-02T00:00Z",
    "nowhere": "/machine?at=acme/nowhere",
    "alarm": f"/alarm{AT}",
    "audit": "/audit",
    "walls": "/walls",
    "help": "/help",
    "help-using": "/help?doc=using",
    **{f"admin-{tab.key}": f"/admin?tab={tab.key}" for tab in TABS},
}
OPENED = {
    "palette": ("site", "document.querySelector('[data-do=palette]').click()"),
    "keys": ("machine", "document.getElementById('help').showModal()"),
    "menu": ("machine", "document.querySelector('.pl-panel.is-main > header > .pl-menu:last-child').open = true"),
    "range": ("machine", "document.querySelector('.pl-range .pl-menu').open = true"),
    "rows": ("site", "document.querySelector('.is-main [data-opens=rows-dialog]').click()"),
}
"""What opens over a page: the page, and how."""
ROLES = {"admin": ("audit", "walls", *(f"admin-{tab.key}" for tab in TABS))}
"""Who sees the pages that an engineer may not, or only in part."""
FOLDER = Path(".data/screenshots")


def main(wanted: list[str]) -> int:
    """Take the pictures of the wanted ones (all when none is named); exit code 1 on errors in the console or unknown names."""
    unknown = set(wanted) - {*PAGES, *OPENED, "machine-stale", "wall"}
    if unknown:
        print(f"There is no picture of {', '.join(sorted(unknown))}.")
        return 1
    with demo(days=2) as running:
        browser = Browser()
        try:
            complaints = _all(Page(browser, running.url), running, set(wanted) or {*PAGES, *OPENED, "machine-stale", "wall"})
        finally:
            browser.close()
    print("\n".join(complaints))
    return 1 if complaints else 0


def _all(page: Page, running: Running, wanted: set[str]) -> list[str]:
    complaints: list[str] = []
    page.sign_in("engineer")
    time.sleep(20)  # history and live values arrive
    others = {name for names in ROLES.values() for name in names}
    for name in [*PAGES, *OPENED]:
        if name in wanted - others:
            complaints += _pictures(page, name)
    for role, names in ROLES.items():
        page.sign_in(role)
        for name in names:
            complaints += _pictures(page, name) if name in wanted else []
    complaints += _wall(page, running) if "wall" in wanted else []
    return complaints + (_stale(page, running) if "machine-stale" in wanted else [])


def _stale(page: Page, running: Running) -> list[str]:
    page.sign_in("engineer")
    running.command("plant", "fault", "disconnect", "press-2")
    time.sleep(45)
    return _pictures(page, "machine-stale", PAGES["machine"])


def _wall(page: Page, running: Running) -> list[str]:
    """A display of its own for each theme; its layout is made for one size."""
    page.resize(1920, 1080)
    store = Store(database_url(Settings(data=running.folder)))
    try:
        node = location.node_at(SYSTEM, store, "acme/dublin").id
        for theme in THEMES:
            with store.change("admin", "pictures") as change:
                _, token = wall.issue(change, SYSTEM, Setting(f"Pictures {theme}", node, 65, 5, theme=theme), "admin")
            page.open(f"/wall/{token}")
            time.sleep(6)
            page.picture(FOLDER / f"wall-{theme}-wall.png")
    finally:
        store.close()
    return [f"wall: {complaint}" for complaint in page.complaints()]


def _pictures(page: Page, name: str, path: str = "") -> list[str]:
    below, opens = OPENED.get(name, (name, ""))
    for theme in THEMES:
        page.run("localStorage.setItem('plantglass.theme', arguments[0])", theme)
        for size, (width, height) in SIZES.items():
            page.resize(width, height)
            page.open(path or PAGES[below])
            time.sleep(4)
            if opens:
                page.run(opens)
                time.sleep(2)
            page.picture(FOLDER / f"{name}-{theme}-{size}.png")
    return [f"{name}: {complaint}" for complaint in page.complaints()]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
