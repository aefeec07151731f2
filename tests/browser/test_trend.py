"""The trend of a machine in a real browser: zoom, choice of signals, numbers behind it, and looking old when it is."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from components import live, machine, panel, picker, trend
from tests.browser.page import Page
from tests.browser.running import Running
from tests.browser.test_frame import FILLER, at_rest
from tests.browser.test_tools import menu

pytestmark = pytest.mark.browser

CHILLER = "/machine?at=acme/dublin/utilities/chiller-1"
DOT = f"#{live.DOT}"


def chart(page: Page, expression: str) -> Any:
    """Something of the drawn chart `g`; None while there is none."""
    find = f"const g = document.querySelector('#{trend.GRAPH} .js-plotly-plot');"
    return page.run(f"{find} return g && g.data && g.data.length ? ({expression}) : null")


def open_drawn(page: Page, path: str) -> None:
    page.sign_in("engineer")
    page.open(path)
    at_rest(page)
    page.until(lambda: (chart(page, "g.data[0].x.length") or 0) > 2, "the trend is drawn", 60)


def test_a_zoom_is_a_range_of_the_address_and_back_leads_out_of_it(page: Page) -> None:
    open_drawn(page, FILLER)
    page.until(lambda: page.text(DOT) == "Live", "live")
    area = page.find(f"#{trend.GRAPH} .nsewdrag")
    drag = ActionChains(page.driver).move_to_element(area).click_and_hold()
    drag.move_by_offset(30, 0).move_by_offset(50, 0).pause(0.3).release().perform()
    page.until(lambda: "from=20" in page.driver.current_url, "the zoom is in the address")
    page.until(lambda: page.text(DOT) == "Not live", "a past range is not live")
    page.driver.back()
    page.until(lambda: page.text(DOT) == "Live", "back is live again")
    assert page.complaints() == []


def test_signals_of_the_whole_plant_are_found_and_drawn(page: Page) -> None:
    open_drawn(page, FILLER + "&sel=filler-1.speed")
    page.run("document.getElementById(arguments[0] + '-title').closest('header').querySelector('summary').click()", trend.PANEL)
    page.find(f"#{picker.SOUGHT}").send_keys("chiller power")
    page.until(lambda: "chiller-1" in page.text(f"#{picker.PICKER}"), "the whole plant is searched")
    choose = f"[...document.querySelectorAll('#{picker.PICKER} button')].find(l => l.innerText.includes('chiller-1')).click()"
    page.run(choose)
    page.until(lambda: "chiller-1." in page.driver.current_url, "the choice is in the address")
    page.until(lambda: chart(page, "g.layout.annotations.length") == 4, "both are drawn")
    assert page.barriers() == []


def test_the_numbers_behind_the_chart_can_be_read(page: Page) -> None:
    open_drawn(page, FILLER + "&from=now-10m&sel=filler-1.fill_weight")
    menu(page, "Table")
    page.until(lambda: "Fill weight" in page.text(f"#{panel.ROWS_BODY}"), "the table holds the values")
    assert page.barriers() == []
    assert "Trend, " in page.run("return document.getElementById(arguments[0]).textContent", trend.SUMMARY)


def test_without_answers_everything_looks_old_and_the_clock_stands(page: Page) -> None:
    open_drawn(page, FILLER)
    page.until(lambda: page.text(DOT) == "Live", "live")
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/live?*"]})
    page.until(lambda: page.text(DOT).startswith("Disconnected since"), "the dot is crossed")
    stood = page.text(f"#{live.CLOCK}")
    assert page.all("body.not-live")
    assert page.text(f"#{live.CLOCK}") == stood
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    page.until(lambda: page.text(DOT) == "Live", "live again")


def test_a_source_that_stops_makes_rows_and_trend_look_old_until_it_returns(page: Page, plant: Running) -> None:
    open_drawn(page, CHILLER + "&from=now-10m")
    old = f"#{panel.body_id(trend.PANEL)}.is-stale"
    page.until(lambda: not page.all(old), "the trend is fresh first", 120)
    stopped = plant.command("plant", "fault", "disconnect", "chiller-1")
    assert stopped.returncode == 0, stopped.stderr
    try:
        page.until(lambda: page.all(".now-row.is-stale"), "rows are hatched", 240)
        page.until(lambda: page.all(old), "the trend is hatched", 240)
        assert "Last update" in page.run("return document.querySelector(arguments[0]).dataset.words", old)
        page.until(lambda: "No fresh data" in page.text(f"#{machine.SENTENCE}"), "the sentence says so", 30)
    finally:
        plant.command("plant", "fault", "clear", "chiller-1")
    page.until(lambda: not page.all(old), "fresh again", 240)
