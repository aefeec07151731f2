"""The worker process: collectors, forwarder, clock and runner; which of them run here is decided by duties.

Every second: hold on to the duties (advisory locks), take what is free, let go of what another one has, start and
stop collectors to fit, and say how everything is doing. While the database is away the collectors go on into the
spool. What a dead worker left in its spool is brought into the store by a living one.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from connectors.clock import Clock, Runner
from connectors.collect import Condition, Forwarder, Inlet, heard
from connectors.decode import Channel, Receipt, channels
from connectors.spool import claim, orphans
from db import health, job, source, tag
from db import worker as db_worker
from db.store import Store
from engine.access import SYSTEM
from engine.errors import Invalid, PlantError, Unavailable
from engine.reading import plausible
from engine.tag import Source

if TYPE_CHECKING:
    from settings import Settings

log = logging.getLogger(__name__)

ROUND_S, CONFIG_EVERY_S, BEAT_EVERY_S, ORPHANS_EVERY_S = 0.5, 3.0, 2.0, 5.0
LIVING_S = 10.0
LEAVE_S, DRAIN_S = 4.0, 3.0
"""At the end: how long jobs and collectors have to come to theirs, and how long the spool may still be emptied."""
PATIENCE_S = {"mqtt": 30.0, "sparkplug": 0.0, "opcua": 0.0, "folder": 30.0}
"""How long a source waits for room in the spool before samples that are not GxP are shed: a broker keeps what is not
acknowledged, a server's queue holds only a second or two."""
CLOCK = "clock"


class Collector(Protocol):
    """What collects from one source."""

    def start(self) -> None:
        """Begin, in threads of its own."""

    def stop(self) -> None:
        """End; what was acknowledged is in the spool."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A source, or one member of its shared subscription, that one worker at a time collects."""

    source_id: int
    member: int = 0

    @property
    def lock(self) -> str:
        """The name of its advisory lock."""
        return f"source {self.source_id} member {self.member}"


@dataclass(slots=True)
class Post:
    """A duty that is done here. `collector` is None when the source's configuration cannot be used."""

    source: Source
    fingerprint: tuple[Any, ...]
    condition: Condition
    collector: Collector | None

    @property
    def role(self) -> str:
        """As people read it."""
        return f"source {self.source.name}"


