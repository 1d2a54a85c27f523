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
from airssys_tui.core.pattern.glob import MAX_PATH_PATTERN
from airssys_tui.core.pattern.glob_tokens import escaped
from airssys_tui.core.pattern.hosts import LOCALHOST, AddressClass, address_class
from airssys_tui.core.pattern.name_glob import MAX_NAME_PATTERN

_LONGEST_NAME: Final = 60
"""Characters of the name of a program that nobody has, as far as a denial shows it."""


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
        return f"{self.action}:{self.subject}" if self.action and self.subject else self.action or self.subject

    @property
    def manifest_line(self) -> str:
        """The line under ``[capabilities]`` that declares it, such as ``storage = "read"``."""
        if self.kind is Kind.STORAGE:
            return f'storage = "{self.action}"'
        return f"{self.kind} = [{msgspec.json.encode(self.declared).decode()}]"


class Access(msgspec.Struct, frozen=True, cache_hash=True):
    """One action on one thing, which a guest attempts.

    Attributes:
        kind: What it is about.
        action: The action, as in a permission.
        subject: The thing itself: an absolute path without ``.``, ``..`` and empty segments; a host, as
            :func:`~airssys_tui.core.pattern.hosts.host_of` returns it; the absolute path of a program with
            its links resolved; a component's identity, a topic or the name of a variable.
        port: The port of a network access; None for other kinds, and for looking up a name; 0 for any free one.
        address: The address that a host's name was resolved to, when that is what is asked about, as ``host_of``
            returns it; else empty.
        names: The name that a program was asked for by, and that of its file, as far as the operator's search path
            finds just this program by them; empty for other kinds, and for a program outside the search path. A
            command glob without ``/`` is compared with these names only, never with the end of the path: ``spawn:git``
            does not cover ``/tmp/git``. One with ``/`` is compared with the path. A refusal of every name of a program
            therefore names its path.
    """

    kind: Kind
    action: str
    subject: str = ""
    port: int | None = None
    address: str = ""
    names: tuple[str, ...] = ()

    def permission(self) -> Permission:
        """Return the narrowest permission that would cover it; a path too long for a pattern gives one of its folders.

        A host is named by its address only if that is where no name leads: see
        :class:`~airssys_tui.core.pattern.hosts.AddressClass`.
        """
        subject = self.subject
        if self.kind is Kind.NETWORK:
            special = self.address and subject != LOCALHOST and address_class(self.address) is not AddressClass.PUBLIC
            subject = self.address if special else subject
            subject = f"[{subject}]" if ":" in subject else subject
        elif self.kind is Kind.FILESYSTEM:
            subject = _path_pattern(subject, MAX_PATH_PATTERN)
        elif self.kind is Kind.PROCESS:
            name = next((name for name in self.names if not any(map(str.isspace, name))), "")
            subject = escaped(name) if name else _program_pattern(subject)
        return Permission(self.kind, self.action, subject, self.port or None)


def _program_pattern(program: str) -> str:
    """Return a pattern of a program's path, or of a name that the search path does not find."""
    if "/" in program:
        return _path_pattern(program, MAX_NAME_PATTERN)
    name = escaped(program[:_LONGEST_NAME]) + ("*" if len(program) > _LONGEST_NAME else "")
    return "".join("?" if char.isspace() else char for char in name)


def _path_pattern(path: str, most: int) -> str:
    pattern = escaped(path)
    if len(pattern.encode()) <= most:
        return pattern
    folder = path
    while len(pattern.encode()) > most:
        folder = folder.rpartition("/")[0]
        pattern = f"{escaped(folder)}/**"
    return pattern


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
