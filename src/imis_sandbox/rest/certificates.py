"""HTTPS by a certificate made at start: an authority for this one run, what it signs, and what can be wrong with that.

Nothing of it outlives the process but the authority's certificate, where the user wants it in a file. Validity is by
the machine's clock, which clients go by, and not by the association's today.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ELSEWHERE = "elsewhere.example"
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """What a server shows, and what a client needs to trust it; both PEM.

    Args:
        authority: The authority's certificate.
        server: The server's key and certificate.
    """

    authority: bytes
    server: bytes


@dataclass(frozen=True)
class _Signer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def make(host: str, fault: str | None = None) -> Certificates:
    """New certificates for a server on this machine.

    Args:
        host: Name or address that the server listens at; this machine's own names are covered besides.
        fault: One of `faults.HANDSHAKE`, or None for a certificate that is good for a year.
    """
    authority, itself = _signer("iMIS sandbox, an authority for tests"), _signer("iMIS sandbox")
    now = dt.datetime.now(dt.UTC)
    ends = now - _DAY if fault == "expired" else now + 365 * _DAY
    built = _unsigned(itself, now - 30 * _DAY, ends).add_extension(_names(host, fault), critical=False)
    built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    shown = _signed(built, itself if fault == "unknown-authority" else authority)
    key = itself.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificates(_pem(_root(authority, now)), key + _pem(shown))


async def stall(listener: socket.socket) -> None:
    """Take every connection and never say a word, so that no TLS handshake ends; until the process does."""
    server = await asyncio.start_server(_silent, sock=listener)
    async with server:
        await server.serve_forever()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            pass
    writer.close()


def _signer(name: str) -> _Signer:
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return _Signer(called, ec.generate_private_key(ec.SECP256R1()))


def _names(host: str, fault: str | None) -> x509.SubjectAlternativeName:
    names = {_ELSEWHERE} if fault == "wrong-host" else {"localhost", "127.0.0.1", "::1", socket.gethostname(), host}
    return x509.SubjectAlternativeName([_name(name) for name in sorted(names)])


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _unsigned(subject: _Signer, begins: dt.datetime, ends: dt.datetime) -> x509.CertificateBuilder:
    public = subject.key.public_key()
    built = x509.CertificateBuilder().subject_name(subject.name).public_key(public)
    built = built.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _root(authority: _Signer, now: dt.datetime) -> x509.Certificate:
    """The authority's own certificate, which may sign others and nothing else."""
    built = _unsigned(authority, now - 31 * _DAY, now + 366 * _DAY)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return _signed(built.add_extension(usage, critical=True), authority)


def _signed(built: x509.CertificateBuilder, signer: _Signer) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    return built.issuer_name(signer.name).add_extension(issuer, critical=False).sign(signer.key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
