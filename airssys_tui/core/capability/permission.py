"""Permissions: one action on everything that a pattern names; and accesses: one action on one thing, at one moment.

A manifest declares permissions, an operator grants them, a guest attempts accesses. The one text form of both is
``KIND:ACTION:SUBJECT``, such as ``filesystem:read:/data/**``, ``network:connect:api.example.com:443``,
``process:spawn:git``, ``storage:read-write``, ``messaging:send:local/*`` and ``environment:HOME``. Command lines, the
audit and JSON use it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.manifest.capabilities import (
    ANY_PORT,
    Capabilities,
    StorageAccess,
    parse_environment,
    parse_filesystem,
    parse_messaging,
    parse_network,
    parse_process,
)


class Kind(StrEnum):
    """What a permission is about; the values are the keys under ``[capabilities]``."""

    FILESYSTEM = "filesystem"
    NETWORK = "network"
    STORAGE = "storage"
    MESSAGING = "messaging"
    PROCESS = "process"
    ENVIRONMENT = "environment"


class Permission(msgspec.Struct, frozen=True, order=True):
    """One action on everything that a pattern names.

    Attributes:
        kind: What it is about.
        action: The action, such as ``read`` or ``connect``; empty for environment variables.
        subject: The pattern: a path glob, a host, a command glob, a component glob, a topic or the name of a variable;
            empty for storage.
        port: The port of a network permission; None for any port, and for other kinds.
    """

    kind: Kind
    action: str
    subject: str = ""
    port: int | None = None

    def __str__(self) -> str:
        """Return the text form, which :func:`parse_permission` reads."""
        return f"{self.kind}:{self.declared}"

    @property
    def declared(self) -> str:
        """The text under the key of its kind in a manifest, such as ``read:/data/**``."""
        if self.kind is Kind.NETWORK:
            return f"{self.action}:{self.subject}:{ANY_PORT if self.port is None else self.port}"
        return ":".join(part for part in (self.action, self.subject) if part)

    @property
    def manifest_line(self) -> str:
        """The line under ``[capabilities]`` that declares it, such as ``storage = "read"``."""
        if self.kind is Kind.STORAGE:
            return f'storage = "{self.action}"'
        return f"{self.kind} = [{msgspec.json.encode(self.declared).decode()}]"


class Access(msgspec.Struct, frozen=True):
    """One action on one thing, which a guest attempts.

    Attributes:
        kind: What it is about.
        action: The action, as in a permission.
        subject: The thing itself: an absolute path, a host name in lower case or an address, the absolute path of a
            program with its links resolved, a component's identity, a topic or the name of a variable.
        port: The port of a network access; None for other kinds, and for looking up a name.
        address: The address that a host's name was resolved to, when that is what is asked about; else empty.
        names: The names under which the operator's search path finds just this program; empty for other kinds, and for
            a program outside the search path. A command glob without ``/`` is compared with the names only, never with
            the end of the path: ``spawn:git`` does not cover ``/tmp/git``. One with ``/`` is compared with the path.
    """

    kind: Kind
    action: str
    subject: str = ""
    port: int | None = None
    address: str = ""
    names: tuple[str, ...] = ()

    def permission(self) -> Permission:
        """Return the narrowest permission that would cover it."""
        subject = self.names[0] if self.names else self.address or self.subject
        return Permission(self.kind, self.action, subject, self.port)


_READERS: Final = {
    Kind.FILESYSTEM: parse_filesystem,
    Kind.NETWORK: parse_network,
    Kind.MESSAGING: parse_messaging,
    Kind.PROCESS: parse_process,
}


def parse_permission(text: str) -> Permission:
    """Read the text form, such as ``network:connect:api.example.com:443``.

    Raises:
        ValueError: With what was expected.
    """
    word, colon, rest = text.partition(":")
    kinds = {kind.value: kind for kind in Kind}
    if not colon or word not in kinds:
        raise ValueError(f"expected {'|'.join(kinds)}:…, such as filesystem:read:/data/**, got {text!r}")
    kind = kinds[word]
    if kind is Kind.STORAGE:
        if rest not in set(StorageAccess):
            raise ValueError(f"expected storage:read or storage:read-write, got {text!r}")
        return Permission(kind, rest)
    if kind is Kind.ENVIRONMENT:
        return Permission(kind, "", parse_environment(rest))
    read = _READERS[kind](rest)
    return _of(kind, read)


def permissions_of(capabilities: Capabilities) -> tuple[Permission, ...]:
    """Return everything that a manifest declares, in the order of the kinds."""
    found = [_of(Kind.FILESYSTEM, each) for each in capabilities.filesystem]
    found += [_of(Kind.NETWORK, each) for each in capabilities.network]
    if capabilities.storage is not None:
        found.append(Permission(Kind.STORAGE, capabilities.storage.value))
    found += [_of(Kind.MESSAGING, each) for each in capabilities.messaging]
    found += [_of(Kind.PROCESS, each) for each in capabilities.process]
    found += [Permission(Kind.ENVIRONMENT, "", each) for each in capabilities.environment]
    return tuple(found)


def _of(kind: Kind, declared: msgspec.Struct) -> Permission:
    action, subject, *port = msgspec.structs.astuple(declared)
    return Permission(kind, str(action), subject, port[0] if port else None)
