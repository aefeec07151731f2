"""`/audit`: who changed what, when and why."""

from __future__ import annotations

import dash

from components import audit, still

dash.register_page(__name__, path="/audit", title="Plantglass – Audit trail")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(audit.page())