class Worker:
    """One worker. `run` until `stop`; safe to kill at any moment."""

    def __init__(self, store: Store, settings: Settings, version: str) -> None:
        self._store, self._settings, self._version = store, settings, version
        self._limit = settings.spool_mb * 1024 * 1024
        self.spool = claim(settings.folder / "spool", self._limit)
        self.id = self.spool.worker
        self._believed = plausible(settings.past_days, settings.future_s)
        self._duties = db_worker.Duties(store)
        self._forwarder = Forwarder(store, self.spool)
        self._clock, self._runner = Clock(store, worker=self.id), Runner(store, settings, self.id)
        self._wanted: dict[Duty, tuple[Source, tuple[Any, ...]]] = {}
        self._posts: dict[Duty, Post] = {}
        self._stopping = threading.Event()
        self._due: dict[str, float] = {}
        self._trouble = ""

    def stop(self) -> None:
        """Ask for the end; `run` returns when everything is in order."""
        self._stopping.set()

    def run(self) -> None:
        """Work until told to stop."""
        log.info("Worker %s begins; %s records wait in its spool.", self.id, self.spool.waiting)
        threads = [
            threading.Thread(target=self._forwarder.run, args=[self._stopping], name="forwarder", daemon=True),
            threading.Thread(target=self._adopt_orphans, name="orphans", daemon=True),
        ]
        for thread in threads:
            thread.start()
        self._begin()
        while not self._stopping.wait(ROUND_S):
            self._try(self._round)
        self._end(threads)

    def _begin(self) -> None:
        self._try(lambda: job.requeue_orphans(self._store, restarted=self.id))
        self._try(lambda: self._beat(started=True))
        self._runner.start()

    def _try(self, step: Any) -> None:
        try:
            step()
            self._trouble = ""
        except Unavailable as error:
            if str(error) != self._trouble:
                log.warning("%s The collectors go on.", error)
            self._trouble = str(error)
        except Exception:
            log.exception("The worker met something unexpected; it goes on.")

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    # -------------------------------------------------------------- duties
    def _round(self) -> None:
        self._duties.check()
        try:
            self._guarded(self._staff, "Its duties are looked at again.")
        finally:
            if self._is_due("beat", BEAT_EVERY_S):
                self._beat()
                self._report()

    def _guarded(self, step: Callable[[], None], then: str) -> None:
        """Do one thing so that a fault of it stops nothing else; without the database nothing goes on."""
        try:
            step()
        except Unavailable:
            raise
        except Exception:
            log.exception("The worker met something unexpected. %s", then)

    def _staff(self) -> None:
        """Take and leave duties."""
        if self._is_due("config", CONFIG_EVERY_S):
            self._wanted = self._look_up()
        self._keep_time()
        living = self._living()
        allowed = share(self._wanted, self._posts, living)
        for duty in [d for d in self._posts if not self._may_keep(d, allowed)]:
            self._guarded(partial(self._leave, duty), f"It has left {duty.lock}.")
        for duty in [d for d in self._wanted if d not in self._posts]:
            if duty in share(self._wanted, self._posts, living) and self._duties.take(duty.lock):
                self._guarded(partial(self._take, duty), f"It tries again to take {duty.lock}.")

    def _look_up(self) -> dict[Duty, tuple[Source, tuple[Any, ...]]]:
        prints = source.fingerprints(self._store)
        found = {}
        for item in source.sources(SYSTEM, self._store):
            if item.id in prints:
                for member in range(members(item)):
                    found[Duty(item.id, member)] = (item, prints[item.id])
        return found

    def _keep_time(self) -> None:
        if self._duties.take(CLOCK):
            self._clock.start()
        elif self._clock.running:
            self._clock.stop()

    def _living(self) -> int:
        """How many workers share what can be shared."""
        if not any(duty.member for duty in self._wanted):
            return 1
        return max(1, len(health.workers(self._store, LIVING_S)))

    def _may_keep(self, duty: Duty, allowed: set[Duty]) -> bool:
        post = self._posts[duty]
        same = duty in self._wanted and self._wanted[duty][1] == post.fingerprint
        return same and duty in allowed and self._duties.take(duty.lock)

    def _take(self, duty: Duty) -> None:
        item, fingerprint = self._wanted[duty]
        condition = self._remembered(item)
        post = Post(item, fingerprint, condition, None)
        try:
            post.collector = self._collector(item, duty.member, condition)
            post.collector.start()
        except Unavailable:
            raise
        except PlantError as error:
            condition.say("refused", str(error))
        except Exception as error:  # a fault of one collector must not stop the others
            log.exception("The source %s cannot be collected.", item.name)
            condition.say("refused", f"{type(error).__name__}: {error}")
        self._posts[duty] = post
        log.info("Worker %s took the source %s.", self.id, item.name)

    def _leave(self, duty: Duty) -> None:
        post = self._posts.pop(duty)
        self._stop(post)
        if duty not in self._wanted:
            self._say(post, "disconnected", "The source is switched off.")
        self._duties.give_back(duty.lock)
        log.info("Worker %s left the source %s.", self.id, post.source.name)

    def _stop(self, post: Post) -> None:
        try:
            if post.collector is not None:
                post.collector.stop()
        except Exception:  # what was not acknowledged comes again, or is declared as a gap
            log.exception("The source %s did not end in order.", post.source.name)

    # -------------------------------------------------------------- collectors
    def _remembered(self, item: Source) -> Condition:
        """The condition that a source was left in: from when on values may be missing."""
        known = next((s for s in source.states(SYSTEM, self._store) if s.source_id == item.id), None)
        facts = dict(known.facts) if known else {}
        waiting = self.spool.newest(item.id)
        times = [facts.get("heard_us"), heard(waiting) if len(waiting) else None]
        last = known.last_sample_us if known else None
        heard_us = max((t for t in times if t is not None), default=None)
        return Condition(item.name, last_sample_us=last, heard_us=heard_us, facts=facts)

    def _collector(self, item: Source, member: int, condition: Condition) -> Collector:
        bound = tag.bindings(self._store, item.id)
        ready, problems = channels(bound, tag.state_tables(self._store))
        condition.facts |= {"bindings": len(ready), "unusable": problems[:20], "unusable_count": len(problems)}
        inlet = Inlet(self.spool, condition, (t.id for t, _ in bound if t.gxp), PATIENCE_S[item.kind])
        return self._made(item, member, ready, inlet)

    def _made(self, item: Source, member: int, ready: list[Channel], inlet: Inlet) -> Collector:
        receipt = Receipt(item, self._believed)
        if item.kind == "opcua":
            from connectors.opcua.collector import OpcuaCollector

            return OpcuaCollector(item, ready, receipt, inlet, self._settings.folder / "pki")
        if item.kind == "folder":
            from connectors.folder import FolderCollector

            return FolderCollector(item, self._store, receipt, inlet, self._settings.folder)
        from connectors.mqtt import JsonReader, MqttCollector, Reader
        from connectors.sparkplug_host import SparkplugReader

        reader: Reader
        if item.kind == "sparkplug":
            reader = SparkplugReader(item, ready, inlet.condition)
        else:
            reader = JsonReader(item, ready)
        return MqttCollector(item, reader, receipt, inlet, member)

    def _adopt_orphans(self) -> None:
        """Bring what dead workers left in their spools into the store."""
        while not self._stopping.wait(ORPHANS_EVERY_S):
            self._try(self._drain_orphans)

    def _drain_orphans(self) -> None:
        for orphan in orphans(self.spool.file.parent, self._limit):
            log.info("Worker %s drains the spool of %s: %s records.", self.id, orphan.worker, orphan.waiting)
            Forwarder(self._store, orphan).drain(self._stopping)

    # -------------------------------------------------------------- saying how it is
    def _beat(self, *, started: bool = False) -> None:
        roles = {post.role for post in self._posts.values()} | ({CLOCK} if self._clock.running else set())
        spool = (self.spool.waiting, self.spool.bytes)
        facts = facts_of(self._settings.folder) | {"spool_limit": self._limit, "trouble": self._forwarder.trouble}
        db_worker.beat(self._store, self.id, roles, self._version, spool, started=started, facts=facts)

    def _report(self) -> None:
        waiting = self.spool.held()
        for post in list(self._posts.values()):
            held = self._forwarder.why_held(post.source.id)
            post.condition.facts |= {"spool_records": waiting.get(post.source.id, 0), "held": held}
            detail = held or post.condition.detail
            self._guarded(partial(self._say, post, post.condition.state, detail), "The source's state is said again.")

    def _say(self, post: Post, state: str, detail: str) -> None:
        condition = post.condition
        source.set_state(
            self._store,
            post.source.id,
            state,
            detail,
            last_sample_us=condition.last_sample_us,
            skew_us=condition.skew_us,
            facts=condition.facts | {"heard_us": condition.heard_us},
        )

    def _end(self, threads: Iterable[threading.Thread]) -> None:
        """Leave in order as far as there is time. What does not end in time is left alone: what was acknowledged is in
        the spool, and transactions are undone when the process ends."""
        log.info("Worker %s ends.", self.id)
        leaving: list[Callable[[], object]] = [
            self._runner.stop,
            partial(self._clock.stop, LEAVE_S),
            *(partial(self._stop, p) for p in self._posts.values()),
        ]
        ended = within(LEAVE_S, [*leaving, *(thread.join for thread in threads)])
        if not within(DRAIN_S, [partial(self._try, self._farewell)]) or not ended:
            log.warning("Worker %s leaves unfinished work to the next one.", self.id)
            return  # the spool stays locked until the process is gone: a thread may still use it
        self._duties.close()
        self.spool.close()

    def _farewell(self) -> None:
        late = threading.Event()
        timer = threading.Timer(DRAIN_S / 2, late.set)
        timer.start()
        try:
            self._forwarder.drain(late)
        finally:
            timer.cancel()
        for post in self._posts.values():
            self._say(post, "disconnected", "The worker stopped.")
        job.requeue_orphans(self._store, restarted=self.id)
        db_worker.leave(self._store, self.id)


