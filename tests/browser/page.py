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


class Page:
    """A browser on one application."""

    def __init__(self, base: str, size: tuple[int, int] = (1280, 800)) -> None:
        self.base = base
        self.profile = tempfile.mkdtemp(prefix="plantglass-chromium-")
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={self.profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        self.driver = webdriver.Chrome(
            service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"), options=options
        )
        self.resize(*size)

    def close(self) -> None:
        """End the browser and remove its profile."""
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def resize(self, width: int, height: int) -> None:
        """Make the page area exactly this large."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        )

    def open(self, path: str) -> None:
        """Go to a path of the application."""
        self.driver.get(self.base + path)

    def sign_in(self, role: str) -> None:
        """Sign in as a demo role, by name and password as a person would."""
        self.driver.delete_all_cookies()
        self.open("/login")
        self.find("input[name=user]").send_keys(role)
        self.find("input[name=password]").send_keys("demo\n")
        self.until(lambda: "/login" not in self.driver.current_url, "the sign-in leads on")

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
