"""The wall display in a browser: issued by its form, alive, cut off, restarted, revoked; a day of it takes no memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from commands.opening import database_url
from db import location, wall
from db.store import Store
from engine.access import SYSTEM
from engine.wall.device import Playlist, Setting
from settings import Settings
from tests.bench.prepared import demo_site
from tests.browser.page import Browser, Page
from tests.browser.running import Running, free_port
from tests.conftest import new_database

pytestmark = pytest.mark.browser

HOME = "acme/dublin"
PICTURES = Path(".data/screenshots")
ROOT = Path(__file__).parents[2]
SKEWED = """(() => { const real = performance.now.bind(performance); window.skew = 0;
    performance.now = () => real() + window.skew; })()"""
DAY_S = 86_400


class Web:
    """A web process that a test may stop and start at the same address."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port, self._environment = free_port(), environment
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, application: str = "app:serve()") -> None:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread"]
        options = ["--threads", "4", "--log-level", "error", "--no-control-socket", application]
        environment = os.environ | self._environment
        self._process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, start_new_session=True)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/login", timeout=5).close()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the web process did not answer")

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its workers too: they would go on answering for a while
            self._process.wait(20)
            self._process = None


@pytest.fixture(scope="module")
def store(cluster: str, template: str) -> Iterator[Store]:
    """The demo site in a database of its own, where nothing is measured: for how a display behaves."""
    opened = demo_site(new_database(cluster, template))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def web(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web process on it, that a test may stop and start at the same address."""
    data = tmp_path_factory.mktemp("data")
    serving = Web({"PLANTGLASS_DATABASE_URL": store.url, "PLANTGLASS_DATA": str(data), "PLANTGLASS_DEMO": "true"})
    try:
        serving.start()
        yield serving
    finally:
        serving.stop()


@pytest.fixture
def screen(browser: Browser, web: Web) -> Page:
    """A wall-sized window whose clock for waiting can be moved on: `window.skew`."""
    opened = Page(browser, web.url, (1920, 1080))
    opened.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SKEWED})
    return opened


@pytest.fixture(scope="module")
def plant_store(plant: Running) -> Iterator[Store]:
    """The database of the running plant: for how a display looks."""
    opened = Store(database_url(Settings(data=plant.folder)))
    yield opened
    opened.close()


def issue(store: Store, **more: Any) -> tuple[int, str]:
    node = location.node_at(SYSTEM, store, more.pop("path", HOME)).id
    setting = Setting(**{"name": f"Hall {time.time_ns()}", "node_id": node, "screen_inches": 65, "distance_m": 5} | more)  # type: ignore[arg-type]
    with store.change("ada", "test") as change:
        return wall.issue(change, SYSTEM, setting, "ada")


def clock(page: Page) -> str:
    return page.text("[data-w=clock]")


def is_on(page: Page, mark: str) -> bool:
    return bool(page.run("return document.body.classList.contains(arguments[0])", mark))


@contextmanager
def cut(page: Page) -> Iterator[None]:
    """Pull the network cable."""
    conditions = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
    try:
        yield
    finally:
        again = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", again)


# ------------------------------------------------------------------ looks
@pytest.mark.parametrize(
    ("tiles", "inches", "distance", "theme"),
    [(8, 75, 4, "light"), (4, 65, 5, "dark"), (4, 65, 5, "light"), (3, 55, 6, "dark"), (2, 55, 8, "light")],
)
def test_every_layout_fits_its_screen_and_nothing_is_smaller_than_its_type(
    page: Page, plant_store: Store, tiles: int, inches: float, distance: float, theme: str
) -> None:
    screen = page
    screen.resize(1920, 1080)
    _, token = issue(plant_store, tiles=tiles, screen_inches=inches, distance_m=distance, theme=theme)
    screen.open(f"/wall/{token}")
    screen.until(lambda: clock(screen), "the clock shows")
    screen.picture(PICTURES / f"wall-{tiles}-{theme}.png")
    assert screen.complaints() == []
    assert screen.run("return document.documentElement.getAttribute('data-bs-theme')") == theme
    size = float(screen.run("return parseFloat(getComputedStyle(document.body).fontSize)"))
    from engine.wall.size import layout_of, least_px, type_px

    assert size == pytest.approx(type_px(layout_of(tiles), inches, distance), abs=0.5)
    smallest = screen.run(
        "return Math.min(...[...document.querySelectorAll('[data-w]')].filter(e => e.textContent && e.offsetParent)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= least_px(inches, distance) - 0.5
    over = screen.run(
        "return [...document.querySelectorAll('.wt, .w-hd, .w-all')].filter(e => e.scrollHeight > e.clientHeight + 1"
        " || e.scrollWidth > e.clientWidth + 1).map(e => e.className + ' ' + e.scrollHeight + '/' + e.clientHeight)"
    )
    assert over == []
    bottom = screen.run("return document.querySelector('.w-need').getBoundingClientRect().bottom")
    assert bottom <= 1080


FULL = """
    const words = document.body.dataset, slots = {}, stands = arguments[0] === "stopped";
    const put = (slot, value) => { slots[slot] = value; };
    for (let n = 0; n < 8; n++) {
        const t = "t" + n;
        put(t, { class: "wt p2" });
        put(t + ".call", { class: "pl-shape pl-shape--p2o" });
        put(t + ".name", { text: "Line 1 Blister" });
        put(t + ".big", { text: stands ? "59" : "88.8" });
        put(t + ".unit", { text: stands ? "min" : "%" });
        put(t + ".line", { text: stands ? "Machine aborted" : "OEE · target 70", class: stands ? "ln b" : "ln" });
        put(t + ".risk", { text: "Plorexan 50 mg film-coated", class: stands ? "ln risk" : "ln risk is-none" });
        put(t + ".sp", { class: stands ? "sp is-none" : "sp" });
        put(t + ".course", { points: "0,10 400,40" });
        put(t + ".batch", { text: "B2647P115" });
        put(t + ".done", { text: stands ? "at risk" : "100 %" });
        put(t + ".bar", { class: "wb", style: "--x:50%" });
    }
    for (let n = 0; n < 3; n++) {
        put("n" + n, { class: "" });
        put(`n${n}.shape`, { class: "pl-shape pl-shape--p1" });
        put(`n${n}.place`, { text: "Checkweigher 1" });
        put(`n${n}.text`, { text: "Temperature high, B2647P115 at risk" });
        put(`n${n}.who`, { text: "59 min · nobody yet" });
        put("al" + (n + 1), { class: "" });
        put("a" + (n + 1), { text: "12" });
    }
    put("say", { text: words.short ? "15 behind plan" : "15 points behind plan" });
    const same = { version: words.version, device: words.device, day: words.day, clock: "22:22:22" };
    window.plantWall.answer(Object.assign({ slots, dim: false, drift: [0, 0], passed: 0.5 }, same));
    const over = e => e.offsetParent && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1);
    const size = e => `${e.className} ${e.scrollHeight}/${e.clientHeight} ${e.scrollWidth}/${e.clientWidth}`;
    const found = [...document.querySelectorAll(".wt, .w-hd, .w-all, .w-need li")].filter(over).map(size);
    const bottom = document.querySelector(".w-need").getBoundingClientRect().bottom;
    return bottom > 1080 ? found.concat(["rows end at " + bottom]) : found;"""
"""Everything at its longest; gives what does not fit."""


@pytest.mark.parametrize("kind", ["stopped", "running"])
@pytest.mark.parametrize(("tiles", "inches", "distance"), [(8, 75, 4), (4, 65, 5), (3, 55, 6), (2, 55, 8)])
def test_the_fullest_board_fits(screen: Page, store: Store, tiles: int, inches: float, distance: float, kind: str) -> None:
    screen.open(f"/wall/{issue(store, tiles=tiles, screen_inches=inches, distance_m=distance)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    screen.run("document.body.dataset.short = arguments[0]", "1" if tiles == 2 else "")
    over = screen.run(FULL, kind)
    screen.picture(PICTURES / f"wall-full-{tiles}-{kind}.png")
    assert over == []


def test_axe_finds_no_barrier(screen: Page, store: Store) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    assert screen.barriers() == []


# ------------------------------------------------------------------ alive
def test_the_clock_is_the_servers_and_the_link_leaves_the_address(screen: Page, store: Store) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    assert screen.driver.current_url.endswith("/wall/display")
    first = screen.until(lambda: clock(screen), "the clock shows")
    screen.until(lambda: clock(screen) != first, "the clock goes on", 10)


def test_a_cut_hatches_the_tiles_then_the_frame_says_since_when_and_all_comes_back(screen: Page, store: Store) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    first = screen.until(lambda: clock(screen), "the clock shows")
    screen.until(lambda: clock(screen) != first, "it is alive", 10)
    with cut(screen):
        screen.until(lambda: is_on(screen, "is-late"), "tiles are hatched", 15)
        stood = clock(screen)
        assert not is_on(screen, "is-gone")
        screen.run("window.skew += 31000")
        screen.until(lambda: is_on(screen, "is-gone"), "the frame is there", 10)
        assert screen.text("[data-w=gone]") == f"NOT LIVE since {stood[:5]}"
        sizes = screen.run(
            "return [...document.querySelectorAll('[data-w]')].filter(e => e.textContent && e.offsetParent)"
            ".map(e => [parseFloat(getComputedStyle(e).fontSize), e.dataset.w])"
        )
        assert max(sizes)[1] == "gone"  # the largest words on the screen
        screen.picture(PICTURES / "wall-notlive.png")
        assert clock(screen) == stood or not clock(screen)  # hidden, and it stands
    screen.run("window.mark = 1")
    screen.until(lambda: screen.run("return window.mark === undefined"), "the page is loaded anew", 60)
    screen.until(lambda: clock(screen) and not is_on(screen, "is-gone"), "it is live", 20)


def test_a_server_that_is_killed_and_started_again_is_met_without_anybody(screen: Page, store: Store, web: Web) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    web.stop()
    try:
        screen.until(lambda: is_on(screen, "is-late"), "tiles are hatched", 15)
        screen.run("window.skew += 31000")
        screen.until(lambda: is_on(screen, "is-gone"), "the frame is there", 10)
        time.sleep(5)
        assert screen.driver.current_url.endswith("/wall/display")
        assert "NOT LIVE since" in screen.text("[data-w=gone]")  # never the browser's own error page
    finally:
        web.start()
    screen.until(lambda: clock(screen) and not is_on(screen, "is-gone"), "it is live again", 60)


def test_a_revoked_display_says_so_within_seconds(screen: Page, store: Store) -> None:
    number, token = issue(store)
    screen.open(f"/wall/{token}")
    screen.until(lambda: clock(screen), "the clock shows")
    with store.change("ada", "lost") as change:
        wall.revoke(change, SYSTEM, number, "ada")
    screen.until(lambda: is_on(screen, "is-off"), "it says so", 10)
    assert screen.text("[data-w=gone]").startswith("SWITCHED OFF")
    assert not screen.run("return getComputedStyle(document.querySelector('.w-all')).visibility === 'visible'")


def test_another_version_of_the_server_loads_the_page_anew(screen: Page, store: Store, web: Web) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    screen.run("window.mark = 1")
    web.stop()
    try:
        web.start("tests.browser.next_version:serve()")
        screen.until(
            lambda: screen.run("return document.body.dataset.version") == "99.0.0", "the new version's page is there", 60
        )
        assert screen.run("return window.mark === undefined")
        screen.until(lambda: clock(screen) and not is_on(screen, "is-gone"), "it is live")
    finally:
        web.stop()
        web.start()


def test_a_server_that_never_agrees_is_not_asked_for_the_page_all_the_time(screen: Page, store: Store) -> None:
    screen.open(f"/wall/{issue(store)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    screen.run("sessionStorage.setItem('reloaded', String(Date.now())); sessionStorage.setItem('wait', '600000');")
    screen.run("window.mark = 1; document.body.dataset.version = '0.0.1'")
    first = clock(screen)
    screen.until(lambda: clock(screen) != first, "it goes on showing", 10)
    time.sleep(2)
    assert screen.run("return window.mark") == 1


def test_slides_show_their_time_and_night_dims(screen: Page, store: Store) -> None:
    from engine.wall.device import clock_of

    playlist = Playlist(20, ("overview", f"{HOME}/packaging"))
    _, token = issue(store, playlist=playlist, dim_from=clock_of("0:00"), dim_to=clock_of("23:59"))
    screen.open(f"/wall/{token}")
    screen.until(lambda: is_on(screen, "is-dim"), "it is dimmed", 10)
    assert screen.run("return getComputedStyle(document.querySelector('.w-all')).filter") == "brightness(0.4)"
    width = screen.run("return document.querySelector('[data-w=turn]').style.width")
    screen.until(lambda: screen.run("return document.querySelector('[data-w=turn]').style.width") != width, "time passes", 10)


# ------------------------------------------------------------------ a day
def test_a_day_of_answers_takes_no_memory(screen: Page, store: Store) -> None:
    """24 hours of answers, each other than the last, through the same door that the request uses."""
    screen.open(f"/wall/{issue(store)[1]}")
    screen.until(lambda: clock(screen), "the clock shows")
    live = """
        const words = document.body.dataset, names = [...document.querySelectorAll('[data-w]')].map(e => e.dataset.w);
        const texts = names.filter(n => /\\.(big|line|name|text|who|batch|done)$|^(say|age|place)$/.test(n));
        window.runDay = (from, to) => { for (let s = from; s < to; s++) {
            const slots = {};
            for (const n of texts) slots[n] = { text: n + ' ' + s };
            slots['t0.course'] = { points: '0,' + s % 50 + ' 400,20' };
            const two = n => String(n).padStart(2, '0');
            const clock = two(s / 3600 | 0) + ':' + two((s / 60 | 0) % 60) + ':' + two(s % 60);
            const same = { version: words.version, device: words.device, day: words.day };
            const moved = { dim: s % 3600 < 60, drift: [s % 9, s % 7], passed: (s % 30) / 30 };
            window.plantWall.answer(Object.assign({ clock, slots }, same, moved));
        } };"""
    screen.run(live)
    screen.run("window.runDay(0, 2000)")
    before = heap(screen)
    for begin in range(2000, DAY_S, 14_067):
        screen.run("window.runDay(arguments[0], arguments[1])", begin, min(begin + 14_067, DAY_S))
    after = heap(screen)
    assert after["nodes"] == before["nodes"]
    assert after["used"] - before["used"] < 300_000, (before, after)


def heap(page: Page) -> dict[str, float]:
    page.driver.execute_cdp_cmd("HeapProfiler.enable", {})
    for _ in range(3):
        page.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    used = page.driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
    return {"used": used, "nodes": page.run("return document.getElementsByTagName('*').length")}


# ------------------------------------------------------------------ the form
def test_an_administrator_issues_previews_and_revokes_a_display(plant: Running, page: Page) -> None:
    page.resize(1280, 1000)
    page.sign_in("admin")
    page.open(f"/walls?at={HOME}")
    page.find("[data-opens=wall-new]").click()
    page.until(lambda: "Type of" in page.text("#wall-note"), "the type size is told")
    fill(page, "#wall-name", "Canteen")
    fill(page, "#wall-distance", "6")
    choose(page, "#wall-tiles", "8 tiles")
    page.until(lambda: "8 tiles leave room for type of 33 px" in page.text("#wall-note"), "the layout is refused")
    page.picture(PICTURES / "walls-refused.png")
    choose(page, "#wall-place", HOME)
    fill(page, "#wall-reason", "new screen")
    page.find("#wall-issue").click()
    page.until(lambda: "8 tiles leave room" in page.text("#wall-new-body-failed"), "it is not issued")
    choose(page, "#wall-tiles", "3 tiles")
    page.find("#wall-issue").click()
    link = page.until(lambda: page.text("#wall-new-body .adm-secret"), "the link is shown once")
    page.picture(PICTURES / "walls-issued.png")
    assert link.startswith(f"{plant.url}/wall/")
    page.open(f"/walls?at={HOME}")
    page.until(lambda: "Canteen" in page.text("#wall-devices-body"), "it is in the list")
    assert "Never opened" in page.text("#wall-devices-body")
    page.picture(PICTURES / "walls.png")
    assert page.complaints() == []
    assert page.barriers() == []


def fill(page: Page, css: str, text: str) -> None:
    field = page.find(css)
    field.clear()
    field.send_keys(text + "\t")


def choose(page: Page, css: str, label: str) -> None:
    """Choose an entry of a drop-down list."""
    page.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", css)
    page.find(css).click()
    found = (
        f"//*[@role='option' or contains(@class,'dash-dropdown-option') or contains(@class,'dash-options-list-option')]"
        f"[normalize-space()='{label}']"
    )
    WebDriverWait(page.driver, 20).until(lambda d: d.find_elements(By.XPATH, found))[0].click()
