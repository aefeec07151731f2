"""`/`: the overview of the first place that the user may see; signing in leads to the page of the role (`/start`)."""

from __future__ import annotations

import dash

from components import overview, still

dash.register_page(__name__, path="/", title="Plantglass")


def layout(**_query: str) -> list:
    """The skeleton of the overview."""
    return still.settle(overview.page())
