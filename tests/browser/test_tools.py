"""Palette, search, help, saved views, exports and role landing, by keyboard where a keyboard can do it."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from components.landing import landing
from engine.access import ROLES
from tests.browser.page import Page
from tests.browser.test_frame import at_rest

pytestmark = pytest.mark.browser

PLACES = "/location?at=acme/dublin/solid-dose"


@pytest.fixture
def engineer(page: Page) -> Page:
    page.sign_in("engineer")
    page.open(PLACES)
    at_rest(page)
    return page


def keys(page: Page, *pressed: str) -> None:
    page.driver.switch_to.active_element.send_keys(*pressed)


def open_palette(page: Page) -> None:
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
    page.until(lambda: page.run("return document.getElementById('palette').open"), "the palette is open")
    page.until(lambda: page.all("#palette-list [role=option]"), "it lists something")


def chosen(page: Page) -> str:
    return page.text("#palette-list [aria-selected=true] .l")


def test_a_machine_is_reached_by_keys_alone(engineer: Page) -> None:
    open_palette(engineer)
    assert engineer.barriers() == []
    keys(engineer, "press 2")
    engineer.until(lambda: chosen(engineer) == "Press 2", "the machine is found first")
    keys(engineer, Keys.ENTER)
    engineer.until(lambda: engineer.text("h1") == "Press 2", "its page is open")
    assert not engineer.run("return document.getElementById('palette').open")
    keys(engineer, "/")
    engineer.until(lambda: engineer.run("return document.getElementById('palette').open"), "/ searches")
    keys(engineer, Keys.ESCAPE)
    engineer.until(lambda: not engineer.run("return document.getElementById('palette').open"), "Escape closes")


def test_arrows_move_the_choice_round_and_an_action_is_done(engineer: Page) -> None:
    open_palette(engineer)
    first = chosen(engineer)
    keys(engineer, Keys.ARROW_DOWN)
    second = chosen(engineer)
    assert second != first
    assert engineer.run("return document.getElementById('palette-sought').getAttribute('aria-activedescendant')")
    keys(engineer, Keys.ARROW_UP)
    assert chosen(engineer) == first
    keys(engineer, "dark theme")
    engineer.until(lambda: chosen(engineer) == "Dark theme", "the action is found")
    keys(engineer, Keys.ENTER)
    engineer.until(lambda: engineer.run("return document.documentElement.dataset.bsTheme") == "dark", "the theme is dark")


def test_a_batch_leads_to_its_machine_and_time(engineer: Page) -> None:
    open_palette(engineer)
    keys(engineer, "b2")
    engineer.until(
        lambda: engineer.run("return document.querySelector('#palette-list .gh')?.textContent") == "Batches", "batches"
    )
    keys(engineer, Keys.ENTER)
    engineer.until(lambda: "/machine?at=" in engineer.driver.current_url, "the machine of the batch")
    assert "from=20" in engineer.driver.current_url


def test_pages_by_letters_and_keys_that_can_be_switched_off(engineer: Page) -> None:
    engineer.open("/help?doc=using")
    engineer.until(lambda: engineer.all("#document h2"), "a document is shown")
    assert engineer.barriers() == []
    keys(engineer, "g", "p")
    engineer.until(lambda: "/location" in engineer.driver.current_url, "g p leads to places")
    keys(engineer, "?")
    engineer.until(lambda: engineer.run("return document.getElementById('help').open"), "the help is open")
    assert "A place and what lies in it" in engineer.text("#about")
    assert engineer.barriers() == []
    engineer.find("#help [data-do=keys]").click()
    keys(engineer, Keys.ESCAPE)
    keys(engineer, "/")
    time.sleep(0.3)
    assert not engineer.run("return document.getElementById('palette').open")
    keys(engineer, "?")
    engineer.find("#help [data-do=keys]").click()


def test_a_view_is_saved_found_and_started_with(engineer: Page) -> None:
    engineer.find("[data-opens=saved]").click()
    engineer.until(lambda: engineer.run("return document.activeElement.id") == "saved-name", "the name has the focus")
    assert engineer.barriers() == []
    engineer.find("#saved-save").click()
    engineer.until(lambda: "needs a name" in engineer.text("#saved-told"), "a missing name is told")
    engineer.find("#saved-name").send_keys("Presses now")
    engineer.find("[data-value=saved-start]").click()
    engineer.find("#saved-save").click()
    engineer.until(lambda: not engineer.run("return document.getElementById('saved').open"), "it is saved")
    engineer.sign_in("engineer", anew=True)
    engineer.until(lambda: engineer.driver.current_url.endswith(PLACES), "signing in starts there")
    at_rest(engineer)
    engineer.run("document.querySelector('.pl-menu:has(.pl-user) summary').click()")
    engineer.find("[aria-label='Delete Presses now']").click()
    engineer.until(lambda: "Presses now" not in engineer.text("#saved-list"), "it is deleted")


def test_a_panel_leaves_as_table_csv_and_xlsx(engineer: Page, tmp_path: Path) -> None:
    engineer.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    menu(engineer, "Table")
    engineer.until(lambda: "Press 2" in engineer.text("#rows-shown"), "the table shows the rows")
    assert engineer.barriers() == []
    keys(engineer, Keys.ESCAPE)
    menu(engineer, "Save as CSV")
    text = engineer.until(lambda: saved(tmp_path, "csv"), "the CSV file is there").decode("utf-8-sig")
    assert text.startswith("# Shows: Places; Place: acme/dublin/solid-dose;")
    menu(engineer, "Save as XLSX")
    book = load_workbook(io.BytesIO(engineer.until(lambda: saved(tmp_path, "xlsx"), "the XLSX file is there")))
    assert book.sheetnames == ["Places", "About"]
    assert engineer.complaints() == []


def menu(page: Page, entry: str) -> None:
    """Choose an entry of the main panel's menu."""
    script = "const menu = document.querySelector('.pl-panel.is-main > header > .pl-menu:last-child'); menu.open = true;"
    page.run(script + "[...menu.querySelectorAll('.it')].find(b => b.textContent === arguments[0]).click()", entry)


