"""HTTP that is not a Dash page: sign in, the default-deny guard, live revisions, health and metrics."""
