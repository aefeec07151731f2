"""A person signs in, drills down to a machine, and sees its signals live, in real Chromium against a running plant."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from components import frame, live, location, machine, palette, trend
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


def test_a_wrong_password_says_so_and_a_right_one_leads_on(page: Page) -> None:
    page.open("/machine?at=acme/dublin")
    assert "/login?next=" in page.driver.current_url
    page.find("input[name=user]").send_keys("engineer")
    page.find("input[name=password]").send_keys("wrong\n")
    assert "not right" in page.find("[role=alert]").text
    page.find("input[name=user]").clear()
    page.find("input[name=user]").send_keys("engineer")
    page.find("input[name=password]").send_keys("demo\n")
    page.until(lambda: "/machine?at=acme/dublin" in page.driver.current_url, "sign in leads to the page that was asked for")


def test_the_role_buttons_sign_in(page: Page) -> None:
    page.open("/login")
    page.find("button[value=manager]").click()
    page.until(lambda: "/login" not in page.driver.current_url, "the manager is in")
    page.until(lambda: page.text("h1") == "Dublin", "the manager lands on the site")


def test_drilling_down_keeps_the_range_and_back_returns(engineer: Page) -> None:
    page = engineer
    page.open("/location?at=acme/dublin&from=now-24h&to=now")
    page.until(lambda: page.text(f"#{location.TITLE}") == "Dublin", "the site is open")
    for name, title in (("Solid dose", location.TITLE), ("Press 2", machine.TITLE)):
        page.until(lambda n=name: [a for a in page.all("main a") if a.text == n], f"{name} is listed")
        next(a for a in page.all("main a") if a.text == name).click()
        page.until(lambda n=name, i=title: page.text(f"#{i}") == n, f"{name} is open")
        assert "from=now-24h" in page.driver.current_url
    shown(page)
    assert [a.text for a in page.all(f"#{frame.CRUMB} a") if a.is_displayed()][-2:] == ["Dublin", "Solid dose"]
    page.driver.back()
    page.until(lambda: page.text(f"#{location.TITLE}") == "Solid dose", "back leads to the area")
    page.driver.forward()
    page.until(lambda: page.text(f"#{machine.TITLE}") == "Press 2", "forward leads to the machine again")
    assert page.complaints() == []


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


def test_dark_theme_reaches_page_and_chart_and_stays(engineer: Page) -> None:
    page = engineer
    page.open(PRESS)
    shown(page)
    light = page.run("return getComputedStyle(document.body).backgroundColor")
    page.run(
        "window.plant.theme.choose ? window.plant.theme.choose('dark') : document.querySelector('[data-theme=dark]').click()"
    )
    page.until(lambda: page.run("return document.documentElement.dataset.bsTheme") == "dark", "the theme is dark")
    assert page.run("return getComputedStyle(document.body).backgroundColor") != light
    paper = "return document.querySelector('#' + arguments[0] + ' .js-plotly-plot').layout.template.layout.font.color"
    assert page.until(lambda: page.run(paper, trend.GRAPH), "the chart has its template").upper() in {"#B3BDC7", "#E6EAEE"}
    page.open(PRESS)
    page.until(lambda: page.run("return document.documentElement.dataset.bsTheme") == "dark", "the theme is kept")


def test_an_operator_sees_the_own_line_only(page: Page) -> None:
    page.sign_in("operator")
    page.until(lambda: page.text(f"#{location.TITLE}"), "a place is open")
    assert "Line 1" in page.text(f"#{location.TITLE}") or "line" in page.text(f"#{location.TITLE}").lower()
    tree = page.text(f"#{location.TREE}")
    assert "Solid dose" not in tree
    page.open(PRESS)
    page.until(lambda: "no place" in page.text("main").lower(), "the foreign machine does not exist for the operator")
    assert not page.all(".now-row")


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (820, 1180), (390, 844)])
def test_pages_fit_and_have_no_barriers(engineer: Page, size: tuple[int, int]) -> None:
    page = engineer
    page.resize(*size)
    for path, ready in ((PRESS, ".now-row"), ("/location?at=acme/dublin/solid-dose", "main a")):
        page.open(path)
        page.find(ready)
        time.sleep(3)
        assert page.run("return document.documentElement.scrollWidth") <= size[0], f"{path} scrolls sideways at {size[0]} px"
        assert page.barriers() == []
    assert page.complaints() == []


def test_the_sign_in_page_has_no_barriers(page: Page) -> None:
    page.open("/login")
    assert page.barriers() == []
    assert page.complaints() == []


def test_keys_alone_reach_help_and_the_search(engineer: Page) -> None:
    page = engineer
    page.open(PRESS)
    shown(page)
    body = page.find("body")
    body.send_keys("?")
    page.until(lambda: page.run("return !!document.querySelector('dialog[open]')"), "help is open")
    body.send_keys("\ue00c")
    page.until(lambda: not page.run("return !!document.querySelector('dialog[open]')"), "Escape closes help")
    body.send_keys("/")
    page.until(lambda: page.run("return document.activeElement.id") == palette.SOUGHT, "the search has the focus")


def test_a_strange_address_is_told_and_nothing_breaks(engineer: Page) -> None:
    page = engineer
    page.open("/machine?at=acme/dublin/solid-dose/press-2&from=yesterday-ish&to=now&colour=<img src=x onerror=alert(1)>")
    page.until(lambda: "yesterday-ish" in page.text("main"), "the page names what it did not understand")
    shown(page)
    page.open("/machine?at=<script>alert(1)</script>")
    page.until(lambda: "no place" in page.text("main").lower(), "an unknown place is told")


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
