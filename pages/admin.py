"""`/admin?tab=…`: sources, jobs, users, configuration, retention, system, connecting a source."""

from __future__ import annotations

import dash

from components import still
from components.admin import page

dash.register_page(__name__, path="/admin", title="Plantglass – Admin")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(page.page())
