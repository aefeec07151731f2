"""The alarm page: list, side panel, acknowledging and setting aside, journal, performance; the count in the top bar."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from dash import ALL, Input, Output, State, ctx, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback, clientside, request_for
from components import live, location, states
from components.alarm import figures, ids, indicator, journal, listing, page, sheets, side
from components.export import Sheet
from components.panel import body_id, sub_id
from components.text import t
from components.view import Context, View, context_of
from db import alarm as alarms
from db import location as places
from db.store import Change, Store
from engine.access import Scope
from engine.alarm import Priority, rolled_up
from engine.alarm.performance import Performance, performance
from engine.errors import Forbidden, Invalid, NotFound
from engine.location import Tree
from engine.time import MINUTE_US, SECOND_US

PAGE = "/alarm"
READ, ACKNOWLEDGE, SHELVE = "alarm.read", "alarm.acknowledge", "alarm.shelve"
MOST_AT_ONCE, LEAST_REASON = 100, 3
KEPT_S = 20

clientside("live.watch", Output(ids.SINK_WATCH, "data"), Input(ids.WATCH, "data"))


def _here(place: dict[str, Any] | None) -> Context | None:
    here = context_of(place)
    return here if here and here.page == PAGE else None


def _below(request: Request, here: Context) -> list[int]:
    return [node.id for node in _tree(request).subtree(here.node or 0)]


def _tree(request: Request) -> Tree:
    """The places, read again after 20 s at the latest: every page asks every few seconds."""
    return _kept_tree(request.scope, request.store, request.now_us // (KEPT_S * SECOND_US))


@lru_cache(maxsize=64)
def _kept_tree(scope: Scope, store: Store, _turn: int) -> Tree:
    return places.tree(scope, store)


def _reach(permission: str) -> Collection[int]:
    """The places where the reader holds a right; none without it."""
    try:
        return request_for(permission).scope.nodes or frozenset()
    except Forbidden:
        return frozenset()


def _picked(view: View) -> int | None:
    """The alarm in the address."""
    return int(view.sel[0]) if view.sel and view.sel[0].isdecimal() and len(view.sel[0]) < 10 else None


# ------------------------------------------------------------------ frame: top bar and tree
@callback(
    Output(ids.COUNT, "children"),
    Output(ids.COUNT, "title"),
    Output(location.ALARMS, "data"),
    Input(live.BEAT, "data"),
    Input(location.NODES, "data"),
    permission=READ,
)
def show_counts(request: Request, *_causes: Any) -> Any:
    """How many alarms stand, and the worst unacknowledged one below each node of the tree."""
    standing = alarms.counts(request.scope, request.store)
    open_ = alarms.counts(request.scope, request.store, unacknowledged=True)
    total = {p: sum(own.get(p, 0) for own in standing.values()) for p in Priority}
    marks = indicator.tree_marks(rolled_up(_tree(request), open_)) if open_ else {}
    return indicator.count(total), indicator.spoken(total), marks


# ------------------------------------------------------------------ the page's parts
@callback(
    Output(ids.TITLE, "children"),
    Output(ids.TABS, "children"),
    Output(ids.LIST_PART, "hidden"),
    Output(ids.JOURNAL_PART, "hidden"),
    Output(ids.FIGURES_PART, "hidden"),
    Output(ids.WATCH, "data"),
    Input(live.PLACE, "data"),
    permission=READ,
)
def show_page(_request: Request, place: dict[str, Any] | None) -> Any:
    """Title, tabs, and what the page watches."""
    here = _here(place)
    if here is None:
        return (no_update,) * 6
    view = here.view(_request.now_us)
    hidden = [page.tab_of(view) != tab for tab, _ in page.TABS]
    watch = {"topics": [f"alarm:{here.node}"] if here.node else []}
    return t("Alarms of {name}", name=here.name) if here.name else t("Alarms"), page.tabs(view), *hidden, watch


@callback(
    Output(body_id(ids.LIST), "children"),
    Output(sub_id(ids.LIST), "children"),
    Output(body_id(ids.ASIDE), "children"),
    Output(ids.SENTENCE, "children"),
    Input(live.PLACE, "data"),
    Input(live.LIVE, "data"),
    Input(live.BEAT, "data"),
    Input(ids.DONE, "data"),
    Input(ids.RELEASE, "data"),
    State(ids.HELD, "data"),
    permission=READ,
)
def show_list(request: Request, place: dict[str, Any] | None, *causes: Any) -> Any:
    """The alarms that stand, and what is set aside."""
    here = _here(place)
    if here is None or page.tab_of(here.view(request.now_us)) != "live":
        return (no_update,) * 4
    if here.node is None:
        return states.nowhere(here.search), "", None, ""
    nodes, view = _below(request, here), here.view(request.now_us)
    if not any(request.scope.covers(node) for node in nodes):
        return states.forbidden(READ, here.name), "", None, ""
    standing = alarms.standing(request.scope, request.store, nodes)
    aside = alarms.asides(request.scope, request.store, request.now_us, nodes)
    table = listing.table(listing.arranged(standing, _held(causes[-1])), view, request.now_us, _reach(ACKNOWLEDGE))
    known = bool(standing) or alarms.configured(request.scope, request.store, nodes)
    shown = listing.nothing(here.name, len(standing), known) or [table, listing.more(len(standing))]
    said = listing.sentence(standing, aside)
    return shown, t("At {name} and below, worst first", name=here.name), listing.aside_table(aside, view, request.now_us), said


def _held(sent: Any) -> list[int] | None:
    """The order on the screen while it is held; None when it is not."""
    if not isinstance(sent, dict) or not isinstance(sent.get("ids"), list):
        return None
    return [id_ for id_ in sent["ids"][: listing.MOST_SHOWN] if isinstance(id_, int)] or None


@rows(ids.LIST, permission=READ)
def list_rows(request: Request, here: Context) -> Sheet:
    """The list as a file."""
    return listing.sheet(alarms.standing(request.scope, request.store, _below(request, here)), t("Alarm list"))


# ------------------------------------------------------------------ one alarm
@callback(
    Output(ids.SIDE, "hidden"),
    Output(ids.SIDE_BODY, "children"),
    Output(ids.HISTORY, "children"),
    Output(ids.FORM, "hidden"),
    Output(ids.SHELVES, "hidden"),
    Output(ids.REMOVE, "hidden"),
    Output(ids.BACK, "hidden"),
    Input(live.PLACE, "data"),
    Input(live.LIVE, "data"),
    Input(live.BEAT, "data"),
    Input(ids.DONE, "data"),
    permission=READ,
)
def show_alarm(request: Request, place: dict[str, Any] | None, *_causes: Any) -> Any:
    """The alarm that is picked; the form only for who may use it."""
    here = _here(place)
    if here is None:
        return (no_update,) * 7
    picked = _picked(here.view(request.now_us))
    if picked is None:
        return True, [], [], True, True, True, True
    card = _card(request, picked)
    node, out = card.definition.node_id, card.aside is not None
    view, now_us = here.view(request.now_us), request.now_us
    told = side.facts(card, view, now_us, may=node in _reach(ACKNOWLEDGE))
    return False, told, side.history(card, view, now_us), node not in _reach(SHELVE), out, out, not out


def _card(request: Request, definition_id: int) -> side.Card:
    history = alarms.history(request.scope, request.store, definition_id)
    past = alarms.past_asides(request.scope, request.store, definition_id)
    return side.Card(
        alarms.definition(request.scope, request.store, definition_id),
        next((one for one in history if one.ended_at_us is None), None),
        next((a for a in past if a.ended_at_us is None and (a.until_us is None or a.until_us > request.now_us)), None),
        history,
        past,
    )


@callback(
    Output(ids.DONE, "data", allow_duplicate=True),
    Input(ids.ACK, "data"),
    permission=ACKNOWLEDGE,
    prevent_initial_call=True,
)
def save_acknowledged(request: Request, sent: Any) -> Any:
    """Somebody has seen these alarms; their name goes on record."""
    if sent is None:
        return no_update
    wanted = sent.get("ids") if isinstance(sent, dict) else None
    if not isinstance(wanted, list) or not all(isinstance(i, int) and 0 < i < 2**62 for i in wanted):
        raise Invalid(t("The browser sent alarms that are none. Load the page again."))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise Invalid(t("At most {n} alarms are acknowledged at once.", n=MOST_AT_ONCE))
    with request.store.change(request.user.name, t("acknowledged in the alarm list")) as change:
        alarms.acknowledge(request.scope, change, wanted, request.now_us)
    return request.now_us


@callback(
    Output(ids.DONE, "data", allow_duplicate=True),
    Output(ids.SAID, "children"),
    Output(ids.REASON, "value"),
    Input(ids.shelve_id(ALL), "n_clicks"),
    Input(ids.REMOVE, "n_clicks"),
    Input(ids.BACK, "n_clicks"),
    State(ids.REASON, "value"),
    State(live.PLACE, "data"),
    permission=SHELVE,
    prevent_initial_call=True,
)
def save_aside(request: Request, *sent: Any) -> Any:
    """Shelve, take out of service or bring back, with the reason."""
    reason, place = sent[3:]
    here = _here(place)
    picked = None if here is None else _picked(here.view(request.now_us))
    if picked is None or not ctx.triggered_id:
        return (no_update,) * 3
    if not isinstance(reason, str) or len(reason.strip()) < LEAST_REASON:
        return no_update, t("Write the reason: it goes on record."), no_update
    with request.store.change(request.user.name, reason.strip()) as change:
        _set_aside(request, change, ctx.triggered_id, picked)
    return request.now_us, t("Done, and on record."), ""


def _set_aside(request: Request, change: Change, button: Any, definition_id: int) -> None:
    if button == ids.REMOVE:
        alarms.remove(request.scope, change, definition_id, request.now_us)
    elif button == ids.BACK:
        alarms.bring_back(request.scope, change, definition_id, request.now_us)
    elif isinstance(button, dict) and button.get("minutes") in side.SHELVES:
        until_us = request.now_us + button["minutes"] * MINUTE_US
        alarms.shelve(request.scope, change, definition_id, until_us, request.now_us)
    else:
        raise Invalid(t("An alarm is shelved for one of the times that are offered."))


# ------------------------------------------------------------------ journal
@callback(
    Output(ids.JOURNAL_GRID, "rowData"),
    Output(ids.JOURNAL_GRID, "style"),
    Output(ids.JOURNAL_EMPTY, "children"),
    Output(sub_id(ids.JOURNAL), "children"),
    Input(live.PLACE, "data"),
    Input(live.LIVE, "data"),
    Input(ids.DONE, "data"),
    permission=READ,
)
def show_journal(request: Request, place: dict[str, Any] | None, *_causes: Any) -> Any:
    """What was raised over the range."""
    here = _here(place)
    if here is None or here.node is None or page.tab_of(here.view(request.now_us)) != "journal":
        return (no_update,) * 4
    view = here.view(request.now_us)
    found = alarms.journal(request.scope, request.store, _below(request, here), view.from_us, view.to_us)
    shown = [journal.record(one, view, request.now_us) for one in found]
    cut = t("; the newest {n} are shown", n=alarms.MOST) if len(found) == alarms.MOST else ""
    said = t("{n} raised at {name} and below", n=len(found), name=here.name) + cut
    return shown, journal.height(len(shown)), journal.nothing(found, here.name, view, request.now_us), said


@rows(ids.JOURNAL, permission=READ)
def journal_rows(request: Request, here: Context) -> Sheet:
    """The journal of the range as a file, whole."""
    view = here.view(request.now_us)
    nodes = _below(request, here)
    return listing.sheet(
        alarms.journal(request.scope, request.store, nodes, view.from_us, view.to_us, 100_000), t("Alarm journal")
    )


# ------------------------------------------------------------------ performance
def _performance(request: Request, here: Context) -> Performance:
    """The figures of the range as far as it has passed: what lies ahead is not quiet time."""
    view = here.view(request.now_us)
    end_us = max(view.from_us, min(view.to_us, request.now_us))
    found = alarms.raised(request.scope, request.store, _below(request, here), view.from_us, end_us)
    return performance(found, view.from_us, end_us)


@callback(
    Output(ids.FIGURES_BODY, "children"),
    Input(live.PLACE, "data"),
    permission=READ,
)
def show_figures(request: Request, place: dict[str, Any] | None) -> Any:
    """The performance figures of the range."""
    here = _here(place)
    if here is None or here.node is None or page.tab_of(here.view(request.now_us)) != "performance":
        return no_update
    view, nodes = here.view(request.now_us), _below(request, here)
    if request.now_us <= view.from_us:
        return states.empty(t("Nothing yet: the range begins in the future."))
    standing = alarms.standing(request.scope, request.store, nodes)
    aside = alarms.asides(request.scope, request.store, request.now_us, nodes)
    return figures.body(_performance(request, here), standing, aside, view, request.now_us)


def _of_range(request: Request, here: Context) -> Performance:
    if here.node is None:
        raise NotFound(t("There is no such place that you may see."))
    return _performance(request, here)


@rows(figures.TOP_PANEL, permission=READ)
def top_rows(request: Request, here: Context) -> Sheet:
    """The most frequent alarms as a file."""
    return sheets.often(t("Top ten alarms"), _of_range(request, here).top)


@rows(figures.CHATTER_PANEL, permission=READ)
def chatter_rows(request: Request, here: Context) -> Sheet:
    """The chattering alarms as a file."""
    return sheets.often(t("Chattering alarms"), _of_range(request, here).chattering)


@rows(figures.FLEETING_PANEL, permission=READ)
def fleeting_rows(request: Request, here: Context) -> Sheet:
    """The fleeting alarms as a file."""
    return sheets.often(t("Fleeting alarms"), _of_range(request, here).fleeting)


@rows(figures.RATE_PANEL, permission=READ)
def rate_rows(request: Request, here: Context) -> Sheet:
    """How many alarms each ten minutes brought."""
    return sheets.rate(_of_range(request, here))


@rows(figures.MIX_PANEL, permission=READ)
def mix_rows(request: Request, here: Context) -> Sheet:
    """The mix of priorities."""
    return sheets.mix(_of_range(request, here))


@rows(figures.STALE_PANEL, permission=READ)
def stale_rows(request: Request, here: Context) -> Sheet:
    """The alarms that have been active for long."""
    standing = alarms.standing(request.scope, request.store, _below(request, here))
    return sheets.stale(figures.old_ones(standing, request.now_us))


@rows(ids.SHELVED, permission=READ)
@rows(ids.ASIDE, permission=READ)
def aside_rows(request: Request, here: Context) -> Sheet:
    """What people set aside."""
    return sheets.asides(alarms.asides(request.scope, request.store, request.now_us, _below(request, here)))
