"""`plantglass plant …`: the virtual plant as a process, its faults, its truth, its history, and replays of recordings."""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import truth
from engine.errors import Invalid
from engine.time import moment_of

if TYPE_CHECKING:
    from argparse import Namespace

    from connectors.twin.state import Command
    from settings import Settings


def add(parsers: Any) -> None:
    """Declare the commands."""
    plant = parsers.add_parser("plant", help="the virtual plant")
    words = plant.add_subparsers(required=True, metavar="COMMAND")
    _add_run(words.add_parser("run", help="run the virtual plant: OPC UA server, MQTT publisher, broker, order files"))
    words.add_parser("config", help="print the configuration file of the demo site").set_defaults(run=config)
    _add_fault(words.add_parser("fault", help="cause, list or clear faults"))
    truth.add(words)
    generate = words.add_parser("generate", help="fill in history, recent hours first")
    generate.add_argument("--days", type=float, default=90.0, help="how far back (default 90)")
    generate.set_defaults(run=make_history)
    _add_replay(words.add_parser("replay", help="play a recorded CSV series as a live source"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=1.0, help="begin 8 h ago and run so many times faster until now")
    parser.add_argument("--seed", type=int, help="seed of a new plant")
    parser.add_argument("--broker", choices=("auto", "mosquitto", "embedded", "none"), default="auto", help="MQTT broker")
    parser.set_defaults(run=run_plant)


def _add_fault(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", help="jam, drift, …; or list, or clear")
    parser.add_argument("machine", nargs="?", help="slug of a machine or room, e.g. press-2")
    parser.add_argument("--minutes", type=float, help="how long; default: until cleared")
    parser.add_argument("--signal", help="the signal that drifts or goes flat")
    parser.add_argument("--size", type=float, help="how much; see `plantglass plant fault list`")
    parser.set_defaults(run=fault)


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV file, may be .gz")
    parser.add_argument("--map", type=Path, required=True, help="TOML file: columns to tags, topics or nodes")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=float, default=1.0, help="times as fast as recorded (default 1)")
    pace.add_argument("--fast", action="store_true", help="as fast as clients can take it")
    parser.add_argument("--loop", action="store_true", help="again and again")
    parser.add_argument("--port", type=int, help="OPC UA port to open, or port of the broker")
    parser.set_defaults(run=replay)


def run_plant(arguments: Namespace, settings: Settings) -> int:
    """Run until SIGTERM or Ctrl-C."""
    import asyncio

    from connectors.twin.outside import Options
    from connectors.twin.run import serve

    if arguments.speed < 1:
        raise Invalid(f"The plant cannot run at the speed {arguments.speed}; 1 is live, more catches up from the past.")
    options = Options(
        settings.folder, settings.plant_port, settings.broker_port, arguments.speed, arguments.seed, arguments.broker
    )
    asyncio.run(serve(options))
    return 0


def config(arguments: Namespace, settings: Settings) -> int:
    """Print the configuration of the demo site."""
    from commands.demo import demo_config
    from engine.config import emit

    sys.stdout.write(emit(demo_config(settings)))
    return 0


def fault(arguments: Namespace, settings: Settings) -> int:
    """Cause, list or clear."""
    if arguments.kind == "list":
        return _list_faults(settings)
    from connectors.twin import state
    from connectors.twin.run import now_us

    at_us = state.command_time(settings.folder, now_us())
    command = _clearing(arguments, at_us) if arguments.kind == "clear" else _causing(arguments, at_us)
    state.Channel(settings.folder).send(command)
    runs = "" if state.is_running(settings.folder) else " (the plant is not running: it takes effect when it does)"
    print(f"{arguments.kind} {arguments.machine or 'everything'} from {moment_of(at_us).isoformat()}{runs}")
    return 0


def _clearing(arguments: Namespace, at_us: int) -> Command:
    from connectors.twin.outside import BROKER, SERVER
    from connectors.twin.state import Command
    from engine.twin.site import SITE

    if arguments.machine not in (None, SERVER, BROKER):
        SITE.place(arguments.machine)
    return Command(_id(), at_us, "clear", arguments.machine)


def _causing(arguments: Namespace, at_us: int) -> Command:
    from connectors.twin.outside import BROKER, SERVER
    from connectors.twin.state import Command
    from engine.twin.faults import Fault, checked
    from engine.twin.site import SITE

    if arguments.machine is None:
        raise Invalid(f"The fault “{arguments.kind}” needs a machine or room, e.g. press-2.")
    lasts_s = None if arguments.minutes is None else arguments.minutes * 60
    if arguments.machine in (SERVER, BROKER):
        if arguments.kind != "disconnect":
            raise Invalid(f"{arguments.machine} can only suffer “disconnect”.")
        return Command(_id(), at_us, "fault", arguments.machine, arguments.kind, lasts_s=lasts_s)
    asked = checked(Fault(arguments.kind, arguments.machine, arguments.signal, arguments.size, lasts_s), SITE)
    return Command(_id(), at_us, "fault", asked.machine, asked.kind, asked.signal, asked.size, asked.lasts_s)


def _list_faults(settings: Settings) -> int:
    from connectors.twin import state
    from engine.twin.faults import KINDS

    for kind, meaning in KINDS.items():
        print(f"{kind:16} {meaning}")
    for command in state.Channel(settings.folder).new():
        lasts = "" if command.lasts_s is None else f" for {command.lasts_s / 60:g} min"
        what = command.kind or command.do
        print(f"{moment_of(command.at_us):%Y-%m-%d %H:%M:%S} UTC  {what} {command.machine or 'everything'}{lasts}")
    return 0


def make_history(arguments: Namespace, settings: Settings) -> int:
    """Ask the worker for history; it fills in the background."""
    from commands.opening import open_store
    from connectors.twin.generate import KIND
    from db import job

    if not 0 < arguments.days <= 90:
        raise Invalid(f"--days {arguments.days:g} must lie between 0 and 90.")
    store = open_store(settings)
    try:
        number = job.enqueue(store, KIND, {"days": arguments.days}, "command line")
    finally:
        store.close()
    print(f"Job run {number}: the worker fills in {arguments.days:g} days, recent hours first.")
    return 0


def replay(arguments: Namespace, settings: Settings) -> int:
    """Play a recording to its end."""
    import asyncio

    from connectors.twin.recording import read_map, read_recording
    from connectors.twin.replay import Playing, play
    from connectors.twin.server import quieten

    quieten()
    if arguments.speed <= 0:
        raise Invalid(f"--speed {arguments.speed:g} must be above 0.")
    chart = read_map(arguments.map)
    recording = read_recording(arguments.file, chart)
    usual = settings.plant_port + 1 if chart.route == "opcua" else settings.broker_port
    speed = None if arguments.fast else arguments.speed
    playing = Playing(settings.folder, arguments.port or usual, speed, arguments.loop)
    print(f"{sum(len(s.at_us) for s in recording.values())} samples of {len(recording)} signals, port {playing.port}")
    try:
        sent = asyncio.run(play(arguments.file, chart, recording, playing))
    except KeyboardInterrupt:
        return 130
    print(f"{sent} samples sent")
    return 0


def _id() -> str:
    return uuid.uuid4().hex[:12]
