"""Runs the figures, each on a database of its own, and prints one JSON line for each."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

import tests.bench
from db import embedded
from db.store import migrate
from tests.conftest import at_database

Figure = dict[str, Any]


def figures() -> dict[str, Callable[[str], Figure]]:
    """Every figure of every module in this folder."""
    found: dict[str, Callable[[str], Figure]] = {}
    for module in (m for m in pkgutil.iter_modules(tests.bench.__path__) if m.name != "__main__"):
        found |= getattr(importlib.import_module(f"tests.bench.{module.name}"), "FIGURES", {})
    return found


def main(wanted: list[str]) -> int:
    """Print the wanted figures (all when none is named); exit code 1 when one misses its goal, 2 for an unknown name."""
    known = figures()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"There is no figure {unknown[0]}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="plantglass-bench-"))
    folder.chmod(0o755)
    url = embedded.start(folder / "pg")
    try:
        results = [_run(known[name], url, number) for number, name in enumerate(wanted or known)]
    finally:
        embedded.stop(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(result["ok"] for result in results) else 1


def _run(figure: Callable[[str], Figure], url: str, number: int) -> Figure:
    name = f"bench_{number}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    migrate(at_database(url, name))
    result = figure(at_database(url, name))
    print(json.dumps(result), flush=True)
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()
    return result


if __name__ == "__main__":
    raise SystemExit(main([name for name in sys.argv[1:] if name]))
