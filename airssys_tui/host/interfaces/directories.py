"""``airssys:ext-filesystem/directories``: a component looks into directories, makes them and takes them away."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Field, ListOf, Record
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostInterface
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.filesystem_values import FILE_KIND, file_function
from airssys_tui.host.types import BOOL, OPTIONAL_STRING, STRING, U32

DIRECTORY_ENTRY: Final = Record((Field("name", STRING), Field("kind", FILE_KIND)))
DIRECTORY_PAGE: Final = Record(
    (Field("entries", ListOf(DIRECTORY_ENTRY)), Field("next", OPTIONAL_STRING), Field("skipped", U32))
)


def _list_entries(
    filesystem: Filesystem, context: HostContext, path: str, cursor: Some | None, limit: int
) -> dict[str, Any]:
    page = filesystem.directories.list(context, path, None if cursor is None else cursor.value, limit)
    return {
        "entries": [{"name": name, "kind": kind.value} for name, kind in page.entries],
        "next": None if page.next is None else Some(page.next),
        "skipped": page.skipped,
    }


def _create(filesystem: Filesystem, context: HostContext, path: str, parents: bool) -> None:
    filesystem.directories.create(context, path, parents=parents)


def _remove(filesystem: Filesystem, context: HostContext, path: str) -> None:
    filesystem.directories.remove(context, path)


def _remove_all(filesystem: Filesystem, context: HostContext, path: str) -> int:
    return filesystem.directories.remove_all(context, path)


INTERFACE: Final = HostInterface(
    "airssys:ext-filesystem/directories@1.0.0",
    (
        file_function("list-entries", _list_entries, DIRECTORY_PAGE, path=STRING, cursor=OPTIONAL_STRING, limit=U32),
        file_function("create", _create, None, path=STRING, parents=BOOL),
        file_function("remove", _remove, None, path=STRING),
        file_function("remove-all", _remove_all, U32, path=STRING),
    ),
)
