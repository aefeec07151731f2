"""One Chromium window, and what a test asks of it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from connectors.http.guard import COOKIE

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
)
AXE = Path(__file__).with_name("vendor") / "axe.min.js"


class Browser:
    """A Chromium that many tests share; each window of it starts without cookies, storage or tabs of the one before."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="plantglass-chromium-")
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={self._profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        self.driver = webdriver.Chrome(
            service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"), options=options
        )
        self.sessions: dict[tuple[str, str], str] = {}

    def window(self) -> None:
        """Go on in a window that nothing was done in."""
        before = self.driver.window_handles
        self.driver.switch_to.new_window("window")
        fresh = self.driver.current_window_handle
        for other in before:
            self.driver.switch_to.window(other)
            self.driver.close()
        self.driver.switch_to.window(fresh)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        self.driver.get_log("browser")

    def close(self) -> None:
        """End the browser and remove its profile."""
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)


class Page:
    """A fresh window of a browser, on one application."""

    def __init__(self, browser: Browser, base: str, size: tuple[int, int] = (1280, 800)) -> None:
        self.base, self.browser, self.driver = base, browser, browser.driver
        browser.window()
        self.resize(*size)

    def resize(self, width: int, height: int) -> None:
        """Make the page area exactly this large."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        )

    def open(self, path: str) -> None:
        """Go to a path of the application."""
        self.driver.get(self.base + path)

    def sign_in(self, role: str, *, anew: bool = False) -> None:
        """Be signed in as a demo role: by name and password as a person would, or with the session of an earlier test.

        Only `anew` leads to the page on which the role starts.
        """
        self.driver.delete_all_cookies()
        known = self.browser.sessions.get((self.base, role))
        if known and not anew:
            self.driver.execute_cdp_cmd("Network.setCookie", {"name": COOKIE, "value": known, "url": self.base})
            self.open("/")
            if "/login" not in self.driver.current_url:
                return
        self.open("/login")
        self.find("input[name=user]").send_keys(role)
        self.find("input[name=password]").send_keys("demo\n")
        self.until(lambda: "/login" not in self.driver.current_url, "the sign-in leads on")
        self.browser.sessions[self.base, role] = str(self.driver.get_cookie(COOKIE)["value"])  # type: ignore[index]

    def choose_theme(self, theme: str) -> None:
        """The theme of this page and of those opened next, as the user's menu chooses it."""
        self.run("window.plant.theme.choose(arguments[0])", theme)

    def find(self, css: str) -> WebElement:
        """The first element, waiting for it."""
        self.until(lambda: self.all(css), f"{css} is on the page")
        return self.all(css)[0]

    def all(self, css: str) -> list[WebElement]:
        """All elements that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """The text of the first such element."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def run(self, script: str, *values: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(script, *values)

    def until(self, holds: Callable[[], Any], what: str, limit_s: float = 30) -> Any:
        """Wait until something holds; fails with words, address and page text."""
        deadline = time.monotonic() + limit_s
        while True:
            try:
                answer = holds()
            except (StaleElementReferenceException, WebDriverException):
                answer = None
            if answer:
                return answer
            if time.monotonic() > deadline:
                body = str(self.run("return document.body.innerText"))[:1500]
                raise AssertionError(f"waited {limit_s} s in vain until {what}; at {self.driver.current_url}:\n{body}")
            time.sleep(0.1)

    def picture(self, file: Path) -> None:
        """Keep a picture of what is seen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(file))

    def complaints(self) -> list[str]:
        """Errors and warnings of the console since the last look, CSP violations included."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def barriers(self) -> list[str]:
        """Violations that axe finds, as `rule: target` (WCAG 2.2 A and AA)."""
        self.run(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
            ".then(r => done(r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ' ' + n.failureSummary))))"
        )
        return [str(item) for item in found]
