"""One alarm beside the list: what happens, why, what to do, what was, and what may be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from components import format as show
from components import live
from components.alarm import ids, words
from components.alarm.listing import until
from components.shape import icon, shape
from components.text import aria, data, t
from components.view import View, href
from engine.alarm import Alarm, AlarmDefinition, AlarmKind, Aside
from engine.time import SECOND_US

SHELVES = {15: "15 min", 60: "1 h", 240: "4 h", 480: "8 h", 1440: "24 h"}
"""For how long an alarm may be shelved, in minutes."""


@dataclass(frozen=True, slots=True)
class Card:
    """All that is shown of one alarm. `standing`: its record in the list, None when it is not there."""

    definition: AlarmDefinition
    standing: Alarm | None
    aside: Aside | None
    history: Sequence[Alarm]
    past: Sequence[Aside]


def frame() -> html.Aside:
    """The empty side panel; the form is there from the start, so that what is typed into it stays while facts change."""
    return html.Aside(
        [html.Div(id=ids.SIDE_BODY), _form(), html.Div(id=ids.HISTORY, className="al-past")],
        id=ids.SIDE,
        className="pl-side al-side",
        hidden=True,
        **aria(label=t("Alarm")),
    )


def facts(card: Card, view: View, now_us: int, *, may: bool) -> list[Any]:
    """Everything above the form."""
    d = card.definition
    parts = [_head(card, view), _state(card, view, now_us, may=may)]
    parts += [_told(t("What to do"), d.response, t("within {time}", time=show.duration(int(d.respond_within_s * SECOND_US))))]
    parts += [_told(t("What happens otherwise"), d.consequence), _told(t("Usual cause"), d.cause)] if d.cause else [
        _told(t("What happens otherwise"), d.consequence)
    ]  # fmt: skip
    return [*parts, _rule(d, view)]


def _head(card: Card, view: View) -> html.Header:
    d = card.definition
    close = html.A(
        icon("x"), href=href(view, sel=()), className="pl-ctl icon ghost", **aria(label=t("Close")), **data(key="Esc")
    )
    name = html.Div([html.H2(d.title), html.Span(f"{d.place} · {d.key}", className="sub t2")])
    return html.Header([shape(words.SHAPES[d.priority], label=words.priority_word(d.priority)), name, close])


def _state(card: Card, view: View, now_us: int, *, may: bool) -> html.Div:
    alarm = card.standing
    if card.aside is not None:
        said = f"{until(card.aside, view.zone, now_us)}, {card.aside.by_name}: “{card.aside.reason}”"
        return html.Div([shape("shelved", hidden=True), html.B(said)], className="al-state")
    if alarm is None:
        return html.Div(html.B(t("Normal")), className="al-state")
    values = [html.B(words.against(alarm)), html.Span(words.now(alarm), className="t2")]
    state = html.Div([html.B(words.state_word(alarm.state)), html.Span([t("for "), live.age(alarm.since_us, now_us)])])
    button = html.Button(t("Acknowledge"), className="pl-ctl prim", **data(ack=alarm.id))
    return html.Div([state, html.Div(values), button if may and alarm.unacknowledged else None], className="al-state")


def _told(title: str, text: str, note: str = "") -> html.Div:
    return html.Div(
        [html.H3([title, html.Span(f" {note}", className="t2 med") if note else None]), html.P(text)], className="al-told"
    )


def _rule(d: AlarmDefinition, view: View) -> html.Div:
    rows = [(t("Condition"), _condition(d))]
    on, off = (show.duration(int(s * SECOND_US)) for s in (d.on_delay_s, d.off_delay_s))
    rows += [(t("Delays"), t("on {on}, off {off}", on=on, off=off))]
    rows += [(t("Deadband"), show.quantity(d.deadband, d.unit))] if d.deadband else []
    rows += (
        [(t("Only while"), t("{tag} is {states}", tag=d.while_tag, states=", ".join(d.while_states)))] if d.while_tag else []
    )
    cells = [cell for name, said in rows for cell in (html.Dt(name), html.Dd(said))]
    link = html.A(t("Show the signal"), href=href(view, "/machine", at=d.path, sel=(d.tag,), tab="live"), className="pl-ctl")
    return html.Div([html.Dl(cells, className="kv"), link if d.tag else None], className="al-rule")


def _condition(d: AlarmDefinition) -> str:
    if d.kind in (AlarmKind.ABOVE, AlarmKind.BELOW):
        limit = show.quantity(d.limit, d.unit, d.decimals)
        return t("{tag} above {limit}", tag=d.tag, limit=limit) if d.kind is AlarmKind.ABOVE else t(
            "{tag} below {limit}", tag=d.tag, limit=limit
        )  # fmt: skip
    if d.kind is AlarmKind.STATE:
        return t("{tag} is {states}", tag=d.tag, states=", ".join(d.states))
    if d.kind is AlarmKind.SOURCE:
        return t("source {name} is lost", name=d.source)
    return t("{tag} has no good value", tag=d.tag)


def history(card: Card, view: View, now_us: int) -> list[Any]:
    """When it was raised and set aside, the newest first."""
    told = [(a.raised_at_us, _raised(a, view, now_us)) for a in card.history]
    told += [(a.from_us, _set_aside(a, view, now_us)) for a in card.past]
    rows = [
        html.Li([html.Span(show.when(at, view.zone, now_us), className="w"), html.Span(said)])
        for at, said in sorted(told, key=lambda one: -one[0])
    ]
    return [html.H3(t("History")), html.Ul(rows, className="al-history") if rows else html.P(t("Never raised."))]


def _raised(a: Alarm, view: View, now_us: int) -> str:
    said = t("Raised, {what}", what=words.against(a))
    if a.cleared_at_us is not None:
        said += "; " + t("normal after {time}", time=show.duration(a.cleared_at_us - a.since_us))
    if a.acked_by:
        said += "; " + t("{who} after {time}", who=a.acked_by, time=show.duration((a.acked_at_us or 0) - a.raised_at_us))
    return said + ("; " + t(words.ENDED_WORDS[a.ended_as]).lower() if a.ended_as not in (None, "normal") else "")


def _set_aside(a: Aside, view: View, now_us: int) -> str:
    said = t("{until} by {who}: “{reason}”", until=until(a, view.zone, now_us), who=a.by_name, reason=a.reason)
    return said + ("; " + t("ended by {who}", who=a.ended_by) if a.ended_by else "")


# ------------------------------------------------------------------ shelving
def _form() -> html.Div:
    reason = dcc.Input(id=ids.REASON, type="text", maxLength=300, autoComplete="off", className="al-reason")
    shelves = [
        html.Button(t(word), id=ids.shelve_id(minutes), n_clicks=0, className="pl-ctl") for minutes, word in SHELVES.items()
    ]
    remove = html.Button(t("Take out of service"), id=ids.REMOVE, n_clicks=0, className="pl-ctl")
    back = html.Button(t("Bring back"), id=ids.BACK, n_clicks=0, className="pl-ctl")
    return html.Div(
        [
            html.H3(t("Set aside")),
            html.Label([html.Span(t("Reason: it goes on record with your name"), className="cap t2"), reason]),
            html.Div([html.Span(t("Shelve for"), className="t2"), *shelves], id=ids.SHELVES, className="al-acts"),
            html.Div([remove, back], className="al-acts"),
            html.P(id=ids.SAID, className="al-said", **live.polite()),
        ],
        id=ids.FORM,
        className="al-form",
        hidden=True,
    )
