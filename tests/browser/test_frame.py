"""What every page shares, in a real browser: sign in, the way down and back, theme, keyboard, screens, barriers."""

from __future__ import annotations

import re

import pytest

from components.landing import landing
from engine.access import ROLES
from tests.browser.page import Page

pytestmark = pytest.mark.browser

FILLER = "/machine?at=acme/dublin/filling/line-1/filler-1"


def at_rest(page: Page) -> None:
    """The page has drawn what it will draw."""
    page.until(lambda: page.text("h1") and not page.all(".sk") and page.all("#tree .nd"), "the page is drawn", 60)


def test_a_wrong_password_is_refused_with_one_sentence_and_a_right_one_leads_on(page: Page) -> None:
    page.open("/machine?at=acme/dublin")
    assert "/login?next=" in page.driver.current_url
    assert page.complaints() == []
    page.find("input[name=user]").send_keys("engineer")
    page.find("input[name=password]").send_keys("wrong\n")
    page.until(lambda: "not right" in page.text("[role=alert]"), "the error is shown")
    assert page.barriers() == []
    page.find("input[name=user]").clear()
    page.find("input[name=user]").send_keys("engineer")
    page.find("input[name=password]").send_keys("demo\n")
    page.until(lambda: "/machine?at=acme/dublin" in page.driver.current_url, "sign in leads to the page that was asked for")


def test_demo_buttons_sign_in(page: Page) -> None:
    page.open("/login")
    page.find("#demo-quality").click()
    page.until(lambda: page.text("h1"), "a page is there")
    assert page.run("return location.pathname") == landing({"quality"}, ROLES["quality"], None)


def test_from_the_site_to_a_machine_and_back(page: Page) -> None:
    page.sign_in("engineer")
    page.open("/location?at=acme/dublin&from=now-24h")
    at_rest(page)
    for place in ("Sterile filling", "Line 1 Vials", "Vial filler 1"):
        page.until(lambda place=place: _press(page, place), f"{place} can be chosen")
        page.until(lambda place=place: page.text("h1") == place, f"{place} is open")
        assert "from=now-24h" in page.driver.current_url
    assert "/machine?at=acme/dublin/filling/line-1/filler-1" in page.driver.current_url
    page.driver.back()
    page.until(lambda: page.text("h1") == "Line 1 Vials", "back leads up")
    page.driver.back()
    page.until(lambda: page.text("h1") == "Sterile filling", "back leads up again")
    page.driver.forward()
    page.until(lambda: page.text("h1") == "Line 1 Vials", "forward leads down")
    page.run("[...document.querySelectorAll('#breadcrumb a')].find(a => a.textContent === 'Dublin').click()")
    page.until(lambda: page.text("h1") == "Dublin", "the breadcrumb leads up")
    assert page.complaints() == []


def _press(page: Page, name: str) -> bool:
    """Press the link of a place in the table."""
    script = "const a = [...document.querySelectorAll('.pl-grid a')].find(a => a.textContent === arguments[0]);"
    script += "a?.click(); return !!a"
    return bool(page.run(script, name))


def test_the_address_is_the_view(page: Page) -> None:
    page.sign_in("engineer")
    page.open(FILLER + "&from=now-30d&sel=filler-1.speed")
    at_rest(page)
    page.until(lambda: page.text("#range-label").startswith("Last 30 days"), "the range is the one asked for")
    page.until(lambda: page.run("return document.querySelectorAll('#trend .ytitle, #trend .annotation').length") >= 1, "drawn")
    assert page.run("return document.querySelectorAll('#trend-picker [aria-pressed=true]').length") == 1


def test_a_wrong_address_is_told_and_the_page_works(page: Page) -> None:
    page.sign_in("engineer")
    page.open(FILLER + "&from=yesterday&colour=<img src=x onerror=alert(1)>")
    at_rest(page)
    page.until(lambda: "“yesterday” is not a time." in page.text("#asked"), "the notice is shown")
    assert page.text("h1") == "Vial filler 1"


def test_a_place_that_does_not_exist_says_so(page: Page) -> None:
    page.sign_in("engineer")
    page.open("/machine?at=acme/atlantis")
    page.until(lambda: "There is no place “acme/atlantis” that you may see." in page.text("#main"), "the page says so")
    page.open("/machine?at=<script>alert(1)</script>")
    page.until(lambda: "There is no place “<script>" in page.text("#main"), "a strange one is told as it was written")


