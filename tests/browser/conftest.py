"""One demo plant and one browser for all tests of a run, and a fresh window for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.page import Browser, Page
from tests.browser.running import Running, demo


@pytest.fixture(scope="session")
def plant() -> Iterator[Running]:
    """A running demo plant with a day of history."""
    with demo(days=1) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("chromium and chromium-driver are missing; apt-get install -y chromium chromium-driver")
    opened = Browser()
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def page(browser: Browser, plant: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh browser window; on failure its picture is kept beside the data."""
    opened = Page(browser, plant.url)
    yield opened
    if getattr(request.node, "failed", False):
        opened.picture(Path(".data/screenshots/failed") / f"{request.node.name}.png")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the fixture know that the test failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
