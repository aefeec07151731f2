"""The alarm list: unacknowledged by priority, then time (ui.md 11). Nothing moves under the pointer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from components import format as show
from components import live
from components.alarm import words
from components.alarm.words import first_sentence, mark
from components.export import Column, Sheet
from components.shape import shape
from components.states import empty
from components.text import aria, data, t
from components.view import View, href, place_href
from engine.alarm import Alarm, AlarmState, Aside, Priority

MOST_SHOWN = 200
_HEAD = ("", "Since", "Age", "Location", "Alarm", "Value against limit", "Response", "")


@dataclass(frozen=True, slots=True)
class Arranged:
    """The rows in the order of the screen; None stands for one that left the list. `fresh`: how many wait to be shown."""

    rows: tuple[tuple[int, Alarm | None], ...]
    fresh: int = 0


def arranged(alarms: Sequence[Alarm], held: Sequence[int] | None) -> Arranged:
    """The order of the list, or while it is held the order on the screen with what is new kept back."""
    if not held:
        return Arranged(tuple((alarm.id, alarm) for alarm in alarms[:MOST_SHOWN]))
    known = {alarm.id: alarm for alarm in alarms}
    return Arranged(tuple((id_, known.get(id_)) for id_ in held[:MOST_SHOWN]), len(known.keys() - set(held)))


def table(found: Arranged, view: View, now_us: int, may: Collection[int]) -> html.Div:
    """The rows, and the chip that lets new ones in. `may`: the places where the reader may acknowledge."""
    head = html.Thead(html.Tr([html.Th(t(name) if name else _spoken(i), scope="col") for i, name in enumerate(_HEAD)]))
    body = html.Tbody([_row(id_, alarm, view, now_us, may) for id_, alarm in found.rows])
    rows = html.Table(
        [head, body], className="pl-table al-table", role="grid", **aria(label=t("Alarms, worst first")), **data(alarms="1")
    )
    return html.Div([_chip(found.fresh), rows], className="al-scroll")


def _spoken(column: int) -> html.Span:
    return html.Span(t("Priority and state") if column == 0 else t("Acknowledge"), className="pl-sr")


def _chip(fresh: int) -> html.Div:
    button = html.Button(t("{n} new", n=fresh), className="pl-ctl al-new", **data(release="1"))
    return html.Div(button if fresh else None, className="al-chips", **live.polite())


def _row(id_: int, alarm: Alarm | None, view: View, now_us: int, may: Collection[int]) -> html.Tr:
    if alarm is None:
        gone = html.Td(t("No longer in the list"), colSpan=len(_HEAD), className="t3")
        return html.Tr(gone, className="al-row is-gone", **data(alarm=id_))
    classes = f"al-row{'' if alarm.active else ' is-returned'}{' is-open' if str(alarm.definition_id) in view.sel else ''}"
    known = data(alarm=alarm.id, definition=alarm.definition_id, unacked="1" if alarm.unacknowledged else None)
    return html.Tr([html.Td(cell, className=c) for cell, c in _cells(alarm, view, now_us, may)], className=classes, **known)


def _cells(alarm: Alarm, view: View, now_us: int, may: Collection[int]) -> list[tuple[Any, str]]:
    place = html.A(
        alarm.place, href=place_href(view, alarm.path, alarm.place_kind), className="t2", title=alarm.path, tabIndex="-1"
    )
    title = html.A(alarm.title, href=href(view, sel=(str(alarm.definition_id),)), className="al-title", tabIndex="-1")
    returned = None if alarm.active else html.Span(t("returned to normal"), className="chip q")
    value = [html.B(words.against(alarm)), html.Span(words.now(alarm), className="t2 al-now")]
    return [
        (mark(alarm), "al-shape"),
        (show.when(alarm.since_us, view.zone, now_us), "nowrap"),
        (live.age(alarm.since_us, now_us), "num nowrap al-age"),
        (place, "al-place"),
        ([title, returned, html.Span(alarm.place, className="al-where cap t2")], "al-text"),
        (value, "al-value"),
        (first_sentence(alarm.response), "t2 al-response"),
        (_acknowledge(alarm, view, now_us, may), "al-do"),
    ]


def _acknowledge(alarm: Alarm, view: View, now_us: int, may: Collection[int]) -> Component | str:
    if not alarm.unacknowledged:
        at = show.when(alarm.acked_at_us or 0, view.zone, now_us)
        return html.Span(t("{who}, {at}", who=alarm.acked_by or "", at=at), className="t2 cap")
    if alarm.node_id not in may:
        return html.Span(t("not acknowledged"), className="cap t2")
    said = aria(label=t("Acknowledge {title}, {place}", title=alarm.title, place=alarm.place))
    return html.Button(t("Acknowledge"), className="pl-ctl al-ack", tabIndex="-1", **data(ack=alarm.id), **said)


def nothing(name: str, alarms: int, definitions: bool) -> html.Div | None:
    """What is said in place of an empty list."""
    if alarms:
        return None
    if not definitions:
        return empty(t("Shows the alarms of {name}. None is configured here; the configuration file takes them.", name=name))
    return empty(t("No alarm at {name}. Every condition is normal, and all that was raised is acknowledged.", name=name))


def more(total: int) -> html.P | None:
    """What is said below a list that is cut."""
    left = total - MOST_SHOWN
    return html.P(t("{n} more of lower priority: choose a place to see them", n=left), className="t2 pad") if left > 0 else None


def sentence(alarms: Sequence[Alarm], asides: Sequence[Aside]) -> str:
    """The generated sentence beside the title."""
    open_ = [alarm for alarm in alarms if alarm.unacknowledged]
    counts = {p: sum(alarm.priority is p for alarm in open_) for p in Priority}
    said = t("{counts} not acknowledged", counts=words.counted(counts)) if open_ else t("Nothing to acknowledge")
    active = sum(alarm.active for alarm in alarms)
    said += "; " + t("{n} active", n=active) if active else ""
    return said + ("; " + t("{n} set aside", n=len(asides)) if asides else "")


# ------------------------------------------------------------------ shelved and out of service
def aside_table(asides: Sequence[Aside], view: View, now_us: int) -> html.Div | html.P:
    """What people set aside, always in sight: until when, by whom and why."""
    if not asides:
        return html.P(t("Nothing is shelved or out of service."), className="t2 pad")
    head = html.Thead(
        html.Tr([html.Th(t(n), scope="col") for n in ("Alarm", "Location", "Until", "By", "Reason", "Condition")])
    )
    rows = [_aside_row(aside, view, now_us) for aside in asides]
    return html.Div(html.Table([head, html.Tbody(rows)], className="pl-table"), className="al-scroll")


def _aside_row(aside: Aside, view: View, now_us: int) -> html.Tr:
    title = html.A(aside.title, href=href(view, sel=(str(aside.definition_id),)), className="al-title")
    sign = "out_of_service" if aside.kind is AlarmState.OUT_OF_SERVICE else "shelved"
    return html.Tr(
        [
            html.Td([shape(sign, hidden=True), " ", title]),
            html.Td(aside.place),
            html.Td(until(aside, view.zone, now_us), className="nowrap"),
            html.Td(aside.by_name),
            html.Td(aside.reason),
            html.Td(t("active") if aside.active else t("normal"), className="sb" if aside.active else "t2"),
        ]
    )


def until(aside: Aside, zone: str, now_us: int) -> str:
    """`Shelved until 14:00`, `Out of service since 09:30`."""
    if aside.until_us is not None:
        return t("Shelved until {at}", at=show.when(aside.until_us, zone, now_us))
    return t("Out of service since {at}", at=show.when(aside.from_us, zone, now_us))


def sheet(alarms: Sequence[Alarm], title: str) -> Sheet:
    """Alarms as rows of a file: the list, or the journal."""
    columns = (
        Column(t("priority")), Column(t("state")), Column(t("since"), "time"), Column(t("raised"), "time"),
        Column(t("cleared"), "time"), Column(t("acknowledged"), "time"), Column(t("by")), Column(t("location")),
        Column(t("key")), Column(t("alarm")), Column(t("value"), "number"), Column(t("limit"), "number"), Column(t("unit")),
        Column(t("machine state")), Column(t("response")),
    )  # fmt: skip
    return Sheet(title, columns, [_cells_of(a) for a in alarms], signals=tuple(sorted({a.tag for a in alarms if a.tag})))


def _cells_of(a: Alarm) -> tuple[Any, ...]:
    state = t(words.ENDED_WORDS[a.ended_as]) if a.ended_as else words.state_word(a.state)
    times = (a.since_us, a.raised_at_us, a.cleared_at_us, a.acked_at_us)
    told = (
        a.acked_by,
        a.path,
        a.key,
        a.title,
        a.value if not a.state_name else None,
        a.limit,
        a.unit,
        a.state_name,
        a.response,
    )
    return (words.priority_word(a.priority), state, *times, *told)
