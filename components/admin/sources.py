"""Sources: how each is doing, and what was agreed with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from components import format as show
from components.admin import ids, parts
from components.export import Column, Sheet
from components.live import age
from components.panel import panel
from components.shape import shape
from components.states import empty, skeleton
from components.text import t
from engine.time import us_of

if TYPE_CHECKING:
    from db.source import SourceState

WORDS = {
    "connected": "Connected",
    "connecting": "Connecting",
    "disconnected": "Not connected",
    "refused": "Refused",
    "unknown": "Not taken yet",
}
LATE = 3
"""So many expected intervals without a sample: stale."""
DEAD_S = 30.0


def tab(_rights: Collection[str]) -> Any:
    """The skeleton."""
    find = dcc.Input(
        id=ids.LETTER_WORDS, type="text", debounce=0.4, className="pl-in adm-find", placeholder=t("Reason or address"), value=""
    )
    told = (
        t("Received is what left a spool. Each value is then stored, a duplicate, a further revision, or a dead letter."),
        t("The account closes when nothing is missing. What still waits in a spool is not counted as received yet."),
    )
    return [
        html.Div(
            [
                html.Div(panel(ids.SOURCES, t("Sources"), skeleton(4), wide=True, main=True, rows=True), className="c8"),
                html.Div(panel(ids.SOURCE, t("Chosen source"), skeleton(4), menu=False), className="c4"),
            ],
            className="row12",
        ),
        parts.across(panel(ids.ACCOUNTS, t("Accounting of samples"), skeleton(3), wide=True, rows=True, explain=told)),
        parts.across(panel(ids.WORKERS, t("Workers and spools"), skeleton(2), wide=True, rows=True)),
        html.Div(
            [
                html.Div(
                    panel(ids.LETTERS, t("Dead letters"), skeleton(4), wide=True, rows=True, tools=(find,)), className="c7"
                ),
                html.Div(panel(ids.GAPS, t("Declared gaps"), skeleton(4), wide=True, rows=True), className="c5"),
            ],
            className="row12",
        ),
    ]


# ------------------------------------------------------------------ states
_HEAD = (
    ("Source", ""),
    ("State", ""),
    ("Since", ""),
    ("Last sample", ""),
    ("Lag", "num"),
    ("In spool", "num"),
    ("What is wrong", "adm-wrap"),
)


def late(state: SourceState, now_us: int) -> bool:
    """True when no sample came for three expected intervals, of a source that should deliver."""
    old = state.last_sample_us is None or now_us - state.last_sample_us > LATE * state.expected_s * 1e6
    return state.active and old


def word(state: SourceState, now_us: int) -> tuple[str, str]:
    """The shape's category ("" for a quiet state) and the word."""
    if not state.active:
        return "out_of_service", t("Switched off")
    if state.state != "connected":
        return "bad", t(WORDS.get(state.state, state.state))
    return ("stale", t("Connected, silent")) if late(state, now_us) else ("", t("Connected"))


def table(states: Sequence[SourceState], search: str, zone: str, now_us: int) -> Any:
    """How each source is doing."""
    if not states:
        link = html.A(t("Connect a source"), href=parts.link(search, tab="connect", sel=None), className="pl-ctl")
        return empty(t("Shows how each source is doing. None is configured at the sites that you may see."), link)
    chosen = parts.asked(search).get("sel", "")
    rows = [parts.line(_HEAD, _row(s, search, zone, now_us), chosen=s.name == chosen) for s in states]
    return parts.table(_HEAD, rows, t("Sources"))


def _row(state: SourceState, search: str, zone: str, now_us: int) -> list[Any]:
    category, said = word(state, now_us)
    mark = [shape(category, hidden=True)] if category else []
    return [
        [
            html.A(state.name, href=parts.link(search, sel=state.name), className="sb"),
            " ",
            html.Span(state.kind, className="cap t2"),
        ],
        html.Span([*mark, said], className="state_chip"),
        parts.moment(state.since, zone, now_us),
        age(state.last_sample_us, now_us, suffix=t(" ago")),
        lag(state),
        parts.count(state.facts.get("spool_records")),
        state.detail or "",
    ]


def lag(state: SourceState) -> str:
    """Median of receipt minus source time: negative when the source's clock is ahead."""
    return (
        show.NOTHING
        if state.skew_us is None
        else parts.seconds(state.skew_us / 1e6)
        if state.skew_us >= 0
        else _ahead(state.skew_us)
    )


def _ahead(skew_us: int) -> str:
    return t("{time} ahead", time=parts.seconds(-skew_us / 1e6))


