"""Hosts: the one spelling of a name or an address, and which addresses are not public.

Whoever compares hosts compares what :func:`host_of` returns. It refuses every spelling that two programs could read
in different ways: addresses in decimal, octal, hexadecimal or short form, zones, user names, and names that are no host
names.
"""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

MAX_HOST: Final = 253
"""Characters of a host at most, as ASCII."""

LOCALHOST: Final = "localhost"

_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_DOTTED: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})\Z")

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressClass(StrEnum):
    """Where an address leads; all but the public ones need a permission that names the address itself."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    UNIQUE_LOCAL = "unique-local"
    SHARED = "shared"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    RESERVED = "reserved"


_V4: Final = tuple(
    (ipaddress.IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/32", AddressClass.UNSPECIFIED),
        ("0.0.0.0/8", AddressClass.RESERVED),
        ("10.0.0.0/8", AddressClass.PRIVATE),
        ("100.64.0.0/10", AddressClass.SHARED),
        ("127.0.0.0/8", AddressClass.LOOPBACK),
        ("168.63.129.16/32", AddressClass.RESERVED),  # a cloud's metadata service at an address that looks public
        ("169.254.0.0/16", AddressClass.LINK_LOCAL),
        ("172.16.0.0/12", AddressClass.PRIVATE),
        ("192.0.0.0/24", AddressClass.RESERVED),
        ("192.0.2.0/24", AddressClass.RESERVED),
        ("192.31.196.0/24", AddressClass.RESERVED),
        ("192.52.193.0/24", AddressClass.RESERVED),
        ("192.88.99.0/24", AddressClass.RESERVED),
        ("192.168.0.0/16", AddressClass.PRIVATE),
        ("192.175.48.0/24", AddressClass.RESERVED),
        ("198.18.0.0/15", AddressClass.PRIVATE),
        ("198.51.100.0/24", AddressClass.RESERVED),
        ("203.0.113.0/24", AddressClass.RESERVED),
        ("224.0.0.0/4", AddressClass.MULTICAST),
        ("240.0.0.0/4", AddressClass.RESERVED),
    )
)
"""The special ranges (https://www.iana.org/assignments/iana-ipv4-special-registry); the first that fits counts."""

_V6: Final = tuple(
    (ipaddress.IPv6Network(network), kind)
    for network, kind in (
        ("::/128", AddressClass.UNSPECIFIED),
        ("::1/128", AddressClass.LOOPBACK),
        ("fc00::/7", AddressClass.UNIQUE_LOCAL),
        ("fe80::/10", AddressClass.LINK_LOCAL),
        ("fec0::/10", AddressClass.PRIVATE),
        ("ff00::/8", AddressClass.MULTICAST),
        ("2001::/23", AddressClass.RESERVED),
        ("2001:db8::/32", AddressClass.RESERVED),
        ("2002::/16", AddressClass.RESERVED),
        ("2620:4f:8000::/48", AddressClass.RESERVED),
        ("3fff::/20", AddressClass.RESERVED),
    )
)
"""The special ranges (https://www.iana.org/assignments/iana-ipv6-special-registry); of the rest 2000::/3 is public."""

_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""A translator's addresses: the last 32 bits are the IPv4 address that is reached (RFC 6052)."""


@lru_cache(maxsize=4_096)
def host_of(text: str) -> str:
    """Return the one spelling of a host: a name in lower case and ASCII, or an address without brackets.

    Names lose one dot at the end; other scripts become ASCII by IDNA 2008 (UTS 46). An IPv6 address that maps an IPv4
    address is returned as the latter.

    Args:
        text: A name, four decimal numbers, or an IPv6 address, in brackets or not.

    Raises:
        ValueError: If it is none of these in full; with what was expected.
    """
    if not text or len(text) > MAX_HOST + 1:
        raise ValueError(f"a host has 1 to {MAX_HOST} characters")
    if text.startswith("[") or ":" in text:
        return _address_v6(text)
    name = text.lower() if text.isascii() else _ascii(text)
    name = name.removesuffix(".")
    if _NUMBER.match(name.rpartition(".")[2]):
        return _address_v4(text, name)
    if len(name) > MAX_HOST or not _NAME.match(name):
        raise ValueError(f"{_shown(text)} is not a host name; write letters, digits and hyphens, separated by dots")
    if any(label.startswith("xn--") for label in name.split(".")):
        _check_labels(text, name)
    return name


def host_pattern_of(text: str) -> str:
    """Return the one spelling of a host in a permission: as :func:`host_of`, IPv6 in brackets, or ``*.`` and a name.

    Raises:
        ValueError: With what was expected.
    """
    if text.startswith("*."):
        name = host_of(text[2:])
        if address_of(name) is not None:
            raise ValueError(f"{_shown(text)} is not a host; addresses have no names below them")
        if len(name) > MAX_HOST - 2:
            raise ValueError(f"a host has 1 to {MAX_HOST} characters")
        return f"*.{name}"
    host = host_of(text)
    return f"[{host}]" if ":" in host else host


def host_matches(pattern: str, host: str) -> bool:
    """Return whether a host, as of :func:`host_of`, is the one of a permission, or a name below ``*.example.com``."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern) and address_of(host) is None
    return pattern.removeprefix("[").removesuffix("]") == host


def host_contains(wider: str, narrower: str) -> bool:
    """Return whether a host of a permission stands for everything that another one stands for."""
    if wider == narrower:
        return True
    name = narrower.removeprefix("*.")
    return wider.startswith("*.") and host_matches(wider, name.strip("[]"))


@lru_cache(maxsize=4_096)
def address_of(host: str) -> Address | None:
    """Return the address that a host, as of :func:`host_of`, is; None for a name."""
    if not host[-1:].isdigit() and ":" not in host:
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def address_class(host: str) -> AddressClass:
    """Return where an address leads, as of :func:`host_of`; what is embedded in it counts.

    Raises:
        ValueError: If it is not an address.
    """
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv4Address):
        return next((kind for network, kind in _V4 if address in network), AddressClass.PUBLIC)
    if address.ipv4_mapped is not None:
        return address_class(str(address.ipv4_mapped))
    if address in _NAT64:
        return address_class(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)))
    special = next((kind for network, kind in _V6 if address in network), None)
    if special is not None:
        return special
    return AddressClass.PUBLIC if address in _GLOBAL_V6 else AddressClass.RESERVED


def _address_v6(text: str) -> str:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.IPv6Address("" if "%" in inner else inner)
    except ValueError:
        raise ValueError(f"{_shown(text)} is not an IPv6 address; write it as [2001:db8::1], without a zone") from None
    return str(address.ipv4_mapped or address)


def _address_v4(text: str, name: str) -> str:
    if not text.isascii() or not _DOTTED.match(name) or any(int(part) > 255 for part in name.split(".")):
        raise ValueError(
            f"{_shown(text)} is not an address; write four decimal numbers from 0 to 255, such as 10.0.0.1"
        )
    return name


def _ascii(text: str) -> str:
    import idna  # noqa: PLC0415 - late: few names need it

    try:
        return idna.encode(text, uts46=True, std3_rules=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"{_shown(text)} is not a host name that can be written in ASCII") from None


def _check_labels(text: str, name: str) -> None:
    import idna  # noqa: PLC0415 - late: few names need it

    try:
        idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"{_shown(text)} is not a host name: its xn-- stands for no name in another script") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
