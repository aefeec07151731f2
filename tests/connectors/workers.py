"""Worker processes for tests: real ones, started and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]


class WorkerProcess:
    """`plantglass worker` as a process of its own."""

    def __init__(self, database_url: str, data: Path, **settings: str) -> None:
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"PLANTGLASS_DATABASE_URL": database_url, "PLANTGLASS_DATA": str(data)}
        environment |= {f"PLANTGLASS_{name.upper()}": value for name, value in settings.items()}
        with (data / "worker.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "app", "worker"], cwd=HERE, env=environment, stderr=log)

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def log(self) -> str:
        """What it said."""
        return (self.data / "worker.log").read_text()
