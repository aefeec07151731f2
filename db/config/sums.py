"""What a changed configuration makes outdated: sums of machine time and the states that they come from."""

from __future__ import annotations

from sqlalchemy import Connection

from db import oee
from engine.config.diff import Action, Diff
from engine.time import us_of

CAUSE = "the configuration changed"
_OF_MACHINES = ("calendar", "machine.state_map", "time_zone")


def mark(connection: Connection, differences: Diff) -> None:
    """Let be derived anew what differs now, through all of history: an ideal rate only from its effective date on."""
    if any(differences.of(table, *Action) for table in ("state_table", "state_map")) or _says_otherwise(differences):
        oee.mark_states(connection, CAUSE)
    rates = [us_of((item.new or item.old).effective_from) for item in differences.of("rate", *Action)]
    if _counts_otherwise(differences):
        oee.mark_all(connection, CAUSE)
    elif rates:
        oee.mark_all(connection, CAUSE, since_us=min(rates))


def _says_otherwise(differences: Diff) -> bool:
    """True when another tag says the state of some machine, or its codes are named otherwise."""
    changed = [item.new or item.old for item in differences.of("tag", Action.ADDED, Action.RETIRED)]
    named = [
        c for item in differences.of("tag", Action.CHANGED, Action.MOVED) for c in item.changes() if c.name == "state_table"
    ]
    return bool(named) or any(tag.kind == "state" for tag in changed)


def _counts_otherwise(differences: Diff) -> bool:
    """True when time elements or slots differ: another calendar, state map or time zone somewhere."""
    if any(differences.of(table, Action.CHANGED, Action.RETIRED) for table in ("calendar", "state_map", "product")):
        return True
    items = differences.of("location", Action.CHANGED, Action.MOVED)
    return any(change.name in _OF_MACHINES for item in items for change in item.changes())
