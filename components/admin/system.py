"""What is kept how long, and what the installation runs on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from dash import html

from components import format as show
from components.admin import ids, parts
from components.export import Column, Sheet
from components.live import age
from components.panel import panel
from components.states import skeleton
from components.text import t
from engine.retention import RETENTION, Kept
from engine.time import us_of

if TYPE_CHECKING:
    from db.health import WorkerState
    from db.storage import DatabaseFacts, TableSize

LARGEST_SHOWN = 15


def retention_tab(_rights: Collection[str]) -> Any:
    """The skeleton."""
    told = (
        t("What has no end is kept for ever: records of a regulated plant are retired, never deleted."),
        t("Growth is measured once a day; it is not known before the second day."),
    )
    shown = panel(ids.RETENTION, t("What is kept how long"), skeleton(8), wide=True, main=True, rows=True, explain=told)
    return html.Div(html.Div(shown, className="c12"), className="row12")


_KEPT = (
    ("What", "adm-wrap"),
    ("Kept for", ""),
    ("Rows, about", "num"),
    ("Size", "num"),
    ("Growth a day", "num"),
    ("In ten years, at this rate", "num"),
)


def retention(sizes: Sequence[TableSize], today: date) -> Any:
    """Each kind of thing that grows."""
    by_name = {table.name: table for table in sizes}
    return parts.table(_KEPT, [_kept(kept, by_name, today) for kept in RETENTION], t("What is kept how long"))


def _kept(kept: Kept, by_name: Mapping[str, TableSize], today: date) -> list[Any]:
    found = [by_name[name] for name in kept.tables if name in by_name]
    rows = [table.rows for table in found if table.rows is not None]
    growth = grown(found, today)
    why = [html.Div(t(kept.because), className="cap t2")] if kept.because else []
    ahead = None if growth is None or kept.days is not None else sum(x.bytes for x in found) + max(0.0, growth) * 3652.5
    return [
        [html.Div(t(kept.title), className="med"), *why],
        duration(kept),
        parts.count(sum(rows)) if rows else show.NOTHING,
        parts.size(sum(table.bytes for table in found)),
        _rate(growth),
        parts.size(ahead),
    ]


def grown(found: Sequence[TableSize], today: date) -> float | None:
    """Bytes a day of some tables together; None when one of them has no older measurement."""
    rates = [table.growth(today) for table in found]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if rates and len(known) == len(rates) else None


def _rate(growth: float | None) -> str:
    if growth is None:
        return t("not known yet")
    return f"{show.MINUS if growth < 0 else '+'}{parts.size(abs(growth))}"


def duration(kept: Kept) -> str:
    """`90 days, at most 1 000 000`."""
    if kept.days is None:
        return t("for ever")
    said = t("{days} days", days=parts.count(int(kept.days)))
    return said + (t(", at most {most}", most=parts.count(kept.most)) if kept.most else "")


def retention_sheet(sizes: Sequence[TableSize], today: date) -> Sheet:
    """The same as rows."""
    by_name = {table.name: table for table in sizes}
    columns = (
        Column(t("What")),
        Column(t("Kept for"), "number", "d"),
        Column(t("At most"), "number"),
        Column(t("Size"), "number", "B"),
        Column(t("Growth a day"), "number", "B"),
    )
    rows = []
    for kept in RETENTION:
        found = [by_name[name] for name in kept.tables if name in by_name]
        rows.append([kept.title, kept.days, kept.most, sum(table.bytes for table in found), grown(found, today)])
    return Sheet(t("What is kept how long"), columns, rows)


# ------------------------------------------------------------------ system
def tab(_rights: Collection[str]) -> Any:
    """The skeleton."""
    return [
        html.Div(
            [
                html.Div(panel(ids.PROGRAM, t("Program"), skeleton(6), menu=False, main=True), className="c4"),
                html.Div(panel(ids.DATABASE, t("Database"), skeleton(6), menu=False), className="c4"),
                html.Div(panel(ids.TABLES, t("Largest tables"), skeleton(6), wide=True, rows=True), className="c4"),
            ],
            className="row12",
        ),
        parts.across(panel(ids.WORKERS, t("Workers and spools"), skeleton(2), wide=True, rows=True)),
    ]


def program(version: str, python: str, started_us: int, now_us: int, folders: Sequence[tuple[str, Any]]) -> html.Div:
    """What runs here, and where it tells of itself."""
    facts = [
        ("Plantglass", version),
        ("Python", python),
        ("Web process up for", age(started_us, now_us)),
        *((t("Disk of {host}", host=host), room) for host, room in folders),
        ("Health", html.A("/health", href="/health", target="_blank")),
        ("Metrics", html.A("/metrics", href="/metrics", target="_blank")),
        ("Licence", "Apache License 2.0"),
    ]
    return html.Div(parts.facts(facts))


def disks(workers: Sequence[WorkerState]) -> list[tuple[str, Any]]:
    """The room in each data folder."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {
        (w.facts["host"], w.facts["folder"]): w.facts for w in workers if "host" in w.facts
    }
    return [
        (
            host,
            [
                t("{free} of {total} free", free=parts.size(known["disk_free"]), total=parts.size(known["disk_total"])),
                html.Div(html.Code(folder, className="cap adm-break")),
            ],
        )
        for (host, folder), known in found.items()
    ]


def database(facts: DatabaseFacts, zone: str, now_us: int) -> html.Div:
    """Server and database."""
    pairs = [
        ("PostgreSQL", facts.version),
        ("Database", facts.name),
        ("Size", parts.size(facts.bytes)),
        ("Up since", parts.moment(facts.started_at, zone, now_us)),
        ("Up for", age(us_of(facts.started_at), now_us)),
        ("Connections", t("{n} of {most}", n=parts.count(facts.connections), most=parts.count(facts.most_connections))),
    ]
    return html.Div(parts.facts(pairs))


def tables(sizes: Sequence[TableSize]) -> Any:
    """The largest tables."""
    head = (("Table", ""), ("Rows, about", "num"), ("Size", "num"))
    rows = [[html.Code(x.name), parts.count(x.rows), parts.size(x.bytes)] for x in sizes[:LARGEST_SHOWN]]
    return parts.table(head, rows, t("Largest tables"))


def tables_sheet(sizes: Sequence[TableSize]) -> Sheet:
    """Every table."""
    columns = (Column(t("Table")), Column(t("Rows, about"), "number"), Column(t("Size"), "number", "B"))
    return Sheet(t("Largest tables"), columns, [[x.name, x.rows, x.bytes] for x in sizes])


def sentence(version: str, facts: DatabaseFacts) -> str:
    """What matters first."""
    return t("Plantglass {version}, database of {size}", version=version, size=parts.size(facts.bytes))
