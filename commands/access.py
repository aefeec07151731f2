"""`plantglass user …`: accounts from the command line; the first administrator of a real site is made here."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any

from commands.opening import open_store
from db import access, location
from db.password import hash_password
from engine.access import ROLES, SYSTEM, Grant
from engine.errors import Invalid

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from db.store import Store
    from settings import Settings

DEMO_PASSWORD = "demo"  # noqa: S105  # said on the sign-in page of the demo, and useless outside demo mode


def add(parsers: Any) -> None:
    """Declare the commands."""
    words = parsers.add_parser("user", help="accounts: add one, set a password").add_subparsers(required=True, metavar="WHAT")
    new = words.add_parser("add", help="a new account with one role at one place")
    new.add_argument("name")
    new.add_argument("--full-name", required=True)
    new.add_argument("--role", required=True, choices=sorted(ROLES))
    new.add_argument("--at", required=True, metavar="PATH", help="place in the location tree")
    new.add_argument("--reason", default="new account")
    new.set_defaults(run=add_user)
    password = words.add_parser("password", help="set a password (asked for, or one line on standard input)")
    password.add_argument("name")
    password.set_defaults(run=set_password)


def add_user(arguments: Namespace, settings: Settings) -> int:
    """Create the account, grant the role, ask for the password."""
    store = open_store(settings)
    node = location.node_at(SYSTEM, store, arguments.at)
    hashed = hash_password(_ask())
    with store.change(_actor(), arguments.reason) as change:
        user = access.add_user(change, arguments.name, arguments.full_name)
        access.grant(change, Grant(user, arguments.role, node.id))
    access.set_password(store, user, hashed, _actor())
    print(f"{arguments.name} may sign in as {arguments.role} at {node.path}.")
    return 0


def set_password(arguments: Namespace, settings: Settings) -> int:
    """Set a password; the user's sessions end."""
    store = open_store(settings)
    user = access.user_named(store, arguments.name)
    access.set_password(store, user.id, hash_password(_ask()), _actor())
    print(f"The password of {user.name} is set.")
    return 0


def switch_on_demo(store: Store, grants: Iterable[dict[str, str]]) -> None:
    """Give every demo account the password “demo”; for demo mode only. `grants` name user, role and place of each."""
    known = {user.name: user for user in access.demo_users(store)}
    missing = [g for g in grants if g["user"] not in known]
    if missing or not all(user.active for user in known.values()):
        with store.change("plantglass", "demo mode") as change:
            for wanted in missing:
                user = access.add_user(change, wanted["user"], f"Demo {wanted['role']}", demo=True)
                access.grant(change, Grant(user, wanted["role"], location.node_at(SYSTEM, store, wanted["at"]).id))
            access.switch_demo_users(change, active=True)
    for demo_user in access.demo_users(store, without_password=True):
        access.set_password(store, demo_user.id, hash_password(DEMO_PASSWORD, demo=True))


def switch_off_demo(store: Store) -> None:
    """Outside demo mode no demo account can exist: each is deactivated and loses its password."""
    if access.demo_users(store):
        with store.change("plantglass", "not in demo mode") as change:
            access.switch_demo_users(change, active=False)


def _ask() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise Invalid("The two passwords differ.")
    return first


def _actor() -> str:
    return f"{getpass.getuser()} (command line)"
