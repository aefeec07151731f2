"""Trying a source before it is configured: the runs `browse` and `listen`, whose result is the run's `best`.

Arguments: {"settings": as the source would have them, "start": address, "path": names above it, "seconds": number}.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from connectors.reach import refuse_secrets, refuse_unreachable
from db import job
from db.store import Store
from engine.errors import Invalid
from engine.job import JobRun

OPCUA_PORT = 4840


def browsed(store: Store, folder: Path, run: JobRun) -> str:
    """Look around in an OPC UA server; returns what was seen, in a sentence."""
    from connectors.opcua.browse import MOST_VALUES, Looked, browse

    settings = dict(run.arguments["settings"])
    parts = urlsplit(str(settings.get("url", "")))
    if parts.scheme != "opc.tcp" or not parts.hostname:
        raise Invalid("A server to browse needs its address, opc.tcp://host:port/name.")
    refuse_secrets(settings, folder)
    refuse_unreachable(parts.hostname, parts.port or OPCUA_PORT)

    def report(seen: Looked) -> bool:
        share = min(0.95, len(seen.found) / MOST_VALUES)
        return job.progress(store, run, share, f"{len(seen.found)} values so far", seen.plain())

    start, path = str(run.arguments.get("start", "")), [str(name) for name in run.arguments.get("path", [])]
    looked = browse(settings, folder / "pki", start, path, report)
    job.progress(store, run, 1.0, "", looked.plain())
    rest = f"; {len(looked.unopened)} folders were not opened" if looked.unopened else ""
    return f"{len(looked.found)} values in {looked.folders} folders{rest}."


def listened(store: Store, folder: Path, run: JobRun) -> str:
    """Listen to a broker for a while; returns what was heard, in a sentence."""
    from connectors.listen import Topics, listen

    settings = dict(run.arguments["settings"])
    host, port = str(settings.get("host", "")), int(settings.get("port", 1883))
    if not host:
        raise Invalid("A broker to listen to needs its host.")
    refuse_secrets(settings, folder)
    refuse_unreachable(host, port)

    def report(heard: Topics, share: float) -> bool:
        return job.progress(store, run, min(0.99, share), f"{heard.messages} messages so far", heard.plain())

    topics = listen(settings, float(run.arguments.get("seconds", 10)), report)
    job.progress(store, run, 1.0, "", topics.plain())
    more = f"; {topics.sparkplug} messages of Sparkplug B, which a source of kind sparkplug reads" if topics.sparkplug else ""
    return f"{topics.messages} messages on {len(topics.heard)} topics{more}."
