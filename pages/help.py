"""`/help?doc=…`: the product's documents."""

from __future__ import annotations

import dash

from components import help as told
from components import still

dash.register_page(__name__, path="/help", title="Plantglass – Documents")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(told.page())
