"""The head of a request as the server hands it over, checked before anything is done with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from airssys_tui.api.views.http import HostReason
from airssys_tui.core.pattern.hosts import host_of
from airssys_tui.core.pattern.request_path import MOST_PATH, request_path_of
from airssys_tui.runtime.incoming.host_answers import Unserved

MOST_FIELDS: Final = 128
"""Header fields of a request."""

MOST_HEAD: Final = 32 * 1024
"""Bytes of all their names and values."""

REQUEST_ID: Final = "x-request-id"
"""The field with the id of a request: the host's own, in place of one that the client sends."""

_QUERY: Final = re.compile(rb"[\x21\x22\x24-\x5b\x5d-\x7e]*\Z")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}\Z")
_PORT: Final = re.compile(r":[0-9]{0,5}\Z")


class RequestHead(msgspec.Struct, frozen=True):
    """What a request asks for.

    Attributes:
        method: As it came.
        target: Path and query, as they came.
        path: The path in the spelling of routes.
        authority: The host and perhaps the port that the client named; None if it named none.
        host: The host in the spelling of routes; empty if the client named none.
        scheme: ``http`` or ``https``.
        fields: Names and values of the header fields.
        length: Bytes of the body, as far as the client says; None without a body, -1 for one of unknown length.
        client: Address of the client.
    """

    method: str
    target: str
    path: str
    authority: str | None
    host: str
    scheme: str
    fields: tuple[tuple[str, bytes], ...]
    length: int | None
    client: str


def read_head(scope: dict[str, Any], request_id: str) -> RequestHead:
    """Read the head of a request.

    Args:
        scope: What the ASGI server knows of it.
        request_id: Its id, which takes the place of one that the client sent.

    Raises:
        Unserved: If it is malformed or too large.
    """
    raw, query = scope["raw_path"], scope["query_string"]
    if len(raw) + len(query) > MOST_PATH:
        raise Unserved(HostReason.PATH_TOO_LONG)
    try:
        path = request_path_of(raw)
    except ValueError as error:
        raise Unserved(HostReason.BAD_REQUEST, str(error)) from error
    if not _QUERY.match(query):
        raise Unserved(HostReason.BAD_REQUEST, "a query has no spaces and control characters")
    found = _Fields(scope["headers"], request_id)
    authority, host = _host(found.hosts, needed=scope["http_version"] != "1.0")
    target = raw.decode("ascii")
    client = scope["client"]
    return RequestHead(
        method=scope["method"],
        target=f"{target}?{query.decode('ascii')}" if query else target,
        path=path,
        authority=authority,
        host=host,
        scheme=scope["scheme"],
        fields=tuple(found.entries),
        length=found.length(),
        client=client[0] if client else "",
    )


class _Fields:
    """The header fields, in one pass: what is passed on, and what the host has to know of them."""

    __slots__ = ("_chunked", "_lengths", "entries", "hosts")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]], request_id: str) -> None:
        self.entries: list[tuple[str, bytes]] = []
        self.hosts: list[bytes] = []
        self._lengths: list[bytes] = []
        self._chunked = False
        size = 0
        for raw, value in headers:
            name = raw.decode("latin-1")
            size += len(raw) + len(value)
            if name == "host":
                self.hosts.append(value)
            elif name == "content-length":
                self._lengths.append(value)
            elif name == "transfer-encoding":
                self._chunked = True
            if name not in _HOST_SETS:
                self.entries.append((name, value))
        if size > MOST_HEAD or len(self.entries) > MOST_FIELDS:
            raise Unserved(HostReason.HEAD_TOO_LARGE)
        self.entries.append((REQUEST_ID, request_id.encode("ascii")))

    def length(self) -> int | None:
        if self._chunked:
            return -1
        if not self._lengths:
            return None
        if len(self._lengths) > 1 or not _DIGITS.match(self._lengths[0]):
            raise Unserved(HostReason.BAD_REQUEST, "the length of the body is no number")
        return int(self._lengths[0]) or None


_HOST_SETS: Final = frozenset({"host", "expect", REQUEST_ID})
"""Fields that are the host's own affair; the client's host is the authority of the request."""


def _host(values: list[bytes], *, needed: bool) -> tuple[str | None, str]:
    """Return the authority that the client named, and its host; RFC 9112, section 3.2, wants just one."""
    if len(values) > 1 or (needed and not values):
        raise Unserved(HostReason.BAD_REQUEST, f"a request names one host and not {len(values)}")
    if not values or not values[0]:
        return None, ""
    try:
        authority = values[0].decode("ascii")
        return authority, host_of(_PORT.sub("", authority))
    except ValueError as error:
        raise Unserved(HostReason.BAD_REQUEST, f"the host: {error}") from error
