"""Checks of places and calendars."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from functools import cache

from engine.config.known import Known
from engine.config.problem import Finding, unknown
from engine.config.record import CalendarEntry, Config, LocationEntry
from engine.errors import Invalid
from engine.location import NodeKind

PATH = re.compile(r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*")
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217 codes of currencies in use."""


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with places and calendars."""
    for entry in config.locations:
        yield from _path(entry, known)
        yield from _place(entry, known)
        yield from _machine(entry, known)
    for calendar in config.calendars:
        yield from _calendar(calendar, known)


def _path(entry: LocationEntry, known: Known) -> Iterator[Finding]:
    if not PATH.fullmatch(entry.path):
        reason = "is not made of small letters, digits and hyphens between slashes, as in acme/dublin/line-1."
        yield Finding(entry, ("path",), f"The path “{entry.path}” {reason}")
        return
    above = entry.path.rpartition("/")[0]
    if above and (missing := known.missing("place", above, known.kinds)):
        yield Finding(entry, ("path",), f"The place above is missing. {missing}")
    elif wrong := _misplaced(entry, known.kinds.get(above)):
        yield Finding(entry, ("kind",), wrong)
    if entry.was is not None and entry.was in known.kinds:
        yield Finding(
            entry, ("was",), f"“{entry.was}” is still a place of this file, so “{entry.path}” cannot have moved from it."
        )


def _misplaced(entry: LocationEntry, above: NodeKind | None) -> str | None:
    """Why a node of this kind cannot stand there (ISA-95: enterprise, sites in it, all else in sites)."""
    if entry.kind is NodeKind.ENTERPRISE:
        return f"The enterprise “{entry.path}” must be the top of the tree." if "/" in entry.path else None
    if entry.kind is NodeKind.SITE:
        wrong = above not in (None, NodeKind.ENTERPRISE)
        return f"The site “{entry.path}” must stand at the top or directly under an enterprise." if wrong else None
    if "/" not in entry.path or above is NodeKind.ENTERPRISE:
        return f"The {entry.kind.value} “{entry.path}” must stand in a site."
    return None


def _place(entry: LocationEntry, known: Known) -> Iterator[Finding]:
    if entry.kind is NodeKind.SITE and not entry.time_zone:
        yield Finding(entry, (), f"The site “{entry.path}” needs a “time_zone” such as Europe/Dublin.")
    if entry.kind is NodeKind.SITE and not entry.currency:
        yield Finding(entry, (), f"The site “{entry.path}” needs a “currency” such as EUR.")
    if entry.time_zone and entry.time_zone not in _zones():
        yield Finding(entry, ("time_zone",), unknown("time zone", entry.time_zone, _zones()))
    if entry.currency and entry.currency not in CURRENCIES:
        yield Finding(entry, ("currency",), unknown("currency", entry.currency, CURRENCIES))
    if entry.calendar is not None and not known.excuses(entry.path):
        calendars = known.calendars.get(known.sites.get(entry.path) or "", set())
        if missing := known.missing("calendar", entry.calendar, calendars):
            yield Finding(entry, ("calendar",), missing)


def _machine(entry: LocationEntry, known: Known) -> Iterator[Finding]:
    machine = entry.machine
    if entry.kind is NodeKind.MACHINE and machine is None:
        yield Finding(entry, (), f"The machine “{entry.path}” needs a table “machine” with at least its class.")
    if entry.kind is not NodeKind.MACHINE and machine is not None:
        yield Finding(
            entry, ("machine",), f"“{entry.path}” is of kind {entry.kind.value}; only a machine has a table “machine”."
        )
    if machine and machine.state_map and (reason := known.missing("state map", machine.state_map, known.state_maps)):
        yield Finding(entry, ("machine", "state_map"), reason)
    if machine and machine.criticality is not None and not 1 <= machine.criticality <= 5:
        yield Finding(entry, ("machine", "criticality"), f"A criticality of {machine.criticality} is none; write 1 to 5.")


def _calendar(entry: CalendarEntry, known: Known) -> Iterator[Finding]:
    if reason := known.missing_site(entry.site):
        yield Finding(entry, ("site",), reason)
    if entry.time_zone and entry.time_zone not in _zones():
        yield Finding(entry, ("time_zone",), unknown("time zone", entry.time_zone, _zones()))
    try:
        entry.calendar("UTC")
    except Invalid as error:
        yield Finding(entry, (), f"Calendar “{entry.name}”: {error}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
