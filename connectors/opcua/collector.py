"""The OPC UA collector: one server, subscriptions with queues that hold, values into the spool before their ack.

asyncua acknowledges a notification with its next publish request, after the callback has ended; the callback ends
after the spool's fsync. So what is not on disk is not acknowledged, and the server keeps it.

Settings of a source (all but `url` have defaults):
    url, security, user, password_env or password_file, certificate and key (files, to sign in by certificate),
    publishing_ms, sampling_ms, queue, timeout_s,
    trigger ("timestamp": every new source time is a sample, also of the same value; "value": changes only)
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asyncua import Client
from asyncua import ua as opcua
from asyncua.client.ua_session import UaSession

from connectors.collect import Inlet, now_us
from connectors.decode import Channel, Receipt, scaled
from connectors.opcua.address import node_id
from connectors.opcua.security import secure
from engine.errors import Invalid, NotFound, PlantError
from engine.tag import GOOD, Source
from engine.time import us_of

ua: Any = opcua
"""Its own types are stricter than its functions: plain strings and numbers are meant to be passed."""

log = logging.getLogger(__name__)

KNOWN = frozenset(
    {"url", "security", "user", "password_env", "password_file", "certificate", "key", "publishing_ms", "sampling_ms"}
    | {"queue", "timeout_s", "trigger"}
)
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0
ITEMS_AT_ONCE = 500
KEEP_ALIVE_MS, LIFETIME_MS = 5_000, 600_000
SILENT_S = 3 * KEEP_ALIVE_MS / 1000
PROBE_S = 5.0
RETRY_UNKNOWN_S = 30.0
CLOSE_S = 3.0
SHOWN_UNKNOWN = 20
MOST_ASKED_AGAIN = 100
FILTER_REFUSED = frozenset(
    {
        ua.StatusCodes.BadFilterNotAllowed,
        ua.StatusCodes.BadMonitoredItemFilterUnsupported,
        ua.StatusCodes.BadMonitoredItemFilterInvalid,
    }
)
OVERFLOW = 0x0480
"""InfoType DataValue with the Overflow bit (OPC 10000-4, 7.39.1): the server's queue was too small."""
NO_TIME_BEFORE_US = -11_644_473_600_000_000 + 86_400_000_000
"""Times up to 1601-01-01 mean that there is no time."""
UNTRUSTED = frozenset(
    {
        ua.StatusCodes.BadCertificateUntrusted,
        ua.StatusCodes.BadCertificateTimeInvalid,
        ua.StatusCodes.BadCertificateUriInvalid,
        ua.StatusCodes.BadCertificateInvalid,
        ua.StatusCodes.BadCertificateRevoked,
        ua.StatusCodes.BadUserAccessDenied,
        ua.StatusCodes.BadIdentityTokenRejected,
        ua.StatusCodes.BadIdentityTokenInvalid,
        ua.StatusCodes.BadSecurityPolicyRejected,
        ua.StatusCodes.BadSecurityChecksFailed,
    }
)


