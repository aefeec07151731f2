"""The clock: jobs at their intervals (APScheduler), and the runs that people ask for.

A job must be safe to run twice. One that is late runs once, and never beside itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.collect import now_us
from db import access, alarm, audit, clock, historian, job, oee, order, retention, state, storage, worker
from db.store import Collision, Store
from engine.errors import PlantError, Unavailable
from engine.job import Job, JobRun
from engine.jobs import alarm as alarms
from engine.jobs.historian import EVERY_S as SEAL_EVERY_S
from engine.jobs.historian import seal_due
from engine.jobs.oee import EVERY_S as SUM_EVERY_S
from engine.jobs.oee import derive as sum_up
from engine.jobs.order import derive
from engine.jobs.state import EVERY_S as STATES_EVERY_S
from engine.jobs.state import keep_up
from engine.retention import EVENTS, LETTERS, RUNS, SESSIONS, SPOOLS, WORKERS, days_of

if TYPE_CHECKING:
    from settings import Settings

log = logging.getLogger(__name__)

LOOK_FOR_RUNS_S = 1.0
GRACE_S = 3600
TURN = "turn"
"""Kind of the runs that the clock itself takes: {"job": key of one of `JOBS`}."""


def _seal(store: Store) -> object:
    return seal_due(historian.seal, store, now_us())


def _derive(store: Store) -> object:
    return derive(store, job, order)


def _derive_states(store: Store) -> object:
    return keep_up(store, job, state, now_us)


def _sum_up(store: Store) -> object:
    return sum_up(store, job, oee, now_us())


def _judge(store: Store) -> object:
    return alarms.judge_all(store, alarm, now_us())


def _judge_late(store: Store) -> object:
    return alarms.judge_late(store, alarm, job, now_us())


def _requeue(store: Store) -> object:
    return job.requeue_orphans(store)


def _check_trail(store: Store) -> object:
    return audit.check(store)


def _tidy(store: Store) -> object:
    return (
        job.forget_runs(store, days_of(RUNS)),
        access.forget_sessions(store, days_of(SESSIONS)),
        worker.forget_unseen(store, days_of(WORKERS), days_of(SPOOLS)),
        retention.forget(
            store, letter_days=int(days_of(LETTERS)), letters_kept=LETTERS.most or 0, event_days=int(days_of(EVENTS))
        ),
    )


JOBS: tuple[Job, ...] = (
    Job("historian.seal", "Seal samples into chunks", SEAL_EVERY_S, _seal),
    Job("order.derive", "Derive batches and occupations", 5.0, _derive, gxp=True),
    Job("state.derive", "Derive machine states", STATES_EVERY_S, _derive_states),
    Job("oee.derive", "Sum up machine time by shift", SUM_EVERY_S, _sum_up),
    Job("alarm.judge", "Judge alarms", alarms.EVERY_S, _judge, gxp=True),
    Job("alarm.late", "Judge alarms in samples that came late", alarms.LATE_EVERY_S, _judge_late, gxp=True),
    Job("job.requeue", "Let the runs of dead workers wait again", 15.0, _requeue),
    Job("audit.check", "Recompute the hash chain of the audit trail", 3600.0, _check_trail),
    Job("storage.measure", "Measure how much each table holds", 3600.0, storage.measure),
    Job("job.tidy", "Forget old runs, sessions, workers, dead letters and security events", 3600.0, _tidy),
)
"""What the clock starts by itself, on the one worker that holds the clock."""


def _generate(store: Store, settings: Settings, run: JobRun) -> str:
    from connectors.twin.generate import generate

    return generate(store, run, settings.folder, now_us())


def _rebuild(store: Store, _settings: Settings, run: JobRun) -> str:
    tags = [int(tag) for tag in run.arguments["tags"]]
    for done, tag in enumerate(tags, 1):
        historian.rebuild(store, tag)
        if not job.progress(store, run, done / len(tags)) and done < len(tags):
            return f"Cancelled: rollups of {done} of {len(tags)} tags are computed anew."
    return f"Rollups of {len(tags)} tags are computed anew."


def _browse(store: Store, settings: Settings, run: JobRun) -> str:
    from connectors.trial import browsed

    return browsed(store, settings.folder, run)


def _listen(store: Store, settings: Settings, run: JobRun) -> str:
    from connectors.trial import listened

    return listened(store, settings.folder, run)


def _recompute(store: Store, _settings: Settings, _run: JobRun) -> str:
    found = audit.check(store)
    return found.finding.problem if found.finding else f"Verified to entry {found.entries}."


Kind = Callable[[Store, "Settings", JobRun], str]
KINDS: Mapping[str, Kind] = {
    "generate": _generate,
    "rebuild": _rebuild,
    "browse": _browse,
    "listen": _listen,
    "audit": _recompute,
}
"""What people may ask for, by kind. A kind reports by `db.job.progress` and returns what it did in a sentence."""


class Clock:
    """Runs `JOBS` between `start` and `stop`; a start after a stop begins anew, but never beside a job that still runs.

    Each job runs in a daemon thread: one that takes long keeps neither `stop` nor the process waiting. Its transaction
    is undone when the process ends, and the next clock does it again. Each turn is noted (`db.clock`).

    It also takes the runs of kind `turn`: a job that somebody wants to run now, never beside its own turn.
    """

    def __init__(self, store: Store, jobs: tuple[Job, ...] = JOBS, worker: str = "clock") -> None:
        self._store, self._jobs, self._worker = store, jobs, worker
        self._turns = {entry.key: threading.Lock() for entry in jobs}
        self._scheduler: Any = None
        self._threads: dict[str, threading.Thread] = {}

    @property
    def running(self) -> bool:
        """True between `start` and `stop`."""
        return self._scheduler is not None

    def start(self) -> None:
        """Begin; each job runs at once and then at its interval."""
        from apscheduler.schedulers.background import BackgroundScheduler

        if self._scheduler is not None:
            return
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S}
        scheduler = BackgroundScheduler(timezone="UTC", job_defaults=defaults)
        for entry in self._jobs:
            now = datetime.now(UTC)
            scheduler.add_job(self._begin, "interval", seconds=entry.every_s, args=[entry], id=entry.key, next_run_time=now)
        scheduler.add_job(self._answer, "interval", seconds=LOOK_FOR_RUNS_S, id=TURN)
        self._scheduler = scheduler
        scheduler.start()

    def stop(self, patience_s: float = 0.0) -> None:
        """End: no job begins any more. Those that run have `patience_s` to come to their end and are left alone then."""
        if self._scheduler is not None:
            scheduler, self._scheduler = self._scheduler, None
            scheduler.shutdown(wait=True)  # of turns, which only start threads
        until = time.monotonic() + patience_s
        for thread in list(self._threads.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def _begin(self, entry: Job) -> None:
        before = self._threads.get(entry.key)
        if before is None or not before.is_alive():
            thread = threading.Thread(target=self._run, args=[entry], name=f"job {entry.key}", daemon=True)
            self._threads[entry.key] = thread
            thread.start()

    def _run(self, entry: Job) -> str:
        """One turn; returns why it failed, "" when it did not."""
        with self._turns[entry.key]:
            self._note(clock.note_begun, entry, self._worker, self._next(entry))
            failure = self._turn(entry)
            self._note(clock.note_ended, entry, failure)
        return failure

    def _next(self, entry: Job) -> datetime | None:
        scheduler = self._scheduler
        planned = scheduler.get_job(entry.key) if scheduler is not None else None
        return planned.next_run_time if planned else None

    def _turn(self, entry: Job) -> str:
        try:
            entry.run(self._store)
        except (Collision, Unavailable) as error:
            log.warning("The job %s waits for its next turn: %s", entry.key, error)
            return str(error)
        except Exception as error:
            log.exception("The job %s failed; it runs again at its next turn.", entry.key)
            return f"{type(error).__name__}: {error}"
        return ""

    def _note(self, note: Callable[..., None], *values: Any) -> None:
        """A turn counts also when it cannot be noted."""
        try:
            note(self._store, *values)
        except (Collision, Unavailable) as error:
            log.warning("A turn of the clock could not be noted: %s", error)

    def _answer(self) -> None:
        """Run the jobs that somebody wants to run now."""
        try:
            while run := job.take(self._store, [TURN], self._worker):
                self._answer_one(run)
        except (Collision, Unavailable) as error:
            log.warning("Jobs that were asked for wait: %s", error)

    def _answer_one(self, run: JobRun) -> None:
        wanted = run.arguments.get("job")
        entry = next((e for e in self._jobs if e.key == wanted), None)
        failure = self._run(entry) if entry else f"There is no job “{wanted}” in this version."
        if failure:
            job.fail(self._store, run, failure)
        else:
            job.finish(self._store, run)


class Runner:
    """Takes the runs that people asked for: each kind in a thread of its own, one run after the other.

    Every worker has one.
    """

    def __init__(self, store: Store, settings: Settings, worker: str, kinds: Mapping[str, Kind] = KINDS) -> None:
        self._store, self._settings, self._worker, self._kinds = store, settings, worker, kinds
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[kind], name=f"runner {kind}", daemon=True) for kind in kinds]

    def start(self) -> None:
        """Begin to look for runs."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience_s: float = LOOK_FOR_RUNS_S) -> None:
        """End; a run that takes longer than a moment is left to the next worker (`db.job.requeue_orphans`)."""
        self._closing.set()
        until = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _run(self, kind: str) -> None:
        while not self._closing.is_set():
            try:
                if self.work(kind):
                    continue
            except (Collision, Unavailable) as error:
                log.warning("The runner waits: %s", error)
            except Exception:
                log.exception("The runner met something unexpected; it goes on.")
            self._closing.wait(LOOK_FOR_RUNS_S)

    def work(self, kind: str) -> bool:
        """Take one waiting run of a kind and bring it to its end; False when none waits. Raises `Unavailable`."""
        run = job.take(self._store, [kind], self._worker)
        if run is None:
            return False
        log.info("Run %s (%s) begins.", run.id, run.kind)
        self._note(run, self._outcome(run))
        return True

    def _note(self, run: JobRun, end: Callable[[], None]) -> None:
        """Note how a run ended, as often as it takes; while closing, once."""
        while True:
            try:
                return end()
            except (Collision, Unavailable) as error:
                log.warning("The end of run %s cannot be noted yet: %s", run.id, error)
                if self._closing.wait(LOOK_FOR_RUNS_S):
                    return None

    def _outcome(self, run: JobRun) -> Callable[[], None]:
        """Do it; what is to be noted then."""
        try:
            done = self._kinds[run.kind](self._store, self._settings, run)
        except Collision:
            return partial(job.give_back, self._store, run)
        except Unavailable as error:
            return self._interrupted(run, error)
        except PlantError as error:
            return partial(job.fail, self._store, run, str(error))
        except Exception as error:
            log.exception("Run %s (%s) failed.", run.id, run.kind)
            return partial(job.fail, self._store, run, f"{type(error).__name__}: {error}")
        return partial(job.finish, self._store, run, done)

    def _interrupted(self, run: JobRun, error: Unavailable) -> Callable[[], None]:
        """Without its database a run waits for another try; when anything else is away, it has failed."""
        try:
            self._store.ping()
        except Unavailable:
            return partial(job.give_back, self._store, run)
        return partial(job.fail, self._store, run, str(error))
