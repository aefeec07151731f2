"""`/overview?at=…`: a place at a glance: figures, its parts, what changed."""

from __future__ import annotations

import dash

from components import overview, still

dash.register_page(__name__, path="/overview", title="Plantglass – Overview")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(overview.page())
