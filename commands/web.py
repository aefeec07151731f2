"""`plantglass web`: one web server process in front of the store (the supervisor starts it; so may systemd)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from commands.opening import database_url

if TYPE_CHECKING:
    from argparse import Namespace

    from settings import Settings


def add(parsers: Any) -> None:
    """Declare the command."""
    parsers.add_parser("web", help="serve the pages (a part of run)").set_defaults(run=run)


def run(arguments: Namespace, settings: Settings) -> int:
    """Become gunicorn (waitress on Windows); does not return while it serves."""
    os.environ["PLANTGLASS_DATABASE_URL"] = database_url(settings)
    if sys.platform == "win32":  # there, execv would leave the supervisor with a process that has ended
        return subprocess.call([sys.executable, "-m", *_waitress(settings)])
    os.execv(sys.executable, [sys.executable, "-m", *_gunicorn(settings)])  # noqa: S606
    raise AssertionError("a process that became another one does not come back")


def _gunicorn(settings: Settings) -> list[str]:
    return [
        "gunicorn", "--bind", f"{settings.host}:{settings.port}", "--worker-class", "gthread",
        "--threads", str(settings.web_threads), "--workers", str(settings.web_processes), "--timeout", "120",
        "--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket", "app:serve()",
    ]  # fmt: skip


def _waitress(settings: Settings) -> list[str]:
    listen = f"{settings.host}:{settings.port}"
    return ["waitress", "--listen", listen, "--threads", str(settings.web_threads), "--call", "app:serve"]