def sheet(states: Iterable[SourceState]) -> Sheet:
    """The same as rows."""
    columns = (
        Column(t("Source")),
        Column(t("Kind")),
        Column(t("State")),
        Column(t("Since"), "time"),
        Column(t("Last sample"), "time"),
        Column(t("Lag"), "number", "s", 3),
        Column(t("Records in spool"), "number"),
        Column(t("What is wrong")),
    )
    rows = [
        [
            s.name,
            s.kind,
            t(WORDS.get(s.state, s.state)),
            None if s.since is None else us_of(s.since),
            s.last_sample_us,
            None if s.skew_us is None else s.skew_us / 1e6,
            s.facts.get("spool_records"),
            s.detail,
        ]
        for s in states
    ]
    return Sheet(t("Sources"), columns, rows)


def sentence(states: Sequence[SourceState], missing: int, now_us: int) -> str:
    """What matters first."""
    away = [s.name for s in states if s.active and s.state != "connected"]
    silent = [s.name for s in states if s.active and s.state == "connected" and late(s, now_us)]
    said = [t("{n} of {all} sources connected", n=sum(s.state == "connected" for s in states), all=len(states))]
    if away:
        said.append(t("not connected: {names}", names=", ".join(away[:3])))
    if silent:
        said.append(t("silent: {names}", names=", ".join(silent[:3])))
    said.append(
        t("the account of samples closes") if missing == 0 else t("{n} samples are unaccounted for", n=parts.count(missing))
    )
    return "; ".join(said)


# ------------------------------------------------------------------ one source
def details(state: SourceState | None, settings: dict[str, Any]) -> Any:
    """What the server made of our wishes, and what it does not know."""
    if state is None:
        return html.P(t("Choose a source in the table to see what was agreed with it."), className="t2")
    known = state.facts
    lists = [
        _list(t("Not there"), known.get("unknown"), known.get("unknown_count")),
        _list(t("Cannot be used"), known.get("unusable"), known.get("unusable_count")),
    ]
    return html.Div([parts.facts(_agreed(state, settings)), *[found for found in lists if found is not None]])


def _agreed(state: SourceState, settings: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    known = state.facts
    yield "Name", html.B(state.name)
    yield "Address", html.Code(where(state.kind, settings), className="adm-break")
    yield "Expected interval", parts.seconds(state.expected_s)
    yield "Signals bound", parts.count(known.get("bindings"))
    if "items" in known:
        yield "Signals watched", parts.count(known["items"])
        yield "Publishing", _asked_given(known.get("asked_publishing_ms"), known.get("publishing_ms"))
        yield "Sampling", span(known.get("sampling_ms"), "ms")
        yield "Queue of the server", [span(known.get("queue"), ""), _too_small(known)]
    if "mqtt" in known:
        yield "MQTT version", known["mqtt"]
    if known.get("qos_0"):
        yield "Quality 0", t("Some messages come without acknowledgement: the broker keeps none while nobody collects.")
    if "broker_dropped" in known:
        yield "Dropped by the broker", parts.count(known["broker_dropped"])
    if known.get("spool"):
        yield "Spool", known["spool"]
    yield "Held back", known.get("held") or t("no")


def where(kind: str, settings: dict[str, Any]) -> str:
    """Where a source lies, without its secrets (there are none in its settings)."""
    if kind in ("mqtt", "sparkplug"):
        return f"{settings.get('host', '')}:{settings.get('port', 1883)}"
    return str(settings.get("url") or settings.get("path") or "")


def _asked_given(wanted: float | None, given: float | None) -> str:
    if given is None:
        return show.NOTHING
    same = wanted is None or abs(wanted - given) < 1
    return (
        show.quantity(given, "ms", 0)
        if same
        else t("{given} (asked for {asked})", given=show.quantity(given, "ms", 0), asked=show.quantity(wanted, "ms", 0))
    )


def span(pair: Sequence[float] | None, unit: str) -> str:
    """`250 ms`, or `100 – 500 ms` where signals differ."""
    if not pair:
        return show.NOTHING
    low, high = pair[0], pair[-1]
    return show.quantity(low, unit, 0) if low == high else f"{show.number(low, 0)} {show.DASH} {show.quantity(high, unit, 0)}"


def _too_small(known: dict[str, Any]) -> Any:
    return html.Span(t(" too small: values may be lost"), className="sb") if known.get("queue_too_small") else ""


def _list(title: str, names: Sequence[str] | None, number: int | None) -> html.Details | None:
    if not names:
        return None
    return html.Details(
        [html.Summary(f"{title}: {parts.count(number)}"), html.Ul([html.Li(html.Code(n)) for n in names])], className="adm-more"
    )
