"""Who this client is to an OPC UA server, and which servers it trusts.

In <data>/pki: own.der and own.pem (made at first use), trusted/ (certificates of servers or of their CAs, .der or
.pem), revoked/ (CRLs), rejected/ (what was refused, for a person to look at and move to trusted/).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from asyncua import Client, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import security_policies
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.certificate import self_signed
from engine.errors import Invalid, Unavailable

APPLICATION_URI = "urn:plantglass:collector"
POLICIES: dict[str, type[security_policies.SecurityPolicy]] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
CHECKS = CertificateValidatorOptions.TIME_RANGE | CertificateValidatorOptions.URI | CertificateValidatorOptions.PEER_SERVER


async def secure(client: Client, settings: dict[str, Any], pki: Path) -> None:
    """Give the client its policy, certificate, trust list, and user. Raises `Invalid` for settings that must not be used."""
    client.application_uri = APPLICATION_URI
    client.name = client.description = "Plantglass collector"
    name = settings.get("security", "None")
    if name != "None":
        if name not in POLICIES:
            raise Invalid(f"The security policy “{name}” is not accepted; use None, {', '.join(POLICIES)}.")
        certificate, key = own(pki)
        client.certificate_validator = Trust(pki)
        await client.set_security(POLICIES[name], certificate, key, mode=ua.MessageSecurityMode.SignAndEncrypt)
    await _add_user(client, settings)


async def _add_user(client: Client, settings: dict[str, Any]) -> None:
    if settings.get("user"):
        client.set_user(settings["user"])
        client.set_password(_secret(settings))
    elif settings.get("certificate"):
        await client.load_client_certificate(str(settings["certificate"]))
        await client.load_private_key(Path(settings["key"]))


def _secret(settings: dict[str, Any]) -> str:
    variable, file = settings.get("password_env"), settings.get("password_file")
    if variable and variable in os.environ:
        return os.environ[variable]
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Invalid(f"The password file {file} cannot be read: {error.strerror}.") from error
    raise Invalid(f"The password of the user “{settings['user']}” is in neither password_env nor password_file.")


def own(pki: Path) -> tuple[Path, Path]:
    """Certificate and key of this application, made when missing. Raises `Unavailable` for an unwritable folder."""
    certificate, key_file = pki / "own.der", pki / "own.pem"
    try:
        (pki / "trusted").mkdir(parents=True, exist_ok=True)
        if not certificate.exists() or not key_file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            _write_private(key_file, _pem(key))
            certificate.write_bytes(
                self_signed(key, APPLICATION_URI, "Plantglass collector").public_bytes(serialization.Encoding.DER)
            )
    except OSError as error:
        raise Unavailable(f"The certificate folder {pki} cannot be written: {error.strerror}.") from error
    return certificate, key_file


class Trust:
    """Decides about a server's certificate: its time, its application URI, and that a person has trusted it.

    Trusted is the very certificate in trusted/, or one that a CA in trusted/ has signed and no CRL revokes.
    """

    def __init__(self, pki: Path) -> None:
        self._pki = pki

    async def __call__(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        """Raises asyncua's `ServiceError`, which the client reports; a refused certificate is kept in rejected/."""
        try:
            await CertificateValidator(CHECKS).validate(certificate, application)
            if not await self._trusted(certificate):
                raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        except ServiceError:
            self._keep(certificate)
            raise

    async def _trusted(self, certificate: x509.Certificate) -> bool:
        listed = self._listed()
        if not listed:
            return False
        store = TrustStore([self._pki / "trusted"], [self._pki / "revoked"])
        await store.load()
        return not store.is_revoked(certificate) and (certificate in listed or store.is_trusted(certificate))

    def _listed(self) -> list[x509.Certificate]:
        return [_loaded(file) for pattern in ("*.der", "*.pem") for file in sorted((self._pki / "trusted").glob(pattern))]

    def _keep(self, certificate: x509.Certificate) -> None:
        folder = self._pki / "rejected"
        folder.mkdir(parents=True, exist_ok=True)
        name = certificate.fingerprint(hashes.SHA256()).hex()
        (folder / f"{name[:40]}.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))


def _loaded(file: Path) -> x509.Certificate:
    data = file.read_bytes()
    try:
        return x509.load_pem_x509_certificate(data) if file.suffix == ".pem" else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise Invalid(f"The file {file} in the trust list is no certificate: {error}.") from error


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write_private(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