class OpcuaCollector:
    """One server. `start` returns at once; it reconnects for ever, in a thread of its own, until `stop`."""

    def __init__(self, source: Source, ready: Sequence[Channel], receipt: Receipt, inlet: Inlet, pki: Path) -> None:
        unknown = set(source.settings) - KNOWN
        if unknown or "url" not in source.settings:
            what = f"has a setting “{sorted(unknown)[0]}” that does not exist" if unknown else "has no setting “url”"
            raise Invalid(f"The source “{source.name}” {what}.")
        self._source, self._channels, self._pki = source, list(ready), pki
        self._receipt, self._inlet, self._condition = receipt, inlet, inlet.condition
        self._publishing_ms = float(source.settings.get("publishing_ms", 500))
        self._sampling_ms = float(source.settings.get("sampling_ms", 250))
        self._queue = queue_size(self._publishing_ms, self._sampling_ms, int(source.settings.get("queue", 0)))
        self._by_time = source.settings.get("trigger", "timestamp") == "timestamp"
        self._watched: dict[int, Channel] = {}
        self._unknown: dict[int, str] = {}
        self._last: dict[int, int] = {}
        self._heard, self._sequence = 0.0, 0
        self._lost_us = inlet.condition.heard_us
        self._failed_us: int | None = None
        self._closing = threading.Event()
        self._broken = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=f"opcua {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect; what has been acknowledged is in the spool."""
        self._closing.set()
        self._inlet.stopping.set()
        self._thread.join(timeout=15)

    # -------------------------------------------------------------- connection
    async def _run(self) -> None:
        delay = FIRST_DELAY_S
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                await self._session()
            except PlantError as error:
                self._condition.say("refused", str(error))
            except (ua.UaError, OSError, TimeoutError) as error:
                self._condition.say("refused" if _code(error) in UNTRUSTED else "disconnected", self._why(error))
            except Exception as error:
                log.exception("The collector of %s met something unexpected; it tries again.", self._source.name)
                self._condition.say("disconnected", f"{type(error).__name__}: {error}")
            delay = FIRST_DELAY_S if time.monotonic() - began > LONGEST_DELAY_S else min(2 * delay, LONGEST_DELAY_S)
            await self._pause(delay * random.uniform(0.8, 1.2))  # noqa: S311  # so that collectors do not return all at once

    async def _session(self) -> None:
        """One connection, from its beginning to its end."""
        self._broken = asyncio.Event()
        timeout = float(self._source.settings.get("timeout_s", 10))
        client = Client(self._source.settings["url"], timeout=timeout, watchdog_intervall=PROBE_S)
        client.session_timeout = LIFETIME_MS
        client.connection_lost_callback = self._connection_lost
        await secure(client, self._source.settings, self._pki)
        await client.connect()
        try:
            await self._subscribe(client)
            self._condition.say("connected", self._unknown_shown())
            await self._watch(client)
        finally:
            self._lost_us, self._failed_us = self._failed_us or self._condition.heard_us or self._lost_us, None
            await _closed(client)

    async def _connection_lost(self, _error: Exception) -> None:
        self._broken.set()

    async def _watch(self, client: Client) -> None:
        """Until the connection breaks, the server falls silent, or the worker stops."""
        retry = time.monotonic() + RETRY_UNKNOWN_S
        while not self._closing.is_set():
            if self._broken.is_set():
                raise ConnectionError("the connection broke")
            if time.monotonic() - self._heard > SILENT_S:
                raise ConnectionError(f"the server said nothing for {SILENT_S:.0f} s")
            if self._unknown and time.monotonic() > retry:
                await self._watch_items(client, [c for c in self._channels if c.tag.id in self._unknown])
                self._condition.say("connected", self._unknown_shown())
                retry = time.monotonic() + RETRY_UNKNOWN_S
            await self._pause(0.25)
        self._condition.say("disconnected")

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._closing.is_set() and time.monotonic() < until:
            await asyncio.sleep(min(0.1, seconds))

    def _note_absence(self) -> None:
        """The server keeps no history for us: what it measured since the last value that came is lost.

        Said with the first values of a connection, in one spool record: a kill cannot keep these without that.
        """
        if self._lost_us is not None:
            self._receipt.gap(None, self._lost_us, now_us(), None, "the OPC UA server was not connected")
            self._lost_us = None

    # -------------------------------------------------------------- subscription
    async def _subscribe(self, client: Client) -> None:
        wanted = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=self._publishing_ms,
            RequestedLifetimeCount=max(30, math.ceil(LIFETIME_MS / self._publishing_ms)),
            RequestedMaxKeepAliveCount=max(1, math.ceil(KEEP_ALIVE_MS / self._publishing_ms)),
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        self._sequence, self._heard, self._watched, self._unknown = 0, time.monotonic(), {}, {}
        session = client.uaclient.session
        given = await session.create_subscription(wanted, lambda result: self._published(session, result))
        self._subscription_id = given.SubscriptionId
        self._condition.facts |= {"publishing_ms": given.RevisedPublishingInterval, "asked_publishing_ms": self._publishing_ms}
        self._condition.facts |= {"items": 0, "sampling_ms": None, "queue": None, "queue_too_small": False}
        await self._watch_items(client, self._channels)

    async def _watch_items(self, client: Client, wanted: Sequence[Channel]) -> None:
        namespaces = await client.get_namespace_array()
        for start in range(0, len(wanted), ITEMS_AT_ONCE):
            await self._watch_some(client, wanted[start : start + ITEMS_AT_ONCE], namespaces)
        self._condition.facts |= {
            "items": len(self._watched),
            "trigger": "timestamp" if self._by_time else "value",
            "unknown_count": len(self._unknown),
            "unknown": [c.address for c in self._channels if c.tag.id in self._unknown][:SHOWN_UNKNOWN],
        }

    async def _watch_some(self, client: Client, wanted: Sequence[Channel], namespaces: Sequence[str]) -> None:
        known: list[tuple[Channel, Any]] = []
        for channel in wanted:
            try:
                known.append((channel, node_id(channel.address, namespaces)))
            except (Invalid, NotFound) as error:
                self._unknown[channel.tag.id] = str(error)
        if not known:
            return
        await self._create(client, known)

    async def _create(self, client: Client, known: Sequence[tuple[Channel, Any]]) -> None:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._subscription_id,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[self._item(channel, node) for channel, node in known],
        )
        for channel, _ in known:
            self._watched[channel.tag.id] = channel  # its first value may come before the answer
        results = await client.uaclient.session.create_monitored_items(parameters)
        again = []
        for (channel, node), result in zip(known, results, strict=True):
            if self._by_time and result.StatusCode.value in FILTER_REFUSED:
                again.append((channel, node))
            else:
                self._watching(channel, result)
        if again:
            self._by_time = False
            await self._create(client, again)

    def _item(self, channel: Channel, node: Any) -> Any:
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=channel.tag.id,
                SamplingInterval=self._sampling_ms,
                QueueSize=self._queue,
                DiscardOldest=True,
                Filter=ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp) if self._by_time else None,
            ),
        )

    def _watching(self, channel: Channel, result: Any) -> None:
        """Read back what the server made of our wishes."""
        if not result.StatusCode.is_good():
            self._watched.pop(channel.tag.id, None)
            self._unknown[channel.tag.id] = result.StatusCode.name
            return
        self._unknown.pop(channel.tag.id, None)
        facts, sampling, size = self._condition.facts, result.RevisedSamplingInterval, result.RevisedQueueSize
        facts["sampling_ms"] = _span(facts["sampling_ms"], sampling)
        facts["queue"] = _span(facts["queue"], size)
        facts["queue_too_small"] |= size < queue_size(facts["publishing_ms"], sampling, 0)

    # -------------------------------------------------------------- values
    async def _published(self, session: UaSession, result: Any) -> None:
        """A publish response; returns when its values are on disk, and only then is it acknowledged.

        asyncua acknowledges also what fails here. So after a failure the session ends, and what it measured since the
        last value on disk is declared as a gap.
        """
        try:
            await self._receive(session, result)
        except Exception:  # whatever it is, it is one notification that is lost
            log.exception("%s: a notification could not be kept; connecting anew.", self._source.name)
            if self._failed_us is None:
                self._failed_us = self._condition.heard_us or now_us()
            self._broken.set()

    async def _receive(self, session: UaSession, result: Any) -> None:
        self._heard = time.monotonic()
        message = result.NotificationMessage
        if not message.NotificationData:
            return
        await self._catch_up(session, result.SubscriptionId, message.SequenceNumber)
        self._note_absence()
        self._take(message)
        await asyncio.to_thread(self._inlet.put, self._receipt.take())
        self._heard = time.monotonic()

    async def _catch_up(self, session: UaSession, subscription: int, sequence: int) -> None:
        """Ask again for notifications that went missing; what the server has no more is a gap."""
        expected, self._sequence = self._sequence + 1, sequence
        if expected in (1, sequence):
            return
        last = min(sequence, expected + MOST_ASKED_AGAIN)
        for missed in range(expected, last):
            try:
                self._take(await session.republish(subscription, missed))
            except ua.UaError as error:
                self._lost(f"the server lost notification {missed}", error)
            except (TimeoutError, ConnectionError) as error:
                last = missed
                self._lost(f"the server did not answer for notification {missed}", error)
                break
        if last < sequence:
            self._lost(f"notifications {last} to {sequence - 1} were not asked for again", None)

    def _lost(self, reason: str, error: BaseException | None) -> None:
        """A gap from the newest value that is on disk until now."""
        log.warning("%s: %s: %r", self._source.name, reason, error)
        self._receipt.gap(None, self._condition.heard_us or now_us(), now_us(), None, reason)

    def _take(self, message: Any) -> None:
        self._receipt.begin()
        received_us = now_us()
        for data in message.NotificationData or ():
            if isinstance(data, ua.DataChangeNotification):
                for item in data.MonitoredItems:
                    self._value(item.ClientHandle, item.Value, received_us)
            elif isinstance(data, ua.StatusChangeNotification):
                log.warning("%s: the server ended the subscription: %s", self._source.name, data.Status)
                self._broken.set()

    def _value(self, handle: int, data: Any, received_us: int) -> None:
        channel = self._watched.get(handle)
        if channel is None:
            self._receipt.reject(f"handle {handle}", "The server sent a value of an unknown handle.", b"", received_us)
            return
        status = GOOD if data.StatusCode is None else int(data.StatusCode.value)
        at_us = next(_times(data), received_us)
        if status & OVERFLOW == OVERFLOW:
            begin = self._last.get(handle, at_us)
            self._receipt.gap(channel.tag.id, begin, at_us, None, "the server's queue overflowed")
        self._last[handle] = at_us
        try:
            self._receipt.add(channel, at_us, scaled(_plain(data.Value), channel.options), status, received_us)
        except Exception as error:  # a fault of ours must neither stop the collector nor lose the value
            log.exception("A value of %s could not be read.", channel.address)
            self._receipt.reject(channel.address, f"It could not be read: {error!r}.", repr(data).encode(), received_us)

    # -------------------------------------------------------------- words
    def _unknown_shown(self) -> str:
        if not self._unknown:
            return ""
        first = next(iter(self._unknown.values()))
        return f"{len(self._unknown)} of {len(self._channels)} nodes are not there: {first}"

    def _why(self, error: BaseException) -> str:
        name = type(error).__name__
        word = str(error) or name
        return f"{self._source.settings['url']}: {word}" if name in word else f"{self._source.settings['url']}: {name}: {word}"


