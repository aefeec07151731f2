"""A real OPC UA server for tests: three variables, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server
from asyncua import ua as opcua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager

from engine.tag import GOOD

ua: Any = opcua
NAMESPACE = "urn:test:plant"
SERVER_URI = "urn:test:server"
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


class OneUser(UserManager):
    """Lets in one user by password, and everybody without a name."""

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        return User(UserRole.User) if username in (None, "collector") and password in (None, "right") else None


class Plant:
    """An asyncua server in a thread of its own."""

    def __init__(self, port: int, before: tuple[str, ...] = (), secure: Path | None = None) -> None:
        self.url = f"opc.tcp://127.0.0.1:{port}/test"
        self._before, self._secure = before, secure
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.nodes: dict[str, Any] = {}
        self.do(self._start())

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _start(self) -> None:
        self.server = Server(user_manager=OneUser())
        await self.server.init()
        self.server.set_endpoint(self.url)
        await self.server.set_application_uri(SERVER_URI)
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        if self._secure is not None:
            self.server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
            await self.server.load_certificate(self._secure / "server.der", "der")
            await self.server.load_private_key(self._secure / "server.pem")
        for uri in self._before:
            await self.server.register_namespace(uri)
        self.index = await self.server.register_namespace(NAMESPACE)
        await self._add("speed", 0.0, ua.VariantType.Double)
        await self._add("count", 0, ua.VariantType.Int64)
        await self._add("batch", "none", ua.VariantType.String)
        await self.server.start()

    async def _add(self, name: str, value: Any, kind: Any) -> None:
        node = await self.server.nodes.objects.add_variable(ua.NodeId(name, self.index), name, value, kind)
        first = ua.DataValue(Value=ua.Variant(value, kind), SourceTimestamp=START)
        await self.server.write_attribute_value(node.nodeid, first)
        self.nodes[name] = (node, kind)

    def write(self, name: str, value: Any, at: datetime, status: int = GOOD) -> None:
        self.do(self._write(name, value, at, status))

    async def _write(self, name: str, value: Any, at: datetime, status: int) -> None:
        node, kind = self.nodes[name]
        variant = ua.Variant(None) if value is None else ua.Variant(value, kind)
        await self.server.write_attribute_value(
            node.nodeid, ua.DataValue(Value=variant, StatusCode=ua.StatusCode(status), SourceTimestamp=at)
        )

    def add(self, name: str) -> None:
        self.do(self._add(name, 1.0, ua.VariantType.Double))

    def stop(self) -> None:
        self.do(self.server.stop())
        self.do(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _settle(self) -> None:
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
