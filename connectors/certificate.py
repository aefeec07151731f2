"""Application instance certificates of OPC UA, signed by themselves: for the collector, and for the virtual plant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650


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