def queue_size(publishing_ms: float, sampling_ms: float, asked: int) -> int:
    """At least two publishing intervals of samples, else changes are lost silently (house.md, trap 15)."""
    needed = math.ceil(2 * publishing_ms / sampling_ms) if sampling_ms > 0 else 2
    return max(asked, needed, 2)


def _times(data: Any) -> Iterator[int]:
    """Source time, then server time, as far as there are any."""
    for moment in (data.SourceTimestamp, data.ServerTimestamp):
        if moment is not None and us_of(moment) > NO_TIME_BEFORE_US:
            yield us_of(moment)


def _plain(variant: Any) -> Any:
    """A Variant's value as Python's own; localized text is its text."""
    value = None if variant is None else variant.Value
    return value.Text if isinstance(value, ua.LocalizedText) else value


def _span(known: list[float] | None, value: float) -> list[float]:
    return [value, value] if known is None else [min(known[0], value), max(known[1], value)]


def _code(error: BaseException) -> int | None:
    return getattr(error, "code", None)


async def _closed(client: Client) -> None:
    try:
        await asyncio.wait_for(client.disconnect(), CLOSE_S)
    except (TimeoutError, OSError, ua.UaError) as error:
        log.info("The connection was closed without a farewell: %r", error)
        client.disconnect_socket()
