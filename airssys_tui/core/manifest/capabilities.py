"""The capabilities that a component declares, as typed values; the guard decides whether they are granted.

Text forms: ``filesystem`` ``read|write|delete|list:<path glob>``, ``network`` ``connect|listen:<host>:<port>``,
``process`` ``spawn|signal:<command glob>``, ``messaging`` ``send|request:<component glob>`` and
``publish|subscribe:<topic>``, ``environment`` names. ``str`` of a value returns its text form.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

ANY_PORT: Final = "*"
MAX_PORT: Final = 65_535

_SEGMENT_CHARS: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:\*\.)?{_SEGMENT_CHARS}(?:\.{_SEGMENT_CHARS})*\Z|\[[0-9A-Fa-f:.]+\]\Z")
_COMPONENT_GLOB: Final = re.compile(r"[a-z0-9*?\[\]{},!-]+(?:/[a-z0-9*?\[\]{},!-]+)?\Z")
_TOPIC_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+\Z|\*\Z|#\Z")
_ENVIRONMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


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
    """Actions on messages; ``send`` and ``request`` name components, the others topics."""

    SEND = "send"
    REQUEST = "request"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


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
    action, glob = _split(text, FilesystemAction, "<path glob>")
    if not glob.startswith("/"):
        raise ValueError(f"the path of {text!r} must be absolute, such as read:/data/**")
    if ".." in glob.split("/") or "\0" in glob:
        raise ValueError(f"the path of {text!r} must not contain '..'")
    return FilesystemCapability(action, glob)


def parse_network(text: str) -> NetworkCapability:
    """Read ``connect:api.example.com:443``."""
    action, target = _split(text, NetworkAction, "<host>:<port>")
    host, colon, port = target.rpartition(":")
    if not colon or not _HOST.match(host):
        raise ValueError(
            f"{text!r} names no host; write it as {action}:api.example.com:443 or {action}:*.example.com:*"
        )
    if port == ANY_PORT:
        return NetworkCapability(action, host.lower(), None)
    if not (port.isascii() and port.isdecimal() and len(port) <= len(str(MAX_PORT)) and 1 <= int(port) <= MAX_PORT):
        raise ValueError(f"the port of {text!r} must be 1 to {MAX_PORT} or {ANY_PORT}")
    return NetworkCapability(action, host.lower(), int(port))


def parse_process(text: str) -> ProcessCapability:
    """Read ``spawn:git``."""
    return ProcessCapability(*_split(text, ProcessAction, "<command glob>"))


def parse_messaging(text: str) -> MessagingCapability:
    """Read ``send:*`` or ``subscribe:events.*``."""
    action, target = _split(text, MessagingAction, "<component glob or topic>")
    if action in {MessagingAction.SEND, MessagingAction.REQUEST}:
        if not _COMPONENT_GLOB.match(target):
            raise ValueError(f"{text!r} names no component; write it as {action}:counter or {action}:*")
    else:
        segments = target.split(".")
        if not all(map(_TOPIC_SEGMENT.match, segments)) or "#" in segments[:-1]:
            raise ValueError(
                f"{text!r} names no topic; use words separated by dots, * for one word, # at the end for the rest"
            )
    return MessagingCapability(action, target)


def parse_environment(text: str) -> str:
    """Read ``HOME``."""
    if not _ENVIRONMENT.match(text):
        raise ValueError(f"{text!r} is not the name of an environment variable")
    return text


def _split(text: str, actions: type[ActionT], target_form: str) -> tuple[ActionT, str]:
    word, colon, target = text.partition(":")
    known = {action.value: action for action in actions}
    if not colon or word not in known or not target.strip():
        raise ValueError(f"expected {'|'.join(known)}:{target_form}, got {text!r}")
    return known[word], target
