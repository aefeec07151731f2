"""`plantglass audit check`: is every entry of the audit trail as it was written?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commands.opening import open_store
from db import audit
from engine.errors import Invalid

if TYPE_CHECKING:
    from argparse import Namespace

    from settings import Settings


def add(parsers: Any) -> None:
    """Declare the command."""
    words = parsers.add_parser("audit", help="check the audit trail").add_subparsers(required=True, metavar="WHAT")
    check = words.add_parser("check", help="recompute the hash chain")
    check.add_argument("--head", metavar="NUMBER:HASH", help="a head that was kept elsewhere, to find a missing tail")
    check.set_defaults(run=run)


def run(arguments: Namespace, settings: Settings) -> int:
    """Exit code 0 when the chain is whole, 1 with the first broken entry otherwise."""
    store = open_store(settings)
    finding = audit.broken_at(store)
    if finding:
        print(f"Entry {finding.entry_id} breaks the chain: {finding.problem}.")
        return 1
    if arguments.head:
        number, _, expected = arguments.head.partition(":")
        if not number.isdecimal():
            raise Invalid(f"“{arguments.head}” is no head; it looks like 1200:9f86d0…")
        if audit.hash_of(store, int(number)) != expected:
            print(f"Entry {number} is missing or not the one that was kept.")
            return 1
    number, newest = audit.head(store)
    print(f"Verified to entry {number}. Head {number}:{newest}")
    return 0
