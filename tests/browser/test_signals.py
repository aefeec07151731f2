"""Signals of a machine live, past and silent, in real Chromium against a running plant."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from components import live, trend
from tests.browser.page import Page
from tests.browser.running import Running

pytestmark = pytest.mark.browser

PRESS = "/machine?at=acme/dublin/solid-dose/press-2&from=now-15m&to=now"
LAST_X = (
    "const t = document.querySelector('#' + arguments[0] + ' .js-plotly-plot');"
    "return t && t.data && t.data.length"
    " ? Math.max(...t.data.filter(d => d.x && d.x.length).map(d => +d.x[d.x.length - 1])) : null"
)


@pytest.fixture
def engineer(page: Page) -> Page:
    page.sign_in("engineer")
    return page


def trend_end(page: Page) -> float | None:
    found = page.run(LAST_X, trend.GRAPH)
    return None if found is None else float(found)


def shown(page: Page) -> None:
    """Wait until values and the trend are drawn."""
    page.until(lambda: page.all(".now-row"), "current values are shown", 60)
    page.until(lambda: trend_end(page), "the trend is drawn", 60)


def test_the_trend_moves_and_the_dot_says_live(engineer: Page) -> None:
    page = engineer
    page.open(PRESS)
    shown(page)
    page.until(lambda: "is-live" in (page.find(f"#{live.DOT}").get_attribute("class") or ""), "the dot is live")
    before = trend_end(page)
    assert before is not None
    page.until(lambda: (trend_end(page) or 0) > before + 5_000, "five more seconds are drawn", 60)
    assert abs(trend_end(page) - time.time() * 1000) < 60_000  # type: ignore[operator]
    assert page.complaints() == []


def test_a_history_of_a_day_is_there_and_zooms_to_single_samples(engineer: Page) -> None:
    page = engineer
    page.open(PRESS.replace("now-15m", "now-24h"))
    shown(page)
    assert "Mean of each" in page.text("main")
    now = time.time()
    fine = f"&from={_iso(now - 7200)}&to={_iso(now - 6900)}"
    page.open("/machine?at=acme/dublin/solid-dose/press-2" + fine)
    shown(page)
    assert "Every stored sample" in page.text("main")


def test_a_past_range_does_not_move(engineer: Page) -> None:
    page = engineer
    now = time.time()
    page.open(f"/machine?at=acme/dublin/solid-dose/press-2&from={_iso(now - 3600)}&to={_iso(now - 1800)}")
    shown(page)
    end = trend_end(page)
    time.sleep(6)
    assert trend_end(page) == end
    assert "is-paused" in (page.find(f"#{live.DOT}").get_attribute("class") or "")


@pytest.fixture
def cut(plant: Running) -> Iterator[None]:
    """Press 3 is cut off; connected again afterwards."""
    done = plant.command("plant", "fault", "disconnect", "press-3")
    assert done.returncode == 0, done.stderr
    yield
    plant.command("plant", "fault", "clear", "press-3")


def test_a_machine_that_falls_silent_looks_old(engineer: Page, cut: None) -> None:
    page = engineer
    page.open(PRESS.replace("press-2", "press-3"))
    page.until(lambda: page.all(".now-row"), "values are shown", 60)
    told = page.until(
        lambda: page.all(".now-row.is-stale") or page.all(".now-row.is-bad") or page.all(".now-cell .is-stale"),
        "rows are hatched",
        90,
    )
    assert told
    assert re.search(r"\d+ (s|min)", page.text(".now"))


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
