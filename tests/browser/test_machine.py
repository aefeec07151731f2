"""The machine page in a real browser: ranges, choosing signals, what the pointer is told, tablet, what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from components import events, machine, panel, picker, trend
from tests.browser.page import Page
from tests.browser.test_frame import at_rest
from tests.browser.test_trend import chart, open_drawn

pytestmark = pytest.mark.browser

PRESS = "/machine?at=acme/dublin/solid-dose/press-2"
MENU = "document.querySelector('.pl-pick').parentElement.open"
EMPTY = f"#{trend.EMPTY}"
FUTURE = "&from=2099-01-01T00:00Z&to=2099-01-02T00:00Z"
PAST = "&from=2020-01-01T00:00Z&to=2020-01-02T00:00Z"


def change(page: Page, **values: Any) -> None:
    """Change the range in the address as a link would: `start`, `to`."""
    page.run("plant.address.change(arguments[0])", {"from" if name == "start" else "to": at for name, at in values.items()})


def choose(page: Page, name: str) -> None:
    """Press a row of the picker."""
    page.run(f"document.querySelector('#{picker.PICKER} [data-tag=\"{name}\"]').click()")


def test_states_and_events_follow_the_range_of_the_page(page: Page) -> None:
    open_drawn(page, PRESS)
    page.until(lambda: page.text(f"#{panel.sub_id(machine.STATE)}").startswith("Last 8 hours"), "the heading says the range")
    change(page, start="now-1h")
    for name in (machine.STATE, machine.EVENTS):
        page.until(lambda name=name: page.text(f"#{panel.sub_id(name)}").startswith("Last hour"), f"{name} follows")
    assert len(page.all(".ev li")) <= events.MOST_EVENTS
    assert page.complaints() == []


@pytest.mark.parametrize("search", [FUTURE, PAST])
def test_a_range_without_data_is_quiet_and_leads_to_the_newest(page: Page, search: str) -> None:
    page.sign_in("engineer")
    page.open(PRESS + search)
    at_rest(page)
    page.until(lambda: "No measurements between" in page.text(EMPTY), "the panel says so")
    time.sleep(2)
    assert page.complaints() == []
    page.find(f"{EMPTY} a").click()
    page.until(lambda: (chart(page, "g.data[0].x.length") or 0) > 2, "the newest data are drawn")
    assert page.text(EMPTY) == ""
    change(page, start="2099-01-01T00:00Z", to="2099-01-02T00:00Z")
    page.until(lambda: "No measurements between" in page.text(EMPTY), "and empty again")
    assert page.complaints() == []


def test_several_signals_are_chosen_in_a_row_under_the_words_sought(page: Page) -> None:
    open_drawn(page, PRESS + "&sel=press-2.turret_speed")
    page.run(f"{MENU} = true")
    page.find(f"#{picker.SOUGHT}").send_keys("chiller")
    page.until(lambda: page.all(f"#{picker.PICKER} [data-tag='chiller-1.flow']"), "the plant is searched")
    for number, name in enumerate(("chiller-1.flow", "chiller-1.power"), start=2):
        choose(page, name)
        page.until(lambda n=number: chart(page, "g.layout.annotations.length") == 2 * n, f"{name} is drawn")
    assert page.run(f"return document.getElementById('{picker.SOUGHT}').value") == "chiller"
    assert page.run(f"return {MENU}")
    assert page.all(f"#{picker.PICKER} [data-tag='chiller-1.supply_temperature']"), "what was found is still listed"
    pressed = page.all(f"#{picker.PICKER} [aria-pressed=true]")
    assert {b.get_attribute("data-tag") for b in pressed} == {"press-2.turret_speed", "chiller-1.flow", "chiller-1.power"}


def test_the_pointer_is_told_value_unit_time_age_and_batch(page: Page) -> None:
    open_drawn(page, PRESS + "&from=now-24h&sel=press-2.tablet_weight")
    chart(page, "Plotly.Fx.hover(g, {xval: (g.layout.xaxis.range[0] + 2 * g.layout.xaxis.range[1]) / 3}, ['xy'])")
    label = "return [...document.querySelectorAll('#trend .hoverlayer text')].map(e => e.textContent).join('|')"
    said = page.until(lambda: page.run(label), "the label is drawn")
    assert "Tablet weight 2" in said
    assert " mg" in said
    assert " ago" in said
    assert "Batch B" in said


def test_old_content_is_dimmed_while_a_new_range_takes_its_time(page: Page) -> None:
    open_drawn(page, PRESS)
    busy = "return [...document.querySelectorAll('.pl-live-tab .pl-body')].map(b => b.getAttribute('aria-busy'))"
    shown = "return getComputedStyle(document.getElementById('trend-holder')).opacity"
    page.until(lambda: set(page.run(busy)) == {"false"}, "everything is there")
    page.driver.execute_cdp_cmd("Network.enable", {})
    slow = {"offline": False, "latency": 1500, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    change(page, start="now-2h")
    page.until(lambda: set(page.run(busy)) == {"true"}, "every panel is busy", 5)
    page.until(lambda: float(page.run(shown)) < 1, "old content is dimmed", 5)
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow | {"latency": 0})
    page.until(lambda: set(page.run(busy)) == {"false"} and float(page.run(shown)) == 1, "and clear again")
    ticks = [page.run(busy) for _ in range(20) if time.sleep(0.3) is None]
    assert {state for tick in ticks for state in tick} == {"false"}, "live ticks do not flicker"


def test_on_a_tablet_everything_to_touch_is_48_px_high(page: Page) -> None:
    page.resize(820, 1180)
    open_drawn(page, PRESS)
    page.run(f"{MENU} = true")
    page.until(lambda: page.all(".now-row") and page.all(f"#{picker.PICKER} button"), "rows are there")
    touched = f".now-row, .ev li, .pl-live-tab .pl-ctl, .tabs a, #{picker.PICKER} button, #{picker.SOUGHT}"
    low = page.run(
        "return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent)"
        ".map(e => [e.className, e.getBoundingClientRect().height]).filter(([, height]) => height < 48)",
        touched,
    )
    assert low == []
    assert page.barriers() == []


def test_what_is_outside_the_own_part_is_one_panel(page: Page) -> None:
    page.sign_in("operator")
    for path in ("acme/dublin/solid-dose/press-2", "acme/dublin/solid-dose/nothing"):
        page.open(f"/machine?at={path}")
        page.until(lambda p=path: f"You need the right “See signals” at {p}." in page.text("#main"), "the right is named")
        assert len([section for section in page.all("#main section") if section.is_displayed()]) == 1
    page.find(f"#{machine.REFUSED} a").click()
    page.until(lambda: "/location" in page.driver.current_url, "the way home")
    assert page.complaints() == []