def within(seconds: float, steps: Iterable[Callable[[], object]]) -> bool:
    """Take steps beside each other; True when all of them ended in time. Those that did not go on in daemon threads."""
    threads = [threading.Thread(target=step, name="end", daemon=True) for step in steps]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def facts_of(folder: Path) -> dict[str, Any]:
    """Where this process runs, on what, and how much room its data folder has."""
    disk = shutil.disk_usage(folder)
    return {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "python": platform.python_version(),
        "folder": str(folder),
        "disk_free": disk.free,
        "disk_total": disk.total,
    }


def members(item: Source) -> int:
    """How many collectors a source wants: those of a shared subscription, else one."""
    shared = item.settings.get("shared") or 1
    return max(1, min(64, shared)) if isinstance(shared, int) and item.kind == "mqtt" else 1


def share(wanted: Iterable[Duty], held: Iterable[Duty], living: int) -> set[Duty]:
    """What one of `living` workers may hold: everything, but of each shared subscription only its part.

    What it holds already comes first, so that nothing moves without need. Raises `Invalid` for no worker.
    """
    if living < 1:
        raise Invalid(f"A share is made among at least one worker, not {living}.")
    mine, found = set(held), set()
    groups: dict[int, list[Duty]] = {}
    for duty in wanted:
        groups.setdefault(duty.source_id, []).append(duty)
    for group in groups.values():
        most = math.ceil(len(group) / living)
        ours = [d for d in group if d in mine][:most]
        others = [d for d in group if d not in mine]
        found |= {*ours, *(others if len(ours) < most else [])}
    return found
