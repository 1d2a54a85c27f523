"""``airssys:ext-filesystem/files``: a component reads and writes files of the machine."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import BYTES, Borrow, EnumOf, FlagsOf, Own, Primitive
from airssys_tui.engine.host import HostContext, HostInterface, HostResource
from airssys_tui.host.doors.filesystem.file_door import Opening
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.doors.filesystem.open_file import OpenFile, Whence
from airssys_tui.host.filesystem_values import file_function
from airssys_tui.host.types import STRING, U32, U64

OPEN_OPTIONS: Final = FlagsOf(("read", "write", "append", "create", "exclusive", "truncate"))
SEEK_FROM: Final = EnumOf(tuple(whence.value for whence in Whence))
S64: Final = Primitive("s64")
FILE_BYTES: Final = 2_048
"""Bytes of memory that an open file is counted with: the host's, the engine's and the system's part."""

_SELF: Final = Borrow("file")


def _open(filesystem: Filesystem, context: HostContext, path: str, options: frozenset[str]) -> OpenFile:
    return filesystem.files.open(context, path, Opening(**dict.fromkeys(options, True)))


def _read(_filesystem: Filesystem, context: HostContext, file: OpenFile, size: int) -> bytes:
    return file.read(context, size)


def _write(_filesystem: Filesystem, context: HostContext, file: OpenFile, data: bytes) -> int:
    return file.write(context, data)


def _seek(_filesystem: Filesystem, context: HostContext, file: OpenFile, offset: int, whence: str) -> int:
    return file.seek(context, offset, Whence(whence))


def _flush(_filesystem: Filesystem, context: HostContext, file: OpenFile) -> None:
    file.flush(context)


def _size(_filesystem: Filesystem, context: HostContext, file: OpenFile) -> int:
    return file.size(context)


def _read_all(filesystem: Filesystem, context: HostContext, path: str) -> bytes:
    return filesystem.files.read_all(context, path)


def _write_all(filesystem: Filesystem, context: HostContext, path: str, data: bytes) -> None:
    filesystem.files.write_all(context, path, data)


def _delete(filesystem: Filesystem, context: HostContext, path: str) -> None:
    filesystem.files.delete(context, path)


def _copy(filesystem: Filesystem, context: HostContext, source: str, target: str) -> int:
    return filesystem.files.copy(context, source, target)


def _rename(filesystem: Filesystem, context: HostContext, source: str, target: str) -> None:
    filesystem.files.rename(context, source, target)


def _drop(_context: Any, file: OpenFile) -> None:
    file.close()


INTERFACE: Final = HostInterface(
    "airssys:ext-filesystem/files@1.0.0",
    (
        file_function("[static]file.open", _open, Own("file"), path=STRING, options=OPEN_OPTIONS),
        file_function("[method]file.read", _read, BYTES, self=_SELF, len=U32),
        file_function("[method]file.write", _write, U32, self=_SELF, data=BYTES),
        file_function("[method]file.seek", _seek, U64, self=_SELF, offset=S64, whence=SEEK_FROM),
        file_function("[method]file.flush", _flush, None, self=_SELF),
        file_function("[method]file.size", _size, U64, self=_SELF),
        file_function("read-all", _read_all, BYTES, path=STRING),
        file_function("write-all", _write_all, None, path=STRING, data=BYTES),
        file_function("delete", _delete, None, path=STRING),
        file_function("copy", _copy, U64, source=STRING, target=STRING),
        file_function("rename", _rename, None, source=STRING, target=STRING),
    ),
    (HostResource("file", _drop, FILE_BYTES),),
)
