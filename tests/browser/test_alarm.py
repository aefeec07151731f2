"""Alarms in Chromium: acknowledged by keyboard alone by who may, seen by who may not, and worn by the tree."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from components import location
from components.alarm import ids
from connectors.twin.state import Channel, Command
from tests.browser.page import Page
from tests.browser.running import Running

pytestmark = pytest.mark.browser

ROWS = "tr[data-alarm]"
OPEN = f"{ROWS}[data-unacked]"
JAMS = ("press-1", "press-2", "blister-1", "filler-1", "granulator-1")
"""Machines of which one at least produces at any hour."""


@pytest.fixture(scope="module")
def jammed(plant: Running) -> Iterator[Running]:
    """Machines abort, and the door of a clean room stands open: alarms come."""
    for machine in JAMS:
        order(plant, "fault", machine, "jam")
    order(plant, "fault", "room-b1", "door_open")
    yield plant
    for machine in (*JAMS, "room-b1"):
        order(plant, "clear", machine)


def order(plant: Running, do: str, machine: str, kind: str = "") -> None:
    """Write into the channel that `plantglass plant fault` writes into."""
    Channel(plant.folder).send(Command(uuid.uuid4().hex, time.time_ns() // 1000, do, machine, kind))


def press(page: Page, *keys: str) -> None:
    """Keys as a person presses them, wherever the focus is."""
    for key in keys:
        ActionChains(page.driver).send_keys(key).perform()


def open_list(page: Page, role: str) -> None:
    page.sign_in(role)
    page.open("/alarm")
    page.until(lambda: page.all(OPEN), "an alarm that nobody acknowledged is listed", 180)


def unacknowledged(page: Page) -> list[str]:
    found = page.run("return Array.from(document.querySelectorAll(arguments[0])).map(row => row.dataset.alarm)", OPEN)
    return [str(number) for number in found]


def chosen(page: Page) -> str:
    return str(page.run("return document.activeElement.closest('tr[data-alarm]')?.dataset.alarm ?? ''"))


def test_an_engineer_acknowledges_by_keyboard_alone_and_the_next_is_chosen(jammed: Running, page: Page) -> None:
    open_list(page, "engineer")
    page.until(lambda: len(unacknowledged(page)) >= 2, "two alarms are there", 180)
    press(page, "j")
    first = page.until(lambda: chosen(page), "the first row is chosen")
    press(page, Keys.ENTER)
    page.until(lambda: page.find(f"#{ids.SIDE}").is_displayed(), "the side panel is open")
    page.until(lambda: "What to do" in page.text(f"#{ids.SIDE}"), "the response is told")
    assert "sel=" in page.driver.current_url
    press(page, Keys.ESCAPE)
    page.until(lambda: not page.find(f"#{ids.SIDE}").is_displayed(), "Escape closes it")
    page.until(lambda: chosen(page) == first, "the row is still chosen")
    press(page, "a")
    page.until(lambda: chosen(page) not in ("", first), "the next alarm is chosen")
    page.until(lambda: first not in unacknowledged(page), "the first one is acknowledged")
    row = f"tr[data-alarm='{first}']"
    page.until(lambda: "engineer" in page.text(row) or "No longer" in page.text(row), "its row stays and says by whom")
    assert page.complaints() == []


def test_an_auditor_sees_alarms_and_has_no_way_to_acknowledge(jammed: Running, page: Page) -> None:
    open_list(page, "auditor")
    waiting = unacknowledged(page)
    assert page.all("[data-ack]") == []
    press(page, "j", "a")
    page.run("window.dash_clientside.set_props('alarm-ack', {data: {ids: [Number(arguments[0])], n: 99}})", waiting[0])
    page.until(lambda: any("403" in said for said in page.complaints()), "the server refuses what the page does not offer")
    assert "auditor" not in page.text("#alarm-list-body")
    press(page, Keys.ENTER)
    page.until(lambda: "What to do" in page.text(f"#{ids.SIDE}"), "the alarm is shown")
    assert not page.find(f"#{ids.FORM}").is_displayed()


def test_the_tree_and_the_top_bar_wear_the_alarms(jammed: Running, page: Page) -> None:
    open_list(page, "engineer")
    worn = f"#{location.TREE} .nd-alarm[title*='not acknowledged, here and below']"
    page.until(lambda: page.all(worn), "the tree wears an alarm and says its rule", 60)
    page.open("/location?at=acme/dublin")
    page.until(
        lambda: any(int(n.text or 0) for n in page.all(f"#{ids.COUNT} > span:not(.pl-sr)") if n.text.isdigit()), "counted"
    )
    page.find(f"#{ids.COUNT}").click()
    page.until(lambda: page.all(ROWS), "the count leads to the list")


def test_shelving_takes_a_reason_and_is_shown(jammed: Running, page: Page) -> None:
    open_list(page, "engineer")
    press(page, "j", Keys.ENTER)
    page.until(lambda: page.find(f"#{ids.SHELVES} button").is_displayed(), "the form is there")
    shelve = page.find(f"#{ids.SHELVES} button")
    shelve.send_keys(Keys.ENTER)
    page.until(lambda: "reason" in page.text(f"#{ids.SAID}"), "a reason is asked for")
    page.find(f"#{ids.REASON}").send_keys("sensor is being calibrated")
    shelve.send_keys(Keys.ENTER)
    page.until(lambda: "sensor is being calibrated" in page.text("#alarm-aside-body"), "it is shown below the list")
    page.until(lambda: page.find(f"#{ids.BACK}").is_displayed(), "it can be brought back")
    page.find(f"#{ids.REASON}").send_keys("calibrated")
    page.find(f"#{ids.BACK}").send_keys(Keys.ENTER)
    page.until(lambda: "sensor is being calibrated" not in page.text("#alarm-aside-body"), "it is no longer set aside")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (820, 1180)])
def test_the_page_has_no_barriers(jammed: Running, page: Page, width: int, height: int) -> None:
    page.resize(width, height)
    open_list(page, "engineer")
    for tab in ("live", "journal", "performance"):
        page.open(f"/alarm?at=acme/dublin&from=now-24h&tab={tab}")
        page.until(lambda: "Alarms of" in page.text(f"#{ids.TITLE}"), f"the tab {tab} is open")
        page.until(lambda: not [b for b in page.all("main .pl-sk") if b.is_displayed()], "the answers are there")
        for theme in ("light", "dark"):
            page.choose_theme(theme)
            assert page.barriers() == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth + 1")
