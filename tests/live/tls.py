"""A self-signed certificate for 127.0.0.1 and localhost, or a bad one, for platforms that speak RTMPS."""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def server_tls(
    folder: Path,
    *,
    address: str = "127.0.0.1",
    host: str = "localhost",
    hosts: Iterable[str] = (),
    ends_in_days: int = 1,
) -> ssl.SSLContext:
    """What a server needs; the certificate is `folder/cert.pem`, for clients that should trust it.

    It can be for another address and host, for more `hosts`, and have ended some days ago.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own: of two authorities with the same one only the first is looked at.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{address} {secrets.token_hex(4)}")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address(address)), *map(x509.DNSName, (host, *hosts))]
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=ends_in_days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
