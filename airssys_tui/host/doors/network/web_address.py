"""URLs of web servers, read strictly: what two programs could read as two hosts is refused, not repaired."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin

import msgspec

from airssys_tui.core.manifest.capabilities import MAX_PORT
from airssys_tui.core.pattern.hosts import address_of
from airssys_tui.host.doors.network.host_names import host_name
from airssys_tui.host.doors.network.network_errors import NetworkRefusal

MOST_URL: Final = 8 * 1024
"""Bytes of a URL."""

PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[^\]/?#@]*\]|[^:/?#@\[\]]*)(?::(?P<port>[^/?#@]*))?"
    r"(?P<target>(?:/[^?#]*)?(?:\?[^#]*)?)(?:#.*)?\Z"
)
_TARGET: Final = re.compile(r"[\x21-\x7e]*\Z")
_PORT: Final = re.compile(r"[0-9]{1,5}\Z")


class WebAddress(msgspec.Struct, frozen=True):
    """A URL.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The name or the address, as the guard is asked for it.
        port: The port, 1 to 65 535.
        target: Path and query, as a server is told them; starts with ``/``.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What decides whether credentials go along."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The header ``host``: the port only where it is not the scheme's own."""
        address = address_of(self.host)
        host = f"[{self.host}]" if address is not None and address.version == 6 else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def follow(self, location: str) -> WebAddress:
        """Return where a redirect leads.

        Raises:
            NetworkRefusal: ``failed`` if it is not a URL of a web server.
        """
        if len(location) > MOST_URL or not _TARGET.match(location) or "\\" in location:
            raise NetworkRefusal("failed", "the answer redirects to something that is not a URL")
        try:
            return read_url(urljoin(f"{self.scheme}://{self.authority}{self.target}", location))
        except (NetworkRefusal, ValueError) as error:
            raise NetworkRefusal(
                "failed", f"the answer redirects to something that may not be asked: {error}"
            ) from error


def read_url(text: str) -> WebAddress:
    """Read a URL of a web server.

    Raises:
        NetworkRefusal: ``invalid-input``, with what is wrong.
    """
    if len(text.encode(errors="replace")) > MOST_URL:
        raise _refused(f"is longer than {MOST_URL} bytes")
    found = _URL.match(text)
    if found is None:
        raise _refused("is not of the form https://host:port/path?query; a user or a password is not taken")
    scheme = found["scheme"].lower()
    if scheme not in PORTS:
        raise _refused("does not begin with https:// or http://")
    if not _TARGET.match(found["target"]) or "\\" in text:
        raise _refused("has characters in its path or query that must be percent-encoded")
    target = found["target"]
    return WebAddress(
        scheme,
        host_name(found["host"]),
        _port(found["port"], scheme),
        target if target.startswith("/") else f"/{target}",
    )


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return PORTS[scheme]
    if not _PORT.match(text) or not 1 <= int(text) <= MAX_PORT:
        raise _refused(f"has a port that is not 1 to {MAX_PORT}")
    return int(text)


def _refused(what: str) -> NetworkRefusal:
    return NetworkRefusal("invalid-input", f"the URL {what}")