def test_the_theme_follows_the_system_until_a_person_chooses(page: Page) -> None:
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    page.sign_in("engineer")
    page.open(FILLER)
    at_rest(page)
    page.until(lambda: _ink(page) == "#E6EAEE", "the chart is dark as the system is")
    page.find("#user-menu summary").click()
    page.find("[data-theme=light]").click()
    page.until(lambda: _ink(page) == "#1B232B", "the chart is light")
    assert page.run("return document.documentElement.dataset.bsTheme + document.body.dataset.agThemeMode") == "lightlight"
    page.driver.refresh()
    at_rest(page)
    page.until(lambda: _ink(page) == "#1B232B", "the choice is kept")


def _ink(page: Page) -> str:
    return str(page.run("return document.querySelector('#trend .js-plotly-plot')?.layout?.template?.layout?.font?.color"))


def test_the_keyboard_does_what_the_help_says(page: Page) -> None:
    page.sign_in("engineer")
    page.open(FILLER)
    at_rest(page)
    page.until(lambda: page.text("#live-dot") == "Live", "live")
    _key(page, "?")
    page.until(lambda: page.run("return document.getElementById('help').open"), "help opens")
    _key(page, "\ue00c")
    page.until(lambda: not page.run("return document.getElementById('help').open"), "Escape closes it")
    _key(page, "[")
    page.until(lambda: "to=" in page.driver.current_url, "the range before")
    _key(page, "]")
    page.until(lambda: "to=" not in page.driver.current_url, "and back to now")
    _key(page, "l")
    page.until(lambda: page.text("#live-dot") == "Not live", "the live lock")
    _key(page, "t")
    page.until(lambda: page.run("return document.getElementById('range-menu').open"), "the range menu")
    _key(page, "\ue00c")
    _key(page, "/")
    page.until(lambda: page.run("return document.getElementById('palette').open"), "the search")
    _key(page, "\ue00c")
    page.until(lambda: not page.run("return document.getElementById('palette').open"), "Escape closes it")
    page.find("#tree-filter").click()
    page.driver.switch_to.active_element.send_keys("chiller")
    page.until(lambda: "Chiller 1" in page.text("#tree") and "Vial filler 1" not in page.text("#tree"), "the tree is filtered")
    _key(page, "\ue00c")
    page.until(lambda: "Vial filler 1" in page.text("#tree") and not page.find("#tree-filter").get_property("value"), "Escape")
    page.run("document.activeElement.blur()")
    _key(page, "g")
    _key(page, "p")
    page.until(lambda: page.text("h1") == "Vial filler 1" and "/location" in page.driver.current_url, "g p: the place")
    page.run("document.querySelector('.pl-panel.is-main').requestFullscreen = function () { window.filled = this.className; }")
    _key(page, "f")
    page.until(lambda: "is-main" in (page.run("return window.filled") or ""), "f: the main panel")


def test_the_help_lists_every_key_that_does_something_and_no_other(page: Page) -> None:
    page.sign_in("engineer")
    at_rest(page)
    page.until(lambda: page.all(".pl-keys tr"), "the keys are listed")
    bound = set(page.run("return [...document.querySelectorAll('[data-key]')].map(e => e.dataset.key)"))
    bound |= {f"g {go}" for go in page.run("return [...document.querySelectorAll('[data-go]')].map(e => e.dataset.go)")}
    rows = page.run("return [...document.querySelectorAll('.pl-keys td:first-child')].map(k => k.innerHTML)")
    listed = {" ".join(re.findall(r"<kbd>(.*?)</kbd>", row)) for row in rows}
    assert listed == bound | {"f", "Esc", "Ctrl K", "↑ ↓ ← →"}


def test_on_a_small_screen_the_filter_is_found_and_escape_closes_the_tree(page: Page) -> None:
    page.resize(820, 1180)
    page.sign_in("engineer")
    at_rest(page)
    page.find(".pl-bottom [data-do=nav]").click()
    page.until(lambda: page.find("#tree-filter").is_displayed(), "the tree opens")
    _key(page, "\ue00c")
    page.until(lambda: not page.find(".pl-nav").is_displayed(), "Escape closes it")


