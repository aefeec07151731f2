"""`plantglass run` and `plantglass demo`: one supervisor that starts web, worker and (demo) the virtual plant.

The children meet in the database only. A child that ends is started again, with growing pauses; when the
supervisor ends, for whatever reason, its children end too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commands import listening
from commands.opening import database_url, open_store
from db import embedded
from engine.errors import Unavailable

if TYPE_CHECKING:
    from argparse import Namespace

    from settings import Settings

LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
STOP_S = 15.0
LOOK_S = 5.0


def add(parsers: Any) -> None:
    """Declare the commands."""
    parsers.add_parser("run", help="start everything: web, worker").set_defaults(run=run)
    demo = parsers.add_parser("demo", help="start everything with a simulated plant and demo accounts")
    demo.set_defaults(run=run_demo)
    demo.add_argument("--days", type=int, help="days of history to fill in (default: PLANTGLASS_DEMO_DAYS)")


def run(arguments: Namespace, settings: Settings) -> int:
    """Serve a real site: demo accounts are switched off."""
    _check_folder(settings)
    listening.check([listening.web(settings)])
    from commands.access import switch_off_demo

    store = open_store(settings)
    switch_off_demo(store)
    store.close()
    return _supervise([Child("web"), Child("worker")], settings)


def run_demo(arguments: Namespace, settings: Settings) -> int:
    """Serve the simulated site, after putting it into an empty database."""
    _check_folder(settings)
    listening.check([listening.web(settings), *listening.plant(settings)])
    from commands.demo import prepare

    settings = settings.model_copy(update={"demo": True})
    os.environ["PLANTGLASS_DEMO"] = "true"
    prepare(settings, settings.demo_days if arguments.days is None else arguments.days)
    return _supervise([Child("web"), Child("worker"), Child("plant", ("plant", "run"))], settings)


@dataclass
class Child:
    """One process of the product: `plantglass <words>`."""

    name: str
    words: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    pause_s: float = 1.0
    started: float = 0.0
    due: float = field(default=0.0)

    def start(self, environment: dict[str, str]) -> None:
        """Start the process; it gets SIGTERM when the supervisor dies."""
        command = [sys.executable, "-m", "app", *(self.words or (self.name,))]
        if sys.platform == "win32":
            self.process = subprocess.Popen(command, env=environment, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
        else:
            self.process = subprocess.Popen(command, env=environment, process_group=0, preexec_fn=_die_with_parent)  # noqa: PLW1509
        self.started = time.monotonic()

    def ended(self) -> bool:
        """True when the process is not running."""
        return self.process is None or self.process.poll() is not None


class Database:
    """The embedded database, looked after: one that ended is started again. Nothing to do with a database of one's own."""

    def __init__(self, settings: Settings) -> None:
        self._folder = None if settings.database_url else settings.folder / "postgres"
        self._due = time.monotonic() + LOOK_S

    def keep(self) -> None:
        """Look every few seconds whether the server is there; start it when it is not."""
        if self._folder is None or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + LOOK_S
        if not embedded.running(self._folder):
            print("plantglass: the database ended; starting it again", file=sys.stderr)
            try:
                embedded.start(self._folder)
            except Unavailable as error:
                print(f"plantglass: {error}", file=sys.stderr)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _supervise(children: list[Child], settings: Settings) -> int:
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    environment = os.environ | {"PLANTGLASS_DATABASE_URL": database_url(settings), "PLANTGLASS_DATA": str(settings.folder)}
    announced, database = False, Database(settings)
    try:
        while not stopping:
            for child in children:
                _keep(child, environment)
            announced = announced or _announce(settings)
            database.keep()
            time.sleep(0.2)
    finally:
        _stop(children)
        if not settings.database_url:
            embedded.stop(settings.folder / "postgres")
    return 0


def _keep(child: Child, environment: dict[str, str]) -> None:
    """Start the child when it is not running and its pause is over."""
    now = time.monotonic()
    if not child.ended():
        if now - child.started > STEADY_S:
            child.pause_s = 1.0
        return
    if child.process is not None and child.due == 0.0:
        print(
            f"plantglass: {child.name} ended with {child.process.returncode}; again in {child.pause_s:.0f} s", file=sys.stderr
        )
        child.due = now + child.pause_s
        child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)
    if now >= child.due:
        child.due = 0.0
        child.start(environment)


def _stop(children: list[Child]) -> None:
    running = [c.process for c in children if c.process is not None and c.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_S
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _announce(settings: Settings) -> bool:
    """Say where the pages are, once they answer."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    address = f"http://{host}:{settings.port}"
    try:
        with urllib.request.urlopen(f"{address}/login", timeout=2):  # noqa: S310
            pass
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    print(f"Plantglass is ready: {address}", flush=True)
    return True


def _check_folder(settings: Settings) -> None:
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        probe = settings.folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unavailable(
            f"The data folder {settings.folder} cannot be written: {error.strerror}. Set PLANTGLASS_DATA to another one."
        ) from error
