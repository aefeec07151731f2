"""The overview in Chromium: a manager reads it, an engineer goes down to the machine with the same range, by mouse and keys."""

from __future__ import annotations

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from components import overview
from components.panel import body_id
from tests.browser.page import Page
from tests.browser.running import Running

pytestmark = pytest.mark.browser

SITE = "/overview?at=acme/dublin&from=now-12h&cmp=before"
ROWS = f"#{body_id(overview.MATRIX)} .mx .r"
TILES = f"#{overview.TILES} .kpi_tile"


def open_site(page: Page, role: str, path: str = SITE) -> None:
    page.sign_in(role)
    page.open(path)
    page.until(lambda: len(page.all(TILES)) >= 5 and page.all(ROWS), "tiles and parts are there", 60)


def test_a_manager_starts_on_the_overview_and_every_tile_is_true(plant: Running, page: Page) -> None:
    page.sign_in("manager", anew=True)
    page.until(lambda: "/overview" in page.driver.current_url, "the manager's landing page is the overview")
    page.open(SITE)
    wanted = ["OEE", "Right first time", "Output against plan", "kWh per 1,000 units", "Active alarms", "Data coverage"]
    page.until(lambda: _said(page, ".lb") == wanted, "every tile has something behind it", 180)
    values = _said(page, ".v")
    assert all(any(char.isdigit() for char in value) for value in values), values
    assert page.complaints() == []


def _said(page: Page, part: str) -> list[str]:
    """A part of every tile, read at once: new data may replace the tiles at any time."""
    script = (
        "return Array.from(document.querySelectorAll(arguments[0])).map(e => e.querySelector(arguments[1]).innerText.trim())"
    )
    return [str(said) for said in page.run(script, TILES, part)]


def test_a_tile_opens_to_what_its_number_is_made_of(plant: Running, page: Page) -> None:
    open_site(page, "engineer")
    page.find("[data-kpi='oee'] .open").click()
    page.until(lambda: page.find("#kpi-oee").is_displayed(), "the explanation is open")
    said = page.text("#kpi-oee")
    assert all(
        part in said for part in ("Planned busy time", "Standing with a batch", "Unknown", "ISO 22400-2", "target".title())
    )
    ActionChains(page.driver).pause(7).perform()
    assert page.find("#kpi-oee").is_displayed(), "a beat of new data closed the explanation"
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until(lambda: not page.find("#kpi-oee").is_displayed(), "Escape closes it")


def test_by_keyboard_from_the_site_to_a_machine_with_the_range_kept(plant: Running, page: Page) -> None:
    open_site(page, "engineer")
    line = page.find(f"{ROWS} .rn a[href*='at=acme/dublin/packaging/line-1']")
    page.run("arguments[0].focus()", line)
    line.send_keys(Keys.ENTER)
    page.until(lambda: page.text(f"#{overview.TITLE}") == "Line 1 Blister", "the line is open")
    assert "from=now-12h" in page.driver.current_url
    machine = page.until(lambda: page.all(f"{ROWS} .rn a[href^='/machine']"), "its machines are listed")[0]
    name = machine.text
    page.run("arguments[0].focus()", machine)
    machine.send_keys(Keys.ENTER)
    page.until(lambda: "/machine" in page.driver.current_url and name in page.text("h1"), "the machine is open")
    assert "from=now-12h" in page.driver.current_url


def test_the_order_and_the_comparison_are_in_the_address(plant: Running, page: Page) -> None:
    open_site(page, "engineer")
    page.find(f"#{overview.ORDER} a:last-child").click()
    page.until(lambda: page.all(ROWS) and not page.all(f"{ROWS}.area"), "the parts stand worst first")
    assert "tab=worst" in page.driver.current_url
    page.find(f"#{overview.TOOLS} a:first-of-type").click()
    page.until(lambda: "cmp" not in page.driver.current_url, "last week is compared with")


def test_the_parts_are_a_table_and_a_file(plant: Running, page: Page) -> None:
    open_site(page, "engineer")
    page.find(f"section[aria-labelledby='{overview.MATRIX}-title'] summary").click()
    next(b for b in page.all(f"section[aria-labelledby='{overview.MATRIX}-title'] .it") if b.text == "Table").click()
    page.until(lambda: "Line 1 Blister" in page.text("#rows-shown"), "the rows are shown")
    assert "kWh per 1,000 units" in page.text("#rows-shown")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (820, 1180)])
def test_no_barriers_and_no_sideways_scrolling(plant: Running, page: Page, width: int, height: int) -> None:
    page.resize(width, height)
    page.sign_in("auditor")
    for path in (
        SITE,
        "/overview?at=acme/dublin/filling/line-1&from=now-8h",
        "/overview?at=acme/dublin&from=2020-01-01T00:00Z&to=2020-01-02T00:00Z",
    ):
        page.open(path)
        page.until(lambda: page.all(ROWS), "the parts are there", 60)
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth + 1")
        page.resize(width, 2600)  # whole: what lies half below a bar that stays is no small target
        for theme in ("light", "dark"):
            page.choose_theme(theme)
            assert page.barriers() == []
        page.resize(width, height)
    assert page.complaints() == []
