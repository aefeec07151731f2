"""What every tab asks first: is it the one that is open, and may the reader do this for the whole plant?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dash import ctx

from callbacks.registry import Request
from components import live
from components.admin import page, parts
from components.text import t
from components.view import Context, context_of
from db import access, people
from engine.errors import Forbidden, Invalid


def here_of(place: dict[str, Any] | None, tab: str = "") -> Context | None:
    """The context when this tab (any, without a name) of the admin page is open."""
    here = context_of(place)
    if here is None or here.page != parts.PAGE:
        return None
    return here if not tab or page.tab_of(here.search).key == tab else None


def rights(request: Request) -> Collection[str]:
    """What the user holds anywhere: decides what is offered. What is done is checked by each callback's own permission."""
    return access.holdings(request.store, request.user).permissions


def refuse_part(request: Request) -> None:
    """Raise `Forbidden` when the right is held for a part of the plant only: this concerns all of it."""
    if not people.whole(request.scope, request.store):
        raise Forbidden(t("This concerns every site, and you hold the right for a part of the plant only."))


def reason_of(text: str | None) -> str:
    """The reason that goes on record; raises `Invalid` without one."""
    reason = (text or "").strip()
    if not reason:
        raise Invalid(t("Say why: the reason goes on record with your name."))
    return reason[: parts.LONGEST_REASON]


def held(sent: Any) -> bool:
    """True when the page renews itself while somebody works in a table of it."""
    return bool(sent) and ctx.triggered_id in live.BY_ITSELF


def picked(here: Context) -> str:
    """What the address picks."""
    return parts.asked(here.search).get("sel", "")
