"""``airssys:ext-filesystem/metadata``: what a component may know of paths without reading files."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Field, Record
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostInterface
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.filesystem_values import (
    FILE_KIND,
    OPTIONAL_TIMESTAMP,
    file_function,
    nanoseconds_of,
    timestamp_value,
)
from airssys_tui.host.types import BOOL, OPTIONAL_STRING, STRING, U64

FILE_STAT: Final = Record(
    (
        Field("kind", FILE_KIND),
        Field("size", U64),
        Field("modified-at", OPTIONAL_TIMESTAMP),
        Field("created-at", OPTIONAL_TIMESTAMP),
        Field("writable", BOOL),
    )
)


def _stat(filesystem: Filesystem, context: HostContext, path: str, follow: bool) -> dict[str, Any]:
    facts = filesystem.metadata.stat(context, path, follow=follow)
    return {
        "kind": facts.kind.value,
        "size": facts.size,
        "modified-at": timestamp_value(facts.modified_ns),
        "created-at": timestamp_value(facts.created_ns),
        "writable": facts.writable,
    }


def _exists(filesystem: Filesystem, context: HostContext, path: str) -> bool:
    return filesystem.metadata.exists(context, path)


def _set_times(
    filesystem: Filesystem, context: HostContext, path: str, modified_at: Some | None, accessed_at: Some | None
) -> None:
    filesystem.metadata.set_times(context, path, nanoseconds_of(modified_at), nanoseconds_of(accessed_at))


def _canonical_path(filesystem: Filesystem, context: HostContext, path: str) -> str:
    return filesystem.metadata.canonical_path(context, path)


def _read_link(filesystem: Filesystem, context: HostContext, path: str) -> Some | None:
    target = filesystem.metadata.read_link(context, path)
    return None if target is None else Some(target)


INTERFACE: Final = HostInterface(
    "airssys:ext-filesystem/metadata@1.0.0",
    (
        file_function("stat", _stat, FILE_STAT, path=STRING, follow=BOOL),
        file_function("exists", _exists, BOOL, path=STRING),
        file_function(
            "set-times",
            _set_times,
            None,
            path=STRING,
            modified_at=OPTIONAL_TIMESTAMP,
            accessed_at=OPTIONAL_TIMESTAMP,
        ),
        file_function("canonical-path", _canonical_path, STRING, path=STRING),
        file_function("read-link", _read_link, OPTIONAL_STRING, path=STRING),
    ),
)
