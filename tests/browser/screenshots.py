"""`make screenshots`: every page in both themes and three sizes, into .data/screenshots."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.browser.page import Page
from tests.browser.running import demo

SIZES = {"wall": (1920, 1080), "desk": (1280, 800), "tablet": (820, 1180)}
THEMES = ("light", "dark")
PAGES = {
    "login": "/login",
    "site": "/location?at=acme/dublin&from=now-8h&to=now",
    "area": "/location?at=acme/dublin/solid-dose&from=now-8h&to=now",
    "machine": "/machine?at=acme/dublin/solid-dose/press-2&from=now-8h&to=now",
    "machine-90d": "/machine?at=acme/dublin/solid-dose/press-2&from=now-90d&to=now",
    "machine-empty": "/machine?at=acme/dublin/solid-dose/press-2&from=2020-01-01T00:00Z&to=2020-01-02T00:00Z",
    "nowhere": "/machine?at=acme/nowhere",
}
FOLDER = Path(".data/screenshots")


def main(wanted: list[str]) -> int:
    """Take the pictures of the wanted pages (all when none is named); exit code 1 on console errors."""
    complaints: list[str] = []
    with demo(days=2) as running:
        page = Page(running.url)
        try:
            page.sign_in("engineer")
            time.sleep(20)  # history and live values arrive
            for name, path in PAGES.items():
                if not wanted or name in wanted:
                    complaints += _pictures(page, name, path)
            running.command("plant", "fault", "disconnect", "press-2")
            time.sleep(45)
            if not wanted or "machine-stale" in wanted:
                complaints += _pictures(page, "machine-stale", PAGES["machine"])
        finally:
            page.close()
    print("\n".join(complaints))
    return 1 if complaints else 0


def _pictures(page: Page, name: str, path: str) -> list[str]:
    for theme in THEMES:
        page.run("localStorage.setItem('plantglass.theme', arguments[0])", theme)
        for size, (width, height) in SIZES.items():
            page.resize(width, height)
            page.open(path)
            time.sleep(4)
            page.picture(FOLDER / f"{name}-{theme}-{size}.png")
    return [f"{name}: {complaint}" for complaint in page.complaints()]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
