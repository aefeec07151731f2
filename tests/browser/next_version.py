"""The web application as a later version of it would say it is: for pages that outlive an update of the server."""

from __future__ import annotations

import app


def serve() -> object:
    """`app:serve()` of version 99.0.0."""
    app.product_version = lambda: "99.0.0"
    return app.serve()
