"""The audit trail: who changed what, when and why; one entry in full; whether the chain is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components import format as show
from components.admin import ids, parts
from components.export import Column, Sheet
from components.panel import panel
from components.shape import shape
from components.states import empty, skeleton
from components.text import aria, data, t
from engine.audit import AuditEntry, AuditFilter, ChainCheck, field_changes
from engine.time import us_of

ACTIONS = {"insert": "Added", "update": "Changed", "delete": "Deleted"}
PARAMETERS = ("f.user", "f.record", "f.action", "f.words")
"""What the address may ask for: who, `table` or `table:number`, which action, words in reason or record."""
LONGEST = 120


def page() -> list[Any]:
    """Everything that is there before the first answer."""
    head = html.Div(
        [html.H1(t("Audit trail"), id=ids.AUDIT_TITLE), html.Span(id=ids.AUDIT_SENTENCE, className="sub")], className="pl-head"
    )
    told = (
        t(
            "Every change of a regulated record leaves an entry: who, when, why, and the record before and after."
            " It cannot be switched off."
        ),
        t("Entries form a chain of hashes; the check recomputes it and finds what was altered or is missing."),
        t("A missing end cannot be seen from inside: keep the number and hash of the check elsewhere, and compare them."),
    )
    return [
        html.Div([dcc.Store(id=name) for name in (ids.AUDIT_SINK, ids.AUDIT_FILTER)]),
        dcc.Store(id=ids.AUDIT_WATCH, data={"topics": ["audit"]}),
        head,
        _filters(),
        html.Div(
            [
                html.Div(
                    panel(ids.AUDIT_LIST, t("Entries"), skeleton(8), wide=True, main=True, rows=True, explain=told),
                    className="c8",
                ),
                html.Div(
                    [
                        panel(ids.AUDIT_ENTRY, t("Entry"), skeleton(4), menu=False),
                        panel(ids.AUDIT_CHECK, t("The chain"), skeleton(2), menu=False),
                    ],
                    className="c4 stack",
                ),
            ],
            className="row12 adm-audit",
        ),
    ]


def _filters() -> html.Div:
    actions = [("", t("Any")), *((key, t(word)) for key, word in ACTIONS.items())]
    return html.Div(
        [
            parts.suggest(ids.AUDIT_ACTOR, debounce=0.4, placeholder=t("Anybody"), label=t("Who")),
            parts.suggest(ids.AUDIT_TABLE, debounce=0.4, placeholder=t("Any record"), label=t("Record")),
            parts.suggest(ids.AUDIT_WORDS, debounce=0.4, placeholder=t("Words in reason or record"), label=t("Words")),
            html.Div(parts.pick(ids.AUDIT_ACTION, actions, ""), role="radiogroup", **aria(label=t("What was done"))),
        ],
        className="pl-filters adm-filters",
        role="search",
    )


def filter_of(search: str, from_us: int, to_us: int) -> AuditFilter:
    """What the address asks for, within the range of the page."""
    asked = parts.asked(search)
    actor, where, action, words = (asked.get(name, "")[:LONGEST] for name in PARAMETERS)
    table, _, record = where.partition(":")
    before = asked.get("before", "")
    number = int(before) if before.isdecimal() and len(before) < 18 else None
    return AuditFilter(actor, table, record, action, words, from_us, to_us, number)


_HEAD = (("No.", "num"), ("When", ""), ("Who", ""), ("What", "adm-wrap"), ("Why", "adm-wrap"))


def entries(found: Sequence[AuditEntry], search: str, zone: str, now_us: int, most: int) -> Any:
    """The newest entries that fit; older ones are a link further."""
    if not found:
        link = html.A(
            t("Show the last 30 days"),
            href=parts.link(search, parts.AUDIT, **{"from": "now-30d", "to": None, "before": None}),
            className="pl-ctl",
        )
        return empty(t("Lists changes of regulated records in the range. Nothing fits the range and the filters."), link)
    chosen = parts.asked(search).get("sel", "")
    rows = [parts.line(_HEAD, _entry(e, search, zone, now_us), chosen=str(e.id) == chosen) for e in found]
    older = html.A(t("Older entries"), href=parts.link(search, parts.AUDIT, before=str(found[-1].id)), className="pl-ctl")
    return html.Div(
        [parts.table(_HEAD, rows, t("Audit entries")), *([html.Div(older, className="adm-pad")] if len(found) >= most else [])]
    )


def _entry(entry: AuditEntry, search: str, zone: str, now_us: int) -> list[Any]:
    return [
        html.A(parts.count(entry.id), href=parts.link(search, parts.AUDIT, sel=str(entry.id)), className="sb"),
        show.when(us_of(entry.at), zone, now_us),
        entry.actor,
        [
            t(ACTIONS[entry.action]),
            " ",
            html.Code(f"{entry.table_name} {entry.record_id}"),
            html.Div(summary(entry), className="cap t2 adm-break"),
        ],
        entry.reason,
    ]


def summary(entry: AuditEntry) -> str:
    """What the record is called, and which fields changed."""
    record = entry.new or entry.old or {}
    name = next((str(record[key]) for key in ("path", "name", "number", "code", "key", "title") if record.get(key)), "")
    changed = [change.name for change in field_changes(entry)] if entry.action == "update" else []
    return ": ".join(part for part in (name, ", ".join(changed[:6])) if part)


def entry(found: AuditEntry | None, zone: str) -> Any:
    """One entry in full: before and after, field by field."""
    if found is None:
        return html.P(t("Choose an entry to see the record before and after."), className="t2")
    same = parts.link("", parts.AUDIT, **{"f.record": f"{found.table_name}:{found.record_id}", "from": "now-3650d"})
    facts = [
        ("Number", parts.count(found.id)),
        ("When", show.iso(us_of(found.at), zone)),
        ("Who", found.actor),
        ("Why", html.Span(found.reason, className="adm-break")),
        ("Record", html.A(f"{found.table_name} {found.record_id}", href=same, title=t("Its whole history"))),
        ("What", t(ACTIONS[found.action])),
    ]
    head = (("Field", ""), ("Before", "adm-wrap"), ("After", "adm-wrap"))
    rows = [[html.Code(c.name), _value(c.old), _value(c.new)] for c in field_changes(found)]
    return html.Div([parts.facts(facts), parts.table(head, rows, t("Before and after"))], className="stack")


def _value(value: Any) -> Any:
    if value is None:
        return html.Span(show.NOTHING, className="t3")
    return html.Span(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), className="adm-break")


def check(found: ChainCheck | None, zone: str, now_us: int, *, under_way: bool) -> Any:
    """What recomputing the chain said, and whether it is being recomputed now."""
    word = t("Checking") if under_way else t("Check now")
    button = html.Button(word, id=ids.AUDIT_NOW, n_clicks=0, disabled=under_way, className="pl-ctl")
    if found is None:
        return html.Div(
            [html.P(t("The chain has not been checked yet; the clock does so every hour.")), button], className="stack"
        )
    at = t("Checked {at}", at=show.when(us_of(found.at), zone, now_us))
    if found.finding is not None:
        said = t("Entry {n} breaks the chain: {problem}.", n=parts.count(found.finding.entry_id), problem=found.finding.problem)
        return html.Div(
            [
                html.P([shape("p1", hidden=True), html.B(said)], className="adm-alert", role="alert"),
                html.P(at, className="cap t2"),
                button,
            ],
            className="stack",
        )
    said = t("Verified to entry {n}", n=parts.count(found.entries))
    head: list[Any] = [
        html.Span(t("Head"), className="cap t2"),
        " ",
        html.Code(f"{found.entries}:{found.head}", className="cap adm-break"),
    ]
    return html.Div(
        [html.P(html.B(said)), html.P(at, className="cap t2"), html.P(head), button],
        className="stack",
        **data(verified=found.entries, at=us_of(found.at)),
    )


def sentence(found: Sequence[AuditEntry], most: int, checked: ChainCheck | None) -> str:
    """What matters first."""
    said = t("{n} entries in the range", n=f"{len(found)}{'+' if len(found) >= most else ''}")
    if checked is None:
        return said
    whole = t("verified to entry {n}", n=parts.count(checked.entries)) if checked.finding is None else t("the chain is broken")
    return f"{said}; {whole}"


def sheet(found: Sequence[AuditEntry], asked: AuditFilter) -> Sheet:
    """The same as rows, with what changed."""
    columns = (
        Column(t("Number"), "number"),
        Column(t("When"), "time"),
        Column(t("Who")),
        Column(t("Why")),
        Column(t("Action")),
        Column(t("Table")),
        Column(t("Record")),
        Column(t("Before")),
        Column(t("After")),
    )
    rows = [
        [e.id, us_of(e.at), e.actor, e.reason, e.action, e.table_name, e.record_id, _json(e.old), _json(e.new)] for e in found
    ]
    named = (
        (t("User"), asked.actor),
        (t("Record"), f"{asked.table} {asked.record}".strip()),
        (t("Action"), asked.action),
        (t("Words"), asked.words),
    )
    return Sheet(t("Audit trail"), columns, rows, tuple((name, value) for name, value in named if value))


def _json(record: dict[str, Any] | None) -> str | None:
    return None if record is None else json.dumps(record, ensure_ascii=False)
