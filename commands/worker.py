"""`plantglass worker`: collectors, spool, clock and jobs, until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

    from connectors.worker import Worker
    from settings import Settings

LAST_S = 12.0
"""How long the end may take at most; the supervisor waits a little longer."""


def add(parsers: Any) -> None:
    """Declare the command."""
    parsers.add_parser("worker", help="collect signals and run jobs (a part of run)").set_defaults(run=run)


def run(arguments: Namespace, settings: Settings) -> int:
    """Work until SIGTERM or SIGINT. Raises `Unavailable` when there is no database, or the data folder is not writable."""
    import logging
    from importlib.metadata import version

    from commands.opening import open_store
    from connectors.worker import Worker

    for noisy in ("apscheduler", "paho"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it prints a traceback whenever a server goes; we say it
    store = open_store(settings)
    worker = Worker(store, settings, version("plantglass"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: _stop(worker))
    worker.run()
    store.close()
    return 0


def _stop(worker: Worker) -> None:
    """Ask for the end, and see to it that it comes: whatever hangs is killed, which a worker may be at any moment."""
    worker.stop()
    last = threading.Timer(LAST_S, os._exit, [1])
    last.daemon = True
    last.start()
