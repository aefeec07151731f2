"""What the panels of the alarm page show, as rows for tables and files."""

from __future__ import annotations

from collections.abc import Iterable

from components.alarm import words
from components.export import Column, Sheet
from components.text import t
from engine.alarm import Alarm, AlarmState, Aside, Priority
from engine.alarm.performance import AIM, SPAN_US, Often, Performance


def often(title: str, found: Iterable[Often]) -> Sheet:
    """Alarms by how often they were raised."""
    columns = (
        Column(t("priority")),
        Column(t("alarm")),
        Column(t("location")),
        Column(t("times"), "number"),
        Column(t("share"), "share"),
    )
    return Sheet(title, columns, [(words.priority_word(o.priority), o.title, o.place, o.count, o.share) for o in found])


def rate(found: Performance) -> Sheet:
    """How many alarms each ten minutes brought."""
    columns = (Column(t("from"), "time"), Column(t("to"), "time"), Column(t("alarms"), "number", "", 0))
    return Sheet(t("Alarms in each 10 minutes"), columns, [(at, at + SPAN_US, count) for at, count in found.spans])


def mix(found: Performance) -> Sheet:
    """The share of each priority beside its aim."""
    columns = (Column(t("priority")), Column(t("share"), "share"), Column(t("aim"), "share"))
    known = [(words.priority_word(p), found.mix[p] if found.total else None, AIM[p]) for p in Priority]
    return Sheet(t("Mix of priorities"), columns, known)


def stale(old: Iterable[Alarm]) -> Sheet:
    """Alarms that have been active for long."""
    columns = (Column(t("priority")), Column(t("alarm")), Column(t("location")), Column(t("since"), "time"))
    return Sheet(t("Stale alarms"), columns, [(words.priority_word(a.priority), a.title, a.place, a.since_us) for a in old])


def asides(found: Iterable[Aside]) -> Sheet:
    """What people set aside."""
    heads = ("kind", "alarm", "location")
    columns = (*(Column(t(n)) for n in heads), Column(t("from"), "time"), Column(t("until"), "time"), Column(t("by")),
               Column(t("reason")), Column(t("condition")))  # fmt: skip
    return Sheet(t("Shelved and out of service"), columns, [_aside(one) for one in found])


def _aside(one: Aside) -> tuple[str | int | None, ...]:
    kind = t("Out of service") if one.kind is AlarmState.OUT_OF_SERVICE else t("Shelved")
    condition = t("active") if one.active else t("normal")
    return kind, one.title, one.place, one.from_us, one.until_us, one.by_name, one.reason, condition
