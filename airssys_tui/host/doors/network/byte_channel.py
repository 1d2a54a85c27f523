"""Bytes in and out of a non-blocking socket, plain or with TLS, without an exception for "not now"."""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Final

from airssys_tui.engine.waiting import READABLE, WRITABLE
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience

if TYPE_CHECKING:
    import ssl

PIECE: Final = 64 * 1024
"""Bytes that are taken from a socket at once."""


class Wire:
    """A connected socket."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def try_receive(self, most: int) -> bytes | None:
        """Return bytes that are there, at most so many; empty at the end, None if there are none yet.

        Raises:
            NetworkRefusal: ``closed`` or ``failed``.
        """
        try:
            return self._socket.recv(most)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise refusal_of(error.errno or errno.EIO, "reading") from error

    def try_send(self, data: memoryview) -> int:
        """Send bytes as far as the system takes them now; return how many.

        Raises:
            NetworkRefusal: ``closed`` or ``failed``.
        """
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise refusal_of(error.errno or errno.EIO, "writing") from error

    def receive(self, most: int, patience: Patience) -> bytes:
        """Return at most so many bytes, waiting for the first ones; empty at the end.

        Raises:
            NetworkRefusal: ``timeout``, ``closed`` or ``failed``.
        """
        while (data := self.try_receive(most)) is None:
            patience.wait(self.fileno(), READABLE)
        return data

    def send(self, data: memoryview, patience: Patience) -> int:
        """Send at least one byte, waiting until the system takes it; return how many it took.

        Raises:
            NetworkRefusal: ``timeout``, ``closed`` or ``failed``.
        """
        while not (sent := self.try_send(data)):
            patience.wait(self.fileno(), WRITABLE)
        return sent

    def end(self) -> None:
        """Close it."""
        self._socket.close()


class TlsWire(Wire):
    """A connected socket with TLS on it.

    Args:
        opened: A TLS socket, not yet shaken hands with.
    """

    def __init__(self, opened: ssl.SSLSocket) -> None:
        super().__init__(opened)
        self._tls = opened

    def shake_hands(self, patience: Patience) -> None:
        """Agree on keys and check who the other end is.

        Raises:
            NetworkRefusal: ``tls-failed`` or ``timeout``.
        """
        import ssl  # noqa: PLC0415 -- takes long to load

        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                patience.wait(self.fileno(), READABLE)
            except ssl.SSLWantWriteError:
                patience.wait(self.fileno(), WRITABLE)
            except ssl.SSLCertVerificationError as error:
                raise NetworkRefusal("tls-failed", f"the certificate: {error.verify_message}") from error
            except OSError as error:
                raise NetworkRefusal("tls-failed", f"the handshake: {_short(error)}") from error
            else:
                return

    def try_receive(self, most: int) -> bytes | None:
        """Return bytes that are there, at most so many; empty at the end, None if there are none yet.

        Raises:
            NetworkRefusal: ``closed``, also where the other end left without saying so, or ``failed``.
        """
        import ssl  # noqa: PLC0415 -- loaded by now

        try:
            return self._tls.recv(most)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError as error:
            raise NetworkRefusal("closed", "the other end left without ending its TLS") from error
        except OSError as error:
            raise _tls_refusal(error, "reading") from error

    def try_send(self, data: memoryview) -> int:
        """Send bytes as far as the system takes them now; return how many.

        Raises:
            NetworkRefusal: ``closed`` or ``failed``.
        """
        import ssl  # noqa: PLC0415 -- loaded by now

        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            raise _tls_refusal(error, "writing") from error


def _short(error: OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return str(reason)[:200]


def _tls_refusal(error: OSError, doing: str) -> NetworkRefusal:
    if getattr(error, "reason", None) is not None or error.errno is None:
        return NetworkRefusal("closed", f"{doing}: {_short(error)}")
    return refusal_of(error.errno, doing)


def shut(opened: socket.socket, how: int) -> None:
    """End one direction or both of a connected socket; that the other end has gone is no trouble."""
    with contextlib.suppress(OSError):
        opened.shutdown(how)
