"""Questions to web servers as values: checked before anything is sent, and rewritten where a redirect asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_address import WebAddress, read_url

MOST_HEADERS: Final = 64
MOST_HEADER: Final = 8 * 1024
"""Bytes of one header, name and value together."""

MOST_BODY: Final = 1024 * 1024

HOST_SETS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "http2-settings",
    }
)
"""Headers about the connection and the framing, which are the host's; so are all that start with ``proxy-``."""

CREDENTIALS: Final = frozenset({"authorization", "cookie", "cookie2"})
"""Headers that another origin is not told."""

_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+\Z")
_VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*\Z")
_SAFE: Final = frozenset({"GET", "HEAD"})
_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})

Header = tuple[bytes, bytes]


class WebRequest(msgspec.Struct, frozen=True):
    """One question.

    Attributes:
        method: In capitals.
        url: Where to.
        headers: Checked names in lower case, and values.
        body: What is handed in; None without one.
    """

    method: str
    url: WebAddress
    headers: tuple[Header, ...] = ()
    body: bytes | None = None

    def framed(self) -> list[Header]:
        """Return all headers, those included that the host sets."""
        framing = [(b"host", self.url.authority.encode("ascii"))]
        if self.body is not None or self.method in _BODIED:
            framing.append((b"content-length", str(len(self.body or b"")).encode("ascii")))
        return [*framing, *self.headers, (b"connection", b"close")]

    def after(self, status: int, location: str) -> WebRequest:
        """Return the question that a redirect leads to (RFC 9110, section 15.4).

        Raises:
            NetworkRefusal: ``failed`` if it leads to no web server.
        """
        url, method, headers, body = self.url.follow(location), self.method, self.headers, self.body
        if (status == 303 and method not in _SAFE) or (status in {301, 302} and method == "POST"):
            method, body = "GET", None
            headers = tuple(header for header in headers if not header[0].startswith(b"content-"))
        if url.origin != self.url.origin:
            headers = tuple(header for header in headers if header[0].decode("ascii") not in CREDENTIALS)
        return WebRequest(method, url, headers, body)


def check_request(method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes | None) -> WebRequest:
    """Check what a component asks.

    Raises:
        NetworkRefusal: ``invalid-input``, or ``too-large`` for the body.
    """
    if len(headers) > MOST_HEADERS:
        raise NetworkRefusal("invalid-input", f"there are {len(headers)} headers; the limit is {MOST_HEADERS}")
    if body is not None and len(body) > MOST_BODY:
        raise NetworkRefusal("too-large", f"the body has {len(body)} bytes; the limit is {MOST_BODY}")
    return WebRequest(method.upper(), read_url(url), tuple(_header(name, value) for name, value in headers), body)


def _header(name: str, value: str) -> Header:
    if not _NAME.match(name):
        raise NetworkRefusal("invalid-input", "a header has a name with characters that names may not have")
    if name.lower() in HOST_SETS or name.lower().startswith("proxy-"):
        raise NetworkRefusal("invalid-input", f"the header {name[:64]} is set by the host itself")
    if not _VALUE.match(value):
        raise NetworkRefusal("invalid-input", f"the header {name[:64]} has a line break or another control character")
    made = name.lower().encode("ascii"), value.strip(" \t").encode()
    if len(made[0]) + len(made[1]) > MOST_HEADER:
        raise NetworkRefusal("invalid-input", f"the header {name[:64]} is longer than {MOST_HEADER} bytes")
    return made
