"""Is an alarm's condition true? Hysteresis, delays, suppression by design; and what is to be done with its record then.

Everything is a function of what is stored and of `now`, so it may be judged at any times and by anybody, and a restart
changes nothing. Deadband, on-delay and off-delay are those of ISA-18.2-2016 (IEC 62682), clauses 3 and 10.
What is not known changes nothing: an alarm whose signal is lost stays as it was (the loss has an alarm of its own).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.alarm.record import AlarmKind, Rule, standing_state
from engine.alarm.state import AlarmEvent, AlarmState, after
from engine.time import SECOND_US


@dataclass(frozen=True, slots=True)
class Condition:
    """How far judging is: is the condition `active` (since when at the source), and since when does the signal say
    otherwise while a delay runs (`pending_us`)."""

    active: bool = False
    since_us: int | None = None
    pending_us: int | None = None
    suppressed: bool = False


NEVER = Condition()


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest value of a signal: a number, and for states the category's word and the state's `name`.
    `usable`: its quality is not bad. `fresh_s`: how old it may be before it speaks no more; None: until the next change."""

    at_us: int
    value: float | None = None
    state: str = ""
    name: str = ""
    usable: bool = True
    fresh_s: float | None = None

    def age_s(self, now_us: int) -> float:
        """Seconds since its source time."""
        return (now_us - self.at_us) / SECOND_US

    def speaks(self, now_us: int) -> bool:
        """True when it is known what the signal says now."""
        return self.usable and (self.fresh_s is None or self.age_s(now_us) <= self.fresh_s)


def beyond(rule: Rule, sample: Sample | None, active: bool, now_us: int) -> bool | None:
    """What the signal says of the condition now; None: unknown. The deadband makes an active one stay for longer."""
    if rule.kind in (AlarmKind.STALE, AlarmKind.SOURCE):
        return _is_lost(rule, sample, now_us)
    if sample is None or not sample.speaks(now_us):
        return None
    if rule.kind is AlarmKind.STATE:
        return sample.state in rule.states
    if sample.value is None or rule.limit is None:
        return None
    held = rule.deadband if active else 0.0
    return sample.value > rule.limit - held if rule.kind is AlarmKind.ABOVE else sample.value < rule.limit + held


def _is_lost(rule: Rule, sample: Sample | None, now_us: int) -> bool:
    """Nothing usable within the allowed age, by the alarm's limit or the expected interval."""
    allowed_s = rule.limit if rule.limit is not None else None if sample is None else sample.fresh_s
    too_old = sample is not None and allowed_s is not None and sample.age_s(now_us) > allowed_s
    return sample is None or not sample.usable or too_old


def judge(rule: Rule, before: Condition, sample: Sample | None, now_us: int) -> Condition:
    """The condition now. Judging again at the same instant changes nothing, and judging more often leads to the same."""
    says = beyond(rule, sample, before.active, now_us)
    if says is None:
        return before
    if says == before.active:
        return before if before.pending_us is None else replace(before, pending_us=None)
    since = before.pending_us if before.pending_us is not None else _instant(rule, sample, now_us)
    delay_s = rule.off_delay_s if before.active else rule.on_delay_s
    if now_us - since < delay_s * SECOND_US:
        return replace(before, pending_us=since)
    return Condition(says, since if says else None)


def _instant(rule: Rule, sample: Sample | None, now_us: int) -> int:
    """Since when the signal says so: its source time; what is missing is missing since it is missed."""
    lost = rule.kind in (AlarmKind.STALE, AlarmKind.SOURCE)
    return now_us if sample is None or lost else min(sample.at_us, now_us)


@dataclass(frozen=True, slots=True)
class Watch:
    """All that judging one alarm needs. `standing`: (alarm id, cleared, acknowledged) of its record in the list.
    `aside`: how a person set it aside, None when nobody did. `machine`: what the tag of `while_states` says."""

    rule: Rule
    before: Condition
    sample: Sample | None
    machine: Sample | None = None
    standing: tuple[int, bool, bool] | None = None
    aside: AlarmState | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done: the condition to keep, and what happens to the alarm's record, in this order. `ended_as`: how
    the record in the list ends, when it does."""

    watch: Watch
    condition: Condition
    ended_as: str | None = None
    cleared: bool = False
    raised: bool = False

    @property
    def transition(self) -> bool:
        """True when the alarm's record changes."""
        return self.raised or self.cleared or self.ended_as is not None


def step(watch: Watch, now_us: int) -> Step | None:
    """What is to be done about an alarm now; None: nothing."""
    condition = _condition(watch, now_us)
    done = _record_step(watch, condition, _set_aside(watch, condition))
    return None if done is None and condition == watch.before else done or Step(watch, condition)


def _condition(watch: Watch, now_us: int) -> Condition:
    """While it is suppressed by design nothing is judged; afterwards its delay begins then."""
    if _is_suppressed(watch, now_us):
        return Condition(suppressed=True)
    if not watch.before.suppressed:
        return judge(watch.rule, watch.before, watch.sample, now_us)
    sample = None if watch.sample is None else replace(watch.sample, at_us=max(watch.sample.at_us, now_us))
    speaking = watch.sample is not None and watch.sample.speaks(now_us)
    return judge(watch.rule, NEVER, sample if speaking else watch.sample, now_us)


def _is_suppressed(watch: Watch, now_us: int) -> bool:
    if not watch.rule.while_states:
        return False
    if watch.machine is None or not watch.machine.speaks(now_us):
        return watch.before.suppressed
    return watch.machine.state not in watch.rule.while_states


def _set_aside(watch: Watch, condition: Condition) -> str | None:
    """Why it is not in the list whatever its condition is; None when nothing keeps it out."""
    if watch.retired:
        return "removed"
    if watch.rule.out_of_service:
        return AlarmState.OUT_OF_SERVICE.value
    if watch.aside is not None:
        return watch.aside.value
    return AlarmState.SUPPRESSED.value if condition.suppressed else None


def _record_step(watch: Watch, condition: Condition, aside: str | None) -> Step | None:
    if aside is not None:
        return Step(watch, condition, ended_as=aside) if watch.standing else None
    if watch.standing is None:
        return Step(watch, condition, raised=True) if condition.active else None
    state = standing_state(*watch.standing[1:])
    if condition.active and state is AlarmState.RETURNED:
        return Step(watch, condition, ended_as="repeated", raised=True)
    if condition.active or state is AlarmState.RETURNED:
        return None
    over = after(state, AlarmEvent.CLEAR) is AlarmState.NORMAL
    return Step(watch, condition, cleared=True, ended_as="normal" if over else None)