def saved(folder: Path, form: str) -> bytes:
    found = list(folder.glob(f"*.{form}"))
    return found[0].read_bytes() if found else b""


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"engineer", "wall"}))
def test_each_role_starts_on_its_page(page: Page, role: str) -> None:
    page.sign_in(role, anew=True)
    page.until(lambda: page.text("h1"), "a page is there")
    assert page.run("return location.pathname") == landing({role}, ROLES[role], None)


def test_things_to_try_are_ticked_closed_and_shown_again(page: Page) -> None:
    page.sign_in("planner", anew=True)
    at_rest(page)
    page.until(lambda: "0 of 4 tried" in page.text("#welcome"), "the welcome is there")
    page.run("[...document.querySelectorAll('.pl-tasks .it')].find(a => a.textContent.includes('Walk down')).click()")
    page.until(lambda: "/location" in page.driver.current_url and page.text("#welcome") == "", "it leads there, alone")
    page.open("/overview")
    page.until(lambda: "1 of 4 tried" in page.text("#welcome"), "what was tried is ticked off")
    page.until(lambda: page.run("document.querySelector('#welcome-dismiss').click(); return true"), "it can be closed")
    page.until(lambda: page.text("#welcome") == "", "it is closed")
    page.open("/overview")
    at_rest(page)
    assert page.text("#welcome") == ""
    keys(page, "?")
    page.find("#welcome-restart").click()
    page.until(lambda: "0 of 4 tried" in page.text("#welcome"), "it is back")


def test_on_a_tablet_the_bottom_bar_has_five_large_targets_at_most(page: Page) -> None:
    page.resize(820, 1180)
    page.sign_in("engineer")
    page.open("/location")
    at_rest(page)
    targets = page.run("return [...document.querySelectorAll('.pl-bottom > *')].map(e => [e.offsetWidth, e.offsetHeight])")
    assert 2 <= len(targets) <= 5
    assert all(width >= 48 and height >= 48 for width, height in targets)
    assert page.barriers() == []
