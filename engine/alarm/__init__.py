"""Alarms by ISA-18.2 (ANSI/ISA-18.2-2016, IEC 62682:2022): what one is, when it is raised, which states it goes through.

record       AlarmDefinition, Alarm, Aside: what is configured, what was raised, what is set aside
state        the states and the one table of transitions between them
judging      judge(definition, condition, sample, now): hysteresis and delays, and what is to be done then
late         the same over stored samples that came late
performance  alarms per 10 minutes, floods, chattering, fleeting and stale alarms, the mix of priorities
rollup       the worst alarm below each node of the tree
"""

from engine.alarm.record import Alarm, AlarmDefinition, AlarmKind, Aside, Priority, PriorityWord, Rule
from engine.alarm.rollup import rolled_up, worst
from engine.alarm.state import AlarmEvent, AlarmState, after

__all__ = [
    "Alarm",
    "AlarmDefinition",
    "AlarmEvent",
    "AlarmKind",
    "AlarmState",
    "Aside",
    "Priority",
    "PriorityWord",
    "Rule",
    "after",
    "rolled_up",
    "worst",
]
