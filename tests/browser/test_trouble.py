"""What people see when something is away or not there: addresses without a page, the database, history still to come."""

from __future__ import annotations

import base64
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from db import embedded
from tests.browser.page import Browser, Page
from tests.browser.running import Running
from tests.browser.test_frame import FILLER, at_rest

pytestmark = pytest.mark.browser


def status_of(page: Page, path: str) -> int:
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in page.driver.get_cookies())
    asked = urllib.request.Request(page.base + path, headers={"Cookie": cookie, "Accept": "text/html"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_address_without_a_page_says_so_within_the_frame(page: Page) -> None:
    page.sign_in("engineer")
    page.open("/machines/press-2")
    page.until(lambda: page.text("h1") == "There is no such page", "the page says so")
    page.until(lambda: page.all("#tree .nd"), "the frame is there")
    assert page.barriers() == []
    assert (status_of(page, "/machines/press-2"), status_of(page, "/location")) == (404, 200)
    page.find("#main .pl-empty a").click()
    page.until(lambda: page.text("h1") == "Dublin", "the link leads to the start page")


def test_a_stranger_gets_the_door_and_learns_nothing_of_addresses(page: Page) -> None:
    page.open("/login")
    page.driver.delete_all_cookies()
    page.open("/machines/press-2")
    page.until(lambda: "/login?next=/machines/press-2" in page.driver.current_url, "the door")


@contextmanager
def no_database(plant: Running) -> Iterator[None]:
    """The plant's database stopped, and its supervisor held so that it does not start it again before the end."""
    folder = plant.folder / "postgres"
    embedded.start(folder)
    plant.process.send_signal(signal.SIGSTOP)
    try:
        embedded.stop(folder)
        yield
    finally:
        plant.process.send_signal(signal.SIGCONT)


def test_with_the_database_away_pages_say_so_and_recover(page: Page, plant: Running) -> None:
    place = "/location?at=acme/dublin/filling"
    page.sign_in("engineer")
    page.open(place)
    at_rest(page)
    page.until(lambda: page.text("#clock"), "live answers arrive")
    other = Browser()
    try:
        second = Page(other, page.base)
        second.open("/login")
        for cookie in page.driver.get_cookies():
            second.driver.add_cookie({"name": cookie["name"], "value": cookie["value"]})
        with no_database(plant):
            page.until(lambda: "The database does not answer since" in page.text("#away"), "the open page says so")
            assert page.text("#live-dot").startswith("Disconnected since")
            for theme, background in (("light", "rgb(227, 230, 233)"), ("dark", "rgb(20, 24, 29)")):
                second.run("localStorage.setItem('plantglass.theme', arguments[0])", theme)
                second.open(place)
                second.until(lambda: second.text("h1") == "The database does not answer", "a new page says so", 60)
                assert second.run("return getComputedStyle(document.body).backgroundColor") == background
                assert second.barriers() == []
            assert "socket" not in second.text("main")
            second.until(lambda: "still no answer" in second.text("#tries"), "it tries again by itself", 60)
        second.until(lambda: second.text("h1") == "Sterile filling", "the new page recovers by itself", 60)
    finally:
        other.close()
    page.until(lambda: not page.find("#away").is_displayed(), "the open page recovers", 60)
    page.until(lambda: page.text("#live-dot") == "Live", "and is live again")


def test_how_far_history_is_filled_in_stands_in_the_footer(page: Page) -> None:
    page.sign_in("engineer")
    at_rest(page)
    page.until(lambda: page.text("#clock"), "live answers arrive")
    page.run("window.fetch = () => new Promise(() => 0)")  # no answers but those below, once the last one is here

    def shows(filling: dict[str, object] | None, text: str) -> bool:
        more = {"filling": filling} if filling else {}
        page.run("plant.live.answer({now: Date.now() * 1000, revisions: {}, sources: [], ...arguments[0]})", more)
        line = page.find("#foot-filling")
        return line.text.strip() == text and line.is_displayed() == bool(text)

    known = {"filled": 43, "days": 90}
    running = known | {"state": "running", "message": ""}
    failed = known | {"state": "failed", "message": "the disk is full"}
    page.until(lambda: shows(running, "History: 43 of 90 days filled"), "progress is told")
    page.until(lambda: shows(failed, "History stopped at 43 of 90 days: the disk is full"), "failure is told")
    page.until(lambda: shows(None, ""), "nothing is told when all is there")


def test_paper_bears_what_it_shows_and_nothing_is_cut(page: Page) -> None:
    page.open("/login")
    page.run("localStorage.setItem('plantglass.theme', 'dark')")
    page.sign_in("engineer")
    page.open(FILLER + "&from=now-1h")
    at_rest(page)
    page.until(lambda: page.all("#trend .main-svg"), "the chart is drawn")
    page.run("window.addEventListener('beforeprint', () => { window.paper = chart_ink(); }); window.chart_ink = () =>"
             " document.querySelector('#trend .js-plotly-plot').layout.template.layout.font.color")  # fmt: skip
    sheet = page.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(sheet["data"]).startswith(b"%PDF")
    assert page.run("return window.paper") == "#1B232B"
    assert page.run("return chart_ink()") == "#E6EAEE"
    told = dict(zip(_texts(page, "#printed dt"), _texts(page, "#printed dd"), strict=True))
    assert told["Place"].endswith("Line 1 Vials › Vial filler 1")
    assert told["Time range"].startswith("Last hour GMT: 20")
    assert told["Time range"].endswith("(Europe/Dublin)")
    assert told["Printed"].endswith("by Demo engineer (engineer)")
    assert told["Address"] == page.driver.current_url
    assert "DEMO DATA" in told["Source"]
    fits = "const m = document.getElementById('main').style; return parseFloat(m.getPropertyValue('--pl-drawn'))"
    assert page.run(f"{fits} * parseFloat(m.getPropertyValue('--pl-paper'))") <= 700


def _texts(page: Page, css: str) -> list[str]:
    script = "return JSON.stringify([...document.querySelectorAll(arguments[0])].map(e => e.textContent))"
    return list(json.loads(page.run(script, css)))
