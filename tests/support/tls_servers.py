"""Web servers behind TLS, with a certificate of the test's own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.network import HeldInternet, WebServer


def make_certificate(folder: Path) -> Path:
    """Make a certificate for ``api.example.com`` and 127.0.0.1, and its key; return the folder."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing: it makes the certificate")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "1", "-subj", "/CN=api.example.com"),
            *("-addext", "subjectAltName=DNS:api.example.com,IP:127.0.0.1"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


class TrustingInternet(HeldInternet):
    """A network whose machine trusts one more certificate."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        self.trust().load_verify_locations(certificate / "certificate.pem")


class TlsServer(WebServer):
    """A server behind TLS.

    Attributes:
        names: The names that it was asked for.
        context: Its side of TLS.
    """

    def __init__(self, certificate: Path, *answers: bytes | Callable[[bytes], bytes]) -> None:
        super().__init__(*answers)
        self.names: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)

    def __call__(self, taken: socket.socket) -> None:
        with self.context.wrap_socket(taken, server_side=True) as secured:
            super().__call__(secured)
            secured.unwrap()
