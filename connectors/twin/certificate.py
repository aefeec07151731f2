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
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

USER = "collector"
APPLICATION_URI = "urn:plantglass:virtual-plant:server"
VALID_DAYS = 3650


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


def self_signed(key: rsa.RSAPrivateKey, uri: str, name: str, days: int = VALID_DAYS) -> x509.Certificate:
    """An application instance certificate as OPC 10000-6, 6.2.2 asks for: URI in the alternative names, usages."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    usage = dict.fromkeys(("key_agreement", "crl_sign", "encipher_only", "decipher_only"), False)
    usage |= dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_cert_sign"), True
    )
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write_private(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
