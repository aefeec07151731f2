"""Checks of sources: their settings, and that no secret stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from engine.config.known import Known
from engine.config.options import SETTINGS
from engine.config.problem import Finding, unknown
from engine.config.reading import Reader
from engine.config.record import Config, SourceEntry

SECRET = re.compile(r"passw|passphrase|secret|token|credential|api_?key|private_?key|^pin$", re.IGNORECASE)


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with sources."""
    for entry in config.sources:
        yield from _source(entry, known)
        secrets = list(_secrets(entry, entry.settings, ("settings",)))
        yield from secrets or _settings(entry)


def _source(entry: SourceEntry, known: Known) -> Iterator[Finding]:
    if reason := known.missing_site(entry.site):
        yield Finding(entry, ("site",), reason)
    if entry.kind not in SETTINGS:
        yield Finding(entry, ("kind",), unknown("kind of source", entry.kind, SETTINGS))
    if entry.expected_s <= 0:
        yield Finding(entry, ("expected_s",), f"An expected interval of {entry.expected_s:g} s is none; write more than 0.")


def _secrets(entry: SourceEntry, settings: dict[str, Any], keys: tuple[str, ...]) -> Iterator[Finding]:
    for key, value in settings.items():
        place = (*keys, key)
        if isinstance(value, dict):
            yield from _secrets(entry, value, place)
        elif SECRET.search(key) and not key.endswith(("_env", "_file")):
            advice = "write “password_env” (name of an environment variable) or “password_file” (name of a file)."
            yield Finding(
                entry, place, f"The setting “{key}” looks like a secret, which does not belong in this file; {advice}"
            )
        elif isinstance(value, str) and "://" in value and "@" in value.split("://", 1)[1].split("/", 1)[0]:
            yield Finding(
                entry, place, f"The setting “{key}” holds a user or password in its address, which does not belong in it."
            )


def _settings(entry: SourceEntry) -> Iterator[Finding]:
    shape = SETTINGS.get(entry.kind)
    if shape is None:
        return
    reader = Reader()
    reader.record(shape, entry.settings, ("settings",))
    for where, reason in reader.problems:
        yield Finding(entry, where, f"Source “{entry.name}”: {reason}")
    path = entry.settings.get("path")
    if entry.kind == "folder" and isinstance(path, str) and _leads_away(path):
        yield Finding(
            entry, ("settings", "path"), f"The folder “{path}” leads out of the data folder; write a path relative to it."
        )


def _leads_away(path: str) -> bool:
    windows = PureWindowsPath(path)
    return PurePosixPath(path).is_absolute() or bool(windows.drive or windows.root) or ".." in windows.parts
