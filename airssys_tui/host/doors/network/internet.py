"""The network of the machine: everything that leaves this process passes here, so that tests can take its place."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

MOST_ADDRESSES: Final = 32
"""Addresses of one name that are looked at."""


class Internet:
    """The network of the machine. Used by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trust: ssl.SSLContext | None = None

    def look_up(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a name, best first, without repetition; blocks and cannot be interrupted.

        Raises:
            OSError: If there are none, or nobody can be asked.
            UnicodeError: If the name cannot be asked for.
        """
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        texts = [str(entry[4][0]).partition("%")[0] for entry in found]
        return tuple(dict.fromkeys(texts))[:MOST_ADDRESSES]

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        """Begin to connect a non-blocking socket to an address and a port; return the error number, 0 if done."""
        return opened.connect_ex(address)

    def send(self, opened: socket.socket, data: bytes) -> int:
        """Send a packet from a connected non-blocking socket; return the error number, 0 if it is on its way."""
        try:
            opened.send(data)
        except BlockingIOError:
            return errno.EAGAIN
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def send_to(self, opened: socket.socket, data: bytes, address: tuple[str, int]) -> int:
        """Send a packet from a non-blocking socket; return the error number, 0 if it is on its way."""
        try:
            opened.sendto(data, address)
        except BlockingIOError:
            return errno.EAGAIN
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def trust(self) -> ssl.SSLContext:
        """Return how servers prove who they are: the certificates that the machine trusts, TLS 1.2 or later.

        No key log is written, whatever the environment says.
        """
        import ssl  # noqa: PLC0415 -- takes long to load, and few components need it

        with self._lock:
            if self._trust is None:
                made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                made.minimum_version = ssl.TLSVersion.TLSv1_2
                made.options |= ssl.OP_NO_RENEGOTIATION
                made.set_alpn_protocols(["http/1.1"])
                made.load_default_certs()
                self._trust = made
            return self._trust
