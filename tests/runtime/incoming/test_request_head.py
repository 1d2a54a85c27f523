"""The head of a request: what is passed on, what the host needs of it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.api.views.http import HostReason
from airssys_tui.runtime.incoming.host_answers import Unserved
from airssys_tui.runtime.incoming.request_head import MOST_FIELDS, MOST_HEAD, RequestHead, read_head

ID = "0" * 32


def head(path: bytes = b"/a", query: bytes = b"", version: str = "1.1", *fields: tuple[bytes, bytes]) -> RequestHead:
    scope: dict[str, Any] = {
        "method": "GET",
        "raw_path": path,
        "query_string": query,
        "headers": fields or ((b"host", b"example.com"),),
        "http_version": version,
        "scheme": "http",
        "client": ("192.0.2.1", 1234),
    }
    return read_head(scope, ID)


def refused(**given: Any) -> HostReason:
    with pytest.raises(Unserved) as caught:
        head(given.get("path", b"/a"), given.get("query", b""), "1.1", *given.get("fields", ()))
    return caught.value.reason


HOST = (b"host", b"API.Example.com:8080")


def test_a_head_is_read() -> None:
    found = head(
        b"/%61/b", b"c=%64", "1.1", HOST, (b"x", b"y"), (b"x-request-id", b"theirs"), (b"expect", b"100-continue")
    )
    assert (found.target, found.path) == ("/%61/b?c=%64", "/a/b")
    assert (found.authority, found.host, found.client) == ("API.Example.com:8080", "api.example.com", "192.0.2.1")
    assert found.fields == (("x", b"y"), ("x-request-id", ID.encode()))
    assert found.length is None


@pytest.mark.parametrize(
    ("field", "length"),
    [((b"content-length", b"0"), None), ((b"content-length", b"17"), 17), ((b"transfer-encoding", b"chunked"), -1)],
)
def test_the_length_of_the_body_is_told(field: tuple[bytes, bytes], length: int | None) -> None:
    assert head(b"/a", b"", "1.1", HOST, field).length == length


@pytest.mark.parametrize(
    ("value", "host"), [(b"[::1]:80", "::1"), (b"a.example.", "a.example"), (b"10.0.0.1:", "10.0.0.1")]
)
def test_a_host_has_one_spelling(value: bytes, host: str) -> None:
    assert head(b"/a", b"", "1.1", (b"host", value)).host == host


def test_an_old_client_and_one_that_names_none_have_no_host() -> None:
    assert head(b"/a", b"", "1.0", (b"x", b"y")).authority is None
    assert head(b"/a", b"", "1.1", (b"host", b"")).host == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"path": b"/../a"}, HostReason.BAD_REQUEST),
        ({"query": b"a b"}, HostReason.BAD_REQUEST),
        ({"query": b"a#b"}, HostReason.BAD_REQUEST),
        ({"path": b"/" + b"a" * 4_096, "query": b"b" * 4_096}, HostReason.PATH_TOO_LONG),
        ({"fields": ((b"x", b"y"),)}, HostReason.BAD_REQUEST),
        ({"fields": (HOST, HOST)}, HostReason.BAD_REQUEST),
        ({"fields": ((b"host", b"a@b"),)}, HostReason.BAD_REQUEST),
        ({"fields": ((b"host", b"b\xc3\xbccher.example"),)}, HostReason.BAD_REQUEST),
        ({"fields": (HOST, (b"content-length", b"+1"))}, HostReason.BAD_REQUEST),
        ({"fields": (HOST, (b"content-length", b"1"), (b"content-length", b"1"))}, HostReason.BAD_REQUEST),
        ({"fields": (HOST, (b"x", b"y" * MOST_HEAD))}, HostReason.HEAD_TOO_LARGE),
        ({"fields": (HOST, *[(b"x", b"y")] * (MOST_FIELDS + 1))}, HostReason.HEAD_TOO_LARGE),
    ],
)
def test_what_is_malformed_or_too_large_is_refused(given: dict[str, Any], reason: HostReason) -> None:
    assert refused(**given) is reason


def test_each_bound_is_included() -> None:
    room = MOST_HEAD - sum(map(len, HOST)) - 1
    assert head(b"/a", b"", "1.1", HOST, (b"x", b"y" * room))
    assert head(b"/a", b"", "1.1", HOST, *[(b"x", b"y")] * MOST_FIELDS)
    assert head(b"/" + b"a" * 4_095, b"b" * 4_096)
