"""Every id of the admin page and of the audit page."""

from __future__ import annotations

from typing import Any

TITLE, TABS, TAB, DRAWN, HELD = "admin-title", "admin-tabs", "admin-tab", "admin-drawn", "admin-held"
WATCH, SINK_WATCH, DONE, SINK_DONE = "admin-watch", "admin-sink-watch", "admin-done", "admin-sink-done"
"""`DRAWN`: the tab that is there. `HELD`: somebody works in a table, so that it is not drawn anew under the hand. `DONE` {said,
at, keep}: something was done; its dialog closes (unless there is something to keep in it), the page says so and reads anew."""

# sources
SOURCES, SOURCE, ACCOUNTS, WORKERS = "admin-sources", "admin-source", "admin-accounts", "admin-workers"
LETTERS, LETTER_WORDS, GAPS = "admin-letters", "admin-letter-words", "admin-gaps"

# jobs
TURNS, RUNS = "admin-turns", "admin-runs"

# users
PEOPLE, PERSON, RIGHTS, ROLES = "admin-people", "admin-person", "admin-rights", "admin-roles"
NEW_PERSON, NEW_NAME, NEW_FULL_NAME, NEW_REASON, ADD_PERSON = (
    "admin-new-person",
    "admin-new-name",
    "admin-new-full-name",
    "admin-new-reason",
    "admin-add-person",
)
NEW_GRANT, GRANT_ROLE, GRANT_PLACE, GRANT_REASON, ADD_GRANT = (
    "admin-new-grant",
    "admin-grant-role",
    "admin-grant-place",
    "admin-grant-reason",
    "admin-add-grant",
)
ONE_TIME = "admin-one-time"

# configuration
EXPORT, EXPORT_NOW, IMPORT, UPLOAD, DIFFERENCES = (
    "admin-export",
    "admin-export-now",
    "admin-import",
    "admin-upload",
    "admin-differences",
)
TEXT, SEEN, CONFIG_REASON, APPLY = "admin-config-text", "admin-config-seen", "admin-config-reason", "admin-config-apply"
"""`TEXT` {text, name}: the file that was chosen. `SEEN`: the mark of the configuration that it was compared with."""

# retention and system
RETENTION, DATABASE, TABLES, PROGRAM = "admin-retention", "admin-database", "admin-tables", "admin-program"

# connecting a source
CONNECT, OFFERED, KIND, SITE, SOURCE_NAME = "admin-connect", "admin-offered", "admin-kind", "admin-site", "admin-source-name"
URL, SECURITY, HOST, PORT, TLS, TOPICS, SECONDS = (
    "admin-url",
    "admin-security",
    "admin-host",
    "admin-port",
    "admin-tls",
    "admin-topics",
    "admin-seconds",
)
USER, VARIABLE, FILE, TRY, OPCUA_PART, MQTT_PART = (
    "admin-user",
    "admin-variable",
    "admin-file",
    "admin-try",
    "admin-opcua",
    "admin-mqtt",
)
RUN, RUN_STATE, OFFER_GRID, OFFER_SAID, PROPOSE = (
    "admin-run",
    "admin-run-state",
    "admin-offer-grid",
    "admin-offer-said",
    "admin-propose",
)
FIELDS = (KIND, URL, SECURITY, HOST, PORT, TLS, TOPICS, SECONDS, USER, VARIABLE, FILE, SITE, SOURCE_NAME)
"""In the order in which assets/admin.js gathers them."""
FORM, SHOWN, SINK_GO, UNOPENED = "admin-form", "admin-shown", "admin-sink-go", "admin-unopened"
"""`FORM`: what to call, as it was filled in. `RUN` {runs, form}: the trials whose results are shown together. `SHOWN`: the
trials that the table was drawn from, so that what somebody corrected in it stays."""

# asking before doing
ACT, ACT_TITLE, ACT_TEXT, ACT_REASON, ACT_GO, ACT_WHAT = (
    "admin-act",
    "admin-act-title",
    "admin-act-text",
    "admin-act-reason",
    "admin-act-go",
    "admin-act-what",
)
"""`ACT_WHAT` {do, on, at}: what the open dialog is about."""

# audit
AUDIT_TITLE, AUDIT_SENTENCE, AUDIT_LIST, AUDIT_ENTRY, AUDIT_CHECK = (
    "audit-title",
    "audit-sentence",
    "audit-list",
    "audit-entry",
    "audit-check",
)
AUDIT_ACTOR, AUDIT_TABLE, AUDIT_ACTION, AUDIT_WORDS, AUDIT_NOW = (
    "audit-actor",
    "audit-table",
    "audit-action",
    "audit-words",
    "audit-now",
)
AUDIT_WATCH, AUDIT_SINK, AUDIT_FILTER = "audit-watch", "audit-sink", "audit-sink-filter"


def sentence_id(tab: str) -> str:
    """The generated sentence of a tab."""
    return f"admin-sentence-{tab}"


def options_id(name: str) -> str:
    """What the field of that name suggests."""
    return f"{name}-options"


def open_id(address: Any) -> dict[str, Any]:
    """A folder of a server that was not opened yet."""
    return {"type": "admin-open", "address": address}
