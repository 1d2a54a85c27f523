"""Hosts that look like others, and addresses at which no name may lead: the same attacks through every interface."""

from __future__ import annotations

from airssys_tui.core.capability.grant import Reason
from tests.support.network import HeldInternet

API = "network:connect:api.example.com:80"
BELOW = "network:connect:*.example.com:80"
PUBLIC = "93.184.216.34"
INVALID = "invalid-input"
"""What is wrong with a host that could be read in two ways."""


def hostile_internet() -> HeldInternet:
    """Return a network on which every name of the attacker leads to this machine, and the granted one elsewhere."""
    made = HeldInternet()
    made.name("api.example.com", (PUBLIC,))
    for name in ("evilexample.com", "example.com", "api.example.com.evil.org", "api-example.com", "localhost.evil.org"):
        made.name(name, ("127.0.0.1",))
    return made


ATTEMPTS: dict[str, tuple[str, Reason | str]] = {
    # names
    "suffix": ("evilexample.com", Reason.UNDECLARED),
    "parent": ("example.com", Reason.UNDECLARED),
    "prefix": ("api.example.com.evil.org", Reason.UNDECLARED),
    "hyphen": ("api-example.com", Reason.UNDECLARED),
    "cyrillic letter": ("\u0430pi.example.org", Reason.UNDECLARED),
    "two dots at the end": ("api.example.com..", INVALID),
    "dot in front": (".example.com", INVALID),
    "empty label": ("api..example.com", INVALID),
    "space": ("api.example.com evil.org", INVALID),
    "NUL": ("api.example.com\0.evil.org", INVALID),
    "line break": ("api.example.com\r\nhost: evil.org", INVALID),
    "slash": ("api.example.com/evil.org", INVALID),
    "percent": ("api%2eexample.com", INVALID),
    "wildcard": ("*.example.com", INVALID),
    "underscore": ("a_pi.example.com", INVALID),
    "name and port": ("api.example.com:80", INVALID),
    "user": ("api.example.com@evil.org", INVALID),
    "not a name in another script": ("xn--a.example.com", INVALID),
    "long": ("a" * 254, INVALID),
    "nothing": ("", INVALID),
    "path of a socket": ("/var/run/docker.sock", INVALID),
    "localhost": ("localhost", Reason.UNDECLARED),
    "localhost in capitals with a dot": ("LOCALHOST.", Reason.UNDECLARED),
    # addresses of the fourth version
    "loopback": ("127.0.0.1", Reason.UNDECLARED),
    "loopback elsewhere": ("127.8.8.8", Reason.UNDECLARED),
    "loopback with a dot": ("127.0.0.1.", Reason.UNDECLARED),
    "decimal": ("2130706433", INVALID),
    "octal": ("0177.0.0.1", INVALID),
    "zeros": ("127.000.000.001", INVALID),
    "hexadecimal": ("0x7f000001", INVALID),
    "hexadecimal parts": ("0x7f.0.0.1", INVALID),
    "short": ("127.1", INVALID),
    "shorter": ("0", INVALID),
    "too large": ("127.0.0.256", INVALID),
    "five parts": ("127.0.0.0.1", INVALID),
    "other digits": ("\uff11\uff12\uff17.0.0.1", INVALID),
    "circled digits": ("\u2460\u2461\u2466.0.0.1", INVALID),
    "unspecified": ("0.0.0.0", Reason.UNDECLARED),
    "metadata": ("169.254.169.254", Reason.UNDECLARED),
    "private": ("10.0.0.1", Reason.UNDECLARED),
    "broadcast": ("255.255.255.255", Reason.UNDECLARED),
    # addresses of the sixth version
    "v6 loopback": ("::1", Reason.UNDECLARED),
    "v6 loopback in brackets": ("[::1]", Reason.UNDECLARED),
    "v6 loopback in full": ("0:0:0:0:0:0:0:1", Reason.UNDECLARED),
    "v6 mapped": ("::ffff:127.0.0.1", Reason.UNDECLARED),
    "v6 mapped in groups": ("[::ffff:7f00:1]", Reason.UNDECLARED),
    "v6 compatible": ("::127.0.0.1", Reason.UNDECLARED),
    "NAT64": ("64:ff9b::7f00:1", Reason.UNDECLARED),
    "6to4": ("2002:7f00:1::", Reason.UNDECLARED),
    "v6 metadata": ("fd00:ec2::254", Reason.UNDECLARED),
    "v6 link-local": ("fe80::1", Reason.UNDECLARED),
    "v6 zone": ("fe80::1%lo", INVALID),
    "v6 zone in brackets": ("[::1%25lo]", INVALID),
    "v6 half a bracket": ("[::1", INVALID),
    "v6 unspecified": ("::", Reason.UNDECLARED),
}
"""Hosts that a component tries with a right to ``api.example.com``, and why each is turned away."""

SPECIAL = (
    *("127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "192.0.2.1", "198.18.0.1", "168.63.129.16", "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1"),
)
"""Addresses at which no name may lead."""

AMBIGUOUS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: identity\r\n\r\none",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\none",
    b"HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\none",
    b"HTTP/1.1 200 OK\r\nset-cookie: a\rb: c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\na\0b: c\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
)
"""Answers of a server that two readers read in two ways."""
