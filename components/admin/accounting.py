"""Where the samples of each source went, and the workers whose spools they wait in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from components import format as show
from components.admin import parts
from components.export import Column, Sheet
from components.live import age
from components.shape import shape
from components.states import empty
from components.text import t

if TYPE_CHECKING:
    from db.health import Account, WorkerState

DEAD_S = 30.0
_ACCOUNT = (
    ("Source", ""),
    ("Received", "num"),
    ("Stored", "num"),
    ("Duplicates", "num"),
    ("Further revisions", "num"),
    ("Dead letters", "num"),
    ("Missing", "num"),
    ("Account", ""),
    ("Waits in spool", "num"),
    ("Of it uncertain", "num"),
)


def accounts(found: Sequence[Account], waiting: dict[str, int | None], spools: int) -> Any:
    """Received = stored + duplicates + further revisions + dead letters, for each source."""
    if not found:
        return empty(t("Shows for each source where every value went. Nothing has come in yet."))
    rows = [
        [
            a.name,
            *map(parts.count, _numbers(a)),
            parts.count(a.missing),
            _closed(a.missing),
            _records(waiting.get(a.name)),
            parts.count(a.uncertain),
        ]
        for a in found
    ]
    sums = [sum(column) for column in zip(*(_numbers(a) for a in found), strict=True)]
    missing = sum(a.missing for a in found)
    last = [
        "Together",
        *map(parts.count, sums),
        parts.count(missing),
        _closed(missing),
        _records(spools),
        parts.count(sum(a.uncertain for a in found)),
    ]
    rows.append(html.Tr([html.Td(c, className=name) for (_, name), c in zip(_ACCOUNT, last, strict=True)], className="grp"))  # type: ignore[arg-type]
    return parts.table(_ACCOUNT, rows, t("Accounting of samples"))


def _numbers(account: Account) -> tuple[int, ...]:
    return account.received, account.stored, account.duplicates, account.superseded, account.dead_lettered


def _records(number: int | None) -> str:
    if number is None:
        return show.NOTHING
    return t("1 record") if number == 1 else t("{n} records", n=parts.count(number))


def _closed(missing: int) -> Any:
    if missing == 0:
        return t("closes")
    return html.Span([shape("error", hidden=True), t("does not close")], className="state_chip")


def accounts_sheet(found: Iterable[Account]) -> Sheet:
    """The same as rows."""
    titles = ("Received", "Stored", "Duplicates", "Further revisions", "Dead letters", "Missing", "Uncertain")
    columns = (Column(t("Source")), *(Column(t(title), "number") for title in titles))
    return Sheet(t("Accounting of samples"), columns, [[a.name, *_numbers(a), a.missing, a.uncertain] for a in found])


# ------------------------------------------------------------------ workers
_WORKER = (
    ("Worker", ""),
    ("Host", ""),
    ("Seen", ""),
    ("Holds", "adm-wrap"),
    ("Spool", "num"),
    ("Bytes of limit", "num"),
    ("Disk free", "num"),
    ("What is wrong", "adm-wrap"),
)


def workers(found: Sequence[WorkerState], now_us: int) -> Any:
    """Each worker, its duties and its spool."""
    if not found:
        return empty(
            t(
                "Shows the worker processes. None has been seen for ten minutes: nothing is collected."
                " Start one with “plantglass worker”."
            )
        )
    return parts.table(_WORKER, [_worker(w, now_us) for w in found], t("Workers and spools"))


def _worker(worker: WorkerState, now_us: int) -> list[Any]:
    known = worker.facts
    seen = age(now_us - int(worker.age_s * 1e6), now_us, suffix=t(" ago"))
    gone = worker.age_s > DEAD_S
    return [
        html.Code(worker.id),
        known.get("host", show.NOTHING),
        html.Span([shape("stale", hidden=True), seen], className="state_chip") if gone else seen,
        ", ".join(worker.roles) or show.NOTHING,
        _records(worker.spool_waiting),
        t("{bytes} of {limit}", bytes=parts.size(worker.spool_bytes), limit=parts.size(known.get("spool_limit"))),
        parts.size(known.get("disk_free")),
        known.get("trouble") or (t("no sign of life") if gone else ""),
    ]


def workers_sheet(found: Iterable[WorkerState]) -> Sheet:
    """The same as rows."""
    columns = (
        Column(t("Worker")),
        Column(t("Host")),
        Column(t("Last sign of life"), "number", "s", 1),
        Column(t("Holds")),
        Column(t("Records in spool"), "number"),
        Column(t("Bytes in spool"), "number"),
        Column(t("Disk free"), "number", "B"),
    )
    rows = [
        [w.id, w.facts.get("host"), w.age_s, ", ".join(w.roles), w.spool_waiting, w.spool_bytes, w.facts.get("disk_free")]
        for w in found
    ]
    return Sheet(t("Workers and spools"), columns, rows)
