"""The virtual plant's OPC UA identity and trust list, in one folder.

own.der, own.pem      certificate and key, made at the first start
password.txt          of the user `collector`, made at the first start
trusted/*.der         client certificates that are accepted; put a file here to trust it
rejected/*.der        client certificates that were refused, by thumbprint; move one to trusted/
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.certificate import self_signed

USER = "collector"
APPLICATION_URI = "urn:plantglass:virtual-plant:server"


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the server's certificate, key, password and trust list lie."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """Own certificate, DER."""
        return self.folder / "own.der"

    @property
    def key(self) -> Path:
        """Own private key, PEM."""
        return self.folder / "own.pem"

    @property
    def trusted(self) -> Path:
        """Folder of accepted client certificates."""
        return self.folder / "trusted"

    @property
    def password(self) -> str:
        """The password of `USER`."""
        return (self.folder / "password.txt").read_text(encoding="utf-8").strip()

    def trusts(self, der: bytes) -> bool:
        """Whether this very certificate lies in the trust list; read anew each time, so that a file counts at once."""
        return any(file.read_bytes() == der for file in self.trusted.glob("*.der"))

    def reject(self, der: bytes) -> None:
        """Keep a refused certificate, so that a person may move it to the trust list."""
        name = hashes.Hash(hashes.SHA1())  # noqa: S303  # the thumbprint of OPC UA, not a protection
        name.update(der)
        folder = self.folder / "rejected"
        folder.mkdir(exist_ok=True)
        (folder / f"{name.finalize().hex()}.der").write_bytes(der)


def identity(folder: Path) -> Identity:
    """The identity kept in `folder`; made when it is not there yet."""
    found = Identity(folder)
    found.trusted.mkdir(parents=True, exist_ok=True)
    if not found.certificate.exists():
        _make(found, APPLICATION_URI, "Plantglass virtual plant")
    secret = folder / "password.txt"
    if not secret.exists():
        _write_private(secret, secrets.token_urlsafe(18).encode())
    return found


def _make(found: Identity, uri: str, name: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = self_signed(key, uri, name)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write_private(found.key, pem)
    found.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))


def _write_private(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
