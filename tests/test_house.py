"""The house's wiring: what starts, what is declared, and what the web process may not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {"pandas", "sklearn", "ortools", "asyncua", "scipy", "plotly.express", "paho", "apscheduler"}


def test_the_web_process_imports_nothing_heavy_at_start() -> None:
    script = (
        "import sys, app; from settings import Settings;"
        " app.create_app(Settings(), 'postgresql+psycopg://nobody@127.0.0.1:1/none');"
        f" print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_modules_stay_small() -> None:
    rooms = ("engine", "db", "connectors", "components", "callbacks", "pages", "commands")
    files = [f for room in rooms for f in (ROOT / room).rglob("*.py") if not f.name.endswith("_pb2.py")]
    assert [f"{f.relative_to(ROOT)}: {n}" for f in files if (n := len(f.read_text().splitlines())) > 400] == []


def test_no_string_ids_in_callbacks() -> None:
    for file in (ROOT / "callbacks").glob("*.py"):
        text = file.read_text()
        for word in ('Input("', 'Output("', 'State("'):
            assert word not in text, f"{file.name} names an id as a string; ids live beside their widget in components/"
