"""Configuration as a file: out, and in after seeing what differs. The file's format is loaded when it is needed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, no_update

from callbacks.admin.asked import here_of, reason_of, refuse_part
from callbacks.registry import Request, callback
from components import frame, live
from components.admin import config, ids
from components.panel import body_id
from components.text import t
from components.view import Context
from db import access, audit, people
from engine.audit import Export
from engine.errors import Conflict, Invalid

if TYPE_CHECKING:
    from engine.config import Config

READ, WRITE = "config.read", "config.write"


def _kept(request: Request) -> Config:
    from db.config import read_config

    return read_config(request.store)


def mark(kept: Config) -> str:
    """What tells one configuration from another."""
    from engine.config import emit

    return hashlib.sha256(emit(kept).encode()).hexdigest()


# ------------------------------------------------------------------ out
@callback(
    Output(frame.DOWNLOAD, "data", allow_duplicate=True),
    Input(ids.EXPORT_NOW, "n_clicks"),
    State(live.PLACE, "data"),
    permission=READ,
    prevent_initial_call=True,
)
def export(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """The whole configuration as a file, noted in the audit trail."""
    here = here_of(place, "config")
    if not clicks or here is None:
        return no_update
    refuse_part(request)
    from engine.config import emit

    text = emit(_kept(request))
    _note_export(request, here, text.count("\n"))
    return {"content": text, "filename": "plantglass.toml", "type": "application/toml;charset=utf-8"}


def _note_export(request: Request, here: Context, lines: int) -> None:
    view = here.view(request.now_us)
    taken = Export(t("Configuration"), "", (), view.from_us, view.to_us, lines, "toml")
    with request.store.change(request.user.name, t("saved as {form}", form="TOML")) as change:
        audit.note_export(change, taken)


# ------------------------------------------------------------------ in
@callback(
    Output(ids.TEXT, "data"),
    Input(ids.UPLOAD, "contents"),
    State(ids.UPLOAD, "filename"),
    permission=WRITE,
    prevent_initial_call=True,
)
def take_file(_request: Request, contents: Any, name: Any) -> Any:
    """The text of the chosen file; compared with what holds by `show_differences`."""
    if not contents:
        return no_update
    return {"text": text_of(contents), "name": str(name or t("the file"))[:200]}


def text_of(contents: Any) -> str:
    """The text of an upload ("data:…;base64,…"); raises `Invalid` for what is too long or no text."""
    if not isinstance(contents, str) or len(contents) > config.LARGEST * 3 // 2:
        raise Invalid(t("The file is larger than {most} MB.", most=config.LARGEST // 1_000_000))
    head, comma, body = contents.partition(",")
    if not comma or not head.startswith("data:"):
        raise Invalid(t("The browser sent a file that no page made. Choose it again."))
    try:
        return base64.b64decode(body, validate=True).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Invalid(t("The file is not text in UTF-8.")) from error


@callback(
    Output(body_id(ids.DIFFERENCES), "children"),
    Output(f"{ids.APPLY}-form", "hidden"),
    Output(ids.SEEN, "data"),
    Input(ids.TEXT, "data"),
    Input(live.PLACE, "data"),
    permission=WRITE,
)
def show_differences(request: Request, sent: Any, place: dict[str, Any] | None) -> Any:
    """What the text would change, and the mark of what it was compared with."""
    if here_of(place, "config") is None or not isinstance(sent, dict):
        return (no_update,) * 3
    refuse_part(request)
    from engine.config import Refused, diff, read
    from engine.config.diff import step_findings

    text, name = _sent(sent)
    old = _kept(request)
    try:
        document = read(text)
        document.refuse(step_findings(old, document.config))
    except Refused as refused:
        return config.refused(name, refused.problems), True, no_update
    found = diff(old, document.config)
    return config.differences(name, found), not found, mark(old)


def _sent(sent: dict[str, Any]) -> tuple[str, str]:
    text, name = sent.get("text"), sent.get("name")
    if not isinstance(text, str) or not isinstance(name, str) or len(text) > config.LARGEST:
        raise Invalid(t("The browser sent a file that no page made. Choose it again."))
    return text, name


@callback(
    Output(body_id(ids.DIFFERENCES), "children", allow_duplicate=True),
    Output(f"{ids.APPLY}-form", "hidden", allow_duplicate=True),
    Output(ids.CONFIG_REASON, "value"),
    Output(ids.TEXT, "data", allow_duplicate=True),
    Output(ids.DONE, "data", allow_duplicate=True),
    Input(ids.APPLY, "n_clicks"),
    State(ids.TEXT, "data"),
    State(ids.SEEN, "data"),
    State(ids.CONFIG_REASON, "value"),
    permission=WRITE,
    prevent_initial_call=True,
)
def apply(request: Request, clicks: int | None, sent: Any, seen: Any, reason: str | None) -> Any:
    """Write what was shown, unless the configuration has become another since."""
    if not clicks or not isinstance(sent, dict):
        return (no_update,) * 5
    refuse_part(request)
    count = _written(request, *_sent(sent), str(seen), reason_of(reason))
    return config.applied(count), True, "", None, {"said": t("The configuration is changed."), "at": request.now_us}


def _written(request: Request, text: str, name: str, seen: str, reason: str) -> int:
    from db.config import apply as write
    from engine.config import read

    document, old = read(text), _kept(request)
    if mark(old) != seen:
        raise Conflict(
            t("Somebody else changed the configuration meanwhile; choose the file again and look at the differences.")
        )
    with request.store.change(request.user.name, f"{reason} ({name})") as change:
        before = people.managers(change.connection)
        written = write(change, old, document.config)
        people.refuse_lockout(change, before)
    access.forget_answers()
    return len(written.items)
