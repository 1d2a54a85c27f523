"""Hosts: one spelling of each, and where addresses lead."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.pattern.hosts import (
    AddressClass,
    address_class,
    host_contains,
    host_matches,
    host_of,
    host_pattern_of,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM", "api.example.com"),
        ("api.example.com.", "api.example.com"),
        ("localhost", "localhost"),
        ("LocalHost.", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("a。example", "a.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1.", "10.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("::ffff:7f00:1", "127.0.0.1"),
        ("1.example", "1.example"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    assert host_of(text) == host
    assert host_of(host) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        "a.b..",
        ".a",
        "-a.example",
        "a-.example",
        "a" * 64,
        "a." * 127 + "ab",
        "user@example.com",
        "example.com:80",
        "example.com/",
        "example.com\0.evil",
        "exa mple.com",
        "under_score.example",
        "*.example.com",
        "*",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0127.0.0.1",
        "127.0.0.01",
        "256.0.0.1",
        "1.2.3.4.5",
        "127.0.0.0x1",
        "\uff11\uff12\uff17.0.0.1",
        "127。0。0。1",
        "example.1",
        "[::1",
        "::1]",
        "[::1]]",
        "[[::1]]",
        "fe80::1%eth0",
        "[fe80::1%25eth0]",
        "[127.0.0.1]",
        "::g",
        "1::2::3",
        "xn--a.example",
        "exam\u200bple.com\u202e",
    ],
)
def test_what_two_programs_could_read_differently_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|address"):
        host_of(text)


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("93.184.216.34", "public"),
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("64:ff9b::8.8.8.8", "public"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("198.18.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("100.63.255.255", "public"),
        ("100.64.0.1", "shared"),
        ("100.100.100.200", "shared"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fd00:ec2::254", "unique-local"),
        ("fec0::1", "private"),
        ("168.63.129.16", "reserved"),
        ("192.0.0.192", "reserved"),
        ("192.0.2.1", "reserved"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::127.0.0.1", "reserved"),
        ("2002:7f00:1::", "reserved"),
        ("2001:0:1::1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("64:ff9b:1::1", "reserved"),
        ("100::1", "reserved"),
        ("5f00::1", "reserved"),
    ],
)
def test_where_an_address_leads(host: str, kind: str) -> None:
    assert address_class(host_of(host)) == kind


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = host_of(str(address))
    if address_class(host) is AddressClass.PUBLIC and not host.startswith("64:ff9b::"):
        assert ipaddress.ip_address(host).is_global


@pytest.mark.parametrize(
    ("pattern", "host", "matched"),
    [
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "evilexample.com", False),
        ("*.example.com", "a.example.com.evil.org", False),
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "xapi.example.com", False),
        ("[::1]", "::1", True),
        ("10.0.0.1", "10.0.0.1", True),
    ],
)
def test_a_host_is_matched_whole(pattern: str, host: str, *, matched: bool) -> None:
    assert host_pattern_of(pattern) == pattern
    assert host_matches(pattern, host) is matched


@pytest.mark.parametrize(
    ("wider", "narrower", "contained"),
    [
        ("*.example.com", "*.a.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.a.example.com", "*.example.com", False),
        ("*.com", "[::1]", False),
        ("a.example.com", "*.a.example.com", False),
    ],
)
def test_containment(wider: str, narrower: str, *, contained: bool) -> None:
    assert host_contains(wider, narrower) is contained


@pytest.mark.parametrize("pattern", ["*", "*.", "*.*", "*.1", "*.10.0.0.1", "*.[::1]", "a.*.example.com", "*.0x1"])
def test_what_is_no_host_of_a_permission(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"host|address"):
        host_pattern_of(pattern)
