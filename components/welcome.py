"""The welcome panel: four things to try for the role, ticked off as they are tried. Owns its ids.

In the demo they lead into the stories planted in the virtual plant (docs/twin.md); elsewhere they show the tools.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from components.shape import icon
from components.text import aria, data, t

PANEL, TASK, DISMISS, RESTART = "welcome", "welcome-task", "welcome-dismiss", "welcome-restart"
MOST = 4
SITE = "acme/dublin"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to try: what, why, and where. `story` names the planted story that it leads into; "": works everywhere."""

    key: str
    title: str
    text: str
    href: str = ""
    story: str = ""
    opens: str = ""


_DRIFT = Task(
    "drift",
    "See a fill weight drift",
    "Filler 1 loses weight by hundredths of a gram; the pump pressure tells why.",
    f"/machine?at={SITE}/filling/line-1/filler-1&from=now-7d&sel=filler-1.fill_weight,filler-1.pump_pressure",
    "fill-drift",
)
_BEARING = Task(
    "bearing",
    "Find a bearing that goes bad",
    "The vibration of press 3 has doubled in twenty days.",
    f"/machine?at={SITE}/solid-dose/press-3&from=now-30d&sel=press-3.vibration",
    "bearing",
)
_COLD = Task(
    "cold-room",
    "Find the night the cold room was warm",
    "The door stayed open for 47 minutes; the temperature left 2–8 °C.",
    f"/machine?at={SITE}/warehouse/cold-room-1&from=now-7d",
    "cold-room",
)
_NIGHT = Task(
    "night-run",
    "Find energy used for nothing",
    "Compressor 2 runs through the night while its line rests.",
    f"/machine?at={SITE}/utilities/compressor-2&from=now-7d&sel=compressor-2.power",
    "night-run",
)
_LINE = Task(
    "late-order",
    "Watch the line of an order that will be late",
    "Packaging line 1 finishes it about 14 hours after its due date.",
    f"/location?at={SITE}/packaging/line-1",
    "late-order",
)
_SEEK = Task("seek", "Find anything by name", "Press / and type a machine, a signal or a batch.", opens="palette")
_KEYS = Task("keys", "See the keys and the help", "Press ? on any page.", opens="help")
_KEEP = Task("keep", "Keep a view", "Save a page with its place and range under a name.", opens="saved")
_PLACES = Task("places", "Walk down the plant", "From the site to a machine and back, with the same time range.", "/location")

TASKS: dict[str, tuple[Task, ...]] = {
    "manager": (_LINE, _NIGHT, _SEEK, _KEEP),
    "engineer": (_DRIFT, _BEARING, _SEEK, _KEEP),
    "quality": (_DRIFT, _COLD, _SEEK, _KEEP),
    "planner": (_LINE, _PLACES, _SEEK, _KEEP),
    "operator": (_LINE, _PLACES, _SEEK, _KEYS),
    "maintenance": (_BEARING, _NIGHT, _SEEK, _KEEP),
    "auditor": (_COLD, _PLACES, _SEEK, _KEYS),
    "admin": (_PLACES, _NIGHT, _SEEK, _KEYS),
}
_ANYBODY = (_PLACES, _SEEK, _KEEP, _KEYS)


def tasks(roles: Collection[str], *, demo: bool) -> tuple[Task, ...]:
    """Four things to try: those of the first role that has some; outside the demo those without a story."""
    own = next((TASKS[role] for role in TASKS if role in roles), _ANYBODY)
    return tuple(dict.fromkeys([*(task for task in own if demo or not task.story), *_ANYBODY]))[:MOST]


def panel(found: Sequence[Task], done: Collection[str], name: str) -> html.Section:
    """The panel; what was tried bears a tick."""
    close = html.Button(
        icon("x"), id=DISMISS, n_clicks=0, className="pl-ctl icon ghost", title=t("Close"), **aria(label=t("Close welcome"))
    )
    count = t("{done} of {all} tried", done=sum(task.key in done for task in found), all=len(found))
    head = html.Header(
        [
            html.Div(
                [html.H2(t("Welcome, {name}", name=name), id="welcome-title"), html.Div(count, className="sub")], className="tt"
            ),
            close,
        ]
    )
    listed = html.Ul([html.Li(_task(task, task.key in done)) for task in found], className="pl-tasks")
    return html.Section([head, listed], className="pl-panel pl-welcome", **aria(labelledby="welcome-title"))


def _task(task: Task, done: bool) -> Any:
    tick = icon("check") if done else html.I(className="pl-box-empty", **aria(hidden="true"))
    state = html.Span(t("tried") if done else t("not tried yet"), className="pl-sr")
    words = html.Span([html.B(t(task.title)), html.Span(t(task.text), className="cap t2"), state])
    shared: dict[str, Any] = {"id": task_id(task.key), "n_clicks": 0, "className": f"it{' is-done' if done else ''}"}
    if task.href:
        return html.A([tick, words], href=task.href, **shared)
    return html.Button([tick, words], **shared, **data(do=_DOES.get(task.opens, "open"), opens=task.opens))


_DOES = {"palette": "palette"}


def task_id(key: Any) -> dict[str, Any]:
    """The id of a task; `ALL` for every one."""
    return {"type": TASK, "task": key}


def restart() -> html.Button:
    """Shows the panel again; stands in the help."""
    return html.Button(t("Show the welcome again"), id=RESTART, n_clicks=0, className="pl-ctl", **data(do="close"))
