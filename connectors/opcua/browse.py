"""Looking around in an OPC UA server: its variables with first values, as far as limits of number and time allow.

What is not opened for lack of room is told, so that somebody can ask for it by its address.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asyncua import Client
from asyncua import ua as opcua

from connectors.opcua.address import node_id
from connectors.opcua.security import secure
from engine.connect import Found
from engine.errors import Unavailable
from engine.tag import ValueKind
from engine.time import us_of

ua: Any = opcua
"""Its own types are stricter than its functions: plain strings and numbers are meant to be passed."""

MOST_VALUES, MOST_FOLDERS, MOST_DEPTH, MOST_S = 1_000, 2_000, 24, 25.0
AT_ONCE = 50
LONGEST_SHOWN = 60
KINDS: dict[Any, ValueKind] = {
    ua.VariantType.Float: ValueKind.FLOAT,
    ua.VariantType.Double: ValueKind.FLOAT,
    ua.VariantType.Boolean: ValueKind.BOOL,
    ua.VariantType.String: ValueKind.TEXT,
    ua.VariantType.LocalizedText: ValueKind.TEXT,
    **{getattr(ua.VariantType, f"{sign}Int{bits}"): ValueKind.INT for sign in ("", "U") for bits in (16, 32, 64)},
    ua.VariantType.SByte: ValueKind.INT,
    ua.VariantType.Byte: ValueKind.INT,
}
OBJECTS = "i=85"


@dataclass(slots=True)
class Looked:
    """What was seen so far."""

    found: list[Found] = field(default_factory=list)
    unopened: list[dict[str, Any]] = field(default_factory=list)
    folders: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"found": [f.plain() for f in self.found], "unopened": self.unopened, "folders": self.folders}


@dataclass(frozen=True, slots=True)
class _Place:
    """A node on the way."""

    node: Any
    path: tuple[str, ...]
    title: str = ""


Report = Callable[[Looked], bool]
"""Told after each step; False: stop."""


def browse(settings: dict[str, Any], pki: Path, start: str, path: Sequence[str], report: Report) -> Looked:
    """Everything below a node (by its address; "": the folder Objects). Raises `Invalid`, `Unavailable`."""
    url = str(settings["url"])
    try:
        return asyncio.run(asyncio.wait_for(_browse(settings, pki, start, path, report), 2 * MOST_S))
    except (ua.UaError, OSError, TimeoutError) as error:
        raise Unavailable(f"{url}: {_word(error)}"[:500]) from error


def _word(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time."
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _browse(settings: dict[str, Any], pki: Path, start: str, path: Sequence[str], report: Report) -> Looked:
    client = Client(str(settings["url"]), timeout=min(10.0, float(settings.get("timeout_s", 5))))
    await secure(client, settings, pki)
    await client.connect()
    try:
        namespaces = await client.get_namespace_array()
        first = _Place(node_id(start or OBJECTS, namespaces), tuple(path))
        return await _Walk(client, namespaces, report).below(first)
    finally:
        await client.disconnect()


class _Walk:
    """Breadth first, many nodes in one request, each node once."""

    def __init__(self, client: Client, namespaces: Sequence[str], report: Report) -> None:
        self._client, self._namespaces, self._report = client, namespaces, report
        self._looked, self._seen = Looked(), set[Any]()
        self._until = time.monotonic() + MOST_S

    async def below(self, first: _Place) -> Looked:
        waiting: deque[_Place] = deque([first])
        self._seen.add(first.node)
        while waiting and self._has_room():
            some = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            folders, variables = await self._open(some)
            waiting.extend(folders)
            await self._read(variables)
            if not self._report(self._looked):
                break
        self._looked.unopened += [self._closed(place) for place in waiting]
        self._looked.found.sort(key=lambda f: f.path)
        return self._looked

    def _has_room(self) -> bool:
        looked = self._looked
        return len(looked.found) < MOST_VALUES and looked.folders < MOST_FOLDERS and time.monotonic() < self._until

    def _closed(self, place: _Place) -> dict[str, Any]:
        return {"address": address_of(place.node, self._namespaces), "path": list(place.path)}

    async def _open(self, places: Sequence[_Place]) -> tuple[list[_Place], list[_Place]]:
        self._looked.folders += len(places)
        folders: list[_Place] = []
        variables: list[_Place] = []
        for place, references in zip(places, await self._references([p.node for p in places]), strict=True):
            for reference in references:
                self._sort(place, reference, folders, variables)
        return folders, variables

    def _sort(self, above: _Place, reference: Any, folders: list[_Place], variables: list[_Place]) -> None:
        node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex, reference.NodeId.NodeIdType)
        if node in self._seen or len(above.path) >= MOST_DEPTH:
            return
        self._seen.add(node)
        place = _Place(node, (*above.path, str(reference.BrowseName.Name)), str(reference.DisplayName.Text or ""))
        if reference.NodeClass == ua.NodeClass.Variable:
            variables.append(place)
        elif node.NamespaceIndex == 0:  # the server's own objects: told, not opened
            self._looked.unopened.append(self._closed(place))
        else:
            folders.append(place)

    async def _references(self, nodes: Sequence[Any], kind: int = ua.ObjectIds.HierarchicalReferences) -> list[list[Any]]:
        wanted = ua.BrowseParameters()
        wanted.RequestedMaxReferencesPerNode = MOST_VALUES
        wanted.NodesToBrowse = [self._description(node, kind) for node in nodes]
        results = await self._client.uaclient.browse(wanted)
        points = [r.ContinuationPoint for r in results if r.ContinuationPoint]
        if points:  # more than can be shown: the server need not remember where we were
            await self._client.uaclient.session.browse_next(
                ua.BrowseNextParameters(ReleaseContinuationPoints=True, ContinuationPoints=points)
            )
        return [list(result.References or ()) for result in results]

    def _description(self, node: Any, kind: int) -> Any:
        return ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=ua.NodeId(kind, 0),
            IncludeSubtypes=True,
            NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
            ResultMask=ua.BrowseResultMask.All,
        )

    async def _read(self, places: Sequence[_Place]) -> None:
        """First values, units and descriptions of variables, as far as there is room."""
        places = places[: MOST_VALUES - len(self._looked.found)]
        if not places:
            return
        nodes = [place.node for place in places]
        session = self._client.uaclient.session
        values = await session.read_attributes(nodes, ua.AttributeIds.Value)
        told = await session.read_attributes(nodes, ua.AttributeIds.Description)
        units = await self._units(nodes)
        for place, value, text, unit in zip(places, values, told, units, strict=True):
            title = _text(text) or place.title
            self._looked.found.append(_found(place, address_of(place.node, self._namespaces), title, unit, value))

    async def _units(self, nodes: Sequence[Any]) -> list[str]:
        """The property EngineeringUnits (OPC 10000-8, 5.3.2.3) of each variable; "" without one."""
        listed = await self._references(nodes, ua.ObjectIds.HasProperty)
        where = [next((r.NodeId for r in refs if r.BrowseName.Name == "EngineeringUnits"), None) for refs in listed]
        asked = [ua.NodeId(w.Identifier, w.NamespaceIndex, w.NodeIdType) for w in where if w is not None]
        if not asked:
            return [""] * len(nodes)
        answers = iter(await self._client.uaclient.session.read_attributes(asked, ua.AttributeIds.Value))
        return ["" if w is None else _unit(next(answers)) for w in where]


def address_of(node: Any, namespaces: Sequence[str]) -> str:
    """The address that the collector understands; a namespace is named, since its number may change."""
    text = node.to_string().partition(";")[2] if node.NamespaceIndex else node.to_string()
    if not node.NamespaceIndex:
        return str(text)
    uri = quote(namespaces[node.NamespaceIndex], safe=":/?#[]@!$&'()*+,=-._~")
    return f"nsu={uri};{text}"


def _found(place: _Place, address: str, title: str, unit: str, value: Any) -> Found:
    variant = value.Value
    held = None if variant is None else variant.Value
    kind = KINDS.get(variant.VariantType) if variant is not None and not isinstance(held, list) else None
    status = 0 if value.StatusCode is None else int(value.StatusCode.value)
    at = next(_times(value), None)
    return Found(address, place.path, title, kind, unit, _shown(held, variant), at, status)


def _times(value: Any) -> Iterator[int]:
    yield from (us_of(moment) for moment in (value.SourceTimestamp, value.ServerTimestamp) if moment is not None)


def _shown(held: Any, variant: Any) -> str:
    if held is None:
        return ""
    if isinstance(held, list):
        return f"list of {len(held)}"
    if isinstance(held, ua.LocalizedText):
        held = held.Text or ""
    if variant.VariantType not in KINDS:
        return str(variant.VariantType.name)
    shown = f"{held:.6g}" if isinstance(held, float) else str(held)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[: LONGEST_SHOWN - 1]}…"


def _text(value: Any) -> str:
    held = value.Value.Value if value.Value is not None else None
    return str(held.Text or "") if isinstance(held, ua.LocalizedText) else ""


def _unit(value: Any) -> str:
    held = value.Value.Value if value.Value is not None else None
    return str(held.DisplayName.Text or "") if isinstance(held, ua.EUInformation) else ""