def test_times_are_typed_and_sent_with_enter(page: Page) -> None:
    page.sign_in("engineer")
    at_rest(page)
    page.find("#range-menu summary").click()
    for field, value in (("#range-from", "2026-11-17 08:00"), ("#range-to", "2026-11-17 09:30")):
        page.find(field).send_keys("\ue009a\ue000")
        page.find(field).send_keys(value)
    page.find("#range-to").send_keys("\ue007")
    page.until(lambda: "Tue 17 Nov" in page.text("#range-label") and "08:00–09:30" in page.text("#range-label"), "the range")


def _key(page: Page, key: str) -> None:
    page.driver.switch_to.active_element.send_keys(key)


def test_the_tree_is_walked_with_the_arrow_keys(page: Page) -> None:
    page.sign_in("engineer")
    page.open("/location?at=acme/dublin")
    at_rest(page)
    page.run("document.querySelector('#tree [aria-current=page]').focus()")
    _key(page, "\ue015")  # down
    page.until(lambda: page.run("return document.activeElement.innerText") == "Sterile filling", "the next place")
    _key(page, "\ue014")  # right: opens
    page.until(lambda: page.run("return document.activeElement.getAttribute('aria-expanded')") == "true", "it opens")
    _key(page, "\ue014")
    page.until(lambda: page.run("return document.activeElement.innerText") == "Line 1 Vials", "its first child")
    _key(page, "\ue012")
    page.until(lambda: page.run("return document.activeElement.innerText") == "Sterile filling", "left goes up")


@pytest.mark.parametrize(
    "path",
    ["/location?at=acme/dublin/filling", FILLER, "/machine?at=acme/dublin/filling/room-a1", "/machine?at=acme/x", "/location"],
)
def test_no_barriers_no_complaints_and_nothing_is_wider_than_the_screen(page: Page, path: str) -> None:
    page.sign_in("engineer")
    for width in (320, 390, 820, 1280, 1920):
        page.resize(width, 900)
        page.open(path)
        at_rest(page)
        page.until(lambda: page.run("return document.querySelector('#clock').textContent"), "live answers arrive")
        assert page.run("return document.documentElement.scrollWidth - window.innerWidth") <= 0, f"at {width} px"
        for theme in ("light", "dark") if width >= 820 else ():
            page.choose_theme(theme)
            assert page.barriers() == [], f"{theme}, at {width} px"
    assert page.complaints() == []


@pytest.mark.parametrize(
    ("path", "most"), [("/overview?at=acme/dublin", 350), (FILLER, 450), ("/location?at=acme/dublin", 250)]
)
def test_dash_keeps_few_elements_of_a_page(page: Page, path: str, most: int) -> None:
    """Each of them is told of every change (components/still.py): the work of a page grows with their square."""
    page.sign_in("engineer")
    page.open(path)
    at_rest(page)
    page.until(lambda: page.run(ELEMENTS) > 100, "Dash has the page")
    assert page.run(ELEMENTS) < min(most, page.run("return document.body.getElementsByTagName('*').length"))


ELEMENTS = """
    const count = e => Array.isArray(e) ? e.reduce((n, one) => n + count(one), 0) : e?.props ? 1 + count(e.props.children) : 0;
    return count(window.dash_stores[0].getState().layout.components)"""


def test_two_roles_see_their_part_and_leave(page: Page) -> None:
    page.sign_in("manager")
    at_rest(page)
    assert "Solid dose" in page.text("#tree")
    page.find("#user-menu summary").click()
    page.find("#sign-out").click()
    page.until(lambda: "/login" in page.driver.current_url, "signed out")
    page.sign_in("operator")
    at_rest(page)
    assert "Line 1" in page.text("h1")
    assert "Solid dose" not in page.text("#tree")
    page.open("/machine?at=acme/dublin/solid-dose/press-2")
    page.until(lambda: "There is no place" in page.text("#main"), "the foreign machine does not exist for the operator")
    assert not page.all(".now-row")
    page.driver.delete_all_cookies()
    page.open("/location")
    page.until(lambda: "/login" in page.driver.current_url, "without a session nothing is shown")


def test_paper_is_light_and_without_the_frame(page: Page) -> None:
    page.sign_in("engineer")
    page.open(FILLER)
    at_rest(page)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert page.run("return getComputedStyle(document.querySelector('.pl-nav')).display") == "none"
    assert page.run("return getComputedStyle(document.documentElement).getPropertyValue('--pl-bg-panel')").strip() == "#FFFFFF"
