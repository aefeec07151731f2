"""What was raised over the range, newest first, as a table that sorts and filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag

from components import format as show
from components.alarm import ids, words
from components.states import empty
from components.text import t
from components.view import View, href
from engine.alarm import Alarm

_COLUMNS: tuple[dict[str, Any], ...] = (
    {"field": "raised", "headerName": "Raised", "minWidth": 180, "flex": 0.8},
    {"field": "priority", "headerName": "Priority", "cellRenderer": "StateChip", "minWidth": 100, "flex": 0.6},
    {"field": "name", "headerName": "Alarm", "cellRenderer": "PlaceLink", "minWidth": 190, "flex": 1.4},
    {"field": "place", "headerName": "Location", "minWidth": 140, "flex": 1},
    {"field": "value", "headerName": "Value against limit", "minWidth": 150, "flex": 1},
    {"field": "lasted", "headerName": "Lasted", "type": "rightAligned", "minWidth": 95, "flex": 0.5},
    {"field": "acked", "headerName": "Acknowledged", "minWidth": 150, "flex": 0.9},
    {"field": "state", "headerName": "State", "minWidth": 190, "flex": 1.2, "tooltipField": "state"},
)


def grid() -> dag.AgGrid:
    """The empty journal."""
    columns = [{**c, "headerName": t(c["headerName"]), "sortable": True, "resizable": True, "filter": True} for c in _COLUMNS]
    return dag.AgGrid(
        id=ids.JOURNAL_GRID,
        columnDefs=columns,
        rowData=[],
        getRowId="params.data.id",
        className="pl-grid",
        dashGridOptions={"theme": "themeQuartz", "animateRows": False, "ensureDomOrder": True},
        style={"display": "none"},
    )


def height(rows: int) -> dict[str, Any]:
    """The style of the table for so many rows."""
    return {"height": f"{34 + 36 * min(rows, 16) + 18}px"} if rows else {"display": "none"}


def record(alarm: Alarm, view: View, now_us: int) -> dict[str, Any]:
    """A row."""
    lasted = None if alarm.cleared_at_us is None else alarm.cleared_at_us - alarm.since_us
    acked = "" if alarm.acked_at_us is None else show.duration(alarm.acked_at_us - alarm.raised_at_us)
    ended = t(words.ENDED_WORDS[alarm.ended_as]) if alarm.ended_as else words.state_word(alarm.state)
    return {
        "id": str(alarm.id),
        "raised": show.local(alarm.raised_at_us, view.zone).strftime("%Y-%m-%d %H:%M:%S"),
        "shape": words.SHAPES[alarm.priority],
        "priority": words.priority_word(alarm.priority),
        "name": alarm.title,
        "href": href(view, sel=(str(alarm.definition_id),)),
        "place": alarm.place,
        "value": words.against(alarm),
        "lasted": show.NOTHING if lasted is None else show.duration(lasted),
        "acked": t("{who} after {time}", who=alarm.acked_by, time=acked) if alarm.acked_by else show.NOTHING,
        "state": ended,
    }


def nothing(alarms: Sequence[Alarm], name: str, view: View, now_us: int) -> Any:
    """What is said in place of an empty journal."""
    if alarms:
        return None
    first, last = show.when(view.from_us, view.zone, now_us), show.when(view.to_us, view.zone, now_us)
    return empty(t("No alarm was raised at {name} between {first} and {last}.", name=name, first=first, last=last))
