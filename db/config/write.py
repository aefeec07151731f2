"""What differs between two configurations, written through the audited door: rows that stay the same are not touched.

Nothing that may have a history is deleted: places, tags, alarms, sources, calendars, state tables, products, materials and
recipes are retired and come back under the same name; accounts are switched off. Bindings, rates, roles and grants are deleted.
All of it lies in the audit trail.
"""

from __future__ import annotations

from sqlalchemy import text

from db.config import accounts, alarms, places, products, signals, sums
from db.config.read import stored
from db.job import raise_revision
from db.store import Change
from engine.config.diff import Diff, diff, step_findings
from engine.config.record import Config
from engine.errors import Conflict, Invalid

LOCK = 7031002


def apply(change: Change, old: Config, new: Config) -> Diff:
    """Write what differs and raise the revision “config”; nothing is written when nothing differs.

    `old` is what the caller saw: raises `Conflict` when the stored configuration is another by now, `Invalid` when
    `new` cannot follow on `old` (a move between sites, another kind of history).
    """
    connection = change.connection
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if stored(connection) != old:
        raise Conflict("Somebody else changed the configuration meanwhile; look at the differences again.")
    for finding in step_findings(old, new):
        raise Invalid(finding.reason)
    differences = diff(old, new)
    if differences:
        signals.write_state_maps(connection, differences)
        places.write(connection, differences, new)
        signals.write(connection, differences, new)
        alarms.write(connection, differences)
        products.write(connection, differences)
        accounts.write(connection, differences)
        sums.mark(connection, differences)
        raise_revision(connection, "config")
    return differences
