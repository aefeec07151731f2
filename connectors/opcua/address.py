"""Node addresses: `nsu=<namespace URI>;s=<identifier>`, resolved anew at every connection.

Source: OPC 10000-6, 5.1.12 (string form of NodeIds; `;` and `%` in a URI are percent-encoded). A server may change
the order of its namespaces at each start, so an index is never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from asyncua import ua

from engine.errors import Invalid, NotFound


def node_id(address: str, namespaces: Sequence[str]) -> ua.NodeId:
    """The node id on a server with these namespaces. Raises `NotFound` for a namespace that it has not, `Invalid`."""
    index, rest = 0, address.strip()
    if rest.startswith("nsu="):
        uri, _, rest = rest[4:].partition(";")
        index = _index(unquote(uri), namespaces)
    elif rest.startswith("ns="):
        number, _, rest = rest[3:].partition(";")
        index = _number(number, address)
    try:
        found = ua.NodeId.from_string(rest)
    except (ua.UaError, ValueError, IndexError) as error:
        raise Invalid(f"“{address}” is no OPC UA address; it should read nsu=<namespace URI>;s=<identifier>.") from error
    return ua.NodeId(found.Identifier, index, found.NodeIdType)  # type: ignore[arg-type]  # its own integer type


def _index(uri: str, namespaces: Sequence[str]) -> int:
    try:
        return list(namespaces).index(uri)
    except ValueError:
        raise NotFound(f"The server has no namespace “{uri}”.") from None


def _number(word: str, address: str) -> int:
    if not word.isdigit():
        raise Invalid(f"“{word}” in the address “{address}” is no namespace number.")
    return int(word)
