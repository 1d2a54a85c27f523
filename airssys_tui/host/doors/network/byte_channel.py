"""Bytes in and out of a non-blocking socket, plain or with TLS, without an exception for "not now"."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
from typing import TYPE_CHECKING, Final

from airssys_tui.engine.waiting import READABLE, WRITABLE
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience

if TYPE_CHECKING:
    import ssl

PIECE: Final = 64 * 1024
"""Bytes that are taken from a socket at once."""

_ALERTS: Final = {
    "UNEXPECTED_MESSAGE": 10,
    "BAD_RECORD_MAC": 20,
    "RECORD_OVERFLOW": 22,
    "HANDSHAKE_FAILURE": 40,
    "BAD_CERTIFICATE": 42,
    "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44,
    "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46,
    "ILLEGAL_PARAMETER": 47,
    "UNKNOWN_CA": 48,
    "ACCESS_DENIED": 49,
    "DECODE_ERROR": 50,
    "DECRYPT_ERROR": 51,
    "PROTOCOL_VERSION": 70,
    "INSUFFICIENT_SECURITY": 71,
    "INTERNAL_ERROR": 80,
    "INAPPROPRIATE_FALLBACK": 86,
    "USER_CANCELLED": 90,
    "NO_RENEGOTIATION": 100,
    "UNSUPPORTED_EXTENSION": 110,
    "UNRECOGNIZED_NAME": 112,
    "BAD_CERTIFICATE_STATUS_RESPONSE": 113,
    "UNKNOWN_PSK_IDENTITY": 115,
    "CERTIFICATE_REQUIRED": 116,
    "NO_APPLICATION_PROTOCOL": 120,
}
"""The numbers of alerts by the names that OpenSSL has for them (RFC 8446, section 6)."""

_ALERT: Final = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?P<alert>ALERT_)?(?P<name>[A-Z0-9_]+)\Z")
"""How OpenSSL calls what an alert of the other end makes fail."""


class Wire:
    """A connected socket."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    @property
    def opened(self) -> socket.socket:
        """The socket, whose owner closes it."""
        return self._socket

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
        while events := self.try_handshake():
            patience.wait(self.fileno(), events)

    def try_handshake(self) -> int:
        """Go on with the handshake; return the events that it waits for, 0 if it is done.

        Raises:
            NetworkRefusal: ``tls-failed``.
        """
        import ssl  # noqa: PLC0415 -- takes long to load

        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return READABLE
        except ssl.SSLWantWriteError:
            return WRITABLE
        except ssl.SSLCertVerificationError as error:
            fault = ExchangeFault(FaultCode.TLS_CERTIFICATE_ERROR)
            raise NetworkRefusal("tls-failed", f"the certificate: {error.verify_message}", fault) from error
        except OSError as error:
            raise NetworkRefusal("tls-failed", f"the handshake: {_short(error)}", _tls_fault(error)) from error
        return 0

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


def tls_wire(opened: socket.socket, name: str, trust: ssl.SSLContext) -> TlsWire:
    """Put TLS on a connected socket, which is the wire's from then on; the other end has to prove to be somebody.

    Args:
        opened: The socket.
        name: The name or the address that was asked for, whatever address that led to.
        trust: How it proves it.

    Raises:
        NetworkRefusal: ``tls-failed``; the socket is closed then.
    """
    import ssl  # noqa: PLC0415 -- takes long to load

    try:
        return TlsWire(
            trust.wrap_socket(opened, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False)
        )
    except (ssl.SSLError, ValueError, OSError) as error:
        opened.close()
        raise NetworkRefusal("tls-failed", f"no TLS with {name}: {error}") from error


def _short(error: OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return str(reason)[:200]


def _tls_fault(error: OSError) -> ExchangeFault:
    """Return what broke TLS: perhaps an alert that the other end sent (RFC 8446, section 6)."""
    found = _ALERT.match(getattr(error, "reason", None) or "")
    if found is None or not (found["alert"] or found["name"] in _ALERTS):
        return ExchangeFault(FaultCode.TLS_PROTOCOL_ERROR)
    return ExchangeFault(FaultCode.TLS_ALERT_RECEIVED, found["name"].lower(), _ALERTS.get(found["name"]))


def _tls_refusal(error: OSError, doing: str) -> NetworkRefusal:
    if getattr(error, "reason", None) is not None or error.errno is None:
        return NetworkRefusal("closed", f"{doing}: {_short(error)}", _tls_fault(error))
    return refusal_of(error.errno, doing)


def shut(opened: socket.socket, how: int) -> None:
    """End one direction or both of a connected socket; that the other end has gone is no trouble."""
    with contextlib.suppress(OSError):
        opened.shutdown(how)
