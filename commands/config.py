"""`plantglass config export [FILE]` and `plantglass config import FILE`: the configuration as a file."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.opening import open_store
from db import config as kept
from engine.config import Diff, Document, Refused, diff, emit, read
from engine.config.diff import step_findings
from engine.errors import Conflict, Invalid

if TYPE_CHECKING:
    from argparse import Namespace

    from db.store import Store
    from settings import Settings

DONE, REFUSED, UNUSABLE = 0, 1, 2
"""Exit codes: done or nothing to do; the configuration or the person said no; the command cannot run like this."""


def add(parsers: Any) -> None:
    """Declare the commands."""
    words = parsers.add_parser("config", help="the configuration as a file").add_subparsers(required=True, metavar="WHAT")
    out = words.add_parser("export", help="write the configuration to a TOML file")
    out.add_argument("file", nargs="?", metavar="FILE", help="without it: standard output")
    out.set_defaults(run=export)
    into = words.add_parser("import", help="make the plant's configuration that of a TOML file, after showing what differs")
    into.add_argument("file", metavar="FILE")
    into.add_argument("--yes", action="store_true", help="do not ask")
    into.add_argument("--dry-run", action="store_true", help="only check the file and show what differs")
    into.add_argument("--reason", help="why, for the audit trail (default: import of FILE)")
    into.add_argument("--actor", help="who, for the audit trail (default: your login on this machine)")
    into.set_defaults(run=import_)


def export(arguments: Namespace, settings: Settings) -> int:
    """Write what is stored, in the order that the file always has."""
    store = open_store(settings)
    try:
        text = emit(kept.read_config(store))
    finally:
        store.close()
    if arguments.file is None:
        sys.stdout.write(text)
        return DONE
    try:
        Path(arguments.file).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        return _say(f"The file {arguments.file} cannot be written: {error.strerror}.", UNUSABLE)
    return DONE


def import_(arguments: Namespace, settings: Settings) -> int:
    """Check the file, show what differs, ask, and write it."""
    try:
        text = Path(arguments.file).read_text(encoding="utf-8-sig")
    except OSError as error:
        return _say(f"The file {arguments.file} cannot be read: {error.strerror}.", UNUSABLE)
    except UnicodeDecodeError as error:
        return _say(f"{arguments.file}:{_line_of(error)}: The file is not text in UTF-8.", REFUSED)
    try:
        document = read(text)
        store = open_store(settings)
        try:
            return _bring_in(store, document, arguments)
        finally:
            store.close()
    except Refused as refused:
        lines = [f"{arguments.file}:{problem.line}: {problem.reason}" for problem in refused.problems]
        return _say("\n".join(lines), REFUSED)
    except (Conflict, Invalid) as error:
        return _say(str(error), REFUSED)


def _bring_in(store: Store, document: Document, arguments: Namespace) -> int:
    old = kept.read_config(store)
    document.refuse(step_findings(old, document.config))
    differences = diff(old, document.config)
    print(differences.text())
    if not differences or arguments.dry_run:
        return DONE
    if not arguments.yes and not sys.stdin.isatty():
        return _say("Nothing was changed: there is nobody to ask; say --yes to import without a question.", UNUSABLE)
    if not arguments.yes and not _agreed(differences):
        return _say("Nothing was changed.", REFUSED)
    reason = arguments.reason or f"import of {Path(arguments.file).name}"
    with store.change(arguments.actor or _login(), reason) as change:
        kept.apply(change, old, document.config)
    print("The configuration is imported.")
    return DONE


def _agreed(differences: Diff) -> bool:
    return input(f"Make these {len(differences.items)} changes? [y/N] ").strip().lower() in ("y", "yes")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


def _line_of(error: UnicodeDecodeError) -> int:
    return bytes(error.object[: error.start]).count(b"\n") + 1


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code
