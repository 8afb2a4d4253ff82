"""Where the vendors' own hosts may be: never in a private network, always with a certificate of the name."""

import logging
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from include.core.errors import TryLater
from include.sources.clouds import connection
from tests.sources.http.http_server import assert_shows_no_secret, call, resolver, serving

OWN = "gateway.isolarcloud.eu"
PUBLIC = "93.184.215.14"
PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_vendors_host_that_resolves_to_a_private_address_is_not_called(monkeypatch, address):
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[PUBLIC, address]]}))
    monkeypatch.setattr(connection, "create_connection", not_allowed)

    with pytest.raises(TryLater, match=f"{OWN} resolves to a private address"):
        call(f"https://{OWN}")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_name_that_changes_its_mind_is_called_at_the_address_that_was_checked(monkeypatch, address):
    called = []
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[address], ["127.0.0.1"]]}))
    monkeypatch.setattr(connection, "create_connection", lambda place, *rest, **more: called.append(place) or refused())

    with pytest.raises(TryLater, match=f"^{OWN} refuses the connection; ask again$"):
        call(f"https://{OWN}")

    assert called == [(address, 443)]


def test_the_next_address_is_called_where_the_first_does_not_answer(monkeypatch):
    called = []
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]]}))
    monkeypatch.setattr(connection, "create_connection", lambda place, *rest, **more: called.append(place[0]) or timed_out())

    with pytest.raises(TryLater, match=f"^{OWN} did not take a connection within 2 s; ask again$"):
        call(f"https://{OWN}")

    assert called == ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]


@pytest.mark.parametrize(("named", "is_trusted"), [(OWN, True), ("evil.test", False), (PUBLIC, False)])
def test_the_certificate_must_be_of_the_name_and_not_of_the_address(monkeypatch, tmp_path, caplog, named, is_trusted):
    asked_for = []
    caplog.set_level(logging.DEBUG)
    with serving(tls(tmp_path, named, asked_for)) as secure:
        secure.says(b"{}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[PUBLIC]]}))
        monkeypatch.setattr(
            connection, "create_connection", lambda place, *rest, **more: socket.create_connection(("127.0.0.1", secure.port))
        )

        if is_trusted:
            assert call(f"https://{OWN}").body == b"{}"
        else:
            with pytest.raises(TryLater, match=f"^{OWN} cannot be trusted: the TLS handshake failed; ask again$") as raised:
                call(f"https://{OWN}")
            assert_shows_no_secret(raised.value, caplog)
            assert secure.asked == []

    assert asked_for == [OWN]


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(monkeypatch, tmp_path):
    with serving(tls(tmp_path, "127.0.0.1", [])) as secure:
        secure.says(b"{}")

        with pytest.raises(TryLater, match="cannot be trusted"):
            call(f"https://localhost:{secure.port}")

        assert secure.asked == []


def refused() -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def timed_out() -> None:
    raise TimeoutError("timed out")


def not_allowed(*rest, **more) -> None:
    raise AssertionError("a private address was called")


def tls(folder, name: str, asked_for: list[str]) -> ssl.SSLContext:
    """A server's side of TLS with a certificate of its own for one name; it notes which names clients ask for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.sni_callback = lambda sock, asked, ours: asked_for.append(asked)
    return context
