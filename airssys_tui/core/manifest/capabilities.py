"""The capabilities that a component declares, as typed values; the guard decides whether they are granted.

Text forms: ``filesystem`` ``read|write|delete|list:<path glob>``, ``network`` ``connect|listen:<host>:<port>``,
``process`` ``spawn|signal:<command glob>``, ``messaging`` ``send|request|link:<component glob>`` and
``publish|subscribe:<topic>``, ``environment`` names. ``str`` of a value returns its text form.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

import msgspec

ANY_PORT: Final = "*"
MAX_PORT: Final = 65_535

MAX_PERMISSIONS: Final = 256
"""Permissions that a manifest may declare."""

MAX_PATTERN_BYTES: Final = 32 * 1024
"""Bytes of all patterns of a manifest together."""


class FilesystemAction(StrEnum):
    """Actions on files."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    LIST = "list"


class NetworkAction(StrEnum):
    """Actions on the network."""

    CONNECT = "connect"
    LISTEN = "listen"


class ProcessAction(StrEnum):
    """Actions on other programs."""

    SPAWN = "spawn"
    SIGNAL = "signal"


class MessagingAction(StrEnum):
    """Actions on messages; ``send``, ``request`` and ``link`` name components, the others topics."""

    SEND = "send"
    REQUEST = "request"
    LINK = "link"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


TO_COMPONENTS: Final = frozenset({MessagingAction.SEND, MessagingAction.REQUEST, MessagingAction.LINK})
"""Actions on messages that name components."""


class StorageAccess(StrEnum):
    """Access to the component's own key-value storage."""

    READ = "read"
    READ_WRITE = "read-write"


class FilesystemCapability(msgspec.Struct, frozen=True):
    """Files that match an absolute path glob."""

    action: FilesystemAction
    glob: str

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.action}:{self.glob}"


class NetworkCapability(msgspec.Struct, frozen=True):
    """A host (or ``*.domain``) and a port; None means any port."""

    action: NetworkAction
    host: str
    port: int | None

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.action}:{self.host}:{ANY_PORT if self.port is None else self.port}"


class ProcessCapability(msgspec.Struct, frozen=True):
    """Programs that match a command glob."""

    action: ProcessAction
    command: str

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.action}:{self.command}"


class MessagingCapability(msgspec.Struct, frozen=True):
    """Components that match a glob, or a topic pattern."""

    action: MessagingAction
    target: str

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.action}:{self.target}"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """All capabilities that a component declares; none by default. Tuples are sorted and free of duplicates."""

    filesystem: tuple[FilesystemCapability, ...] = ()
    network: tuple[NetworkCapability, ...] = ()
    storage: StorageAccess | None = None
    messaging: tuple[MessagingCapability, ...] = ()
    process: tuple[ProcessCapability, ...] = ()
    environment: tuple[str, ...] = ()
    rationale: str = ""


ActionT = TypeVar("ActionT", bound=StrEnum)


def parse_filesystem(text: str) -> FilesystemCapability:
    """Read ``read:/data/**``.

    Raises:
        ValueError: With what was expected; the same holds for the other readers of this module.
    """
    from airssys_tui.core.pattern.glob import check_path_glob  # noqa: PLC0415 - late: a list reads no patterns

    action, pattern = _split(text, FilesystemAction, "<path glob>")
    check_path_glob(pattern)
    return FilesystemCapability(action, pattern)


def parse_network(text: str) -> NetworkCapability:
    """Read ``connect:api.example.com:443``."""
    from airssys_tui.core.pattern.hosts import host_pattern_of  # noqa: PLC0415 - late: a list reads no patterns

    action, target = _split(text, NetworkAction, "<host>:<port>")
    host, colon, port = target.rpartition(":")
    if not colon or not host or (":" in host and not host.startswith("[")):
        raise ValueError(
            f"{text!r} names no host; write it as {action}:api.example.com:443 or {action}:*.example.com:*"
        )
    host = host_pattern_of(host)
    if port == ANY_PORT:
        return NetworkCapability(action, host, None)
    if not (port.isascii() and port.isdecimal() and len(port) <= len(str(MAX_PORT)) and 1 <= int(port) <= MAX_PORT):
        raise ValueError(f"the port of {text!r} must be 1 to {MAX_PORT} or {ANY_PORT}")
    return NetworkCapability(action, host, int(port))


def parse_process(text: str) -> ProcessCapability:
    """Read ``spawn:git``."""
    from airssys_tui.core.pattern.name_glob import check_command_glob  # noqa: PLC0415 - late: a list reads no patterns

    action, pattern = _split(text, ProcessAction, "<command glob>")
    check_command_glob(pattern)
    return ProcessCapability(action, pattern)


def parse_messaging(text: str) -> MessagingCapability:
    """Read ``send:*`` or ``subscribe:events.*``."""
    from airssys_tui.core.pattern.name_glob import (  # noqa: PLC0415 - late: a list reads no patterns
        check_component_glob,
        check_topic,
    )

    action, target = _split(text, MessagingAction, "<component glob or topic>")
    if action in TO_COMPONENTS:
        check_component_glob(target)
    else:
        check_topic(target)
    return MessagingCapability(action, target)


def parse_environment(text: str) -> str:
    """Read ``HOME``."""
    from airssys_tui.core.pattern.name_glob import check_variable  # noqa: PLC0415 - late: a list reads no patterns

    check_variable(text)
    return text


def _split(text: str, actions: type[ActionT], target_form: str) -> tuple[ActionT, str]:
    word, colon, target = text.partition(":")
    known = {action.value: action for action in actions}
    if not colon or word not in known or not target.strip():
        raise ValueError(f"expected {'|'.join(known)}:{target_form}, got {text!r}")
    return known[word], target
