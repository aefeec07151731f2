"""The virtual plant's OPC UA server: every "opcua" signal of the site, with source times and status codes.

Objects follow the location tree. A machine shows its state and mode as PackML (numbered as in OPC 30060 or OPC 30050) and,
where it speaks it, its item state and operation mode as OPC 40001-1 does; its other signals lie in the folder Monitoring.
Security: None for the demo, and Basic256Sha256 SignAndEncrypt with trust list, user name or certificate.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asyncua import Server
from asyncua import ua as opcua
from asyncua.common.node import Node
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.twin.certificate import APPLICATION_URI, USER, Identity, identity
from engine.errors import Invalid, Unavailable
from engine.tag import BAD_NO_COMMUNICATION, ValueKind
from engine.time import moment_of
from engine.twin.site import NAMESPACE, SITE, Signal, Site

ua: Any = opcua
"""Its own types are stricter than its functions: plain strings and numbers are meant to be passed."""

HOST = "127.0.0.1"
OTHER_NAMESPACES = ("http://opcfoundation.org/UA/Machinery/", "http://opcfoundation.org/UA/PackML/")
POLICIES = [ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
CHECKS = CertificateValidatorOptions.TIME_RANGE | CertificateValidatorOptions.URI | CertificateValidatorOptions.PEER_CLIENT
VARIANTS = {
    ValueKind.FLOAT: (ua.VariantType.Double, float),
    ValueKind.INT: (ua.VariantType.Int64, int),
    ValueKind.BOOL: (ua.VariantType.Boolean, bool),
    ValueKind.STATE: (ua.VariantType.Int32, int),
    ValueKind.TEXT: (ua.VariantType.String, str),
}
FIRST: dict[ValueKind, Any] = {
    ValueKind.FLOAT: 0.0,
    ValueKind.INT: 0,
    ValueKind.BOOL: False,
    ValueKind.STATE: 0,
    ValueKind.TEXT: "",
}
SHOWN_AS = {
    "state": ("PackML", "StateCurrent"),
    "mode": ("PackML", "UnitModeCurrent"),
    "item_state": ("MachineryBuildingBlocks", "MachineryItemState"),
    "operation_mode": ("MachineryBuildingBlocks", "MachineryOperationMode"),
}
MONITORING = "Monitoring"


def url_of(port: int) -> str:
    """The address of the server."""
    return f"opc.tcp://{HOST}:{port}/plantglass"


class PlantServer:
    """One server life: `build`, `write` first values, `listen`, then `write` until `close`.

    Writing before listening means that no client ever sees a node without a value.
    """

    def __init__(self, folder: Path, port: int, site: Site = SITE, namespace: str = NAMESPACE) -> None:
        self.port, self.site, self.namespace = port, site, namespace
        self.identity: Identity = identity(folder)
        self.signals = {s.name: s for s in site.signals if s.route == "opcua"}
        self._nodes: dict[str, Any] = {}
        self._server = Server(user_manager=Users(self.identity))

    async def build(self) -> None:
        """Make the address space; takes about two seconds of CPU."""
        server = self._server
        await server.init()
        server.set_endpoint(url_of(self.port))
        server.set_server_name("Plantglass virtual plant")
        await server.set_application_uri(APPLICATION_URI)
        server.set_security_policy(POLICIES)
        await server.load_certificate(self.identity.certificate, "der")
        await server.load_private_key(self.identity.key)
        server.set_certificate_validator(self._validate)
        for uri in OTHER_NAMESPACES:
            await server.register_namespace(uri)
        await self._add_nodes(await server.register_namespace(self.namespace))

    async def listen(self) -> None:
        """Open the port; raises `Unavailable` when it is taken."""
        try:
            await self._server.start()
        except OSError as error:
            raise Unavailable(f"The OPC UA port {self.port} of {HOST} cannot be opened: {error.strerror}.") from error

    async def close(self) -> None:
        """End all sessions and close the port."""
        await self._server.stop()

    async def write(self, series: Mapping[str, Any]) -> None:
        """Show samples by signal name, in order of time each; signals of other routes are passed over.

        A sample with a bad status loses its value, as OPC 10000-4, 7.11 demands.
        """
        for name, samples in series.items():
            if name in self.signals:
                for value in data_values(self.signals[name].kind, samples):
                    await self._server.write_attribute_value(self._nodes[name], value)

    async def silence(self, machine: str, at_us: int) -> int:
        """Say BadNoCommunication for every signal of a machine; returns how many."""
        lost = ua.DataValue(
            StatusCode=ua.StatusCode(BAD_NO_COMMUNICATION), SourceTimestamp=moment_of(at_us), Value=ua.Variant(None)
        )
        names = [name for name, signal in self.signals.items() if signal.machine == machine]
        for name in names:
            await self._server.write_attribute_value(self._nodes[name], lost)
        return len(names)

    async def _validate(self, certificate: x509.Certificate, application: Any) -> None:
        await CertificateValidator(CHECKS).validate(certificate, application)
        der = certificate.public_bytes(Encoding.DER)
        if not self.identity.trusts(der):
            self.identity.reject(der)
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    async def _add_nodes(self, index: int) -> None:
        folders: dict[str, Node] = {"": self._server.nodes.objects}
        titles = {place.path: place.name for place in self.site.places}
        for signal in self.signals.values():
            where = SHOWN_AS.get(signal.key, (MONITORING, signal.key))
            for path in _ancestors(f"{signal.at}/{where[0]}"):
                if path not in folders:
                    above, _, slug = path.rpartition("/")
                    name = ua.QualifiedName(titles.get(path, slug), index)
                    folders[path] = await folders[above].add_object(ua.NodeId(path, index), name)
            await self._add_variable(folders[f"{signal.at}/{where[0]}"], signal, where[1], index)

    async def _add_variable(self, parent: Node, signal: Signal, name: str, index: int) -> None:
        node_id = node_id_of(signal.address, self.namespace, index)
        variant, _ = VARIANTS[signal.kind]
        node = await parent.add_variable(node_id, ua.QualifiedName(name, index), FIRST[signal.kind], variant)
        if signal.unit:
            unit = ua.EUInformation(UnitId=-1, DisplayName=ua.LocalizedText(signal.unit))
            await node.add_property(ua.NodeId(f"{signal.name}#unit", index), ua.QualifiedName("EngineeringUnits", 0), unit)
        await node.write_attribute(
            ua.AttributeIds.Description, ua.DataValue(ua.Variant(ua.LocalizedText(signal.title), ua.VariantType.LocalizedText))
        )
        await node.write_attribute(
            ua.AttributeIds.Value, ua.DataValue(None, ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData))
        )
        self._nodes[signal.name] = node_id


class Users(UserManager):
    """Who may open a session: anybody without security (demo), the collector by password, trusted certificates."""

    def __init__(self, known: Identity) -> None:
        self._known = known

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | bytes | None = None, certificate: bytes | None = None
    ) -> User | None:
        """The user of a session, or None to refuse it; called by asyncua, which has checked signatures."""
        del iserver
        if username is None:
            return User(UserRole.User, "anonymous") if not certificate or self._known.trusts(certificate) else None
        given = password if isinstance(password, bytes) else (password or "").encode()
        right = hmac.compare_digest(given, self._known.password.encode())
        return User(UserRole.User, USER) if right and username == USER else None


def node_id_of(address: str, namespace: str, index: int) -> Any:
    """The node of an address `nsu=<uri>;s=<text>` in a server where the namespace has `index`; raises `Invalid`."""
    head, _, text = address.partition(";s=")
    if head != f"nsu={namespace}" or not text:
        raise Invalid(f"The address “{address}” is not one of the namespace {namespace}.")
    return ua.NodeId(text, index)


def data_values(kind: ValueKind, samples: Any) -> Iterator[Any]:
    """Samples of one signal as OPC UA data values with their source times."""
    variant, plain = VARIANTS[kind]
    for at_us, value, status in zip(samples.at_us, samples.values, samples.status, strict=True):
        yield ua.DataValue(
            Value=ua.Variant(plain(value), variant), StatusCode=ua.StatusCode(int(status)), SourceTimestamp=moment_of(at_us)
        )


def _ancestors(path: str) -> Iterator[str]:
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        yield "/".join(parts[:length])


def quieten() -> None:
    """Keep asyncua's log to errors; it reports each session and each refused certificate otherwise."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
