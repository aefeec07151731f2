"""`plantglass worker`: collectors, spool, clock and jobs, until it is told to stop."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

    from settings import Settings


def add(parsers: Any) -> None:
    """Declare the command."""
    parsers.add_parser("worker", help="collect signals and run jobs (a part of run)").set_defaults(run=run)


def run(arguments: Namespace, settings: Settings) -> int:
    """Work until SIGTERM or SIGINT. Raises `Unavailable` when there is no database, or the data folder is not writable."""
    import logging
    from importlib.metadata import version

    from commands.opening import open_store
    from connectors.worker import Worker

    for noisy in ("asyncua", "apscheduler", "paho"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    store = open_store(settings)
    worker = Worker(store, settings, version("plantglass"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    worker.run()
    store.close()
    return 0
